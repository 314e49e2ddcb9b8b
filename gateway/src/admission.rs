//! Bounds per company: how many calls it may have at once. What the caller hears when it is full is the agent's `busy`.
//!
//! With the state store away every call is admitted: the absence of a store never turns a caller away.

use crate::GatewayContext;
use common::company::AgentSnapshot;
use common::ids::{CallId, CompanyId};
use common::ports::Admission;
use std::time::Duration;

/// How much longer than its longest call a call is counted, should nobody see its end.
const BEYOND: Duration = Duration::from_secs(600);

/// Whether the company may have this call too; it is counted from now on.
pub(crate) async fn admit(gateway: &GatewayContext, call: &CallId, agent: &AgentSnapshot) -> Admission {
    let most = gateway.roster().companies.get(&agent.company).map_or(u32::MAX, |company| company.max_calls);
    let ttl = Duration::from_millis(agent.limits.max_call_ms) + BEYOND;
    gateway.state.admit(&agent.company, call, most, ttl).await.unwrap_or(Admission::Admitted)
}

/// The call is over. Should this not be written, the count ends by itself.
pub(crate) async fn dismiss(gateway: &GatewayContext, call: &CallId, company: &CompanyId) {
    let _ = gateway.state.dismiss(company, call).await;
}
