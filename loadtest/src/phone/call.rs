//! One call from its first webhook to its last status callback.
//!
//! `phone.rs` makes it and runs it; it fetches documents, has `verbs.rs` carry them out and writes the truth. What
//! passes over a media stream is the business of `stream.rs`.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::event::{PhoneEvent, Watcher};
use super::fault::Fault;
use super::plan::{CallPlan, StatusDelivery, WebhookDelivery};
use super::script::Caller;
use super::truth::{CallEnd, CallTruth, DocumentTruth, DuplicateCheck, Notice, SecondSocket, nanos};
use super::twiml::{self, Element};
use crate::network::{Answer, CallStatus, Direction, Method, Network, NoAnswer, Order, Params, Question, Signing, Source};

/// Complaints kept of one call; a peer that floods must not fill the memory of the load run.
const NOTICES: usize = 200;

/// A call at work.
pub(super) struct Call {
    pub(super) network: Network,
    pub(super) plan: CallPlan,
    pub(super) sid: String,
    pub(super) begun: Instant,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) caller: Caller,
    pub(super) truth: CallTruth,
    pub(super) watcher: Watcher,
    pub(super) posts: JoinSet<Report>,
    pub(super) status_events: Vec<String>,
    pub(super) final_status: CallStatus,
    direction: Direction,
    answered: Option<Instant>,
    sequence: u32,
    held: Vec<Params>,
    final_told: bool,
    _hang_up: JoinSet<()>,
}

/// What a task in the background has to say when it is done.
pub(super) enum Report {
    Fine,
    Complaint(u32, String),
    SecondSocket(SecondSocket),
}

/// A document to be asked for, and what the request says beside the standard parameters.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    source: Source,
    extra: Params,
}

impl Ask {
    pub(super) fn of(source: Source) -> Self {
        Self { source, extra: Vec::new() }
    }

    pub(super) fn with(source: Source, extra: Params) -> Self {
        Self { source, extra }
    }
}

/// What comes after a verb.
#[derive(Clone, Debug)]
pub(super) enum Flow {
    Next,
    Goto(Ask),
    End(CallEnd),
}

/// A document on its way through the verbs, and the address its own addresses are relative to.
pub(super) struct Page {
    pub(super) verbs: Vec<Element>,
    pub(super) base: String,
}

impl Call {
    pub(super) fn new(
        network: Network,
        mut plan: CallPlan,
        sid: String,
        direction: Direction,
        (sender, orders): (mpsc::Sender<Order>, mpsc::Receiver<Order>),
    ) -> Self {
        let begun = Instant::now();
        let watcher = Watcher::new(plan.watcher.take());
        let caller = Caller::new(std::mem::take(&mut plan.steps), plan.patience, watcher.clone());
        let mut hang_up = JoinSet::new();
        if let Some(token) = plan.hang_up.take() {
            hang_up.spawn(async move {
                token.cancelled().await;
                let _ = sender.send(Order::HangUp).await;
            });
        }
        Self {
            truth: blank(plan.number, &sid, begun),
            network,
            sid,
            begun,
            orders,
            caller,
            watcher,
            posts: JoinSet::new(),
            status_events: Vec::new(),
            final_status: CallStatus::Completed,
            direction,
            answered: None,
            sequence: 0,
            held: Vec::new(),
            final_told: false,
            _hang_up: hang_up,
            plan,
        }
    }

    /// Runs documents until the call is over.
    pub(super) async fn run(mut self, first: Ask) -> CallTruth {
        let sid = self.sid.clone();
        self.watcher.tell(|| PhoneEvent::Ringing(sid));
        let mut ask = first;
        let end = loop {
            let Some(page) = self.fetch(ask).await else {
                self.final_status = CallStatus::Failed;
                break CallEnd::Failed;
            };
            match self.perform(page).await {
                Flow::Next => break CallEnd::Completed,
                Flow::Goto(next) => ask = next,
                Flow::End(end) => break end,
            }
        };
        self.finish(end).await
    }

