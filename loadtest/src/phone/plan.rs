//! What one call shall be: who calls whom, what the caller does, and what goes wrong on purpose.
//!
//! Made by a load run, a demo or a test; carried out by `call.rs`.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::event::PhoneEvent;
use super::fault::Fault;
use super::player::Keep;
use super::script::Step;
use crate::network::AnswersAs;

/// How many times faster than real time passes outside media streams, unless a plan says otherwise: minutes on hold
/// become seconds, and the shortest waits stay long enough for the answer of a server.
pub(crate) const SPEED: u32 = 20;

/// Everything that makes one call different from another.
#[derive(Debug)]
pub struct CallPlan {
    /// The call's number: it goes into the watermark and decides at which of the 20 milliseconds its frames leave.
    pub number: u64,
    /// The caller's number.
    pub from: String,
    /// The number called.
    pub to: String,
    /// What the caller does; at the end of it the caller hangs up.
    pub steps: Vec<Step>,
    /// Where the webhook goes; the network's own setting if none.
    pub voice_url: Option<String>,
    /// Where a webhook goes that failed at `voice_url`.
    pub fallback_url: Option<String>,
    /// Where the end of the call is reported; the network's own setting if none.
    pub status_callback: Option<String>,
    /// How the end of the call is reported.
    pub status_delivery: StatusDelivery,
    /// Whether the first webhook comes twice.
    pub webhook_delivery: WebhookDelivery,
    /// What goes wrong on purpose.
    pub faults: Vec<Fault>,
    /// What is pressed at each `<Gather>`, after its prompts have been heard; nothing when it is empty. A caller that
    /// does not wait for the prompts has steps.
    pub gathered: VecDeque<String>,
    /// How many times faster than real the call's own clock goes outside media streams: for `<Say>`, `<Pause>`, ringing,
    /// talking, waiting in queues, and for the caller's steps.
    pub speed: u32,
    /// How long the caller waits for the agent to make a sound before it gives up.
    pub patience: Duration,
    /// The longest the call may last.
    pub time_limit: Duration,
    /// What is on the line while the caller says nothing.
    pub background: Background,
    /// Who it is, for whoever wants to know whether a person has answered.
    pub answers_as: AnswersAs,
    /// Whether what is heard is kept.
    pub keep: Keep,
    /// Who watches.
    pub watcher: Option<mpsc::Sender<PhoneEvent>>,
    /// Live mu-law audio that is sent while the script is silent: a microphone.
    pub microphone: Option<mpsc::Receiver<Bytes>>,
    /// When cancelled, the caller hangs up.
    pub hang_up: Option<CancellationToken>,
}

impl CallPlan {
    /// A well-behaved call.
    #[must_use]
    pub fn new(number: u64, to: impl Into<String>, steps: Vec<Step>) -> Self {
        Self {
            number,
            from: format!("+1500555{:04}", number % 10_000),
            to: to.into(),
            steps,
            voice_url: None,
            fallback_url: None,
            status_callback: None,
            status_delivery: StatusDelivery::default(),
            webhook_delivery: WebhookDelivery::default(),
            faults: Vec::new(),
            gathered: VecDeque::new(),
            speed: SPEED,
            patience: Duration::from_secs(90),
            time_limit: Duration::from_secs(600),
            background: Background::default(),
            answers_as: AnswersAs::default(),
            keep: Keep::default(),
            watcher: None,
            microphone: None,
            hang_up: None,
        }
    }

    /// The same call with one more fault.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}

/// How the status callbacks of a call are delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusDelivery {
    /// Once each, in order.
    #[default]
    Once,
    /// Each of them twice.
    Twice,
    /// The last one before the stream's `stop` when the caller hangs up; earlier ones after it.
    OutOfOrder,
    /// Not at all: lost on the way.
    Never,
}

/// How the first webhook of a call is delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebhookDelivery {
    /// Once.
    #[default]
    Once,
    /// Twice at the same time, with the same idempotency token; the answers are compared byte by byte.
    Twice,
}

/// What is on the line while the caller says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// Digital silence.
    #[default]
    Silence,
    /// The faint hiss of a real line.
    Hiss,
}
