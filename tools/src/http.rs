//! Runs a tool that is an HTTP request.
//!
//! Before it: [`crate::toolbox`], which plans an [`Exchange`]. After it: the service, through [`crate::guard`]. A request
//! that must not be repeated goes out once; others are tried again while the service cannot be reached. No answer is read
//! further than it may be long.

mod read;
mod request;
mod sign;
mod trouble;

pub(crate) use read::{Kind, MOST_BYTES, as_json, refuse_early};
pub(crate) use request::{Address, address, exchange, key_header, secret_header, service, split, url};
pub(crate) use sign::signature;
pub(crate) use trouble::{Repeat, Trouble};

use crate::answer::{Source, wrapped};
use crate::effects::Effect;
use crate::errors::Problem;
use crate::guard::Guard;
use crate::secrets::Secrets;
use bytes::Bytes;
use common::company::{SecretHeader, SecretRef};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder, Url};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Waits before the second and the third try.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// A request to a service and what is made of its answer.
pub(crate) struct Exchange {
    pub(crate) guard: Guard,
    pub(crate) secrets: Secrets,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) secret: Option<SecretHeader>,
    pub(crate) sign: Option<SecretRef>,
    /// JSON pointers by the name the model gets.
    pub(crate) picks: BTreeMap<String, String>,
    pub(crate) repeat: Repeat,
}

/// Tries a request again while it may be repeated and may do better.
pub(crate) struct Patience {
    repeat: Repeat,
    waits: std::slice::Iter<'static, Duration>,
}

impl Patience {
    pub(crate) fn new(repeat: Repeat) -> Self {
        Self { repeat, waits: WAITS.iter() }
    }

    /// Waits until it may be tried again, or says why not.
    pub(crate) async fn after(&mut self, trouble: Trouble) -> Result<(), Problem> {
        match self.waits.next() {
            Some(wait) if self.repeat == Repeat::Safe && trouble.may_pass() => {
                tokio::time::sleep(*wait).await;
                Ok(())
            }
            _ => Err(trouble.problem(self.repeat)),
        }
    }
}

impl Exchange {
    /// Asks the service. Gives all the model gets.
    pub(crate) async fn run(&self, effect: &mut Option<Effect>) -> Result<Value, Problem> {
        let mut patience = Patience::new(self.repeat);
        loop {
            match self.once(effect).await {
                Ok(answer) => return self.picked(answer),
                Err(trouble) => patience.after(trouble).await?,
            }
        }
    }

    async fn once(&self, effect: &mut Option<Effect>) -> Result<Value, Trouble> {
        let request = self.request()?;
        if let Some(effect) = effect {
            effect.goes_out();
        }
        let answer = request.send().await.map_err(|error| Trouble::from(&error))?;
        let status = answer.status();
        if status.is_success() {
            as_json(answer).await
        } else {
            Err(Trouble::Status(status, as_json(answer).await.ok()))
        }
    }

    fn request(&self) -> Result<RequestBuilder, Trouble> {
        let client = self.guard.client(&self.url)?;
        let mut request = client.request(self.method.clone(), self.url.clone()).headers(self.headers.clone());
        if let Some(secret) = &self.secret {
            let (name, value) = secret_header(secret, &self.secrets)?;
            request = request.header(name, value);
        }
        if let Some(secret) = &self.sign {
            let signature = sign::signature(&self.secrets.find(secret)?, self.body.as_deref().unwrap_or_default());
            request = request.header(sign::HEADER, signature);
        }
        if let Some(body) = &self.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        Ok(request)
    }

    /// The request as a person may see it: no secrets.
    pub(crate) fn shown(&self) -> Value {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .chain(self.secret.iter().map(|secret| (secret.name.clone(), format!("{}***", secret.prefix).into())))
            .collect();
        let body: Option<Value> = self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        json!({"method": self.method.as_str(), "url": self.url.as_str(), "headers": headers, "body": body})
    }

    fn picked(&self, value: Value) -> Result<Value, Problem> {
        if self.picks.is_empty() {
            return Ok(wrapped(value, Source::Outside));
        }
        let pick = |(name, pointer): (&String, &String)| Some((name.clone(), value.pointer(pointer)?.clone()));
        let picked: Map<String, Value> = self.picks.iter().filter_map(pick).collect();
        if picked.is_empty() {
            return Err(Trouble::Unusable("none of the fields asked for").problem(self.repeat));
        }
        Ok(wrapped(Value::Object(picked), Source::Outside))
    }
}
