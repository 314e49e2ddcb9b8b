//! TwiML: what Twilio is to do with the call next. A small writer for the verbs in use.
//!
//! <https://www.twilio.com/docs/voice/twiml> (read 2026-11). Before it: the gateway's decision. After it: the body of
//! the answer, `Content-Type: text/xml`.

use crate::private::PhoneNumber;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::collections::BTreeMap;
use std::io;

/// Longest text Twilio speaks in one `<Say>`; longer ones are an error there, so they are cut here.
const LONGEST_SAY: usize = 4096;

/// One step. Twilio takes them in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// The telephone network's own voice says this.
    Say {
        /// The words.
        text: String,
        /// BCP 47; a bare `en` becomes Twilio's default spelling of it. `None` for Twilio's default voice.
        language: Option<String>,
    },
    /// Silence. As the first verb it delays the answer.
    Pause {
        /// How long.
        seconds: u32,
    },
    /// Ends the call.
    Hangup,
    /// Does not answer the call. Only as the first verb.
    Reject(Rejection),
    /// Asks this URL what to do; nothing after it is reached.
    Redirect {
        /// Absolute.
        url: String,
    },
    /// Sends the call's audio to a WebSocket until that closes.
    Connect(Connect),
    /// Plays a file.
    Play {
        /// Absolute.
        url: String,
    },
    /// Sends keys to the other side.
    SendDigits {
        /// `0`-`9`, `*`, `#`; `w` is half a second of silence.
        keys: String,
    },
    /// Waits for keys while these are said; when none come, the next verb follows.
    Gather(Gather),
    /// Connects the call to somebody else.
    Dial(Dial),
    /// Puts the call into a queue.
    Enqueue(Enqueue),
    /// Takes the call out of the queue it waits in.
    Leave,
}

/// `<Gather>`: keys of the telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gather {
    /// Asked what to do with the keys.
    pub action: String,
    /// How many keys end it.
    pub keys: u32,
    /// How long a key is waited for.
    pub wait_s: u32,
    /// Said meanwhile; a key interrupts it.
    pub verbs: Vec<Verb>,
}

/// `<Dial>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Asked what to do when it is over; `None` goes on with the next verb.
    pub action: Option<String>,
    /// How long it rings.
    pub ring_s: u32,
    /// Longest connected time: what a transfer may cost.
    pub talk_s: u32,
    /// Whom.
    pub to: Party,
}

/// Whom a `<Dial>` connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    /// A telephone.
    Number {
        /// E.164.
        number: PhoneNumber,
        /// What the person called hears before they are connected.
        whisper: Option<String>,
    },
    /// A conference; the first to leave ends it for nobody but themselves, unless they are its host.
    Conference {
        /// Unique in the account.
        name: String,
        /// Whether the conference ends with this party.
        host: Host,
    },
    /// The first caller in a queue.
    Queue {
        /// Its name.
        name: String,
    },
}

/// Whether a conference ends when a party leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// It does.
    Yes,
    /// The others stay.
    No,
}

/// `<Enqueue>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enqueue {
    /// Name of the queue.
    pub name: String,
    /// Asked what to do when the call has left the queue.
    pub action: String,
    /// Asked, again and again, what the caller hears meanwhile.
    pub wait: String,
}

/// What the caller hears when a call is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The number is not in service.
    Rejected,
    /// The engaged tone.
    Busy,
}

/// `<Connect><Stream>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// Asked what to do when the stream has ended.
    pub action: String,
    /// The stream.
    pub stream: Stream,
}

/// `<Stream>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// `wss://…` without a query string, which Twilio drops.
    pub url: String,
    /// Told when the stream starts, stops or fails.
    pub status_callback: Option<String>,
    /// Given along in the stream's `start`. Name and value together stay under 500 characters.
    pub parameters: BTreeMap<String, String>,
}

/// The whole answer, `<?xml version="1.0" encoding="UTF-8"?><Response>…</Response>`. The same verbs give the same bytes.
pub fn document(verbs: &[Verb]) -> String {
    let mut writer = Writer::new(Vec::new());
    write(&mut writer, verbs).expect("writing to memory does not fail");
    String::from_utf8(writer.into_inner()).expect("the writer was given text only")
}

type Xml = Writer<Vec<u8>>;

fn write(xml: &mut Xml, verbs: &[Verb]) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    if verbs.is_empty() {
        return empty(xml, "Response", &[]);
    }
    open(xml, "Response", &[])?;
    for verb in verbs {
        write_verb(xml, verb)?;
    }
    close(xml, "Response")
}

