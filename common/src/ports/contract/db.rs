//! What every record must do. Each function takes an empty, migrated [`Db`] and panics where the contract is broken.
//!
//! The fold used here is not the recorder's: it touches every column of a CDR by rules that are plainly free of order,
//! so that what is tested is the store.

use crate::cdr::{Cdr, Closing, Configured, LeftFor, Opened, StoredTurn};
use crate::costs::CostPart;
use crate::event::{
    Direction, Envelope, Event, EventKey, GatewayEvent, MachineDeed, PlaceOutcome, RecorderEvent, Refusal, Source,
    TapEvent, TwilioEvent,
};
use crate::ids::{AgentId, AttemptId, CallId, CompanyId, Epoch, MessageId, RecordingId, StreamId, WorkerId};
use crate::money::Money;
use crate::ports::{Db, DbError, Recorded};
use crate::private::PhoneNumber;
use call::{CallEvent, EndReason, Fact, Heard, Kept, NextStep, Resumed, Speaker, Spoken, ToolOutcome, Turn, Usage};

/// The time of the first event.
const START_MS: u64 = 1_764_000_000_123;

/// A record says that it is there, and migrating it again changes nothing.
pub async fn it_is_ready_once_migrated(db: &dyn Db) {
    db.migrate().await.expect("migrating again");
    let health = db.check().await.expect("check");
    assert!(!health.server.is_empty());
    assert_eq!(health.faults, Vec::<String>::new());
}

/// The same event twice, in one batch and in two, is stored and folded once.
pub async fn an_event_told_twice_is_stored_once(db: &dyn Db) {
    let events = story(1);
    let twice: Vec<_> = events.iter().chain(&events).cloned().collect();
    assert_eq!(record(db, &twice).await, Recorded { fresh: events.len(), repeated: events.len() });
    let before = db.cdr(&call(1)).await.expect("cdr");
    assert_eq!(record(db, &events).await, Recorded { fresh: 0, repeated: events.len() });
    assert_eq!(db.cdr(&call(1)).await.expect("cdr"), before);
    assert_eq!(db.events(&call(1)).await.expect("events").len(), events.len());
    assert_eq!(db.turns(&call(1)).await.expect("turns").len(), turns(&events).len());
}

/// Everything comes back as it was given: events, turns, and every field of the CDR.
pub async fn what_is_stored_comes_back(db: &dyn Db) {
    let events = story(1);
    record(db, &events).await;
    assert_eq!(db.events(&call(1)).await.expect("events"), by_time(&events));
    assert_eq!(db.turns(&call(1)).await.expect("turns"), turns(&events));
    assert_eq!(db.cdr(&call(1)).await.expect("cdr"), Some(folded(&events)));
}

/// The order of events and the cut into batches do not matter.
pub async fn any_order_gives_the_same_record(db: &dyn Db) {
    for (n, cut) in [(1, 1), (2, 3), (3, 7), (4, 100)] {
        let mut events = story(n);
        let expected = folded(&events);
        events.reverse();
        events.rotate_left(cut % 5);
        for batch in events.chunks(cut) {
            record(db, batch).await;
        }
        assert_eq!(db.cdr(&call(n)).await.expect("cdr"), Some(expected), "in batches of {cut}");
    }
}

/// Two recorders with the same events in opposite order: nobody counts anything twice, nobody is left hanging.
pub async fn two_recorders_may_work_at_the_same_time(db: &dyn Db) {
    let forth: Vec<_> = (1..=8).flat_map(story).collect();
    let mut back = forth.clone();
    back.reverse();
    let ((), ()) = tokio::join!(in_batches(db, &forth), in_batches(db, &back));
    for n in 1..=8 {
        assert_eq!(db.cdr(&call(n)).await.expect("cdr"), Some(folded(&story(n))), "call {n}");
    }
}

/// A call that grows by one event at a time is what it would be in one batch.
pub async fn a_call_grows_event_by_event(db: &dyn Db) {
    let events = story(1);
    for event in &events {
        assert_eq!(record(db, std::slice::from_ref(event)).await, Recorded { fresh: 1, repeated: 0 });
    }
    assert_eq!(db.cdr(&call(1)).await.expect("cdr"), Some(folded(&events)));
}

