//! The messages a client writes are understood, every one of them.

use std::{fs, path::Path};

use loadtest::deepgram::{Habits, Options, Provider, ThinkLive};
use serde_json::Value;

use crate::client::{Client, greeted, options};

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
        client.send(serde_json::json!({"type": "UpdatePrompt", "prompt": ""})).await;
        client.until("PromptUpdated").await;
        let truth = provider.sessions().pop().unwrap();
        assert!(truth.errors.is_empty(), "{name}: {:?}", truth.violations);
    }
}
