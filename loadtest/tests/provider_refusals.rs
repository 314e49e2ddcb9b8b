//! What the look-alike refuses, and with which symptom.

#[path = "common/client.rs"]
mod client;

use client::{Client, Ended, options};
use loadtest::provider::{Options, Pace, Provider};
use serde_json::{Value, json};

async fn refusal(client: &mut Client, message: Value) -> (String, String) {
    client.send(message).await;
    let error = client.until("error").await["error"].clone();
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    (text("code"), text("param"))
}

#[tokio::test]
async fn a_bad_key_is_let_in_and_closed_with_3000() {
    let provider = Provider::start(options()).await.unwrap();
    let client = Client::connect(&provider, "sk-wrong", &[]).await;
    assert_eq!(client.ended().await, Ended::Close(3000, "invalid_request_error.invalid_api_key".into()));
}

#[tokio::test]
async fn a_beta_client_is_told_so_and_closed_with_4000() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::connect(&provider, "sk-look-alike", &[("openai-beta", "realtime=v1")]).await;
    assert_eq!(client.until("error").await["error"]["code"], "beta_api_shape_disabled");
    assert_eq!(client.ended().await, Ended::Close(4000, "invalid_request_error.beta_api_shape_disabled".into()));
}

#[tokio::test]
async fn a_session_needs_its_type_and_keeps_its_configuration_without() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::telephone(&provider).await;
    let update = json!({"type": "session.update", "event_id": "cfg-1", "session": {"instructions": "x"}});
    let (code, param) = refusal(&mut client, update).await;
    assert_eq!((code.as_str(), param.as_str()), ("missing_required_parameter", "session.type"));
    client.send(json!({"type": "session.update", "session": {"type": "realtime"}})).await;
    assert_eq!(client.until("session.updated").await["session"]["instructions"], "Be brief.");
}

#[tokio::test]
async fn a_second_response_waits_for_the_first() {
    let slow = Options { pace: Pace { speed: 1.0, ..options().pace }, ..options() };
    let provider = Provider::start(slow).await.unwrap();
    let mut client = Client::telephone(&provider).await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.created").await;
    let (code, _) = refusal(&mut client, json!({"type": "response.create"})).await;
    assert_eq!(code, "conversation_already_has_active_response");
    client.until("response.done").await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.created").await;
}

#[tokio::test]
async fn an_answer_beside_the_conversation_may_run_at_any_time() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::telephone(&provider).await;
    client.send(json!({"type": "response.create"})).await;
    let beside = json!({"conversation": "none", "output_modalities": ["text"], "metadata": {"purpose": "summary"}});
    client.send(json!({"type": "response.create", "response": beside})).await;
    let text = client.until("response.output_text.done").await;
    assert!(!text["text"].as_str().unwrap().is_empty());
    let mut purposes = Vec::new();
    for _ in 0..2 {
        purposes.push(client.until("response.done").await["response"]["metadata"]["purpose"].clone());
    }
    assert!(purposes.contains(&json!("summary")));
}

#[tokio::test]
async fn broken_messages_are_answered_and_the_session_goes_on() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::telephone(&provider).await;
    let (code, param) = refusal(&mut client, json!({"type": "audio.append", "event_id": "e"})).await;
    assert_eq!((code.as_str(), param.as_str()), ("invalid_value", "type"));
    let (_, param) = refusal(&mut client, json!({"type": "input_audio_buffer.append", "audio": "no base64!"})).await;
    assert_eq!(param, "audio");
    let (code, _) = refusal(&mut client, json!({"type": "input_audio_buffer.commit"})).await;
    assert_eq!(code, "input_audio_buffer_commit_empty");
    client.send(json!({"type": "response.create"})).await;
    client.until("response.done").await;
}
