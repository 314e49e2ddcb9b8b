//! What a load run measured, in the shape of its JSON.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::Percentiles;
use crate::ledger::{Account, Dropped};

/// Everything a run measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// How the calls ended.
    pub calls: Calls,
    /// The callers' frames.
    pub frames: Frames,
    /// The agents' audio.
    pub audio: Audio,
    /// What callers and agents experienced.
    pub talk: Talk,
    /// How long the gateway took to answer a webhook.
    pub webhook_ms: Percentiles,
    /// What each process cost.
    pub processes: Vec<Process>,
    /// Cost and memory of the workers, for each call.
    pub cost: Cost,
    /// The bare relay in the same run.
    pub limit: Option<LimitRun>,
    /// What was found in the database.
    pub record: Option<Record>,
    /// Limits given on the command line that did not hold.
    pub broken: Vec<String>,
}

/// How the calls ended.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Calls {
    /// Calls placed.
    pub placed: usize,
    /// Calls that were dropped.
    pub dropped: usize,
    /// Why, and how many each.
    pub reasons: BTreeMap<String, usize>,
    /// Minutes of all calls together.
    pub minutes: f64,
    /// Calls that needed more than one media stream.
    pub moved: usize,
    /// Errors the network noticed, by Twilio's number.
    pub notices: BTreeMap<u32, usize>,
    /// Errors the provider sent, by code.
    pub provider_errors: BTreeMap<String, usize>,
    /// Sessions of the provider that nobody used.
    pub sessions_unused: usize,
    /// Sessions of the provider that belong to no call.
    pub sessions_unknown: usize,
    /// The most a telephone sent a frame late: judges this machine, not Patchbay.
    pub telephone_lateness_ms: Percentiles,
}

/// The callers' frames on their way to the provider.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Frames {
    /// Sent by the telephones.
    pub sent: usize,
    /// Never arrived.
    pub lost: usize,
    /// Arrived changed.
    pub different: usize,
    /// Arrived and were never sent.
    pub added: usize,
    /// Sent before the provider was ready, so they had to wait; not in the delay.
    pub held: usize,
    /// Thrown away by the telephones, because the server did not read.
    pub overflowed: u64,
    /// From telephone to provider.
    pub delay_ms: Percentiles,
}

/// The agents' audio on its way to the caller.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Audio {
    /// Deltas sent by the provider.
    pub sent: usize,
    /// Messages received by the telephones.
    pub received: usize,
    /// Withheld because the caller interrupted or was gone.
    pub withheld: usize,
    /// Never arrived although nobody interrupted.
    pub lost: usize,
    /// Received and never sent, or in another order.
    pub foreign: usize,
    /// Bytes of audio received.
    pub bytes: u64,
    /// From provider to telephone.
    pub delay_ms: Percentiles,
}

/// What callers and agents experienced.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Talk {
    /// From the stream's start to the agent's first audio.
    pub first_word_ms: Percentiles,
    /// From the end of the caller's speech to the agent's next audio.
    pub reply_gap_ms: Percentiles,
    /// From the provider's notice of speech to `clear` at the telephone.
    pub clear_ms: Percentiles,
    /// Interruptions that cleared nothing.
    pub interruptions_ignored: usize,
    /// Between where a reply was cut and what the telephone played.
    pub truncation_error_ms: Percentiles,
    /// Cuts the provider refused.
    pub truncations_refused: u32,
}

/// What one process cost.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Process {
    /// Its name.
    pub name: String,
    /// CPU time during the calls, seconds.
    pub cpu_s: f64,
    /// CPU time for each minute of a call, seconds.
    pub cpu_s_per_call_minute: f64,
    /// Memory before the first call, KiB.
    pub idle_kib: u64,
    /// Memory at its largest, KiB.
    pub peak_kib: u64,
    /// Times it was killed on purpose.
    pub killed: u32,
}

/// Cost of a call.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cost {
    /// CPU of all workers for each minute of a call, seconds.
    pub worker_cpu_s_per_call_minute: f64,
    /// The same over the bare relay's in the same run.
    pub worker_to_limit: Option<f64>,
    /// Memory of all workers beyond idle, for each call, KiB.
    pub worker_kib_per_call: f64,
}

/// The bare relay.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LimitRun {
    /// Lines at the same time.
    pub lines: usize,
    /// Frames sent.
    pub frames: u64,
    /// Frames that never arrived.
    pub lost: u64,
    /// CPU time for each minute of a line, seconds.
    pub cpu_s_per_call_minute: f64,
    /// From line to far end.
    pub up_ms: Percentiles,
    /// From far end to line.
    pub down_ms: Percentiles,
}

