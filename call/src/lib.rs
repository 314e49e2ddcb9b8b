//! One phone call as a pure state machine.
//!
//! The core decides, a driver acts. It is told what happened ([`Input`], [`Frame`]) and when ([`At`]); it answers with
//! what to do ([`Command`]). It has no socket, clock, task, lock or randomness, so the same list of `(at, Input)`, a
//! tape, always gives the same commands. It never holds audio: only its direction and length.
//!
//! Before it: the worker's session driver, which turns sockets into inputs. After it: the same driver, which turns
//! commands into frames, events and checkpoints. It never fails: a lost provider or a slow tool is an input like any
//! other, and an input that makes no sense is ignored and counted.

mod asks;
mod call;
mod command;
mod conversation;
mod event;
mod floor;
mod input;
mod life;
mod limits;
mod link;
mod next;
mod playback;
mod private;
mod silence;
mod timer;
mod tools;
mod turns;

pub use call::Call;
pub use command::{AgentCommand, Command, Cue};
pub use conversation::Conversation;
pub use event::{CallEvent, EndReason, Heard, Resumed, Speaker, ToolOutcome, Turn, Usage};
pub use input::{
    AgentInput, At, ControlInput, Digit, EndBy, Frame, From, Input, ItemId, LineInput, LinkFault, MarkId, NextStep, Pass,
    ReplyId, ReplyOutcome, ToolCallId, ToolInput,
};
pub use limits::Limits;
pub use private::Spoken;
