//! A record says of every ending what the table in `recorder/src/fold/ending.rs` promises, and a whole call fills it.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "support/story.rs"]
mod story;

use call::{CallEvent, EndReason, NextStep, Resumed, Speaker, Spoken, Usage};
use common::cdr::Evidence;
use common::event::{Envelope, Event, GatewayEvent, PlaceOutcome, Refusal, Source, TwilioEvent};
use story::*;

fn check_end(events: &[Envelope], reason: &str) {
    for rotation in 0..events.len() {
        let mut events = events.to_vec();
        events.rotate_left(rotation);
        assert_eq!(folded(&events).end_reason.as_deref(), Some(reason), "from event {rotation}");
    }
}

#[test]
fn a_whole_call_fills_its_record() {
    let cdr = folded(&whole_call(1));
    assert_eq!(cdr.company.as_ref().map(|id| id.as_str()), Some("harbour"));
    assert_eq!(cdr.agent.as_ref().map(|id| id.as_str()), Some("front-desk"));
    assert_eq!(cdr.agent_version.as_deref(), Some("3"));
    assert_eq!(cdr.language.as_deref(), Some("en-US"));
    assert_eq!(cdr.from.as_ref().map(|number| number.reveal()), Some("+15005550006"));
    assert_eq!(cdr.to.as_ref().map(|number| number.reveal()), Some("+15005550001"));
    assert_eq!(cdr.accepted_ms, Some(EPOCH));
    assert_eq!(cdr.answered_ms, Some(EPOCH + 300));
    assert_eq!(cdr.ended_ms, Some(EPOCH + 10_000));
    assert_eq!(cdr.duration_ms, Some(10_000));
    assert_eq!(cdr.end_reason.as_deref(), Some("caller_hung_up"));
    assert_eq!(cdr.twilio_status.as_deref(), Some("completed"));
    assert_eq!(cdr.workers.iter().map(|(epoch, id)| (*epoch, id.as_str())).collect::<Vec<_>>(), [(EPOCH, "worker-1")]);
    assert_eq!((cdr.turns, cdr.interruptions, cdr.reply_gaps), (2, 1, 2));
    assert_eq!((cdr.reply_gap_max_ms, cdr.reply_gap_sum_ms), (Some(640), 1_000));
    assert_eq!(cdr.first_word_ms, Some(120));
    assert_eq!((cdr.usage.audio_in, cdr.usage.audio_out), (40, 90));
    assert!(cdr.complete);
}

#[test]
fn without_twilio_the_length_is_from_answer_to_end() {
    let mut events = whole_call(1);
    events.retain(|event| event.key.source != Source::Twilio);
    let cdr = folded(&events);
    assert_eq!(cdr.duration_ms, Some(9_000));
    assert!(cdr.complete);
}

#[test]
fn a_call_nobody_has_ended_is_open() {
    let mut events = whole_call(1);
    events.retain(|event| !matches!(event.event, Event::Worker(CallEvent::Ended { .. })) && event.key.sequence != 1);
    check_end(&events, "open");
    assert!(!folded(&events).complete);
}

#[test]
fn a_missing_event_leaves_the_record_incomplete_and_its_arrival_completes_it() {
    let whole = whole_call(1);
    for missing in 2..10 {
        let mut events = whole.clone();
        let late = events.remove(missing);
        let mut cdr = folded(&events);
        assert!(!cdr.complete, "without event {missing}");
        fold().merge(&mut cdr, &late);
        assert_eq!(cdr, folded(&whole));
    }
}

#[test]
fn a_record_without_its_webhook_is_incomplete() {
    let events = whole_call(1);
    assert!(!folded(&events[1..]).complete);
}

#[test]
fn a_worker_that_never_said_its_last_leaves_the_record_incomplete() {
    let mut events = whole_call(1);
    events.retain(|event| !matches!(event.event, Event::Worker(CallEvent::Ended { .. })));
    let cdr = folded(&events);
    assert_eq!(cdr.end_reason.as_deref(), Some("completed"));
    assert!(!cdr.complete);
}