fn write_verb(xml: &mut Xml, verb: &Verb) -> io::Result<()> {
    match verb {
        Verb::Say { text, language } => {
            let language = language.as_deref().map(spoken_language);
            let attributes: Vec<_> = language.iter().map(|&language| ("language", language)).collect();
            let cut: String = text.chars().take(LONGEST_SAY).collect();
            around(xml, "Say", &attributes, &cut)
        }
        Verb::Pause { seconds } => empty(xml, "Pause", &[("length", &seconds.to_string())]),
        Verb::Hangup => empty(xml, "Hangup", &[]),
        Verb::Reject(Rejection::Rejected) => empty(xml, "Reject", &[("reason", "rejected")]),
        Verb::Reject(Rejection::Busy) => empty(xml, "Reject", &[("reason", "busy")]),
        Verb::Redirect { url } => around(xml, "Redirect", &[("method", "POST")], url),
        Verb::Connect(connect) => write_connect(xml, connect),
        Verb::Play { url } => around(xml, "Play", &[], url),
        Verb::SendDigits { keys } => empty(xml, "Play", &[("digits", keys)]),
        Verb::Gather(gather) => write_gather(xml, gather),
        Verb::Dial(dial) => write_dial(xml, dial),
        Verb::Enqueue(Enqueue { name, action, wait }) => {
            let attributes =
                [("action", action.as_str()), ("method", "POST"), ("waitUrl", wait), ("waitUrlMethod", "POST")];
            around(xml, "Enqueue", &attributes, name)
        }
        Verb::Leave => empty(xml, "Leave", &[]),
    }
}

fn write_gather(xml: &mut Xml, Gather { action, keys, wait_s, verbs }: &Gather) -> io::Result<()> {
    let (keys, wait) = (keys.to_string(), wait_s.to_string());
    let attributes =
        [("input", "dtmf"), ("numDigits", &keys), ("timeout", &wait), ("action", action), ("method", "POST")];
    open(xml, "Gather", &attributes)?;
    for verb in verbs {
        write_verb(xml, verb)?;
    }
    close(xml, "Gather")
}

fn write_dial(xml: &mut Xml, Dial { action, ring_s, talk_s, to }: &Dial) -> io::Result<()> {
    let (ring, talk) = (ring_s.to_string(), talk_s.to_string());
    let mut attributes = Vec::new();
    if let Some(action) = action {
        attributes.extend([("action", action.as_str()), ("method", "POST")]);
    }
    attributes.extend([("timeout", ring.as_str()), ("timeLimit", talk.as_str())]);
    open(xml, "Dial", &attributes)?;
    match to {
        Party::Number { number, whisper } => {
            let url: Vec<_> = whisper.iter().flat_map(|url| [("url", url.as_str()), ("method", "POST")]).collect();
            around(xml, "Number", &url, number.reveal())?;
        }
        Party::Conference { name, host } => {
            let ends = if *host == Host::Yes { "true" } else { "false" };
            around(xml, "Conference", &[("beep", "false"), ("endConferenceOnExit", ends)], name)?;
        }
        Party::Queue { name } => around(xml, "Queue", &[], name)?,
    }
    close(xml, "Dial")
}

fn write_connect(xml: &mut Xml, Connect { action, stream }: &Connect) -> io::Result<()> {
    open(xml, "Connect", &[("action", action), ("method", "POST")])?;
    let mut attributes = vec![("url", stream.url.as_str())];
    if let Some(callback) = &stream.status_callback {
        attributes.extend([("statusCallback", callback.as_str()), ("statusCallbackMethod", "POST")]);
    }
    if stream.parameters.is_empty() {
        empty(xml, "Stream", &attributes)?;
    } else {
        open(xml, "Stream", &attributes)?;
        for (name, value) in &stream.parameters {
            empty(xml, "Parameter", &[("name", name), ("value", value)])?;
        }
        close(xml, "Stream")?;
    }
    close(xml, "Connect")
}

fn around(xml: &mut Xml, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
    open(xml, name, attributes)?;
    xml.write_event(Event::Text(BytesText::new(&writable(text))))?;
    close(xml, name)
}

fn open(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
    xml.write_event(Event::Start(element(name, attributes)))
}

fn empty(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
    xml.write_event(Event::Empty(element(name, attributes)))
}

fn close(xml: &mut Xml, name: &str) -> io::Result<()> {
    xml.write_event(Event::End(BytesEnd::new(name)))
}

fn element<'n>(name: &'n str, attributes: &[(&str, &str)]) -> BytesStart<'n> {
    let mut start = BytesStart::new(name);
    for &(key, value) in attributes {
        start.push_attribute((key, writable(value).as_str()));
    }
    start
}

/// What XML can hold: line breaks and tabs become spaces, as a reader would make them in an attribute; characters that
/// XML 1.0 forbids even when escaped are left out.
fn writable(text: &str) -> String {
    let allowed = text
        .chars()
        .filter(|&c| !matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}'));
    allowed.map(|c| if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c }).collect()
}

/// Twilio's voices are named with a region: a language without one, also one that names its script as `hi-Latn` does, gets
/// the usual one. <https://www.twilio.com/docs/voice/twiml/say/text-speech> (read 2026-11)
fn spoken_language(tag: &str) -> &str {
    let (primary, rest) = tag.split_once('-').unwrap_or((tag, ""));
    if !rest.is_empty() && rest.len() != 4 {
        return tag;
    }
    match primary {
        "de" => "de-DE",
        "en" => "en-US",
        "es" => "es-US",
        "fr" => "fr-FR",
        "hi" => "hi-IN",
        "it" => "it-IT",
        "ja" => "ja-JP",
        "nl" => "nl-NL",
        "pt" => "pt-BR",
        other => other,
    }
}

#[cfg(test)]
mod tests;
