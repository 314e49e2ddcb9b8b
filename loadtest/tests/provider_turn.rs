//! A caller's turn at the look-alike: the order of events is the real server's.

#[path = "common/client.rs"]
mod client;

use client::{Client, options, outline};
use loadtest::provider::{Options, Provider, Variety};
use serde_json::json;

#[tokio::test]
async fn a_turn_is_answered_in_the_order_of_the_real_server() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::telephone(&provider).await;
    client.take_turn().await;
    let events = client.collect("rate_limits.updated").await;
    let expected = [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "deltas",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
        "rate_limits.updated",
    ];
    assert_eq!(outline(&events), expected);
}

#[tokio::test]
async fn a_user_item_has_the_id_its_speech_announced() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::telephone(&provider).await;
    client.take_turn().await;
    let started = client.until("input_audio_buffer.speech_started").await;
    let added = client.until("conversation.item.added").await;
    assert_eq!(started["item_id"], added["item"]["id"]);
    let reply = client.until("conversation.item.added").await;
    assert_eq!(reply["previous_item_id"], added["item"]["id"]);
}

#[tokio::test]
async fn the_first_response_is_the_greeting_and_its_audio_is_whole() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::telephone(&provider).await;
    client.send(json!({"type": "response.create"})).await;
    let events = client.collect("response.done").await;
    let done = events.last().unwrap();
    assert_eq!(done["response"]["status"], "completed");
    assert_eq!(done["response"]["output"][0]["content"][0]["transcript"], "Hello, how can I help you?");
    let audio = events.iter().filter(|event| event["type"] == "response.output_audio.delta");
    assert_eq!(audio.count(), 10);
    assert_eq!(done["response"]["usage"]["output_token_details"]["audio_tokens"], 20);
}

#[tokio::test]
async fn the_callers_words_arrive_in_writing() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::telephone(&provider).await;
    client.take_turn().await;
    let completed = client.until("conversation.item.input_audio_transcription.completed").await;
    assert_eq!(completed["transcript"], "I have a question.");
}

#[tokio::test]
async fn every_legal_variation_still_ends_each_response_once() {
    let legal = Options { variety: Variety::Legal, ..options() };
    let provider = Provider::start(legal).await.unwrap();
    for _ in 0..8 {
        let mut client = Client::telephone(&provider).await;
        client.take_turn().await;
        let events = client.collect("response.done").await;
        let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
        assert_eq!((count("response.created"), count("response.output_audio.done")), (1, 1));
        assert_eq!(events.last().unwrap()["response"]["status"], "completed");
    }
}
