//! A client of the Voice Agent: sends JSON and audio, waits for messages by their type.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use loadtest::{
    deepgram::{Habits, Options, Pace, Provider, codes::ErrorCode},
    provider::{
        clip::Clip,
        script::{Reply, Script},
    },
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

/// The longest any of these tests waits for anything.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const GREETING: &str = "Hello, how can I help you?";
pub(crate) const ANSWER: &str = "We have two rooms left.";

pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// One message of the agent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Text(Value),
    Audio(Vec<u8>),
}

impl Heard {
    pub(crate) fn kind(&self) -> &str {
        match self {
            Self::Text(message) => message["type"].as_str().unwrap(),
            Self::Audio(_) => "audio",
        }
    }

    pub(crate) fn text(&self) -> &Value {
        match self {
            Self::Text(message) => message,
            Self::Audio(_) => panic!("audio where a message was wanted"),
        }
    }
}

pub(crate) fn tone(text: &str, hertz: f32) -> Arc<Clip> {
    Arc::new(Clip::tone(text, 1_000, hertz, 100))
}

/// An agent that always behaves the same, is as fast as it can be, and says these replies after its greeting.
pub(crate) fn saying(replies: Vec<Reply>) -> Options {
    let script = Script::new(Reply::speech(&tone(GREETING, 400.0)), replies);
    let quick = Pace {
        applied: Duration::ZERO,
        greeting: Duration::from_millis(1),
        update: Duration::ZERO,
        first_audio: Duration::from_millis(1),
        speed: 100.0,
        server_function: Duration::from_millis(1),
        ..Pace::default()
    };
    Options { script: Arc::new(script), pace: quick, habits: Habits::plain(), ..Options::default() }
}

pub(crate) fn options() -> Options {
    saying(vec![Reply::speech(&tone(ANSWER, 500.0))])
}

/// An agent slow enough to be interrupted.
pub(crate) fn slow(options: Options) -> Options {
    Options { pace: Pace { speed: 1.0, ..options.pace }, ..options }
}

/// The settings of a telephone call; silent until spoken to.
pub(crate) fn settings() -> Value {
    json!({
        "type": "Settings",
        "audio": {
            "input": {"encoding": "mulaw", "sample_rate": 8_000},
            "output": {"encoding": "mulaw", "sample_rate": 8_000, "container": "none"},
        },
        "agent": {
            "listen": {"provider": {"type": "deepgram", "version": "v2", "model": "flux-general-en"}},
            "think": {
                "provider": {"type": "open_ai", "model": "gpt-4.1-mini"},
                "prompt": "Be brief.",
                "functions": [
                    {"name": "lookup", "description": "Looks up.", "parameters": {"type": "object"}},
                    {"name": "book", "parameters": {"type": "object"}, "defer_until_eot": true},
                    {"name": "weather", "parameters": {"type": "object"},
                     "endpoint": {"url": "https://weather.example/now", "method": "get"}},
                ],
            },
            "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
        },
    })
}

pub(crate) fn greeted() -> Value {
    let mut settings = settings();
    settings["agent"]["greeting"] = json!(GREETING);
    settings
}

impl Client {
    pub(crate) async fn dial(provider: &Provider, path: &str, authorization: &str) -> Result<Self, Error> {
        let mut request = format!("{}{path}", provider.base_url).into_client_request().unwrap();
        request.headers_mut().insert("authorization", HeaderValue::from_str(authorization).unwrap());
        let (socket, _) = connect_async(request).await?;
        Ok(Self { socket })
    }

    pub(crate) async fn connect(provider: &Provider) -> Self {
        Self::dial(provider, "/v1/agent/converse", "Token dg-look-alike").await.unwrap()
    }

    /// A client that has been welcomed.
    pub(crate) async fn welcome(provider: &Provider) -> Self {
        let mut client = Self::connect(provider).await;
        client.until("Welcome").await;
        client
    }

    /// A client whose settings have been applied.
    pub(crate) async fn ready(provider: &Provider, settings: Value) -> Self {
        let mut client = Self::welcome(provider).await;
        client.send(settings).await;
        client.until("SettingsApplied").await;
        client
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Sends audio in frames of 20 ms.
    pub(crate) async fn say(&mut self, ulaw: &[u8]) {
        for frame in ulaw.chunks(160) {
            self.socket.feed(Message::binary(frame.to_vec())).await.unwrap();
        }
        self.socket.flush().await.unwrap();
    }

    pub(crate) async fn speak(&mut self, ms: usize) {
        self.say(Clip::tone("", ms, 300.0, 100).ulaw()).await;
    }

    pub(crate) async fn be_silent(&mut self, ms: usize) {
        self.say(&vec![0xFF; ms * 8]).await;
    }

    /// Says something and is silent long enough for the turn to end.
    pub(crate) async fn take_turn(&mut self) {
        self.speak(600).await;
        self.be_silent(700).await;
    }

    pub(crate) async fn answer(&mut self, call: &Value, content: &str) {
        let message =
            json!({"type": "FunctionCallResponse", "id": call["id"], "name": call["name"], "content": content});
        self.send(message).await;
    }

    /// The next message; none when the socket has ended.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap()? {
                Ok(Message::Text(text)) => return Some(Heard::Text(serde_json::from_str(&text).unwrap())),
                Ok(Message::Binary(audio)) => return Some(Heard::Audio(audio.to_vec())),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next message of this type; what comes before it is passed over.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        match self.collect(kind).await.pop().unwrap() {
            Heard::Text(message) => message,
            Heard::Audio(_) => Value::Null,
        }
    }

    /// All messages up to and with the first of this type.
    pub(crate) async fn collect(&mut self, kind: &str) -> Vec<Heard> {
        let mut messages = Vec::new();
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("the socket ended before {kind}: {messages:?}"));
            let found = message.kind() == kind;
            messages.push(message);
            if found {
                return messages;
            }
        }
    }

    /// The code of the error the session ends with.
    pub(crate) async fn fate(mut self) -> String {
        let error = self.until("Error").await;
        assert_eq!(self.next().await, None, "the session went on after {error}");
        error["code"].as_str().unwrap().to_owned()
    }

    /// Whether the socket ends without another word.
    pub(crate) async fn ends(mut self) -> bool {
        self.next().await.is_none()
    }
}

/// The code as a client reads it.
pub(crate) fn code(code: ErrorCode) -> String {
    code.name().to_owned()
}

/// Types of messages, with runs of audio as one.
pub(crate) fn outline(messages: &[Heard]) -> Vec<&str> {
    let mut kinds: Vec<&str> = messages.iter().map(Heard::kind).collect();
    kinds.dedup_by(|a, b| *a == "audio" && *b == "audio");
    kinds
}