/// Turns come in the order heard, whatever order they were told in; parts of a resumed call follow each other.
pub async fn turns_are_in_the_order_heard(db: &dyn Db) {
    let told = [(2, 9, 1), (1, 5, 3), (1, 7, 1), (2, 1, 2), (1, 1, 2)];
    let events: Vec<_> = told.iter().map(|(epoch, sequence, number)| turn_event(*epoch, *sequence, *number)).collect();
    record(db, &events).await;
    let heard = db.turns(&call(1)).await.expect("turns");
    let order: Vec<_> = heard.iter().map(|stored| (stored.epoch, stored.turn.number)).collect();
    assert_eq!(order, [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]);
}

/// What no record can hold is refused, always, and takes nothing else with it: the batch is as if it never came.
pub async fn what_is_refused_does_not_lose_others(db: &dyn Db) {
    let good = story(1);
    for bad in unstorable() {
        let mut batch = good.clone();
        batch.push(bad);
        let answer = db.record(&batch, &every_field).await;
        assert!(matches!(answer, Err(DbError::Refused(_))), "{answer:?}");
        assert_eq!(db.cdr(&call(1)).await.expect("cdr"), None, "a refused batch left something behind");
    }
    assert_eq!(record(db, &good).await.fresh, good.len());
    assert_eq!(db.cdr(&call(1)).await.expect("cdr"), Some(folded(&good)));
}

