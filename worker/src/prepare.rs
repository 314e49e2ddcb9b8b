//! Dials the agent when a seat is reserved, while the telephone network is still connecting, and hands the link over to
//! the stream; gives both up when nobody comes.

use crate::moments;
use crate::provider::AgentLink;
use crate::seats::{SeatGuard, Seats};
use common::ids::CallId;
use common::lifecycle::Lifecycle;
use common::ports::{AgentEvent, Agents};
use common::reservation::Reserve;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a prepared agent waits for its stream. Twilio connects within 2 s; a provider's session costs nothing while
/// silent, but a seat that nobody takes is a caller refused.
const PATIENCE: Duration = Duration::from_secs(15);

/// Events a waiting link keeps. An agent that has more to say before it was asked is not one of ours.
const MOST_EVENTS: usize = 256;

/// Where to hand the prepared link.
pub type Adopt = oneshot::Sender<Prepared>;

/// A prepared agent.
pub struct Prepared {
    /// The reservation it belongs to.
    pub reserve: Reserve,
    /// The link, dialled; perhaps ready already.
    pub link: AgentLink,
    /// What it said while it waited, in order.
    pub events: VecDeque<AgentEvent>,
    /// The seat.
    pub seat: SeatGuard,
}

/// Starts to dial. The task ends when the stream has come, when nobody came, or at a hard stop.
pub fn start(
    reserve: Reserve,
    adopt: oneshot::Receiver<Adopt>,
    seats: &Arc<Seats>,
    agents: &Arc<dyn Agents>,
    lifecycle: &Lifecycle,
) {
    let seat = SeatGuard::new(seats.clone(), reserve.call.clone(), reserve.epoch);
    // Tools that ran at another worker are of unknown end here.
    let heard = reserve.conversation.clone().unwrap_or_default().taken_over();
    // The agent may have been asked to go on in another language there.
    let spoken = heard.language.as_ref().and_then(|language| reserve.agent.in_language(language));
    let agent = spoken.unwrap_or_else(|| reserve.agent.clone());
    let mut link = AgentLink::new(agents.clone(), Arc::new(agent));
    lifecycle.start("prepare", async move {
        link.dial(heard, 0);
        let call = reserve.call.clone();
        let prepared = Prepared { reserve, link, events: VecDeque::new(), seat };
        wait(prepared, adopt, &call).await;
    });
}

async fn wait(mut prepared: Prepared, mut adopt: oneshot::Receiver<Adopt>, call: &CallId) {
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(patience);
    loop {
        tokio::select! {
            biased;
            adopter = &mut adopt => {
                if let Ok(adopter) = adopter {
                    // A stream that has gone meanwhile leaves the link to be dropped here.
                    let _ = adopter.send(prepared);
                }
                return;
            }
            event = prepared.link.next(), if prepared.events.len() < MOST_EVENTS => prepared.events.push_back(event),
            () = &mut patience => return moments::nobody_came(call),
        }
    }
}
