//! A TwiML document as a tree, checked as Twilio checks it.
//!
//! `call.rs` fetches the text, `verbs.rs` carries the tree out. What Twilio would only complain about is collected as
//! warnings (12200); what it refuses is an error (12100). Nothing is executed here.
//!
//! The verbs: <https://www.twilio.com/docs/voice/twiml> (read 2026-11).

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// The largest document Twilio takes, in bytes (error 11750).
pub(crate) const DOCUMENT_LIMIT: usize = 64 * 1024;
/// The longest text of one `<Say>`, in characters.
const SAY_LIMIT: usize = 4096;
/// The longest name and value of one `<Parameter>`, together (they must stay under it).
const PARAMETER_LIMIT: usize = 500;

/// One element of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// A number in an attribute, or what holds without it.
    pub(crate) fn number(&self, name: &str, default: u32) -> u32 {
        self.attribute(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }
}

/// A document that can be carried out, and what is wrong with it all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) verbs: Vec<Element>,
    pub(crate) warnings: Vec<String>,
}

/// Reads a document; the error is what Twilio's error 12100 would say.
pub(crate) fn read(xml: &str) -> Result<Document, String> {
    let root = tree(xml)?;
    if root.name != "Response" {
        return Err(format!("the root is <{}>, not <Response>", root.name));
    }
    let mut warnings = Vec::new();
    for verb in &root.children {
        check(verb, "Response", &mut warnings);
    }
    Ok(Document { verbs: root.children, warnings })
}

fn tree(xml: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => close(element(&start)?, &mut open, &mut root)?,
            Event::End(_) => {
                let done = open.pop().ok_or("an element ends that never began")?;
                close(done, &mut open, &mut root)?;
            }
            Event::Text(text) => add_text(&mut open, &text.xml10_content())?,
            Event::CData(text) => add_text(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => add_text(&mut open, &resolve(&reference)?)?,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::DocType(_) => return Err("a document type is not allowed".to_owned()),
            Event::Eof => break,
        }
    }
    if !open.is_empty() {
        return Err("the document ends inside an element".to_owned());
    }
    root.ok_or_else(|| "there is no element".to_owned())
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element { name: start.name().0.to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value =
            attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        element.attributes.push((attribute.key.0.to_owned(), value.into_owned()));
    }
    Ok(element)
}

fn close(done: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), String> {
    if let Some(parent) = open.last_mut() {
        parent.children.push(done);
    } else if root.replace(done).is_some() {
        return Err("there are two roots".to_owned());
    }
    Ok(())
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(parent) => parent.text.push_str(text),
        None if text.trim_start_matches('\u{feff}').trim().is_empty() => {}
        None => return Err("text outside the root".to_owned()),
    }
    Ok(())
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(letter) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(letter.to_string());
    }
    let name = reference.xml10_content();
    let text = quick_xml::escape::resolve_xml_entity(&name).ok_or_else(|| format!("unknown entity &{name};"))?;
    Ok(text.to_owned())
}

/// Inside which elements an element may stand, and its attributes.
fn grammar(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "Say" => ("Response Gather", "voice language loop"),
        "Play" => ("Response Gather", "loop digits"),
        "Pause" => ("Response Gather", "length"),
        "Redirect" => ("Response", "method"),
        "Reject" => ("Response", "reason"),
        "Hangup" | "Leave" => ("Response", ""),
        "Gather" => (
            "Response",
            "input action method timeout speechTimeout finishOnKey numDigits actionOnEmptyResult language hints \
             speechModel profanityFilter enhanced",
        ),
        "Connect" => ("Response", "action method"),
        "Stream" => ("Connect Start", "url name track statusCallback statusCallbackMethod"),
        "Parameter" => ("Stream", "name value"),
        "Dial" => (
            "Response",
            "action method timeout callerId answerOnBridge timeLimit hangupOnStar record ringTone sequential trim \
             recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent recordingTrack \
             referUrl referMethod",
        ),
        "Number" | "Sip" | "Client" => {
            ("Dial", "sendDigits url method statusCallback statusCallbackMethod statusCallbackEvent username password")
        }
        "Conference" => (
            "Dial",
            "muted beep startConferenceOnEnter endConferenceOnExit waitUrl waitMethod maxParticipants record region \
             coach trim jitterBufferSize participantLabel statusCallback statusCallbackMethod statusCallbackEvent \
             recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent",
        ),
        "Queue" => ("Dial", "url method reservationSid postWorkActivitySid"),
        "Enqueue" => ("Response", "action method waitUrl waitUrlMethod workflowSid maxQueueSize"),
        _ => return None,
    })
}

fn names(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|one| one == name)
}

fn check(element: &Element, parent: &str, warnings: &mut Vec<String>) {
    let Some((parents, attributes)) = grammar(&element.name) else {
        warnings.push(format!("unknown element <{}>", element.name));
        return;
    };
    if !names(parents, parent) {
        warnings.push(format!("<{}> inside <{parent}>", element.name));
    }
    for (name, _) in element.attributes.iter().filter(|(name, _)| !names(attributes, name)) {
        warnings.push(format!("unknown attribute {name} of <{}>", element.name));
    }
    match element.name.as_str() {
        "Say" if element.text.chars().count() > SAY_LIMIT => warnings.push("text of <Say> is too long".to_owned()),
        "Parameter" => check_parameter(element, warnings),
        _ => {}
    }
    if element.name != "Say" {
        element.children.iter().for_each(|child| check(child, &element.name, warnings));
    }
}

fn check_parameter(element: &Element, warnings: &mut Vec<String>) {
    let [name, value] = ["name", "value"].map(|key| element.attribute(key).unwrap_or_default());
    if name.is_empty() {
        warnings.push("<Parameter> without a name".to_owned());
    }
    if name.chars().count() + value.chars().count() >= PARAMETER_LIMIT {
        warnings.push("<Parameter> is too long".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_its_verbs() {
        let document = read(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <Response><!-- hello -->
              <Say language="en-US">Tom &amp; Jerry &#233;</Say>
              <Connect action="/next?a=1&amp;b=2"><Stream url="wss://h/m/w/t"><Parameter name="a" value="&lt;"/></Stream></Connect>
            </Response>"#,
        )
        .unwrap();
        assert_eq!(document.warnings, Vec::<String>::new());
        assert_eq!(document.verbs[0].text, "Tom & Jerry é");
        assert_eq!(document.verbs[1].attribute("action"), Some("/next?a=1&b=2"));
        let stream = document.verbs[1].child("Stream").unwrap();
        assert_eq!(stream.child("Parameter").unwrap().attribute("value"), Some("<"));
    }

    #[test]
    fn what_is_not_xml_is_refused() {
        for bad in [
            "",
            "hello",
            "<Response>",
            "<Response></Say></Response>",
            "<Say/>",
            "<Response/><Response/>",
            "<Response><Say>a & b</Say></Response>",
            "<Response><Say>&nbsp;</Say></Response>",
            r#"<Response><Say a="1" a="2"/></Response>"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_twilio_does_not_know_is_a_warning() {
        let document = read(r#"<Response><say/><Stream url="x" colour="red"/><Hangup/></Response>"#).unwrap();
        assert_eq!(document.warnings.len(), 3, "{:?}", document.warnings);
        assert_eq!(document.verbs.len(), 3);
    }
}
