//! Records in memory: what tools look things up in, or a database that is away.

use async_trait::async_trait;
use common::company::Company;
use common::ids::{AgentId, CallId, CompanyId};
use common::ports::DbError;
use common::ports::directory::{
    AgentVersion, Audited, Configuration, Directory, Record, Stored, Ticket, ToolRun, Transfer,
};
use std::sync::Mutex;

/// How the database is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Health {
    #[default]
    Well,
    Away,
    Hanging,
}

/// Records in memory.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) records: Mutex<Vec<Record>>,
    pub(crate) health: Mutex<Health>,
}

impl Shelf {
    async fn ask<T>(&self, answer: impl FnOnce(&[Record]) -> T) -> Result<T, DbError> {
        let health = *self.health.lock().unwrap();
        match health {
            Health::Well => Ok(answer(&self.records.lock().unwrap())),
            Health::Away => Err(DbError::Away("pulled out".into())),
            Health::Hanging => std::future::pending().await,
        }
    }
}

fn spelt(key: &str) -> String {
    key.split_whitespace().collect::<String>().to_lowercase()
}

#[async_trait]
impl Directory for Shelf {
    async fn record_of(&self, _: &CompanyId, kind: &str, key: &str) -> Result<Option<Record>, DbError> {
        let is_it = |record: &&Record| record.kind == kind && spelt(&record.key) == spelt(key);
        self.ask(|records| records.iter().find(is_it).cloned()).await
    }

    async fn search(&self, _: &CompanyId, kind: &str, words: &str, most: u32) -> Result<Vec<Record>, DbError> {
        let holds = |record: &&Record| {
            let body = record.body.to_string().to_lowercase();
            record.kind == kind && words.to_lowercase().split_whitespace().any(|word| body.contains(word))
        };
        self.ask(|records| records.iter().filter(holds).take(most as usize).cloned().collect()).await
    }

    async fn revision(&self) -> Result<u64, DbError> {
        unreachable!("tools only look records up")
    }
    async fn configuration(&self) -> Result<Configuration, DbError> {
        unreachable!("tools only look records up")
    }
    async fn apply(&self, _: &Company, _: &str) -> Result<u64, DbError> {
        unreachable!("tools only look records up")
    }
    async fn versions(&self, _: &CompanyId) -> Result<Vec<AgentVersion>, DbError> {
        unreachable!("tools only look records up")
    }
    async fn forget_version(&self, _: &CompanyId, _: &AgentId, _: &str) -> Result<(), DbError> {
        unreachable!("tools only look records up")
    }
    async fn store(&self, _: &[Record]) -> Result<Stored, DbError> {
        unreachable!("tools only look records up")
    }
    async fn records(&self, _: &CompanyId, _: &str) -> Result<Vec<Record>, DbError> {
        unreachable!("tools only look records up")
    }
    async fn record_kinds(&self, _: &CompanyId) -> Result<Vec<String>, DbError> {
        unreachable!("tools only look records up")
    }
    async fn tickets(&self, _: &CallId) -> Result<Vec<Ticket>, DbError> {
        unreachable!("tools only look records up")
    }
    async fn transfers(&self, _: &CallId) -> Result<Vec<Transfer>, DbError> {
        unreachable!("tools only look records up")
    }
    async fn tool_runs(&self, _: &CallId) -> Result<Vec<ToolRun>, DbError> {
        unreachable!("tools only look records up")
    }
    async fn audit(&self, _: &CompanyId, _: u32) -> Result<Vec<Audited>, DbError> {
        unreachable!("tools only look records up")
    }
}
