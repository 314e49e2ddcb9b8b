//! Recordings on their way to the store: it may be away, the folder may be full, the worker may be lost.

use crate::support::call;
use crate::support::phone::Caller;
use crate::support::studio::{Studio, Wav, files};
use common::company::{RecordBy, RecordFrom, Recording};
use common::event::TapEvent;
use std::time::Duration;

fn from_the_start() -> Recording {
    Recording { by: RecordBy::Patchbay, from: RecordFrom::Start, ..Recording::default() }
}

#[tokio::test(start_paused = true)]
async fn a_recording_waits_until_the_store_is_back() {
    let studio = Studio::new().await;
    studio.store.set_away(true);
    studio.call(&call(1), from_the_start(), &[Caller::Quiet(100)]).await;
    while studio.store.asked_in_vain() < 3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    studio.store.set_away(false);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let takes = studio.close().await;
    assert_eq!(takes.recording(&call(1)).caller.len(), 100 * 160);
    assert_eq!(takes.files().len(), 1, "nothing is left in the spool");
}

#[tokio::test(start_paused = true)]
async fn a_recording_waits_over_a_restart() {
    let studio = Studio::new().await;
    studio.store.set_away(true);
    let played = studio.call(&call(1), from_the_start(), &[Caller::Listen]).await;
    let takes = studio.close().await;
    assert_eq!(takes.told(&call(1)), []);
    let takes = Studio::on(takes.into_folder(), &[]).await.close().await;
    played.check(&takes.recording(&call(1)), &[]);
    assert_eq!(takes.files().len(), 1, "nothing is left in the spool");
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_worker_leaves_is_completed_at_the_next_start() {
    let folder = Studio::new().await.killed(Duration::from_secs(10), &call(1), from_the_start()).await;
    let part = files(folder.path()).into_iter().find(|path| path.extension().unwrap() == "part").unwrap();
    assert!(std::fs::read(&part).unwrap()[54..58] == [0; 4], "its header does not know how long it is");
    let takes = Studio::on(folder, &[]).await.close().await;
    let wav: Wav = takes.recording(&call(1));
    // Ten seconds less what the tap and the disk had not taken yet.
    assert!((8 * 8_000..=10 * 8_000).contains(&wav.caller.len()), "{} samples", wav.caller.len());
    assert!(wav.agent.iter().filter(|sample| **sample != 0xFF).count() > 20_000, "the greeting is there");
    assert_eq!(takes.files().len(), 1, "nothing is left in the spool");
}

#[tokio::test(start_paused = true)]
async fn a_full_spool_loses_the_recording_and_not_the_call() {
    let studio = Studio::with(&[("recordings.spool_mib", "1")]).await;
    studio.log.expect_errors(&["a recording is given up"]);
    // A megabyte is 65 s of two channels.
    let played = studio.call(&call(1), from_the_start(), &[Caller::Quiet(4_000)]).await;
    assert_eq!(played.said.len(), 4_000);
    studio.call(&call(2), from_the_start(), &[Caller::Quiet(500)]).await;
    let takes = studio.close().await;
    let [TapEvent::Lost { why, .. }] = &takes.told(&call(1))[..] else { panic!("{:?}", takes.told(&call(1))) };
    assert_eq!(why, "no_space");
    assert_eq!(takes.recording(&call(2)).caller.len(), 500 * 160, "there is room again");
    assert_eq!(takes.files().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_spool_that_cannot_be_written_loses_the_recording_and_not_the_call() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spool"), "a file where the folder should be").unwrap();
    let studio = Studio::on(folder, &[]).await;
    studio.log.expect_errors(&["a recording is given up", "the spool of recordings cannot be used", "left unfinished"]);
    let played = studio.call(&call(1), from_the_start(), &[Caller::Listen]).await;
    assert!(!played.spans.is_empty());
    let takes = studio.close().await;
    assert_eq!(takes.told(&call(1)), []);
}
