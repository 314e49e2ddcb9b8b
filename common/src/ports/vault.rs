//! Where recordings are kept. Adapters: a folder, S3, Google Cloud Storage, Azure (`object_store`).
//!
//! Names are relative paths of lower-case letters, digits, `-`, `_`, `.` and `/`. Putting a name again replaces it whole;
//! nobody ever reads half of one.

use super::Health;
use async_trait::async_trait;
use bytes::Bytes;
use std::path::Path;

/// Why the store of recordings could not be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It does not answer, or is full: the same again later.
    #[error("the store of recordings is away: {0}")]
    Away(String),
    /// It refuses: wrong address, no rights.
    #[error("the store of recordings refuses: {0}")]
    Refused(String),
}

/// Where recordings are kept.
#[async_trait]
pub trait Vault: Send + Sync + 'static {
    /// Whether it can be written and read: for `doctor` and readiness.
    async fn check(&self) -> Result<Health, VaultError>;
    /// Puts a file there under this name; gives how large it is.
    async fn put_file(&self, name: &str, file: &Path) -> Result<u64, VaultError>;
    /// Puts these bytes there under this name.
    async fn put(&self, name: &str, content: Bytes) -> Result<(), VaultError>;
    /// What stands under this name; `None` for nothing.
    async fn get(&self, name: &str) -> Result<Option<Bytes>, VaultError>;
    /// Deletes what stands under this name; nothing is deleted already.
    async fn delete(&self, name: &str) -> Result<(), VaultError>;
}
