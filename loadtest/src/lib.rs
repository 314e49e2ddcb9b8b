//! A telephone network and an AI provider that run on this machine, over real sockets, and know the truth.
//!
//! `network` does what Twilio does, `provider` does what OpenAI Realtime does; the system under test stands between
//! them and cannot tell the difference. Both write down what they sent, what they received and when, and `ledger`
//! holds the two accounts of a call against each other: nothing lost, nothing changed, how late, cut where.
//! `services` are the servers behind an agent's tools, which know every request and what it changed.
//! `limit` is the bare relay that cost is measured against, `run` the load run, `report` its figures.
//!
//! Used by the `loadtest` program and, piece by piece, by the end-to-end tests of the other crates.

// Nothing here runs inside a role of Patchbay: the tasks end with the process, or are joined by whoever started them.
#![allow(
    clippy::disallowed_methods,
    reason = "the bans guard the roles; a load generator owns its clock and its tasks"
)]

pub mod deepgram;
pub mod ledger;
pub mod limit;
pub mod network;
pub mod outside;
pub mod phone;
pub mod provider;
pub mod report;
pub mod run;
pub mod services;
pub mod story;
pub mod watermark;
