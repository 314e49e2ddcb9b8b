//! Deepgram's codec, from the outside.

#[path = "deepgram/answers.rs"]
mod answers;
#[path = "deepgram/caller.rs"]
mod caller;
#[path = "deepgram/changes.rs"]
mod changes;
#[path = "deepgram/errors.rs"]
mod errors;
#[path = "deepgram/functions.rs"]
mod functions;
#[path = "deepgram/golden.rs"]
mod golden;
#[path = "deepgram/history.rs"]
mod history;
#[path = "deepgram/hostile.rs"]
mod hostile;
#[path = "deepgram/sequences.rs"]
mod sequences;
#[path = "deepgram/settings.rs"]
mod settings;
#[path = "deepgram/support.rs"]
mod support;
#[path = "deepgram/wishes.rs"]
mod wishes;
