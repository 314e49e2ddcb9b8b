//! Call control: <https://www.twilio.com/docs/voice/api/call-resource> (read 2026-11).
//!
//! Before it: the worker, when a call is to end, and the gateway, when one is to be rescued. Both operations set a call
//! to a state it may already be in, so a try that certainly did nothing (no connection, 429, 5xx) is repeated. A try
//! that was sent and not answered is not: a second redirect would start the call's next document over again.

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable as _};
use common::config::Twilio;
use common::ids::CallId;
use common::ports::telephone::{CallState, Placement};
use common::ports::{Health, Telephone, TelephoneError};
use common::private::{ExposeSecret as _, PhoneNumber, SecretString};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use std::time::Duration;

/// One request, from connecting to the last byte. Twilio answers in some hundred milliseconds; higher leaves a caller
/// on a dead line, lower gives up on a slow day.
const TIMEOUT: Duration = Duration::from_secs(2);
/// All tries of one operation together.
const DEADLINE: Duration = Duration::from_secs(5);
/// Tries after the first.
const RETRIES: usize = 2;
/// Wait before the second try; it doubles, and is shortened or lengthened at random so that many workers do not come
/// back at the same moment.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// "The requested resource was not found": also what ending a call that is over gives.
const NOT_FOUND: u32 = 20_404;
/// "Call is not in-progress."
const NOT_IN_PROGRESS: u32 = 21_220;

/// Twilio's call control for one account.
#[derive(Debug)]
pub struct TwilioRest {
    http: Client,
    /// `https://api.twilio.com/2010-04-01/Accounts/AC…`
    account: String,
    user: String,
    password: SecretString,
}

impl TwilioRest {
    /// From the configuration; `None` where it has no address for call control. A TLS provider must be installed.
    pub fn new(config: &Twilio) -> Result<Option<Self>, TelephoneError> {
        let Some(base_url) = &config.api_base_url else { return Ok(None) };
        let http = Client::builder().timeout(TIMEOUT).build().map_err(away)?;
        let (user, password) = match (&config.api_key, &config.api_secret) {
            (Some(key), Some(secret)) => (key, secret),
            _ => (&config.account_sid, &config.auth_token),
        };
        let base_url = base_url.trim_end_matches('/');
        let account = format!("{base_url}/2010-04-01/Accounts/{}", config.account_sid);
        Ok(Some(Self { http, account, user: user.clone(), password: password.clone() }))
    }

    async fn update(&self, call: &CallId, fields: &[(&str, &str)]) -> Result<(), TelephoneError> {
        let request = || self.http.post(format!("{}/Calls/{call}.json", self.account)).form(fields);
        self.send(request).await.map_err(already_over).map(drop)
    }

    /// Sends the request until it is answered, refused or the deadline has passed.
    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, TelephoneError> {
        let tries = ExponentialBuilder::new().with_min_delay(FIRST_WAIT).with_max_times(RETRIES).with_jitter();
        let once = || self.send_once(request());
        let answer = once.retry(tries).when(Failure::may_be_repeated);
        match tokio::time::timeout(DEADLINE, answer).await {
            Ok(answer) => answer.map_err(TelephoneError::from),
            Err(_) => Err(TelephoneError::Away(format!("no answer within {} s", DEADLINE.as_secs()))),
        }
    }

    async fn send_once(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let request = request.basic_auth(&self.user, Some(self.password.expose_secret()));
        let answer = request.send().await.map_err(Failure::NoAnswer)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let problem: Problem = answer.json().await.unwrap_or_default();
        Err(Failure::Refused { status, code: problem.code })
    }

    async fn account_status(&self) -> Result<String, TelephoneError> {
        let answer = self.send(|| self.http.get(format!("{}.json", self.account))).await?;
        let account: Account = answer.json().await.map_err(away)?;
        Ok(account.status.unwrap_or_else(|| "unknown".into()))
    }

    /// For keys that may not read the account: standard keys.
    async fn list_a_call(&self) -> Result<(), TelephoneError> {
        self.send(|| self.http.get(format!("{}/Calls.json?PageSize=1", self.account))).await.map(drop)
    }
}

