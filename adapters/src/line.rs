//! Telephone lines: the port [`common::ports::line`]. One codec, Twilio's: what a simulated telephone speaks is the
//! same protocol over a real socket, so a second codec would test nothing that runs in production.

pub mod twilio;

pub use twilio::TwilioLines;
