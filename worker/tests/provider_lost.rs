//! The provider's socket breaks in mid-call: it is dialled again and told what was heard.

use crate::support::provider::{FakeProvider, ProviderSession, openai_agent};
use crate::support::telephone::Telephone;
use crate::support::{Bench, Setup, call, worker_event};
use ::call::{CallEvent, EndReason, NextStep};

const WORDS: &str = "Hello, how can I help you?";

#[tokio::test]
async fn a_lost_provider_is_dialled_again_with_what_was_heard() {
    let provider = FakeProvider::start().await;
    let (mut bench, mut telephone, session) = greeted(&provider).await;
    bench.events_until("turn").await;

    drop(session);

    let mut session = provider.session().await;
    session.configure().await;
    let note = session.take_item().await;
    assert_eq!(note["role"], "system");
    let greeting = session.take_item().await;
    assert_eq!((&greeting["role"], &greeting["content"][0]["text"]), (&"assistant".into(), &WORDS.into()));
    bench.events_until("agent_restored").await;
    session.answer("I am back.", &[0x66; 800]).await;
    assert_eq!(telephone.hear(1).await, [0x66; 800]);
    telephone.stop().await;
    assert_eq!(telephone.closed().await.0, 1000, "the caller noticed nothing but a pause");
}

#[tokio::test]
async fn a_provider_that_refuses_the_key_is_not_dialled_again_and_again() {
    let provider = FakeProvider::start().await;
    let (mut bench, mut telephone, mut session) = greeted(&provider).await;
    let error = serde_json::json!({"type": "invalid_request_error", "code": "invalid_api_key", "message": "no"});
    session.say(serde_json::json!({"type": "error", "error": error})).await;
    assert_eq!(telephone.closed().await.0, 1000);
    let events = bench.events_until("ended").await;
    let CallEvent::Ended { reason, .. } = worker_event(events.last().unwrap()) else { panic!() };
    assert_eq!(*reason, EndReason::AgentUnavailable);
    assert_eq!(bench.session(&call(1)).await.next, Some(NextStep::Apologize));
}

/// A call that was greeted by the provider, and its session there.
async fn greeted(provider: &FakeProvider) -> (Bench, Telephone, ProviderSession) {
    let setup = Setup::new().with("openai.base_url", &provider.base_url()).with("openai.api_key", "sk-test");
    let bench = setup.start().await;
    let seat = bench.reserve_for(&call(1), openai_agent()).await;
    let mut session = provider.session().await;
    session.configure().await;
    let mut telephone = bench.dial(&seat).await;
    telephone.start(&call(1)).await;
    session.told("response.create").await;
    session.answer(WORDS, &[0x55; 800]).await;
    assert_eq!(telephone.hear(1).await, [0x55; 800]);
    (bench, telephone, session)
}