#[async_trait]
impl Telephone for TwilioRest {
    async fn hang_up(&self, call: &CallId) -> Result<(), TelephoneError> {
        self.update(call, &[("Status", "completed")]).await
    }

    async fn redirect(&self, call: &CallId, url: &str) -> Result<(), TelephoneError> {
        self.update(call, &[("Url", url), ("Method", "POST")]).await
    }

    async fn call(
        &self,
        to: &PhoneNumber,
        from: &PhoneNumber,
        url: &str,
        ring_s: u32,
    ) -> Result<CallId, TelephoneError> {
        let ring = ring_s.to_string();
        let fields = [
            ("To", to.reveal()),
            ("From", from.reveal()),
            ("Url", url),
            ("Method", "POST"),
            ("Timeout", ring.as_str()),
        ];
        // Tried once: a request that was sent and not answered may have rung a telephone already.
        let request = self.http.post(format!("{}/Calls.json", self.account)).form(&fields);
        let answer = self.send_once(request).await?;
        let created: Created = answer.json().await.map_err(away)?;
        CallId::parse(created.sid).map_err(|error| TelephoneError::Away(error.to_string()))
    }

    async fn place(&self, _placement: &Placement) -> Result<CallId, TelephoneError> {
        Err(TelephoneError::Away("unbuilt".into()))
    }

    async fn look(&self, _call: &CallId) -> Result<Option<CallState>, TelephoneError> {
        Err(TelephoneError::Away("unbuilt".into()))
    }

    async fn calls_between(
        &self,
        _from: &PhoneNumber,
        _to: &PhoneNumber,
        _since_ms: u64,
    ) -> Result<Vec<CallState>, TelephoneError> {
        Err(TelephoneError::Away("unbuilt".into()))
    }

    async fn check(&self) -> Result<Health, TelephoneError> {
        let is_key = self.user.starts_with("SK");
        match self.account_status().await {
            Ok(status) if status == "active" => Ok(health("twilio, account active", vec![])),
            Ok(status) => Ok(health("twilio", vec![format!("the account is {status}")])),
            Err(TelephoneError::Refused { status: 401 | 403, .. }) if is_key => {
                self.list_a_call().await.map(|()| health("twilio, standard key", vec![]))
            }
            Err(error) => Err(error),
        }
    }
}

fn health(server: &str, faults: Vec<String>) -> Health {
    Health { server: server.to_owned(), faults }
}

/// Answer to the creation of a call.
#[derive(Deserialize)]
struct Created {
    sid: String,
}

/// Why one try failed.
enum Failure {
    NoAnswer(reqwest::Error),
    Refused { status: StatusCode, code: Option<u32> },
}

impl Failure {
    /// Whether the request certainly did nothing.
    fn may_be_repeated(&self) -> bool {
        match self {
            Self::NoAnswer(error) => error.is_connect(),
            Self::Refused { status, .. } => *status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error(),
        }
    }
}

impl From<Failure> for TelephoneError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoAnswer(error) => away(error),
            Failure::Refused { status, .. } if status.is_server_error() => Self::Away(format!("status {status}")),
            Failure::Refused { status, code } => Self::Refused { code, status: status.as_u16(), advice: String::new() },
        }
    }
}

/// A call that cannot be changed because it is over has what was wanted, or never will.
fn already_over(error: TelephoneError) -> TelephoneError {
    match error {
        TelephoneError::Refused { status: 404, .. } => TelephoneError::AlreadyOver,
        TelephoneError::Refused { code: Some(NOT_FOUND | NOT_IN_PROGRESS), .. } => TelephoneError::AlreadyOver,
        error => error,
    }
}

/// Says why there is no answer. The address holds the account and the call: it is left out.
fn away(error: reqwest::Error) -> TelephoneError {
    let error = error.without_url();
    let why = match &error {
        error if error.is_timeout() => "it did not answer in time".to_owned(),
        error if error.is_connect() => "no connection".to_owned(),
        error => error.to_string(),
    };
    TelephoneError::Away(why)
}

/// Twilio's error body; newer APIs spell it differently and keep `code`.
#[derive(Default, Deserialize)]
struct Problem {
    code: Option<u32>,
}

#[derive(Deserialize)]
struct Account {
    status: Option<String>,
}
