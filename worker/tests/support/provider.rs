//! A small look-alike of OpenAI Realtime: a test says what it sends, all it is told is kept.

use super::telephone::Telephone;
use super::{Bench, PATIENCE, Seat, Setup, call, demo_agent};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::company::{AgentSnapshot, Provider, Tool};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
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
    answers: u32,
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
            ProviderSession { socket: accept_async(stream).await.unwrap(), answers: 0 }
        };
        tokio::time::timeout(PATIENCE, accepting).await.expect("nobody dials the provider")
    }
}

impl FakeProvider {
    /// Refuses the next dial as one with a wrong key.
    pub(crate) async fn refuse(&self) {
        let refusing = async {
            let (mut stream, _) = self.listener.accept().await.unwrap();
            stream.readable().await.unwrap();
            let answer = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream
        };
        let mut stream = tokio::time::timeout(PATIENCE, refusing).await.expect("nobody dials the provider");
        // Closing before the request was read would reset the connection and lose the answer.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
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

    /// The next message, which is of this type.
    pub(crate) async fn told_first(&mut self, kind: &str) {
        let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("nothing is said");
        let Some(Ok(Message::Text(text))) = next else { panic!("the session ended before {kind}") };
        let message: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(message["type"], kind);
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

    /// Greets with 100 ms of sound.
    pub(crate) async fn greet(&mut self) {
        self.told("response.create").await;
        self.answer("Hello.", &[0x55; 800]).await;
    }

    /// The caller says something.
    pub(crate) async fn hear_caller(&mut self) {
        for kind in ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"] {
            self.say(json!({"type": kind, "item_id": "item_caller"})).await;
        }
    }

    /// An answer that asks for a tool.
    pub(crate) async fn ask(&mut self, call: &str, tool: &str, arguments: Value) {
        self.answers += 1;
        let response = format!("resp_{}", self.answers);
        let item = json!({
            "id": format!("item_{}", self.answers), "type": "function_call", "status": "completed",
            "call_id": call, "name": tool, "arguments": arguments.to_string(),
        });
        self.say(json!({"type": "response.created", "response": {"id": response, "status": "in_progress"}})).await;
        self.say(json!({"type": "response.output_item.done", "response_id": response, "item": item})).await;
        let done = json!({"id": response, "status": "completed", "output": [item], "usage": null});
        self.say(json!({"type": "response.done", "response": done})).await;
    }

    /// What a tool call came to.
    pub(crate) async fn output_of(&mut self, call: &str) -> Value {
        let created = self.told("conversation.item.create").await;
        let item = &created["item"];
        assert_eq!((&item["type"], &item["call_id"]), (&"function_call_output".into(), &call.into()));
        serde_json::from_str(item["output"].as_str().unwrap()).unwrap()
    }

    /// Answers with these words and this sound.
    pub(crate) async fn answer(&mut self, words: &str, audio: &[u8]) {
        self.answer_billed(words, audio, Value::Null).await;
    }

    /// Answers, and says what the answer is billed.
    pub(crate) async fn answer_billed(&mut self, words: &str, audio: &[u8], usage: Value) {
        self.answers += 1;
        let (response, item) = (format!("resp_{}", self.answers), format!("item_{}", self.answers));
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
        let done = json!({"id": response, "status": "completed", "output": [item], "usage": usage});
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
    AgentSnapshot { voices: vec![common::testing::voice(Provider::Openai)], script: None, ..demo_agent() }
}

/// An agent of OpenAI's with these tools.
pub(crate) fn agent_with(tools: &[Tool]) -> AgentSnapshot {
    AgentSnapshot { tools: tools.to_vec(), ..openai_agent() }
}

/// A call this agent has greeted over the wire.
pub(crate) struct Greeted {
    pub(crate) bench: Bench,
    pub(crate) telephone: Telephone,
    pub(crate) session: ProviderSession,
    /// Answers further dials.
    pub(crate) provider: FakeProvider,
}

impl Greeted {
    /// With a worker of its own; tools may reach these hosts.
    pub(crate) async fn by(agent: AgentSnapshot, hosts: &[String]) -> Self {
        Self::at(Setup::new(), agent, hosts).await
    }

    /// With a worker that is set up like this.
    pub(crate) async fn at(setup: Setup, agent: AgentSnapshot, hosts: &[String]) -> Self {
        let provider = FakeProvider::start().await;
        let setup = setup.with("openai.base_url", &provider.base_url()).with("openai.api_key", "sk-test");
        let setup = if hosts.is_empty() { setup } else { setup.with("tools.private_hosts", &hosts.join(",")) };
        let bench = setup.start().await;
        let seat = bench.reserve_for(&call(1), agent).await;
        Self::over(bench, provider, seat).await
    }

    /// On a seat that is reserved.
    pub(crate) async fn over(bench: Bench, provider: FakeProvider, seat: Seat) -> Self {
        let mut session = provider.session().await;
        session.configure().await;
        let mut telephone = bench.dial(&seat).await;
        telephone.start(&seat.call).await;
        session.greet().await;
        assert_eq!(telephone.hear(1).await, [0x55; 800]);
        Self { bench, telephone, session, provider }
    }
}
