//! The look-alike of Deepgram's Voice Agent against a client that does what it should, and one that does not.
//!
//! Real sockets on free ports of the loopback interface; no server from outside is needed.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and its tasks end with it")]

mod barge_in;
mod client;
mod faults;
mod functions;
mod golden;
mod injections;
mod opening;
mod order;
mod turn;
mod updates;
