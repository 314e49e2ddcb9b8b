//! What tools do, against real servers: one file a behaviour.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "support code of tests; its servers end with the test and take real time"
)]

#[path = "behaviour/arguments.rs"]
mod arguments;
#[path = "behaviour/at_most_once.rs"]
mod at_most_once;
#[path = "behaviour/bad_answers.rs"]
mod bad_answers;
#[path = "behaviour/built_in.rs"]
mod built_in;
#[path = "behaviour/check.rs"]
mod check;
#[path = "behaviour/confirm.rs"]
mod confirm;
#[path = "behaviour/http.rs"]
mod http;
#[path = "behaviour/mcp.rs"]
mod mcp;
#[path = "behaviour/messages.rs"]
mod messages;
#[path = "behaviour/places.rs"]
mod places;
#[path = "behaviour/records.rs"]
mod records;
#[path = "behaviour/shelf.rs"]
mod shelf;
#[path = "behaviour/support.rs"]
mod support;
#[path = "behaviour/too_often.rs"]
mod too_often;
