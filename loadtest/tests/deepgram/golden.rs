//! The messages a client writes are understood, every one of them, and the agent's own are shaped like the service's.

use std::{collections::BTreeSet, fs, path::Path};

use loadtest::{
    deepgram::{Habits, Options, Provider, Reports, ThinkLive, faults::Faults},
    provider::{faults::Chance, script::Reply},
};
use serde_json::{Value, json};

use crate::client::{Client, greeted, options, saying, tone};

const STORED: &str = "7d0f4a52-3b0e-4d58-9a3f-6b8a2f1c0e11";

/// The client's golden messages whose names begin so.
fn golden(prefix: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/tests/golden/deepgram");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with(prefix) {
            found.push((name, serde_json::from_slice(&fs::read(entry.path()).unwrap()).unwrap()));
        }
    }
    assert!(!found.is_empty(), "there are no golden messages called {prefix}*");
    found
}

async fn provider() -> Provider {
    let habits = Habits { think_live: ThinkLive::Enrolled, ..Habits::plain() };
    let stored = vec![(STORED.to_owned(), greeted()["agent"].clone())];
    Provider::start(Options { habits, stored, ..options() }).await.unwrap()
}

#[tokio::test]
async fn every_golden_settings_message_is_applied() {
    let provider = provider().await;
    for (_, settings) in golden("client.Settings") {
        Client::ready(&provider, settings).await;
    }
    assert!(provider.sessions().iter().all(|truth| truth.violations.is_empty() && truth.errors.is_empty()));
}

#[tokio::test]
async fn every_other_golden_message_is_taken() {
    let provider = provider().await;
    let (_, settings) = golden("client.Settings__think_live").remove(0);
    let messages = golden("client.").into_iter().filter(|(name, _)| !name.starts_with("client.Settings"));
    for (name, message) in messages {
        let mut client = Client::ready(&provider, settings.clone()).await;
        client.send(message).await;
        client.send(json!({"type": "UpdatePrompt", "prompt": ""})).await;
        client.until("PromptUpdated").await;
        let truth = provider.sessions().pop().unwrap();
        assert!(truth.errors.is_empty(), "{name}: {:?}", truth.violations);
    }
}

/// The fields of a message, without the values.
fn fields(message: &Value) -> BTreeSet<String> {
    message.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn what_the_agent_says_has_the_fields_of_its_golden_messages() {
    let known: Vec<(String, BTreeSet<String>)> = golden("server.")
        .into_iter()
        .map(|(_, message)| (message["type"].as_str().unwrap().to_owned(), fields(&message)))
        .collect();
    let mut kinds = BTreeSet::new();
    for message in conversation().await {
        let (kind, fields) = (message["type"].as_str().unwrap().to_owned(), fields(&message));
        let like = known.iter().any(|(known, golden)| *known == kind && *golden == fields);
        assert!(like, "no golden message has the fields of {message}");
        kinds.insert(kind);
    }
    assert!(kinds.len() >= 17, "only {kinds:?} were said");
}

/// Everything said in a conversation in which much happens.
async fn conversation() -> Vec<Value> {
    let always = Chance::ALWAYS;
    let habits = Habits { reports: Reports::Flood, thinking: always, started_speaking: always, ..Habits::plain() };
    let faults = Faults { resumed_speech: always, ..Faults::default() };
    let script = vec![Reply::call("lookup", "{}"), Reply::call("weather", "{}"), Reply::speech(&tone("Two.", 500.0))];
    let provider = Provider::start(Options { habits, faults, ..saying(script) }).await.unwrap();
    let mut client = Client::connect(&provider).await;
    let mut said = client.collect("Welcome").await;
    client.send(greeted()).await;
    said.extend(client.collect("AgentAudioDone").await);
    client.take_turn().await;
    said.extend(client.collect("EndOfTurn").await);
    let request = client.collect("FunctionCallRequest").await;
    client.answer(&request.last().unwrap().text()["functions"][0], "{}").await;
    said.extend(request);
    said.extend(client.collect("AgentAudioDone").await);
    let sentence =
        |behavior: &str| json!({"type": "InjectAgentMessage", "message": "One moment.", "behavior": behavior});
    client.send(sentence("queue")).await;
    client.send(sentence("default")).await;
    said.extend(client.collect("InjectionRefused").await);
    for (update, ack) in updates() {
        client.send(update).await;
        said.extend(client.collect(ack).await);
    }
    client.send(greeted()).await;
    said.extend(client.collect("Error").await);
    let messages = said.into_iter().filter(|message| message.kind() != "audio");
    messages.map(|message| message.text().clone()).collect()
}

fn updates() -> [(Value, &'static str); 4] {
    let agent = greeted()["agent"].clone();
    [
        (json!({"type": "UpdatePrompt", "prompt": "Be briefer."}), "PromptUpdated"),
        (json!({"type": "UpdateThink", "think": agent["think"]}), "ThinkUpdated"),
        (json!({"type": "UpdateSpeak", "speak": agent["speak"]}), "SpeakUpdated"),
        (json!({"type": "UpdateListen", "listen": agent["listen"]}), "ListenUpdated"),
    ]
}
