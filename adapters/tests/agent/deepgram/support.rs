//! A link to Deepgram without a socket.

use crate::support::{Link, openai};
use adapters::agent::Providers;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use call::Conversation;
use common::company::{AgentSnapshot, BuiltIn, Provider, Tool, ToolKind, TurnDetection, Voice};
use common::config::Deepgram;
use common::ports::Agents as _;
use common::ports::agent::AgentRoute;
use common::private::SecretString;
use common::testing;
use serde_json::{Value, json};

/// Loud enough for speech.
pub(super) const SPEECH: u8 = 0x90;
pub(super) const SILENCE: u8 = 0xFF;

/// The agent of the golden messages.
pub(super) fn snapshot() -> AgentSnapshot {
    let voice = Voice {
        model: "gpt-4.1-mini".into(),
        voice: "aura-2-thalia-en".into(),
        turn_detection: TurnDetection::SemanticVad { eagerness: "auto".into() },
        ..testing::voice(Provider::Deepgram)
    };
    let mut agent = AgentSnapshot { voices: vec![voice], tools: tools(), ..testing::agent_snapshot() };
    agent.languages[0].instructions = "You answer the phone for Harbour Rooms.".into();
    agent
}

fn tools() -> Vec<Tool> {
    let reference = json!({
        "type": "object", "properties": {"reference": {"type": "string"}}, "required": ["reference"],
    });
    let lookup = BuiltIn::LookupRecord { record: "booking".into(), argument: "reference".into() };
    let lookup = testing::tool("lookup_booking", ToolKind::BuiltIn(lookup));
    let end = testing::tool("end_call", ToolKind::BuiltIn(BuiltIn::HangUp));
    vec![
        Tool { parameters: reference, description: "Find one booking by its reference.".into(), ..lookup },
        Tool { description: "Hang up after goodbye.".into(), ..end },
    ]
}

pub(super) fn account(key: Option<&str>) -> Deepgram {
    let api_key = key.map(|key| SecretString::from(key.to_owned()));
    Deepgram { api_key, base_url: "wss://agent.deepgram.com".into() }
}

pub(super) fn route(agent: &AgentSnapshot) -> AgentRoute {
    Providers::new(openai(None)).with_deepgram(account(Some("dg-test"))).open(agent, 0).expect("there is a key")
}

/// Opened; nothing has been heard from the server.
pub(super) fn opened(agent: &AgentSnapshot, conversation: &Conversation) -> Link {
    Link::open(route(agent), conversation)
}

/// The settings are on their way; gives them too.
pub(super) fn welcomed(agent: &AgentSnapshot, conversation: &Conversation) -> (Link, Value) {
    let mut link = opened(agent, conversation);
    link.hear("deepgram/server.Welcome");
    let [settings] = <[Value; 1]>::try_from(link.sent()).expect("one message");
    (link, settings)
}

/// Audio flows; what was said until then is forgotten.
pub(super) fn talking() -> Link {
    resumed(&Conversation::default())
}

/// The same, with something said before.
pub(super) fn resumed(conversation: &Conversation) -> Link {
    let (mut link, _) = welcomed(&snapshot(), conversation);
    link.hear("deepgram/server.SettingsApplied");
    assert_eq!(link.events(), ["ready"]);
    link
}

impl Link {
    /// A message of the server, by its golden name.
    pub(super) fn server(&mut self, name: &str) {
        self.hear(&format!("deepgram/server.{name}"));
    }

    /// A message of the server.
    pub(super) fn says(&mut self, kind: &str, fields: Value) {
        let mut message = fields;
        message["type"] = kind.into();
        self.hear_json(&message);
    }

    /// Audio of the agent, so many milliseconds.
    pub(super) fn speaks(&mut self, ms: usize) {
        self.codec.binary(Bytes::from(vec![SPEECH; ms * 8]), &mut self.io);
    }

    /// The caller's side for so long, in 20 ms frames; what is told of money meanwhile is left out.
    pub(super) fn line(&mut self, byte: u8, ms: usize) {
        for _ in 0..ms / 20 {
            self.caller_audio(STANDARD.encode([byte; 160]));
        }
    }

    /// What was sent since the last time, audio apart.
    pub(super) fn messages(&mut self) -> Vec<Value> {
        let mut sent = self.sent();
        sent.retain(|message| message["binary_bytes"].is_null());
        sent
    }

    /// What happened since the last time, bills apart.
    pub(super) fn news(&mut self) -> Vec<String> {
        let mut events = self.events();
        events.retain(|event| !event.starts_with("transcribed"));
        events
    }
}
