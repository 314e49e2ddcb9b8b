//! A peer that is no telephone, or a broken one, is closed with the right code; other calls do not notice.

use crate::support::speech::recording;
use crate::support::telephone::{Marks, Telephone};
use crate::support::{Bench, PUBLIC, Setup, TOKEN, WORKER, call, demo_agent, eventually};
use common::company::AgentSnapshot;
use common::ports::SessionStatus;
use common::private::SecretString;
use common::twilio::signature;
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_binary_frame_is_not_taken() {
    check_at_any_time(Message::binary(vec![0; 160]), (1003, "text frames only")).await;
}

#[tokio::test]
async fn a_frame_that_is_no_json_is_not_taken() {
    for text in ["", "{", "hello", r#"{"event":"media","media":{"payload":"%%%"}}"#, r#"{"event":"start"}"#] {
        check_at_any_time(Message::text(text), (1007, "unreadable frame")).await;
    }
}

#[tokio::test]
async fn a_frame_beyond_64_kib_is_not_taken() {
    check_at_any_time(Message::text("x".repeat(70_000)), (1009, "frame too large")).await;
    check_at_any_time(Message::text("x".repeat(8_000_000)), (1009, "frame too large")).await;
}

#[tokio::test]
async fn audio_before_the_start_is_out_of_order() {
    let bench = Bench::new().await;
    let mut telephone = bench.dial(&bench.reserve(&call(1)).await).await;
    telephone.speak(&[0xFF; 160]).await;
    assert_eq!(telephone.closed().await, (1008, "frame out of order".to_owned()));
}

#[tokio::test]
async fn a_second_start_is_out_of_order() {
    check_live(Message::text(Telephone::start_frame(&call(1)).to_string()), (1008, "frame out of order")).await;
}

#[tokio::test]
async fn another_audio_format_is_not_taken() {
    let bench = Bench::new().await;
    let mut telephone = bench.dial(&bench.reserve(&call(1)).await).await;
    let mut start = Telephone::start_frame(&call(1));
    start["start"]["mediaFormat"] = json!({"encoding": "audio/x-l16", "sampleRate": 16000, "channels": 1});
    telephone.send(start).await;
    assert_eq!(telephone.closed().await, (1003, "other format".to_owned()));
}

#[tokio::test]
async fn what_this_build_does_not_know_is_passed_over() {
    let bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.send(json!({"event": "weather", "streamSid": "MZ"})).await;
    telephone.send(json!({"event": "mark", "streamSid": "MZ", "mark": {"name": "not ours"}})).await;
    let greeting = recording("greeting");
    assert!(telephone.hear(greeting.len()).await == greeting);
    telephone.stop().await;
    assert_eq!(telephone.closed().await.0, 1000);
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let bench = Bench::new().await;
    let mut other = bench.call(&call(2)).await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    telephone.speak(&vec![0xFF; 160 * 3_000]).await;
    assert_eq!(telephone.closed().await, (1008, "too many frames".to_owned()));
    check_unharmed(&mut other).await;
}

#[tokio::test]
async fn a_stream_that_does_not_start_is_closed_after_five_seconds() {
    let bench = Bench::new().await;
    let mut telephone = bench.dial(&bench.reserve(&call(1)).await).await;
    // Everything is connected: from here on nothing but time passes.
    tokio::time::pause();
    let waited = tokio::time::Instant::now();
    assert_eq!(telephone.closed().await, (1008, "no start".to_owned()));
    assert!((5..7).contains(&waited.elapsed().as_secs()), "{:?}", waited.elapsed());
}

#[tokio::test]
async fn a_line_that_falls_silent_is_given_up_after_four_seconds() {
    let bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    tokio::time::pause();
    let waited = tokio::time::Instant::now();
    assert_eq!(telephone.closed().await, (1001, "no media".to_owned()));
    assert!((3..6).contains(&waited.elapsed().as_secs()), "{:?}", waited.elapsed());
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up_and_nobody_else_notices() {
    let bench = Setup::new().on(small_listener()).start().await;
    let mut other = bench.call(&call(2)).await;
    let scripts = tempfile::tempdir().unwrap();
    let seat = bench.reserve_for(&call(1), long_winded(scripts.path())).await;
    let mut deaf = deaf_telephone(&bench, &bench.keys.sign_stream(&bench.token(&seat))).await;
    deaf.start(&call(1)).await;

    eventually("the deaf peer is given up", async || bench.proof().await.live == 1).await;

    let session = bench.session(&call(1)).await;
    assert_eq!((session.status, session.next), (SessionStatus::Live, None), "another worker may go on with it");
    check_unharmed(&mut other).await;
}

/// The same frame, before and after the start.
async fn check_at_any_time(frame: Message, expected: (u16, &str)) {
    let bench = Bench::new().await;
    let mut telephone = bench.dial(&bench.reserve(&call(1)).await).await;
    telephone.send_message(frame.clone()).await;
    assert_eq!(telephone.closed().await, (expected.0, expected.1.to_owned()), "before the start");
    check_live(frame, expected).await;
}

/// The frame in a live call, while another call goes on.
async fn check_live(frame: Message, expected: (u16, &str)) {
    let bench = Bench::new().await;
    let mut other = bench.call(&call(2)).await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    telephone.send_message(frame).await;
    assert_eq!(telephone.closed().await, (expected.0, expected.1.to_owned()), "in a live call");
    check_unharmed(&mut other).await;
}

async fn check_unharmed(other: &mut Telephone) {
    let greeting = recording("greeting");
    assert!(other.hear(greeting.len()).await == greeting);
    other.stop().await;
    assert_eq!(other.closed().await.0, 1000);
}

/// The kernel would keep megabytes for a peer that does not read; here it keeps little, so that the bound is the worker's.
fn small_listener() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(4 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(64).unwrap()
}

async fn deaf_telephone(bench: &Bench, token: &str) -> Telephone {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let socket = socket.connect(bench.address).await.unwrap();
    let path = format!("/media/{WORKER}/{token}");
    let url = format!("{}{path}", PUBLIC.replace("https", "wss"));
    let signature = signature::sign_upgrade(&SecretString::from(TOKEN), &url);
    let mut telephone = Telephone::upgrade(socket, &path, Some(&signature)).await.unwrap();
    telephone.marks = Marks::Keep;
    telephone
}

/// An agent whose first words last 50 s: more than a line's write buffer holds, less than the core would throw away.
fn long_winded(folder: &std::path::Path) -> AgentSnapshot {
    std::fs::write(folder.join("long.ulaw"), vec![0x90; 50 * 8_000]).unwrap();
    let script = "[[cue]]\nname = \"greeting\"\ntext = \"Hello.\"\naudio = \"long.ulaw\"\n";
    let path = folder.join("script.toml");
    std::fs::write(&path, script).unwrap();
    AgentSnapshot { script: Some(path), ..demo_agent() }
}
