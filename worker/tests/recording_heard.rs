//! A recording holds what was heard: the caller sample by sample, the agent where the telephone played it.

use crate::support::call;
use crate::support::phone::{Caller, OFF};
use crate::support::studio::Studio;
use common::company::{RecordBy, RecordFrom, Recording};

fn from_the_start() -> Recording {
    Recording { by: RecordBy::Patchbay, from: RecordFrom::Start, ..Recording::default() }
}

#[tokio::test(start_paused = true)]
async fn both_channels_equal_what_was_heard() {
    let studio = Studio::new().await;
    let played = studio
        .call(
            &call(1),
            from_the_start(),
            &[Caller::Listen, Caller::Speak(60), Caller::Listen, Caller::Quiet(50), Caller::Speak(60), Caller::Listen],
        )
        .await;
    let takes = studio.close().await;
    let wav = takes.recording(&call(1));
    assert_eq!(played.begins(&wav), 0);
    assert!(played.spans.iter().map(|span| span.sound.len()).sum::<usize>() > 100_000, "the agent has spoken");
    let off = played.check(&wav, &[]);
    println!("the agent's places are off by {off} samples at most");
    assert!(off <= 160, "{off} samples");
    assert_eq!(wav.silent_ms, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_who_interrupts_did_not_hear_is_not_recorded() {
    let studio = Studio::new().await;
    let mut all = Vec::new();
    for (number, heard) in [(1, 400), (2, 9_000), (3, 20_000)] {
        let caller = [Caller::Hear(heard), Caller::Speak(60), Caller::Listen, Caller::Quiet(20)];
        let played = studio.call(&call(number), from_the_start(), &caller).await;
        assert!(played.spans.iter().any(|span| span.cut), "nobody was interrupted");
        all.push(played);
    }
    let takes = studio.close().await;
    for (number, played) in (1..).zip(all) {
        let off = played.check(&takes.recording(&call(number)), &[]);
        println!("call {number}: off by {off} samples at most");
        assert!(off <= OFF as u64, "{off} samples");
    }
}

#[tokio::test(start_paused = true)]
async fn lost_frames_of_the_caller_keep_their_time() {
    let studio = Studio::new().await;
    let caller = [Caller::Quiet(30), Caller::Lost(7), Caller::Quiet(3), Caller::Lost(100), Caller::Listen];
    let played = studio.call(&call(1), from_the_start(), &caller).await;
    let takes = studio.close().await;
    let wav = takes.recording(&call(1));
    assert_eq!(wav.caller[30 * 160..37 * 160], [0xFF; 7 * 160]);
    played.check(&wav, &[]);
}