    /// The call counts as answered from here.
    pub(super) fn answered(&mut self) {
        if self.answered.is_none() {
            self.answered = Some(Instant::now());
            self.network.calls().set(&self.sid, CallStatus::InProgress);
        }
    }

    /// The progress of an outbound call up to the moment it is picked up.
    pub(super) fn ring_and_answer(&mut self) {
        self.tell_status("initiated", "initiated");
        self.network.calls().set(&self.sid, CallStatus::Ringing);
        self.tell_status("ringing", "ringing");
        self.answered();
        self.tell_status("answered", "in-progress");
    }

    /// Waits, unless the call is told otherwise meanwhile.
    pub(super) async fn wait(&mut self, duration: Duration) -> Option<Flow> {
        let until = Instant::now() + duration;
        let limit = self.begun + self.plan.time_limit;
        tokio::select! {
            biased;
            order = self.orders.recv() => Some(self.obey(order.unwrap_or(Order::Complete))),
            () = sleep_until(until.min(limit)) => (until > limit).then_some(Flow::End(CallEnd::TimeLimit)),
        }
    }

    /// An order that came while nobody was listening.
    pub(super) fn overtaken(&mut self) -> Option<Flow> {
        let order = self.orders.try_recv().ok()?;
        Some(self.obey(order))
    }

    pub(super) fn obey(&mut self, order: Order) -> Flow {
        match order {
            Order::Redirect(source) => {
                self.watcher.tell(|| PhoneEvent::Redirected);
                Flow::Goto(Ask::of(source))
            }
            Order::Complete => Flow::End(CallEnd::Completed),
            Order::HangUp => Flow::End(CallEnd::HungUp),
        }
    }

    /// Writes down what the network complains about.
    pub(super) fn notice(&mut self, code: u32, text: impl Into<String>) {
        if self.truth.notices.len() == NOTICES {
            return;
        }
        let notice = Notice { at_ns: nanos(self.begun, Instant::now()), code, text: text.into() };
        self.watcher.tell(|| PhoneEvent::Noticed(notice.clone()));
        self.truth.notices.push(notice);
    }

    pub(super) fn has_fault(&self, fault: &Fault) -> bool {
        self.plan.faults.contains(fault)
    }

    fn signing(&self) -> Signing {
        match () {
            () if self.has_fault(&Fault::ForgedWebhook) => Signing::Forged,
            () if self.has_fault(&Fault::UnsignedWebhook) => Signing::Missing,
            () => Signing::Right,
        }
    }

    fn question(&self, url: String, method: Method, params: Params) -> Question {
        let idempotency_token = self.network.sid("").to_owned();
        Question { url, method, params, idempotency_token, signing: self.signing() }
    }

    /// Asks in the background, where nobody waits for the answer.
    pub(super) fn post(&mut self, url: String, method: Method, params: Params) {
        let question = self.question(url, method, params);
        let network = self.network.clone();
        self.posts.spawn(async move { report(network.ask(&question).await) });
    }

    /// Gets a document, from the fallback if need be.
    async fn fetch(&mut self, ask: Ask) -> Option<Page> {
        let url = match &ask.source {
            Source::Url { url, .. } => url.clone(),
            Source::Twiml(_) => String::new(),
        };
        let fault = match self.fetch_from(ask).await {
            Ok(page) => return Some(page),
            Err(fault) => fault,
        };
        self.notice(fault.code, fault.text);
        let fallback = self.plan.fallback_url.clone()?;
        let extra = vec![("ErrorCode".to_owned(), fault.code.to_string()), ("ErrorUrl".to_owned(), url)];
        match self.fetch_from(Ask::with(Source::Url { url: fallback, method: Method::Post }, extra)).await {
            Ok(page) => Some(page),
            Err(fault) => {
                self.notice(fault.code, fault.text);
                None
            }
        }
    }