#[test]
fn a_stream_of_which_no_worker_tells_leaves_the_record_incomplete() {
    let stream = TwilioEvent::Stream { stream: None, event: "stream-started".into(), error_code: None };
    let mut events = vec![
        gateway(EPOCH, 0, 0, accepted()),
        gateway(EPOCH, 1, 20, assigned("worker-1")),
        status(2, 10_000, "completed", Some(10)),
    ];
    assert!(folded(&events).complete, "a caller who hung up before the stream has no worker to tell of");
    events.push(event(Source::Twilio, 0, 3, 10, Event::Twilio(stream)));
    assert!(!folded(&events).complete);
}

#[test]
fn a_refusal_ends_a_call() {
    let refused = GatewayEvent::Refused { reason: Refusal::NoCapacity };
    let events = [gateway(EPOCH, 0, 0, accepted()), gateway(EPOCH, 1, 5, refused)];
    check_end(&events, "no_capacity");
    let cdr = folded(&events);
    assert!(cdr.complete);
    assert_eq!((cdr.ended_ms, cdr.duration_ms), (Some(EPOCH + 5), None));
    let mut known = events.to_vec();
    known.push(status(1, 4_000, "completed", Some(4)));
    check_end(&known, "no_capacity");
}

#[test]
fn a_refusal_that_another_webhook_overtook_does_not_hide_the_conversation() {
    let mut events = whole_call(1);
    events.push(gateway(0, 9, 50, GatewayEvent::Refused { reason: Refusal::Internal }));
    check_end(&events, "caller_hung_up");
    assert!(folded(&events).complete);
}

#[test]
fn a_slow_refusal_is_the_reason_when_no_worker_ever_spoke() {
    let events = [
        gateway(EPOCH, 0, 0, accepted()),
        gateway(EPOCH, 1, 30, assigned("worker-1")),
        gateway(0, 9, 20, GatewayEvent::Refused { reason: Refusal::Internal }),
        status(1, 4_000, "completed", Some(4)),
    ];
    check_end(&events, "internal");
}

#[test]
fn a_lost_line_leaves_the_call_open_until_twilio_ends_it() {
    for reason in [EndReason::LineLost, EndReason::WorkerStopped, EndReason::Moved, EndReason::Fenced] {
        let mut events = vec![gateway(EPOCH, 0, 0, accepted()), worker(EPOCH, 0, 9_000, ended(reason))];
        check_end(&events, "open");
        events.push(status(4, 9_500, "completed", Some(9)));
        check_end(&events, reason.as_str());
    }
}

#[test]
fn a_resumed_call_ends_with_the_last_worker() {
    let mut events = whole_call(1);
    events.retain(|event| !matches!(event.event, Event::Worker(CallEvent::Ended { .. })));
    let later = EPOCH + 6_000;
    events.extend([
        worker(EPOCH, 8, 6_000, ended(EndReason::WorkerStopped)),
        gateway(later, 0, 6_100, assigned("worker-2")),
        worker(later, 0, 6_200, CallEvent::Answered { resumed: Resumed::Yes }),
        worker(later, 1, 6_300, CallEvent::FirstWord { after_ms: 10 }),
        worker(later, 2, 8_000, turn(3, Speaker::Agent, "Where were we?")),
        worker(later, 3, 9_000, ended(EndReason::AgentHungUp)),
    ]);
    check_end(&events, "agent_hung_up");
    let cdr = folded(&events);
    assert_eq!(cdr.first_word_ms, Some(120), "the first word is that of the first part");
    assert_eq!(cdr.workers.len(), 2);
    assert_eq!((cdr.turns, cdr.answered_ms), (3, Some(EPOCH + 300)));
    assert!(cdr.complete);
}

