//! People who are not to be called.

use super::Body;
use crate::ConsoleContext;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use common::ids::CompanyId;
use common::private::PhoneNumber;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    company: CompanyId,
    numbers: Vec<String>,
}

/// `POST /opt-outs`: these people are not called any more.
pub(crate) async fn add(
    State(context): State<Arc<ConsoleContext>>,
    Body(named): Body<Named>,
) -> Result<Json<Value>, Problem> {
    let numbers = checked(&named.numbers)?;
    let added = context.outbound.opt_out(&named.company, &numbers, "api").await?;
    Ok(Json(json!({ "added": added })))
}

/// `DELETE /opt-outs`: they may be called again.
pub(crate) async fn remove(
    State(context): State<Arc<ConsoleContext>>,
    Body(named): Body<Named>,
) -> Result<Json<Value>, Problem> {
    let numbers = checked(&named.numbers)?;
    let removed = context.outbound.opt_in(&named.company, &numbers).await?;
    Ok(Json(json!({ "removed": removed })))
}

/// All of them, or what is wrong with each that is none.
fn checked(numbers: &[String]) -> Result<Vec<PhoneNumber>, Problem> {
    let (good, bad): (Vec<_>, Vec<_>) =
        numbers.iter().map(|text| outbound::file::number(text.trim(), &[])).partition(Result::is_ok);
    if bad.is_empty() {
        return Ok(good.into_iter().filter_map(Result::ok).collect());
    }
    Err(Problem::wrong("some are no numbers").with(bad.into_iter().filter_map(Result::err).collect()))
}
