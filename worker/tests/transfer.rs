//! The agent sends the caller elsewhere: its last words are heard, then the stream is left and the step stored.

use crate::support::provider::{Greeted, agent_with};
use crate::support::telephone::{Heard, Marks};
use crate::support::{call, worker_event};
use ::call::{CallEvent, EndReason, NextStep};
use common::company::{AgentSnapshot, Briefing, BuiltIn, Target, ToolKind};
use common::ports::SessionStatus;
use common::private::PhoneNumber;
use serde_json::json;

#[tokio::test]
async fn a_caller_who_is_put_through_hears_the_last_words_before() {
    let mut greeted = Greeted::by(agent(), &[]).await;
    greeted.session.hear_caller().await;
    greeted.session.ask("fc_1", "transfer_call", json!({"to": "desk"})).await;
    assert_eq!(greeted.session.output_of("fc_1").await["error"], serde_json::Value::Null);
    greeted.session.told("response.create").await;
    greeted.telephone.marks = Marks::Keep;
    greeted.session.answer("I put you through.", &[0x66; 800]).await;
    let mut heard = Vec::new();
    let mark = loop {
        match greeted.telephone.next().await {
            Heard::Audio(piece) => heard.extend(piece),
            Heard::Mark(name) if !heard.is_empty() => break name,
            // Of the greeting the caller interrupted.
            Heard::Mark(_) | Heard::Clear if heard.is_empty() => {}
            other => panic!("{other:?} before the words were heard"),
        }
    };
    assert_eq!(heard, [0x66; 800]);
    assert_eq!(greeted.bench.session(&call(1)).await.next, None, "they are still being played");
    greeted.telephone.mark(&mark).await;

    assert_eq!(greeted.telephone.closed().await.0, 1001);
    let session = greeted.bench.session(&call(1)).await;
    let step = NextStep::Transfer { to: "desk".into(), briefing: None };
    assert_eq!((session.status, session.next), (SessionStatus::Live, Some(step.clone())));
    let events = greeted.bench.events_until("ended").await;
    let CallEvent::Ended { reason, next, .. } = worker_event(events.last().unwrap()) else { panic!() };
    assert_eq!((*reason, next), (EndReason::Moved, &Some(step)));
}

fn agent() -> AgentSnapshot {
    let mut tool = common::testing::tool("transfer_call", ToolKind::BuiltIn(BuiltIn::Transfer));
    tool.parameters = json!({"type": "object", "properties": {"to": {"type": "string"}}});
    let desk = Target {
        number: PhoneNumber::new("+351213456789"),
        description: "The front desk.".into(),
        ring_s: 20,
        talk_s: 600,
        briefing: Briefing::None,
    };
    AgentSnapshot { targets: [("desk".to_owned(), desk)].into(), ..agent_with(&[tool]) }
}
