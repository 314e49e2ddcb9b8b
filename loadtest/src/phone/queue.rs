//! `<Enqueue>` and `<Dial><Queue>`: a call waits in a line, another takes the first out of it.
//!
//! `verbs.rs` and `dial.rs` lead here. The lines themselves are kept by the network's register of queues; what is heard
//! while waiting is the business of `hold.rs`.
//!
//! The verb: <https://www.twilio.com/docs/voice/twiml/enqueue>, the noun:
//! <https://www.twilio.com/docs/voice/twiml/queue> (read 2026-11).

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::call::{Call, Flow, Place};
use super::hold::Hold;
use super::truth::QueueTruth;
use super::twiml::Element;
use super::verbs::{params, resolve};
use super::wait::Waited;
use crate::network::{CallStatus, Method, Params, Taken};

/// How many may wait unless `maxQueueSize` says otherwise.
const MOST: u32 = 100;

impl Call {
    /// Waits in a queue until taken out of it, or gone.
    pub(super) async fn enqueue(&mut self, verb: &Element, base: &str) -> Flow {
        let name = verb.text.trim().to_owned();
        let most = verb.number("maxQueueSize", MOST) as usize;
        self.truth.queues.push(QueueTruth {
            name: name.clone(),
            positions: Vec::new(),
            result: String::new(),
            waited: Duration::ZERO,
        });
        let Some((sid, taken)) = self.network.queues().enter(&name, self.network.sid("QU"), &self.sid, most) else {
            return self.unqueued("queue-full", None, None, verb, base).await;
        };
        self.queued_at = Instant::now();
        let url = verb.attribute("waitUrl").filter(|url| !url.is_empty()).and_then(|url| resolve(base, url));
        let method = Method::named(verb.attribute("waitUrlMethod"));
        let queue = Some((name.clone(), sid.clone()));
        let hold = Hold { place: Place::Queue, url: url.map(|url| (url, method)), queue };
        let over = tokio::select! {
            biased;
            Ok(taken) = taken => Ok(taken),
            flow = self.hold(hold) => Err(flow),
        };
        self.network.queues().leave(&name, &self.sid);
        let waited = self.own(self.queued_at.elapsed());
        if let Some(truth) = self.truth.queues.last_mut() {
            truth.waited = waited;
        }
        match over {
            Ok(taken) => self.served(taken, &sid, verb, base).await,
            Err(flow) => {
                let how = match &flow {
                    Flow::Leave => "leave",
                    Flow::Sent(_) => "redirected",
                    Flow::End(_) | Flow::Next | Flow::Goto(_) => "hangup",
                };
                self.unqueued(how, Some(sid), Some(flow), verb, base).await
            }
        }
    }

    /// Taken out: hears the document of `<Queue url>` and talks.
    async fn served(&mut self, taken: Taken, queue: &str, verb: &Element, base: &str) -> Flow {
        self.off_hold();
        if let Some(url) = taken.url {
            let extra = params([
                ("QueueSid", queue.to_owned()),
                ("QueueTime", self.own(self.queued_at.elapsed()).as_secs().to_string()),
                ("DequeingCallSid", taken.by.clone()),
            ]);
            let flow = self.whisper(url, extra).await;
            if !matches!(flow, Flow::Next) {
                return self.unqueued("error", Some(queue.to_owned()), Some(flow), verb, base).await;
            }
        }
        // One who has gone meanwhile has let go of the line too.
        let _ = taken.ready.send(());
        let (flow, _) = self.converse(&taken.by, taken.over, None).await;
        let how = if matches!(flow, Some(Flow::Sent(_))) { "redirected-from-bridged" } else { "bridged" };
        self.unqueued(how, Some(queue.to_owned()), flow, verb, base).await
    }

    /// Out of the queue: tells the `action`, and goes where it says if the call still listens.
    async fn unqueued(
        &mut self,
        how: &str,
        queue: Option<String>,
        flow: Option<Flow>,
        verb: &Element,
        base: &str,
    ) -> Flow {
        let waited = self.truth.queues.last_mut().map(|truth| {
            how.clone_into(&mut truth.result);
            truth.waited
        });
        let mut extra: Params = params([("QueueResult", how.to_owned())]);
        if let Some(sid) = queue {
            extra.push(("QueueSid".to_owned(), sid));
            extra.push(("QueueTime".to_owned(), waited.unwrap_or_default().as_secs().to_string()));
        }
        match flow {
            None | Some(Flow::Next | Flow::Leave) => self.act(verb, base, extra),
            Some(flow @ Flow::Sent(_)) => {
                self.post_action(verb, base, extra);
                flow
            }
            Some(flow) => self.left(flow, verb, base, extra).await,
        }
    }

    /// Takes the first out of a queue and talks to them; waits for one as long as a number would ring.
    pub(super) async fn dequeue(&mut self, verb: &Element, noun: &Element, base: &str) -> Flow {
        let name = noun.text.trim();
        let method = Method::named(noun.attribute("method"));
        let url = noun.attribute("url").and_then(|url| resolve(base, url)).map(|url| (url, method));
        let until = Instant::now() + self.real(Duration::from_secs(verb.number("timeout", 30).into()));
        self.dial_began(vec![name.to_owned()]);
        loop {
            let first = match self.network.queues().take(name, self.network.sid("QU")) {
                Ok(first) => first,
                Err(newcomer) => {
                    let left = self.own(until.saturating_duration_since(Instant::now()));
                    match self.wait_for(Some(left), newcomer.notified()).await {
                        Waited::Came(()) | Waited::Pressed => continue,
                        Waited::TimeUp => return self.dialled(verb, base, CallStatus::NoAnswer, ""),
                        Waited::Elsewhere(flow) => return self.gave_up_dial(flow, verb, base).await,
                    }
                }
            };
            let (over, (ready, is_ready)) = (CancellationToken::new(), oneshot::channel());
            let taken = Taken { by: self.sid.clone(), url: url.clone(), over: over.clone(), ready };
            // One who has just left cannot be taken; then it is the next one's turn.
            if first.taken.send(taken).is_err() {
                continue;
            }
            match self.wait_for(None, is_ready).await {
                Waited::Came(Ok(())) => return self.talk_to(&first.call_sid, over, verb, base).await,
                Waited::Came(Err(_)) | Waited::TimeUp | Waited::Pressed => {}
                Waited::Elsewhere(flow) => {
                    // The other one still hears the document, and then finds nobody.
                    over.cancel();
                    return self.gave_up_dial(flow, verb, base).await;
                }
            }
        }
    }
}
