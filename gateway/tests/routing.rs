//! Which worker gets a call, over real workers and the pool in the store.

use crate::support::request::Question;
use crate::support::worker::{FakeWorker, Manner, register_at};
use crate::support::{World, call};
use common::ports::State;
use futures_util::future::join_all;

#[tokio::test]
async fn calls_go_to_the_worker_that_waited_longest() {
    assert_eq!(assignments("lru").await, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

#[tokio::test]
async fn calls_go_round_when_that_is_wanted() {
    assert_eq!(assignments("round_robin").await, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

#[tokio::test]
async fn calls_fill_the_lowest_worker_when_that_is_wanted() {
    assert_eq!(assignments("pack").await, [0; 9]);
}

#[tokio::test]
async fn thirty_calls_at_once_at_two_gateways_are_spread() {
    let world = World::new();
    let workers = join_all((0..3).map(|n| start(&world, n))).await;
    let gateways = [world.gateway(), world.gateway()];
    let asking = (0..30u32).map(|n| {
        let gateway = &gateways[n as usize % 2];
        async move { gateway.answer(Question::voice(&call(n)).post()).await.document().stream() }
    });
    join_all(asking).await;
    // Two gateways may look at the same moment and choose alike; nobody is left out and nobody gets it all.
    let counts: Vec<usize> = workers.iter().map(|worker| worker.reservations().len()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 30);
    assert!(counts.iter().all(|count| (2..=20).contains(count)), "{counts:?}");
}

#[tokio::test]
async fn a_worker_that_left_the_pool_gets_no_call() {
    let world = World::new();
    let gateway = world.gateway();
    let leaver = start(&world, 0).await;
    start(&world, 1).await;
    world.state.retire(&leaver.id, &leaver.boot).await.unwrap();
    assert_eq!(gateway.answer(Question::voice(&call(1)).post()).await.document().stream().0, "worker-1");
}

#[tokio::test]
async fn a_record_that_leads_to_another_worker_is_not_believed() {
    let world = World::new();
    let gateway = world.gateway();
    let honest = start(&world, 1).await;
    // A worker was replaced by another at the same address; its record has not run out.
    let address = honest.address.strip_prefix("http://").unwrap().parse().unwrap();
    register_at(&world, "worker-0", address).await;
    let (worker, token) = gateway.answer(Question::voice(&call(1)).post()).await.document().stream();
    assert_eq!(worker, "worker-1");
    let token = gateway.keys.open_stream(&token, common::clock::unix_ms()).unwrap();
    assert_eq!(token.worker, honest.id);
}

/// Which of three workers got each of nine calls.
async fn assignments(policy: &str) -> Vec<usize> {
    let world = World::new().with("gateway.policy", policy);
    let gateway = world.gateway();
    join_all((0..3).map(|n| start(&world, n))).await;
    let mut order = Vec::new();
    for n in 0..9 {
        let (worker, _) = gateway.answer(Question::voice(&call(n)).post()).await.document().stream();
        order.push(worker.strip_prefix("worker-").unwrap().parse().unwrap());
    }
    order
}

async fn start(world: &World, n: usize) -> FakeWorker {
    FakeWorker::start(world, &format!("worker-{n}"), Manner::Willing).await
}
