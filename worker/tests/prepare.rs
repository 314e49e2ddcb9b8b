//! The agent is dialled when a seat is reserved, and let go when nobody comes.

use crate::support::provider::{FakeProvider, openai_agent};
use crate::support::telephone::Heard;
use crate::support::{Bench, Setup, call};
use common::ports::State;
use std::time::Duration;

#[tokio::test]
async fn the_provider_is_ready_before_the_stream_comes_and_is_not_dialled_again() {
    let provider = FakeProvider::start().await;
    let bench = bench(&provider).await;
    let seat = bench.reserve_for(&call(1), openai_agent()).await;

    let mut session = provider.session().await;
    session.configure().await;
    assert_eq!(bench.proof().await.live, 0, "no stream has come");

    let mut telephone = bench.dial(&seat).await;
    telephone.start(&call(1)).await;
    session.told("response.create").await;
    session.answer("Hello.", &[0x55; 800]).await;
    assert_eq!(telephone.next().await, Heard::Audio(vec![0x55; 800]));
}

#[tokio::test]
async fn what_the_caller_says_before_the_provider_is_ready_is_kept() {
    let provider = FakeProvider::start().await;
    let bench = bench(&provider).await;
    let mut telephone = {
        let seat = bench.reserve_for(&call(1), openai_agent()).await;
        bench.dial(&seat).await
    };
    let mut session = provider.session().await;
    telephone.start(&call(1)).await;
    telephone.speak(&[0x77; 320]).await;
    session.configure().await;
    let frame = "d3d3".repeat(53) + "dw==";
    for _ in 0..2 {
        assert_eq!(session.told("input_audio_buffer.append").await["audio"], frame);
    }
}

#[tokio::test]
async fn an_agent_nobody_comes_for_is_let_go_after_fifteen_seconds() {
    let provider = FakeProvider::start().await;
    let bench = bench(&provider).await;
    let seat = bench.reserve_for(&call(1), openai_agent()).await;
    let mut session = provider.session().await;
    session.configure().await;
    taken(&bench, 1).await;

    // Everything is connected: from here on nothing but time passes.
    tokio::time::pause();
    let waited = tokio::time::Instant::now();
    session.ended().await;

    assert!((14..17).contains(&waited.elapsed().as_secs()), "{:?}", waited.elapsed());
    tokio::time::resume();
    taken(&bench, 0).await;
    let mut late = bench.dial(&seat).await;
    late.start(&call(1)).await;
    assert_eq!(late.closed().await, (1008, "no reservation".to_owned()));
}

async fn bench(provider: &FakeProvider) -> Bench {
    Setup::new().with("openai.base_url", &provider.base_url()).with("openai.api_key", "sk-test").start().await
}

/// Waits until the pool knows that so many seats are taken.
async fn taken(bench: &Bench, seats: u32) {
    let known = async || {
        let pool = bench.state.pool().await.unwrap();
        pool.first().is_some_and(|entry| entry.worker.load.taken == seats)
    };
    tokio::time::timeout(Duration::from_secs(10), crate::support::eventually("the pool knows", known)).await.unwrap();
}
