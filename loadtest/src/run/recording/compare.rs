//! A recording against what its telephone sent and heard, sample by sample. Pure.
//!
//! Caller audio stands where its timestamp says. The agent's stands where the telephone played it; the worker knows that
//! only from marks, so an utterance may be shifted a little as a whole: it is found again by its own sound, and the shift
//! is a figure of its own. Where sound was cut, what the recording has too much or too little of it is told apart from
//! samples that differ.

use std::collections::HashMap;

use crate::{
    phone::{CallTruth, Clip, HeardSpan, StreamTruth},
    watermark::{self, FRAME_BYTES, SILENCE},
};

/// Time one sample lasts.
const SAMPLE_NANOS: u64 = 125_000;
/// How far from its place an utterance is looked for: farther, and it counts as missing.
const WINDOW: usize = 4_000;
/// Samples that must agree for a place to be recognised: with real speech no other place has them.
const ANCHOR: usize = 64;
/// Samples that are looked at one by one after a place that differs; then one in so many.
const STEP: usize = 80;

/// Sounds by the fingerprints of their frames: what a telephone sends is known by them alone.
pub(super) struct Sounds(HashMap<u64, Vec<u8>>);

impl Sounds {
    /// All that callers of these clips may send; the silence between them too.
    pub(super) fn of<'a>(clips: impl IntoIterator<Item = &'a Clip>) -> Self {
        let mut sounds: HashMap<u64, Vec<u8>> = clips.into_iter().flat_map(Clip::played).collect();
        sounds.extend(Clip::new("silence", &[SILENCE]).played());
        Self(sounds)
    }

    fn frame(&self, call: u64, print: u64) -> Option<Vec<u8>> {
        let marked = || {
            let clip = Clip::new("watermark", &watermark::frame(call));
            clip.played().find(|(marked, _)| *marked == print).map(|(_, sound)| sound)
        };
        self.0.get(&print).cloned().or_else(marked)
    }
}

/// What the comparison of one call found; samples are of 8,000 a second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Compared {
    /// Compared, both channels together.
    pub(super) samples: usize,
    /// Of the caller's channel, that differ.
    pub(super) caller_differ: usize,
    /// Of the agent's channel, that differ; what was cut is not among them.
    pub(super) agent_differ: usize,
    /// Stretches of the agent's voice.
    pub(super) utterances: usize,
    /// The largest shift of one, in samples.
    pub(super) shift: usize,
    /// The most a cut was missed by, in samples.
    pub(super) cut: usize,
    /// How far the recording's end is from the stream's, in samples.
    pub(super) end: usize,
    /// Frames the telephone lost.
    pub(super) holes: usize,
}

/// Compares one call of one stream; what cannot be compared at all is said in words.
pub(super) fn compare(call: &CallTruth, channels: &[Vec<u8>], sounds: &Sounds) -> Result<Compared, String> {
    let [stream] = call.streams.as_slice() else { return Err(format!("has {} streams", call.streams.len())) };
    let [caller, agent] = channels else { return Err(format!("has {} channels", channels.len())) };
    let mut found = Compared::default();
    let sent = sent(call.number, stream, sounds, &mut found)?;
    found.samples = caller.len() + agent.len();
    found.end = caller.len().abs_diff(sent.len());
    found.caller_differ = differ(&sent, caller);
    let heard = call.heard.as_deref().ok_or("nobody kept what was heard")?;
    let clock_ns = stream.clock_ns.ok_or("the stream never began")?;
    let places: Vec<(usize, &[u8])> = stream
        .heard
        .iter()
        .filter_map(|span| place(span, clock_ns, heard))
        .filter(|(_, sound)| !sound.is_empty())
        .collect();
    found.agent(&places, agent);
    Ok(found)
}

/// What the telephone sent, where its timestamps say; silence in its holes.
fn sent(number: u64, stream: &StreamTruth, sounds: &Sounds, found: &mut Compared) -> Result<Vec<u8>, String> {
    let frames = stream.sent.last().map_or(0, |frame| frame.index as usize + 1);
    found.holes = frames - stream.sent.len();
    let mut channel = vec![SILENCE; frames * FRAME_BYTES];
    for frame in &stream.sent {
        let sound = sounds.frame(number, frame.fingerprint).ok_or("the caller said something unknown")?;
        let at = frame.index as usize * FRAME_BYTES;
        channel[at..at + FRAME_BYTES].copy_from_slice(&sound);
    }
    Ok(channel)
}

/// Samples of the common length that differ.
fn differ(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).filter(|(one, other)| one != other).count()
}

