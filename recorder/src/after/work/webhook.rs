//! Tells one of a company's systems what happened.
//!
//! | it answers | then |
//! |---|---|
//! | 2xx | done |
//! | 410 | dead: the system says that it does not want these any more |
//! | 408, 425, 429, 5xx, nothing | again, for about a day |
//! | anything else | again a few times, should it be a mistake that is being mended; then dead |

use super::{Care, Trouble};
use bytes::Bytes;
use common::ports::aftercare::Job;
use serde_json::Value;
use std::time::Duration;
use tools::{Letter, Undelivered};

/// Longest wait for an answer. A system that needs longer shall answer first and work then.
const ANSWER: Duration = Duration::from_secs(10);
/// Tries of a letter that a system will not have.
const FEW: u32 = 5;

impl Care {
    pub(super) async fn deliver(&self, job: &Job, hook: &str, event: &str, body: &Value) -> Result<(), Trouble> {
        let gone = || Trouble::Never(format!("the company has no webhook {hook} any more"));
        let company = self.known.company(&job.company).await?.ok_or_else(gone)?;
        let hook = company.hooks.get(hook).ok_or_else(gone)?;
        let body = Bytes::from(body.to_string());
        let letter = Letter {
            url: &hook.url,
            services: &company.services,
            key: &job.key,
            event,
            body: &body,
            secret: hook.secret.as_ref(),
        };
        let status = self.post.deliver(&letter, ANSWER).await.map_err(undelivered)?;
        judged(status, job.attempts)
    }
}

fn undelivered(why: Undelivered) -> Trouble {
    match why {
        Undelivered::Forbidden(_) => Trouble::Never(why.to_string()),
        Undelivered::Away | Undelivered::NoAddress(_) | Undelivered::NoSecret(_) => Trouble::Again(why.to_string()),
    }
}

fn judged(status: u16, attempts: u32) -> Result<(), Trouble> {
    let why = || format!("answered with status {status}");
    match status {
        200..=299 => Ok(()),
        410 => Err(Trouble::Never(why())),
        408 | 425 | 429 | 500.. => Err(Trouble::Again(why())),
        _ if attempts < FEW => Err(Trouble::Again(why())),
        _ => Err(Trouble::Never(why())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_a_letter_is_sent_again() {
        let verdict = |status, attempts| match judged(status, attempts) {
            Ok(()) => "done",
            Err(Trouble::Again(_)) => "again",
            Err(Trouble::Never(_)) => "dead",
            Err(Trouble::NotBegun(_)) => "not begun",
        };
        for status in [200, 202, 204] {
            assert_eq!(verdict(status, 1), "done", "{status}");
        }
        for status in [408, 425, 429, 500, 503, 599] {
            assert_eq!(verdict(status, 29), "again", "{status}");
        }
        for status in [301, 400, 401, 404, 422] {
            assert_eq!((verdict(status, 4), verdict(status, 5)), ("again", "dead"), "{status}");
        }
        assert_eq!(verdict(410, 1), "dead");
    }
}
