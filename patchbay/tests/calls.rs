//! Calls from the command line, as an operator asks for them: the real program over a real database.

use crate::support::program::{Ended, Program, run};
use adapters::db::Opened;
use call::{CallEvent, EndReason, Fact, Heard, Speaker, Spoken, ToolOutcome, Turn, Usage, UsedBy};
use common::event::{
    Direction, ENVELOPE_VERSION, Envelope, Event, EventKey, GatewayEvent, Source, TapEvent, TwilioEvent,
};
use common::ids::{AgentId, CallId, CompanyId, Epoch, RecordingId, WorkerId};
use common::prices::Prices;
use common::private::{PhoneNumber, SecretString};
use common::summary::{CallOutcome, Sentiment, Summary};
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;
use tempfile::TempDir;

/// 2026-11-01, noon.
const NOON: u64 = 1_793_534_400_000;
const CALLER: &str = "+12025550143";

#[tokio::test]
async fn the_newest_calls_are_listed_with_how_they_ended_and_what_they_cost() {
    let record = Record::new().await;
    record.ended(1, EndReason::AgentHungUp).await;
    record.ended(2, EndReason::Silence).await;
    let ended = record.run(&["calls", "list"]).await;
    assert!(ended.status.success(), "{}", ended.logged);
    let lines: Vec<&str> = ended.said.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ended.said);
    assert!(lines[1].starts_with(sid(2).as_str()) && lines[2].starts_with(sid(1).as_str()), "newest first");
    assert!(lines[2].contains("harbour/reception") && lines[2].contains("agent_hung_up"), "{}", lines[2]);
    assert!(lines[2].contains("0.0291"), "0.0085 for a minute, 0.02064 for tokens: {}", lines[2]);
    assert!(!ended.said.contains(CALLER), "numbers are masked");
    let silent = record.run(&["calls", "list", "--end", "silence", "--json"]).await;
    let document: Value = serde_json::from_str(&silent.said).expect("one document and nothing else");
    assert_eq!(document["calls"].as_array().unwrap().len(), 1);
    assert_eq!(document["calls"][0]["call"], sid(2).as_str());
}

#[tokio::test]
async fn one_call_is_shown_whole() {
    let record = Record::new().await;
    record.ended(1, EndReason::AgentHungUp).await;
    let ended = record.run(&["calls", "show", sid(1).as_str(), "--events"]).await;
    assert!(ended.status.success(), "{}", ended.logged);
    for words in [
        "agent_hung_up",
        "voice ai",
        "0.02064",
        "total",
        "answers after 420 ms",
        "Hello.",
        "What time is breakfast?",
        "lookup_order",
        "T-7KQ2M9X",
        "They asked for breakfast.",
        "resolved, positive",
        "recordings",
        "stored",
        "first_word",
    ] {
        assert!(ended.said.contains(words), "{words} is not shown:\n{}", ended.said);
    }
    let document: Value =
        serde_json::from_str(&record.run(&["calls", "show", sid(1).as_str(), "--json"]).await.said).unwrap();
    assert_eq!(document["call"]["costs"]["voice_ai"], "0.02064");
    assert_eq!(document["latency"]["waits_ms"], json!([420]));
    assert_eq!(document["turns"].as_array().unwrap().len(), 2);
    let unknown = record.run(&["calls", "show", sid(9).as_str()]).await;
    assert!(!unknown.status.success() && unknown.logged.contains("patchbay calls list"), "{}", unknown.logged);
}

#[tokio::test]
async fn a_call_is_heard_again() {
    let record = Record::new().await;
    record.ended(1, EndReason::AgentHungUp).await;
    let place = record.folder.path().join("recordings/harbour/one.wav");
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, b"RIFF and so on").unwrap();
    let saved = record.folder.path().join("call.wav");
    let ended = record.run(&["calls", "audio", sid(1).as_str(), "--save", saved.to_str().unwrap()]).await;
    assert!(ended.status.success(), "{}", ended.logged);
    assert_eq!(fs::read(&saved).unwrap(), b"RIFF and so on");
    fs::remove_file(&place).unwrap();
    let gone = record.run(&["calls", "audio", sid(1).as_str(), "--save", "x.wav"]).await;
    assert!(!gone.status.success() && gone.logged.contains("not there any more") || gone.logged.contains("has no"));
}

