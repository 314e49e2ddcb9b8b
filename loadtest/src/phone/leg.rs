//! Somebody of the address book is called: the ringing, the picking up, and what follows.
//!
//! Begun by a `<Dial>` (`dial.rs`) or by REST. A leg is a call like any other, with a plan made from what the book says
//! of the human, and lives in a task of its own. It tells its caller when it is ready to talk.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::call::{Call, Flow, Place};
use super::document::Ask;
use super::plan::CallPlan;
use super::player::Keep;
use super::truth::CallEnd;
use super::wait::Waited;
use crate::network::{AnswersAs, CallStatus, Callee, Direction, Leg, Method, Network, Params, Ring, Source, fax_steps};

/// How long an engaged line takes to say so.
const BUSY: Duration = Duration::from_secs(1);
/// How long a fax rings.
const FAX: Duration = Duration::from_secs(6);

/// One number of a `<Dial>`.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) number: String,
    /// The document heard on this side before the two are connected.
    pub(super) whisper: Option<(String, Method)>,
    pub(super) send_digits: Option<String>,
    pub(super) status_callback: Option<String>,
    pub(super) status_events: Vec<String>,
}

/// What a leg tells the call that dialled it.
pub(super) enum News {
    /// Picked up, heard the whisper, and waits for the line.
    Ready(String, oneshot::Sender<CancellationToken>),
    /// Over, with this status, and never connected.
    Gone(String, CallStatus),
}

/// What a leg does once it is picked up.
enum Then {
    /// Listens to the whisper and is connected with the caller.
    Meet { parent: String, target: Target, news: mpsc::Sender<News> },
    /// Carries out documents of its own: created by REST.
    Run(Ask),
}

struct Live {
    call: Call,
    callee: Callee,
    timeout: Duration,
    then: Then,
    /// Dropped when the leg is over, or its caller's business no more.
    done: Option<oneshot::Sender<()>>,
}

/// Calls somebody of the book for REST.
pub(crate) fn call_human(network: &Network, ring: Ring) {
    let callee = network.look_up(&ring.to);
    let mut plan = plan(&callee, &ring.from, &ring.to, network.config().speed);
    plan.time_limit = ring.time_limit.map_or(plan.time_limit, |limit| limit.min(plan.time_limit));
    plan.status_callback = ring.status_callback;
    plan.fallback_url = ring.fallback_url;
    let mut call = Call::new(network.clone(), plan, ring.call_sid, Direction::Outbound, ring.orders);
    call.status_events = ring.status_events;
    call.detection = ring.detection;
    let then = Then::Run(Ask::of(ring.source));
    tokio::spawn(Live { call, callee, timeout: ring.timeout, then, done: None }.live());
}

impl Call {
    /// Calls somebody for a `<Dial>`; how it goes comes as `news`.
    pub(super) fn call_leg(
        &mut self,
        target: &Target,
        caller_id: &str,
        timeout: Duration,
        news: mpsc::Sender<News>,
    ) -> String {
        let network = self.network.clone();
        let sid = network.sid("CA");
        let callee = network.look_up(&target.number);
        network.register().enter(Leg::dialled(&sid, Some(&self.sid), &target.number, caller_id));
        let orders = network.calls().enter(&sid, Direction::Dialled, caller_id, &target.number);
        network.calls().adopt(&sid, &self.sid);
        let mut plan = plan(&callee, caller_id, &target.number, self.plan.speed);
        plan.status_callback.clone_from(&target.status_callback);
        let mut call = Call::new(network, plan, sid.clone(), Direction::Dialled, orders);
        call.parent = Some(self.sid.clone());
        call.status_events.clone_from(&target.status_events);
        let (done, is_done) = oneshot::channel();
        self.legs.push(is_done);
        let then = Then::Meet { parent: self.sid.clone(), target: target.clone(), news };
        tokio::spawn(Live { call, callee, timeout, then, done: Some(done) }.live());
        sid
    }

    /// Rings, unless it is called off meanwhile.
    async fn rings(&mut self, own: Duration) -> Result<(), CallStatus> {
        let real = self.real(own);
        tokio::select! {
            biased;
            // REST does not send a call elsewhere that nobody has picked up: this is the end of it.
            _ = self.orders.recv() => Err(CallStatus::Canceled),
            () = sleep(real) => Ok(()),
        }
    }

    /// Rings until somebody picks up.
    async fn until_answered(&mut self, callee: &Callee, timeout: Duration) -> Result<(), CallStatus> {
        let (lasting, then) = match callee {
            Callee::Answers(human) if human.after <= timeout => (human.after, Ok(())),
            Callee::Machine(machine) if machine.after <= timeout => (machine.after, Ok(())),
            Callee::Fax => (FAX.min(timeout), Ok(())),
            Callee::Answers(_) | Callee::Machine(_) | Callee::NoAnswer => (timeout, Err(CallStatus::NoAnswer)),
            Callee::Busy => (BUSY, Err(CallStatus::Busy)),
            Callee::Fails => (Duration::ZERO, Err(CallStatus::Failed)),
        };
        self.rings(lasting).await?;
        then
    }

