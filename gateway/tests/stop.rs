//! A gateway that stops gives the answers it has begun, and is gone soon after.

use crate::support::request::Question;
use crate::support::worker::{FakeWorker, Manner};
use crate::support::{World, call};
use axum::body::to_bytes;
use axum::extract::Request;
use common::health::Readiness;
use common::lifecycle::Lifecycle;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than a stopping gateway goes on listening.
const SLOW: Duration = Duration::from_millis(1_500);

#[tokio::test]
async fn an_answer_that_was_begun_before_the_stop_is_given() {
    let world = World::new().with("gateway.reserve_deadline_ms", "1500");
    let slow = FakeWorker::start(&world, "worker-0", Manner::Silent).await;
    FakeWorker::start(&world, "worker-1", Manner::Willing).await;
    let (address, lifecycle, running) = run(&world).await;

    let (told, answer) = oneshot::channel();
    let question = Question::voice(&call(1)).post();
    Lifecycle::new().start("the network asks", async move { told.send(send(address, question).await).unwrap() });
    let begun = Instant::now();
    while slow.reservations().is_empty() {
        assert!(begun.elapsed() < PATIENCE, "nobody was asked");
        tokio::task::yield_now().await;
    }
    lifecycle.stop();

    assert_eq!(running.join(PATIENCE).await, 0);
    assert!(
        begun.elapsed() >= SLOW - Duration::from_millis(100),
        "it was gone before its answer: {:?}",
        begun.elapsed()
    );
    let answer = answer.await.unwrap();
    assert!(answer.contains("/media/worker-1/"), "{answer}");
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let world = World::new();
    let (address, lifecycle, running) = run(&world).await;
    let client = client();
    client.get(format!("http://{address}/health")).send().await.unwrap();

    let stopped = Instant::now();
    lifecycle.stop();

    assert_eq!(running.join(PATIENCE).await, 0);
    assert!(stopped.elapsed() < Duration::from_secs(5), "{:?}", stopped.elapsed());
    assert!(client.get(format!("http://{address}/health")).send().await.is_err(), "nobody listens any more");
}

/// A whole gateway on loopback: where, what stops it, what is done when it is.
async fn run(world: &World) -> (SocketAddr, Lifecycle, Lifecycle) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (lifecycle, running) = (Lifecycle::new(), Lifecycle::new());
    let (context, _) = world.context();
    running.start("gateway under test", gateway::run(context, listener, Readiness::default(), lifecycle.clone()));
    (address, lifecycle, running)
}

async fn send(address: SocketAddr, question: Request) -> String {
    let (parts, body) = question.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let url = format!("http://{address}{}", parts.uri);
    let request = client().request(parts.method, url).headers(parts.headers).body(body);
    request.send().await.unwrap().text().await.unwrap()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}
