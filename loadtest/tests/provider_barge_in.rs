//! A caller who speaks while the agent does: the response is cut, the item can be cut where the caller heard it.

#[path = "common/client.rs"]
mod client;

use std::time::Duration;

use client::{Client, options, outline};
use loadtest::provider::{Options, Pace, Provider};
use serde_json::{Value, json};

/// A provider slow enough to be interrupted.
async fn slow() -> Provider {
    let base = options();
    Provider::start(Options { pace: Pace { speed: 1.0, ..base.pace }, ..base }).await.expect("a free port")
}

async fn interrupted(client: &mut Client) -> Vec<Value> {
    client.send(json!({"type": "response.create"})).await;
    client.until("response.output_audio.delta").await;
    client.say(loadtest::provider::clip::Clip::tone("", 200, 300.0, 100).ulaw()).await;
    client.until("input_audio_buffer.speech_started").await;
    client.collect("response.done").await
}

#[tokio::test]
async fn speech_cancels_the_running_response() {
    let provider = slow().await;
    let mut client = Client::telephone(&provider).await;
    let events = interrupted(&mut client).await;
    let expected = [
        "deltas",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ];
    assert_eq!(outline(&events), expected);
    let response = &events.last().unwrap()["response"];
    assert_eq!(response["status_details"], json!({"type": "cancelled", "reason": "turn_detected"}));
    assert_eq!(response["output"][0]["status"], "incomplete");
}

#[tokio::test]
async fn a_client_can_cancel_once() {
    let provider = slow().await;
    let mut client = Client::telephone(&provider).await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.output_audio.delta").await;
    client.send(json!({"type": "response.cancel"})).await;
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["status_details"]["reason"], "client_cancelled");
    client.send(json!({"type": "response.cancel", "event_id": "again"})).await;
    let error = client.until("error").await;
    assert_eq!(
        (&error["error"]["code"], &error["error"]["event_id"]),
        (&json!("response_cancel_not_active"), &json!("again"))
    );
}

#[tokio::test]
async fn an_item_is_cut_at_most_where_it_ended_and_the_cut_is_remembered() {
    let provider = slow().await;
    let mut client = Client::telephone(&provider).await;
    let events = interrupted(&mut client).await;
    let item = events.last().unwrap()["response"]["output"][0]["id"].clone();
    let truncate = |ms: u32| json!({"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": ms});
    client.send(truncate(5_000)).await;
    assert_eq!(client.until("error").await["error"]["param"], "audio_end_ms");
    client.send(truncate(80)).await;
    assert_eq!(client.until("conversation.item.truncated").await["audio_end_ms"], 80);
    client.send(json!({"type": "conversation.item.retrieve", "item_id": item})).await;
    let retrieved = client.until("conversation.item.retrieved").await;
    assert_eq!(retrieved["item"]["content"][0]["transcript"], Value::Null);
    let truth = provider.sessions().remove(0);
    assert_eq!((truth.items[0].truncated_ms, truth.truncations_refused), (Some(80), 1));
    assert!(truth.items[0].cancelled);
}

#[tokio::test]
async fn a_client_that_takes_the_turns_is_not_interrupted() {
    let provider = slow().await;
    let mut client = Client::telephone(&provider).await;
    let manual = json!({"type": "realtime", "audio": {"input": {"turn_detection": null}}});
    client.send(json!({"type": "session.update", "session": manual})).await;
    client.until("session.updated").await;
    client.send(json!({"type": "response.create"})).await;
    client.take_turn().await;
    client.send(json!({"type": "input_audio_buffer.commit"})).await;
    let events = client.collect("response.done").await;
    assert!(events.iter().all(|event| event["type"] != "input_audio_buffer.speech_started"));
    assert!(events.iter().any(|event| event["type"] == "input_audio_buffer.committed"));
    assert_eq!(events.last().unwrap()["response"]["status"], "completed");
}

#[tokio::test]
async fn deltas_come_faster_than_they_are_spoken() {
    let provider = Provider::start(Options { pace: Pace { speed: 5.0, ..options().pace }, ..options() }).await.unwrap();
    let mut client = Client::telephone(&provider).await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.done").await;
    let deltas = provider.sessions().remove(0).deltas;
    let took = deltas.last().unwrap().at - deltas[0].at;
    assert!(took >= Duration::from_millis(170), "one second of audio came in {took:?}");
}
