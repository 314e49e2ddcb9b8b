//! Sends the call to a place of the company's list. The agent names a place; a number it gives is never looked at.

use super::{Done, Undone, done, given, wrong};
use crate::Asked;
use crate::errors::{ErrorCode, Problem};
use crate::numbers;
use crate::plan::Want;
use call::{ControlInput, Fact, NextStep, Spoken};
use common::company::{Briefing, Target};
use serde_json::{Map, Value, json};

/// Longest briefing, in characters: about half a minute of speech, which is as long as anybody listens.
const LONGEST_BRIEFING: usize = 600;

pub(super) fn transfer(asked: &Asked<'_>, arguments: &Map<String, Value>) -> Result<Done, Undone> {
    let to = place(asked, arguments, "to", |name| asked.agent.targets.get_key_value(name))?;
    callable(asked, to.1)?;
    let briefing = match (to.1.briefing, given(arguments, "briefing")) {
        (Briefing::None, _) => None,
        (Briefing::Spoken, Some(text)) => Some(Spoken::new(text.chars().take(LONGEST_BRIEFING).collect::<String>())),
        (Briefing::Spoken, None) => return Err(wrong("briefing", "one or two sentences for the person called").into()),
    };
    Ok(leaving(NextStep::Transfer { to: to.0.clone(), briefing }))
}

pub(super) fn enqueue(asked: &Asked<'_>, arguments: &Map<String, Value>) -> Result<Done, Undone> {
    let (queue, place) = place(asked, arguments, "queue", |name| asked.agent.queues.get_key_value(name))?;
    members(asked, &place.members)?;
    Ok(leaving(NextStep::Queue { queue: queue.clone() }))
}

pub(super) fn conference(asked: &Asked<'_>, arguments: &Map<String, Value>) -> Result<Done, Undone> {
    let (room, place) = place(asked, arguments, "room", |name| asked.agent.rooms.get_key_value(name))?;
    members(asked, &place.members)?;
    Ok(leaving(NextStep::Conference { room: room.clone() }))
}

fn leaving(step: NextStep) -> Done {
    let say = "The caller is put through when you have finished speaking. If you have not announced it, do so now, once \
               and briefly. Then say nothing more.";
    done(json!({"status": "leaving", "say": say}), Some(Want::Control(ControlInput::Leave(step))))
}

/// The place of this name.
fn place<T>(
    asked: &Asked<'_>,
    arguments: &Map<String, Value>,
    argument: &str,
    find: impl Fn(&str) -> Option<T>,
) -> Result<T, Undone> {
    let name = given(arguments, argument).ok_or_else(|| Undone::from(wrong(argument, "the name of a place")))?;
    find(&name).ok_or_else(|| refused(asked, ErrorCode::NotListed))
}

/// Somebody who answers callers of a queue or a room can be called.
fn members(asked: &Asked<'_>, members: &[String]) -> Result<(), Undone> {
    for member in members {
        let target = asked.agent.targets.get(member).ok_or_else(|| refused(asked, ErrorCode::NotListed))?;
        callable(asked, target)?;
    }
    Ok(())
}

/// The list was checked when it was applied; a snapshot may be older than the rules.
fn callable(asked: &Asked<'_>, target: &Target) -> Result<(), Undone> {
    match numbers::classify(target.number.reveal(), None).error() {
        None => Ok(()),
        Some(code) => Err(refused(asked, code)),
    }
}

/// Refused, and a person should know.
fn refused(asked: &Asked<'_>, code: ErrorCode) -> Undone {
    let fact = Fact::Refused { what: asked.name.to_owned(), why: code.as_str().to_owned() };
    Undone { problem: Problem::from(code), facts: vec![fact] }
}
