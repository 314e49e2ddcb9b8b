//! Twilio's REST API, from the outside: requests out, answers of every kind in, over real sockets.

#[path = "rest/calls.rs"]
mod calls;
#[path = "rest/check.rs"]
mod check;
#[path = "rest/control.rs"]
mod control;
#[path = "rest/lies.rs"]
mod lies;
#[path = "rest/messages.rs"]
mod messages;
#[path = "rest/numbers.rs"]
mod numbers;
#[path = "rest/placing.rs"]
mod placing;
#[path = "rest/privacy.rs"]
mod privacy;
#[path = "rest/recordings.rs"]
mod recordings;
#[path = "rest/retries.rs"]
mod retries;
#[path = "rest/sound.rs"]
mod sound;
#[path = "rest/support.rs"]
mod support;
