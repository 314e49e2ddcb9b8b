//! The recordings the network makes: two channels, the person's own voice and what that person hears.
//!
//! `rest/recordings.rs` starts, pauses and stops them; the media streams hand over every piece with its moment
//! (`phone/media.rs`, `phone/player.rs`) as long as anything is recorded. What lies between two pieces is silence.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tokio::time::Instant;

use super::{Method, Network, rfc_2822};
use crate::phone::wav;
use crate::watermark::SILENCE;

/// Time one byte of mu-law takes.
const BYTE_NANOS: u128 = 125_000;

/// One side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// What the person on the telephone says: the first of two channels.
    Person,
    /// What the person hears of the application: the second.
    Application,
}

/// What a pause leaves behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Silence as long as it lasted.
    #[default]
    Silence,
    /// Nothing.
    Skip,
}

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Its SID, `RE…`.
    pub sid: String,
    /// Of which call.
    pub call_sid: String,
    /// `in-progress`, `paused`, `completed`, `absent`, `deleted`.
    pub status: &'static str,
    /// 1 or 2.
    pub channels: u8,
    /// When it began.
    pub began: Timestamp,
    /// How long it is, once it is complete.
    pub lasted: Option<Duration>,
    /// What the person said and what the person heard, as mu-law of the same length once it is complete.
    pub audio: [Vec<u8>; 2],
}

impl Recording {
    /// The sound as a WAV file of PCM 16.
    #[must_use]
    pub fn wav(&self, channels: u8) -> Vec<u8> {
        let [person, application] = &self.audio;
        match channels {
            2 => wav::encode_channels(&[person, application]),
            _ => wav::encode(&wav::mix(person, application)),
        }
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.status, "in-progress" | "paused")
    }
}

/// Who is told what of a recording.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) url: Option<String>,
    pub(super) method: Method,
    /// Empty for the usual one, `completed`.
    pub(super) events: Vec<String>,
}

#[derive(Debug)]
struct Take {
    recording: Recording,
    told: Told,
    /// Where its first byte belongs; moved on by pauses that leave nothing.
    from: Instant,
    paused: Option<(Instant, Pause)>,
}

/// All recordings of an account.
#[derive(Debug, Default)]
pub(super) struct Recordings {
    /// Recordings under way: while there is none, audio is not even looked at.
    live: AtomicUsize,
    takes: Mutex<BTreeMap<String, Take>>,
}

/// Why a recording does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSuchRecording;

impl Recordings {
    pub(super) fn start(&self, recording: Recording, told: Told) {
        self.live.fetch_add(1, Ordering::Relaxed);
        let take = Take { told, from: Instant::now(), paused: None, recording };
        self.lock().insert(take.recording.sid.clone(), take);
    }

    pub(super) fn pause(&self, call: &str, which: &str, how: Pause) -> Result<Recording, NoSuchRecording> {
        self.change(call, which, |take| {
            if take.paused.is_none() {
                take.paused = Some((Instant::now(), how));
                take.recording.status = "paused";
            }
        })
    }

    pub(super) fn resume(&self, call: &str, which: &str) -> Result<Recording, NoSuchRecording> {
        self.change(call, which, Take::resume)
    }

    /// Ends one; whoever is to be told comes with it.
    pub(super) fn stop(&self, call: &str, which: &str) -> Result<(Recording, Told), NoSuchRecording> {
        let recording = self.change(call, which, Take::finish)?;
        self.live.fetch_sub(1, Ordering::Relaxed);
        let told = self.lock().get(&recording.sid).map(|take| take.told.clone()).unwrap_or_default();
        Ok((recording, told))
    }

    /// A recording of a call that is under way: by its SID, or the newest for `Twilio.CURRENT`.
    fn change(&self, call: &str, which: &str, how: impl FnOnce(&mut Take)) -> Result<Recording, NoSuchRecording> {
        let mut takes = self.lock();
        let mut live = takes.values_mut().rev().filter(|take| take.recording.call_sid == call);
        let fits =
            |take: &&mut Take| take.recording.is_live() && (which == "Twilio.CURRENT" || take.recording.sid == which);
        let take = live.find(fits).ok_or(NoSuchRecording)?;
        how(take);
        Ok(take.recording.clone())
    }

    /// A piece of a call's sound, and the moment of its first byte.
    pub(super) fn hear(&self, call: &str, channel: Channel, at: Instant, mulaw: &[u8]) {
        if self.live.load(Ordering::Relaxed) == 0 {
            return;
        }
        for take in self.lock().values_mut() {
            if take.recording.call_sid == call && take.recording.is_live() && take.paused.is_none() {
                take.write(channel, at, mulaw);
            }
        }
    }

