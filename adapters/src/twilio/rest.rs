//! Twilio's REST API for one account: <https://www.twilio.com/docs/usage/api> (read 2026-11).
//!
//! Before it: the worker and the gateway, when a call is to end or to go elsewhere; the dialer, when one is to be placed;
//! tools that send messages; whatever keeps recordings; the commands about numbers. After it: Twilio, or a stand-in at
//! `TWILIO_API_BASE_URL`.
//!
//! Each port is a file: [`calls`], [`messages`], [`recordings`], [`numbers`]. They share `exchange`, which decides what
//! is tried again, and `failure`, which decides what a try that failed means. Nothing here follows a redirect with our
//! credentials, logs, or puts a number, a body or an address into an error.

mod calls;
mod exchange;
mod failure;
mod fields;
mod media;
mod messages;
mod numbers;
mod pages;
mod recordings;

use common::config::Twilio;
use common::ports::TelephoneError;
use common::private::SecretString;
use reqwest::{Client, Url, redirect};
use std::time::Duration;

/// To be connected. Higher leaves a caller on a dead line while a name server or a route is broken; lower gives up on a
/// slow handshake.
const CONNECT: Duration = Duration::from_secs(1);

/// How long one try may take, from connecting to the last byte.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// Hang-up, redirect, settings. Twilio answers in some hundred milliseconds; higher leaves a caller on a dead line,
    /// lower gives up on a slow day.
    setting: Duration,
    /// Looks and lists. Higher exceeds what `doctor` waits for; lower gives up on long lists.
    reading: Duration,
    /// Calls, messages and recordings to be created. Higher holds up a dialer; lower makes more of them uncertain, and
    /// each that is must be looked for.
    creating: Duration,
    /// The sound of a recording: an hour of two channels is 115 MB.
    sound: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            setting: Duration::from_secs(2),
            reading: Duration::from_secs(4),
            creating: Duration::from_secs(10),
            sound: Duration::from_secs(120),
        }
    }
}

/// Twilio's REST API for one account.
#[derive(Debug)]
pub struct TwilioRest {
    http: Client,
    /// `https://api.twilio.com`, where every request goes.
    base: Url,
    /// `https://api.twilio.com/2010-04-01/Accounts/AC…`
    account: String,
    user: String,
    password: SecretString,
    patience: Patience,
}

impl TwilioRest {
    /// From the configuration; `None` where it has no address for call control. A TLS provider must be installed.
    pub fn new(config: &Twilio) -> Result<Option<Self>, TelephoneError> {
        let Some(base_url) = &config.api_base_url else { return Ok(None) };
        let base_url = base_url.trim_end_matches('/');
        let base = Url::parse(base_url).map_err(|_| away("TWILIO_API_BASE_URL is no address"))?;
        let client = Client::builder().connect_timeout(CONNECT).redirect(redirect::Policy::none());
        let http = client.build().map_err(|error| away(&error.to_string()))?;
        let (user, password) = match (&config.api_key, &config.api_secret) {
            (Some(key), Some(secret)) => (key, secret),
            _ => (&config.account_sid, &config.auth_token),
        };
        let account = format!("{base_url}/2010-04-01/Accounts/{}", config.account_sid);
        let (user, password) = (user.clone(), password.clone());
        Ok(Some(Self { http, base, account, user, password, patience: Patience::default() }))
    }

    /// With no try longer than this: for tests of servers that never answer.
    pub fn within(self, most: Duration) -> Self {
        let Patience { setting, reading, creating, sound } = self.patience;
        let patience = Patience {
            setting: setting.min(most),
            reading: reading.min(most),
            creating: creating.min(most),
            sound: sound.min(most),
        };
        Self { patience, ..self }
    }

    /// The address of something of this account.
    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.account)
    }

    /// The address of a list of this account with what it is asked for.
    fn at_with(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, TelephoneError> {
        Url::parse_with_params(&self.at(path), query).map_err(|_| away("the account's address cannot be made"))
    }

    /// Whether our credentials may be shown there.
    fn is_ours(&self, address: &Url) -> bool {
        address.origin() == self.base.origin()
    }
}

fn away(why: &str) -> TelephoneError {
    TelephoneError::Away(why.to_owned())
}
