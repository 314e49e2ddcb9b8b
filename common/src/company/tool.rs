//! Tools as configured: what the agent may ask for, and what that does. A tool is data; no code is written for one.

use crate::private::PhoneNumber;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A tool of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// What the model calls it: letters, digits, `_`, at most 64.
    pub name: String,
    /// When the model should use it.
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub parameters: Value,
    /// What it does.
    pub kind: ToolKind,
    /// Whether the agent has it at all.
    pub enabled: bool,
    /// Longest run.
    pub timeout_ms: u64,
    /// Whether running it twice is the same as once: it only reads, or the other side knows the key.
    pub idempotent: bool,
    /// Whether the caller must agree, in a turn of their own, before it runs.
    pub confirm: Confirm,
    /// Whether the record may keep its arguments and output.
    pub keep: Keep,
    /// Said when it takes long, by language; missing languages use the agent's `filler` phrase.
    pub filler: BTreeMap<String, String>,
    /// How often it may run.
    pub rate: Rate,
}

/// Whether the caller must agree before a tool runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// It runs when the model asks.
    #[default]
    No,
    /// The first request is answered with what is to be read back; the same request runs once the caller has spoken.
    ReadBack,
}

/// What the record keeps of a tool run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Arguments and output.
    #[default]
    All,
    /// That it ran, and how it ended.
    Name,
}

/// How often a tool may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// In one call.
    pub per_call: u32,
    /// In one minute, at one worker, all calls of the company together.
    pub per_minute: u32,
}

impl Default for Rate {
    fn default() -> Self {
        Self { per_call: 50, per_minute: 1_000 }
    }
}

/// What a tool does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToolKind {
    /// Something Patchbay does itself.
    BuiltIn(BuiltIn),
    /// An HTTP request.
    Http(HttpTool),
    /// A tool of an MCP server (streamable HTTP).
    Mcp(McpTool),
}

/// What Patchbay does itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum BuiltIn {
    /// Ends the call when the goodbye has been heard. Arguments: none.
    HangUp,
    /// Puts the caller through to a target of the list. Arguments: `to`, and `briefing` for the person called.
    Transfer,
    /// Puts the caller into a queue of the list. Arguments: `queue`.
    Enqueue,
    /// Puts the caller into a conference of the list. Arguments: `room`.
    Conference,
    /// Sends keys to the other side. Arguments: `digits`.
    SendDigits,
    /// Opens a ticket. Arguments: `subject`, `details`, optionally `priority`, `category`.
    CreateTicket,
    /// Finds one record by its key.
    LookupRecord {
        /// Kind of record, for example `order`.
        record: String,
        /// Name of the argument that holds the key.
        argument: String,
    },
    /// Finds records by words. Arguments: `query`.
    SearchRecords {
        /// Kind of record, for example `article`.
        record: String,
        /// How many at most.
        most: u32,
    },
    /// Checks the checksum of a United States bank routing number. Arguments: `routing_number`.
    ValidateRoutingNumber,
    /// Goes on in another language of the agent. Arguments: `language`.
    SetLanguage,
    /// Sends the person on the telephone a text message of the company's wording. Arguments: `message` and its fields.
    SendSms,
    /// The person does not want to be called again. Arguments: none.
    OptOut,
    /// Starts, pauses, resumes or stops the recording, or deletes it because the caller refuses. Arguments: `do`.
    Recording,
}

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpTool {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Where: an `https` URL, or `{service}/…` with a service of the company. `{argument}` in path and query is replaced
    /// by that argument, escaped.
    pub url: String,
    /// Further headers; no secrets.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Header that carries a secret, and the secret's name.
    #[serde(default)]
    pub secret: Option<SecretHeader>,
    /// Secret the body is signed with, HMAC-SHA256.
    #[serde(default)]
    pub sign: Option<SecretRef>,
    /// Body as a template; `None` sends the arguments as JSON where the method has a body.
    #[serde(default)]
    pub body: Option<Value>,
    /// JSON pointers of what the model gets, by the name it gets; empty gives it everything.
    #[serde(default)]
    pub result: BTreeMap<String, String>,
    /// What it answers while its service has no address: for trying a pack without the outside world.
    #[serde(default)]
    pub sample: Option<Sample>,
}

/// What a tool answers without its service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sample {
    /// Always this.
    Answer(Value),
    /// The record of this kind whose key is this argument.
    Record {
        /// Kind of record.
        record: String,
        /// Name of the argument that holds the key.
        argument: String,
    },
}

/// A header whose value is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretHeader {
    /// Its name, for example `X-Webhook-Secret`.
    pub name: String,
    /// Put before the secret, for example `Bearer `.
    #[serde(default)]
    pub prefix: String,
    /// The secret.
    pub secret: SecretRef,
}

/// The name of a secret. Its value stands in the environment or a file, never in a pack, a store or a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretRef(pub String);

/// A tool of an MCP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct McpTool {
    /// The server, `https://…` or `{service}/…`.
    pub url: String,
    /// The tool's name there.
    pub tool: String,
    /// Header that carries a secret.
    #[serde(default)]
    pub secret: Option<SecretHeader>,
}

/// Somebody calls may be put through to. The model names it; it never sees or gives a number.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// E.164.
    pub number: PhoneNumber,
    /// For the model: when to choose it.
    pub description: String,
    /// How long it rings.
    pub ring_s: u32,
    /// Longest connected time.
    pub talk_s: u32,
    /// Whether the person called hears a briefing and may decline.
    pub briefing: Briefing,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("number", &self.number.masked()).finish_non_exhaustive()
    }
}

/// Whether a person called hears a briefing first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Briefing {
    /// Put through at once.
    #[default]
    None,
    /// The briefing is spoken; a key takes the call.
    Spoken,
}

/// Where callers wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// Targets called to take the next caller.
    pub members: Vec<String>,
    /// Longest wait; then the agent goes on.
    pub wait_s: u32,
    /// What is played; `None` for Patchbay's own.
    pub music: Option<String>,
}

/// Where several people talk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Room {
    /// Targets called in when a caller enters.
    pub members: Vec<String>,
}

/// Keys the caller may press before the agent answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Menu {
    /// How long a key is waited for; then the agent answers as if there were no menu.
    pub wait_s: u32,
    /// By key.
    pub keys: BTreeMap<char, Choice>,
}

/// What a key of the menu does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The agent answers in this language.
    Language(String),
    /// Another agent of the company answers.
    Agent(crate::ids::AgentId),
    /// The call is put through to this target.
    Target(String),
    /// The call waits in this queue.
    Queue(String),
}