/// A refusal does not quote what was said.
pub async fn a_refusal_does_not_quote_speech(db: &dyn Db) {
    for bad in unstorable() {
        let Err(error) = db.record(&[bad], &every_field).await else { panic!("it was stored") };
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

/// A payload in quarantine is one row however often it comes, readable or not.
pub async fn quarantine_keeps_each_payload_once(db: &dyn Db) {
    assert_eq!(db.quarantined().await.expect("quarantined"), 0);
    for _ in 0..3 {
        db.quarantine(b"\x00\xff not json", "no JSON: \0").await.expect("quarantine");
    }
    db.quarantine(b"", "empty").await.expect("quarantine");
    assert_eq!(db.quarantined().await.expect("quarantined"), 2);
}

/// Nothing is known of a call nobody spoke of, and an empty batch is no work.
pub async fn an_unknown_call_is_no_error(db: &dyn Db) {
    assert_eq!(record(db, &[]).await, Recorded::default());
    assert_eq!(db.cdr(&call(1)).await.expect("cdr"), None);
    assert_eq!(db.calls(10).await.expect("calls"), []);
    assert_eq!(db.turns(&call(1)).await.expect("turns"), []);
    assert_eq!(db.events(&call(1)).await.expect("events"), []);
}

/// Lists begin with the newest call, hold no more than asked for, and put calls of unknown time last.
pub async fn calls_are_listed_newest_first(db: &dyn Db) {
    for n in [2, 4, 1, 3] {
        record(db, &story(n)).await;
    }
    let status = TwilioEvent::Status { status: "ringing".into(), duration_s: None, sip_code: None, attempt: None };
    record(db, &[envelope(9, Source::Twilio, 0, 0, Event::Twilio(status))]).await;
    let listed = |cdrs: Vec<Cdr>| cdrs.into_iter().map(|cdr| cdr.call).collect::<Vec<_>>();
    assert_eq!(listed(db.calls(3).await.expect("calls")), [call(4), call(3), call(2)]);
    assert_eq!(listed(db.calls(100).await.expect("calls")), [4, 3, 2, 1, 9].map(call));
    assert_eq!(listed(db.calls(0).await.expect("calls")), []);
}

async fn record(db: &dyn Db, events: &[Envelope]) -> Recorded {
    db.record(events, &every_field).await.expect("record")
}

/// Records in small batches, as a recorder would: a conflict is tried again.
async fn in_batches(db: &dyn Db, events: &[Envelope]) {
    for batch in events.chunks(5) {
        let mut tries = 0;
        while let Err(error) = db.record(batch, &every_field).await {
            tries += 1;
            assert!(matches!(error, DbError::Conflict(_)) && tries <= 5, "{error}");
        }
    }
}

/// A fold that touches every field.
fn every_field(cdr: &mut Cdr, envelope: &Envelope) {
    let at = Some(envelope.at_ms);
    let later = |old: Option<u64>| old.max(at);
    let tally = cdr.tally.entry(Cdr::tally_key(envelope.key.source, envelope.key.epoch)).or_default();
    tally.seen += 1;
    tally.expected = tally.expected.max(Some(envelope.key.sequence + 1));
    cdr.company = cdr.company.clone().max(envelope.company.clone());
    match &envelope.event {
        Event::Gateway(GatewayEvent::Accepted { direction, from, to, agent, agent_version, language, attempt }) => {
            cdr.accepted_ms = later(cdr.accepted_ms);
            cdr.direction = Some(*direction);
            cdr.from = Some(from.clone());
            cdr.to = Some(to.clone());
            cdr.attempt = attempt.clone();
            cdr.agent = agent.clone();
            cdr.agent_version = agent_version.clone();
            cdr.language = language.clone();
            let (agent, version, language) = (agent.clone(), agent_version.clone(), language.clone());
            cdr.evidence.opened = Some(Opened { agent, version, language });
        }
        Event::Gateway(GatewayEvent::Assigned { worker, .. }) => {
            cdr.workers.insert(envelope.key.epoch.0, worker.clone());
        }
        Event::Worker(event) => every_worker_field(cdr, envelope, event),
        Event::Gateway(GatewayEvent::Machine { deed, .. }) => cdr.machine = Some(*deed),
        Event::Twilio(TwilioEvent::AnsweredBy { by, .. }) => cdr.answered_by = Some(by.clone()),
        Event::Twilio(TwilioEvent::Message { .. }) => cdr.messages += 1,
        Event::Twilio(TwilioEvent::Recording { .. }) | Event::Tap(_) => cdr.recordings += 1,
        Event::Recorder(_) => cdr.costs.add(CostPart::Summary, Money::from_nanos(i64::MAX / 10)),
        Event::Twilio(TwilioEvent::Status { status, duration_s, .. }) => {
            cdr.twilio_status = cdr.twilio_status.clone().max(Some(status.clone()));
            cdr.evidence.twilio_duration_ms = cdr.evidence.twilio_duration_ms.max(*duration_s);
        }
        Event::Gateway(GatewayEvent::Returned { left, .. }) => {
            cdr.transfers += 1;
            cdr.evidence.places.insert(left.0);
        }
        Event::Gateway(GatewayEvent::Refused { .. } | GatewayEvent::Chosen { .. })
        | Event::Twilio(TwilioEvent::Stream { .. }) => {}
    }
}

fn every_worker_field(cdr: &mut Cdr, envelope: &Envelope, event: &CallEvent) {
    let at = Some(envelope.at_ms);
    match event {
        CallEvent::Answered { .. } => cdr.answered_ms = cdr.answered_ms.max(at),
        CallEvent::FirstWord { after_ms } => {
            cdr.first_word_ms = cdr.first_word_ms.max(Some(*after_ms));
            cdr.evidence.first_word_epoch = Some(envelope.key.epoch.0);
        }
        CallEvent::Turn(_) => cdr.turns += 1,
        CallEvent::Interrupted { .. } => cdr.interruptions += 1,
        CallEvent::ReplyGap { gap_ms } => {
            cdr.reply_gap_max_ms = cdr.reply_gap_max_ms.max(Some(*gap_ms));
            cdr.reply_gap_sum_ms += gap_ms;
            cdr.reply_gaps += 1;
        }
        CallEvent::SilencePrompted { .. } => cdr.silence_prompts += 1,
        CallEvent::AgentLost { .. } => cdr.agent_losses += 1,
        CallEvent::ToolRun { .. } => cdr.tools += 1,
        CallEvent::Configured { version, language, .. } => {
            let (epoch, sequence) = (envelope.key.epoch.0, envelope.key.sequence);
            let (version, language) = (version.clone(), language.clone());
            let told = Configured { epoch, sequence, agent: None, version, language };
            cdr.evidence.configured = Some(told);
        }
        CallEvent::Used { usage, .. } => {
            cdr.usage = cdr.usage.plus(*usage);
            cdr.costs.add(CostPart::VoiceAi, Money::from_nanos(1));
        }
        CallEvent::Ended { reason, at_ms, .. } => {
            cdr.ended_ms = cdr.ended_ms.max(at);
            cdr.duration_ms = Some(*at_ms);
            cdr.end_reason = Some(reason.as_str().into());
            cdr.complete = true;
            cdr.evidence.closing = Some(Closing {
                epoch: envelope.key.epoch.0,
                source: envelope.key.source,
                sequence: envelope.key.sequence,
                reason: reason.as_str().into(),
                left_for: LeftFor::Place,
            });
        }
        CallEvent::AgentReady { .. }
        | CallEvent::AgentRestored { .. }
        | CallEvent::ReplyFailed { .. }
        | CallEvent::AgentComplained { .. }
        | CallEvent::Fact(_) => {}
    }
}

/// What [`every_field`] makes of events in memory.
fn folded(events: &[Envelope]) -> Cdr {
    let mut cdr = Cdr::new(events[0].key.call.clone());
    for event in events {
        every_field(&mut cdr, event);
    }
    cdr
}

fn by_time(events: &[Envelope]) -> Vec<Envelope> {
    let mut events = events.to_vec();
    events.sort_by_key(|event| (event.at_ms, event.key.source.as_str(), event.key.epoch, event.key.sequence));
    events
}

fn turns(events: &[Envelope]) -> Vec<StoredTurn> {
    let stored = |event: &Envelope| match &event.event {
        Event::Worker(CallEvent::Turn(turn)) => {
            Some(StoredTurn { epoch: event.key.epoch.0, at_ms: event.at_ms, turn: turn.clone() })
        }
        _ => None,
    };
    events.iter().filter_map(stored).collect()
}

fn call(n: u32) -> CallId {
    CallId::parse(format!("CA{n:032x}")).expect("a call sid")
}

fn envelope(n: u32, source: Source, epoch: u64, sequence: u64, event: Event) -> Envelope {
    Envelope {
        version: crate::event::ENVELOPE_VERSION,
        key: EventKey { call: call(n), source, epoch: Epoch(epoch), sequence },
        company: (n != 9).then(|| CompanyId::parse("harbour").expect("a company")),
        at_ms: START_MS + 60_000 * u64::from(n) + sequence,
        trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
        event,
    }
}

/// One of every event, of call `n`.
fn story(n: u32) -> Vec<Envelope> {
    let gateway = gateway_story().into_iter().map(|event| (Source::Gateway, Event::Gateway(event)));
    let worker = worker_story().into_iter().map(|event| (Source::Worker, Event::Worker(event)));
    let twilio = twilio_story().into_iter().map(|event| (Source::Twilio, Event::Twilio(event)));
    let around = around_story().into_iter();
    let mut next = std::collections::BTreeMap::new();
    gateway
        .chain(worker)
        .chain(twilio)
        .chain(around)
        .map(|(source, event)| {
            let sequence = next.entry(source).or_insert(0_u64);
            *sequence += 1;
            envelope(n, source, 1_764_000_000_000, *sequence - 1, event)
        })
        .collect()
}

fn gateway_story() -> Vec<GatewayEvent> {
    vec![
        GatewayEvent::Accepted {
            direction: Direction::Inbound,
            from: PhoneNumber::new("+15005550006"),
            to: PhoneNumber::new("sip:ärger@example.com"),
            agent: Some(AgentId::parse("front-desk").expect("an agent")),
            agent_version: Some("v7".into()),
            language: Some("hi-IN".into()),
            attempt: Some(AttemptId::parse("reminders_2.7.3").expect("an attempt")),
        },
        GatewayEvent::Machine { answered_by: "machine_end_beep".into(), deed: MachineDeed::LeftMessage },
        GatewayEvent::Assigned { worker: WorkerId::parse("worker-3").expect("a worker"), resumes: 0 },
        GatewayEvent::Chosen {
            key: Some('2'),
            agent: AgentId::parse("night").expect("an agent"),
            agent_version: "v9".into(),
            language: "es".into(),
        },
        GatewayEvent::Returned {
            left: Epoch(1_764_000_000_000),
            way: "transfer".into(),
            place: "front desk".into(),
            outcome: PlaceOutcome::Declined,
            talked_s: Some(9),
        },
        GatewayEvent::Refused { reason: Refusal::NoCapacity },
    ]
}

fn worker_story() -> Vec<CallEvent> {
    vec![
        CallEvent::Answered { resumed: Resumed::No },
        CallEvent::AgentReady { at_ms: 3 },
        CallEvent::FirstWord { after_ms: 90 },
        CallEvent::Turn(turn(1, Speaker::Agent, Some("Namaste! आप कैसे हैं? 🙂 \\u0000 'quoted' \"too\""), Heard::Whole)),
        CallEvent::Turn(turn(2, Speaker::Caller, None, Heard::Whole)),
        CallEvent::Turn(turn(4, Speaker::Agent, Some(""), Heard::Part { heard_ms: 20, of_ms: 400 })),
        CallEvent::Interrupted { at_ms: 1000, heard_ms: 20, cleared_ms: 380 },
        CallEvent::ReplyGap { gap_ms: 700 },
        CallEvent::ReplyGap { gap_ms: 300 },
        CallEvent::SilencePrompted { at_ms: 25_000 },
        CallEvent::AgentLost { at_ms: 26_000, fault: call::LinkFault::Broken },
        CallEvent::AgentRestored { at_ms: 27_000, gap_ms: 1000, attempts: 1 },
        CallEvent::ReplyFailed { at_ms: 27_500 },
        CallEvent::AgentComplained { code: "rate_limit_exceeded".into() },
        CallEvent::ToolRun {
            call: "call_1".into(),
            name: "lookup".into(),
            took_ms: 40,
            outcome: ToolOutcome::Answered,
            error: Some("not_found".into()),
            kept: Some(Kept { arguments: Spoken::new("{\"key\":\"É\"}"), output: Spoken::new("\\u0000") }),
        },
        CallEvent::Fact(Fact::Refused { what: "transfer_call".into(), why: "not_listed".into() }),
        CallEvent::Configured { at_ms: 29_000, version: "v8".into(), language: "en-IN".into() },
        CallEvent::Used { usage: usage(), by: None },
        CallEvent::Used { usage: usage(), by: None },
        CallEvent::Ended { reason: EndReason::CallerHungUp, at_ms: 30_000, next: Some(NextStep::HangUp), ignored: 1 },
    ]
}

fn twilio_story() -> Vec<TwilioEvent> {
    let stream = StreamId::parse("MZ00000000000000000000000000000001").expect("a stream");
    vec![
        TwilioEvent::Status { status: "in-progress".into(), duration_s: None, sip_code: None, attempt: None },
        TwilioEvent::Stream { stream: Some(stream), event: "stream-error".into(), error_code: Some(31_921) },
        TwilioEvent::AnsweredBy { by: "machine_end_beep".into(), after_ms: Some(4_000) },
        TwilioEvent::Message { message: message(), status: "undelivered".into(), error_code: Some(30_003) },
        TwilioEvent::Recording {
            recording: recording(),
            status: "completed".into(),
            duration_s: Some(30),
            channels: Some(2),
        },
        TwilioEvent::Status { status: "completed".into(), duration_s: Some(31), sip_code: Some(200), attempt: None },
    ]
}

/// What goes on around the call.
fn around_story() -> Vec<(Source, Event)> {
    let (began_ms, place) = (START_MS, "harbour/a.wav".to_owned());
    let tap =
        TapEvent::Stored { recording: recording(), place, began_ms, length_ms: 30_000, bytes: 480_044, silent_ms: 20 };
    let summed = RecorderEvent::Summarized { model: "gpt-5-mini".into(), usage: usage() };
    vec![(Source::Tap, Event::Tap(tap)), (Source::Recorder, Event::Recorder(summed))]
}

fn message() -> MessageId {
    MessageId::parse("SM00000000000000000000000000000001").expect("a message")
}

fn recording() -> RecordingId {
    RecordingId::parse("RE00000000000000000000000000000001").expect("a recording")
}

fn usage() -> Usage {
    Usage {
        text_in: 1,
        text_cached: 2,
        audio_in: 3,
        audio_cached: 4,
        text_out: 5,
        audio_out: 6,
        transcription: 7,
        billed_ms: u64::from(u32::MAX) * 16,
    }
}

fn turn(number: u32, speaker: Speaker, text: Option<&str>, heard: Heard) -> Turn {
    Turn { number, speaker, text: text.map(Spoken::new), started_ms: 100, ended_ms: 900, heard, version: None }
}

fn turn_event(epoch: u64, sequence: u64, number: u32) -> Envelope {
    let turn = turn(number, Speaker::Agent, Some("yes"), Heard::Whole);
    envelope(1, Source::Worker, epoch, sequence, Event::Worker(CallEvent::Turn(turn)))
}

/// Events that no database is to take: one would, the other would not.
fn unstorable() -> Vec<Envelope> {
    let worker = |sequence, event| envelope(2, Source::Worker, 1, sequence, Event::Worker(event));
    let mut late = worker(2, CallEvent::Answered { resumed: Resumed::No });
    late.at_ms = u64::MAX;
    let mut far = worker(3, CallEvent::Answered { resumed: Resumed::No });
    far.key.sequence = u64::MAX - 1;
    let mut beyond = worker(4, CallEvent::Answered { resumed: Resumed::No });
    beyond.key.epoch = Epoch(u64::MAX);
    let mut traced = worker(5, CallEvent::Answered { resumed: Resumed::No });
    traced.trace = "secret\0".into();
    vec![
        worker(0, CallEvent::Turn(turn(1, Speaker::Caller, Some("secret\0"), Heard::Whole))),
        worker(
            1,
            CallEvent::Turn(turn(1, Speaker::Caller, Some("secret"), Heard::Part { heard_ms: u64::MAX, of_ms: 1 })),
        ),
        late,
        far,
        beyond,
        traced,
    ]
}