#[test]
fn an_older_part_cannot_close_a_call_that_a_newer_one_has_taken() {
    let events = [
        gateway(EPOCH, 0, 0, accepted()),
        gateway(EPOCH + 1, 0, 1_000, assigned("worker-2")),
        worker(EPOCH, 0, 2_000, ended(EndReason::CallerHungUp)),
    ];
    check_end(&events, "open");
}

#[test]
fn twilio_has_the_last_word_on_a_worker_that_fell_silent() {
    let events = [
        gateway(EPOCH, 0, 0, accepted()),
        worker(EPOCH, 0, 1_000, ended(EndReason::WorkerStopped)),
        worker(EPOCH + 1, 0, 2_000, CallEvent::Answered { resumed: Resumed::Yes }),
        status(3, 60_000, "completed", Some(60)),
    ];
    check_end(&events, "completed");
    check_end(&events[3..], "completed");
    check_end(&[status(1, 0, "ringing", None), status(2, 9, "no-answer", Some(0))], "no-answer");
}

#[test]
fn counters_that_are_full_stay_full() {
    let huge = Usage { audio_in: u64::MAX, ..Usage::default() };
    let cdr = folded(&[
        worker(EPOCH, 0, 0, CallEvent::Used { usage: huge, by: None }),
        worker(EPOCH, 1, 0, CallEvent::Used { usage: huge, by: None }),
        worker(EPOCH, 2, 0, CallEvent::ReplyGap { gap_ms: u64::MAX }),
        worker(EPOCH, 3, 0, CallEvent::FirstWord { after_ms: u64::MAX }),
        status(1, 0, "completed", Some(u64::MAX)),
    ]);
    let most = i64::MAX as u64;
    assert_eq!((cdr.usage.audio_in, cdr.reply_gap_sum_ms), (most, most));
    assert_eq!((cdr.first_word_ms, cdr.duration_ms), (Some(most), Some(most)));
}

/// A call that leaves for the desk and what came of it there.
fn sent_to_the_desk(outcome: PlaceOutcome) -> Vec<Envelope> {
    vec![
        gateway(EPOCH, 0, 0, accepted()),
        worker(EPOCH, 0, 300, CallEvent::Answered { resumed: Resumed::No }),
        worker(EPOCH, 1, 9_000, left_for(to_the_desk())),
        gateway(EPOCH + 20_000, 0, 20_000, returned(EPOCH, "transfer", outcome)),
    ]
}

#[test]
fn a_call_that_somebody_took_ends_as_transferred() {
    let mut events = sent_to_the_desk(PlaceOutcome::Answered);
    check_end(&events, "transferred");
    events.push(status(4, 20_100, "completed", Some(20)));
    check_end(&events, "transferred");
    let cdr = folded(&events);
    assert_eq!((cdr.transfers, cdr.duration_ms, cdr.complete), (1, Some(20_000), true));
}

#[test]
fn a_call_that_is_elsewhere_is_open() {
    let events = sent_to_the_desk(PlaceOutcome::Answered);
    check_end(&events[..3], "open");
    assert_eq!(folded(&events[..3]).transfers, 1);
}

#[test]
fn a_caller_who_left_while_it_rang_ends_the_call_as_twilio_says() {
    for outcome in [PlaceOutcome::Left, PlaceOutcome::NoAnswer, PlaceOutcome::Failed] {
        let mut events = sent_to_the_desk(outcome);
        check_end(&events, "open");
        events.push(status(4, 20_100, "completed", Some(20)));
        check_end(&events, "completed");
        events.remove(3);
        check_end(&events, "completed");
    }
}

