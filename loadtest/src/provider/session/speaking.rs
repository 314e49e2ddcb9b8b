//! How a session speaks: responses created, spoken step by step, interrupted, and brought to their end.

use std::{sync::Arc, time::Duration, time::Instant};

use serde_json::{Value, json};

use super::{
    Alarm, Session,
    parts::{Kind, Produced, Stage, item_object, status_done},
};
use crate::provider::{
    Variety,
    clip::Format,
    config::Refusal,
    faults::Phase,
    response::{Cutting, Plan, Step, Tempo},
    script::{Part, Spoken},
    usage::{self, Context, Output},
    wire::{self, Out},
};

/// Most deltas that are still on their way when a response is cancelled.
const IN_FLIGHT_MAX: u64 = 5;
/// What a text answer says.
const SUMMARY: &str = "The caller asked about breakfast and rooms and was answered.";

/// A response under way.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) number: u64,
    pub(super) id: String,
    pub(super) plan: Plan,
    pub(super) outputs: Vec<Produced>,
    pub(super) format: Format,
    /// Whether it writes to the conversation: only one such response at a time.
    pub(super) conversation: bool,
    pub(super) cancelled: Option<&'static str>,
    pub(super) failed: Option<(&'static str, &'static str)>,
    pub(super) metadata: Value,
    pub(super) context: Context,
    pub(super) first_audio: Option<Instant>,
}

impl Session {
    /// Whether a response writes to the conversation.
    pub(super) fn talking(&self) -> bool {
        self.responses.iter().any(|response| response.conversation)
    }

    /// The client asks for a response.
    pub(super) fn respond(&mut self, at: Instant, request: &Value) -> Result<(), Refusal> {
        let conversation = request["conversation"] != "none";
        if conversation && let Some(active) = self.responses.iter().find(|response| response.conversation) {
            let message = format!("Conversation already has an active response in progress: {}.", active.id);
            return Err(Refusal::new("conversation_already_has_active_response", message));
        }
        self.begin(at, request, conversation);
        Ok(())
    }

    /// The caller's turn ended and the session answers by itself.
    pub(super) fn respond_by_itself(&mut self, at: Instant) {
        if let Err(refusal) = self.respond(at, &Value::Null) {
            self.refuse(&refusal, None);
        }
    }

    fn begin(&mut self, at: Instant, request: &Value, conversation: bool) {
        if self.dice.roll(self.setup.faults.server_error) {
            let refusal = Refusal::new("", "The server had an error while processing your request.");
            self.note().errors.push("server_error");
            let text = wire::error(&mut self.ids, "server_error", &refusal, None);
            self.out.push_back(Out::Text(text));
            return;
        }
        self.response_count += 1;
        let mut response = Response {
            number: self.response_count,
            id: self.ids.next("resp"),
            plan: Plan::default(),
            outputs: Vec::new(),
            format: self.config.output,
            conversation,
            cancelled: None,
            failed: None,
            metadata: request["metadata"].clone(),
            context: self.context(),
            first_audio: None,
        };
        self.lay_out(&mut response, request);
        if !self.dice.roll(self.setup.faults.created_missing) {
            let object = self.response_object(&response, "in_progress", &Value::Null, &Value::Null);
            self.event("response.created", &json!({ "response": object }));
        }
        if self.setup.variety == Variety::Legal && self.dice.below(2) == 0 {
            self.rate_limits();
        }
        let number = response.number;
        let wait = response.plan.wait().unwrap_or_default();
        self.responses.push(response);
        if !self.close_in(Phase::BeforeAudio) {
            self.set(at + wait, Alarm::Speak(number));
        }
    }

    fn context(&self) -> Context {
        let (caller_seconds, agent_seconds) = self.conversation.audio_seconds();
        let object = self.config.object();
        let fixed = object["instructions"].as_str().map_or(0, str::len) + object["tools"].to_string().len();
        Context { chars: fixed + self.conversation.text_chars(), caller_seconds, agent_seconds }
    }

