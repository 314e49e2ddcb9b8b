//! A writer that stands still: the call does not notice.

use crate::support::speech::{caller_turn, recording};
use crate::support::{Setup, call, demo_agent};
use common::company::AgentSnapshot;
use common::company::{RecordBy, RecordFrom, Recording};
use std::process::Command;

#[tokio::test]
async fn a_disk_that_stands_still_delays_no_frame() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let setup = Setup::new().with("recordings.spool_dir", spool.to_str().unwrap());
    let bench = setup.with("recordings.url", folder.path().join("kept").to_str().unwrap()).start().await;
    bench.log.expect_errors(&["a recording is given up", "the spool of recordings cannot be used"]);
    let recording_policy = Recording { by: RecordBy::Patchbay, from: RecordFrom::Start, ..Recording::default() };
    let seat = bench.reserve_for(&call(1), AgentSnapshot { recording: recording_policy, ..demo_agent() }).await;
    // Whoever opens a pipe to write waits until somebody reads.
    let worker = spool.join(crate::support::WORKER);
    std::fs::create_dir_all(&worker).unwrap();
    let pipe = worker.join(format!("{}-{}.part", seat.call, seat.epoch));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());

    let mut telephone = bench.dial(&seat).await;
    telephone.start(&seat.call).await;
    telephone.hear(recording("greeting").len()).await;
    let before = bench.proof().await.frames;
    telephone.speak(&caller_turn()).await;
    telephone.hear(recording("breakfast").len()).await;
    let passed = bench.proof().await.frames - before;
    assert!(passed >= (caller_turn().len() / 160) as u64, "{passed} frames");
    assert!(std::fs::metadata(worker.join(format!("{}-{}.json", seat.call, seat.epoch))).is_ok(), "it never began");
    telephone.stop().await;
    assert_eq!(telephone.closed().await.0, 1000);
    // The disk moves again: otherwise the writer's thread would never end.
    std::fs::File::open(&pipe).unwrap();
}
