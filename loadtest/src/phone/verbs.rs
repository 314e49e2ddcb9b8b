//! What each TwiML verb does to a call.
//!
//! `call.rs` hands over a document; the answer says whether to go on, to ask for another document or to end. The verbs
//! that take time have files of their own: `prompt.rs`, `gather.rs`, `dial.rs`, `conference.rs`, `queue.rs`;
//! `<Connect><Stream>` is only begun here and lived in `stream.rs`.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;

use super::call::{Call, Flow, Place};
use super::document::{Ask, Page};
use super::event::PhoneEvent;
use super::stream::{Over, Spec};
use super::truth::CallEnd;
use super::twiml::Element;
use crate::network::{CallStatus, InterruptedAction, Method, Order, Params, Source};

/// When the interrupted `action` is asked for after a redirect, and how much later the new document (both were
/// measured on `<Dial>` in the field).
const INTERRUPTED: [Duration; 2] = [Duration::from_millis(320), Duration::from_millis(330)];

impl Call {
    /// Carries out a document, verb by verb.
    pub(super) async fn perform(&mut self, page: Page) -> Flow {
        if page.verbs.is_empty() {
            self.answered();
        }
        for verb in &page.verbs {
            if let Some(flow) = self.overtaken() {
                return flow;
            }
            if verb.name != "Reject" {
                self.answered();
            }
            if let Err(refused) = self.admit(verb) {
                match refused {
                    Flow::Next => continue,
                    elsewhere => return elsewhere,
                }
            }
            match self.verb(verb, &page.base).await {
                Flow::Next => {}
                elsewhere => return elsewhere,
            }
        }
        Flow::Next
    }

    /// Notes that a verb begins, unless it has no business in this place.
    fn admit(&mut self, verb: &Element) -> Result<(), Flow> {
        let name = verb.name.as_str();
        let may = match self.place {
            Place::Call => name != "Leave",
            Place::Whisper => matches!(name, "Say" | "Play" | "Pause" | "Gather" | "Redirect" | "Hangup"),
            Place::Queue => matches!(name, "Say" | "Play" | "Pause" | "Gather" | "Redirect" | "Hangup" | "Leave"),
            Place::Conference => matches!(name, "Say" | "Play" | "Pause" | "Redirect"),
        };
        if !may && self.place == Place::Whisper {
            let text = format!("<{name}> before two calls are connected");
            self.notice(13201, text.clone());
            return Err(Flow::End(CallEnd::Failed(text)));
        }
        if !may {
            self.notice(12200, format!("<{name}> has no business here"));
            return Err(Flow::Next);
        }
        self.truth.verbs.push(name.to_owned());
        self.caller.verb_began(name);
        self.watcher.tell(|| PhoneEvent::Verb(name.to_owned()));
        Ok(())
    }

    async fn verb(&mut self, verb: &Element, base: &str) -> Flow {
        match verb.name.as_str() {
            "Say" | "Play" | "Pause" => self.prompt(verb, base).await.unwrap_or(Flow::Next),
            "Gather" => self.gather(verb, base).await,
            "Redirect" => self.go(verb.text.trim(), verb, base, Vec::new()),
            "Reject" => self.reject(verb),
            "Hangup" => Flow::End(CallEnd::Completed),
            "Leave" => Flow::Leave,
            "Connect" => self.connect(verb, base).await,
            "Dial" => self.dial(verb, base).await,
            "Enqueue" => self.enqueue(verb, base).await,
            _ => Flow::Next,
        }
    }

    /// Goes to an address of the document.
    pub(super) fn go(&mut self, to: &str, verb: &Element, base: &str, extra: Params) -> Flow {
        match resolve(base, to) {
            Some(url) => {
                Flow::Goto(Ask::with(Source::Url { url, method: Method::named(verb.attribute("method")) }, extra))
            }
            None => {
                let text = format!("<{}> names an address that cannot be resolved", verb.name);
                self.notice(11100, text.clone());
                self.final_status = CallStatus::Failed;
                Flow::End(CallEnd::Failed(text))
            }
        }
    }

    /// Goes to the verb's `action`, if it has one.
    pub(super) fn act(&mut self, verb: &Element, base: &str, extra: Params) -> Flow {
        match verb.attribute("action") {
            Some(action) => self.go(action, verb, base, extra),
            None => Flow::Next,
        }
    }

    fn reject(&mut self, verb: &Element) -> Flow {
        let busy = verb.attribute("reason") == Some("busy");
        self.final_status = if busy { CallStatus::Busy } else { CallStatus::NoAnswer };
        Flow::End(CallEnd::Rejected)
    }

    async fn connect(&mut self, verb: &Element, base: &str) -> Flow {
        let Some(stream) = verb.child("Stream") else {
            self.notice(12200, "<Connect> without <Stream>");
            return Flow::Next;
        };
        match self.stream(spec(stream)).await {
            Over::Ended => self.act(verb, base, Vec::new()),
            Over::HungUp => Flow::End(CallEnd::HungUp),
            Over::GaveUp => Flow::End(CallEnd::GaveUp),
            Over::TimeLimit => Flow::End(CallEnd::TimeLimit),
            Over::Ordered(order @ Order::Redirect(_)) => {
                let flow = self.obey(order);
                self.interrupted(flow, verb, base, Vec::new()).await
            }
            Over::Ordered(order) => self.obey(order),
        }
    }

    /// The old `action` may be asked for once more when the call is sent elsewhere; its answer is not used.
    pub(super) async fn interrupted(&mut self, flow: Flow, verb: &Element, base: &str, extra: Params) -> Flow {
        let asked = self.network.config().interrupted_action == InterruptedAction::Asked;
        if !asked || !matches!(flow, Flow::Sent(_)) || verb.attribute("action").is_none() {
            return flow;
        }
        if let Some(other) = self.wait(INTERRUPTED[0]).await {
            return other;
        }
        self.post_action(verb, base, extra);
        self.wait(INTERRUPTED[1]).await.unwrap_or(flow)
    }

    /// Asks for the `action` of a verb whose call is no longer there to use the answer.
    pub(super) fn post_action(&mut self, verb: &Element, base: &str, extra: Params) {
        let Some(url) = verb.attribute("action").and_then(|action| resolve(base, action)) else { return };
        let params = self.params(extra);
        self.post(url, Method::named(verb.attribute("method")), params);
    }
}

fn spec(stream: &Element) -> Spec {
    let parameters = stream.children.iter().filter(|child| child.name == "Parameter");
    let of = |parameter: &Element, name: &str| parameter.attribute(name).unwrap_or_default().to_owned();
    Spec {
        url: stream.attribute("url").unwrap_or_default().to_owned(),
        name: stream.attribute("name").map(str::to_owned),
        track: stream.attribute("track").map(str::to_owned),
        status_callback: stream
            .attribute("statusCallback")
            .map(|url| (url.to_owned(), Method::named(stream.attribute("statusCallbackMethod")))),
        parameters: parameters.map(|one| (of(one, "name"), of(one, "value"))).collect::<BTreeMap<_, _>>(),
    }
}

/// An address of a document; the one that is absolute is kept letter by letter, for the signature.
pub(super) fn resolve(base: &str, to: &str) -> Option<String> {
    if to.starts_with("http://") || to.starts_with("https://") {
        return Some(to.to_owned());
    }
    Some(Url::parse(base).ok()?.join(to).ok()?.to_string())
}

/// Names and values as a request carries them.
pub(super) fn params<const N: usize>(pairs: [(&str, String); N]) -> Params {
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
