//! One session of the look-alike as a state machine: messages and time in, messages out. It owns no socket or clock.
//!
//! `socket` drives it: `receive` for each message, `wake` when `deadline` has passed, and after either all of
//! `next_out`. What it must reproduce is OpenAI's Realtime API over WebSocket (reference and guides, read 2026-11).
//! The session listens in `session/listening.rs`, decides what to say in `session/speaking.rs` and says it in
//! `session/parts.rs`.

mod listening;
mod parts;
mod speaking;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Marking, Pace, Variety,
    agenda::Agenda,
    config::{Config, Refusal},
    conversation::Conversation,
    faults::{Chance, Close, Dice, Ending, Faults, Phase},
    script::{Script, Topic},
    socket::Machine,
    truth::SessionTruth,
    usage,
    wire::{self, Ids, Out},
};
use listening::Ear;
use speaking::Response;

/// What a session is made of; shared parts are shared by all sessions of a provider.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which session of the provider this is; decides its ids and its dice.
    pub number: u32,
    /// The model named in the URL.
    pub model: String,
    /// What it says and understands.
    pub script: Arc<Script>,
    /// How fast.
    pub pace: Pace,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// Whether deltas carry their numbers.
    pub marking: Marking,
    /// Whether legal variations of order and fields are used.
    pub variety: Variety,
    /// Seed of the provider's dice.
    pub seed: u64,
    /// When the session would expire, unix seconds: what `session.created` shows.
    pub expires_at: i64,
}

/// Everything that happens by itself after a while.
#[derive(Debug)]
enum Alarm {
    /// The session opens: `session.created`.
    Created,
    /// An update takes effect; holds the object as it was then.
    Updated(Box<Value>),
    /// The response of this number takes its next step.
    Speak(u64),
    /// A piece of the caller's words is ready.
    Words { item: String, piece: Piece },
    /// Nobody spoke after the reply that ended in this round of silence.
    Idle(u64),
    /// The session is too old.
    Expire,
    /// Noise is taken for speech, and then it is not.
    FalseStart,
    /// See `FalseStart`.
    FalseStop,
}

/// A piece of a transcription.
#[derive(Debug)]
enum Piece {
    Delta(String),
    Completed { words: String, seconds: f64 },
    Failed,
}

/// The state machine of one session.
#[derive(Debug)]
pub struct Session {
    setup: Setup,
    ids: Ids,
    dice: Dice,
    config: Config,
    conversation: Conversation,
    conversation_id: String,
    ear: Ear,
    responses: Vec<Response>,
    response_count: u64,
    /// Replies taken from the script's list, which cues do not use up.
    replies_used: usize,
    /// What the caller said last, and how many replies it has had.
    topic: Topic,
    replies_begun: usize,
    silence_round: u64,
    cache: usage::Input,
    agenda: Agenda<Alarm>,
    out: VecDeque<Out>,
    truth: Arc<Mutex<SessionTruth>>,
    ended: bool,
}

impl Machine for Session {
    fn deadline(&self) -> Option<Instant> {
        self.agenda.deadline()
    }

    fn slowness(&self) -> Duration {
        self.setup.faults.slow_reader
    }

    fn next_out(&mut self) -> Option<Out> {
        self.out.pop_front()
    }

    fn wake(&mut self, at: Instant) {
        while !self.ended
            && let Some(alarm) = self.agenda.due(at)
        {
            self.ring(at, alarm);
        }
    }

    fn receive(&mut self, at: Instant, message: &str) {
        if self.ended {
            return;
        }
        if let Some(audio) = wire::appended(message) {
            self.append(at, audio);
            return;
        }
        match serde_json::from_str::<Value>(message) {
            Ok(message) => self.dispatch(at, &message),
            Err(_) => {
                let refusal = Refusal::new("invalid_json", "The message is not valid JSON.");
                self.refuse(&refusal, None);
            }
        }
    }

    /// Binary frames mean nothing in this protocol.
    fn receive_binary(&mut self, _at: Instant, _message: &Bytes) {}

    fn closed(&mut self, at: Instant) {
        self.ended = true;
        self.agenda.clear();
        self.truth().lock().unwrap_or_else(PoisonError::into_inner).closed_at.get_or_insert(at);
    }
}

