//! The directory in Sqlite.

use super::Sqlite;
use async_trait::async_trait;
use common::company::Company;
use common::ids::{AgentId, CallId, CompanyId};
use common::ports::{
    AgentVersion, Audited, Configuration, DbError, Directory, Record, Stored, Ticket, ToolRun, Transfer,
};

#[async_trait]
impl Directory for Sqlite {
    async fn revision(&self) -> Result<u64, DbError> {
        Ok(0)
    }
    async fn configuration(&self) -> Result<Configuration, DbError> {
        Ok(Configuration::default())
    }
    async fn apply(&self, _company: &Company, _actor: &str) -> Result<u64, DbError> {
        Err(DbError::Away("not built yet".into()))
    }
    async fn versions(&self, _company: &CompanyId) -> Result<Vec<AgentVersion>, DbError> {
        Ok(Vec::new())
    }
    async fn forget_version(&self, _company: &CompanyId, _agent: &AgentId, _version: &str) -> Result<(), DbError> {
        Ok(())
    }
    async fn store(&self, _records: &[Record]) -> Result<Stored, DbError> {
        Err(DbError::Away("not built yet".into()))
    }
    async fn record_of(&self, _company: &CompanyId, _kind: &str, _key: &str) -> Result<Option<Record>, DbError> {
        Ok(None)
    }
    async fn search(
        &self,
        _company: &CompanyId,
        _kind: &str,
        _words: &str,
        _most: u32,
    ) -> Result<Vec<Record>, DbError> {
        Ok(Vec::new())
    }
    async fn records(&self, _company: &CompanyId, _kind: &str) -> Result<Vec<Record>, DbError> {
        Ok(Vec::new())
    }
    async fn record_kinds(&self, _company: &CompanyId) -> Result<Vec<String>, DbError> {
        Ok(Vec::new())
    }
    async fn tickets(&self, _call: &CallId) -> Result<Vec<Ticket>, DbError> {
        Ok(Vec::new())
    }
    async fn transfers(&self, _call: &CallId) -> Result<Vec<Transfer>, DbError> {
        Ok(Vec::new())
    }
    async fn tool_runs(&self, _call: &CallId) -> Result<Vec<ToolRun>, DbError> {
        Ok(Vec::new())
    }
    async fn audit(&self, _company: &CompanyId, _most: u32) -> Result<Vec<Audited>, DbError> {
        Ok(Vec::new())
    }
}
