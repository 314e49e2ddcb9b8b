//! What Patchbay does itself when the agent asks: end the call, send it elsewhere, open a ticket, look something up.
//!
//! Before it: [`crate::toolbox`], with arguments that fit the tool's schema; what a built-in needs is checked here again,
//! because the schema is the company's. After it: the call, which carries out what is wanted.

pub(crate) mod message;
mod places;
pub(crate) mod records;
mod routing_number;
mod ticket;

use crate::Asked;
use crate::answer::{Source, wrapped};
use crate::errors::{ErrorCode, Problem};
use crate::plan::Want;
use call::{ControlInput, EndBy, Fact, NextStep, RecordingState, Spoken};
use common::company::BuiltIn;
use records::Lookup;
use serde_json::{Map, Value, json};

/// Longest keys to be sent. Menus take a card number and its date at most.
const MOST_KEYS: usize = 64;

/// What a built-in comes to.
pub(crate) enum Done {
    /// Known at once.
    Now(Outcome),
    /// To be looked up.
    Lookup(Lookup),
    /// A text message is to be sent.
    Message,
}

/// What a built-in does at once.
pub(crate) struct Outcome {
    pub(crate) output: Value,
    pub(crate) wants: Option<Want>,
    pub(crate) facts: Vec<Fact>,
}

/// A built-in that was not done, and what the record is to know of it.
pub(crate) struct Undone {
    pub(crate) problem: Problem,
    pub(crate) facts: Vec<Fact>,
}

impl From<Problem> for Undone {
    fn from(problem: Problem) -> Self {
        Self { problem, facts: Vec::new() }
    }
}

/// Does it.
pub(crate) fn run(does: &BuiltIn, asked: &Asked<'_>, arguments: &Map<String, Value>) -> Result<Done, Undone> {
    match does {
        BuiltIn::HangUp => Ok(hang_up()),
        BuiltIn::Transfer => places::transfer(asked, arguments),
        BuiltIn::Enqueue => places::enqueue(asked, arguments),
        BuiltIn::Conference => places::conference(asked, arguments),
        BuiltIn::SendDigits => Ok(send_digits(arguments)?),
        BuiltIn::CreateTicket => Ok(ticket::open(asked, arguments)?),
        BuiltIn::LookupRecord { record, argument } => {
            let caller = asked.caller.map(|caller| caller.reveal().to_owned());
            let key = given(arguments, argument).or(caller).ok_or_else(|| wrong(argument, "a value"))?;
            Ok(Done::Lookup(Lookup::One { kind: record.clone(), key, source: Source::Own }))
        }
        BuiltIn::SearchRecords { record, most } => {
            Ok(Done::Lookup(Lookup::Search { kind: record.clone(), words: text(arguments, "query")?, most: *most }))
        }
        BuiltIn::ValidateRoutingNumber => {
            let number = text(arguments, "routing_number")?;
            Ok(result(routing_number::check(&number)))
        }
        BuiltIn::SetLanguage => Ok(set_language(asked, arguments)?),
        BuiltIn::SendSms => Ok(Done::Message),
        BuiltIn::OptOut => Ok(opt_out()),
        BuiltIn::Recording => Ok(recording(arguments)?),
    }
}

fn hang_up() -> Done {
    let say =
        "The call ends when you have finished speaking. If you have not said goodbye, say it now, once and briefly.";
    done(json!({"status": "hanging_up", "say": say}), Some(Want::Control(ControlInput::Finish(EndBy::Agent))))
}

fn send_digits(arguments: &Map<String, Value>) -> Result<Done, Problem> {
    let keys = text(arguments, "digits")?;
    let fits = keys.len() <= MOST_KEYS && keys.chars().all(|key| matches!(key, '0'..='9' | '*' | '#' | 'w'));
    if !fits {
        return Err(wrong("digits", "at most 64 of 0-9, *, #, w"));
    }
    let step = NextStep::Digits { keys: Spoken::new(keys) };
    let say = "The keys are sent when you have finished speaking; then you go on with the conversation.";
    Ok(done(json!({"status": "sending", "say": say}), Some(Want::Control(ControlInput::Leave(step)))))
}

fn set_language(asked: &Asked<'_>, arguments: &Map<String, Value>) -> Result<Done, Problem> {
    let wanted = text(arguments, "language")?;
    match asked.agent.in_language(wanted.trim()) {
        Some(agent) => {
            let output = json!({"status": "switched", "language": agent.language, "say": "Go on in this language."});
            Ok(done(output, Some(Want::Language(agent.language))))
        }
        None => {
            let spoken: Vec<&str> = asked.agent.languages.iter().map(|language| language.tag.as_str()).collect();
            Err(Problem::new(ErrorCode::NotSpoken, json!({"languages": spoken})))
        }
    }
}

fn opt_out() -> Done {
    let say = "The person is not called again. Say so, say goodbye, and nothing more: the call ends then.";
    Done::Now(Outcome {
        output: wrapped(json!({"status": "opted_out", "say": say}), Source::Own),
        wants: Some(Want::Control(ControlInput::Finish(EndBy::Agent))),
        facts: vec![Fact::OptedOut],
    })
}

fn recording(arguments: &Map<String, Value>) -> Result<Done, Problem> {
    let (state, status) = match text(arguments, "do")?.as_str() {
        "start" => (RecordingState::Started, "recording"),
        "pause" => (RecordingState::Paused, "paused"),
        "resume" => (RecordingState::Resumed, "recording"),
        "stop" => (RecordingState::Stopped, "stopped"),
        "refuse" => (RecordingState::Refused, "stopped_and_deleted"),
        _ => return Err(wrong("do", "start, pause, resume, stop or refuse")),
    };
    Ok(done(json!({ "status": status }), Some(Want::Recording(state))))
}

fn done(output: Value, wants: Option<Want>) -> Done {
    Done::Now(Outcome { output: wrapped(output, Source::Own), wants, facts: Vec::new() })
}

fn result(output: Value) -> Done {
    done(output, None)
}

/// An argument that must be a text and say something.
fn text(arguments: &Map<String, Value>, name: &str) -> Result<String, Problem> {
    given(arguments, name).ok_or_else(|| wrong(name, "a text"))
}

/// An argument as text; numbers are taken as they are written.
pub(crate) fn given(arguments: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match arguments.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn wrong(field: &str, expected: &str) -> Problem {
    Problem::new(ErrorCode::InvalidArguments, json!([{"field": field, "expected": expected}]))
}
