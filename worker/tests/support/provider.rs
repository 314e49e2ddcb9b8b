//! A small look-alike of OpenAI Realtime: a test says what it sends, all it is told is kept.

use super::{PATIENCE, demo_agent};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::company::{AgentSnapshot, Provider};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// Where sessions come in.
pub(crate) struct FakeProvider {
    listener: TcpListener,
}

/// One session.
pub(crate) struct ProviderSession {
    socket: WebSocketStream<TcpStream>,
}

impl FakeProvider {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    /// For `openai.base_url`.
    pub(crate) fn base_url(&self) -> String {
        format!("ws://{}/v1", self.listener.local_addr().unwrap())
    }

    /// The next session that is dialled.
    pub(crate) async fn session(&self) -> ProviderSession {
        let accepting = async {
            let (stream, _) = self.listener.accept().await.unwrap();
            ProviderSession { socket: accept_async(stream).await.unwrap() }
        };
        tokio::time::timeout(PATIENCE, accepting).await.expect("nobody dials the provider")
    }
}

impl ProviderSession {
    /// The next message of this type; others are passed over.
    pub(crate) async fn told(&mut self, kind: &str) -> Value {
        let waiting = async {
            loop {
                let Some(Ok(Message::Text(text))) = self.socket.next().await else {
                    panic!("the session ended before {kind}")
                };
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["type"] == kind {
                    return message;
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("no {kind}"))
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Takes the configuration as it is asked for.
    pub(crate) async fn configure(&mut self) {
        self.say(json!({"type": "session.created", "session": {}})).await;
        let update = self.told("session.update").await;
        self.say(json!({"type": "session.updated", "session": update["session"]})).await;
    }

    /// Takes an item of the conversation that is rebuilt.
    pub(crate) async fn take_item(&mut self) -> Value {
        let created = self.told("conversation.item.create").await;
        self.say(json!({"type": "conversation.item.added", "item": created["item"]})).await;
        self.say(json!({"type": "conversation.item.done", "item": created["item"]})).await;
        created["item"].clone()
    }

    /// Answers with these words and this sound.
    pub(crate) async fn answer(&mut self, words: &str, audio: &[u8]) {
        let (response, item) = ("resp_1", "item_1");
        let ids = json!({"response_id": response, "item_id": item, "output_index": 0, "content_index": 0});
        let with = |kind: &str, field: &str, value: &str| {
            let mut message = ids.clone();
            message["type"] = kind.into();
            message[field] = value.into();
            message
        };
        self.say(json!({"type": "response.created", "response": {"id": response, "status": "in_progress"}})).await;
        self.say(with("response.output_audio_transcript.delta", "delta", words)).await;
        self.say(with("response.output_audio.delta", "delta", &STANDARD.encode(audio))).await;
        let item = json!({"id": item, "type": "message", "role": "assistant", "status": "completed"});
        self.say(json!({"type": "response.output_item.done", "response_id": response, "item": item})).await;
        let done = json!({"id": response, "status": "completed", "output": [item], "usage": null});
        self.say(json!({"type": "response.done", "response": done})).await;
    }

    /// Waits until the other side has ended the session.
    pub(crate) async fn ended(&mut self) {
        while let Some(Ok(message)) = self.socket.next().await {
            if message.is_close() {
                return;
            }
        }
    }
}

/// An agent of OpenAI's.
pub(crate) fn openai_agent() -> AgentSnapshot {
    AgentSnapshot { provider: Provider::Openai, script: None, ..demo_agent() }
}
