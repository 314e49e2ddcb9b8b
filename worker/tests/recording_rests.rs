//! A recording rests when the agent says so and while tools run that are not to be heard; the silence keeps its length.

use crate::support::recorded::{RecordedCall, states};
use crate::support::service::Service;
use crate::support::studio::Wav;
use call::RecordingState::{Paused, Resumed, Started, Stopped};
use common::company::{RecordFrom, Recording};
use serde_json::json;

/// How often each of these sounds stands in the caller's channel, in frames; what was begun counts.
fn frames(wav: &Wav, samples: &[u8]) -> Vec<usize> {
    samples.iter().map(|sample| wav.caller.iter().filter(|kept| *kept == sample).count().div_ceil(160)).collect()
}

/// How many samples lie between the last of one sound and the last of another.
fn between(wav: &Wav, one: u8, other: u8) -> usize {
    let last = |sound: u8| wav.caller.iter().rposition(|sample| *sample == sound).unwrap();
    last(other) - last(one)
}

#[tokio::test]
async fn a_pause_is_silent_and_keeps_its_length() {
    let policy = RecordedCall::here(Recording { from: RecordFrom::Start, ..Recording::default() });
    let mut call = RecordedCall::begin(policy, &[], &[]).await;
    call.caller_says(0x91, 10).await;
    call.agent_does("pause").await;
    call.caller_says(0x92, 20).await;
    call.agent_does("resume").await;
    call.caller_says(0x93, 100).await;
    let events = call.hang_up("stored").await;
    let wav = call.recording(&events);
    let kept = frames(&wav, &[0x91, 0x92, 0x93]);
    assert!(kept[..2] == [10, 0] && kept[2] > 50, "{kept:?}");
    assert_eq!(between(&wav, 0x91, 0x93), 120 * 160);
    assert!((100..1_400).contains(&wav.silent_ms), "{} ms", wav.silent_ms);
    assert_eq!(states(&events), [Started, Paused, Resumed]);
}

#[tokio::test]
async fn what_the_agent_said_in_a_pause_is_not_kept() {
    let policy = RecordedCall::here(Recording { from: RecordFrom::Start, ..Recording::default() });
    let mut call = RecordedCall::begin(policy, &[], &[]).await;
    call.caller_says(0x91, 30).await;
    call.agent_does("pause").await;
    call.greeted.session.answer("Your number is ...", &[0x66; 1_600]).await;
    assert_eq!(call.greeted.telephone.hear(1_600).await, [0x66; 1_600]);
    call.agent_does("resume").await;
    call.caller_says(0x93, 30).await;
    let events = call.hang_up("stored").await;
    let wav = call.recording(&events);
    assert_eq!(wav.agent.iter().filter(|sample| **sample == 0x66).count(), 0);
    assert_eq!(wav.agent.iter().filter(|sample| **sample == 0x55).count(), 800, "the greeting is there");
}

#[tokio::test]
async fn nothing_is_kept_while_a_tool_of_the_list_runs() {
    let service = Service::start().await;
    let policy = Recording { from: RecordFrom::Start, pause_for: vec!["look_up".into()], ..Recording::default() };
    let mut call = RecordedCall::begin(RecordedCall::here(policy), &[service.look_up()], &[service.host()]).await;
    call.caller_says(0x91, 10).await;
    call.greeted.session.ask("fc_1", "look_up", json!({"order": "A-17"})).await;
    let request = service.request().await;
    call.caller_says(0x92, 20).await;
    request.answer(json!("shipped")).await;
    call.greeted.session.output_of("fc_1").await;
    call.caller_says(0x93, 100).await;
    let events = call.hang_up("stored").await;
    let kept = frames(&call.recording(&events), &[0x91, 0x92, 0x93]);
    assert!(kept[..2] == [10, 0] && kept[2] > 50, "{kept:?}");
    assert_eq!(states(&events), [Started, Paused, Resumed]);
}

#[tokio::test]
async fn what_was_stopped_ends_there() {
    let policy = RecordedCall::here(Recording { from: RecordFrom::Start, ..Recording::default() });
    let mut call = RecordedCall::begin(policy, &[], &[]).await;
    call.caller_says(0x91, 10).await;
    call.agent_does("stop").await;
    call.caller_says(0x92, 200).await;
    // Told of in blocks as well, and still behind the end.
    for _ in 0..3 {
        call.greeted.session.answer("Indeed.", &[0x66; 7_000]).await;
        call.greeted.telephone.hear(7_000).await;
        call.caller_says(0x92, 100).await;
    }
    let events = call.hang_up("stored").await;
    let wav = call.recording(&events);
    assert_eq!(frames(&wav, &[0x91, 0x92]), [10, 0]);
    assert!(wav.caller.len() < 200 * 160, "{} samples", wav.caller.len());
    assert!(wav.silent_ms == 0, "what comes after the end is no rest");
    assert_eq!(states(&events), [Started, Stopped]);
}
