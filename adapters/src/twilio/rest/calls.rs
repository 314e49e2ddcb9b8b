//! Call control: <https://www.twilio.com/docs/voice/api/call-resource> (read 2026-11).
//!
//! There is no idempotency key for calls: one that may have been placed is looked for with
//! [`Telephone::calls_between`] before it is placed again.

use super::failure::already_over;
use super::fields::{digits, since_1970_ms, text};
use super::{TwilioRest, away};
use async_trait::async_trait;
use common::event::Direction;
use common::ids::CallId;
use common::ports::telephone::{CallState, Placement};
use common::ports::{Health, Telephone, TelephoneError};
use common::private::PhoneNumber;
use serde::Deserialize;

/// Calls between two people asked for at once; two telephones seldom have more in a day.
const PAGE: &str = "100";
/// Pages of calls that are read. More only delay whoever waits to know whether a call was placed a moment ago.
const PAGES: usize = 3;

/// What we are told of a call that we place.
const TOLD: [&str; 4] = ["initiated", "ringing", "answered", "completed"];

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
        let (to, from) = (to.reveal(), from.reveal());
        self.create_call(&[("To", to), ("From", from), ("Url", url), ("Method", "POST"), ("Timeout", &ring)]).await
    }

    async fn place(&self, placement: &Placement) -> Result<CallId, TelephoneError> {
        let (ring, most) = (placement.ring_s.to_string(), placement.most_s.to_string());
        let mut fields = vec![
            ("To", placement.to.reveal()),
            ("From", placement.from.reveal()),
            ("Url", placement.url.as_str()),
            ("Method", "POST"),
            ("StatusCallback", &placement.status_url),
            ("StatusCallbackMethod", "POST"),
            ("Timeout", &ring),
            ("TimeLimit", &most),
        ];
        // Each a field of its own: a list in one field is taken, and nothing is ever told (error 21626).
        fields.extend(TOLD.map(|event| ("StatusCallbackEvent", event)));
        if let Some(url) = &placement.answered_by_url {
            fields.extend([
                ("MachineDetection", "DetectMessageEnd"),
                ("AsyncAmd", "true"),
                ("AsyncAmdStatusCallback", url.as_str()),
                ("AsyncAmdStatusCallbackMethod", "POST"),
            ]);
        }
        self.create_call(&fields).await
    }

    async fn look(&self, call: &CallId) -> Result<Option<CallState>, TelephoneError> {
        match self.read::<Call>(&self.at(&format!("Calls/{call}.json"))).await {
            Ok(found) => found.state().map(Some),
            Err(TelephoneError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn calls_between(
        &self,
        from: &PhoneNumber,
        to: &PhoneNumber,
        since_ms: u64,
    ) -> Result<Vec<CallState>, TelephoneError> {
        // Twilio's own filter by time goes by the start of a call, to the day. A call that waits in its queue has no
        // start, and must be found too: the time is compared here.
        let query = [("To", to.reveal()), ("From", from.reveal()), ("PageSize", PAGE)];
        let calls: Vec<Call> = self.list(self.at_with("Calls.json", &query)?, PAGES).await?;
        let states: Result<Vec<CallState>, TelephoneError> = calls.into_iter().map(Call::state).collect();
        let is_recent = |call: &CallState| call.created_ms == 0 || call.created_ms >= since_ms;
        Ok(states?.into_iter().filter(is_recent).collect())
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

impl TwilioRest {
    async fn update(&self, call: &CallId, fields: &[(&str, &str)]) -> Result<(), TelephoneError> {
        self.set(&self.at(&format!("Calls/{call}.json")), fields).await.map_err(already_over)
    }

    async fn create_call(&self, fields: &[(&str, &str)]) -> Result<CallId, TelephoneError> {
        let created: Created = self.create(&self.at("Calls.json"), fields).await?;
        CallId::parse(created.sid).map_err(|_| TelephoneError::Unknown("its answer names no call".to_owned()))
    }

    async fn account_status(&self) -> Result<String, TelephoneError> {
        let account: Account = self.read(&format!("{}.json", self.account)).await?;
        Ok(account.status.unwrap_or_else(|| "unknown".into()))
    }

    /// For keys that may not read the account: standard keys.
    async fn list_a_call(&self) -> Result<(), TelephoneError> {
        self.read::<serde_json::Value>(&self.at("Calls.json?PageSize=1")).await.map(drop)
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

#[derive(Deserialize)]
struct Account {
    status: Option<String>,
}

/// A call as Twilio describes it.
#[derive(Deserialize)]
struct Call {
    sid: String,
    status: String,
    #[serde(default, deserialize_with = "text")]
    direction: String,
    #[serde(default, deserialize_with = "text")]
    to: String,
    #[serde(default, deserialize_with = "text")]
    from: String,
    #[serde(default, deserialize_with = "text")]
    date_created: String,
    #[serde(default, deserialize_with = "digits")]
    duration: Option<u64>,
    #[serde(default)]
    answered_by: Option<String>,
}

impl Call {
    fn state(self) -> Result<CallState, TelephoneError> {
        let call = CallId::parse(self.sid).map_err(|_| away("its answer names no call"))?;
        let direction = if self.direction == "inbound" { Direction::Inbound } else { Direction::Outbound };
        Ok(CallState {
            call,
            status: self.status,
            direction,
            to: PhoneNumber::new(&self.to),
            from: PhoneNumber::new(&self.from),
            created_ms: since_1970_ms(&self.date_created),
            duration_s: self.duration,
            answered_by: self.answered_by,
        })
    }
}
