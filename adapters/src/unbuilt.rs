//! Stands in until the adapter beside it is there.

use async_trait::async_trait;
use bytes::Bytes;
use common::ids::*;
use common::ports::aftercare::*;
use common::ports::vault::*;
use common::ports::{DbError, Health};
use common::summary::Summary;
use std::path::Path;
use std::time::Duration;

/// Stands in.
pub struct Unbuilt;

#[async_trait]
impl Aftercare for Unbuilt {
    async fn to_look_after(&self, _settled: Duration, _most: u32) -> Result<Vec<CallId>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn look_after(&self, _call: &CallId, _jobs: &[Job]) -> Result<(), DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn add_jobs(&self, _jobs: &[Job]) -> Result<u64, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn take_jobs(&self, _hold: Duration, _most: u32) -> Result<Vec<Job>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn job_done(&self, _key: &str) -> Result<(), DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn job_failed(&self, _key: &str, _why: &str, _again_ms: Option<u64>) -> Result<(), DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn dead_jobs(&self, _most: u32) -> Result<Vec<Job>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn revive_jobs(&self, _key: Option<&str>) -> Result<u64, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn jobs(&self) -> Result<(u64, u64), DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn store_summary(&self, _summary: &Summary) -> Result<(), DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn summary(&self, _call: &CallId) -> Result<Option<Summary>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn messages(&self, _call: &CallId) -> Result<Vec<StoredMessage>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn recordings(&self, _call: &CallId) -> Result<Vec<StoredRecording>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn recordings_before(
        &self,
        _company: &CompanyId,
        _before_ms: u64,
        _most: u32,
    ) -> Result<Vec<StoredRecording>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
}

#[async_trait]
impl Vault for Unbuilt {
    async fn check(&self) -> Result<Health, VaultError> {
        Err(VaultError::Away("unbuilt".into()))
    }
    async fn put_file(&self, _name: &str, _file: &Path) -> Result<u64, VaultError> {
        Err(VaultError::Away("unbuilt".into()))
    }
    async fn put(&self, _name: &str, _content: Bytes) -> Result<(), VaultError> {
        Err(VaultError::Away("unbuilt".into()))
    }
    async fn get(&self, _name: &str) -> Result<Option<Bytes>, VaultError> {
        Err(VaultError::Away("unbuilt".into()))
    }
    async fn delete(&self, _name: &str) -> Result<(), VaultError> {
        Err(VaultError::Away("unbuilt".into()))
    }
}
