//! The stores are away and the telephone rings all the same.

use crate::support::request::Question;
use crate::support::worker::{FakeWorker, Manner};
use crate::support::{World, call, kinds};
use common::clock;
use common::ports::State;
use metrics_exporter_prometheus::PrometheusBuilder;

#[tokio::test]
async fn without_the_state_store_a_worker_is_reserved_from_the_last_snapshot() {
    let world = World::new();
    let gateway = world.gateway();
    let worker = FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    gateway.answer(Question::voice(&call(1)).post()).await.document().stream();
    world.state.set_away(true);

    let first = gateway.answer(Question::voice(&call(2)).post()).await;
    let second = gateway.answer(Question::voice(&call(2)).post()).await;

    let token = gateway.keys.open_stream(&first.document().stream().1, clock::unix_ms()).unwrap();
    assert_eq!((&token.call, &token.worker, &token.boot), (&call(2), &worker.id, &worker.boot));
    assert_eq!(first, second, "this process remembers what it answered");
    assert_eq!(worker.reservations().len(), 2, "one for each call");
}

#[tokio::test]
async fn without_the_state_store_events_go_straight_to_the_bus() {
    let world = World::new();
    let gateway = world.gateway();
    FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    gateway.context.pool.clone().reserve(&reserve()).await.unwrap();
    world.state.set_away(true);

    gateway.answer(Question::voice(&call(2)).post()).await.document().stream();
    gateway.settle().await;

    assert_eq!(kinds(&world.events().await), ["gateway.accepted", "gateway.assigned"]);
}

#[tokio::test]
async fn a_call_no_store_hears_of_is_answered_and_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _for_this_test = metrics::set_default_local_recorder(&recorder);
    let world = World::new();
    let gateway = world.gateway();
    FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    gateway.context.pool.clone().reserve(&reserve()).await.unwrap();
    world.state.set_away(true);
    world.bus.set_away(true);
    world.log.expect_errors(&["neither the state store nor the bus"]);

    gateway.answer(Question::voice(&call(2)).post()).await.document().stream();
    gateway.settle().await;

    let page = metrics.render();
    assert!(page.contains("patchbay_unwitnessed_total 2\n"), "accepted and assigned:\n{page}");
}

#[tokio::test]
async fn a_gateway_that_never_saw_the_pool_apologises() {
    let world = World::new();
    let gateway = world.gateway();
    FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    world.state.set_away(true);
    world.bus.set_away(true);
    world.log.expect_errors(&["neither the state store nor the bus"]);
    let sentence = gateway.answer(Question::voice(&call(1)).post()).await.document().sentence();
    assert!(sentence.starts_with("All our lines are busy"), "{sentence}");
}

#[tokio::test]
async fn a_full_state_store_refuses_writes_and_no_call() {
    let world = World::new();
    let gateway = world.gateway();
    FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    world.state.set_full(true);
    gateway.answer(Question::voice(&call(1)).post()).await.document().stream();
    gateway.settle().await;
    assert_eq!(kinds(&world.events().await), ["gateway.accepted", "gateway.assigned"]);
}

#[tokio::test]
async fn a_call_that_lost_worker_and_state_store_is_ended() {
    let world = World::new();
    let gateway = world.gateway();
    FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    let (action, _, _) = gateway.answer(Question::voice(&call(1)).post()).await.document().connect();
    world.state.set_away(true);
    let answer = gateway.answer(Question::ask(&action, &call(1), "in-progress").post()).await;
    assert!(answer.document().is_hangup());
}

#[tokio::test]
async fn the_network_s_word_is_taken_without_the_state_store() {
    let world = World::new();
    let gateway = world.gateway();
    world.state.set_away(true);
    let question = Question::new("/twilio/status", &call(1), &[("CallStatus", "completed")]);
    assert_eq!(gateway.answer(question.post()).await.status.as_u16(), 204);
    gateway.settle().await;
    world.state.set_away(false);
    assert_eq!(kinds(&world.events().await), ["twilio.status"]);
    assert!(world.state.session(&call(1)).await.unwrap().is_none());
}

fn reserve() -> common::reservation::Reserve {
    let packs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents");
    let roster = common::company::load::load(&packs, &Default::default()).unwrap().roster;
    let (company, agent) = roster.agents().next().unwrap();
    let agent = agent.snapshot(company, None);
    common::reservation::Reserve {
        call: call(9),
        epoch: common::ids::Epoch(1),
        agent,
        conversation: None,
        resumed: ::call::Resumed::No,
        caller: None,
        ours: None,
        direction: None,
        trace: String::new(),
    }
}
