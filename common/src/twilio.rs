//! Twilio's words, without a socket: what it signs, what its forms say, how it is answered.
//!
//! Gateways check and answer webhooks with it, workers check the upgrade of a media stream, the simulated telephone
//! signs like Twilio. The media stream's frames are a [`crate::ports::line::LineCodec`]; requests to Twilio are a
//! [`crate::ports::Telephone`].

pub mod address;
pub mod callback;
pub mod form;
pub mod notices;
pub mod places;
pub mod signature;
pub mod twiml;

pub use callback::{FormFault, StatusCallback, StreamCallback, Webhook};
pub use form::Form;
pub use notices::{AnsweredByCallback, MessageCallback, RecordingCallback, derived_sequence};
pub use places::{PlaceEnd, Waiting, key};
pub use signature::{Forged, verify_form, verify_json, verify_upgrade};
pub use twiml::{Connect, Dial, Enqueue, Gather, Host, Party, Rejection, Stream, Verb, document};
