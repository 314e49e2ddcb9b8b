//! A worker from outside: reservations and a telephone come in over real sockets, events and sessions go out to the
//! embedded stores. Agents are the scripted one, and a small look-alike of a provider where its socket is the matter.

#![allow(clippy::unwrap_used, missing_docs, reason = "these are tests")]

mod admission;
mod bad_frames;
mod budget;
mod drain;
mod fallback;
mod fenced;
mod language;
mod lease;
mod orders;
mod prepare;
mod provider_lost;
mod recording_heard;
mod recording_network;
mod recording_policy;
mod recording_refused;
mod recording_rests;
mod recording_spool;
mod recording_writer;
mod stores_away;
mod stream;
mod support;
mod tool_answers;
mod tool_journal;
mod tool_outcome_unknown;
mod tool_slow;
mod tool_taken_back;
mod transfer;
