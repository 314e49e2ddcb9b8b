//! Telephones: each places or answers one call and does what Twilio and a caller would do.
//!
//! A [`CallPlan`] says what the call shall be, a [`Network`] carries it, and when it is over a [`CallTruth`] tells
//! everything that was sent, received and heard. While it runs a watcher may read [`PhoneEvent`]s.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use loadtest::network::{Network, NetworkConfig};
//! use loadtest::phone::{self, CallPlan, Clip, Step};
//!
//! let network = Network::start(NetworkConfig::new("http://127.0.0.1:8080/twilio/voice")).await?;
//! let hello = Clip::read("loadtest/voices/caller/en_breakfast.ulaw".as_ref())?;
//! let steps = vec![Step::Listen { quiet_ms: 700 }, Step::Say(hello), Step::Listen { quiet_ms: 700 }];
//! let truth = phone::call(&network, CallPlan::new(1, "+15005550006", steps)).await;
//! println!("{} ms of the agent were heard", truth.heard_ms());
//! # Ok(())
//! # }
//! ```

mod call;
pub mod clip;
mod conference;
mod detect;
mod dial;
mod document;
mod event;
mod fault;
mod gather;
mod handshake;
mod hold;
mod leg;
mod media;
mod plan;
mod player;
mod prompt;
mod queue;
mod schedule;
mod script;
mod status;
mod stream;
mod truth;
mod twiml;
mod verbs;
pub mod voice;
mod wait;
pub mod wav;
mod wire;

pub use clip::Clip;
pub use event::PhoneEvent;
pub use fault::Fault;
pub(crate) use leg::call_human;
pub(crate) use plan::SPEED;
pub use plan::{Background, CallPlan, StatusDelivery, WebhookDelivery};
pub use player::Keep;
pub use script::Step;
pub use truth::{
    CallEnd, CallTruth, ClearTruth, ConferenceTruth, ConnectionTruth, DialTruth, DocumentTruth, DuplicateCheck,
    HeardSpan, MarkFate, MarkTruth, Notice, PlayTruth, QueueTruth, ReceivedMedia, SaidTruth, SecondSocket, SentFrame,
    StreamEnd, StreamTruth, VerdictTruth,
};

use crate::network::{Direction, Method, Network, Ring, Source};
use call::Call;
use document::Ask;

/// Places a call and lives through it to its end.
pub async fn call(network: &Network, mut plan: CallPlan) -> CallTruth {
    let sid = network.sid("CA");
    let number = network.owned(&plan.to);
    let set = |name: &str| number.as_ref().map(|number| number.setting(name)).filter(|value| !value.is_empty());
    let usual = || set("VoiceUrl").map_or_else(|| network.config().voice_url.clone(), str::to_owned);
    let url = plan.voice_url.clone().unwrap_or_else(usual);
    plan.fallback_url = plan.fallback_url.or_else(|| set("VoiceFallbackUrl").map(str::to_owned));
    plan.status_callback = plan.status_callback.or_else(|| set("StatusCallback").map(str::to_owned));
    let orders = network.calls().enter(&sid, Direction::Inbound, &plan.from, &plan.to);
    let call = Call::new(network.clone(), plan, sid, Direction::Inbound, orders);
    call.run(Ask::of(Source::Url { url, method: Method::Post })).await
}

/// Answers a call that was created by REST and lives through it to its end. The numbers are those of the ring.
pub async fn answer(network: &Network, ring: Ring, mut plan: CallPlan) -> CallTruth {
    (plan.from, plan.to) = (ring.from, ring.to);
    plan.time_limit = ring.time_limit.map_or(plan.time_limit, |limit| limit.min(plan.time_limit));
    plan.status_callback = ring.status_callback;
    plan.fallback_url = ring.fallback_url.or(plan.fallback_url);
    let mut call = Call::new(network.clone(), plan, ring.call_sid, Direction::Outbound, ring.orders);
    call.status_events = ring.status_events;
    call.detection = ring.detection;
    call.ring();
    call.pick_up();
    let truth = call.run(Ask::of(ring.source)).await;
    network.register().note(&truth.call_sid, |leg| leg.truth = Some(Box::new(truth.clone())));
    truth
}