/// Where in the recording a stretch of the agent's voice belongs, and its sound.
///
/// The media clock's present is where caller audio would stand that comes now: the frame that is due at the clock's
/// beginning ends one frame later.
fn place<'a>(span: &HeardSpan, clock_ns: u64, heard: &'a [u8]) -> Option<(usize, &'a [u8])> {
    let from = usize::try_from(span.from_ns / SAMPLE_NANOS).ok()?;
    let sound = heard.get(from..(from + usize::try_from(span.bytes).ok()?).min(heard.len()))?;
    let at = span.from_ns.saturating_sub(clock_ns) / SAMPLE_NANOS;
    Some((usize::try_from(at).ok()? + FRAME_BYTES, sound))
}

impl Compared {
    /// Every stretch of the agent's voice in its channel, and what else is in there.
    fn agent(&mut self, places: &[(usize, &[u8])], agent: &[u8]) {
        let mut covered = vec![false; agent.len()];
        for (at, sound) in places {
            self.utterance(*at, sound, agent, &mut covered);
        }
        self.agent_differ += strays(agent, &covered, places, &mut self.cut);
    }

    /// Finds one stretch in the recording, piece by piece, each from where it is recognised to where it differs.
    fn utterance(&mut self, at: usize, sound: &[u8], agent: &[u8], covered: &mut [bool]) {
        self.utterances += 1;
        let end = sound.iter().rposition(|byte| *byte != SILENCE).map_or(0, |last| last + 1);
        let (mut from, mut shift, mut lost) = (0, 0_i64, 0);
        while from < end {
            let Some(next) = recognise(at, from, sound, agent, shift) else {
                // What follows is not there, or too little to be recognised: the end was cut, unless it goes on.
                let further = (from + if lost < STEP { 1 } else { STEP }).min(end);
                if end - from <= WINDOW && !goes_on(at, further, end, sound, agent, shift) {
                    self.cut = self.cut.max(end - from);
                    return;
                }
                self.agent_differ += further - from;
                (lost, from) = (lost + further - from, further);
                continue;
            };
            lost = 0;
            shift = next;
            self.shift = self.shift.max(usize::try_from(shift.unsigned_abs()).unwrap_or(usize::MAX));
            let begin = (at + from).checked_add_signed(shift as isize).unwrap_or(usize::MAX);
            let same = sound[from..].iter().zip(&agent[begin..]).take_while(|(one, other)| one == other).count();
            covered[begin..begin + same].fill(true);
            from += same;
        }
    }
}

/// Whether a later part of the stretch can be recognised again.
fn goes_on(at: usize, from: usize, end: usize, sound: &[u8], agent: &[u8], shift: i64) -> bool {
    (from..end).step_by(STEP).any(|from| recognise(at, from, sound, agent, shift).is_some())
}

/// How far the sound from here on is shifted in the recording: as before, or by as little as can be.
fn recognise(at: usize, from: usize, sound: &[u8], agent: &[u8], before: i64) -> Option<i64> {
    // Silence is everywhere: what is recognised reaches to where there is sound enough.
    let telling = |to: &usize| sound[*to - ANCHOR..*to].iter().filter(|byte| **byte != SILENCE).count() >= ANCHOR / 4;
    let found = (from + ANCHOR..=sound.len().min(from + WINDOW)).find(telling);
    let piece = &sound[from..found.unwrap_or((from + ANCHOR).min(sound.len()))];
    let there = |shift: i64| {
        let begin = (at + from).checked_add_signed(isize::try_from(shift).ok()?)?;
        (agent.get(begin..begin + piece.len())? == piece).then_some(shift)
    };
    let elsewhere = || (1..=WINDOW as i64).find_map(|by| there(before + by).or_else(|| there(before - by)));
    there(before).or_else(|| found.and_then(|_| elsewhere()))
}

/// Sound in the agent's channel that is no part of what was heard there. Right after a stretch it is the rest of one that
/// was cut too late; anywhere else it differs.
fn strays(agent: &[u8], covered: &[bool], places: &[(usize, &[u8])], cut: &mut usize) -> usize {
    let mut stray = 0;
    let mut at = 0;
    while at < agent.len() {
        if covered[at] || agent[at] == SILENCE {
            at += 1;
            continue;
        }
        let run = (at..agent.len()).take_while(|at| !covered[*at]).filter(|at| agent[*at] != SILENCE);
        let last = run.take_while(|next| *next < at + WINDOW).last().unwrap_or(at);
        let ends_here = places.iter().any(|(place, sound)| (place + sound.len()).abs_diff(at) < WINDOW);
        let (length, sounds) = (last + 1 - at, agent[at..=last].iter().filter(|byte| **byte != SILENCE).count());
        if ends_here {
            *cut = (*cut).max(length);
        } else {
            stray += sounds;
        }
        at = last + 1;
    }
    stray
}

#[cfg(test)]
mod tests;
