//! The gateway passes a media stream on to a worker that has no address of its own.

use crate::support::worker::register_at;
use crate::support::{Gateway, World};
use common::lifecycle::Lifecycle;
use common::ports::State;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, accept_hdr_async, connect_async};

type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;
type AtWorker = WebSocketStream<TcpStream>;

#[tokio::test]
async fn what_is_said_on_one_side_is_heard_on_the_other() {
    let (world, gateway) = bench();
    let (mut line, mut worker, _) = connect(&world, &gateway).await;

    for size in [0, 1, 350, 4_096, 60_000] {
        let (up, down) = ("u".repeat(size), "d".repeat(size));
        line.send(Message::text(up.clone())).await.unwrap();
        worker.send(Message::text(down.clone())).await.unwrap();
        assert_eq!(worker.next().await.unwrap().unwrap(), Message::text(up));
        assert_eq!(line.next().await.unwrap().unwrap(), Message::text(down));
    }
}

#[tokio::test]
async fn the_worker_sees_the_request_as_the_network_signed_it() {
    let (world, gateway) = bench();
    let (_line, _worker, request) = connect(&world, &gateway).await;
    assert_eq!(request.uri().path(), "/media/worker-0/a.token");
    assert_eq!(request.headers()["x-twilio-signature"], "signed");
}

#[tokio::test]
async fn a_close_reaches_the_other_side_with_its_code() {
    let (world, gateway) = bench();
    let (mut line, mut worker, _) = connect(&world, &gateway).await;
    worker.close(Some(CloseFrame { code: 1008.into(), reason: "no start".into() })).await.unwrap();
    let Some(Ok(Message::Close(Some(frame)))) = line.next().await else { panic!("no close frame") };
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1008, "no start"));
}

#[tokio::test]
async fn a_line_that_breaks_is_broken_for_the_worker_too() {
    let (world, gateway) = bench();
    let (line, mut worker, _) = connect(&world, &gateway).await;
    drop(line);
    assert!(!matches!(worker.next().await, Some(Ok(_))));
}

#[tokio::test]
async fn a_worker_nobody_knows_is_not_found() {
    let (_world, gateway) = bench();
    assert_eq!(refusal(&gateway, "worker-9").await, 404);
    assert_eq!(refusal(&gateway, "NOT-A-NAME").await, 404);
}

#[tokio::test]
async fn a_worker_that_is_dead_is_a_bad_gateway() {
    let (world, gateway) = bench();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    register_at(&world, "worker-0", listener.local_addr().unwrap()).await;
    drop(listener);
    assert_eq!(refusal(&gateway, "worker-0").await, 502);
}

#[tokio::test]
async fn a_worker_s_refusal_is_passed_on() {
    let (world, gateway) = bench();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    register_at(&world, "worker-0", listener.local_addr().unwrap()).await;
    Lifecycle::new().start("refusing worker", async move {
        let (stream, _) = listener.accept().await.unwrap();
        #[allow(clippy::result_large_err, reason = "the library's own type")]
        let refuse = |_: &Request, _: Response| {
            let mut response = ErrorResponse::new(None);
            *response.status_mut() = axum::http::StatusCode::FORBIDDEN;
            Err(response)
        };
        assert!(accept_hdr_async(stream, refuse).await.is_err());
    });
    assert_eq!(refusal(&gateway, "worker-0").await, 403);
}

#[tokio::test]
async fn without_the_state_store_a_worker_that_was_seen_is_still_found() {
    let (world, gateway) = bench();
    let (_line, _worker, _) = connect(&world, &gateway).await;
    world.state.set_away(true);
    assert!(world.state.pool().await.is_err());
    let address = gateway.context.pool.address_of(&common::ids::WorkerId::parse("worker-0").unwrap()).await;
    assert!(address.is_some());
}

fn bench() -> (World, Gateway) {
    let world = World::new();
    let gateway = world.gateway();
    (world, gateway)
}

/// A stream through the gateway, and what the worker was asked. The gateway has not looked at the pool before: the
/// worker may have been reserved by another gateway a moment ago.
async fn connect(world: &World, gateway: &Gateway) -> (Line, AtWorker, Request) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    register_at(world, "worker-0", listener.local_addr().unwrap()).await;
    let (told, asked) = oneshot::channel();
    let accepting = async {
        let (stream, _) = listener.accept().await.unwrap();
        #[allow(clippy::result_large_err, reason = "the library's own type")]
        let note = |request: &Request, response: Response| {
            told.send(request.clone()).unwrap();
            Ok(response)
        };
        accept_hdr_async(stream, note).await.unwrap()
    };
    // Unwrapped at once: a refusal must not leave the worker waiting.
    let dialling = async { dial(gateway, "worker-0").await.unwrap() };
    let (worker, line) = tokio::join!(accepting, dialling);
    (line, worker, asked.await.unwrap())
}

async fn refusal(gateway: &Gateway, worker: &str) -> u16 {
    match dial(gateway, worker).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the stream was opened"),
    }
}

async fn dial(gateway: &Gateway, worker: &str) -> Result<Line, Error> {
    let address = gateway.listen().await;
    let mut request = format!("ws://{address}/media/{worker}/a.token").into_client_request().unwrap();
    request.headers_mut().insert("x-twilio-signature", "signed".parse().unwrap());
    connect_async(request).await.map(|(line, _)| line)
}