impl Session {
    /// A session whose socket has just been accepted.
    #[must_use]
    pub fn open(setup: Setup, at: Instant) -> Self {
        let mut ids = Ids::new(setup.number);
        let config = Config::defaults(&ids.next("sess"), &setup.model, setup.expires_at);
        let truth = SessionTruth { number: setup.number, ..SessionTruth::default() };
        let seed = setup.seed ^ u64::from(setup.number).wrapping_mul(0xA24B_AED4_963E_E407);
        let mut session = Self {
            conversation_id: ids.next("conv"),
            ear: Ear::new(&config),
            dice: Dice::new(seed),
            ids,
            config,
            conversation: Conversation::default(),
            responses: Vec::new(),
            response_count: 0,
            replies_used: 0,
            topic: Topic::default(),
            replies_begun: 0,
            silence_round: 0,
            cache: usage::Input::default(),
            agenda: Agenda::default(),
            out: VecDeque::new(),
            truth: Arc::new(Mutex::new(truth)),
            ended: false,
            setup,
        };
        session.set(at + session.setup.pace.open, Alarm::Created);
        if let Some(after) = session.setup.faults.expire_after {
            session.set(at + after, Alarm::Expire);
        }
        session
    }

    /// What this session knows of its call; stays readable after the session.
    #[must_use]
    pub fn truth(&self) -> Arc<Mutex<SessionTruth>> {
        Arc::clone(&self.truth)
    }

    fn ring(&mut self, at: Instant, alarm: Alarm) {
        match alarm {
            Alarm::Created => self.created(),
            Alarm::Updated(object) => self.updated(at, *object),
            Alarm::Speak(response) => self.speak(at, response),
            Alarm::Words { item, piece } => self.words(at, &item, piece),
            Alarm::Idle(round) => self.idle(at, round),
            Alarm::Expire => self.expire(),
            Alarm::FalseStart => self.false_start(at),
            Alarm::FalseStop => self.false_stop(at),
        }
    }

    fn dispatch(&mut self, at: Instant, message: &Value) {
        let cause = message["event_id"].as_str();
        let done = match message["type"].as_str() {
            Some("session.update") => self.update(at, &message["session"]),
            Some("input_audio_buffer.append") => match message["audio"].as_str() {
                Some(audio) => {
                    self.append(at, audio);
                    Ok(())
                }
                None => Err(Refusal::missing("audio")),
            },
            Some("input_audio_buffer.commit") => self.commit(at),
            Some("input_audio_buffer.clear") => {
                self.clear();
                Ok(())
            }
            Some("conversation.item.create") => self.create_item(message),
            Some("conversation.item.delete") => self.delete_item(at, message),
            Some("conversation.item.retrieve") => self.retrieve_item(message),
            Some("conversation.item.truncate") => self.truncate_item(at, message),
            Some("response.create") => self.respond(at, &message["response"]),
            Some("response.cancel") => self.cancel(at, message["response_id"].as_str()),
            Some(other) => Err(Refusal::at("invalid_value", format!("Invalid value: '{other}'."), "type")),
            None => Err(Refusal::missing("type")),
        };
        if let Err(refusal) = done {
            self.refuse(&refusal, cause);
        }
    }

    fn created(&mut self) {
        let object = self.config.object().clone();
        self.event("session.created", &json!({ "session": object }));
        if self.setup.variety == Variety::Legal && self.dice.below(2) == 0 {
            let conversation = json!({"id": self.conversation_id, "object": "realtime.conversation"});
            self.event("conversation.created", &json!({ "conversation": conversation }));
        }
        self.close_in(Phase::Created);
    }

    fn update(&mut self, at: Instant, session: &Value) -> Result<(), Refusal> {
        self.config.update(session)?;
        self.ear.configure(&self.config);
        let mut object = self.config.object().clone();
        if self.dice.roll(self.setup.faults.pcm_answered) {
            for side in ["input", "output"] {
                object["audio"][side]["format"] = json!({"type": "audio/pcm", "rate": 24_000});
            }
        }
        self.set(at + self.setup.pace.update, Alarm::Updated(Box::new(object)));
        Ok(())
    }

