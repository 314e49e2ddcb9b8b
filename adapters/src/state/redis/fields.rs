//! A session as the fields of a hash, both ways. Fields this build does not know are left alone.

use super::super::refused;
use bytes::Bytes;
use common::ids::{Epoch, WorkerId};
use common::ports::{Session, SessionStatus, SessionWrite, StateError};
use fred::types::Value;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// The fields a write names, each followed by its value.
pub(super) fn named(write: &SessionWrite) -> Vec<Value> {
    let SessionWrite { call: _, epoch: _, status, worker, next, dossier, checkpoint, events: _ } = write;
    let fields = [
        ("status", status.map(|status| Value::from_static_str(status_word(status)))),
        ("worker", worker.as_ref().map(|worker| worker.as_str().into())),
        ("next", next.as_ref().and_then(|next| serde_json::to_string(next).ok()).map(Value::from)),
        ("dossier", dossier.clone().map(Value::Bytes)),
        ("checkpoint", checkpoint.clone().map(Value::Bytes)),
    ];
    let given = fields.into_iter().filter_map(|(name, value)| value.map(|value| [Value::from_static_str(name), value]));
    given.flatten().collect()
}

/// The session a hash holds; `None` for an empty hash.
pub(super) fn read(mut fields: HashMap<String, Bytes>) -> Result<Option<Session>, StateError> {
    if fields.is_empty() {
        return Ok(None);
    }
    let mut take = |name: &str| fields.remove(name);
    Ok(Some(Session {
        epoch: Epoch(number(take("epoch"))?),
        status: word_status(take("status"))?,
        worker: take("worker").map(text).transpose()?.map(WorkerId::parse).transpose().map_err(refused)?,
        next: take("next").map(json).transpose()?,
        resumes: number(take("resumes"))?,
        dossier: take("dossier"),
        checkpoint: take("checkpoint"),
    }))
}

fn status_word(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::Reserved => "reserved",
        SessionStatus::Live => "live",
        SessionStatus::Ended => "ended",
    }
}

fn word_status(word: Option<Bytes>) -> Result<SessionStatus, StateError> {
    match word.as_deref() {
        Some(b"reserved") => Ok(SessionStatus::Reserved),
        Some(b"live") => Ok(SessionStatus::Live),
        Some(b"ended") => Ok(SessionStatus::Ended),
        _ => Err(refused("a session without a known status")),
    }
}

fn number<T: std::str::FromStr>(digits: Option<Bytes>) -> Result<T, StateError> {
    let digits = text(digits.unwrap_or_default())?;
    digits.parse().map_err(|_| refused("a session with a wrong number"))
}

fn text(bytes: Bytes) -> Result<String, StateError> {
    String::from_utf8(bytes.into()).map_err(|_| refused("a session with a field that is no text"))
}

fn json<T: DeserializeOwned>(bytes: Bytes) -> Result<T, StateError> {
    serde_json::from_slice(&bytes).map_err(|_| refused("a session with a field this build cannot read"))
}
