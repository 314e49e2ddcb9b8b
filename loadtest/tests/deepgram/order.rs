//! What a client must not do ends the session with the code that says so.

use loadtest::deepgram::{Options, Pace, Provider, codes::ErrorCode, truth::SessionTruth};
use serde_json::{Value, json};
use std::time::Duration;

use crate::client::{Client, code, options, settings};

/// What becomes of a session with these settings.
async fn settled(settings: Value) -> (String, SessionTruth) {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::welcome(&provider).await;
    client.send(settings).await;
    (client.fate().await, provider.sessions().remove(0))
}

async fn fate_of(change: impl FnOnce(&mut Value)) -> String {
    let mut settings = settings();
    change(&mut settings);
    settled(settings).await.0
}

#[tokio::test]
async fn nothing_comes_before_the_settings() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::welcome(&provider).await;
    client.send(json!({"type": "KeepAlive"})).await;
    assert_eq!(client.fate().await, code(ErrorCode::NonSettingsMessageBeforeSettings));
    let mut client = Client::welcome(&provider).await;
    client.be_silent(20).await;
    assert_eq!(client.fate().await, code(ErrorCode::BinaryMessageBeforeSettings));
    assert!(provider.sessions().iter().all(|truth| truth.violations.len() == 1 && truth.errors.len() == 1));
}

#[tokio::test]
async fn audio_before_the_settings_are_applied_ends_the_session() {
    let pace = Pace { applied: Duration::from_secs(60), ..options().pace };
    let provider = Provider::start(Options { pace, ..options() }).await.unwrap();
    let mut client = Client::welcome(&provider).await;
    client.send(settings()).await;
    client.be_silent(20).await;
    assert_eq!(client.fate().await, code(ErrorCode::BinaryMessageBeforeSettings));
}

#[tokio::test]
async fn settings_come_once() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.send(settings()).await;
    assert_eq!(client.fate().await, code(ErrorCode::SettingsAlreadyApplied));
}

#[tokio::test]
async fn what_has_no_place_in_the_settings_cannot_be_parsed() {
    let unparsable = code(ErrorCode::UnparsableClientMessage);
    let rate = fate_of(|s| s["audio"]["input"]["sample_rate"] = json!(8_000.0)).await;
    let tools = fate_of(|s| s["agent"]["think"]["tools"] = json!([])).await;
    let language = fate_of(|s| s["agent"]["speak"]["provider"]["language"] = json!("en")).await;
    let early = fate_of(|s| s["agent"]["think"]["instructions"] = json!("Be brief.")).await;
    let nested = fate_of(|s| s["agent"]["flags"] = json!({"history": true})).await;
    let history = json!({"messages": [{"type": "History", "role": "system", "content": "Be brief."}]});
    let role = fate_of(|s| s["agent"]["context"] = history).await;
    assert_eq!([rate, tools, language, early, nested, role], std::array::from_fn(|_| unparsable.clone()));
}

#[tokio::test]
async fn values_that_make_no_sense_are_invalid() {
    let invalid = code(ErrorCode::InvalidSettings);
    let flux = json!({"type": "deepgram", "model": "flux-general-en"});
    let version = fate_of(|s| s["agent"]["listen"]["provider"] = flux).await;
    let language = fate_of(|s| s["agent"]["listen"]["provider"]["language"] = json!("en")).await;
    let filler = fate_of(|s| s["agent"]["think"]["functions"][0]["initial_agent_filler"] = json!(true)).await;
    let voice = fate_of(|s| s["agent"]["speak"]["provider"]["model"] = json!("marin")).await;
    let twice = fate_of(|s| s["agent"]["think"]["functions"][1]["name"] = json!("lookup")).await;
    assert_eq!([version, language, filler, voice, twice], std::array::from_fn(|_| invalid.clone()));
}

#[tokio::test]
async fn a_stored_agent_must_exist() {
    let known = "7d0f4a52-3b0e-4d58-9a3f-6b8a2f1c0e11";
    let stored = vec![(known.to_owned(), settings()["agent"].clone())];
    let provider = Provider::start(Options { stored, ..options() }).await.unwrap();
    let with = |id: &str| {
        let mut settings = settings();
        settings["agent"] = json!(id);
        settings
    };
    Client::ready(&provider, with(known)).await;
    let mut client = Client::welcome(&provider).await;
    client.send(with("00000000-3b0e-4d58-9a3f-6b8a2f1c0e11")).await;
    assert_eq!(client.fate().await, code(ErrorCode::InvalidAgentId));
}

#[tokio::test]
async fn the_reason_is_kept_for_whoever_reads_the_truth() {
    let mut settings = settings();
    settings["agent"]["think"]["tools"] = json!([]);
    let (_, truth) = settled(settings).await;
    assert!(truth.violations[0].contains("unknown field `tools`"), "{:?}", truth.violations);
}

#[tokio::test]
async fn a_message_before_welcome_is_noticed() {
    let pace = Pace { welcome: Duration::from_secs(60), ..options().pace };
    let provider = Provider::start(Options { pace, ..options() }).await.unwrap();
    let mut client = Client::connect(&provider).await;
    client.send(settings()).await;
    let truth = provider.until(|sessions| sessions.iter().any(|truth| truth.settings.is_some())).await.remove(0);
    assert_eq!(truth.violations, ["a message before Welcome"]);
}
