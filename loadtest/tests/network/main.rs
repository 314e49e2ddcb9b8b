//! The simulated telephone network against a small application that lives in the test.
//!
//! Real sockets on free ports of the loopback interface; no server from outside is needed.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and its tasks end with it")]

mod application;
mod call;
mod call_list;
mod conference;
mod detection;
mod dial;
mod faults;
mod keys;
mod lying;
mod messages;
mod numbers;
mod outbound;
mod people;
mod progress;
mod queue;
mod recordings;
mod redirect;
mod rest;
mod signature;
mod sound;
mod webhook;
mod whisper;
