//! A call that has cost as much as it may is ended politely, and whose price each use has is told with it.

use crate::support::provider::{FakeProvider, Greeted, agent_with};
use crate::support::{Setup, call, worker_event};
use ::call::{CallEvent, EndReason, UsedBy};
use common::company::{AgentSnapshot, Budget};
use common::ports::SessionStatus;
use serde_json::{Value, json};

/// 1,000 tokens of sound out: 0.064 dollars.
fn billed() -> Value {
    json!({
        "total_tokens": 1_000, "input_tokens": 0, "output_tokens": 1_000,
        "output_token_details": { "text_tokens": 0, "audio_tokens": 1_000 },
    })
}

fn with_budget(usd: &str) -> AgentSnapshot {
    AgentSnapshot { budget: Some(Budget { usd: usd.parse().unwrap() }), ..agent_with(&[]) }
}

#[tokio::test]
async fn a_call_whose_budget_is_spent_says_goodbye_and_ends() {
    let provider = FakeProvider::start().await;
    let setup = Setup::new().with("openai.base_url", &provider.base_url()).with("openai.api_key", "sk-test");
    let mut bench = setup.start().await;
    let seat = bench.reserve_for(&call(1), with_budget("0.064")).await;
    let mut session = provider.session().await;
    session.configure().await;
    let mut telephone = bench.dial(&seat).await;
    telephone.start(&seat.call).await;
    session.told("response.create").await;
    session.answer_billed("Hello.", &[0x55; 800], billed()).await;
    assert_eq!(telephone.hear(1).await, [0x55; 800], "what is being said is said to its end");
    let asked = session.told("response.create").await;
    assert!(asked.to_string().contains("end of the time"), "{asked}");
    session.answer("Our time is up. Goodbye.", &[0x68; 800]).await;
    assert_eq!(telephone.hear(1).await, [0x68; 800]);
    assert_eq!(telephone.closed().await.0, 1000);
    let events = bench.events_until("ended").await;
    let CallEvent::Ended { reason, .. } = worker_event(events.last().unwrap()) else { panic!() };
    assert_eq!(*reason, EndReason::Budget);
    assert_eq!(bench.session(&call(1)).await.status, SessionStatus::Ended);
}

#[tokio::test]
async fn whose_price_a_use_has_is_told_with_it() {
    let mut greeted = Greeted::by(agent_with(&[]), &[]).await;
    greeted.session.hear_caller().await;
    greeted.session.answer_billed("Gladly.", &[0x66; 800], billed()).await;
    let events = greeted.bench.events_until("used").await;
    let used = events.iter().find(|event| event.event.kind() == "used").unwrap();
    let CallEvent::Used { usage, by } = worker_event(used) else { panic!() };
    let openai = UsedBy { provider: "openai".into(), model: "gpt-realtime".into() };
    assert_eq!((usage.audio_out, by.as_ref()), (1_000, Some(&openai)));
}
