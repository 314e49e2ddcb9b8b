//! What a gateway and a worker say to each other over HTTP: reserve a seat, prove that media moves, drain.
//!
//! Every request carries `Authorization: Bearer {internal token}` ([`crate::token::Keys::internal`]). The worker's answer
//! to a reservation is the truth; the pool in the state store is only a hint.

use crate::company::AgentSnapshot;
use crate::event::Direction;
use crate::ids::{BootId, CallId, Epoch, WorkerId};
use crate::private::PhoneNumber;
use call::{Conversation, Resumed};
use serde::{Deserialize, Serialize};

/// `POST /reserve`: keep a seat for this call and dial its agent now. Repeating it is harmless.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reserve {
    /// Which call.
    pub call: CallId,
    /// Under which claim.
    pub epoch: Epoch,
    /// Who answers.
    pub agent: AgentSnapshot,
    /// What was heard before, when the call had a stream already.
    pub conversation: Option<Conversation>,
    /// Why it comes to a worker again; [`Resumed::No`] for a new call.
    #[serde(default = "anew")]
    pub resumed: Resumed,
    /// Who calls: tools may look them up.
    #[serde(default)]
    pub caller: Option<PhoneNumber>,
    /// Our number in the call; what the call costs may depend on it.
    #[serde(default)]
    pub ours: Option<PhoneNumber>,
    /// Who called whom; `None` from a gateway of the version before.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// The gateway's trace context.
    #[serde(default)]
    pub trace: String,
}

/// A gateway of the version before says nothing of it; its calls with a conversation were handed over.
fn anew() -> Resumed {
    Resumed::Yes
}

/// Answer 200 to [`Reserve`]; 409 with [`Full`] when there is no seat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reserved {
    /// Who reserved.
    pub worker: WorkerId,
    /// Which start of it: part of the stream token.
    pub boot: BootId,
}

/// Answer 409 to [`Reserve`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Full {
    /// `full` or `draining`.
    pub reason: String,
}

/// Answer 200 to `GET /media-proof`: the media loops' own counters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MediaProof {
    /// Who.
    pub worker: WorkerId,
    /// Which start of it.
    pub boot: BootId,
    /// Live calls.
    pub live: u32,
    /// Audio frames passed since start.
    pub frames: u64,
}
