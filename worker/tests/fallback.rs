//! The agent's first provider refuses: the next one speaks, or the telephone network apologises.

use crate::support::provider::{FakeProvider, openai_agent};
use crate::support::speech::recording;
use crate::support::{Bench, Setup, call, demo_agent, worker_event};
use ::call::{CallEvent, EndReason, NextStep};
use common::company::{AgentSnapshot, Provider};
use common::ports::SessionStatus;

#[tokio::test]
async fn a_caller_is_greeted_by_the_second_provider_when_the_first_refuses_the_key() {
    let (bench, provider) = bench().await;
    let voices = vec![common::testing::voice(Provider::Openai), common::testing::voice(Provider::Scripted)];
    let agent = AgentSnapshot { voices, script: demo_agent().script, ..openai_agent() };
    let seat = bench.reserve_for(&call(1), agent).await;
    provider.refuse().await;

    let mut telephone = bench.dial(&seat).await;
    telephone.start(&call(1)).await;

    let greeting = recording("greeting");
    assert!(telephone.hear(greeting.len()).await == greeting);
}

#[tokio::test]
async fn a_caller_nobody_can_speak_to_hears_an_apology_of_the_network() {
    let (mut bench, provider) = bench().await;
    let seat = bench.reserve_for(&call(1), openai_agent()).await;
    provider.refuse().await;

    let mut telephone = bench.dial(&seat).await;
    telephone.start(&call(1)).await;

    assert_eq!(telephone.closed().await.0, 1000);
    let session = bench.session(&call(1)).await;
    assert_eq!((session.status, session.next), (SessionStatus::Live, Some(NextStep::Apologize)), "before the close");
    let events = bench.events_until("ended").await;
    let CallEvent::Ended { reason, next, .. } = worker_event(events.last().unwrap()) else { panic!() };
    assert_eq!((*reason, next), (EndReason::AgentUnavailable, &Some(NextStep::Apologize)));
}

async fn bench() -> (Bench, FakeProvider) {
    let provider = FakeProvider::start().await;
    let setup = Setup::new().with("openai.base_url", &provider.base_url()).with("openai.api_key", "sk-wrong");
    (setup.start().await, provider)
}
