//! Twilio's forms as types: an incoming call, a call's status, a stream's status.
//!
//! Before it: a [`Form`] whose signature was checked. Unknown parameters are ignored, because Twilio adds them without
//! notice; a fault names the parameter and never its value.

use super::form::Form;
use super::notices::derived_sequence;
use crate::event::{Direction, TwilioEvent};
use crate::ids::{AttemptId, CallId, StreamId};
use crate::private::PhoneNumber;

/// A parameter that must be there and is not, or does not say what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// It is not there.
    #[error("form parameter {0} is missing")]
    Missing(&'static str),
    /// It is there but cannot be right.
    #[error("form parameter {0} is not valid")]
    Invalid(&'static str),
}

/// The parameters of every request for TwiML: a call that comes in, an action URL, a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Which call.
    pub call: CallId,
    /// Which account's: compare it with the configured one.
    pub account: String,
    /// Who calls.
    pub from: PhoneNumber,
    /// Who is called.
    pub to: PhoneNumber,
    /// `ringing`, later `in-progress`.
    pub status: String,
    /// Direction, seen from us.
    pub direction: Direction,
    /// Who forwarded the call to us, where the carrier says so.
    pub forwarded_from: Option<PhoneNumber>,
}

impl Webhook {
    /// Reads the form.
    pub fn read(form: &Form) -> Result<Self, FormFault> {
        Ok(Self {
            call: call(form)?,
            account: account(form)?,
            from: PhoneNumber::new(required(form, "From")?),
            to: PhoneNumber::new(required(form, "To")?),
            status: word(form, "CallStatus")?,
            direction: direction(form)?,
            forwarded_from: optional(form, "ForwardedFrom").map(PhoneNumber::new),
        })
    }
}

/// A call's status callback. They come in any order and more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCallback {
    /// Which call.
    pub call: CallId,
    /// Which account's.
    pub account: String,
    /// `ringing`, `in-progress`, `completed`, `busy`, `failed`, `no-answer`, `canceled`.
    pub status: String,
    /// Order of firing, from 0; 0 where Twilio sends none, as for a number's single final callback.
    pub sequence: u64,
    /// Length of the call in seconds, on final states. (Twilio's `Duration` is minutes, for the bill.)
    pub duration_s: Option<u64>,
    /// The SIP answer, on final states.
    pub sip_code: Option<u16>,
}

impl StatusCallback {
    /// Reads the form.
    pub fn read(form: &Form) -> Result<Self, FormFault> {
        Ok(Self {
            call: call(form)?,
            account: account(form)?,
            status: word(form, "CallStatus")?,
            sequence: number(form, "SequenceNumber")?.unwrap_or(0),
            duration_s: number(form, "CallDuration")?,
            sip_code: number(form, "SipResponseCode")?,
        })
    }

    /// Whether no other status can follow.
    pub fn is_final(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "busy" | "failed" | "no-answer" | "canceled")
    }

    /// As it is recorded; its sequence is [`StatusCallback::sequence`]. `attempt` is what its address says.
    pub fn to_event(&self, attempt: Option<AttemptId>) -> TwilioEvent {
        TwilioEvent::Status {
            status: self.status.clone(),
            duration_s: self.duration_s,
            sip_code: self.sip_code,
            attempt,
        }
    }
}

/// A media stream's status callback. It carries no number of its own and may come more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamCallback {
    /// Which call.
    pub call: CallId,
    /// Which account's.
    pub account: String,
    /// Which stream; none when it never came to be.
    pub stream: Option<StreamId>,
    /// `stream-started`, `stream-stopped`, `stream-error`.
    pub event: String,
    /// Twilio's error code; 0 for an error whose text holds none.
    pub error_code: Option<u32>,
}

impl StreamCallback {
    /// Reads the form.
    pub fn read(form: &Form) -> Result<Self, FormFault> {
        let event = word(form, "StreamEvent")?;
        let stream = match optional(form, "StreamSid") {
            Some(text) => Some(StreamId::parse(text).map_err(|_| FormFault::Invalid("StreamSid"))?),
            None => None,
        };
        let error = optional(form, "StreamError");
        let error_code = (error.is_some() || event == "stream-error").then(|| error.map_or(0, code_in));
        Ok(Self { call: call(form)?, account: account(form)?, stream, event, error_code })
    }

    /// The event's sequence among Twilio's events of the call: made from stream and event, so that a repeat is the same
    /// event. Its lowest value lies above any `SequenceNumber`, its highest fits a signed 64-bit column.
    pub fn sequence(&self) -> u64 {
        let stream = self.stream.as_ref().map_or("", StreamId::as_str);
        derived_sequence(&[stream, &self.event])
    }

    /// As it is recorded.
    pub fn to_event(&self) -> TwilioEvent {
        TwilioEvent::Stream { stream: self.stream.clone(), event: self.event.clone(), error_code: self.error_code }
    }
}

/// Longest status word kept. Twilio's longest has 14 letters; the record has a column for it.
const LONGEST_WORD: usize = 32;

pub(super) fn required<'f>(form: &'f Form, name: &'static str) -> Result<&'f str, FormFault> {
    optional(form, name).ok_or(FormFault::Missing(name))
}

