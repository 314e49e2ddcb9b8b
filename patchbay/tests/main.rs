//! The whole system from outside: a telephone on one side, a voice agent on the other, real sockets between them.
//!
//! Each file holds one behaviour. Suites that need Redis, NATS and Postgres start private ones where they are installed
//! (`cargo xtask test` sees to it) and otherwise say that they were left out.

#![allow(clippy::unwrap_used, reason = "the helpers of a test may fail like the test itself")]
#![allow(clippy::disallowed_methods, reason = "tests stand outside the roles: they own their tasks and their clock")]

mod agents;
mod calls;
mod command_line;
mod features;
mod invariants;
mod last_words;
mod no_speech_in_logs;
mod numbers;
mod outbound;
mod packs;
mod stores_away;
mod support;
mod tools_once;
mod traces;
mod whole_call;
mod worker_lost;