    async fn fetch_from(&mut self, ask: Ask) -> Result<Page, NoAnswer> {
        let at_ns = nanos(self.begun, Instant::now());
        let mut document = DocumentTruth { at_ns, url: String::new(), status: 0, took: Duration::ZERO, body: String::new() };
        let (url, method) = match ask.source {
            Source::Twiml(body) => {
                document.body.clone_from(&body);
                self.keep(document);
                return self.understand(&body, String::new());
            }
            Source::Url { url, method } => (url, method),
        };
        document.url.clone_from(&url);
        let is_first = self.truth.documents.is_empty();
        let question = self.question(url.clone(), method, self.params(ask.extra));
        let answer = if is_first && self.plan.webhook_delivery == WebhookDelivery::Twice {
            let (one, other) = tokio::join!(self.network.ask(&question), self.network.ask(&question));
            self.truth.duplicate = compare(&one, &other);
            one
        } else {
            self.network.ask(&question).await
        };
        if let Ok(answer) = &answer {
            (document.status, document.took) = (answer.status, answer.took);
            document.body = String::from_utf8_lossy(&answer.body).into_owned();
        }
        let body = document.body.clone();
        self.keep(document);
        self.check(&answer?)?;
        self.understand(&body, url)
    }

    fn keep(&mut self, document: DocumentTruth) {
        self.watcher.tell(|| PhoneEvent::Document(document.body.clone()));
        self.truth.documents.push(document);
    }

    fn check(&mut self, answer: &Answer) -> Result<(), NoAnswer> {
        let refuse = |code, text: String| Err(NoAnswer { code, text });
        if answer.was_redirected {
            self.notice(12200, "the webhook was redirected and lost its form");
        }
        if !(200..300).contains(&answer.status) {
            return refuse(11200, format!("the answer has status {}", answer.status));
        }
        if answer.body.len() > twiml::DOCUMENT_LIMIT {
            return refuse(11750, format!("the document has {} bytes", answer.body.len()));
        }
        match answer.content_type.split(';').next().map(str::trim) {
            Some("text/xml" | "application/xml") => Ok(()),
            other => refuse(12300, format!("the content type is {:?}", other.unwrap_or_default())),
        }
    }

    fn understand(&mut self, body: &str, base: String) -> Result<Page, NoAnswer> {
        let document = twiml::read(body).map_err(|text| NoAnswer { code: 12100, text })?;
        document.warnings.into_iter().for_each(|warning| self.notice(12200, warning));
        Ok(Page { verbs: document.verbs, base })
    }

