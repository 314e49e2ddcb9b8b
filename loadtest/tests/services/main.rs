//! The servers behind an agent's tools: what they answer, what they remember, and how badly they can behave.
//!
//! Real sockets on free ports of the loopback interface; no server from outside is needed.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and its tasks end with it")]

mod answers;
mod chat;
mod client;
mod faults;
mod floods;
mod hooks;
mod loans;
mod mcp;
mod signature;
mod stop;
