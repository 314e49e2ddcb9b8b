//! Telephones that ring: who was called, and what they would hear.

use async_trait::async_trait;
use common::ids::CallId;
use common::ports::telephone::{CallState, Placement};
use common::ports::{Health, Telephone, TelephoneError};
use common::private::PhoneNumber;
use std::sync::{Arc, Mutex};

/// Remembers who was called.
#[derive(Clone, Default)]
pub(crate) struct Telephones(Arc<Mutex<Vec<Rung>>>, Arc<Mutex<Vec<String>>>);

/// Somebody's telephone rang.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) url: String,
}

impl Telephones {
    /// Who was called, in order of their numbers.
    pub(crate) fn rung(&self) -> Vec<Rung> {
        let mut rung = self.0.lock().unwrap().clone();
        rung.sort_by(|a, b| a.to.cmp(&b.to));
        rung
    }

    /// What calls under way were told: `hang up`, or where to go.
    pub(crate) fn told(&self) -> Vec<String> {
        self.1.lock().unwrap().clone()
    }
}

#[async_trait]
impl Telephone for Telephones {
    async fn hang_up(&self, _call: &CallId) -> Result<(), TelephoneError> {
        self.1.lock().unwrap().push("hang up".into());
        Ok(())
    }

    async fn redirect(&self, _call: &CallId, url: &str) -> Result<(), TelephoneError> {
        self.1.lock().unwrap().push(url.into());
        Ok(())
    }

    async fn call(&self, to: &PhoneNumber, from: &PhoneNumber, url: &str, _: u32) -> Result<CallId, TelephoneError> {
        let rung = Rung { to: to.reveal().into(), from: from.reveal().into(), url: url.into() };
        self.0.lock().unwrap().push(rung);
        Ok(super::call(900))
    }

    async fn place(&self, placement: &Placement) -> Result<CallId, TelephoneError> {
        self.call(&placement.to, &placement.from, &placement.url, placement.ring_s).await
    }

    async fn look(&self, _call: &CallId) -> Result<Option<CallState>, TelephoneError> {
        Ok(None)
    }

    async fn calls_between(
        &self,
        _from: &PhoneNumber,
        _to: &PhoneNumber,
        _since_ms: u64,
    ) -> Result<Vec<CallState>, TelephoneError> {
        Ok(Vec::new())
    }

    async fn check(&self) -> Result<Health, TelephoneError> {
        Ok(Health { server: "telephones".into(), faults: Vec::new() })
    }
}
