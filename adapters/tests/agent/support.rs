//! A link to a provider without a socket, and what comes out of it as lines of text. OpenAI, unless said otherwise.

use adapters::agent::Providers;
use bytes::Bytes;
use call::{AgentCommand, AgentInput, Conversation, Heard, Speaker, Spoken, Turn, Usage};
use common::company::{AgentSnapshot, BuiltIn, Provider, Tool, ToolKind, Voice};
use common::config::Openai;
use common::ports::agent::{AgentFrame, AgentIo, AgentRoute};
use common::ports::{AgentCodec, AgentEvent, Agents as _};
use common::private::SecretString;
use common::testing;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const UPDATED: &str = "openai/server.session.updated__twilio_pcmu";

pub(crate) fn golden(name: &str) -> Bytes {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Bytes::from(std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
}

pub(crate) fn golden_json(name: &str) -> Value {
    serde_json::from_slice(&golden(name)).expect("JSON")
}

pub(crate) fn snapshot() -> AgentSnapshot {
    let mut agent = AgentSnapshot { voices: vec![voice()], tools: vec![hang_up()], ..testing::agent_snapshot() };
    agent.languages[0].instructions = "You answer the phone for Harbour Rooms.\n".into();
    agent
}

fn voice() -> Voice {
    let transcription = Some("gpt-4o-mini-transcribe".into());
    Voice { model: "gpt-realtime-2.1".into(), transcription, ..testing::voice(Provider::Openai) }
}

fn hang_up() -> Tool {
    let description = "End the call after you have said goodbye.".into();
    Tool { description, ..testing::tool("hang_up", ToolKind::BuiltIn(BuiltIn::HangUp)) }
}

pub(crate) fn openai(key: Option<&str>) -> Openai {
    let api_key = key.map(|key| SecretString::from(key.to_owned()));
    Openai { api_key, base_url: "https://api.openai.com/v1".into() }
}

pub(crate) fn route(agent: &AgentSnapshot) -> AgentRoute {
    Providers::new(openai(Some("sk-test"))).open(agent, 0).expect("there is a key")
}

/// A link, and all it has given back.
pub(crate) struct Link {
    pub(crate) codec: Box<dyn AgentCodec>,
    pub(crate) io: AgentIo,
}

impl Link {
    /// Opened; nothing has been heard from the server.
    pub(crate) fn opened(agent: &AgentSnapshot, conversation: &Conversation) -> Self {
        Self::open(route(agent), conversation)
    }

    pub(crate) fn open(route: AgentRoute, conversation: &Conversation) -> Self {
        let mut link = Self { codec: route.codec, io: AgentIo::default() };
        link.codec.opened(conversation, &mut link.io);
        link
    }

    /// Configured: audio flows; what was said until then is forgotten.
    pub(crate) fn talking() -> Self {
        let mut link = Self::opened(&snapshot(), &Conversation::default());
        link.hear(UPDATED);
        assert_eq!(link.events(), ["ready"]);
        link.io.send.clear();
        link
    }

    pub(crate) fn hear(&mut self, name: &str) {
        self.text(golden(name));
    }

    pub(crate) fn hear_json(&mut self, message: &Value) {
        self.text(Bytes::from(message.to_string()));
    }

    pub(crate) fn text(&mut self, frame: Bytes) {
        self.codec.text(frame, &mut self.io);
    }

    pub(crate) fn tell(&mut self, command: AgentCommand) {
        self.codec.command(command, &mut self.io);
    }

    pub(crate) fn caller_audio(&mut self, payload: impl Into<Bytes>) {
        self.codec.caller_audio(&payload.into(), Duration::from_millis(20), &mut self.io);
    }

    /// What happened since the last time, a line each.
    pub(crate) fn events(&mut self) -> Vec<String> {
        self.io.events.drain(..).map(|event| line(&event)).collect()
    }

    /// What was sent since the last time.
    pub(crate) fn sent(&mut self) -> Vec<Value> {
        let json = |frame| match frame {
            AgentFrame::Text(text) => serde_json::from_slice(&text).expect("we send JSON"),
            AgentFrame::Binary(bytes) => json!({"binary_bytes": bytes.len()}),
        };
        self.io.send.drain(..).map(json).collect()
    }

    /// The types of what was sent since the last time.
    pub(crate) fn sent_types(&mut self) -> Vec<String> {
        self.sent().iter().map(|message| message["type"].as_str().expect("a type").to_owned()).collect()
    }
}

/// An event as a line of text.
fn line(event: &AgentEvent) -> String {
    match event {
        AgentEvent::Input(input) => input_line(input),
        AgentEvent::Audio { reply, item, length, .. } => {
            format!("audio of reply {} item {}: {} ms", reply.0, item.0, length.as_millis())
        }
        AgentEvent::Unknown => "unknown".into(),
        AgentEvent::Unreadable => "unreadable".into(),
    }
}

fn input_line(input: &AgentInput) -> String {
    match input {
        AgentInput::Ready => "ready".into(),
        AgentInput::CallerStarted { item } => format!("caller starts item {}", item.0),
        AgentInput::CallerStopped { item } => format!("caller stops item {}", item.0),
        AgentInput::CallerSaid { item, text } => {
            format!("caller said item {}: {}", item.0, text.as_ref().map_or("?", Spoken::reveal))
        }
        AgentInput::ReplyStarted { reply } => format!("reply {} starts", reply.0),
        AgentInput::ReplyText { reply, item, text } => {
            format!("text of reply {} item {}: {}", reply.0, item.0, text.reveal())
        }
        AgentInput::ReplyDone { reply, outcome, usage } => {
            format!("reply {} done: {outcome:?}{}", reply.0, usage_line(usage))
        }
        AgentInput::Transcribed { usage } => format!("transcribed:{}", usage_line(usage)),
        AgentInput::ToolAsked { call, name, arguments } => format!("tool {name} {} {}", call.0, arguments.reveal()),
        AgentInput::ToolCancelled { call } => format!("tool {} cancelled", call.0),
        AgentInput::Complained { code } => format!("complained: {code}"),
        AgentInput::Lost(fault) => format!("lost: {fault:?}"),
    }
}

fn usage_line(usage: &Usage) -> String {
    let parts = [
        ("text in", usage.text_in),
        ("cached", usage.text_cached),
        ("audio in", usage.audio_in),
        ("cached", usage.audio_cached),
        ("text out", usage.text_out),
        ("audio out", usage.audio_out),
        ("transcription", usage.transcription),
        ("billed ms", usage.billed_ms),
    ];
    parts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!(", {count} {name}")).collect()
}

/// A conversation of these turns.
pub(crate) fn conversation(turns: &[(Speaker, Option<&str>)]) -> Conversation {
    let turn = |(number, (speaker, text)): (u32, &(Speaker, Option<&str>))| Turn {
        number,
        speaker: *speaker,
        text: text.map(Spoken::new),
        started_ms: u64::from(number) * 1_000,
        ended_ms: u64::from(number) * 1_000 + 500,
        heard: Heard::Whole,
        version: None,
    };
    let numbered = turns.len() as u32;
    Conversation { turns: (1..).zip(turns).map(turn).collect(), numbered, ..Conversation::default() }
}
