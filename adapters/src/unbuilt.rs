//! Stands in until the adapter beside it is there.

use async_trait::async_trait;
use bytes::Bytes;
use common::cdr::Cdr;
use common::ids::*;
use common::ports::aftercare::*;
use common::ports::outbound::*;
use common::ports::vault::*;
use common::ports::{DbError, Health};
use common::private::PhoneNumber;
use common::summary::Summary;
use std::path::Path;
use std::time::Duration;

/// Stands in.
pub struct Unbuilt;

#[async_trait]
impl Outbound for Unbuilt {
    async fn begin_batch(&self, _batch: &Batch, _rows: &[BatchRow]) -> Result<Begun, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn batch(&self, _id: &BatchId) -> Result<Option<Batch>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn batches(&self, _company: Option<&CompanyId>, _most: u32) -> Result<Vec<Batch>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn live_batches(&self) -> Result<Vec<Batch>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn progress(&self, _id: &BatchId) -> Result<Progress, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn rows(&self, _id: &BatchId, _from_row: u32, _most: u32) -> Result<Vec<RowState>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn set_status(&self, _id: &BatchId, _status: BatchStatus) -> Result<Option<BatchStatus>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn lead(&self, _who: &str, _for_time: Duration) -> Result<bool, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn resign(&self, _who: &str) -> Result<(), DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn claim(&self, _id: &BatchId, _now_ms: u64, _most: u32) -> Result<Vec<(AttemptId, BatchRow)>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn unclaim(&self, _attempt: &AttemptId, _due_ms: u64) -> Result<(), DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn placed(&self, _attempt: &AttemptId, _call: &CallId) -> Result<(), DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn under_way(&self, _id: &BatchId) -> Result<Vec<UnderWay>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn calls_of(&self, _attempts: &[AttemptId]) -> Result<Vec<(AttemptId, Cdr)>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn settle(&self, _attempt: &AttemptId, _settled: &Settled) -> Result<bool, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn row_of(&self, _attempt: &AttemptId) -> Result<Option<(Batch, BatchRow)>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn opt_out(&self, _company: &CompanyId, _numbers: &[PhoneNumber], _source: &str) -> Result<u64, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn opt_in(&self, _company: &CompanyId, _numbers: &[PhoneNumber]) -> Result<u64, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
    async fn opted_out(&self, _company: &CompanyId, _numbers: &[PhoneNumber]) -> Result<Vec<PhoneNumber>, DbError> {
        Err(DbError::Away("unbuilt".into()))
    }
}

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
