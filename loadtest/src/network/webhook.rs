//! How the network asks the application: signed requests with Twilio's patience.
//!
//! `phone/call.rs` says what to ask; the answer goes back unread, but for its size and its content type. Knows
//! nothing of calls and TwiML.
//!
//! Timeouts, retries: <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides> (read 2026-11).

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::Url;
use tokio::time::Instant;

use super::calls::Method;
use super::signature::{sign, signed_form};
use super::{Network, address};

/// Time for the connection, before the one retry.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for the answer, all in all. More would make slow answers pass here that fail in the field.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);

/// Decoded form parameters, in the order they are sent.
pub(crate) type Params = Vec<(String, String)>;

/// How a request is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Signing {
    #[default]
    Right,
    Forged,
    Missing,
}

/// One question to the application.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) url: String,
    pub(crate) method: Method,
    pub(crate) params: Params,
    /// The same for all deliveries of one question.
    pub(crate) idempotency_token: String,
    pub(crate) signing: Signing,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
    pub(crate) took: Duration,
    /// The application answered with a redirect, which loses the form.
    pub(crate) was_redirected: bool,
}

/// Nothing came back: Twilio's error number and why.
#[derive(Clone, Debug)]
pub(crate) struct NoAnswer {
    pub(crate) code: u32,
    pub(crate) text: String,
}

/// The HTTP client every call of a network shares.
pub(crate) fn client() -> anyhow::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .tcp_nodelay(true)
        .no_proxy()
        .build()?;
    Ok(client)
}

impl Network {
    /// Asks once, and once more if no connection was made: the next behind the same address, where there is one.
    pub(crate) async fn ask(&self, question: &Question) -> Result<Answer, NoAnswer> {
        let (public, body) = spell(question);
        let ways = address::ways(self.routes(), &public, self.next_turn());
        let again = ways.get(1).unwrap_or(&ways[0]);
        match self.ask_once(question, &public, &ways[0], &body).await {
            Err(error) if error.is_connect() => self.ask_once(question, &public, again, &body).await,
            other => other,
        }
        .map_err(|error| NoAnswer { code: code_of(&error), text: describe(error) })
    }

    /// Gets a sound file: a plain request, without the call's parameters and unsigned.
    pub(crate) async fn get_sound(&self, url: &str) -> Result<Answer, NoAnswer> {
        let began = Instant::now();
        let got = async {
            let request = self.client().get(address::actual(self.routes(), url)).header(USER_AGENT, "TwilioProxy/1.1");
            let response = request.send().await?;
            let status = response.status().as_u16();
            let content_type = content_type(&response);
            let body = response.bytes().await?;
            Ok(Answer { status, content_type, body, took: began.elapsed(), was_redirected: false })
        };
        got.await.map_err(|error| NoAnswer { code: code_of(&error), text: describe(error) })
    }

    async fn ask_once(
        &self,
        question: &Question,
        public: &str,
        actual: &str,
        body: &str,
    ) -> Result<Answer, reqwest::Error> {
        let began = Instant::now();
        let mut request = match question.method {
            Method::Get => self.client().get(actual),
            Method::Post => self.client().post(actual).body(body.to_owned()),
        };
        request = request
            .header(USER_AGENT, "TwilioProxy/1.1")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8")
            .header("I-Twilio-Idempotency-Token", &question.idempotency_token);
        let signed: &[_] = if question.method == Method::Post { &question.params } else { &[] };
        let token = match question.signing {
            Signing::Right => Some(self.auth_token()),
            Signing::Forged => Some("not-the-token-of-this-account"),
            Signing::Missing => None,
        };
        if let Some(token) = token {
            request = request.header("X-Twilio-Signature", sign(token, &signed_form(public), signed));
        }
        let response = request.send().await?;
        let was_redirected = Url::parse(actual).is_ok_and(|asked| asked != *response.url());
        let status = response.status().as_u16();
        let content_type = content_type(&response);
        let body = response.bytes().await?;
        Ok(Answer { status, content_type, body, took: began.elapsed(), was_redirected })
    }
}

/// The public address, and the form for its body.
fn spell(question: &Question) -> (String, String) {
    let bare = question.url.split('#').next().unwrap_or_default();
    let mut form = Url::parse("form://f").expect("a constant address");
    form.query_pairs_mut().extend_pairs(&question.params);
    let form = form.query().unwrap_or_default().to_owned();
    match question.method {
        Method::Post => (bare.to_owned(), form),
        Method::Get if question.params.is_empty() => (bare.to_owned(), String::new()),
        Method::Get => (format!("{bare}{}{form}", if bare.contains('?') { '&' } else { '?' }), String::new()),
    }
}

fn content_type(response: &reqwest::Response) -> String {
    let given = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    given.unwrap_or_default().to_owned()
}

fn code_of(error: &reqwest::Error) -> u32 {
    match () {
        () if error.is_builder() => 11100,
        () if error.is_connect() => 11205,
        () => 11200,
    }
}

/// The chain of causes, without the address: it holds tokens and numbers.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
