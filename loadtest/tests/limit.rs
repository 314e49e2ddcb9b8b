//! The bare relay passes on what it is given and changes nothing.
#![allow(clippy::disallowed_methods, reason = "the test owns its tasks; they end with it")]

use std::{process::Stdio, time::Duration};

use futures_util::{SinkExt, StreamExt};
use loadtest::limit::{
    Relay,
    lines::{self, Lines},
    peer::{Peer, Rate},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::Command,
};
use tokio_tungstenite::{accept_async, connect_async, tungstenite::Message};

/// A relay in front of `to`, and its URL.
async fn relay(to: &str) -> String {
    let relay = Relay::bind("127.0.0.1:0", to).await.expect("a free port");
    let url = format!("ws://{}", relay.address().expect("a port"));
    tokio::spawn(relay.serve());
    url
}

/// A far end that sends everything back.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("a port"));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut socket = accept_async(stream).await.expect("an upgrade");
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() || socket.send(message).await.is_err() {
                break;
            }
        }
    });
    url
}

#[tokio::test]
async fn the_relay_passes_bytes_on_unchanged_both_ways() {
    let url = relay(&echo().await).await;
    let (mut socket, _) = connect_async(url).await.unwrap();
    let text = format!("{{\"event\":\"media\",\"payload\":\"{}\"}}", "é/w==".repeat(3_000));
    for message in [Message::text(text), Message::text(""), Message::binary(vec![0_u8, 255, 10, 13])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
}

#[tokio::test]
async fn the_end_of_one_side_is_the_end_of_the_other() {
    let url = relay(&echo().await).await;
    let (mut socket, _) = connect_async(url).await.unwrap();
    socket.close(None).await.unwrap();
    while let Some(Ok(_)) = socket.next().await {}
}

#[tokio::test]
async fn every_frame_of_a_line_arrives_with_its_time() {
    let mut peer = Peer::start(Rate { messages: 20.0, bytes: 800 }).await.unwrap();
    let url = relay(&format!("ws://{}", peer.address)).await;
    let lines = Lines { url, count: 3, duration: Duration::from_millis(200) };
    let near = lines::run(&lines).await.unwrap();
    assert_eq!(near.sent, 30);
    assert!(near.received > 0 && near.delays.len() == near.received as usize);
    assert_eq!(peer.until(3).await.received, 30);
}

#[tokio::test]
async fn the_program_relays_from_where_it_says_it_listens() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .args(["limit", "--listen", "127.0.0.1:0", "--to", &echo().await])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap();
    let (mut socket, _) = connect_async(format!("ws://{address}")).await.unwrap();
    socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hello"));
}
