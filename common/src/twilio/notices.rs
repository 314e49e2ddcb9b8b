//! Forms about what goes on around a call: who answered it, its messages, its recordings.
//!
//! Each may come more than once and in any order; what tells repeats apart is made from what it says.

use super::callback::{FormFault, call, number, optional, required};
use super::form::Form;
use crate::event::TwilioEvent;
use crate::ids::{CallId, MessageId, RecordingId};
use sha2::{Digest, Sha256};

/// Longest word kept of what a notice says.
const LONGEST_WORD: usize = 32;

/// Who answered a call that we made, by the sound of it (`AsyncAmdStatusCallback`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredByCallback {
    /// Which call.
    pub call: CallId,
    /// `human`, `machine_start`, `machine_end_beep`, `machine_end_silence`, `machine_end_other`, `fax`, `unknown`.
    pub by: String,
    /// How long it took to tell.
    pub after_ms: Option<u64>,
}

impl AnsweredByCallback {
    /// Reads the form.
    pub fn read(form: &Form) -> Result<Self, FormFault> {
        let after_ms = number(form, "MachineDetectionDuration")?;
        Ok(Self { call: call(form)?, by: word(form, "AnsweredBy")?, after_ms })
    }

    /// Whether a machine answered that takes no part in a conversation.
    pub fn is_machine(&self) -> bool {
        self.by.starts_with("machine") || self.by == "fax"
    }

    /// Whether what is said from now on is kept by the machine.
    pub fn takes_messages(&self) -> bool {
        self.by.starts_with("machine_end")
    }

    /// As it is recorded.
    pub fn to_event(&self) -> TwilioEvent {
        TwilioEvent::AnsweredBy { by: self.by.clone(), after_ms: self.after_ms }
    }
}

/// A text message's status callback. It names no call: its address does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageCallback {
    /// Which message.
    pub message: MessageId,
    /// `queued`, `sent`, `delivered`, `undelivered`, `failed`, ...
    pub status: String,
    /// Twilio's error code.
    pub error_code: Option<u32>,
}

impl MessageCallback {
    /// Reads the form.
    pub fn read(form: &Form) -> Result<Self, FormFault> {
        let message = MessageId::parse(required(form, "MessageSid")?).map_err(|_| FormFault::Invalid("MessageSid"))?;
        Ok(Self { message, status: word(form, "MessageStatus")?, error_code: number(form, "ErrorCode")? })
    }

    /// As it is recorded.
    pub fn to_event(&self) -> TwilioEvent {
        let (message, status) = (self.message.clone(), self.status.clone());
        TwilioEvent::Message { message, status, error_code: self.error_code }
    }
}

/// A recording's status callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingCallback {
    /// Of which call.
    pub call: CallId,
    /// Which recording.
    pub recording: RecordingId,
    /// `in-progress`, `completed`, `absent`; `completed` where Twilio does not say.
    pub status: String,
    /// Its length.
    pub duration_s: Option<u64>,
    /// 1 or 2.
    pub channels: Option<u8>,
}

impl RecordingCallback {
    /// Reads the form.
    pub fn read(form: &Form) -> Result<Self, FormFault> {
        let recording = required(form, "RecordingSid")?;
        let status = optional(form, "RecordingStatus").map(|_| word(form, "RecordingStatus")).transpose()?;
        Ok(Self {
            call: call(form)?,
            recording: RecordingId::parse(recording).map_err(|_| FormFault::Invalid("RecordingSid"))?,
            status: status.unwrap_or_else(|| "completed".to_owned()),
            duration_s: number(form, "RecordingDuration")?,
            channels: number(form, "RecordingChannels")?,
        })
    }

    /// As it is recorded.
    pub fn to_event(&self) -> TwilioEvent {
        let (recording, status) = (self.recording.clone(), self.status.clone());
        TwilioEvent::Recording { recording, status, duration_s: self.duration_s, channels: self.channels }
    }
}

/// The sequence of an event among Twilio's events of a call that carries no number of its own: made from what tells it
/// apart, so that a repeat is the same event. It lies above any `SequenceNumber` and fits a signed 64-bit column.
pub fn derived_sequence(parts: &[&str]) -> u64 {
    const ABOVE: u64 = 1 << 48;
    let hash = Sha256::digest(parts.join(":"));
    ABOVE + hash.iter().take(6).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// `machine_end_beep`, `in-progress` and the like.
fn word(form: &Form, name: &'static str) -> Result<String, FormFault> {
    let text = required(form, name)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_';
    let valid = text.len() <= LONGEST_WORD && text.bytes().all(plain);
    if valid { Ok(text.to_owned()) } else { Err(FormFault::Invalid(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(extra: &str) -> Form {
        Form::parse(format!("CallSid=CA00000000000000000000000000000002&{extra}").as_bytes()).unwrap()
    }

    #[test]
    fn a_machine_that_has_beeped_takes_messages() {
        let read = |by: &str| AnsweredByCallback::read(&form(&format!("AnsweredBy={by}"))).unwrap();
        assert!(read("machine_end_beep").takes_messages() && read("machine_end_silence").is_machine());
        assert!(read("machine_start").is_machine() && !read("machine_start").takes_messages());
        assert!(read("fax").is_machine() && !read("human").is_machine() && !read("unknown").is_machine());
        let odd = AnsweredByCallback::read(&form("AnsweredBy=Robert%27"));
        assert_eq!(odd, Err(FormFault::Invalid("AnsweredBy")));
    }

    #[test]
    fn a_message_is_known_by_its_sid_and_its_failure_by_a_code() {
        let read = MessageCallback::read(&form("MessageSid=SM01&MessageStatus=undelivered&ErrorCode=30003")).unwrap();
        assert_eq!((read.status.as_str(), read.error_code), ("undelivered", Some(30003)));
        let fault = MessageCallback::read(&form("MessageSid=../x&MessageStatus=sent")).unwrap_err();
        assert_eq!(fault, FormFault::Invalid("MessageSid"));
    }

    #[test]
    fn a_recording_is_complete_where_twilio_does_not_say() {
        let read = RecordingCallback::read(&form("RecordingSid=RE01&RecordingDuration=7&RecordingChannels=2")).unwrap();
        assert_eq!((read.status.as_str(), read.duration_s, read.channels), ("completed", Some(7), Some(2)));
    }
}
