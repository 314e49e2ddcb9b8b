//! The outside world, port by port: the embedded adapter first, the real one beside it.
//!
//! [`state`], [`bus`] and [`db`] hold Redis, NATS JetStream and Postgres, each with an adapter that lives in the process and
//! is as awkward as the real one; all pass the contract suites of `common::ports::contract`. [`line`] and [`agent`] are pure
//! codecs, frames in and events out; they own no socket. [`twilio`] controls calls by REST, [`vault`] keeps recordings,
//! [`summary`] reads calls that are over. Only the binary, the load test and tests know this crate.

pub mod agent;
pub mod bus;
pub mod db;
pub mod line;
pub mod state;
pub mod summary;
pub mod twilio;
pub mod vault;
mod wire;
