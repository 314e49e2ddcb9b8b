//! `<Dial>`: somebody else is called, and the two are connected.
//!
//! `verbs.rs` begins it. Each number rings in a call of its own (`leg.rs`); this side waits for the first who is ready
//! to talk, calls the others off, talks, and reports to the `action`. Rooms and queues are left to `conference.rs`
//! and `queue.rs`.
//!
//! The verb: <https://www.twilio.com/docs/voice/twiml/dial> (read 2026-11).

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::call::{Call, Flow};
use super::event::PhoneEvent;
use super::leg::{News, Target};
use super::truth::{ConnectionTruth, DialTruth};
use super::twiml::Element;
use super::verbs::{params, resolve};
use super::wait::Waited;
use crate::network::{CallStatus, Method, Order, Params};

/// How long a number rings unless `timeout` says otherwise, in seconds.
const TIMEOUT_S: u32 = 30;
/// How long two may talk unless `timeLimit` says otherwise, in seconds.
const TIME_LIMIT_S: u32 = 14_400;
/// The most numbers that ring at the same time.
const AT_ONCE: usize = 10;

/// The most a leg has to tell: that it is ready, and that it is gone.
const NEWS: usize = 2;

/// How a group of numbers answered.
enum Rung {
    /// This one is ready to talk, and waits to be told that it is the one.
    Ready(String, oneshot::Sender<CancellationToken>),
    /// None: the status of the last, and its SID.
    Nobody(CallStatus, String),
    Elsewhere(Flow),
}

impl Call {
    /// Calls somebody and talks to them.
    pub(super) async fn dial(&mut self, verb: &Element, base: &str) -> Flow {
        if let Some(conference) = verb.child("Conference") {
            return self.conference(verb, conference, base).await;
        }
        if let Some(queue) = verb.child("Queue") {
            return self.dequeue(verb, queue, base).await;
        }
        let targets = targets(verb, base);
        if targets.is_empty() {
            self.notice(13223, "<Dial> without a number");
        }
        if verb.attribute("callerId").is_some_and(|number| !is_number(number)) {
            self.notice(13214, "the callerId is no number");
        }
        self.dial_began(targets.iter().map(|target| target.number.clone()).collect());
        match self.ring_in_turn(verb, &targets).await {
            Rung::Ready(sid, go) => {
                let over = CancellationToken::new();
                if go.send(over.clone()).is_err() {
                    return self.dialled(verb, base, CallStatus::Completed, &sid);
                }
                self.talk_to(&sid, over, verb, base).await
            }
            Rung::Nobody(status, sid) => self.dialled(verb, base, status, &sid),
            Rung::Elsewhere(flow) => self.gave_up_dial(flow, verb, base).await,
        }
    }

    /// All at once, or one after the other.
    async fn ring_in_turn(&mut self, verb: &Element, targets: &[Target]) -> Rung {
        let in_turn = verb.attribute("sequential") == Some("true");
        let mut rung = Rung::Nobody(CallStatus::Failed, String::new());
        for group in targets.chunks(if in_turn { 1 } else { AT_ONCE }) {
            rung = self.ring_all(verb, group).await;
            if in_turn && matches!(rung, Rung::Nobody(..)) {
                continue;
            }
            break;
        }
        rung
    }

    async fn ring_all(&mut self, verb: &Element, targets: &[Target]) -> Rung {
        let caller_id = verb.attribute("callerId").unwrap_or(&self.plan.from).to_owned();
        let timeout = Duration::from_secs(verb.number("timeout", TIMEOUT_S).into());
        let (news, mut told) = mpsc::channel(NEWS * targets.len().max(1));
        let mut ringing: Vec<String> = Vec::new();
        for target in targets {
            ringing.push(self.call_leg(target, &caller_id, timeout, news.clone()));
        }
        drop(news);
        if let Some(dial) = self.truth.dials.last_mut() {
            dial.legs.extend(ringing.iter().cloned());
        }
        let mut last = (CallStatus::Failed, String::new());
        let rung = loop {
            match self.wait_for(None, told.recv()).await {
                Waited::Came(Some(News::Ready(sid, go))) => break Rung::Ready(sid, go),
                Waited::Came(Some(News::Gone(sid, status))) => last = (status, sid),
                Waited::Came(None) => break Rung::Nobody(last.0, last.1),
                Waited::Elsewhere(flow) => break Rung::Elsewhere(flow),
                Waited::TimeUp | Waited::Pressed => {}
            }
        };
        let winner = if let Rung::Ready(sid, _) = &rung { sid.as_str() } else { "" };
        for sid in ringing.iter().filter(|sid| *sid != winner) {
            // A leg that is over already takes no orders.
            let _ = self.network.calls().order(sid, Order::Complete);
        }
        rung
    }

