//! What is said to running roles over the bus: a configuration has changed, a call is to do something.
//!
//! Control messages may be lost; whoever needs an answer asks for the effect. Topics stand below `pb.ctl.`.

use crate::ids::{CallId, CompanyId};
use call::{NextStep, Spoken};
use serde::{Deserialize, Serialize};

/// Topic of [`ConfigChanged`].
pub const CONFIG: &str = "config";

/// Topic of [`CallOrder`]: every worker hears it, the one that carries the call obeys.
pub const CALLS: &str = "calls";

/// A company's configuration has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChanged {
    /// Whose.
    pub company: CompanyId,
    /// The revision in force.
    pub revision: u64,
    /// Whether calls under way take it over.
    pub reach: Reach,
}

/// Which calls a changed configuration reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Those that begin from now on.
    NewCalls,
    /// Also those under way: the agent speaks with the new version from its next answer on.
    AllCalls,
}

/// What a call under way is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallOrder {
    /// Which call.
    pub call: CallId,
    /// What.
    pub order: Order,
}

/// What a call under way is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The agent says this.
    Say(Spoken),
    /// The call ends when what is being said has been heard.
    Finish,
    /// The call ends now.
    HangUp,
    /// The call goes to a place of the company's list.
    Go(NextStep),
}