#[tokio::test]
async fn every_call_is_exported_once_however_many_pages_there_are() {
    let record = Record::new().await;
    for n in 1..=1_203 {
        record.accepted(n).await;
    }
    let ended = record.run(&["calls", "export"]).await;
    assert!(ended.status.success(), "{}", ended.logged);
    let mut reader = csv::Reader::from_reader(ended.said.as_bytes());
    assert_eq!(reader.headers().unwrap().get(0), Some("call"));
    let calls: std::collections::BTreeSet<String> =
        reader.records().map(|row| row.unwrap().get(0).unwrap().to_owned()).collect();
    assert_eq!(calls.len(), 1_203);
    let lines =
        record.run(&["calls", "export", "--json", "--since", "2026-11-01", "--until", "2026-11-01T12:00:05Z"]).await;
    assert!(lines.said.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert_eq!(lines.said.lines().count(), 5, "one a second, from the first");
}

#[tokio::test]
async fn calls_are_followed_as_they_happen() {
    let record = Record::new().await;
    let settings = record.settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut tail = Program::start(&["calls", "tail"], &settings);
    tail.says("as the record gets them").await;
    let now = common::clock::unix_ms() + 1_000;
    let accepted = Record::event(1, Source::Gateway, 0, now, Event::Gateway(Record::accept()));
    let hello = Record::event(1, Source::Worker, 0, now, Event::Worker(says(Speaker::Agent, "Hello.")));
    record.store(&[accepted, hello]).await;
    tail.says("reception answers").await;
    let said = tail.says("Hello.").await;
    assert_eq!(said.matches("Hello.").count(), 1, "{said}");
}

fn sid(n: u32) -> CallId {
    CallId::parse(format!("CA{n:032x}")).unwrap()
}

fn says(speaker: Speaker, text: &str) -> CallEvent {
    CallEvent::Turn(Turn {
        number: if speaker == Speaker::Agent { 1 } else { 2 },
        speaker,
        text: Some(Spoken::new(text)),
        started_ms: 0,
        ended_ms: 900,
        heard: Heard::Whole,
        version: None,
    })
}

/// A database with calls in it.
struct Record {
    folder: TempDir,
    stores: Opened,
    fold: recorder::Fold,
}

impl Record {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let url = SecretString::from(Self::url(&folder));
        let stores = adapters::db::open(Some(&url)).unwrap();
        stores.db.migrate().await.unwrap();
        Self { folder, stores, fold: recorder::Fold::new(Arc::new(Prices::built_in())) }
    }

    fn url(folder: &TempDir) -> String {
        format!("sqlite:{}", folder.path().join("record.db").display())
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let recordings = self.folder.path().join("recordings").display().to_string();
        vec![("DATABASE_URL", Self::url(&self.folder)), ("PATCHBAY_RECORDINGS__URL", recordings)]
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        let settings = self.settings();
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        run(arguments, &settings).await
    }

    async fn store(&self, events: &[Envelope]) {
        self.stores.db.record(events, &|cdr, envelope| self.fold.merge(cdr, envelope)).await.unwrap();
    }

    fn event(n: u32, source: Source, sequence: u64, at_ms: u64, event: Event) -> Envelope {
        let epoch = if source == Source::Twilio { Epoch(0) } else { Epoch(1) };
        Envelope {
            version: ENVELOPE_VERSION,
            key: EventKey { call: sid(n), source, epoch, sequence },
            company: CompanyId::parse("harbour").ok(),
            at_ms,
            trace: String::new(),
            event,
        }
    }

    fn accept() -> GatewayEvent {
        GatewayEvent::Accepted {
            direction: Direction::Inbound,
            from: PhoneNumber::new(CALLER),
            to: PhoneNumber::new("+15005550006"),
            agent: AgentId::parse("reception").ok(),
            agent_version: Some("0123456789ab".into()),
            language: Some("en".into()),
            attempt: None,
        }
    }

    /// A call that came in, `n` seconds after noon less one.
    async fn accepted(&self, n: u32) {
        let at = NOON + u64::from(n - 1) * 1_000;
        self.store(&[Self::event(n, Source::Gateway, 0, at, Event::Gateway(Self::accept()))]).await;
    }

    /// A whole call of 19 seconds.
    async fn ended(&self, n: u32, reason: EndReason) {
        self.accepted(n).await;
        let at = NOON + u64::from(n - 1) * 1_000;
        let by = Some(UsedBy { provider: "openai".into(), model: "gpt-realtime".into() });
        let usage = Usage { text_in: 500, audio_in: 400, audio_cached: 200, audio_out: 190, ..Usage::default() };
        let told = [
            CallEvent::Answered { resumed: call::Resumed::No },
            CallEvent::FirstWord { after_ms: 120 },
            says(Speaker::Agent, "Hello."),
            says(Speaker::Caller, "What time is breakfast?"),
            CallEvent::ReplyGap { gap_ms: 420 },
            CallEvent::ToolRun {
                call: "call_1".into(),
                name: "lookup_order".into(),
                took_ms: 80,
                outcome: ToolOutcome::Answered,
                error: None,
                kept: None,
            },
            CallEvent::Fact(Fact::Ticket {
                number: "T-7KQ2M9X".into(),
                priority: "high".into(),
                category: "repair".into(),
                subject: Spoken::new("Broken lamp"),
                details: Spoken::new("In room 12."),
            }),
            CallEvent::Used { usage, by },
            CallEvent::Ended { reason, at_ms: 19_000, next: None, ignored: 0 },
        ];
        let worker = told.into_iter().enumerate();
        let mut events: Vec<Envelope> = worker
            .map(|(n_event, event)| Self::event(n, Source::Worker, n_event as u64, at + 19_000, Event::Worker(event)))
            .collect();
        let worker = WorkerId::parse("worker-0").unwrap();
        let assigned = GatewayEvent::Assigned { worker, resumes: 0 };
        events.push(Self::event(n, Source::Gateway, 1, at, Event::Gateway(assigned)));
        let completed = TwilioEvent::Status {
            status: "completed".into(),
            duration_s: Some(19),
            sip_code: Some(200),
            attempt: None,
        };
        events.push(Self::event(n, Source::Twilio, 3, at + 19_100, Event::Twilio(completed)));
        let stored = TapEvent::Stored {
            recording: RecordingId::parse(format!("rec-{n}")).unwrap(),
            place: "harbour/one.wav".into(),
            began_ms: at,
            length_ms: 19_000,
            bytes: 304_044,
            silent_ms: 0,
        };
        events.push(Self::event(n, Source::Tap, 0, at + 20_000, Event::Tap(stored)));
        self.store(&events).await;
        let summary = Summary {
            call: sid(n),
            company: CompanyId::parse("harbour").unwrap(),
            agent: AgentId::parse("reception").unwrap(),
            text: Spoken::new("They asked for breakfast."),
            outcome: CallOutcome::Resolved,
            sentiment: Sentiment::Positive,
            fields: json!({"meal": "breakfast"}),
            model: "gpt-5-mini".into(),
            made_ms: at + 60_000,
        };
        self.stores.aftercare.store_summary(&summary).await.unwrap();
    }
}
