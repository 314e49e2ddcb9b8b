//! Occurrences of tools that are logged and counted together. Never arguments, answers or addresses.

use call::ToolOutcome;
use common::ids::{CallId, CompanyId};

/// A tool call was answered.
pub(crate) fn tool_ended(call: &CallId, tool: &str, outcome: ToolOutcome, error: Option<&'static str>) {
    let outcome = match outcome {
        ToolOutcome::Answered => "answered",
        ToolOutcome::TimedOut => "timed_out",
        ToolOutcome::Cancelled => "cancelled",
        ToolOutcome::Failed => "failed",
        ToolOutcome::Refused => "refused",
    };
    metrics::counter!("patchbay_tool_runs_total", "outcome" => outcome).increment(1);
    match error {
        None => tracing::debug!(call.id = %call, tool, outcome, "a tool answered"),
        Some(error) => tracing::info!(call.id = %call, tool, outcome, error, "a tool did not answer well"),
    }
}

/// A tool failed so often in a row that it is left alone for a while.
pub(crate) fn breaker_opened(company: &CompanyId, tool: &str) {
    metrics::counter!("patchbay_tool_breakers_opened_total").increment(1);
    tracing::warn!(company.id = %company, tool, "a tool failed too often in a row and is left alone for a while");
}

/// A secret a tool needs is nowhere.
pub(crate) fn secret_missing(secret: &str) {
    tracing::error!(secret, "a secret that a tool needs is missing or empty: give it as a file or in the environment");
}

/// A tool's address leads where tools may not go.
pub(crate) fn address_forbidden(company: &CompanyId, tool: &str, why: &'static str) {
    metrics::counter!("patchbay_tool_addresses_refused_total").increment(1);
    tracing::error!(company.id = %company, tool, why, "a tool's address is not allowed: nothing was sent");
}

/// A tool's service has no address and the tool has no sample.
pub(crate) fn service_missing(company: &CompanyId, tool: &str, service: &str) {
    tracing::warn!(company.id = %company, tool, service, "a tool's service has no address");
}

/// The company's records could not be asked.
pub(crate) fn records_away(company: &CompanyId, kind: &str) {
    tracing::warn!(company.id = %company, kind, "a tool could not look up a record: the database is away");
}