    pub(super) fn find(&self, sid: &str) -> Option<Recording> {
        self.lock().get(sid).map(|take| take.recording.clone())
    }

    pub(super) fn all(&self) -> Vec<Recording> {
        self.lock().values().map(|take| take.recording.clone()).collect()
    }

    /// Forgets the sound; what is known of the recording stays.
    pub(super) fn delete(&self, sid: &str) -> Result<(), NoSuchRecording> {
        let mut takes = self.lock();
        let take = takes.get_mut(sid).filter(|take| take.recording.status != "deleted").ok_or(NoSuchRecording)?;
        if take.recording.is_live() {
            self.live.fetch_sub(1, Ordering::Relaxed);
        }
        take.recording.status = "deleted";
        take.recording.audio = Default::default();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Take>> {
        self.takes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Take {
    fn resume(&mut self) {
        if let Some((at, how)) = self.paused.take()
            && how == Pause::Skip
        {
            self.from += at.elapsed();
        }
        self.recording.status = "in-progress";
    }

    fn write(&mut self, channel: Channel, at: Instant, mulaw: &[u8]) {
        // What was said before the recording began does not belong to it.
        let Some(since) = at.checked_duration_since(self.from) else { return };
        let tape = &mut self.recording.audio[channel as usize];
        let place = bytes(since);
        if tape.len() < place {
            tape.resize(place, SILENCE);
        }
        tape.extend_from_slice(mulaw);
    }

    fn finish(&mut self) {
        self.resume();
        let length = bytes(self.from.elapsed());
        for tape in &mut self.recording.audio {
            tape.resize(length, SILENCE);
        }
        self.recording.status = if length == 0 { "absent" } else { "completed" };
        self.recording.lasted = Some(Duration::from_micros(length as u64 * 125));
    }
}

fn bytes(lasting: Duration) -> usize {
    usize::try_from(lasting.as_nanos() / BYTE_NANOS).unwrap_or(usize::MAX)
}

impl Network {
    /// A piece of a call's sound, for whatever records the call.
    pub(crate) fn record(&self, call: &str, channel: Channel, at: Instant, mulaw: &[u8]) {
        self.0.recordings.hear(call, channel, at, mulaw);
    }

    /// A frame of the person on the telephone, as it goes onto the wire.
    pub(crate) fn record_frame(&self, call: &str, at: Instant, base64: &str) {
        if self.0.recordings.live.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mulaw = STANDARD.decode(base64).expect("a clip's own spelling");
        self.record(call, Channel::Person, at, &mulaw);
    }

    /// The call is over, and with it all that records it.
    pub(crate) fn stop_recording(&self, call: &str) {
        while let Ok((recording, told)) = self.0.recordings.stop(call, "Twilio.CURRENT") {
            self.tell_recording(&recording, &told);
        }
    }

    /// Tells where a recording stands, if anybody wants to know that.
    pub(super) fn tell_recording(&self, recording: &Recording, told: &Told) {
        let usual = told.events.is_empty() && matches!(recording.status, "completed" | "absent");
        let Some(url) = told.url.clone() else { return };
        if !usual && !told.events.iter().any(|event| event == recording.status) {
            return;
        }
        let account = self.account_sid();
        let base = format!("{}/2010-04-01/Accounts/{account}/Recordings/{}", self.api_base_url(), recording.sid);
        let seconds = recording.lasted.map_or(0, seconds);
        let params = [
            ("AccountSid", account.to_owned()),
            ("CallSid", recording.call_sid.clone()),
            ("RecordingSid", recording.sid.clone()),
            ("RecordingUrl", base),
            ("RecordingStatus", recording.status.to_owned()),
            ("RecordingDuration", seconds.to_string()),
            ("RecordingChannels", recording.channels.to_string()),
            ("RecordingStartTime", rfc_2822(recording.began)),
            ("RecordingSource", "StartCallRecordingAPI".to_owned()),
            ("RecordingTrack", "both".to_owned()),
        ];
        let params = params.map(|(name, value)| (name.to_owned(), value)).to_vec();
        self.tell_soon(url, told.method, params);
    }
}

/// A length as the API spells it: every second begun counts.
pub(super) fn seconds(lasted: Duration) -> u128 {
    lasted.as_millis().div_ceil(1000)
}
