//! How a session asks for functions, takes their answers, and takes its question back when the caller goes on.

use std::time::Instant;

use serde_json::json;

use super::{Alarm, Session};
use crate::{
    deepgram::{
        answer::{Piece, pieces},
        codes::{ErrorCode, WarningCode},
        faults::Phase,
        truth::{CallOut, ResponseIn, Worth},
        wire::{self, Asked},
    },
    provider::script::{Spoken, Topic},
};

/// The functions asked for and not yet spoken about.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: Vec<Open>,
    /// Whether they were asked for before the turn was certainly over.
    speculative: Speculative,
    issued: u32,
}

#[derive(Debug)]
struct Open {
    asked: Asked,
    answered: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Speculative {
    #[default]
    No,
    Yes,
}

impl Calls {
    /// Whether an answer is still to come: until then the agent has nothing to say.
    pub(super) fn waiting(&self) -> bool {
        !self.open.is_empty()
    }

    fn complete(&self) -> bool {
        self.waiting() && self.speculative == Speculative::No && self.open.iter().all(|call| call.answered)
    }
}

impl Session {
    /// Asks for functions in one request.
    pub(super) fn ask(&mut self, at: Instant, calls: &[(String, String)]) {
        let mut asked = Vec::new();
        for (name, arguments) in calls {
            let Some(client_side) = self.config().function(name).map(|function| function.client_side) else {
                self.fail(ErrorCode::NonExistentFunctionCalled);
                return;
            };
            self.calls.issued += 1;
            let id = format!("call_dg{:04x}{:04x}", self.setup.number, self.calls.issued);
            let signed = self.dice.roll(self.setup.options.habits.signatures);
            let signature = signed.then(|| format!("c2lnbmF0dXJl{:04}", self.calls.issued));
            asked.push(Asked { id, name: name.clone(), arguments: arguments.clone(), client_side, signature });
        }
        self.send(wire::request(&asked));
        if self.dice.roll(self.setup.faults.duplicate_calls) {
            self.send(wire::request(&asked));
        }
        for call in asked {
            self.note_call(at, &call);
            if !call.client_side {
                let done = at + self.setup.options.pace.server_function;
                self.agenda.set(done, Alarm::ServerFunction(call.id.clone()));
            }
            self.calls.open.push(Open { asked: call, answered: false });
        }
        self.strike(Phase::Calling);
    }

    fn note_call(&self, at: Instant, call: &Asked) {
        self.note().calls.push(CallOut {
            at,
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
            client_side: call.client_side,
            answered_at: None,
            cancelled_at: None,
        });
    }

    /// Asks, before the turn is certainly over, for the functions of the next reply, if it is nothing but functions that
    /// need not wait. Whether it did.
    pub(super) fn ask_ahead(&mut self, at: Instant) -> bool {
        if self.calls.waiting() || self.answer.is_some() {
            return false;
        }
        let script = &self.setup.options.script;
        let mut topic = Topic::default();
        topic.turn(self.ear.known());
        let own = script.answer(&mut topic);
        let reply = own.unwrap_or_else(|| script.reply(None, Spoken::Turns(self.replies_used)));
        let pieces = pieces(&reply, self.config().output);
        let [Piece::Calls(calls)] = pieces.as_slice() else { return false };
        let ready = |name: &str| self.config().function(name).is_some_and(|function| !function.deferred);
        if !calls.iter().all(|(name, _)| ready(name)) {
            return false;
        }
        self.calls.speculative = Speculative::Yes;
        self.ask(at, calls);
        true
    }

    /// The turn is over. What was asked ahead counts as the reply to it; whether there was any such thing.
    pub(super) fn confirm_calls(&mut self, at: Instant) -> bool {
        if self.calls.speculative == Speculative::No {
            return false;
        }
        self.calls.speculative = Speculative::No;
        // Taken from the script only now: a turn that went on would have had it again.
        let _asked = self.next_reply();
        self.speak_about_calls(at);
        true
    }

    /// The caller goes on: what was asked ahead is taken back, to be asked again.
    pub(super) fn take_back_calls(&mut self, at: Instant) {
        if self.calls.speculative == Speculative::No {
            return;
        }
        self.calls.speculative = Speculative::No;
        let calls: Vec<Asked> = self.calls.open.drain(..).map(|call| call.asked).collect();
        self.send(wire::cancelled(&calls));
        let mut truth = self.note();
        for call in truth.calls.iter_mut().filter(|known| calls.iter().any(|call| call.id == known.id)) {
            call.cancelled_at = Some(at);
        }
    }

    /// The client answers a function.
    pub(super) fn function_answered(
        &mut self,
        at: Instant,
        id: &str,
        name: &str,
        content: String,
        signature: Option<&str>,
    ) {
        let worth = self.worth(id, name);
        let response = ResponseIn { at, id: id.to_owned(), name: name.to_owned(), content: content.clone(), worth };
        self.note().responses.push(response);
        match worth {
            Worth::Awaited => {
                let open = self.calls.open.iter().find(|call| call.asked.id == id);
                if open.is_some_and(|call| call.asked.signature.as_deref() != signature) {
                    self.violation(format!("the answer to {id} lost its thought_signature"));
                }
                self.call_done(at, id, &content);
            }
            Worth::Unasked => self.violation(format!("an answer to {id} ({name}), which nobody asked for")),
            Worth::Repeated | Worth::Cancelled => {}
        }
    }

    fn worth(&self, id: &str, name: &str) -> Worth {
        let truth = self.note();
        let known = truth.calls.iter().find(|call| call.id == id && call.name == name && call.client_side);
        match known {
            None => Worth::Unasked,
            Some(call) if call.cancelled_at.is_some() => Worth::Cancelled,
            Some(call) if call.answered_at.is_some() => Worth::Repeated,
            Some(_) => Worth::Awaited,
        }
    }

    /// A function with an endpoint has answered, or not.
    pub(super) fn server_function(&mut self, at: Instant, id: &str) {
        let Some(call) = self.calls.open.iter().find(|call| call.asked.id == id).map(|call| call.asked.clone()) else {
            return;
        };
        let content = if self.dice.roll(self.setup.faults.server_function_failed) {
            self.warn(WarningCode::FunctionCallFailed);
            json!({"error": "the function failed"})
        } else {
            json!({"found": true})
        };
        let content = content.to_string();
        self.send(wire::response(&call, &content));
        self.call_done(at, id, &content);
    }

    fn call_done(&mut self, at: Instant, id: &str, content: &str) {
        let Some(call) = self.calls.open.iter_mut().find(|call| call.asked.id == id) else { return };
        call.answered = true;
        let history = wire::history_of_call(&call.asked, content);
        if let Some(call) = self.note().calls.iter_mut().find(|call| call.id == id) {
            call.answered_at = Some(at);
        }
        if self.config().history {
            self.send(history);
        }
        self.speak_about_calls(at);
    }

    /// When every function has been answered, the model goes on.
    fn speak_about_calls(&mut self, at: Instant) {
        if self.calls.complete() {
            self.calls.open.clear();
            self.owed = true;
            self.go_on(at);
        }
    }
}
