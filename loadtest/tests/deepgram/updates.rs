//! The running session is changed, and says so.

use loadtest::{
    deepgram::{Habits, Options, Pace, Prompting, Provider, codes::ErrorCode},
    provider::script::Reply,
};
use serde_json::json;
use std::time::Duration;

use crate::client::{Client, code, options, saying, settings};

async fn prompt_after(prompting: Prompting) -> String {
    let habits = Habits { prompting, ..Habits::plain() };
    let provider = Provider::start(Options { habits, ..options() }).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.send(json!({"type": "UpdatePrompt", "prompt": "Speak Spanish."})).await;
    client.until("PromptUpdated").await;
    provider.sessions().remove(0).prompt
}

#[tokio::test]
async fn a_prompt_is_added_to_or_replaced() {
    assert_eq!(prompt_after(Prompting::Appends).await, "Be brief.\nSpeak Spanish.");
    assert_eq!(prompt_after(Prompting::Replaces).await, "Speak Spanish.");
}

#[tokio::test]
async fn every_update_is_acknowledged_and_kept() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    let listen = json!({"provider": {"type": "deepgram", "version": "v2", "model": "flux-general-multi", "language_hints": ["es"]}});
    let speak = json!({"provider": {"type": "deepgram", "model": "aura-2-apollo-en"}});
    let think = json!({"provider": {"type": "open_ai", "model": "gpt-4.1-mini"}, "prompt": "New."});
    for (update, ack) in [
        (json!({"type": "UpdateListen", "listen": listen}), "ListenUpdated"),
        (json!({"type": "UpdateSpeak", "speak": speak}), "SpeakUpdated"),
        (json!({"type": "UpdateThink", "think": think}), "ThinkUpdated"),
    ] {
        client.send(update).await;
        client.until(ack).await;
    }
    let truth = provider.sessions().remove(0);
    assert_eq!(truth.wishes_of("UpdateSpeak").next().unwrap()["speak"], speak);
    assert_eq!((truth.prompt.as_str(), truth.wishes.len(), truth.violations.len()), ("New.", 3, 0));
}

#[tokio::test]
async fn functions_left_out_of_an_update_are_gone() {
    let provider = Provider::start(saying(vec![Reply::call("lookup", "{}")])).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    let think = json!({"provider": {"type": "open_ai", "model": "gpt-4.1-mini"}, "prompt": "New."});
    client.send(json!({"type": "UpdateThink", "think": think})).await;
    client.until("ThinkUpdated").await;
    client.take_turn().await;
    assert_eq!(client.fate().await, code(ErrorCode::NonExistentFunctionCalled));
}

#[tokio::test]
async fn a_second_update_before_the_acknowledgement_is_a_violation() {
    let pace = Pace { update: Duration::from_millis(50), ..options().pace };
    let provider = Provider::start(Options { pace, ..options() }).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    for prompt in ["One.", "Two."] {
        client.send(json!({"type": "UpdatePrompt", "prompt": prompt})).await;
    }
    client.until("PromptUpdated").await;
    client.until("PromptUpdated").await;
    assert_eq!(provider.sessions()[0].violations, ["a second update before PromptUpdated"]);
}

#[tokio::test]
async fn a_prompt_too_long_is_cut_with_a_warning() {
    let provider = Provider::start(options()).await.unwrap();
    let mut long = settings();
    long["agent"]["think"]["prompt"] = json!("x".repeat(26_000));
    let mut client = Client::ready(&provider, long).await;
    assert_eq!(client.until("Warning").await["code"], "PROMPT_TOO_LONG");
    assert_eq!(provider.sessions()[0].prompt.len(), 25_000);
}
