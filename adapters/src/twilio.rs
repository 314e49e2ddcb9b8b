//! Twilio's REST API: the ports of [`common::ports::telephone`]. Its media streams are in [`crate::line`].

pub mod advice;
pub mod rest;

pub use rest::TwilioRest;
