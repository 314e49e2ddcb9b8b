//! Twilio's REST API: the port [`common::ports::telephone`]. Its media streams are in [`crate::line`].

pub mod rest;

pub use rest::TwilioRest;