    /// A document heard by one side before the two are connected. Boxed, because it is carried out like any other.
    pub(super) fn whisper(&mut self, (url, method): (String, Method), extra: Params) -> BoxFuture<'_, Flow> {
        Box::pin(async move {
            let place = std::mem::replace(&mut self.place, Place::Whisper);
            let mut ask = Ask::with(Source::Url { url, method }, extra);
            let flow = loop {
                match self.fetch(ask).await {
                    Ok(page) => match self.perform(page).await {
                        Flow::Goto(next) => ask = next,
                        flow => break flow,
                    },
                    Err(none) => break Flow::End(CallEnd::Failed(none.text)),
                }
            };
            self.place = place;
            flow
        })
    }
}

impl Live {
    /// From the first ring to the end. Boxed, because a leg may dial a leg.
    fn live(mut self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.call.ring();
            let end = match self.call.until_answered(&self.callee, self.timeout).await {
                Ok(()) => self.answered().await,
                Err(status) => {
                    self.call.final_status = status;
                    self.gone(status);
                    CallEnd::Unanswered
                }
            };
            let Self { call, done, .. } = self;
            let (network, sid) = (call.network.clone(), call.sid.clone());
            let truth = call.finish(end).await;
            network.register().note(&sid, |leg| leg.truth = Some(Box::new(truth)));
            drop(done);
        })
    }

    async fn answered(&mut self) -> CallEnd {
        self.call.pick_up();
        match &self.then {
            Then::Run(ask) => {
                let ask = ask.clone();
                let told = self.call.detect_first().await;
                self.call.documents(ask.and(told)).await
            }
            Then::Meet { parent, target, .. } => {
                let (parent, target) = (parent.clone(), target.clone());
                let flow = self.meet(&parent, target).await;
                // To a caller who has not talked; one who has does not hear it.
                self.gone(CallStatus::Completed);
                match flow {
                    Flow::Sent(ask) => {
                        self.done = None;
                        self.call.documents(ask).await
                    }
                    Flow::End(end) => end,
                    Flow::Next | Flow::Goto(_) | Flow::Leave => CallEnd::Completed,
                }
            }
        }
    }

    /// The digits, the whisper, the conversation.
    async fn meet(&mut self, parent: &str, target: Target) -> Flow {
        let call = &mut self.call;
        if let Some(digits) = &target.send_digits {
            let lasting = call.play_digits(digits);
            if let Some(flow) = call.wait(lasting).await {
                return flow;
            }
        }
        if let Some(whisper) = target.whisper {
            let flow = call.whisper(whisper, Vec::new()).await;
            if !matches!(flow, Flow::Next) {
                return flow;
            }
        }
        let (go, told) = oneshot::channel();
        let sid = self.call.sid.clone();
        self.tell(News::Ready(sid, go));
        match self.call.wait_for(None, told).await {
            Waited::Came(Ok(over)) => self.call.converse(parent, over, None).await.0.unwrap_or(Flow::Next),
            Waited::Elsewhere(flow) => flow,
            Waited::Came(Err(_)) | Waited::TimeUp | Waited::Pressed => Flow::Next,
        }
    }

    fn gone(&self, status: CallStatus) {
        self.tell(News::Gone(self.call.sid.clone(), status));
    }

    fn tell(&self, what: News) {
        if let Then::Meet { news, .. } = &self.then {
            // There is room for all the news of each leg; a caller who has gone does not want it.
            let _ = news.try_send(what);
        }
    }
}

/// The plan of whoever is called.
fn plan(callee: &Callee, from: &str, to: &str, speed: u32) -> CallPlan {
    let steps = match callee {
        Callee::Answers(human) => human.steps.clone(),
        Callee::Machine(machine) => machine.steps(),
        Callee::Fax => fax_steps(),
        Callee::Busy | Callee::NoAnswer | Callee::Fails => Vec::new(),
    };
    let mut plan = CallPlan::new(number(to), to, steps);
    from.clone_into(&mut plan.from);
    plan.speed = speed;
    match callee {
        Callee::Answers(human) => plan.gathered = human.keys.iter().cloned().collect(),
        Callee::Machine(machine) => {
            plan.answers_as = AnswersAs::Machine(machine.clone());
            plan.keep = Keep::Heard;
        }
        Callee::Fax => plan.answers_as = AnswersAs::Fax,
        Callee::Busy | Callee::NoAnswer | Callee::Fails => {}
    }
    plan
}

/// The number of a call to somebody of the book: the last digits of theirs, so that frames of many calls are spread.
fn number(to: &str) -> u64 {
    to.bytes().filter(u8::is_ascii_digit).fold(0, |number, digit| (number * 10 + u64::from(digit - b'0')) % 1_000_000)
}
