//! Voice agents' codecs, from the outside: frames and commands in, frames and events out.

#[path = "agent/audio.rs"]
mod audio;
#[path = "agent/deepgram.rs"]
mod deepgram;
#[path = "agent/errors.rs"]
mod errors;
#[path = "agent/golden.rs"]
mod golden;
#[path = "agent/history.rs"]
mod history;
#[path = "agent/hostile.rs"]
mod hostile;
#[path = "agent/replies.rs"]
mod replies;
#[path = "agent/route.rs"]
mod route;
#[path = "agent/scripted.rs"]
mod scripted;
#[path = "agent/sequences.rs"]
mod sequences;
#[path = "agent/session.rs"]
mod session;
#[path = "agent/support.rs"]
mod support;
#[path = "agent/tools.rs"]
mod tools;
