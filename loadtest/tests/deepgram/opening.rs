//! Who is let in, how a session opens, and that the greeting is spoken word for word.

use loadtest::deepgram::{Options, Pace, Provider, truth::Source};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Client, GREETING, greeted, options, outline, settings};

async fn status(authorization: &str, path: &str) -> Option<u16> {
    let provider = Provider::start(options()).await.unwrap();
    match Client::dial(&provider, path, authorization).await {
        Err(Error::Http(response)) => Some(response.status().as_u16()),
        Ok(_) | Err(_) => None,
    }
}

#[tokio::test]
async fn a_key_after_bearer_is_refused_and_a_temporary_token_is_not() {
    let path = "/v1/agent/converse";
    assert_eq!(status("Token dg-look-alike", path).await, None);
    assert_eq!(status("Bearer eyJ0.eyJz.c2ln", path).await, None);
    assert_eq!(status("Bearer dg-look-alike", path).await, Some(401));
    assert_eq!(status("Token another", path).await, Some(401));
    assert_eq!(status("Token dg-look-alike", "/agent").await, Some(404));
}

#[tokio::test]
async fn a_session_opens_and_greets() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::connect(&provider).await;
    assert!(client.until("Welcome").await["request_id"].is_string());
    client.send(greeted()).await;
    let messages = client.collect("AgentAudioDone").await;
    let expected = ["SettingsApplied", "audio", "ConversationText", "History", "audio", "AgentAudioDone"];
    assert_eq!(outline(&messages), expected);
    let text = messages.iter().find(|message| message.kind() == "ConversationText").unwrap().text();
    assert_eq!((&text["role"], &text["content"]), (&json!("assistant"), &json!(GREETING)));
    let truth = provider.sessions().remove(0);
    assert_eq!((truth.answers[0].source, truth.answers[0].sent_bytes), (Source::Greeting, 8_000));
    assert_eq!((truth.settings, truth.violations), (Some(greeted()), Vec::new()));
}

#[tokio::test]
async fn without_a_greeting_nothing_is_said() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.send(json!({"type": "UpdatePrompt", "prompt": "Be briefer."})).await;
    assert_eq!(client.next().await.unwrap().kind(), "PromptUpdated");
    assert!(provider.sessions()[0].answers.is_empty());
}

#[tokio::test]
async fn a_restored_conversation_is_kept() {
    let provider = Provider::start(options()).await.unwrap();
    let call = json!({"id": "c1", "name": "lookup", "client_side": true, "arguments": "{}", "response": "{}"});
    let context = json!([
        {"type": "History", "role": "user", "content": "Two beds, please."},
        {"type": "History", "function_calls": [call]},
    ]);
    let mut resumed = settings();
    resumed["agent"]["context"] = json!({ "messages": context });
    let _client = Client::ready(&provider, resumed).await;
    assert_eq!(Value::Array(provider.sessions().remove(0).context), context);
}

#[tokio::test]
async fn a_client_that_says_nothing_is_sent_away_and_keep_alive_holds_it() {
    let pace = Pace { client_timeout: Duration::from_millis(300), ..options().pace };
    let provider = Provider::start(Options { pace, ..options() }).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    let began = std::time::Instant::now();
    let mut pulse = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..5 {
        pulse.tick().await;
        client.send(json!({"type": "KeepAlive"})).await;
    }
    assert_eq!(client.fate().await, "CLIENT_MESSAGE_TIMEOUT");
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
    assert_eq!(provider.sessions()[0].keep_alives, 5);
}

#[tokio::test]
async fn a_session_warns_before_it_is_too_old() {
    let session_limit = Duration::from_millis(200);
    let pace = Pace { session_limit, limit_warning: Duration::from_millis(100), ..options().pace };
    let provider = Provider::start(Options { pace, ..options() }).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    assert_eq!(client.until("Warning").await["code"], "MAXIMUM_SESSION_LENGTH_APPROACHING");
    assert_eq!(client.fate().await, "MAXIMUM_SESSION_LENGTH_REACHED");
}
