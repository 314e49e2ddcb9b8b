//! One request and its answer: who is asked how often.
//!
//! A try that certainly did nothing (no connection, 429) is made again, whatever was asked. A server's fault (5xx) is
//! asked again unless something may have been created. A connection that broke is, where nothing but reading was asked.
//! A try that was not answered in time is never made again: whoever waits has waited long enough, and a second redirect
//! would start the call's next document over.
//!
//! So all tries of one operation take at most one try's time, two more to connect, and the waits between them.

use super::TwilioRest;
use super::failure::{Failure, lie};
use backon::{ExponentialBuilder, Retryable as _};
use bytes::{Bytes, BytesMut};
use common::ports::TelephoneError;
use common::private::ExposeSecret as _;
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Tries after the first.
const RETRIES: usize = 2;
/// Wait before the second try; it doubles, and is lengthened at random so that many workers do not come back at the same
/// moment.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest answer that is not sound: a list of a thousand numbers is about 2 MB. Higher lets a broken server fill
/// the memory, lower cuts long lists.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// What a request does where it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    Reads,
    /// Sets a state that may already be in force: the same again does no harm.
    Sets,
    /// Makes something new each time.
    Creates,
}

impl TwilioRest {
    /// Reads something.
    pub(super) async fn read<T: DeserializeOwned>(&self, address: &str) -> Result<T, TelephoneError> {
        let request = || self.http.get(address).timeout(self.patience.reading);
        readable(&self.ask(Effect::Reads, request).await?, Effect::Reads)
    }

    /// Sets something. The answer must look like Twilio's; what it says is already known.
    pub(super) async fn set(&self, address: &str, fields: &[(&str, &str)]) -> Result<(), TelephoneError> {
        let request = || self.http.post(address).form(fields).timeout(self.patience.setting);
        let answer = self.ask(Effect::Sets, request).await?;
        if answer.is_empty() {
            return Ok(());
        }
        readable::<serde_json::Map<String, Value>>(&answer, Effect::Sets).map(drop)
    }

    /// Creates something.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        address: &str,
        fields: &[(&str, &str)],
    ) -> Result<T, TelephoneError> {
        let request = || self.http.post(address).form(fields).timeout(self.patience.creating);
        readable(&self.ask(Effect::Creates, request).await?, Effect::Creates)
    }

    /// Deletes something; what is gone already is deleted.
    pub(super) async fn delete(&self, address: &str) -> Result<(), TelephoneError> {
        let request = || self.http.delete(address).timeout(self.patience.setting);
        match self.ask(Effect::Sets, request).await {
            Ok(_) | Err(TelephoneError::Refused { status: 404 | 410, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn ask(&self, effect: Effect, request: impl Fn() -> RequestBuilder) -> Result<Bytes, TelephoneError> {
        let once = || async {
            let answer = accepted(sent(self.login(request())).await?).await?;
            let body = body(answer, LONGEST_ANSWER).await?;
            lie(&body).map_or(Ok(body), Err)
        };
        repeated(effect, once).await
    }

    /// With our credentials.
    pub(super) fn login(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.user, Some(self.password.expose_secret()))
    }
}

/// The head of the answer, whatever it is.
pub(super) async fn sent(request: RequestBuilder) -> Result<Response, Failure> {
    request.send().await.map_err(Failure::of)
}

/// The answer, if it is a success.
pub(super) async fn accepted(answer: Response) -> Result<Response, Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let wait = retry_after(&answer);
    // That the reason cannot be read takes nothing from the refusal.
    let reason = body(answer, LONGEST_ANSWER).await.unwrap_or_default();
    Err(Failure::refused(status, &reason, wait))
}

/// Tries until it succeeds, or must not be tried again.
pub(super) async fn repeated<T, F: Future<Output = Result<T, Failure>>>(
    effect: Effect,
    once: impl FnMut() -> F,
) -> Result<T, TelephoneError> {
    let tries = ExponentialBuilder::new().with_min_delay(FIRST_WAIT).with_max_times(RETRIES).with_jitter();
    let answer = once.retry(tries).when(|failure| failure.may_be_repeated(effect)).adjust(Failure::wait).await;
    answer.map_err(|failure| failure.meaning(effect))
}

/// The whole body, if it is not longer than that.
pub(super) async fn body(mut answer: Response, most: usize) -> Result<Bytes, Failure> {
    let mut body = BytesMut::new();
    while let Some(part) = answer.chunk().await.map_err(Failure::of)? {
        if body.len() + part.len() > most {
            return Err(Failure::TooLong { most });
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}

/// How long the server wants to be left alone; it may also give a date, which is as good as nothing: its clock is not
/// ours.
fn retry_after(answer: &Response) -> Option<Duration> {
    answer.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The answer, if it is what was asked for. Its words are left out of the error.
fn readable<T: DeserializeOwned>(body: &[u8], effect: Effect) -> Result<T, TelephoneError> {
    serde_json::from_slice(body).map_err(|_| Failure::unreadable().meaning(effect))
}