/// What was found in the database.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Record {
    /// Rows in `calls`.
    pub cdrs: usize,
    /// Of these, closed and complete.
    pub complete: usize,
    /// Calls placed that have no row.
    pub missing: usize,
    /// Rows in `turns`.
    pub turns: usize,
    /// Turns heard that have no row.
    pub turns_missing: usize,
    /// Rows in `call_events`.
    pub events: usize,
    /// Events missing within a source's sequence, or short of what its closing event declares.
    pub gaps: usize,
    /// Payloads in quarantine.
    pub quarantined: usize,
    /// From the last call's end to the last complete row, seconds.
    pub settled_s: f64,
}

impl Figures {
    /// Adds up the accounts of all calls.
    #[must_use]
    pub fn of(accounts: &[Account]) -> Self {
        let mut figures = Self::default();
        for account in accounts {
            figures.calls.add(account);
            figures.frames.add(account);
            figures.audio.add(account);
            figures.talk.interruptions_ignored += account.talk.ignored;
            figures.talk.truncations_refused += account.talk.refused;
        }
        let all =
            |of: fn(&Account) -> &[Duration]| accounts.iter().flat_map(move |account| of(account).iter().copied());
        figures.frames.delay_ms = Percentiles::of(all(|account| &account.up.delays));
        figures.audio.delay_ms = Percentiles::of(all(|account| &account.down.delays));
        figures.webhook_ms = Percentiles::of(all(|account| &account.webhooks));
        figures.talk.reply_gap_ms = Percentiles::of(all(|account| &account.talk.reply_gaps));
        figures.talk.clear_ms = Percentiles::of(all(|account| &account.talk.interruptions));
        figures.talk.first_word_ms = Percentiles::of(accounts.iter().filter_map(|account| account.talk.first_word));
        let errors = accounts.iter().flat_map(|account| &account.talk.truncations).map(|cut| cut.error_ms());
        figures.talk.truncation_error_ms = Percentiles::of(errors.map(|ms| Duration::from_millis(u64::from(ms))));
        figures
    }

    /// Fills in what each call cost, from the processes and the bare relay.
    pub fn settle_cost(&mut self) {
        let workers = self.processes.iter().filter(|process| process.name.starts_with("worker"));
        let (mut cpu, mut kib) = (0.0, 0);
        for worker in workers {
            cpu += worker.cpu_s_per_call_minute;
            kib += worker.peak_kib.saturating_sub(worker.idle_kib);
        }
        self.cost.worker_cpu_s_per_call_minute = cpu;
        self.cost.worker_kib_per_call = kib as f64 / self.calls.placed.max(1) as f64;
        let bare = self.limit.as_ref().map(|limit| limit.cpu_s_per_call_minute);
        self.cost.worker_to_limit = bare.filter(|bare| *bare > 0.0).map(|bare| cpu / bare);
    }
}

impl Calls {
    fn add(&mut self, account: &Account) {
        self.placed += 1;
        self.minutes += account.lasted.as_secs_f64() / 60.0;
        self.moved += usize::from(account.streams > 1);
        if let Some(dropped) = &account.dropped {
            self.dropped += 1;
            *self.reasons.entry(reason(dropped)).or_default() += 1;
        }
        for notice in &account.notices {
            *self.notices.entry(*notice).or_default() += 1;
        }
        for code in &account.provider_errors {
            *self.provider_errors.entry((*code).to_owned()).or_default() += 1;
        }
    }
}

fn reason(dropped: &Dropped) -> String {
    match dropped {
        Dropped::Ended(end) => format!("ended early: {end:?}"),
        Dropped::NothingHeard => "the caller heard nothing".to_owned(),
        Dropped::NoSession => "the provider heard nothing".to_owned(),
    }
}

impl Frames {
    fn add(&mut self, account: &Account) {
        self.sent += account.up.sent;
        self.lost += account.up.lost;
        self.different += account.up.different;
        self.added += account.up.added;
        self.held += account.up.held;
    }
}

impl Audio {
    fn add(&mut self, account: &Account) {
        self.sent += account.down.sent;
        self.received += account.down.received;
        self.withheld += account.down.withheld;
        self.lost += account.down.lost;
        self.foreign += account.down.foreign;
        self.bytes += account.down.bytes;
    }
}