    fn lay_out(&mut self, response: &mut Response, request: &Value) {
        if self.dice.roll(self.setup.faults.rate_limited) {
            response.failed = Some(("inference_rate_limit_exceeded", "Rate limit reached for this model."));
            response.plan.done();
            return;
        }
        let faults = Arc::clone(&self.setup.faults);
        let tempo = Tempo {
            first: self.setup.pace.first_audio + self.stall(faults.stall_before_audio),
            speed: self.setup.pace.speed.max(0.1),
            stall: self.stall(faults.stall_in_audio),
        };
        if request["output_modalities"][0] == "text" || self.config.object()["output_modalities"][0] == "text" {
            response.plan.text(0, SUMMARY, tempo);
            response.outputs.push(self.output(Kind::Text { said: String::new() }));
        } else {
            self.lay_out_reply(response, request["instructions"].as_str(), tempo);
        }
        response.plan.done();
    }

    fn lay_out_reply(&mut self, response: &mut Response, instructions: Option<&str>, tempo: Tempo) {
        let nothing = self.conversation.is_empty() && self.replies_begun == 0;
        let spoken = if nothing { Spoken::Nothing } else { Spoken::Turns(self.replies_used) };
        let answer = if instructions.is_none() { self.setup.script.answer(&mut self.topic) } else { None };
        self.replies_begun += 1;
        if !nothing && instructions.is_none() && answer.is_none() {
            self.replies_used += 1;
        }
        let reply = answer.unwrap_or_else(|| self.setup.script.reply(instructions, spoken));
        for (part, piece) in reply.parts.into_iter().enumerate() {
            let kind = match piece {
                Part::Speech(clip) => {
                    let chunks = self.cutting().chunks(&clip, response.format);
                    response.plan.speech(part, &clip.text, &chunks, response.format, tempo);
                    Kind::Speech { clip, said: String::new(), bytes: 0, noted: 0 }
                }
                Part::Call { name, arguments } => {
                    response.plan.call(part, &arguments, tempo);
                    Kind::Call { name, call_id: self.ids.next("call"), arguments, sent: String::new() }
                }
            };
            response.outputs.push(self.output(kind));
        }
    }

    fn output(&mut self, kind: Kind) -> Produced {
        Produced { item: self.ids.next("item"), kind, stage: Stage::Planned, before: None }
    }

    fn cutting(&mut self) -> Cutting {
        let faults = Arc::clone(&self.setup.faults);
        if self.dice.roll(faults.giant_delta) {
            Cutting::Giant
        } else if self.dice.roll(faults.byte_deltas) {
            Cutting::Bytes
        } else if self.setup.variety == Variety::Legal {
            Cutting::Every(50 * (1 + self.dice.below(10) as usize))
        } else {
            Cutting::Prepared
        }
    }

    /// Takes every step of a response that is due, and puts the next one on the agenda.
    pub(super) fn speak(&mut self, at: Instant, number: u64) {
        let Some(index) = self.responses.iter().position(|response| response.number == number) else { return };
        let mut response = self.responses.swap_remove(index);
        while let Some(step) = response.plan.next() {
            if matches!(step, Step::Done) {
                self.finish_response(at, response);
                return;
            }
            self.step(at, &mut response, step);
            match response.plan.wait() {
                _ if self.ended => return,
                Some(wait) if wait > Duration::ZERO => {
                    self.set(at + wait, Alarm::Speak(number));
                    break;
                }
                _ => {}
            }
        }
        self.responses.push(response);
    }

    fn step(&mut self, at: Instant, response: &mut Response, step: Step) {
        match step {
            Step::Open(part) => self.open_part(response, part),
            Step::Words(part, words) => self.words_out(response, part, &words),
            Step::Audio(part, chunk) => self.audio_out(at, response, part, &chunk),
            Step::Text(part, text) => self.text_out(response, part, &text),
            Step::Arguments(part, some) => self.arguments_out(response, part, &some),
            Step::Finish(part) => self.finish_part(response, part),
            Step::Done => {}
        }
    }

    fn finish_response(&mut self, at: Instant, response: Response) {
        let (status, details) = outcome(&response);
        let usage = self.usage(&response);
        let mut object = self.response_object(&response, status, &details, &usage);
        if self.dice.roll(self.setup.faults.status_details_text) {
            object["status_details"] = json!(status);
        }
        if !self.dice.roll(self.setup.faults.done_missing) {
            self.event("response.done", &json!({ "response": object }));
            self.rate_limits();
        }
        if let (Some(idle), true) = (self.idle_timeout(), response.conversation) {
            let spoken = response.outputs.iter().map(|output| output.length(response.format)).sum::<Duration>();
            let ends = response.first_audio.map_or(at, |first| first + spoken).max(at);
            self.set(ends + idle, Alarm::Idle(self.silence_round));
        }
        self.close_in(Phase::Answered);
    }

