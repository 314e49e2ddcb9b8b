//! TwiML: what Twilio is to do with the call next. A small writer for the verbs in use.
//!
//! <https://www.twilio.com/docs/voice/twiml> (read 2026-11). Before it: the gateway's decision. After it: the body of
//! the answer, `Content-Type: text/xml`.

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
    }
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

/// Twilio's voices are named with a region; a bare language gets the usual one.
/// <https://www.twilio.com/docs/voice/twiml/say/text-speech> (read 2026-11)
fn spoken_language(tag: &str) -> &str {
    match tag {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

    fn connect(action: &str, url: &str, parameters: BTreeMap<String, String>) -> Verb {
        let status_callback = Some(format!("{action}/status"));
        Verb::Connect(Connect {
            action: action.into(),
            stream: Stream { url: url.into(), status_callback, parameters },
        })
    }

    #[test]
    fn a_stream_is_connected() {
        let parameters = BTreeMap::from([("epoch".to_owned(), "7".to_owned())]);
        let expected = concat!(
            r#"<?xml version="1.0" encoding="UTF-8"?><Response>"#,
            r#"<Connect action="https://a.example/next" method="POST">"#,
            r#"<Stream url="wss://a.example/m" statusCallback="https://a.example/next/status" statusCallbackMethod="POST">"#,
            r#"<Parameter name="epoch" value="7"/></Stream></Connect></Response>"#
        );
        assert_eq!(document(&[connect("https://a.example/next", "wss://a.example/m", parameters)]), expected);
    }

    #[test]
    fn every_other_verb_is_written() {
        let verbs = [
            Verb::Pause { seconds: 2 },
            Verb::Say { text: "Tom & \"Jerry\" <3".into(), language: Some("en".into()) },
            Verb::Redirect { url: "https://a.example/?a=1&b=2".into() },
            Verb::Reject(Rejection::Busy),
            Verb::Hangup,
        ];
        let body = concat!(
            r#"<Pause length="2"/><Say language="en-US">Tom &amp; &quot;Jerry&quot; &lt;3</Say>"#,
            r#"<Redirect method="POST">https://a.example/?a=1&amp;b=2</Redirect><Reject reason="busy"/><Hangup/>"#
        );
        assert_eq!(document(&verbs), format!("{HEAD}<Response>{body}</Response>"));
        assert_eq!(document(&[]), format!("{HEAD}<Response/>"));
    }

    proptest! {
        #[test]
        fn any_text_survives_another_reader(text: String, action: String, name: String, value: String) {
            let parameters = BTreeMap::from([(name.clone(), value.clone())]);
            let say = Verb::Say { text: text.clone(), language: Some(value.clone()) };
            let xml = document(&[say, connect(&action, &text, parameters)]);
            let tree = roxmltree::Document::parse(&xml).unwrap();
            let node = |tag: &str| tree.descendants().find(|node| node.has_tag_name(tag)).unwrap();
            let attribute = |tag: &str, key: &str| node(tag).attribute(key).map(str::to_owned);
            prop_assert_eq!(node("Say").text().unwrap_or_default(), writable(&text));
            prop_assert_eq!(attribute("Connect", "action"), Some(writable(&action)));
            prop_assert_eq!(attribute("Stream", "url"), Some(writable(&text)));
            prop_assert_eq!(attribute("Parameter", "name"), Some(writable(&name)));
            prop_assert_eq!(attribute("Parameter", "value"), Some(writable(&value)));
        }
    }
}
