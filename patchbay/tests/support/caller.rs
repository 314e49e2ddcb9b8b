//! Callers: what they say, in real speech, and when.

use loadtest::network::Network;
use loadtest::phone::{self, CallPlan, CallTruth, Clip, PhoneEvent, Step};
use tokio::sync::mpsc;

/// The caller's first question.
pub(crate) const BREAKFAST: &str = "What time is breakfast?";
/// The caller's second question.
pub(crate) const PRICE: &str = "How much is it?";

pub(crate) fn breakfast() -> Clip {
    Clip::new(BREAKFAST, include_bytes!("../../../loadtest/voices/caller/en_breakfast.ulaw"))
}

pub(crate) fn price() -> Clip {
    Clip::new(PRICE, include_bytes!("../../../loadtest/voices/caller/en_price.ulaw"))
}

/// Asks, speaks over the answer, is answered again, and waits until the agent hangs up. `url` is the gateway's.
pub(crate) fn who_interrupts(to: &str, url: &str) -> CallPlan {
    let steps = vec![
        Step::Listen { quiet_ms: 300 },
        Step::Say(breakfast()),
        Step::Interrupt { after_ms: 1_000, clip: price() },
        Step::AwaitEnd,
    ];
    let mut plan = CallPlan::new(1, to, steps);
    plan.voice_url = Some(format!("{url}/twilio/voice"));
    plan.status_callback = Some(format!("{url}/twilio/status"));
    plan
}

/// Asks, hears the whole answer, asks again, and waits until the agent hangs up.
pub(crate) fn who_listens(to: &str, url: &str) -> CallPlan {
    let steps = vec![
        Step::Listen { quiet_ms: 300 },
        Step::Say(breakfast()),
        Step::AwaitAgent,
        Step::Listen { quiet_ms: 500 },
        Step::Say(price()),
        Step::AwaitEnd,
    ];
    CallPlan { steps, ..who_interrupts(to, url) }
}

/// Places the call; when it has come to `moment`, `act` happens beside it.
pub(crate) async fn call(
    network: &Network,
    mut plan: CallPlan,
    moment: impl Fn(&PhoneEvent) -> bool,
    act: impl AsyncFnOnce(),
) -> CallTruth {
    let (watcher, mut seen) = mpsc::channel(1_024);
    plan.watcher = Some(watcher);
    let acting = async {
        while let Some(event) = seen.recv().await {
            if moment(&event) {
                return act().await;
            }
        }
        panic!("the call ended without coming to the moment");
    };
    tokio::join!(phone::call(network, plan), acting).0
}
