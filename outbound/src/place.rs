//! One claimed row: the call is asked for, and what the answer means.
//!
//! Before it: the dialer, which has claimed the row and knows that the person may be called now. After it: the network,
//! whose answer is one of four things for the row: it is being called, it certainly is not, it never can be, or nobody
//! knows.

use crate::refusal::{self, About};
use crate::{Reach, Settings};
use common::ids::{AttemptId, CallId};
use common::ports::TelephoneError;
use common::ports::outbound::{Batch, BatchRow, OnMachine};
use common::ports::telephone::Placement;
use common::token::AttemptToken;
use tokio::time::Instant;

/// What the network's answer means.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It has taken the call.
    Placed(CallId),
    /// It takes nothing now; the row certainly was not called.
    Later(&'static str),
    /// It refuses this row for good; Twilio's code or status.
    Refused(String),
    /// It refuses us: no row can be called until a person has acted.
    NotUs(TelephoneError),
    /// It did not say.
    Unknown(TelephoneError),
}

/// Asks the network to call the person of a row, before `deadline` or not at all.
pub(crate) async fn place(
    reach: &Reach,
    settings: &Settings,
    batch: &Batch,
    attempt: &AttemptId,
    row: &BatchRow,
    deadline: Instant,
) -> Answer {
    let placement = placement(settings, batch, attempt, row);
    let answer = tokio::select! {
        // First: a process that slept through the deadline must not send what somebody else has meanwhile given up.
        biased;
        () = tokio::time::sleep_until(deadline) => Err(TelephoneError::Unknown("it was not asked in time".into())),
        answer = reach.telephone.place(&placement) => answer,
    };
    match answer {
        Ok(call) => Answer::Placed(call),
        Err(TelephoneError::Busy { .. }) => Answer::Later("busy"),
        Err(TelephoneError::Away(_)) => Answer::Later("away"),
        Err(TelephoneError::Refused { code, status, advice }) => match refusal::about(code, status) {
            About::Row => Answer::Refused(code.map_or_else(|| format!("status {status}"), |code| code.to_string())),
            About::Account => Answer::NotUs(TelephoneError::Refused { code, status, advice }),
        },
        Err(error @ (TelephoneError::Unknown(_) | TelephoneError::AlreadyOver)) => Answer::Unknown(error),
    }
}

/// The addresses carry the attempt: whatever is heard of the call says whose it is, even if the answer is lost.
fn placement(settings: &Settings, batch: &Batch, attempt: &AttemptId, row: &BatchRow) -> Placement {
    let (company, agent) = (batch.company.clone(), batch.agent.clone());
    let token = settings.keys.sign_attempt(&AttemptToken { attempt: attempt.clone(), company, agent });
    let url = |what: &str| format!("{}/twilio/{what}/{token}", settings.public_url);
    Placement {
        to: row.to.clone(),
        from: batch.from.clone(),
        url: url("outbound"),
        status_url: url("status"),
        answered_by_url: (batch.plan.machine != OnMachine::GoOn).then(|| url("amd")),
        ring_s: batch.plan.ring_s,
        most_s: batch.plan.most_s,
    }
}
