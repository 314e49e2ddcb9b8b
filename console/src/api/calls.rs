//! Calls in the record.

use super::Query;
use crate::ConsoleContext;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use common::event::Direction;
use common::ids::{AgentId, BatchId, CallId, CompanyId};
use common::ports::CallFilter;
use common::private::PhoneNumber;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Calls of one page where nothing else is asked for.
const PAGE: u32 = 50;
const MOST: u32 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    company: Option<CompanyId>,
    agent: Option<AgentId>,
    number: Option<String>,
    end_reason: Option<String>,
    direction: Option<Direction>,
    batch: Option<BatchId>,
    since_ms: Option<u64>,
    until_ms: Option<u64>,
    after: Option<CallId>,
    max: Option<u32>,
}

/// `GET /calls`: the newest that fit, newest first; `after` is the last call of the page before.
pub(crate) async fn list(
    State(context): State<Arc<ConsoleContext>>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let max = asked.max.unwrap_or(PAGE).clamp(1, MOST);
    let filter = CallFilter {
        company: asked.company,
        agent: asked.agent,
        number: asked.number.as_deref().map(PhoneNumber::new),
        end_reason: asked.end_reason,
        direction: asked.direction,
        batch: asked.batch,
        since_ms: asked.since_ms,
        until_ms: asked.until_ms,
        after: asked.after,
    };
    let calls = context.db.find(&filter, max).await?;
    let next = calls.last().filter(|_| calls.len() == max as usize).map(|cdr| cdr.call.clone());
    Ok(Json(json!({ "calls": calls, "next": next })))
}

/// `GET /calls/{sid}`: everything the record knows of one call.
pub(crate) async fn one(
    State(context): State<Arc<ConsoleContext>>,
    Path(sid): Path<String>,
) -> Result<Json<Value>, Problem> {
    let call = call(&sid)?;
    let cdr = context.db.cdr(&call).await?.ok_or_else(|| unknown(&call))?;
    let whole = json!({
        "call": cdr,
        "turns": context.db.turns(&call).await?,
        "tools": context.directory.tool_runs(&call).await?,
        "tickets": context.directory.tickets(&call).await?,
        "transfers": context.directory.transfers(&call).await?,
        "messages": context.aftercare.messages(&call).await?,
        "recordings": context.aftercare.recordings(&call).await?,
        "summary": context.aftercare.summary(&call).await?,
    });
    Ok(Json(whole))
}

/// `GET /calls/{sid}/audio`: the first part of its recording, as WAV.
pub(crate) async fn audio(
    State(context): State<Arc<ConsoleContext>>,
    Path(sid): Path<String>,
) -> Result<Response, Problem> {
    let call = call(&sid)?;
    let recordings = context.aftercare.recordings(&call).await?;
    let place = recordings.into_iter().find_map(|recording| recording.place);
    let place = place.ok_or_else(|| Problem::missing(format!("no recording of {call} is stored")))?;
    let sound = context.vault.get(&place).await?;
    let sound = sound.ok_or_else(|| Problem::missing(format!("the recording of {call} is not there any more")))?;
    let name = format!("attachment; filename=\"{call}.wav\"");
    Ok(([(CONTENT_TYPE, "audio/wav".to_owned()), (CONTENT_DISPOSITION, name)], sound).into_response())
}

fn call(sid: &str) -> Result<CallId, Problem> {
    CallId::parse(sid).map_err(|error| Problem::wrong(error.to_string()))
}

fn unknown(call: &CallId) -> Problem {
    Problem::missing(format!("the record knows no call {call}"))
}