#[test]
fn a_call_that_came_back_ends_with_the_agents_word() {
    let back = EPOCH + 20_000;
    let mut events = sent_to_the_desk(PlaceOutcome::NoAnswer);
    events.extend([
        worker(back, 0, 20_300, CallEvent::Answered { resumed: Resumed::NobodyAnswered }),
        worker(back, 1, 30_000, ended(EndReason::AgentHungUp)),
    ]);
    check_end(&events, "agent_hung_up");
    events.push(status(4, 30_100, "completed", Some(30)));
    check_end(&events, "agent_hung_up");
    assert!(folded(&events).complete);
}

#[test]
fn a_second_transfer_may_succeed_where_the_first_did_not() {
    let (back, done) = (EPOCH + 20_000, EPOCH + 50_000);
    let mut events = sent_to_the_desk(PlaceOutcome::Busy);
    events.extend([
        worker(back, 0, 20_300, CallEvent::Answered { resumed: Resumed::NobodyAnswered }),
        worker(back, 1, 30_000, left_for(NextStep::Queue { queue: "sales".into() })),
        gateway(done, 0, 50_000, returned(back, "queue", PlaceOutcome::Answered)),
        status(4, 50_100, "completed", Some(50)),
    ]);
    check_end(&events, "transferred");
    assert_eq!(folded(&events).transfers, 2);
}

#[test]
fn keys_that_were_sent_are_nobody_talking() {
    let back = EPOCH + 20_000;
    let keys = NextStep::Digits { keys: Spoken::new("1#") };
    let events = [
        gateway(EPOCH, 0, 0, accepted()),
        worker(EPOCH, 0, 9_000, left_for(keys)),
        gateway(back, 0, 9_100, returned(EPOCH, "digits", PlaceOutcome::Answered)),
    ];
    check_end(&events, "open");
    let mut over = events.to_vec();
    over.push(status(4, 9_500, "completed", Some(9)));
    check_end(&over, "completed");
    over.push(worker(back, 0, 9_400, ended(EndReason::CallerHungUp)));
    check_end(&over, "caller_hung_up");
}

#[test]
fn the_last_word_on_version_and_language_counts() {
    let says = |events: &[Envelope]| {
        let cdr = folded(events);
        let agent = cdr.agent.as_ref().map(|id| id.as_str().to_owned());
        (agent.unwrap_or_default(), cdr.agent_version.unwrap_or_default(), cdr.language.unwrap_or_default())
    };
    let words =
        |agent: &str, version: &str, language: &str| (agent.to_owned(), version.to_owned(), language.to_owned());
    let mut events = vec![gateway(EPOCH, 0, 0, accepted())];
    assert_eq!(says(&events), words("front-desk", "3", "en-US"));
    events.push(gateway(EPOCH, 1, 10, chosen("night", "7", "es")));
    assert_eq!(says(&events), words("night", "7", "es"));
    events.push(worker(EPOCH, 4, 50, configured("8", "es")));
    events.push(worker(EPOCH, 9, 40, configured("8", "hi")));
    events.push(worker(EPOCH, 5, 60, configured("9", "en")));
    for _ in 0..events.len() {
        events.rotate_left(1);
        assert_eq!(says(&events), words("night", "8", "hi"));
    }
    events.push(gateway(EPOCH + 1, 0, 70, chosen("sales", "1", "de")));
    assert_eq!(says(&events), words("sales", "1", "de"));
}

#[test]
fn a_record_of_the_release_before_goes_on() {
    let events = [gateway(EPOCH, 0, 0, accepted()), worker(EPOCH, 0, 9_000, configured("4", "es"))];
    let mut cdr = folded(&events[..1]);
    cdr.evidence = Evidence::default();
    fold().merge(&mut cdr, &events[1]);
    assert_eq!(
        (cdr.agent.as_ref().map(|id| id.as_str()), cdr.agent_version.as_deref()),
        (Some("front-desk"), Some("4"))
    );
}

#[test]
fn tools_are_counted() {
    let events = [worker(EPOCH, 0, 0, tool_run("lookup")), worker(EPOCH, 1, 0, tool_run("lookup"))];
    assert_eq!(folded(&events).tools, 2);
}