/// An empty value is none: Twilio sends empty values for what it does not know.
pub(super) fn optional<'f>(form: &'f Form, name: &str) -> Option<&'f str> {
    form.value(name).filter(|value| !value.is_empty())
}

pub(super) fn call(form: &Form) -> Result<CallId, FormFault> {
    CallId::parse(required(form, "CallSid")?).map_err(|_| FormFault::Invalid("CallSid"))
}

fn account(form: &Form) -> Result<String, FormFault> {
    let text = required(form, "AccountSid")?;
    let valid = text.len() == 34 && text.starts_with("AC") && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if valid { Ok(text.to_owned()) } else { Err(FormFault::Invalid("AccountSid")) }
}

/// `in-progress` and the like.
fn word(form: &Form, name: &'static str) -> Result<String, FormFault> {
    let text = required(form, name)?;
    let valid = text.len() <= LONGEST_WORD && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if valid { Ok(text.to_owned()) } else { Err(FormFault::Invalid(name)) }
}

pub(super) fn number<N: std::str::FromStr>(form: &Form, name: &'static str) -> Result<Option<N>, FormFault> {
    optional(form, name).map(|text| text.parse().map_err(|_| FormFault::Invalid(name))).transpose()
}

fn direction(form: &Form) -> Result<Direction, FormFault> {
    match required(form, "Direction")? {
        "inbound" => Ok(Direction::Inbound),
        outbound if outbound.starts_with("outbound") => Ok(Direction::Outbound),
        _ => Err(FormFault::Invalid("Direction")),
    }
}

/// The first five-digit number: Twilio writes error codes so, `31921`.
fn code_in(text: &str) -> u32 {
    let numbers = text.split(|letter: char| !letter.is_ascii_digit());
    numbers.filter(|number| number.len() == 5).find_map(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CALL: &str = "CA00000000000000000000000000000002";
    const STREAM: &str = "MZ00000000000000000000000000000003";

    fn form(extra: &str) -> Form {
        let body = format!("AccountSid=AC00000000000000000000000000000001&CallSid={CALL}&{extra}");
        Form::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn an_incoming_call_is_read() {
        let incoming =
            form("CallStatus=ringing&Direction=inbound&From=%2B15005550010&To=%2B15005550006&Newest=1&FromCity=");
        let webhook = Webhook::read(&incoming).unwrap();
        assert_eq!((webhook.call.as_str(), webhook.to.reveal()), (CALL, "+15005550006"));
        assert_eq!((webhook.direction, webhook.forwarded_from), (Direction::Inbound, None));
    }

    #[test]
    fn a_fault_names_the_parameter_and_not_its_value() {
        let fault = Webhook::read(&form("CallStatus=ringing&Direction=inbound&From=1&To=")).unwrap_err();
        assert_eq!(fault, FormFault::Missing("To"));
        let forged = Form::from_pairs([("CallSid", "CA-secret"), ("AccountSid", "AC")]);
        let message = Webhook::read(&forged).unwrap_err().to_string();
        assert_eq!(message, "form parameter CallSid is not valid");
    }

    #[test]
    fn a_final_status_carries_length_and_sip_answer() {
        let status = StatusCallback::read(&form(
            "CallStatus=completed&SequenceNumber=3&CallDuration=37&Duration=1&SipResponseCode=200",
        ));
        let status = status.unwrap();
        assert!(status.is_final());
        assert_eq!((status.sequence, status.duration_s, status.sip_code), (3, Some(37), Some(200)));
        let bad = StatusCallback::read(&form("CallStatus=completed&CallDuration=-1"));
        assert_eq!(bad, Err(FormFault::Invalid("CallDuration")));
        let shouting = StatusCallback::read(&form("CallStatus=DROP%20TABLE"));
        assert_eq!(shouting, Err(FormFault::Invalid("CallStatus")));
    }

    #[test]
    fn a_repeated_stream_callback_is_the_same_event() {
        let read =
            |event: &str| StreamCallback::read(&form(&format!("StreamSid={STREAM}&StreamEvent={event}"))).unwrap();
        assert_eq!(read("stream-started").sequence(), read("stream-started").sequence());
        assert_ne!(read("stream-started").sequence(), read("stream-stopped").sequence());
        assert!(read("stream-started").sequence() < i64::MAX as u64);
        assert_eq!(read("stream-started").error_code, None);
    }

    #[test]
    fn a_stream_error_gives_its_code_where_there_is_one() {
        let read =
            |text: &str| StreamCallback::read(&form(&format!("StreamEvent=stream-error&StreamError={text}"))).unwrap();
        assert_eq!(read("31921+-+stream+closed").error_code, Some(31921));
        assert_eq!(read("").error_code, Some(0));
        assert_eq!(read("+15005550010").error_code, Some(0));
    }

    proptest! {
        #[test]
        fn no_form_panics(pairs in prop::collection::vec(("[A-Z][A-Za-z]{0,14}", "\\PC*"), 0..12)) {
            let form = Form::from_pairs(pairs);
            let _ = (Webhook::read(&form).is_ok(), StatusCallback::read(&form).is_ok(), StreamCallback::read(&form).is_ok());
        }
    }
}
