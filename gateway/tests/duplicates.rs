//! A webhook that is repeated must not make two calls out of one.

use crate::support::request::Question;
use crate::support::worker::{FakeWorker, Manner};
use crate::support::{Gateway, World, call};
use futures_util::future::join_all;

#[tokio::test]
async fn a_repeated_webhook_gets_the_same_answer() {
    let world = World::new();
    let gateway = world.gateway();
    let worker = FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    FakeWorker::start(&world, "worker-1", Manner::Willing).await;

    let first = gateway.answer(Question::voice(&call(1)).post()).await;
    let second = gateway.answer(Question::voice(&call(1)).post()).await;

    assert_eq!(first.document().stream().0, "worker-0");
    assert_eq!(first, second, "byte for byte, token included");
    assert_eq!(worker.reservations().len(), 1);
    assert_eq!(world.outbox().await.len(), 2);
}

#[tokio::test]
async fn fifty_at_once_make_one_reservation() {
    check(|world| vec![world.gateway()]).await;
}

#[tokio::test]
async fn fifty_at_once_at_two_gateways_make_one_reservation() {
    check(|world| vec![world.gateway(), world.gateway()]).await;
}

#[tokio::test]
async fn calls_of_different_sids_do_not_share_an_answer() {
    let world = World::new();
    let gateway = world.gateway();
    FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    let first = gateway.answer(Question::voice(&call(1)).post()).await;
    let second = gateway.answer(Question::voice(&call(2)).post()).await;
    assert_ne!(first.body, second.body);
}

async fn check(gateways: impl Fn(&World) -> Vec<Gateway>) {
    let world = World::new();
    let workers = [
        FakeWorker::start(&world, "worker-0", Manner::Willing).await,
        FakeWorker::start(&world, "worker-1", Manner::Willing).await,
    ];
    let gateways = gateways(&world);
    let asking = (0..50).map(|n| {
        let gateway = &gateways[n % gateways.len()];
        gateway.answer(Question::voice(&call(1)).post())
    });

    let answers = join_all(asking).await;

    answers[0].document().stream();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(workers.iter().map(|worker| worker.reservations().len()).sum::<usize>(), 1);
    assert_eq!(world.outbox().await.len(), 2, "accepted once, assigned once");
}
