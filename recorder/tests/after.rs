//! What is done after calls, on the embedded stores, with HTTP servers that answer what each test says: companies'
//! systems, a model, Twilio.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "after/messages.rs"]
mod messages;
#[path = "after/recordings.rs"]
mod recordings;
#[path = "after/server.rs"]
mod server;
#[path = "support/stores.rs"]
mod stores;
#[path = "support/story.rs"]
mod story;
#[path = "after/summaries.rs"]
mod summaries;
#[path = "after/webhooks.rs"]
mod webhooks;
#[path = "after/world.rs"]
mod world;