    fn idle_timeout(&self) -> Option<Duration> {
        let ms = self.config.turns?.idle_timeout_ms?;
        Some(Duration::from_millis(u64::from(ms)))
    }

    fn usage(&mut self, response: &Response) -> Value {
        if response.failed.is_some() {
            return usage::nothing();
        }
        let chars = response.outputs.iter().map(Produced::chars).sum();
        let seconds = response.outputs.iter().map(|output| output.length(response.format).as_secs_f64()).sum();
        let (usage, input) = usage::response(response.context, Output { chars, seconds }, self.cache);
        self.cache = input;
        usage
    }

    fn rate_limits(&mut self) {
        let left = 800_000_u64.saturating_sub(self.response_count * 640);
        let limits = json!([
            {"name": "requests", "limit": 5_000, "remaining": 5_000 - self.response_count, "reset_seconds": 0.012},
            {"name": "tokens", "limit": 800_000, "remaining": left, "reset_seconds": 1.041},
        ]);
        self.event("rate_limits.updated", &json!({ "rate_limits": limits }));
    }

    fn response_object(&self, response: &Response, status: &str, details: &Value, usage: &Value) -> Value {
        let done = status != "in_progress";
        let shown = response.outputs.iter().filter(|output| done && output.stage != Stage::Planned);
        let output: Vec<Value> = shown.map(|output| item_object(output, status_done(output))).collect();
        let config = self.config.object();
        json!({
            "object": "realtime.response", "id": response.id, "status": status, "status_details": details,
            "output": output,
            "conversation_id": response.conversation.then_some(&self.conversation_id),
            "output_modalities": config["output_modalities"], "max_output_tokens": config["max_output_tokens"],
            "audio": {"output": {"format": {"type": response.format.name()}, "voice": config["audio"]["output"]["voice"]}},
            "usage": usage, "metadata": response.metadata,
        })
    }

    /// The client cancels a response.
    pub(super) fn cancel(&mut self, at: Instant, id: Option<&str>) -> Result<(), Refusal> {
        let wanted = |response: &Response| id.map_or(response.conversation, |id| response.id == id);
        if !self.responses.iter().any(|response| wanted(response) && response.cancelled.is_none()) {
            let message = "Cancellation failed: no active response found";
            return Err(Refusal::new("response_cancel_not_active", message));
        }
        self.interrupt(at, "client_cancelled", id);
        Ok(())
    }

    /// Cuts the running response short; a little of it may still be on its way.
    pub(super) fn interrupt(&mut self, at: Instant, reason: &'static str, id: Option<&str>) {
        let in_flight = match self.setup.variety {
            Variety::Plain => 1,
            Variety::Legal => self.dice.below(IN_FLIGHT_MAX + 1) as usize,
        };
        let wanted = |response: &&mut Response| id.map_or(response.conversation, |id| response.id == id);
        let mut due = Vec::new();
        for response in self.responses.iter_mut().filter(wanted).filter(|response| response.cancelled.is_none()) {
            response.cancelled = Some(reason);
            let outputs = response.outputs.iter().enumerate();
            let open = outputs.filter(|(_, output)| output.stage == Stage::Open).map(|(part, _)| part);
            let open: Vec<usize> = open.collect();
            response.plan.cancel(in_flight, &open);
            due.push(response.number);
        }
        due.into_iter().for_each(|number| self.set(at, Alarm::Speak(number)));
    }
}

fn outcome(response: &Response) -> (&'static str, Value) {
    match (response.cancelled, response.failed) {
        (Some(reason), _) => ("cancelled", json!({"type": "cancelled", "reason": reason})),
        (None, Some((code, message))) => {
            let error = json!({"type": "invalid_request_error", "code": code, "message": message});
            ("failed", json!({"type": "failed", "error": error}))
        }
        (None, None) => ("completed", Value::Null),
    }
}
