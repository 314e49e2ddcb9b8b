//! `<Dial><Conference>`: a room in which several calls hear each other.
//!
//! `dial.rs` leads here. Who is in which room is kept by the network's register of rooms; this file waits for the room
//! to begin, with the music or the document of `waitUrl`, stays while it lasts and reports to the `action`.
//!
//! The noun: <https://www.twilio.com/docs/voice/twiml/conference> (read 2026-11).

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use super::call::{Call, Flow, Place};
use super::hold::Hold;
use super::truth::{ConferenceTruth, ConnectionTruth, nanos};
use super::twiml::Element;
use super::verbs::{params, resolve};
use super::wait::Waited;
use crate::network::{Method, Params, Participant, RoomState, Seat, rfc_2822};

/// The most a room holds unless `maxParticipants` says otherwise.
const MOST: u32 = 250;

impl Call {
    /// Joins a room and stays until it is over, or this side goes.
    pub(super) async fn conference(&mut self, verb: &Element, noun: &Element, base: &str) -> Flow {
        let name = noun.text.trim();
        let who = Participant {
            call_sid: self.sid.clone(),
            starts: noun.attribute("startConferenceOnEnter") != Some("false"),
            ends: noun.attribute("endConferenceOnExit") == Some("true"),
        };
        let most = noun.number("maxParticipants", MOST) as usize;
        let Some(mut seat) = self.network.rooms().join(name, self.network.sid("CF"), who, most) else {
            self.notice(13227, "the conference is full");
            return self.act(verb, base, params([("DialCallStatus", "failed".to_owned())]));
        };
        let joined_ns = self.now_ns();
        self.tell_conference(noun, base, &seat, "join");
        if seat.began {
            self.tell_conference(noun, base, &seat, "start");
        }
        let gone = self.await_start(&mut seat.state, noun, base).await;
        let began = *seat.state.borrow() == RoomState::Started;
        let (flow, started) = match gone {
            None if began => self.confer(&mut seat.state, verb, name).await,
            gone => (gone, None),
        };
        let (with, ended) = self.network.rooms().leave(&seat.sid, &self.sid);
        self.tell_conference(noun, base, &seat, "leave");
        if ended {
            self.tell_conference(noun, base, &seat, "end");
        }
        self.note_conference(name, &seat.sid, joined_ns, started, with);
        let extra = params([("DialCallStatus", "answered".to_owned())]);
        match flow {
            Some(flow) => self.left(flow, verb, base, extra).await,
            None => self.act(verb, base, extra),
        }
    }

    /// Waits for the room to begin, or to be over before; gives what this side does instead, if it goes before.
    async fn await_start(
        &mut self,
        state: &mut watch::Receiver<RoomState>,
        noun: &Element,
        base: &str,
    ) -> Option<Flow> {
        let url = noun.attribute("waitUrl").filter(|url| !url.is_empty()).and_then(|url| resolve(base, url));
        let method = Method::named(noun.attribute("waitMethod"));
        let hold = Hold { place: Place::Conference, url: url.map(|url| (url, method)), queue: None };
        let gone = tokio::select! {
            biased;
            // An error would say that the room is gone, and it cannot be while somebody is in it.
            _ = state.wait_for(|state| *state != RoomState::Waiting) => None,
            flow = self.hold(hold) => Some(flow),
        };
        self.off_hold();
        gone
    }

    /// Stays in a room that has begun; gives what this side does if it goes first, and since when it was on.
    async fn confer(
        &mut self,
        state: &mut watch::Receiver<RoomState>,
        verb: &Element,
        name: &str,
    ) -> (Option<Flow>, Option<Instant>) {
        let started = Instant::now();
        let mut others = self.network.rooms().inside(name);
        others.retain(|other| *other != self.sid);
        others.iter().for_each(|other| self.connect_with(other));
        let limit = verb.attribute("timeLimit").and_then(|limit| limit.parse().ok()).map(Duration::from_secs);
        let waited = self.wait_for(limit, state.wait_for(|state| *state == RoomState::Over)).await;
        self.connected = false;
        let flow = if let Waited::Elsewhere(flow) = waited { Some(flow) } else { None };
        (flow, Some(started))
    }

    fn note_conference(&mut self, name: &str, sid: &str, joined_ns: u64, started: Option<Instant>, with: Vec<String>) {
        if let Some(started) = started {
            let (from_ns, lasted) = (nanos(self.begun, started), self.own(started.elapsed()));
            let connection = |with: &String| ConnectionTruth { with: with.clone(), from_ns, lasted };
            self.truth.connections.extend(with.iter().map(connection));
            self.network.register().note(&self.sid, |leg| {
                leg.talked += lasted;
                // Those who came later, too.
                let new = with.iter().filter(|other| !leg.connected_with.contains(other)).cloned();
                let new: Vec<_> = new.collect();
                leg.connected_with.extend(new);
            });
        }
        self.truth.conferences.push(ConferenceTruth {
            name: name.to_owned(),
            conference_sid: sid.to_owned(),
            joined_ns,
            started_ns: started.map(|started| nanos(self.begun, started)),
            left_ns: self.now_ns(),
            with,
        });
    }

    /// Posts an event of the room, if this participant's noun asked for it.
    fn tell_conference(&mut self, noun: &Element, base: &str, seat: &Seat, event: &str) {
        let asked = noun.attribute("statusCallbackEvent").unwrap_or("start end");
        let url = noun.attribute("statusCallback").and_then(|url| resolve(base, url));
        let Some(url) = url.filter(|_| asked.split_whitespace().any(|asked| asked == event)) else { return };
        let of_call = matches!(event, "join" | "leave");
        let whose = if of_call { "participant" } else { "conference" };
        let mut form: Params = params([
            ("AccountSid", self.network.account_sid().to_owned()),
            ("ConferenceSid", seat.sid.clone()),
            ("FriendlyName", noun.text.trim().to_owned()),
            ("StatusCallbackEvent", format!("{whose}-{event}")),
            ("Timestamp", rfc_2822(Timestamp::now())),
        ]);
        if of_call {
            form.push(("CallSid".to_owned(), self.sid.clone()));
        }
        self.post(url, Method::named(noun.attribute("statusCallbackMethod")), form);
    }
}
