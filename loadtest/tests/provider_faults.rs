//! What can be made to go wrong goes wrong, and nothing else.

#[path = "common/client.rs"]
mod client;

use std::time::Duration;

use client::{Client, Ended, options};
use loadtest::provider::{
    Options, Pace, Provider,
    faults::{Chance, Close, Ending, Faults, Phase},
};
use serde_json::json;
use tokio_tungstenite::{connect_async, tungstenite::Error};

async fn provider(faults: Faults) -> Provider {
    Provider::start(Options { faults, ..options() }).await.expect("a free port")
}

fn closing(phase: Phase, ending: Ending) -> Faults {
    Faults { close: Some(Close { chance: Chance::ALWAYS, phase, ending }), ..Faults::default() }
}

#[tokio::test]
async fn an_upgrade_can_be_answered_with_too_many_requests() {
    let provider = provider(Faults { upgrade: Some((Chance::ALWAYS, 429)), ..Faults::default() }).await;
    let refused = connect_async(format!("{}/realtime?model=gpt-realtime-2.1", provider.base_url)).await;
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 429));
}

#[tokio::test]
async fn a_socket_can_die_in_the_middle_of_a_reply() {
    let provider = provider(closing(Phase::MidAudio, Ending::Abrupt)).await;
    let mut client = Client::telephone(&provider).await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.output_audio.delta").await;
    assert_eq!(client.ended().await, Ended::Abrupt);
}

#[tokio::test]
async fn a_socket_can_be_closed_with_a_code_before_it_is_configured() {
    let provider = provider(closing(Phase::Created, Ending::Code(1012))).await;
    let mut client = Client::connect(&provider, "sk-look-alike", &[]).await;
    client.until("session.created").await;
    assert_eq!(client.ended().await, Ended::Close(1012, String::new()));
}

#[tokio::test]
async fn a_session_expires_with_its_error_and_1001() {
    let provider = provider(Faults { expire_after: Some(Duration::from_millis(50)), ..Faults::default() }).await;
    let mut client = Client::telephone(&provider).await;
    assert_eq!(client.until("error").await["error"]["code"], "session_expired");
    assert!(matches!(client.ended().await, Ended::Close(1001, _)));
}

#[tokio::test]
async fn a_response_can_fail_for_its_rate() {
    let provider = provider(Faults { rate_limited: Chance::ALWAYS, ..Faults::default() }).await;
    let mut client = Client::telephone(&provider).await;
    client.send(json!({"type": "response.create"})).await;
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["status_details"]["error"]["code"], "inference_rate_limit_exceeded");
    assert_eq!(done["response"]["usage"]["total_tokens"], 0);
}

#[tokio::test]
async fn a_reply_can_come_in_one_piece_or_byte_by_byte() {
    for (faults, least, most) in [
        (Faults { giant_delta: Chance::ALWAYS, ..Faults::default() }, 1, 1),
        (Faults { byte_deltas: Chance::ALWAYS, ..Faults::default() }, 200, 220),
    ] {
        let provider = provider(faults).await;
        let mut client = Client::telephone(&provider).await;
        client.send(json!({"type": "response.create"})).await;
        let events = client.collect("response.done").await;
        let deltas = events.iter().filter(|event| event["type"] == "response.output_audio.delta").count();
        assert!((least..=most).contains(&deltas), "{deltas} deltas");
        assert_eq!(provider.sessions()[0].deltas.iter().map(|delta| delta.bytes).sum::<u32>(), 8_000);
    }
}

#[tokio::test]
async fn noise_is_taken_for_speech_when_asked() {
    let faults = Faults { false_speech: Chance::ALWAYS, ..Faults::default() };
    let pace = Pace { speed: 1.0, ..options().pace };
    let provider = Provider::start(Options { faults, pace, ..options() }).await.unwrap();
    let mut client = Client::telephone(&provider).await;
    client.send(json!({"type": "response.create"})).await;
    client.until("input_audio_buffer.speech_started").await;
    assert_eq!(client.until("response.done").await["response"]["status"], "cancelled");
}
