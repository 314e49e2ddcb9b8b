//! A telephone's end of a media stream: every frame is sent when a test says so, all that comes is kept.

use super::{PATIENCE, PUBLIC, TOKEN};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::ids::CallId;
use common::private::SecretString;
use common::twilio::signature;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// The account all streams belong to.
pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
const STREAM: &str = "MZ00000000000000000000000000000001";

/// 20 ms of audio.
const FRAME: usize = 160;

/// One media stream.
pub(crate) struct Telephone {
    socket: WebSocketStream<TcpStream>,
    /// Whether marks are sent back at once, as if everything were played in no time.
    pub(crate) marks: Marks,
    sequence: u64,
}

/// What a telephone does with a mark.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marks {
    Return,
    Keep,
}

/// What the worker sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Audio(Vec<u8>),
    Mark(String),
    Clear,
    /// Close code and reason; 1006 when the socket broke without a word.
    Closed(u16, String),
}

impl Telephone {
    /// Opens the stream with a good signature; the HTTP status where it is refused.
    pub(crate) async fn dial(address: SocketAddr, worker: &str, token: &str) -> Result<Self, u16> {
        let path = format!("/media/{worker}/{token}");
        let url = format!("{}{path}", PUBLIC.replace("https", "wss"));
        let signature = signature::sign_upgrade(&SecretString::from(TOKEN), &url);
        let socket = TcpStream::connect(address).await.unwrap();
        Self::upgrade(socket, &path, Some(&signature)).await
    }

    /// Opens the stream on a connection that is there.
    pub(crate) async fn upgrade(socket: TcpStream, path: &str, signature: Option<&str>) -> Result<Self, u16> {
        socket.set_nodelay(true).unwrap();
        let mut request = format!("ws://calls.example.com{path}").into_client_request().unwrap();
        if let Some(signature) = signature {
            request.headers_mut().insert("x-twilio-signature", signature.parse().unwrap());
        }
        match client_async(request, socket).await {
            Ok((socket, _)) => Ok(Self { socket, marks: Marks::Return, sequence: 1 }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// `connected` and `start`.
    pub(crate) async fn start(&mut self, call: &CallId) {
        self.send(json!({"event": "connected", "protocol": "Call", "version": "1.0.0"})).await;
        self.send(Self::start_frame(call)).await;
    }

    pub(crate) fn start_frame(call: &CallId) -> Value {
        json!({
            "event": "start", "sequenceNumber": "1", "streamSid": STREAM,
            "start": {
                "accountSid": ACCOUNT, "streamSid": STREAM, "callSid": call.as_str(), "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {},
            },
        })
    }

    pub(crate) fn media_frame(&mut self, audio: &[u8]) -> Value {
        self.sequence += 1;
        json!({
            "event": "media", "sequenceNumber": self.sequence.to_string(), "streamSid": STREAM,
            "media": {
                "track": "inbound", "chunk": (self.sequence - 1).to_string(),
                "timestamp": (self.sequence * 20).to_string(), "payload": STANDARD.encode(audio),
            },
        })
    }

    /// Caller audio in frames of 20 ms, sent as fast as the socket takes them.
    pub(crate) async fn speak(&mut self, audio: &[u8]) {
        for frame in audio.chunks(FRAME) {
            let frame = self.media_frame(frame);
            self.send(frame).await;
        }
    }

    pub(crate) async fn stop(&mut self) {
        self.send(json!({
            "event": "stop", "sequenceNumber": "9", "streamSid": STREAM, "stop": {"accountSid": ACCOUNT},
        }))
        .await;
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_message(Message::text(frame.to_string())).await;
    }

    /// Sends anything. A worker that has closed already is not this method's matter.
    pub(crate) async fn send_message(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    /// The next thing the worker sends.
    pub(crate) async fn next(&mut self) -> Heard {
        let heard = tokio::time::timeout(PATIENCE, self.receive()).await.expect("the worker says nothing");
        if let (Heard::Mark(name), Marks::Return) = (&heard, self.marks) {
            self.mark(name).await;
        }
        heard
    }

    /// Sends a mark back: what was sent before it was heard.
    pub(crate) async fn mark(&mut self, name: &str) {
        self.send(json!({"event": "mark", "streamSid": STREAM, "mark": {"name": name}})).await;
    }

    async fn receive(&mut self) -> Heard {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return read(&text),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Heard::Closed(frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => panic!("{message:?}"),
                Some(Err(_)) | None => return Heard::Closed(1006, String::new()),
            }
        }
    }

    /// Hears at least so much, up to the next mark: when that is back, the worker knows that all of it was heard.
    pub(crate) async fn hear(&mut self, bytes: usize) -> Vec<u8> {
        let mut audio = Vec::new();
        loop {
            match self.next().await {
                Heard::Audio(piece) => audio.extend(piece),
                Heard::Mark(_) if audio.len() < bytes => {}
                Heard::Mark(_) => return audio,
                other => panic!("{other:?} after {} bytes", audio.len()),
            }
        }
    }

    /// Reads until the worker closes; gives code and reason.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Heard::Closed(code, reason) = self.next().await {
                return (code, reason);
            }
        }
    }
}

fn read(text: &str) -> Heard {
    let frame: Value = serde_json::from_str(text).unwrap();
    assert_eq!(frame["streamSid"], STREAM, "{text}");
    match frame["event"].as_str().unwrap() {
        "media" => Heard::Audio(STANDARD.decode(frame["media"]["payload"].as_str().unwrap()).unwrap()),
        "mark" => Heard::Mark(frame["mark"]["name"].as_str().unwrap().to_owned()),
        "clear" => Heard::Clear,
        other => panic!("the network takes no {other}"),
    }
}
