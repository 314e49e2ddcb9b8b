//! A whole call: what the agent says arrives byte for byte, what happened arrives in order.

use crate::support::speech::{caller_turn, recording};
use crate::support::telephone::{Heard, Marks};
use crate::support::{Bench, are_whole, call, kinds, worker_event};
use ::call::{CallEvent, Conversation, EndReason, NextStep, Speaker};
use common::ports::SessionStatus;

#[tokio::test]
async fn the_caller_hears_the_agent_byte_for_byte() {
    let bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    let greeting = recording("greeting");
    assert!(telephone.hear(greeting.len()).await == greeting);
    telephone.speak(&caller_turn()).await;
    let answer = recording("breakfast");
    assert!(telephone.hear(answer.len()).await == answer);
}

#[tokio::test]
async fn a_mark_follows_the_audio_so_that_it_is_known_what_was_heard() {
    let bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    let length = recording("greeting").len();
    let (mut audio, mut marks) = (0, Vec::new());
    while audio < length || marks.last().is_some_and(|(_, at)| *at < length) {
        match telephone.next().await {
            Heard::Audio(piece) => audio += piece.len(),
            Heard::Mark(name) => marks.push((name, audio)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(marks.last().unwrap().1, length, "the last mark stands behind the last word");
    assert!(marks.windows(2).all(|pair| pair[1].1 - pair[0].1 <= 2_400), "{marks:?}");
}

#[tokio::test]
async fn a_caller_who_interrupts_clears_what_was_not_heard() {
    let bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.marks = Marks::Keep;
    telephone.hear(recording("greeting").len()).await;
    telephone.speak(&[0x90; 1_600]).await;
    loop {
        match telephone.next().await {
            Heard::Clear => return,
            Heard::Mark(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn when_the_caller_hangs_up_the_session_is_over_before_the_line_is_closed() {
    let mut bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    assert_eq!(bench.session(&call(1)).await.status, SessionStatus::Live);
    telephone.stop().await;
    assert_eq!(telephone.closed().await, (1000, "bye".to_owned()));

    let session = bench.session(&call(1)).await;
    assert_eq!((session.status, session.next), (SessionStatus::Ended, Some(NextStep::HangUp)));
    let events = bench.events_until("ended").await;
    let CallEvent::Ended { reason, next, .. } = worker_event(events.last().unwrap()) else { panic!() };
    assert_eq!((*reason, next), (EndReason::CallerHungUp, &None));
    assert!(events.iter().all(|event| event.key.epoch == session.epoch));
}

#[tokio::test]
async fn events_come_in_order_and_the_last_word_last() {
    let mut bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    telephone.speak(&caller_turn()).await;
    telephone.hear(recording("breakfast").len()).await;
    telephone.stop().await;
    telephone.closed().await;

    let events = bench.events_until("ended").await;
    assert!(are_whole(&events), "{:?}", kinds(&events));
    assert_eq!(kinds(&events)[..3], ["answered", "agent_ready", "first_word"]);
    assert_eq!(kinds(&events).last(), Some(&"ended"));
    let speakers = events.iter().filter_map(|event| match worker_event(event) {
        CallEvent::Turn(turn) => Some(turn.speaker),
        _ => None,
    });
    assert_eq!(speakers.collect::<Vec<_>>(), [Speaker::Agent, Speaker::Caller, Speaker::Agent]);
}

#[tokio::test]
async fn what_was_heard_is_stored_for_whoever_goes_on() {
    let mut bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    telephone.speak(&caller_turn()).await;
    telephone.hear(recording("breakfast").len()).await;
    telephone.stop().await;
    telephone.closed().await;
    bench.events_until("ended").await;

    let checkpoint = bench.session(&call(1)).await.checkpoint.unwrap();
    let conversation: Conversation = serde_json::from_slice(&checkpoint).unwrap();
    let words: Vec<_> = conversation.turns.iter().map(|turn| turn.text.as_ref().unwrap().reveal()).collect();
    assert_eq!(words[..2], ["Hello, this is Harbour Rooms. How can I help you?", "What time is breakfast?"]);
}

#[tokio::test]
async fn when_the_agent_says_goodbye_the_line_is_closed_after_it_was_heard() {
    let mut bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    let said = ["greeting", "breakfast", "friday", "bye"].map(recording);
    telephone.hear(said[0].len()).await;
    for words in &said[1..] {
        telephone.speak(&caller_turn()).await;
        assert!(telephone.hear(words.len()).await == *words);
    }
    assert_eq!(telephone.closed().await, (1000, "bye".to_owned()));
    let session = bench.session(&call(1)).await;
    assert_eq!((session.status, session.next), (SessionStatus::Ended, Some(NextStep::HangUp)));
    let events = bench.events_until("ended").await;
    let CallEvent::Ended { reason, .. } = worker_event(events.last().unwrap()) else { panic!() };
    assert_eq!(*reason, EndReason::AgentHungUp);
}

#[tokio::test]
async fn a_line_that_breaks_leaves_the_call_to_be_resumed() {
    let mut bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    drop(telephone);
    let events = bench.events_until("ended").await;
    let CallEvent::Ended { reason, .. } = worker_event(events.last().unwrap()) else { panic!() };
    assert_eq!(*reason, EndReason::LineLost);
    let session = bench.session(&call(1)).await;
    assert_eq!((session.status, session.next), (SessionStatus::Live, None));
}
