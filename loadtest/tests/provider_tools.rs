//! Function calls and restored history at the look-alike.

#[path = "common/client.rs"]
mod client;

use std::sync::Arc;

use client::{Client, options};
use loadtest::provider::{
    Options, Provider,
    clip::Clip,
    script::{Reply, Script},
};
use serde_json::json;

/// A provider that greets by asking for a function, then says what it found.
async fn with_tools() -> Provider {
    let clip = |text| Arc::new(Clip::tone(text, 200, 400.0, 100));
    let greeting = Reply::speech(&clip("One moment.")).and_call("lookup_booking", "{\"reference\":\"KQ7P2M\"}");
    let script = Script::new(greeting, vec![Reply::speech(&clip("It is for two nights."))]);
    Provider::start(Options { script: Arc::new(script), ..options() }).await.expect("a free port")
}

#[tokio::test]
async fn a_function_is_asked_for_answered_and_spoken_about() {
    let provider = with_tools().await;
    let mut client = Client::telephone(&provider).await;
    client.send(json!({"type": "response.create"})).await;
    let asked = client.until("response.function_call_arguments.done").await;
    assert_eq!((&asked["name"], &asked["arguments"]), (&json!("lookup_booking"), &json!("{\"reference\":\"KQ7P2M\"}")));
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["output"][1]["call_id"], asked["call_id"]);
    let output = json!({"type": "function_call_output", "call_id": asked["call_id"], "output": "{\"nights\":2}"});
    client.send(json!({"type": "conversation.item.create", "item": output})).await;
    client.until("conversation.item.done").await;
    client.send(json!({"type": "response.create"})).await;
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["output"][0]["content"][0]["transcript"], "It is for two nights.");
}

#[tokio::test]
async fn a_restored_conversation_is_not_greeted_again() {
    let provider = with_tools().await;
    let mut client = Client::telephone(&provider).await;
    let said = json!({"type": "message", "role": "assistant", "id": "h_1", "content": [{"type": "output_text", "text": "Hello."}]});
    client.send(json!({"type": "conversation.item.create", "previous_item_id": "root", "item": said})).await;
    assert_eq!(client.until("conversation.item.added").await["item"]["id"], "h_1");
    client.send(json!({"type": "response.create"})).await;
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["output"][0]["content"][0]["transcript"], "It is for two nights.");
}
