//! What every record must keep of what was done in calls: tools, tickets, places, refusals, who is not to be called
//! again, and the version that spoke.
//! Each function takes an empty, migrated database, which is record and directory at once.

use crate::cdr::Cdr;
use crate::event::{
    Direction, ENVELOPE_VERSION, Envelope, Event, EventKey, GatewayEvent, PlaceOutcome, RecorderEvent, Source,
};
use crate::ids::{CallId, CompanyId, Epoch};
use crate::ports::{Audited, Db, Directory, Outbound, Ticket, ToolRun, Transfer};
use crate::private::PhoneNumber;
use call::{CallEvent, EndReason, Fact, Heard, Kept, NextStep, RecordingState, Speaker, Spoken, ToolOutcome, Turn};

/// The time of the first event.
pub(super) const START_MS: u64 = 1_764_000_000_123;

/// A tool run is kept as told, by time, and once however often it is told.
pub async fn a_tool_run_is_kept_once(store: &(impl Db + Directory)) {
    let kept = Kept { arguments: Spoken::new(r#"{"key":"ORD-1"}"#), output: Spoken::new("{}") };
    let events = [
        tool_run(3, "lookup_order", ToolOutcome::Answered, None, Some(kept)),
        tool_run(1, "make_payment", ToolOutcome::Failed, Some("unavailable"), None),
    ];
    for _ in 0..2 {
        record(store, &events).await;
    }
    let run = |sequence: u64, name: &str, outcome: &str| ToolRun {
        id: format!("call_{sequence}"),
        name: name.into(),
        took_ms: 40,
        outcome: outcome.into(),
        error: None,
        arguments: None,
        output: None,
        at_ms: START_MS + sequence,
    };
    let payment = ToolRun { error: Some("unavailable".into()), ..run(1, "make_payment", "failed") };
    let (arguments, output) = (Some(r#"{"key":"ORD-1"}"#.into()), Some("{}".into()));
    let lookup = ToolRun { arguments, output, ..run(3, "lookup_order", "answered") };
    assert_eq!(store.tool_runs(&call(1)).await.expect("tool runs"), [payment, lookup]);
    assert_eq!(store.tool_runs(&call(2)).await.expect("tool runs"), []);
}

/// Every way a tool run may end has its word.
pub async fn every_outcome_of_a_tool_is_kept(store: &(impl Db + Directory)) {
    let outcomes = [
        (ToolOutcome::Answered, "answered"),
        (ToolOutcome::Failed, "failed"),
        (ToolOutcome::TimedOut, "timed_out"),
        (ToolOutcome::Cancelled, "cancelled"),
        (ToolOutcome::Refused, "refused"),
    ];
    let events: Vec<_> = (0..).zip(outcomes).map(|(n, (outcome, _))| tool_run(n, "t", outcome, None, None)).collect();
    record(store, &events).await;
    let found = store.tool_runs(&call(1)).await.expect("tool runs");
    assert_eq!(found.iter().map(|run| run.outcome.as_str()).collect::<Vec<_>>(), outcomes.map(|(_, word)| word));
}

/// A ticket is kept as told, once.
pub async fn a_ticket_is_kept_once(store: &(impl Db + Directory)) {
    let told = Fact::Ticket {
        number: "T-1".into(),
        priority: "high".into(),
        category: "damage".into(),
        subject: Spoken::new("A cup ☕ \"broke\""),
        details: Spoken::new("All\nof it"),
    };
    let event = worker(1, 4, CallEvent::Fact(told));
    for _ in 0..2 {
        record(store, std::slice::from_ref(&event)).await;
    }
    let ticket = Ticket {
        number: "T-1".into(),
        call: call(1),
        company: Some(harbour()),
        priority: "high".into(),
        category: "damage".into(),
        subject: "A cup ☕ \"broke\"".into(),
        details: "All\nof it".into(),
        opened_ms: START_MS + 4,
    };
    assert_eq!(store.tickets(&call(1)).await.expect("tickets"), [ticket]);
}

/// What an agent was not allowed to do stands in the company's audit, once.
pub async fn a_refusal_is_audited_once(store: &(impl Db + Directory)) {
    let event = worker(1, 4, CallEvent::Fact(Fact::Refused { what: "transfer_call".into(), why: "not_listed".into() }));
    for _ in 0..2 {
        record(store, std::slice::from_ref(&event)).await;
    }
    let row = Audited {
        at_ms: START_MS + 4,
        company: Some(harbour()),
        call: Some(call(1)),
        actor: "agent".into(),
        action: "refused transfer_call".into(),
        detail: "not_listed".into(),
    };
    assert_eq!(store.audit(&harbour(), 10).await.expect("audit"), [row]);
}

/// A place the call left for is one row, whoever tells of it first and however often; so is every place.
pub async fn a_transfer_is_told_in_any_order(store: &(impl Db + Directory)) {
    let to = |to: &str| NextStep::Transfer { to: to.into(), briefing: Some(Spoken::new("An angry caller")) };
    let events = [
        left(1, 9, Some(to("front desk"))),
        returned(2, 1, "transfer", "front desk", PlaceOutcome::NoAnswer, None),
        left(2, 9, Some(NextStep::Queue { queue: "sales".into() })),
        returned(3, 2, "queue", "sales", PlaceOutcome::Answered, Some(61)),
    ];
    let order: [&[usize]; 5] = [&[0, 1, 2, 3], &[3, 2, 1, 0], &[1, 0, 0, 3, 1, 2], &[2, 3, 2, 1, 0], &[1, 3, 0, 2]];
    for (n, order) in (1..).zip(order) {
        let told = |at: &usize| of_call(n, &events[*at]);
        for event in order.iter().map(told) {
            record(store, &[event]).await;
        }
        let place = |epoch, kind: &str, target: &str| Transfer {
            call: call(n),
            epoch,
            kind: kind.into(),
            target: target.into(),
            asked_ms: Some(START_MS + epoch * 1_000 + 9),
            outcome: Some("no_answer".into()),
            talked_s: None,
        };
        let queue = Transfer { outcome: Some("answered".into()), talked_s: Some(61), ..place(2, "queue", "sales") };
        let expected = [place(1, "transfer", "front desk"), queue];
        assert_eq!(store.transfers(&call(n)).await.expect("transfers"), expected, "in order {order:?}");
    }
}

/// Of a place under way only the asking is known, of one nobody asked for only its end; what is no place is no row.
pub async fn half_of_a_transfer_is_kept(store: &(impl Db + Directory)) {
    let room = NextStep::Conference { room: "lobby".into() };
    let keys = NextStep::Digits { keys: Spoken::new("4711#") };
    record(store, &[left(1, 9, Some(room)), returned(5, 4, "transfer", "desk", PlaceOutcome::Left, Some(3))]).await;
    record(store, &[left(2, 9, Some(NextStep::Resume)), left(3, 9, None), left(6, 9, Some(keys))]).await;
    let found = store.transfers(&call(1)).await.expect("transfers");
    let shown: Vec<_> = found
        .iter()
        .map(|row| (row.epoch, row.kind.as_str(), row.target.as_str(), row.asked_ms.is_some(), row.outcome.as_deref()))
        .collect();
    let expected = [
        (1, "conference", "lobby", true, None),
        (4, "transfer", "desk", false, Some("left")),
        (6, "digits", "", true, None),
    ];
    assert_eq!(shown, expected);
}

/// Of a place that is left twice the last word counts, in any order.
pub async fn the_last_word_on_a_place_counts(store: &(impl Db + Directory)) {
    let first = returned(2, 1, "queue", "sales", PlaceOutcome::NoAnswer, None);
    let last = returned(3, 1, "queue", "sales", PlaceOutcome::Left, Some(2));
    for (n, events) in (1..).zip([[&first, &last], [&last, &first]]) {
        for event in events {
            record(store, &[of_call(n, event)]).await;
        }
        let found = store.transfers(&call(n)).await.expect("transfers");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].outcome.as_deref(), found[0].talked_s), (Some("left"), Some(2)));
    }
}

/// A turn keeps the version of the agent that spoke it.
pub async fn a_turn_keeps_the_version_that_spoke(store: &(impl Db + Directory)) {
    record(store, &[turn(1, 1, "v1"), turn(1, 2, "v2")]).await;
    let turns = store.turns(&call(1)).await.expect("turns");
    let versions: Vec<_> = turns.iter().map(|stored| stored.turn.version.as_deref()).collect();
    assert_eq!(versions, [Some("v1"), Some("v2")]);
}

/// What becomes of a recording while the call lives stands in the company's audit, once; so does its deletion.
pub async fn a_recording_refused_or_deleted_is_audited_once(store: &(impl Db + Directory)) {
    let recording = crate::ids::RecordingId::parse("RE1").expect("a recording");
    let deleted = Event::Recorder(RecorderEvent::Deleted { recording, why: "refused".into() });
    let events = [
        worker(1, 4, CallEvent::Fact(Fact::Recording { state: RecordingState::Refused })),
        envelope(Source::Recorder, 0, 9, deleted),
    ];
    for _ in 0..2 {
        record(store, &events).await;
    }
    let audit = store.audit(&harbour(), 10).await.expect("audit");
    let rows: Vec<_> = audit.iter().map(|row| (&*row.actor, &*row.action, &*row.detail)).collect();
    assert_eq!(rows, [("recorder", "deleted recording", "RE1: refused"), ("agent", "recording refused", "")]);
}

/// Whoever asks not to be called again is kept from calls: the person of the call, whatever is known of it first. The
/// caller of a call that came in, the called of one that we made.
pub async fn who_opts_out_is_known_in_any_order(store: &(impl Db + Outbound)) {
    let (person, ours) = (PhoneNumber::new("+15005550006"), PhoneNumber::new("+15005550001"));
    let asked = |n| of_call(n, &worker(1, 4, CallEvent::Fact(Fact::OptedOut)));
    let both = [Direction::Inbound, Direction::Outbound];
    for (n, (direction, first)) in (1..).zip(both.into_iter().flat_map(|direction| [(direction, 0), (direction, 1)])) {
        let (from, to) = if direction == Direction::Inbound { (&person, &ours) } else { (&ours, &person) };
        let told = [asked(n), of_call(n, &accepted(direction, from, to))];
        for event in [&told[first], &told[1 - first]] {
            store.record(std::slice::from_ref(event), &person_of_the_call).await.expect("record");
        }
        let kept = store.opted_out(&harbour(), &[person.clone(), ours.clone()]).await.expect("opted out");
        assert_eq!(kept, std::slice::from_ref(&person), "{direction:?}, event {first} first");
        store.opt_in(&harbour(), std::slice::from_ref(&person)).await.expect("opt in");
    }
}

/// Whoever did not ask is not kept from calls, and who may be called again stays so when old events come again.
pub async fn who_did_not_opt_out_may_be_called(store: &(impl Db + Outbound)) {
    let (person, ours) = (PhoneNumber::new("+15005550006"), PhoneNumber::new("+15005550001"));
    let events = [accepted(Direction::Inbound, &person, &ours), turn(1, 1, "v1")];
    store.record(&events, &person_of_the_call).await.expect("record");
    assert_eq!(store.opted_out(&harbour(), std::slice::from_ref(&person)).await.expect("opted out"), []);
    let asked = [worker(1, 4, CallEvent::Fact(Fact::OptedOut))];
    store.record(&asked, &person_of_the_call).await.expect("record");
    store.opt_in(&harbour(), std::slice::from_ref(&person)).await.expect("opt in");
    store.record(&asked, &person_of_the_call).await.expect("record");
    store.record(&[turn(1, 2, "v1")], &person_of_the_call).await.expect("record");
    assert_eq!(store.opted_out(&harbour(), std::slice::from_ref(&person)).await.expect("opted out"), []);
}

fn accepted(direction: Direction, from: &PhoneNumber, to: &PhoneNumber) -> Envelope {
    let (from, to) = (from.clone(), to.clone());
    let (agent, agent_version, language, attempt) = (None, None, None, None);
    let told = GatewayEvent::Accepted { direction, from, to, agent, agent_version, language, attempt };
    envelope(Source::Gateway, 1, 0, Event::Gateway(told))
}

/// A fold that only keeps who calls whom.
fn person_of_the_call(cdr: &mut Cdr, envelope: &Envelope) {
    cdr.company.clone_from(&envelope.company);
    if let Event::Gateway(GatewayEvent::Accepted { direction, from, to, .. }) = &envelope.event {
        (cdr.direction, cdr.from, cdr.to) = (Some(*direction), Some(from.clone()), Some(to.clone()));
    }
}

/// Records with a fold that leaves everything: what is tested here is beside it.
pub(super) async fn record(db: &impl Db, events: &[Envelope]) {
    fn leave(_: &mut Cdr, _: &Envelope) {}
    db.record(events, &leave).await.expect("record");
}

/// A turn of call `n`, spoken by this version of the agent.
pub(super) fn turn(n: u32, sequence: u64, version: &str) -> Envelope {
    let turn = Turn {
        number: u32::try_from(sequence).expect("a small number"),
        speaker: Speaker::Agent,
        text: Some(Spoken::new("yes")),
        started_ms: 1,
        ended_ms: 2,
        heard: Heard::Whole,
        version: Some(version.into()),
    };
    of_call(n, &worker(1, sequence, CallEvent::Turn(turn)))
}

/// Call number `n`.
pub(super) fn call(n: u32) -> CallId {
    CallId::parse(format!("CA{n:032x}")).expect("a call sid")
}

/// The company of every call.
pub(super) fn harbour() -> CompanyId {
    CompanyId::parse("harbour").expect("a company")
}

/// An event of call 1.
pub(super) fn envelope(source: Source, epoch: u64, sequence: u64, event: Event) -> Envelope {
    Envelope {
        version: ENVELOPE_VERSION,
        key: EventKey { call: call(1), source, epoch: Epoch(epoch), sequence },
        company: Some(harbour()),
        at_ms: START_MS + sequence,
        trace: String::new(),
        event,
    }
}

/// The same event of call `n`.
pub(super) fn of_call(n: u32, event: &Envelope) -> Envelope {
    Envelope { key: EventKey { call: call(n), ..event.key.clone() }, ..event.clone() }
}

/// An event that a worker saw in call 1.
pub(super) fn worker(epoch: u64, sequence: u64, event: CallEvent) -> Envelope {
    envelope(Source::Worker, epoch, sequence, Event::Worker(event))
}

fn tool_run(sequence: u64, name: &str, outcome: ToolOutcome, error: Option<&str>, kept: Option<Kept>) -> Envelope {
    let (call, error) = (format!("call_{sequence}"), error.map(str::to_owned));
    worker(1, sequence, CallEvent::ToolRun { call, name: name.into(), took_ms: 40, outcome, error, kept })
}

/// The call left under this claim, a second after the one before.
fn left(epoch: u64, sequence: u64, next: Option<NextStep>) -> Envelope {
    let ended = CallEvent::Ended { reason: EndReason::Moved, at_ms: 1, next, ignored: 0 };
    Envelope { at_ms: START_MS + epoch * 1_000 + sequence, ..worker(epoch, sequence, ended) }
}

/// The gateway claims the call anew and says that the place it had left for is over.
fn returned(epoch: u64, left: u64, way: &str, place: &str, outcome: PlaceOutcome, talked_s: Option<u64>) -> Envelope {
    let (left, way, place) = (Epoch(left), way.to_owned(), place.to_owned());
    let told = Event::Gateway(GatewayEvent::Returned { left, way, place, outcome, talked_s });
    Envelope { at_ms: START_MS + epoch * 1_000, ..envelope(Source::Gateway, epoch, 0, told) }
}
