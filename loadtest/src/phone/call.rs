//! One call from its first webhook to its last status callback.
//!
//! `phone.rs` makes it and runs it. It fetches documents (`document.rs`), has `verbs.rs` carry them out, reports its
//! progress (`status.rs`) and writes the truth. What passes over a media stream is the business of `stream.rs`.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::document::Ask;
use super::event::{PhoneEvent, Watcher};
use super::fault::Fault;
use super::plan::CallPlan;
use super::script::Caller;
use super::truth::{CallEnd, CallTruth, DuplicateCheck, Notice, SecondSocket, nanos};
use crate::network::{Answer, CallStatus, Direction, Method, Network, NoAnswer, Order, Params, Question, Signing};

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
    pub(super) direction: Direction,
    pub(super) answered: Option<Instant>,
    pub(super) sequence: u32,
    pub(super) held: Vec<Params>,
    pub(super) final_told: bool,
    _hang_up: JoinSet<()>,
}

/// What a task in the background has to say when it is done.
pub(super) enum Report {
    Fine,
    Complaint(u32, String),
    SecondSocket(SecondSocket),
}

/// What comes after a verb.
#[derive(Clone, Debug)]
pub(super) enum Flow {
    Next,
    Goto(Ask),
    End(CallEnd),
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
            let page = match self.fetch(ask).await {
                Ok(page) => page,
                Err(none) => {
                    self.final_status = CallStatus::Failed;
                    break CallEnd::Failed(none.text);
                }
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

    pub(super) fn question(&self, url: String, method: Method, params: Params) -> Question {
        let idempotency_token = self.network.sid("").to_owned();
        Question { url, method, params, idempotency_token, signing: self.signing() }
    }

    /// Asks in the background, where nobody waits for the answer.
    pub(super) fn post(&mut self, url: String, method: Method, params: Params) {
        let question = self.question(url, method, params);
        let network = self.network.clone();
        self.posts.spawn(async move { report(network.ask(&question).await) });
    }

    pub(super) fn hear(&mut self, report: Report) {
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

pub(super) fn report(answer: Result<Answer, NoAnswer>) -> Report {
    match answer {
        Ok(answer) if (200..300).contains(&answer.status) => Report::Fine,
        Ok(answer) => Report::Complaint(11200, format!("a callback was answered with status {}", answer.status)),
        Err(none) => Report::Complaint(none.code, format!("a callback was not answered: {}", none.text)),
    }
}
