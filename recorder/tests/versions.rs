//! An event that was written by any release is read by this one, and what this one writes is read by the release before:
//! pods of both run side by side while they are replaced, and events wait on the bus for days.
//!
//! `events/vN.json` holds one of every event as version N wrote it. A file that was released never changes.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use common::cdr::Cdr;
use common::event::{ENVELOPE_VERSION, Envelope};
use common::prices::Prices;
use recorder::Fold;
use serde_json::Value;
use std::sync::Arc;

/// Every version there ever was.
const VERSIONS: &[(u16, &str)] =
    &[(1, include_str!("events/v1.json")), (2, include_str!("events/v2.json")), (3, include_str!("events/v3.json"))];

fn events(json: &str) -> Vec<(Value, Envelope)> {
    let written: Vec<Value> = serde_json::from_str(json).unwrap();
    let read = |value: &Value| serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    written.iter().map(|value| (value.clone(), read(value))).collect()
}

/// Whether `new` says everything `old` said; it may say more.
fn says_all_of(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            old.iter().all(|(key, old)| new.get(key).is_some_and(|new| says_all_of(new, old)))
        }
        (new, old) => new == old,
    }
}

#[test]
fn every_version_there_ever_was_has_its_file() {
    assert_eq!(
        VERSIONS.iter().map(|(version, _)| *version).collect::<Vec<_>>(),
        (1..=ENVELOPE_VERSION).collect::<Vec<_>>()
    );
}

#[test]
fn events_of_every_version_make_a_record() {
    let fold = Fold::new(Arc::new(Prices::built_in()));
    for (version, json) in VERSIONS {
        let events = events(json);
        let mut cdr = Cdr::new(events[0].1.key.call.clone());
        for (_, event) in &events {
            assert_eq!(event.version, *version);
            fold.merge(&mut cdr, event);
        }
        assert_eq!(cdr.twilio_status.as_deref(), Some("completed"), "version {version}");
        assert_eq!(cdr.duration_ms, Some(34_000), "version {version}");
        assert_eq!((cdr.turns, cdr.interruptions, cdr.agent_losses), (3, 1, 1), "version {version}");
        assert_eq!(cdr.usage.audio_out, 900, "version {version}");
        assert!(cdr.complete, "version {version}");
    }
}

#[test]
fn what_is_written_now_says_all_that_was_said_before() {
    for (version, json) in VERSIONS {
        for (old, event) in events(json) {
            let new = serde_json::to_value(&event).unwrap();
            assert!(says_all_of(&new, &old), "version {version}: {old} is now {new}");
        }
    }
}

#[test]
fn words_of_a_later_version_are_passed_over() {
    let (_, json) = VERSIONS[VERSIONS.len() - 1];
    for (mut value, event) in events(json) {
        value["version"] = (ENVELOPE_VERSION + 1).into();
        value["told_later"] = "new".into();
        value["event"]["told_later"] = serde_json::json!({ "deep": [1, 2] });
        let read: Envelope = serde_json::from_value(value).unwrap();
        assert_eq!(read.event, event.event);
        assert_eq!(read.key, event.key);
    }
}

#[test]
fn every_kind_of_event_is_in_the_newest_file() {
    let (_, json) = VERSIONS[VERSIONS.len() - 1];
    let mut kinds: Vec<_> = events(json).iter().map(|(_, event)| event.event.kind()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let known = [
        "accepted",
        "agent_complained",
        "agent_lost",
        "agent_ready",
        "agent_restored",
        "answered",
        "answered_by",
        "assigned",
        "chosen",
        "configured",
        "deleted",
        "ended",
        "fact",
        "fetched",
        "first_word",
        "interrupted",
        "lost",
        "machine",
        "message",
        "messaged",
        "recording",
        "refused",
        "reply_failed",
        "reply_gap",
        "returned",
        "silence_prompted",
        "status",
        "stored",
        "stream",
        "summarized",
        "tool_run",
        "turn",
        "used",
    ];
    assert_eq!(kinds, known);
}
