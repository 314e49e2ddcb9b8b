//! For tests of every crate (feature `testing`): things with plausible contents, and a log that must stay free of errors.

mod quiet;

pub use quiet::{Quiet, quiet};

use crate::company::{
    AgentLimits, AgentSnapshot, BuiltIn, Language, Phrases, Provider, Recording, Texting, Tool, ToolKind,
    TurnDetection, Voice,
};
use crate::config::{Config, LoadArgs};
use crate::event::{ENVELOPE_VERSION, Envelope, Event, EventKey, Source};
use crate::ids::{AgentId, BootId, CallId, CompanyId, Epoch, StreamId, WorkerId};
use call::CallEvent;
use std::collections::BTreeMap;

/// The call of this number: `CA…00007`.
pub fn call_id(number: u64) -> CallId {
    CallId::parse(format!("CA{number:032x}")).expect("a valid call sid")
}

/// The stream of this number.
pub fn stream_id(number: u64) -> StreamId {
    StreamId::parse(format!("MZ{number:032x}")).expect("a valid stream sid")
}

/// The worker of this number: `worker-3`.
pub fn worker_id(number: u32) -> WorkerId {
    WorkerId::parse(format!("worker-{number}")).expect("a valid worker id")
}

/// The start of this number of a worker.
pub fn boot_id(number: u32) -> BootId {
    BootId::parse(format!("boot-{number}")).expect("a valid boot id")
}

/// A hotel.
pub fn company_id() -> CompanyId {
    CompanyId::parse("harbour").expect("a valid company id")
}

/// The hotel's receptionist, who needs no network but has no script either.
pub fn agent_snapshot() -> AgentSnapshot {
    AgentSnapshot {
        company: company_id(),
        agent: AgentId::parse("reception").expect("a valid agent id"),
        version: "0123456789ab".into(),
        language: "en".into(),
        languages: vec![Language {
            tag: "en".into(),
            instructions: "You answer the phone of a hotel.".into(),
            phrases: Phrases::default(),
            voices: Vec::new(),
        }],
        voices: vec![voice(Provider::Scripted)],
        limits: AgentLimits::default(),
        tools: vec![tool("hang_up", ToolKind::BuiltIn(BuiltIn::HangUp))],
        targets: BTreeMap::new(),
        queues: BTreeMap::new(),
        rooms: BTreeMap::new(),
        services: BTreeMap::new(),
        texting: Texting::default(),
        budget: None,
        recording: Recording::default(),
        columns: BTreeMap::new(),
        script: None,
    }
}

/// A voice of this provider.
pub fn voice(provider: Provider) -> Voice {
    Voice {
        provider,
        model: "gpt-realtime".into(),
        voice: "marin".into(),
        turn_detection: TurnDetection::default(),
        transcription: None,
        thinker: None,
    }
}

/// A tool without arguments that does this.
pub fn tool(name: &str, kind: ToolKind) -> Tool {
    Tool {
        name: name.into(),
        description: "For a test.".into(),
        parameters: serde_json::json!({"type": "object", "properties": {}}),
        kind,
        enabled: true,
        timeout_ms: 8_000,
        idempotent: true,
        confirm: Default::default(),
        keep: Default::default(),
        filler: BTreeMap::new(),
        rate: Default::default(),
    }
}

/// An event a worker saw.
pub fn envelope(call: &CallId, epoch: Epoch, sequence: u64, event: CallEvent) -> Envelope {
    Envelope {
        version: ENVELOPE_VERSION,
        key: EventKey { call: call.clone(), source: Source::Worker, epoch, sequence },
        company: Some(company_id()),
        at_ms: 1_764_000_000_000 + sequence,
        trace: String::new(),
        event: Event::Worker(event),
    }
}

/// A configuration in which nothing leaves the process and every port is free to choose, with these settings by key:
/// `("worker.seats", "2")`.
///
/// # Panics
///
/// When a setting is wrong.
pub fn config(settings: &[(&str, &str)]) -> Config {
    let anywhere = ["gateway.listen", "worker.listen", "ops.listen"].map(|key| (key, "127.0.0.1:0"));
    let twilio = [
        ("twilio.account_sid", "AC00000000000000000000000000000001"),
        ("twilio.auth_token", "0123456789abcdef0123456789abcdef"),
        ("secret", "a secret for tests only"),
    ];
    let all = anywhere.iter().chain(&twilio).chain(settings);
    let overrides: BTreeMap<_, _> = all.map(|&(key, text)| (key.to_owned(), text.to_owned())).collect();
    Config::load(LoadArgs { overrides, ..LoadArgs::default() }).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// Says, once a process, that a suite needs a server nobody named. Past the test harness, which would hide it from
/// whoever runs the tests.
pub fn left_out(suite: &str, variable: &str) {
    use std::collections::BTreeSet;
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let line = format!("left out: {suite} ({variable} is not set; `cargo xtask test` runs it)");
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(line.clone()) {
        // Nobody reads standard error: then nobody is misled either.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_for_tests_takes_settings() {
        let config = config(&[("worker.seats", "2")]);
        assert_eq!((config.worker.seats, config.gateway.listen.port()), (2, 0));
    }
}
