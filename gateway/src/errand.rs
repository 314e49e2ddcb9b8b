//! What a call that we made is about: which try of which batch, and what is done should a machine answer.
//!
//! Before it: [`crate::webhook`], when somebody has answered. After it: the call's dossier, for [`crate::machine`]. The
//! batch stands in the database, which is asked for a moment only: without it the agent talks all the same, without
//! knowing whom it called.

use crate::GatewayContext;
use crate::moments;
use common::company::filled;
use common::ids::AttemptId;
use common::ports::outbound::OnMachine;
use common::token::AttemptToken;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long an answer waits for the batch.
const BUDGET: Duration = Duration::from_millis(300);

/// What a call that we made is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errand {
    /// Which try of which batch.
    pub attempt: AttemptId,
    /// What is done when a machine answers.
    pub machine: OnMachine,
}

/// The language and what is known of the person called, with the errand itself.
pub(crate) async fn look_up(
    gateway: &GatewayContext,
    token: &AttemptToken,
) -> (Option<String>, BTreeMap<String, String>, Errand) {
    let attempt = token.attempt.clone();
    match tokio::time::timeout(BUDGET, gateway.outbound.row_of(&attempt)).await {
        Ok(Ok(Some((batch, row)))) => {
            let machine = match batch.plan.machine {
                OnMachine::LeaveMessage(text) => OnMachine::LeaveMessage(filled(&text, &row.columns)),
                other => other,
            };
            (row.language, row.columns, Errand { attempt, machine })
        }
        Ok(Ok(None) | Err(_)) | Err(_) => {
            moments::batch_unknown(&attempt);
            // To talk to a machine costs a minute; to hang up on a person costs more.
            (None, BTreeMap::new(), Errand { attempt, machine: OnMachine::GoOn })
        }
    }
}
