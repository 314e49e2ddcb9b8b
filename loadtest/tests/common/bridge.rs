//! A bridge of a few lines between the telephone network and the provider: what the ledger's tests put in the middle.
//!
//! It passes audio both ways as it is, clears and cuts when the caller interrupts, and can be told to do one thing wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message as Frame, client::IntoClientRequest, http::HeaderValue},
};

use crate::application::Stream;
use axum::extract::ws::Message;

/// What the bridge does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    /// This frame of the caller is not passed on.
    LosesFrame(usize),
    /// This frame of the caller is passed on with another byte.
    ChangesFrame(usize),
    /// This delta of the agent is not passed on.
    LosesDelta(usize),
    /// Nothing is cleared when the caller interrupts.
    TalksOn,
}

type Agent = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Joins one stream to a session of the provider.
pub(crate) async fn join(mut line: Stream, url: String, wrong: Wrong) {
    let mut agent = dial(&url).await;
    let sid = line.start["streamSid"].as_str().unwrap_or_default().to_owned();
    let mut bridge = Bridge { sid, wrong, frames: 0, deltas: 0, item: String::new(), began: Instant::now() };
    loop {
        tokio::select! {
            message = line.socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["event"] == "stop" {
                        break;
                    }
                    if let Some(up) = bridge.up(&message) {
                        agent.send(Frame::text(up)).await.unwrap();
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
            Some(Ok(message)) = agent.next() => {
                let Frame::Text(text) = message else { continue };
                let event: Value = serde_json::from_str(&text).unwrap();
                if event["type"] == "input_audio_buffer.speech_started" && wrong != Wrong::TalksOn {
                    agent.send(Frame::text(bridge.truncation())).await.unwrap();
                }
                for down in bridge.down(&event) {
                    line.socket.send(Message::text(down.to_string())).await.unwrap();
                }
            }
        }
    }
    let _closed = agent.close(None).await;
}

/// Opens a session that is ready to hear and has been asked to greet.
async fn dial(url: &str) -> Agent {
    let mut request = format!("{url}/realtime?model=gpt-realtime-2.1").into_client_request().unwrap();
    request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer sk-look-alike"));
    let (mut agent, _) = connect_async(request).await.unwrap();
    let session = crate::client::telephone_session();
    agent.send(Frame::text(json!({"type": "session.update", "session": session}).to_string())).await.unwrap();
    loop {
        let message = agent.next().await.unwrap().unwrap().into_text().unwrap();
        if message.contains("\"session.updated\"") {
            break;
        }
    }
    agent.send(Frame::text("{\"type\":\"response.create\"}")).await.unwrap();
    agent
}

struct Bridge {
    sid: String,
    wrong: Wrong,
    frames: usize,
    deltas: usize,
    item: String,
    /// When the item began to be heard: nothing else was playing.
    began: Instant,
}

impl Bridge {
    fn up(&mut self, message: &Value) -> Option<String> {
        let payload = message["media"]["payload"].as_str()?;
        let frame = self.frames;
        self.frames += 1;
        let payload = match self.wrong {
            Wrong::LosesFrame(lost) if lost == frame => return None,
            Wrong::ChangesFrame(changed) if changed == frame => format!("AAAA{}", &payload[4..]),
            _ => payload.to_owned(),
        };
        Some(format!("{{\"type\":\"input_audio_buffer.append\",\"audio\":\"{payload}\"}}"))
    }

    fn down(&mut self, event: &Value) -> Vec<Value> {
        match event["type"].as_str() {
            Some("response.output_audio.delta") => {
                let delta = self.deltas;
                self.deltas += 1;
                if self.wrong == Wrong::LosesDelta(delta) {
                    return Vec::new();
                }
                if event["item_id"] != self.item.as_str() {
                    self.item = event["item_id"].as_str().unwrap_or_default().to_owned();
                    self.began = Instant::now();
                }
                vec![json!({"event": "media", "streamSid": self.sid, "media": {"payload": event["delta"]}})]
            }
            Some("input_audio_buffer.speech_started") if self.wrong != Wrong::TalksOn => {
                vec![json!({"event": "clear", "streamSid": self.sid})]
            }
            _ => Vec::new(),
        }
    }

    fn truncation(&self) -> String {
        let heard = self.began.elapsed().as_millis() as u64;
        json!({"type": "conversation.item.truncate", "item_id": self.item, "content_index": 0, "audio_end_ms": heard})
            .to_string()
    }
}
