//! Services that hang, lie, redirect inward or never stop.

use crate::support::{Phone, http_tool, pay, serve};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Response, header};
use axum::response::Redirect;
use axum::routing::any;
use call::ToolOutcome::{Failed, TimedOut};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;
use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn answering(kind: &'static str, body: impl Into<Bytes>) -> Router {
    let body = body.into();
    let answer = move || {
        let body = Body::from(body.clone());
        async move { Response::builder().header(header::CONTENT_TYPE, kind).body(body).unwrap() }
    };
    Router::new().fallback(any(answer))
}

async fn phone(router: Router) -> Phone {
    let address = serve(router).await;
    Phone::new(vec![http_tool("look_up", "GET", "{shop}/x"), pay()], Some(address))
}

#[tokio::test]
async fn an_answer_of_ten_gib_is_left_at_the_cap() {
    let sent = Arc::new(AtomicU64::new(0));
    let count = sent.clone();
    let endless = move || {
        let count = count.clone();
        async move {
            let chunk = Bytes::from(vec![b' '; 64 * 1024]);
            let chunks = stream::iter(0..160 * 1024).map(move |_| {
                count.fetch_add(64 * 1024, SeqCst);
                Ok::<_, Infallible>(chunk.clone())
            });
            Response::builder()
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from_stream(chunks))
                .unwrap()
        }
    };
    let mut phone = phone(Router::new().fallback(any(endless))).await;
    let began = now();
    phone.ask("look_up", &json!({})).await.is_error("bad_answer", Failed);
    assert!(began.elapsed() < Duration::from_secs(5));
    // What the sockets hold between us is read by nobody.
    assert!(sent.load(SeqCst) < 64 * 1024 * 1024, "{} bytes", sent.load(SeqCst));
}

#[tokio::test]
async fn an_answer_that_announces_too_much_is_not_read() {
    let mut phone = phone(answering("application/json", vec![b' '; 300 * 1024])).await;
    phone.ask("look_up", &json!({})).await.is_error("bad_answer", Failed);
    phone.ask("pay", &json!({"amount": 1})).await.is_error("outcome_unknown", Failed);
}

#[tokio::test]
async fn a_compressed_answer_is_not_unpacked() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![b' '; 50 * 1024 * 1024]).unwrap();
    let packed = Bytes::from(packed.finish().unwrap());
    let bomb = move || {
        let packed = packed.clone();
        async move {
            Response::builder()
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::CONTENT_ENCODING, "gzip")
                .body(Body::from(packed))
                .unwrap()
        }
    };
    phone(Router::new().fallback(any(bomb))).await.ask("look_up", &json!({})).await.is_error("bad_answer", Failed);
}

#[tokio::test]
async fn what_is_no_json_is_no_answer_and_plain_text_is_text() {
    for (kind, body) in [
        ("text/html", "<h1>It works</h1>"),
        ("application/json", "{\"a\":"),
        ("application/octet-stream", "{}"),
        ("", "{}"),
        ("application/json", "[[[[[[[["),
    ] {
        phone(answering(kind, body)).await.ask("look_up", &json!({})).await.is_error("bad_answer", Failed);
    }
    let mut text = phone(answering("text/plain; charset=utf-8", "all good")).await;
    text.ask("look_up", &json!({})).await.is_result(&json!("all good"));
    let mut problem = phone(answering("application/vnd.shop+json", "{\"a\":1}")).await;
    problem.ask("look_up", &json!({})).await.is_result(&json!({"a": 1}));
}

#[tokio::test]
async fn a_long_result_is_cut_for_the_model() {
    let body = json!({"text": "long ".repeat(20_000)}).to_string();
    let answer = phone(answering("application/json", body)).await.ask("look_up", &json!({})).await;
    assert!(answer.whole.output.reveal().len() < 10_000);
    assert!(answer.json["note"].as_str().unwrap().contains("cut"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let inside = Arc::new(AtomicU64::new(0));
    let count = inside.clone();
    let router = Router::new()
        .route("/x", any(|| async { Redirect::temporary("/inside") }))
        .route("/pay", any(|| async { Redirect::to("/inside") }))
        .route("/inside", any(move || std::future::ready(count.fetch_add(1, SeqCst).to_string())));
    let mut phone = phone(router).await;
    phone.ask("look_up", &json!({})).await.is_error("bad_answer", Failed);
    phone.ask("pay", &json!({"amount": 1})).await.is_error("outcome_unknown", Failed);
    assert_eq!(inside.load(SeqCst), 0);
}

#[tokio::test]
async fn a_service_that_hangs_or_trickles_is_left_at_the_deadline() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1_024];
                let length = socket.read(&mut request).await.unwrap_or_default();
                if request[..length].starts_with(b"GET") {
                    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n";
                    let _ = socket.write_all(head.as_bytes()).await;
                    while socket.write_all(b" ").await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
                std::future::pending::<()>().await;
            });
        }
    });
    let mut tools = vec![http_tool("look_up", "GET", "{shop}/x"), pay()];
    tools.iter_mut().for_each(|tool| tool.timeout_ms = 200);
    let mut phone = Phone::new(tools, Some(address));
    let began = now();
    phone.ask("look_up", &json!({})).await.is_error("timeout", TimedOut);
    phone.ask("pay", &json!({"amount": 1})).await.is_error("outcome_unknown", TimedOut);
    assert!(began.elapsed() < Duration::from_secs(2));
}

fn now() -> Instant {
    Instant::now()
}