    pub(super) async fn talk_to(&mut self, sid: &str, over: CancellationToken, verb: &Element, base: &str) -> Flow {
        let limit = Duration::from_secs(verb.number("timeLimit", TIME_LIMIT_S).into());
        let (flow, talked) = self.converse(sid, over, Some(limit)).await;
        self.note_dial(CallStatus::Completed, Some(talked));
        let extra = result(CallStatus::Completed, sid, Some(talked));
        match flow {
            Some(flow) => self.left(flow, verb, base, extra).await,
            None => self.act(verb, base, extra),
        }
    }

    /// Talks until either goes, or as long as they may; tells what this side does next, if it was it who went.
    pub(super) async fn converse(
        &mut self,
        with: &str,
        over: CancellationToken,
        limit: Option<Duration>,
    ) -> (Option<Flow>, Duration) {
        let (from, from_ns) = (Instant::now(), self.now_ns());
        self.connect_with(with);
        // Whatever becomes of this side, the other one learns that it is alone.
        let _alone = over.clone().drop_guard();
        let waited = self.wait_for(limit, over.cancelled()).await;
        self.connected = false;
        let lasted = self.own(from.elapsed());
        self.truth.connections.push(ConnectionTruth { with: with.to_owned(), from_ns, lasted });
        self.network.register().note(&self.sid, |leg| leg.talked += lasted);
        let flow = if let Waited::Elsewhere(flow) = waited { Some(flow) } else { None };
        (flow, lasted)
    }

    /// Another person is on the line.
    pub(super) fn connect_with(&mut self, sid: &str) {
        self.connected = true;
        self.network.register().note(&self.sid, |leg| leg.connected_with.push(sid.to_owned()));
        self.watcher.tell(|| PhoneEvent::Connected(sid.to_owned()));
    }

    pub(super) fn dial_began(&mut self, to: Vec<String>) {
        let at_ns = self.now_ns();
        self.truth.dials.push(DialTruth { at_ns, to, legs: Vec::new(), status: String::new(), talked: None });
    }

    /// This side went before anybody was there to talk to.
    pub(super) async fn gave_up_dial(&mut self, flow: Flow, verb: &Element, base: &str) -> Flow {
        self.note_dial(CallStatus::Canceled, None);
        self.left(flow, verb, base, params([("DialCallStatus", "canceled".to_owned())])).await
    }

    pub(super) fn dialled(&mut self, verb: &Element, base: &str, status: CallStatus, sid: &str) -> Flow {
        self.note_dial(status, None);
        self.act(verb, base, result(status, sid, None))
    }

    fn note_dial(&mut self, status: CallStatus, talked: Option<Duration>) {
        if let Some(dial) = self.truth.dials.last_mut() {
            (dial.status, dial.talked) = (status.as_str().to_owned(), talked);
        }
    }

    /// This side left the verb: the `action` is told, and its answer not used.
    pub(super) async fn left(&mut self, flow: Flow, verb: &Element, base: &str, extra: Params) -> Flow {
        if matches!(flow, Flow::End(_)) {
            let mut extra = extra;
            extra.push(("CallStatus".to_owned(), "completed".to_owned()));
            self.post_action(verb, base, extra);
            return flow;
        }
        self.interrupted(flow, verb, base, extra).await
    }
}

/// What the `action` is told.
///
/// A person who picks up and hangs up before being connected leaves `completed` behind and `DialBridged=false`
/// (unconfirmed): an application that reads only the status takes a refusal for a conversation.
fn result(status: CallStatus, sid: &str, talked: Option<Duration>) -> Params {
    let mut extra = params([
        ("DialCallStatus", status.as_str().to_owned()),
        ("DialCallSid", sid.to_owned()),
        ("DialBridged", talked.is_some().to_string()),
    ]);
    if let Some(talked) = talked {
        extra.push(("DialCallDuration".to_owned(), talked.as_secs().to_string()));
    }
    extra.retain(|(_, value)| !value.is_empty());
    extra
}

/// Whether a number is spelt as E.164 has it.
fn is_number(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whom a `<Dial>` names: in its own text or in nouns.
fn targets(verb: &Element, base: &str) -> Vec<Target> {
    let nouns = verb.children.iter().filter(|noun| matches!(noun.name.as_str(), "Number" | "Sip" | "Client"));
    let bare = Some(verb).filter(|verb| !verb.text.trim().is_empty());
    bare.into_iter().chain(nouns).map(|noun| target(noun, base)).collect()
}

fn target(noun: &Element, base: &str) -> Target {
    // The text of `<Dial>` itself has no attributes of a noun: those of the verb mean other things.
    let of = |name: &str| noun.attribute(name).filter(|_| noun.name != "Dial");
    Target {
        number: noun.text.trim().to_owned(),
        whisper: of("url").and_then(|url| resolve(base, url)).map(|url| (url, Method::named(of("method")))),
        send_digits: of("sendDigits").map(str::to_owned),
        status_callback: of("statusCallback").and_then(|url| resolve(base, url)),
        status_events: of("statusCallbackEvent").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
    }
}
