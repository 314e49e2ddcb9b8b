//! A caller who does not want to be recorded: nothing is kept anywhere, and the record knows.

use crate::support::recorded::{RecordedCall, states};
use crate::support::{eventually, kinds};
use call::RecordingState::{Refused, Started};
use common::company::{RecordFrom, Recording};

#[tokio::test]
async fn a_refusal_leaves_nothing_anywhere() {
    let policy = RecordedCall::here(Recording { from: RecordFrom::Start, ..Recording::default() });
    let mut call = RecordedCall::begin(policy, &[], &[]).await;
    call.caller_says(0x91, 200).await;
    eventually("the recording was begun", async || !call.files().is_empty()).await;
    call.agent_does("refuse").await;
    eventually("what was kept is gone", async || call.files().is_empty()).await;
    call.caller_says(0x92, 200).await;
    call.agent_does("start").await;
    call.caller_says(0x93, 200).await;
    let events = call.hang_up("ended").await;
    assert_eq!(states(&events), [Started, Refused]);
    call.greeted.bench.lifecycle.stop();
    call.greeted.bench.running.join(crate::support::PATIENCE).await;
    let told = kinds(&call.greeted.bench.events().await).into_iter().filter(|kind| ["stored", "lost"].contains(kind));
    assert_eq!((told.count(), call.files()), (0, vec![]));
}

#[tokio::test]
async fn a_refusal_before_anything_was_kept_is_told() {
    let policy = RecordedCall::here(Recording { from: RecordFrom::Asked, ..Recording::default() });
    let mut call = RecordedCall::begin(policy, &[], &[]).await;
    call.caller_says(0x91, 10).await;
    call.agent_does("refuse").await;
    let events = call.hang_up("ended").await;
    assert_eq!((states(&events), call.files()), (vec![Refused], vec![]));
}

#[tokio::test]
async fn a_recording_begins_when_the_agent_was_told_so() {
    let policy = RecordedCall::here(Recording { from: RecordFrom::Asked, ..Recording::default() });
    let mut call = RecordedCall::begin(policy, &[], &[]).await;
    call.caller_says(0x91, 10).await;
    call.agent_does("start").await;
    call.caller_says(0x92, 100).await;
    let events = call.hang_up("stored").await;
    let wav = call.recording(&events);
    assert_eq!(states(&events), [Started]);
    let kept = wav.caller.iter().filter(|sample| **sample == 0x92).count();
    assert!(!wav.caller.contains(&0x91) && kept > 50 * 160, "{kept} samples");
}
