//! What a call looks like in a terminal: the transcript as it is spoken, and the record at the end.

use call::{CallEvent, Fact, Heard, RecordingState, Speaker, ToolOutcome, Turn};
use common::cdr::{Cdr, StoredTurn};
use common::event::{Event, GatewayEvent};
use loadtest::phone::PhoneEvent;

/// One line for a turn: when, who, what was heard.
pub(crate) fn turn(turn: &Turn) -> String {
    let who = match turn.speaker {
        Speaker::Caller => "caller",
        Speaker::Agent => "agent ",
    };
    let words = turn.text.as_ref().map_or("(not understood)", |text| text.reveal());
    let cut = match turn.heard {
        Heard::Whole => String::new(),
        Heard::Part { heard_ms, of_ms } => format!("  [cut: {} of {} s heard]", tenths(heard_ms), tenths(of_ms)),
    };
    format!("  {:>6} s  {who}  {words}{cut}", tenths(turn.started_ms))
}

/// One line for what happens in a call, where a person wants to know it.
pub(crate) fn event(event: &Event) -> Option<String> {
    Some(match event {
        Event::Worker(CallEvent::Turn(said)) => turn(said),
        Event::Worker(CallEvent::ToolRun { name, took_ms, outcome, error, .. }) => {
            let error = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            format!("  …          tool {name} {}{error} after {took_ms} ms", word(*outcome))
        }
        Event::Worker(CallEvent::Fact(Fact::Ticket { number, .. })) => {
            format!("  …          ticket {number} is opened")
        }
        Event::Worker(CallEvent::Fact(Fact::Message { template, .. })) => {
            format!("  …          the text message {template} is sent")
        }
        Event::Worker(CallEvent::Fact(Fact::OptedOut)) => {
            "  …          the person does not want to be called again".to_owned()
        }
        Event::Worker(CallEvent::Fact(Fact::Recording { state })) => {
            format!("  …          the recording is {}", recording(*state))
        }
        Event::Worker(CallEvent::Fact(Fact::Refused { what, why })) => {
            format!("  …          {what} is refused: {why}")
        }
        Event::Worker(CallEvent::Configured { language, .. }) => {
            format!("  …          the agent goes on in {language}")
        }
        Event::Gateway(GatewayEvent::Chosen { key, language, .. }) => {
            let key = key.map_or_else(|| "nothing".to_owned(), String::from);
            format!("  menu       the caller presses {key}: {language}")
        }
        Event::Gateway(GatewayEvent::Returned { way, place, outcome, .. }) => {
            format!("  {way:<10} {place}: {}", outcome.as_str().replace('_', " "))
        }
        _ => return None,
    })
}

fn recording(state: RecordingState) -> &'static str {
    match state {
        RecordingState::Started => "on",
        RecordingState::Paused => "paused",
        RecordingState::Resumed => "on again",
        RecordingState::Stopped => "off",
        RecordingState::Refused => "refused and deleted",
    }
}

fn word(outcome: ToolOutcome) -> &'static str {
    match outcome {
        ToolOutcome::Answered => "answers",
        ToolOutcome::TimedOut => "does not answer",
        ToolOutcome::Cancelled => "is taken back",
        ToolOutcome::Failed => "fails",
        ToolOutcome::Refused => "is not run",
    }
}

/// One line for what the telephone does, where a person wants to know it.
pub(crate) fn phone(event: &PhoneEvent) -> Option<String> {
    Some(match event {
        PhoneEvent::Ringing(sid) => format!("  ring       {sid}"),
        PhoneEvent::Announcement(words) => format!("  network    says: {words}"),
        PhoneEvent::StreamStarted(_) => "  answered   the media stream has started".to_owned(),
        PhoneEvent::Interrupting(_) => "  …          the caller speaks over the agent".to_owned(),
        PhoneEvent::Cleared { dropped_ms } => {
            format!("  …          {} s of the agent's answer thrown away", tenths(*dropped_ms))
        }
        // Twilio logs it whenever a server closes a stream, also one that is done with it.
        PhoneEvent::Noticed(notice) if notice.code == 31921 => return None,
        PhoneEvent::Noticed(notice) => format!("  network    complains: {}, {}", notice.code, notice.text),
        PhoneEvent::Redirected => "  …          the call goes elsewhere".to_owned(),
        PhoneEvent::Ended(end) => format!("  ended      {end:?}"),
        _ => return None,
    })
}

/// The record as a table.
pub(crate) fn cdr(cdr: &Cdr) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let ms = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"));
    let workers: Vec<String> = cdr.workers.values().map(ToString::to_string).collect();
    let mut rows = vec![
        ("call", cdr.call.to_string()),
        ("company / agent", format!("{} / {}", shown(cdr.company.as_ref()), shown(cdr.agent.as_ref()))),
        ("version, language", format!("{}, {}", text(&cdr.agent_version), text(&cdr.language))),
        ("from → to", format!("{} → {}", masked(cdr.from.as_ref()), masked(cdr.to.as_ref()))),
        ("worker", workers.join(", ")),
        ("duration", ms(cdr.duration_ms)),
        ("end", text(&cdr.end_reason)),
        ("Twilio says", text(&cdr.twilio_status)),
        ("turns", cdr.turns.to_string()),
        ("interruptions", cdr.interruptions.to_string()),
        ("silence prompts", cdr.silence_prompts.to_string()),
        ("first word after", ms(cdr.first_word_ms)),
        ("longest wait", ms(cdr.reply_gap_max_ms)),
        ("cost", format!("{} USD", cdr.costs.total().short())),
        ("complete", if cdr.complete { "yes".to_owned() } else { "not yet".to_owned() }),
    ];
    let outbound = [
        ("answered by", cdr.answered_by.clone()),
        ("then", cdr.machine.map(|deed| deed.as_str().replace('_', " "))),
        ("outbound attempt", cdr.attempt.as_ref().map(ToString::to_string)),
    ];
    rows.extend(outbound.into_iter().filter_map(|(name, value)| Some((name, value?))));
    rows.iter().map(|(name, value)| format!("  {name:<18} {value}\n")).collect()
}

/// Record and transcript for scripts. This is the caller's own terminal: words and numbers are shown on purpose.
pub(crate) fn json(cdr: &Cdr, turns: &[StoredTurn]) -> serde_json::Value {
    serde_json::json!({ "call": cdr, "turns": turns })
}

fn shown(id: Option<&impl ToString>) -> String {
    id.map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn masked(number: Option<&common::private::PhoneNumber>) -> String {
    number.map_or_else(|| "-".to_owned(), common::private::PhoneNumber::masked)
}

fn tenths(ms: u64) -> String {
    format!("{:.1}", ms as f64 / 1000.0)
}
