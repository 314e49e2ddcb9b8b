//! What a recording run found, in the shape of its JSON, and as a table.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::Serialize;

use super::{
    Cost, RecordingArgs, channels,
    compare::{Sounds, compare},
};
use crate::phone::CallTruth;

/// Samples in a millisecond.
const A_MS: f64 = 8.0;
/// Farthest a recording's end may be from its stream's, in milliseconds: the last frames are under way when it closes.
const END_MS: f64 = 100.0;

/// Everything a recording run found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RecordingFigures {
    /// Calls that were recorded.
    pub calls: usize,
    /// Of these, compared with their telephones.
    pub compared: usize,
    /// Samples compared, both channels.
    pub samples: usize,
    /// Samples that differ in the callers' channels.
    pub caller_differ: usize,
    /// Samples that differ in the agents' channels.
    pub agent_differ: usize,
    /// Stretches of agents' voices.
    pub utterances: usize,
    /// Frames the telephones lost.
    pub frames_lost: usize,
    /// Replies that were cut because the caller spoke.
    pub cuts: usize,
    /// The largest shift of an utterance.
    pub shift_ms: f64,
    /// The most a cut was missed by.
    pub cut_ms: f64,
    /// The farthest a recording's end was from its stream's.
    pub end_ms: f64,
    /// CPU of all workers for each minute of a call, seconds: without recording.
    pub without_cpu_s_per_call_minute: f64,
    /// The same with recording.
    pub with_cpu_s_per_call_minute: f64,
    /// The second over the first.
    pub ratio: f64,
    /// Processors of this machine, shared by everything.
    pub processors: usize,
    /// What does not hold.
    pub broken: Vec<String>,
}

impl RecordingFigures {
    pub(super) fn new(args: &RecordingArgs, [without, with]: [Cost; 2]) -> Self {
        let each = |cost: Cost| cost.cpu_s / cost.minutes.max(f64::MIN_POSITIVE);
        Self {
            calls: args.calls.div_ceil(2) * 2,
            without_cpu_s_per_call_minute: each(without),
            with_cpu_s_per_call_minute: each(with),
            ratio: each(with) / each(without).max(f64::MIN_POSITIVE),
            processors: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            ..Self::default()
        }
    }

    /// Compares one call with its recording.
    pub(super) fn add(&mut self, call: &CallTruth, files: &BTreeMap<String, Vec<PathBuf>>, sounds: &Sounds) {
        let found = match files.get(&call.call_sid).map(Vec::as_slice) {
            Some([file]) => channels(file).map_err(|error| format!("{error:#}")),
            Some([]) | None => Err("has no recording".to_owned()),
            Some(several) => Err(format!("has {} recordings", several.len())),
        };
        let compared = match found.and_then(|channels| compare(call, &channels, sounds)) {
            Ok(compared) => compared,
            Err(why) => return self.broken.push(format!("call {} {why}", call.number)),
        };
        self.compared += 1;
        self.samples += compared.samples;
        self.caller_differ += compared.caller_differ;
        self.agent_differ += compared.agent_differ;
        self.utterances += compared.utterances;
        self.frames_lost += compared.holes;
        self.cuts +=
            call.streams.iter().flat_map(|stream| &stream.clears).filter(|clear| clear.dropped_bytes > 0).count();
        self.shift_ms = self.shift_ms.max(compared.shift as f64 / A_MS);
        self.cut_ms = self.cut_ms.max(compared.cut as f64 / A_MS);
        self.end_ms = self.end_ms.max(compared.end as f64 / A_MS);
        if compared.caller_differ + compared.agent_differ > 0 {
            tracing::warn!(call = call.number, sid = call.call_sid, ?compared, "a recording differs");
        }
    }

    /// Holds the sums against what was given on the command line.
    pub(super) fn judge(&mut self, args: &RecordingArgs) {
        let ms = |limit: std::time::Duration| limit.as_secs_f64() * 1_000.0;
        let differ = (self.caller_differ + self.agent_differ) as f64;
        for (name, is, most) in [
            ("samples that differ", differ, args.max_differ as f64),
            ("the largest shift of an utterance (ms)", self.shift_ms, ms(args.max_shift)),
            ("the end of a cut (ms)", self.cut_ms, ms(args.max_cut)),
            ("the end of a recording (ms)", self.end_ms, END_MS),
            ("worker CPU with recording over without", self.ratio, args.max_ratio),
        ] {
            if is.is_nan() || is > most {
                self.broken.push(format!("{name} is {is:.2}, limit {most:.2}"));
            }
        }
        if self.compared < self.calls {
            self.broken.push(format!("{} of {} calls could be compared", self.compared, self.calls));
        }
    }
}

impl fmt::Display for RecordingFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} calls recorded, {} compared with their telephones", self.calls, self.compared)?;
        writeln!(f, "  samples            {} in two channels", self.samples)?;
        writeln!(f, "  that differ        {} of callers, {} of agents", self.caller_differ, self.agent_differ)?;
        writeln!(f, "  utterances         {}, shifted by at most {:.2} ms", self.utterances, self.shift_ms)?;
        writeln!(f, "  cuts               {}, off by at most {:.2} ms", self.cuts, self.cut_ms)?;
        writeln!(f, "  ends               off by at most {:.2} ms", self.end_ms)?;
        writeln!(f, "  frames lost        {} by the telephones, kept as silence", self.frames_lost)?;
        writeln!(
            f,
            "  worker CPU         {:.3} s a call-minute without, {:.3} with: {:.2} times ({} processors)",
            self.without_cpu_s_per_call_minute, self.with_cpu_s_per_call_minute, self.ratio, self.processors
        )?;
        if self.broken.is_empty() {
            return writeln!(f, "every recording is what was heard");
        }
        self.broken.iter().try_for_each(|broken| writeln!(f, "BROKEN  {broken}"))
    }
}
