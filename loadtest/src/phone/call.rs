//! One call from its first webhook to its last status callback.
//!
//! `phone.rs` makes it and runs it. It fetches documents (`document.rs`), has `verbs.rs` carry them out, reports its
//! progress (`status.rs`) and writes the truth. What passes over a media stream is the business of `stream.rs`.

use std::collections::VecDeque;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::document::Ask;
use super::event::{PhoneEvent, Watcher};
use super::fault::Fault;
use super::plan::CallPlan;
use super::script::Caller;
use super::truth::{CallEnd, CallTruth, DuplicateCheck, Notice, SecondSocket, VerdictTruth, nanos};
use crate::network::{
    Answer, CallStatus, Detection, Direction, Method, Network, NoAnswer, Order, Params, Question, Signing,
};

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
    /// The call whose `<Dial>` this one answers.
    pub(super) parent: Option<String>,
    pub(super) place: Place,
    /// Keys pressed that the `<Gather>` at work has not taken yet.
    pub(super) keys: VecDeque<char>,
    pub(super) gathers: bool,
    /// Whether another person is on the line.
    pub(super) connected: bool,
    pub(super) queued_at: Instant,
    /// Whether somebody wants to know who has picked up.
    pub(super) detection: Option<Detection>,
    /// Cancelled when the call is over.
    pub(super) over: CancellationToken,
    /// Each resolves when a leg of this call is over.
    pub(super) legs: Vec<oneshot::Receiver<()>>,
    _hang_up: JoinSet<()>,
}

/// Where a document is carried out, which decides what may stand in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// The call's own.
    #[default]
    Call,
    /// Before two calls are connected, heard by one of them.
    Whisper,
    /// While waiting in a queue.
    Queue,
    /// While waiting for a conference to begin.
    Conference,
}

/// What a task in the background has to say when it is done.
pub(super) enum Report {
    Fine,
    Complaint(u32, String),
    SecondSocket(SecondSocket),
    Verdict(VerdictTruth),
}

/// What comes after a verb.
#[derive(Clone, Debug)]
pub(super) enum Flow {
    Next,
    Goto(Ask),
    /// REST sends the call elsewhere.
    Sent(Ask),
    /// `<Leave>`.
    Leave,
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
            parent: None,
            place: Place::default(),
            keys: VecDeque::new(),
            gathers: false,
            connected: false,
            queued_at: begun,
            detection: None,
            over: CancellationToken::new(),
            legs: Vec::new(),
            _hang_up: hang_up,
            plan,
        }
    }

    /// Lives through the call to its end.
    pub(super) async fn run(mut self, first: Ask) -> CallTruth {
        let sid = self.sid.clone();
        self.watcher.tell(|| PhoneEvent::Ringing(sid));
        let told = self.detect_first().await;
        let end = self.documents(first.and(told)).await;
        self.finish(end).await
    }

    /// Runs documents until the call is over.
    pub(super) async fn documents(&mut self, first: Ask) -> CallEnd {
        let mut ask = first;
        loop {
            let page = match self.fetch(ask).await {
                Ok(page) => page,
                Err(none) => {
                    // Whoever was called has picked up, and hears the network's apology: the call counts.
                    if self.direction != Direction::Outbound {
                        self.final_status = CallStatus::Failed;
                    }
                    return CallEnd::Failed(none.text);
                }
            };
            match self.perform(page).await {
                Flow::Next | Flow::Leave => return CallEnd::Completed,
                Flow::Goto(next) | Flow::Sent(next) => ask = next,
                Flow::End(end) => return end,
            }
        }
    }

    /// The call counts as answered from here.
    pub(super) fn answered(&mut self) {
        if self.answered.is_none() {
            self.answered = Some(Instant::now());
            self.network.calls().set(&self.sid, CallStatus::InProgress);
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
                Flow::Sent(Ask::of(source))
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

    /// Tells of something in the background, as unreliably as callbacks are.
    pub(super) fn tell(&mut self, url: String, params: Params) {
        let question = self.question(url, Method::Post, params);
        let network = self.network.clone();
        self.posts.spawn(async move { network.tell(&question).await.map_or(Report::Fine, report) });
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
            Report::Verdict(verdict) => self.truth.verdict = Some(verdict),
        }
    }

    pub(super) async fn finish(mut self, end: CallEnd) -> CallTruth {
        self.truth.ended_ns = nanos(self.begun, Instant::now());
        self.over.cancel();
        self.network.stop_recording(&self.sid);
        self.tell_end().await;
        for leg in std::mem::take(&mut self.legs) {
            // The sender is dropped when the leg is over; there is nothing else to learn.
            let _ = leg.await;
        }
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
        verbs: Vec::new(),
        spoken: Vec::new(),
        said: Vec::new(),
        picked_up_ns: None,
        verdict: None,
        beep_ns: None,
        played: Vec::new(),
        digits_played: Vec::new(),
        pressed: String::new(),
        gathered: Vec::new(),
        dials: Vec::new(),
        conferences: Vec::new(),
        queues: Vec::new(),
        connections: Vec::new(),
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
