//! What a call tells about itself: the parameters of every request, and its status callbacks.
//!
//! `call.rs` says when; whether anybody asked for it, and how unreliably it is delivered, is decided here.
//!
//! The parameters: <https://www.twilio.com/docs/voice/twiml#request-parameters>, the callbacks:
//! <https://www.twilio.com/docs/voice/api/call-resource#statuscallback> (read 2026-11).

use jiff::Timestamp;

use super::call::{Call, report};
use super::plan::StatusDelivery;
use super::truth::nanos;
use crate::network::{AnswersAs, CallStatus, Direction, Method, Params, rfc_2822};

impl Call {
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
        if let Some(parent) = &self.parent {
            add("ParentCallSid", parent);
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

    /// It rings somewhere.
    pub(super) fn ring(&mut self) {
        self.tell_status("initiated", "initiated");
        self.network.calls().set(&self.sid, CallStatus::Ringing);
        self.note_status(CallStatus::Ringing);
        self.tell_status("ringing", "ringing");
    }

    /// Somebody picks up.
    pub(super) fn pick_up(&mut self) {
        self.answered();
        self.truth.picked_up_ns = self.answered.map(|at| nanos(self.begun, at));
        if self.plan.answers_as != AnswersAs::Human {
            // A machine speaks by the clock, and its clock is real.
            self.plan.speed = 1;
            self.caller.begin(self.answered.unwrap_or(self.begun));
        }
        self.note_status(CallStatus::InProgress);
        self.tell_status("answered", "in-progress");
        self.detect();
    }

    fn note_status(&self, status: CallStatus) {
        self.network.register().note(&self.sid, |leg| leg.status = status);
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
                StatusDelivery::Once => self.tell(url, params),
                StatusDelivery::Twice => {
                    self.tell(url.clone(), params.clone());
                    self.tell(url, params);
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
            ("Timestamp".to_owned(), rfc_2822(Timestamp::now())),
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
        self.note_status(self.final_status);
        let seconds = self.answered.map_or(0, |at| at.elapsed().as_millis().div_ceil(1000));
        let mut params = self.status_params(self.final_status.as_str());
        params.push(("CallDuration".to_owned(), seconds.to_string()));
        if self.final_status == CallStatus::Completed {
            params.push(("Duration".to_owned(), seconds.div_ceil(60).to_string()));
        }
        params.push(("SipResponseCode".to_owned(), sip_code(self.final_status).to_owned()));
        let Some(url) = self.status_url() else { return };
        let question = self.question(url.clone(), Method::Post, params);
        let copies = match self.plan.status_delivery {
            StatusDelivery::Never => 0,
            StatusDelivery::Once | StatusDelivery::OutOfOrder => 1,
            StatusDelivery::Twice => 2,
        };
        for _ in 0..copies {
            if let Some(answer) = self.network.tell(&question).await {
                self.hear(report(answer));
            }
        }
        for params in std::mem::take(&mut self.held).into_iter().rev() {
            self.tell(url.clone(), params);
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
}

/// What the other network is said to have answered.
fn sip_code(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Busy => "486",
        CallStatus::NoAnswer | CallStatus::Canceled => "487",
        CallStatus::Failed => "404",
        CallStatus::Queued | CallStatus::Ringing | CallStatus::InProgress | CallStatus::Completed => "200",
    }
}