    /// The parameters every request of the call carries, and these.
    pub(super) fn params(&self, extra: Params) -> Params {
        let status = self.network.call_status(&self.sid).unwrap_or(CallStatus::Completed);
        let mut params: Params = Vec::with_capacity(32);
        let mut add = |name: &str, value: &str| params.push((name.to_owned(), value.to_owned()));
        add("AccountSid", self.network.account_sid());
        add("ApiVersion", "2010-04-01");
        add("CallSid", &self.sid);
        add("CallStatus", status.as_str());
        add("Direction", self.direction.as_str());
        for (side, number) in [("From", &self.plan.from), ("Caller", &self.plan.from)] {
            add(side, number);
        }
        for (side, number) in [("To", &self.plan.to), ("Called", &self.plan.to)] {
            add(side, number);
        }
        for side in ["From", "Caller", "To", "Called"] {
            for (part, value) in [("City", ""), ("State", "CA"), ("Zip", ""), ("Country", "US")] {
                add(&format!("{side}{part}"), value);
            }
        }
        if self.direction == Direction::Inbound {
            add("StirVerstat", "TN-Validation-Passed-A");
            add("CallToken", r#"{"parentCallInfoToken":"simulated","identityHeaderTokens":[]}"#);
        }
        for (name, value) in extra {
            params.retain(|(known, _)| *known != name);
            params.push((name, value));
        }
        params
    }

    /// Posts one step of the call's progress, if anybody asked for it.
    fn tell_status(&mut self, event: &str, status: &str) {
        let asked = match self.status_events.as_slice() {
            [] => event == "completed",
            events => events.iter().any(|asked| asked == event),
        };
        let params = self.status_params(status);
        match self.plan.status_callback.clone() {
            Some(url) if asked => match self.plan.status_delivery {
                StatusDelivery::Once => self.post(url, Method::Post, params),
                StatusDelivery::Twice => {
                    self.post(url.clone(), Method::Post, params.clone());
                    self.post(url, Method::Post, params);
                }
                StatusDelivery::OutOfOrder => self.held.push(params),
                StatusDelivery::Never => {}
            },
            _ => {}
        }
    }

    fn status_params(&mut self, status: &str) -> Params {
        let extra = vec![
            ("CallStatus".to_owned(), status.to_owned()),
            ("Timestamp".to_owned(), crate::network::rfc_2822(Timestamp::now())),
            ("CallbackSource".to_owned(), "call-progress-events".to_owned()),
            ("SequenceNumber".to_owned(), self.sequence.to_string()),
        ];
        self.sequence += 1;
        self.params(extra)
    }

    /// Reports the end of the call, once.
    pub(super) async fn tell_end(&mut self) {
        if std::mem::replace(&mut self.final_told, true) {
            return;
        }
        self.network.calls().set(&self.sid, self.final_status);
        let seconds = self.answered.map_or(0, |at| at.elapsed().as_secs());
        let mut params = self.status_params(self.final_status.as_str());
        params.push(("CallDuration".to_owned(), seconds.to_string()));
        if self.final_status == CallStatus::Completed {
            params.push(("Duration".to_owned(), seconds.div_ceil(60).to_string()));
        }
        params.push(("SipResponseCode".to_owned(), "200".to_owned()));
        let Some(url) = self.status_url() else { return };
        let question = self.question(url.clone(), Method::Post, params);
        let copies = match self.plan.status_delivery {
            StatusDelivery::Never => 0,
            StatusDelivery::Once | StatusDelivery::OutOfOrder => 1,
            StatusDelivery::Twice => 2,
        };
        for _ in 0..copies {
            let answer = self.network.ask(&question).await;
            self.hear(report(answer));
        }
        for params in std::mem::take(&mut self.held).into_iter().rev() {
            self.post(url.clone(), Method::Post, params);
        }
    }

    fn status_url(&self) -> Option<String> {
        let events = &self.status_events;
        if !events.is_empty() && !events.iter().any(|event| event == "completed") {
            return None;
        }
        let of_network = || self.network.config().status_callback.clone();
        self.plan.status_callback.clone().or_else(|| (self.direction == Direction::Inbound).then(of_network).flatten())
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::Fine => {}
            Report::Complaint(code, text) => self.notice(code, text),
            Report::SecondSocket(outcome) => self.truth.second_socket = Some(outcome),
        }
    }

    async fn finish(mut self, end: CallEnd) -> CallTruth {
        self.truth.ended_ns = nanos(self.begun, Instant::now());
        self.tell_end().await;
        while let Some(done) = self.posts.join_next().await {
            if let Ok(report) = done {
                self.hear(report);
            }
        }
        self.truth.end = end.clone();
        self.watcher.tell(|| PhoneEvent::Ended(end));
        self.truth
    }
}

fn blank(number: u64, sid: &str, begun: Instant) -> CallTruth {
    CallTruth {
        number,
        call_sid: sid.to_owned(),
        begun,
        documents: Vec::new(),
        streams: Vec::new(),
        notices: Vec::new(),
        spoken: Vec::new(),
        duplicate: DuplicateCheck::NotAsked,
        second_socket: None,
        end: CallEnd::Completed,
        ended_ns: 0,
        heard: None,
    }
}

fn report(answer: Result<Answer, NoAnswer>) -> Report {
    match answer {
        Ok(answer) if (200..300).contains(&answer.status) => Report::Fine,
        Ok(answer) => Report::Complaint(11200, format!("a callback was answered with status {}", answer.status)),
        Err(none) => Report::Complaint(none.code, format!("a callback was not answered: {}", none.text)),
    }
}

fn compare(one: &Result<Answer, NoAnswer>, other: &Result<Answer, NoAnswer>) -> DuplicateCheck {
    match (one, other) {
        (Ok(one), Ok(other))
            if (one.status, &one.content_type, &one.body) == (other.status, &other.content_type, &other.body) =>
        {
            DuplicateCheck::Identical
        }
        _ => DuplicateCheck::Different,
    }
}
