//! A worker that stops takes no new call, lets live ones finish, and hands over those that stay too long.

use crate::support::speech::{caller_turn, recording};
use crate::support::{Bench, PATIENCE, Setup, call, demo_agent, worker_event};
use ::call::{CallEvent, EndReason, NextStep};
use common::ids::Epoch;
use common::ports::{SessionStatus, State};
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn a_stopping_worker_lets_live_calls_finish_and_ends() {
    let bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;

    stop(&bench).await;

    assert_eq!(bench.try_reserve(&call(2), Epoch(1), demo_agent()).await.unwrap_err(), "draining");
    telephone.speak(&caller_turn()).await;
    let answer = recording("breakfast");
    assert!(telephone.hear(answer.len()).await == answer, "the live call goes on");
    telephone.stop().await;
    assert_eq!(telephone.closed().await.0, 1000);
    assert_eq!(bench.running.join(PATIENCE).await, 0, "the worker ends by itself");
    assert_eq!(bench.lifecycle.join(PATIENCE).await, 0, "so does its beat");
    assert!(bench.state.pool().await.unwrap().is_empty(), "and is out of the pool");
}

#[tokio::test]
async fn a_stream_that_was_promised_before_the_stop_still_connects() {
    let bench = Bench::new().await;
    let seat = bench.reserve(&call(1)).await;
    stop(&bench).await;
    let mut telephone = bench.dial(&seat).await;
    telephone.start(&call(1)).await;
    let greeting = recording("greeting");
    assert!(telephone.hear(greeting.len()).await == greeting);
}

#[tokio::test]
async fn a_call_that_stays_too_long_goes_on_at_another_worker() {
    let mut bench = Setup::new().with("worker.drain_seconds", "0").start().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;

    bench.lifecycle.stop();

    assert_eq!(telephone.closed().await, (1001, "going away".to_owned()));
    let session = bench.session(&call(1)).await;
    assert_eq!((session.status, session.next), (SessionStatus::Live, Some(NextStep::Resume)));
    assert!(session.checkpoint.is_some(), "with what was heard");
    let events = bench.events_until("ended").await;
    let CallEvent::Ended { reason, next, .. } = worker_event(events.last().unwrap()) else { panic!() };
    assert_eq!((*reason, next), (EndReason::Moved, &Some(NextStep::Resume)));
    assert_eq!(bench.running.join(PATIENCE).await, 0);
}

#[tokio::test]
async fn a_gateway_s_idle_connection_does_not_hold_up_the_end() {
    let bench = Bench::new().await;
    bench.proof().await;
    // The client keeps its connection; from here on nothing but time passes.
    tokio::time::pause();
    let stopped = Instant::now();
    bench.lifecycle.stop();
    assert_eq!(bench.running.join(PATIENCE).await, 0);
    assert!(stopped.elapsed() < Duration::from_secs(6), "{:?}", stopped.elapsed());
}

#[tokio::test]
async fn a_worker_that_drains_by_request_goes_on_with_its_calls() {
    let bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    let url = format!("http://{}/drain", bench.address);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(url).bearer_auth(bench.keys.internal()).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(bench.try_reserve(&call(2), Epoch(1), demo_agent()).await.unwrap_err(), "draining");
    let greeting = recording("greeting");
    assert!(telephone.hear(greeting.len()).await == greeting);
}

/// Asks for a stop and waits until it is heard.
async fn stop(bench: &Bench) {
    bench.lifecycle.stop();
    let refused = async || bench.try_reserve(&call(99), Epoch(1), demo_agent()).await.is_err();
    crate::support::eventually("new calls are refused", refused).await;
}
