//! A client of the Realtime API for the tests of the look-alike: sends JSON, waits for events by their type.
#![allow(dead_code, reason = "each test file uses its own part of the support")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use futures_util::{SinkExt, StreamExt};
use loadtest::provider::{
    Options, Pace, Provider,
    clip::Clip,
    script::{Reply, Script},
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

/// The longest any of these tests waits for anything.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// How a connection ended for the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Close(u16, String),
    Abrupt,
}

/// A provider that is as fast as it can be and says tones.
pub(crate) fn options() -> Options {
    let tone = |text: &str, hertz| Arc::new(Clip::tone(text, 1_000, hertz, 100));
    let replies = vec![Reply::speech(&tone("We have two rooms left.", 500.0))];
    let script = Script::new(Reply::speech(&tone("Hello, how can I help you?", 400.0)), replies);
    let quick = Pace {
        open: Duration::ZERO,
        update: Duration::ZERO,
        first_audio: Duration::from_millis(1),
        speed: 100.0,
        transcription: Duration::ZERO,
    };
    Options { script: Arc::new(script), pace: quick, ..Options::default() }
}

impl Client {
    pub(crate) async fn connect(provider: &Provider, key: &str, headers: &[(&'static str, &str)]) -> Self {
        let url = format!("{}/realtime?model=gpt-realtime-2.1", provider.base_url);
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {key}");
        for (name, value) in headers.iter().copied().chain([("authorization", bearer.as_str())]) {
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        let (socket, _) = connect_async(request).await.unwrap();
        Self { socket }
    }

    /// A client in a session that speaks mu-law both ways.
    pub(crate) async fn telephone(provider: &Provider) -> Self {
        let mut client = Self::connect(provider, "sk-look-alike", &[]).await;
        client.until("session.created").await;
        client.send(json!({"type": "session.update", "session": telephone_session()})).await;
        client.until("session.updated").await;
        client
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Sends audio in frames of 20 ms.
    pub(crate) async fn say(&mut self, ulaw: &[u8]) {
        for frame in ulaw.chunks(160) {
            let text = format!("{{\"type\":\"input_audio_buffer.append\",\"audio\":\"{}\"}}", BASE64.encode(frame));
            self.socket.feed(Message::text(text)).await.unwrap();
        }
        self.socket.flush().await.unwrap();
    }

    /// Says something and is silent long enough for the turn to end.
    pub(crate) async fn take_turn(&mut self) {
        self.say(Clip::tone("", 600, 300.0, 100).ulaw()).await;
        self.say(&vec![0xFF; 700 * 8]).await;
    }

    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap()? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next event of this type; what comes before it is passed over.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        self.collect(kind).await.pop().unwrap()
    }

    /// All events up to and with the first of this type.
    pub(crate) async fn collect(&mut self, kind: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the socket ended before {kind}: {events:?}"));
            let found = event["type"] == kind;
            events.push(event);
            if found {
                return events;
            }
        }
    }

    pub(crate) async fn ended(mut self) -> Ended {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap() {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Ended::Close(frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ended::Abrupt,
            }
        }
    }
}

pub(crate) fn telephone_session() -> Value {
    let detection =
        json!({"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500});
    json!({"type": "realtime", "instructions": "Be brief.", "audio": {
        "input": {"format": {"type": "audio/pcmu"}, "turn_detection": detection,
                  "transcription": {"model": "gpt-4o-mini-transcribe"}},
        "output": {"format": {"type": "audio/pcmu"}, "voice": "marin"},
    }})
}

/// Types of events without the transcription's, which come when they come, and with runs of deltas as one.
pub(crate) fn outline(events: &[Value]) -> Vec<String> {
    let mut kinds: Vec<String> = events.iter().filter_map(|event| event["type"].as_str()).map(str::to_owned).collect();
    kinds.retain(|kind| !kind.contains("input_audio_transcription"));
    let delta = |kind: &str| kind.starts_with("response.output_audio") && kind.ends_with(".delta");
    kinds.iter_mut().filter(|kind| delta(kind)).for_each(|kind| *kind = "deltas".to_owned());
    kinds.dedup();
    kinds
}
