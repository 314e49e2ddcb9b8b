//! What people outside want of a live call: said, ended, sent elsewhere.

use crate::support::provider::{Greeted, agent_with};
use crate::support::{Bench, call, eventually, worker_event};
use ::call::{CallEvent, EndReason, NextStep, Spoken};
use bytes::Bytes;
use common::company::{AgentSnapshot, Queue};
use common::control::{CALLS, CallOrder, Order};
use common::ports::{Bus, SessionStatus};

#[tokio::test]
async fn a_sentence_from_outside_is_said_by_the_agent() {
    let mut greeted = Greeted::by(agent_with(&[]), &[]).await;
    order(&greeted.bench, Order::Say(Spoken::new("Your taxi is here."))).await;
    let asked = greeted.session.told("response.create").await;
    assert!(asked.to_string().contains("Your taxi is here."), "{asked}");
    greeted.session.answer("Your taxi is here.", &[0x66; 800]).await;
    assert_eq!(greeted.telephone.hear(1).await, [0x66; 800]);
}

#[tokio::test]
async fn an_operator_ends_a_call() {
    let mut greeted = Greeted::by(agent_with(&[]), &[]).await;
    order(&greeted.bench, Order::HangUp).await;
    assert_eq!(greeted.telephone.closed().await.0, 1000);
    assert_eq!(ended(&mut greeted.bench).await, (EndReason::OperatorHungUp, None));
}

#[tokio::test]
async fn an_operator_sends_a_call_to_a_place_of_its_company() {
    let mut greeted = Greeted::by(with_queue(), &[]).await;
    let step = NextStep::Queue { queue: "support".into() };
    order(&greeted.bench, Order::Go(step.clone())).await;
    assert_eq!(greeted.telephone.closed().await.0, 1001);
    let session = greeted.bench.session(&call(1)).await;
    assert_eq!((session.status, session.next), (SessionStatus::Live, Some(step.clone())));
    assert_eq!(ended(&mut greeted.bench).await, (EndReason::Moved, Some(step)));
}

#[tokio::test]
async fn a_place_that_is_not_on_the_list_is_refused() {
    let mut greeted = Greeted::by(with_queue(), &[]).await;
    order(&greeted.bench, Order::Go(NextStep::Queue { queue: "elsewhere".into() })).await;
    eventually("it is refused", async || greeted.bench.log.says("not on its company's list")).await;
    order(&greeted.bench, Order::Say(Spoken::new("Still here."))).await;
    greeted.session.told("response.create").await;
}

#[tokio::test]
async fn an_order_nobody_understands_and_a_bus_that_was_away_do_no_harm() {
    let mut greeted = Greeted::by(agent_with(&[]), &[]).await;
    greeted.bench.bus.tell(CALLS, Bytes::from_static(b"{")).await.unwrap();
    eventually("it is counted", async || greeted.bench.log.says("control message could not be read")).await;
    greeted.bench.bus.set_away(true);
    greeted.bench.bus.set_away(false);
    let asked = async || {
        order(&greeted.bench, Order::Say(Spoken::new("Hello again."))).await;
        greeted.bench.log.says("an order was given")
    };
    eventually("orders are heard again", asked).await;
    greeted.session.told("response.create").await;
}

async fn order(bench: &Bench, order: Order) {
    let order = CallOrder { call: call(1), order };
    bench.bus.tell(CALLS, serde_json::to_vec(&order).unwrap().into()).await.unwrap();
}

fn with_queue() -> AgentSnapshot {
    let queue = Queue { members: Vec::new(), wait_s: 60, music: None };
    AgentSnapshot { queues: [("support".to_owned(), queue)].into(), ..agent_with(&[]) }
}

async fn ended(bench: &mut Bench) -> (EndReason, Option<NextStep>) {
    let events = bench.events_until("ended").await;
    let CallEvent::Ended { reason, next, .. } = worker_event(events.last().unwrap()) else { panic!() };
    (*reason, next.clone())
}
