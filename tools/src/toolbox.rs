//! Decides what a tool call does.

use crate::{Memory, Plan, Secrets};
use call::{Conversation, Spoken, ToolCallId};
use common::company::AgentSnapshot;
use common::ids::{CallId, Epoch};
use common::ports::directory::Directory;
use common::private::PhoneNumber;
use std::fmt;
use std::sync::Arc;

/// Runs tools. Shared by all calls of a worker.
pub struct Toolbox {
    settings: Settings,
    directory: Arc<dyn Directory>,
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Toolbox").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What a toolbox is told at its start.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Secrets by name.
    pub secrets: Secrets,
    /// `host:port` that tools may reach though not public or not https.
    pub private_hosts: Vec<String>,
}

/// Why a toolbox could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ToolboxError {
    /// The HTTP client could not be made.
    #[error("make the client for tools")]
    Client(#[source] reqwest::Error),
}

/// A tool call as the agent made it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// In which call.
    pub call: &'a CallId,
    /// Under which claim.
    pub epoch: Epoch,
    /// The agent as this call uses it.
    pub agent: &'a AgentSnapshot,
    /// Who calls, where the network said so.
    pub caller: Option<&'a PhoneNumber>,
    /// The provider's name of the tool call.
    pub id: &'a ToolCallId,
    /// The tool's name.
    pub name: &'a str,
    /// Its arguments, JSON as the model wrote it.
    pub arguments: &'a Spoken,
    /// What was said so far, and the journal.
    pub conversation: &'a Conversation,
}

impl Toolbox {
    /// A toolbox that looks records up in `directory`.
    pub fn new(settings: Settings, directory: Arc<dyn Directory>) -> Result<Self, ToolboxError> {
        Ok(Self { settings, directory })
    }

    /// Decides what a tool call does. Never waits, runs nothing.
    pub fn plan(&self, asked: &Asked<'_>, _memory: &mut Memory) -> Plan {
        let _ = &self.directory;
        let output = Spoken::new(r#"{"error":"unknown_tool"}"#);
        Plan::Now { answer: call::ToolAnswer::new(asked.id.clone(), output), wants: None }
    }
}