    fn updated(&mut self, at: Instant, object: Value) {
        if self.close_in(Phase::Update) {
            return;
        }
        self.event("session.updated", &json!({ "session": object }));
        self.note().ready_at.get_or_insert(at);
    }

    fn create_item(&mut self, message: &Value) -> Result<(), Refusal> {
        let fresh = self.ids.next("item");
        let (item, before) = self.conversation.create(&message["item"], &message["previous_item_id"], fresh)?;
        if let Some(words) = item["content"][0]["text"].as_str() {
            self.note().restored.push(words.to_owned());
        }
        if item["type"] == "function_call_output" {
            let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
            let output = (text("call_id"), text("output"));
            self.note().outputs.push(output);
        }
        let fields = json!({"previous_item_id": before, "item": item});
        self.event("conversation.item.added", &fields);
        self.event("conversation.item.done", &fields);
        Ok(())
    }

    fn delete_item(&mut self, at: Instant, message: &Value) -> Result<(), Refusal> {
        let id = message["item_id"].as_str().ok_or_else(|| Refusal::missing("item_id"))?;
        self.conversation.delete(id)?;
        self.note().deleted(at, id);
        self.event("conversation.item.deleted", &json!({ "item_id": id }));
        Ok(())
    }

    fn retrieve_item(&mut self, message: &Value) -> Result<(), Refusal> {
        let id = message["item_id"].as_str().ok_or_else(|| Refusal::missing("item_id"))?;
        let item = self.conversation.retrieve(id)?;
        self.event("conversation.item.retrieved", &json!({ "item": item }));
        Ok(())
    }

    fn truncate_item(&mut self, at: Instant, message: &Value) -> Result<(), Refusal> {
        let id = message["item_id"].as_str().ok_or_else(|| Refusal::missing("item_id"))?;
        let cut = message["audio_end_ms"].as_i64().ok_or_else(|| Refusal::missing("audio_end_ms"))?;
        if let Err(refusal) = self.conversation.truncate(id, cut) {
            self.note().truncations_refused += 1;
            return Err(refusal);
        }
        self.note().truncated(at, id, cut);
        let fields = json!({"item_id": id, "content_index": 0, "audio_end_ms": cut});
        self.event("conversation.item.truncated", &fields);
        Ok(())
    }

    fn expire(&mut self) {
        let reason = "Your session hit the maximum duration of 60 minutes.";
        self.refuse(&Refusal::new("session_expired", reason), None);
        self.end(Ending::Code(1001), reason);
    }

    fn event(&mut self, kind: &str, fields: &Value) {
        if self.ended {
            return;
        }
        if self.dice.roll(self.setup.faults.unknown_events) {
            let text = wire::unknown(&mut self.ids);
            self.out.push_back(Out::Text(text));
        }
        let text = wire::event(&mut self.ids, kind, fields);
        self.out.push_back(Out::Text(text));
    }

    fn refuse(&mut self, refusal: &Refusal, cause: Option<&str>) {
        self.note().errors.push(refusal.code);
        let text = wire::error(&mut self.ids, "invalid_request_error", refusal, cause);
        self.out.push_back(Out::Text(text));
    }

    fn end(&mut self, ending: Ending, reason: &'static str) {
        self.out.push_back(Out::End { ending, reason });
        self.ended = true;
        self.agenda.clear();
    }

    /// Whether the session is closed in this phase, by the dice.
    fn close_in(&mut self, phase: Phase) -> bool {
        match self.setup.faults.close {
            Some(Close { chance, phase: wanted, ending }) if wanted == phase && self.dice.roll(chance) => {
                self.end(ending, "");
                true
            }
            _ => false,
        }
    }

    fn stall(&mut self, fault: Option<(Chance, Duration)>) -> Duration {
        match fault {
            Some((chance, wait)) if self.dice.roll(chance) => wait,
            _ => Duration::ZERO,
        }
    }

    fn set(&mut self, at: Instant, alarm: Alarm) {
        self.agenda.set(at, alarm);
    }

    fn note(&self) -> MutexGuard<'_, SessionTruth> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
