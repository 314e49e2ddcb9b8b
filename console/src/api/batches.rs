//! Outbound calls: one, or a batch.

use super::wish::{BatchWish, CallWish, Ready};
use super::{Body, Query};
use crate::ConsoleContext;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use common::clock;
use common::ids::{BatchId, CompanyId};
use common::ports::outbound::{Batch, BatchStatus, Begun};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const PAGE: u32 = 500;

/// One call: a batch with one row.
#[derive(Deserialize)]
pub(crate) struct OneCall {
    #[serde(flatten)]
    call: CallWish,
    to: String,
    #[serde(default)]
    timezone: String,
    language: Option<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
}

/// `POST /calls`: somebody is called.
pub(crate) async fn call(
    State(context): State<Arc<ConsoleContext>>,
    Body(wish): Body<OneCall>,
) -> Result<Response, Problem> {
    let to = outbound::file::number(wish.to.trim(), &[]).map_err(|fault| Problem::wrong(format!("`to` {fault}")))?;
    let zones = outbound::file::zones_of(&wish.timezone, &to).map_err(Problem::wrong)?;
    let row = common::ports::outbound::BatchRow { row: 1, to, zones, language: wish.language, columns: wish.columns };
    // Two calls to one person are two wishes: each has a batch of its own.
    let id = BatchId::parse(format!("call-{}", common::ids::BootId::fresh())).ok();
    let ready = Ready { wish: wish.call.wish(id, String::new())?, rows: vec![row], broken: Vec::new() };
    begun(&context, ready).await
}

/// `POST /batches`: people are called. The same id again changes nothing.
pub(crate) async fn begin(
    State(context): State<Arc<ConsoleContext>>,
    Body(wish): Body<BatchWish>,
) -> Result<Response, Problem> {
    let ready = wish.ready(&context.roster())?;
    begun(&context, ready).await
}

async fn begun(context: &ConsoleContext, ready: Ready) -> Result<Response, Problem> {
    let Ready { wish, rows, broken } = ready;
    let told: Vec<String> = broken.iter().map(|row| format!("row {}: {}", row.line, row.fault)).collect();
    let batch = wish.batch(&context.roster(), &rows, clock::unix_ms()).map_err(|faults| {
        Problem::wrong("these calls cannot be placed").with(faults.into_iter().chain(told).collect())
    })?;
    let begun = context.outbound.begin_batch(&batch, &rows).await?;
    let status = if begun == Begun::New { StatusCode::CREATED } else { StatusCode::OK };
    let body = json!({ "batch": batch.id, "rows": rows.len(), "new": begun == Begun::New, "broken": broken });
    Ok((status, Json(body)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whose {
    company: Option<CompanyId>,
    max: Option<u32>,
}

/// `GET /batches`: the newest.
pub(crate) async fn list(
    State(context): State<Arc<ConsoleContext>>,
    Query(whose): Query<Whose>,
) -> Result<Json<Value>, Problem> {
    let batches = context.outbound.batches(whose.company.as_ref(), whose.max.unwrap_or(50).clamp(1, 1_000)).await?;
    Ok(Json(json!({ "batches": batches })))
}

/// `GET /batches/{id}`: the batch and how far it is.
pub(crate) async fn one(
    State(context): State<Arc<ConsoleContext>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let batch = known(&context, &id).await?;
    let progress = context.outbound.progress(&batch.id).await?;
    Ok(Json(json!({ "batch": batch, "progress": progress })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    from: Option<u32>,
    max: Option<u32>,
}

/// `GET /batches/{id}/rows`: who, and what became of them; `from` is the row to begin with.
pub(crate) async fn rows(
    State(context): State<Arc<ConsoleContext>>,
    Path(id): Path<String>,
    Query(page): Query<From>,
) -> Result<Json<Value>, Problem> {
    let batch = known(&context, &id).await?;
    let max = page.max.unwrap_or(PAGE).clamp(1, 10_000);
    let rows = context.outbound.rows(&batch.id, page.from.unwrap_or(0), max).await?;
    let next = rows.last().filter(|_| rows.len() == max as usize).map(|state| state.row.row + 1);
    Ok(Json(json!({ "rows": rows, "next": next })))
}

/// `POST /batches/{id}/pause`, `…/resume`, `…/cancel`.
pub(crate) async fn order(
    State(context): State<Arc<ConsoleContext>>,
    Path((id, order)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let status = match order.as_str() {
        "pause" => BatchStatus::Paused,
        "resume" => BatchStatus::Running,
        "cancel" => BatchStatus::Cancelled,
        _ => return Err(Problem::missing("a batch can be told pause, resume or cancel")),
    };
    let batch = known(&context, &id).await?;
    let now = context.outbound.set_status(&batch.id, status).await?;
    Ok(Json(json!({ "batch": batch.id, "status": now })))
}

async fn known(context: &ConsoleContext, id: &str) -> Result<Batch, Problem> {
    let parsed = BatchId::parse(id).map_err(|error| Problem::wrong(error.to_string()))?;
    let batch = context.outbound.batch(&parsed).await?;
    batch.ok_or_else(|| Problem::missing(format!("there is no batch {parsed}")))
}
