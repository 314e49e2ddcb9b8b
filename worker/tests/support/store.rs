//! A store of recordings, a folder, that can be away.

use adapters::vault::Store as Folder;
use async_trait::async_trait;
use bytes::Bytes;
use common::config::Config;
use common::ports::{Health, Vault, VaultError};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

pub(crate) struct Store {
    folder: Folder,
    away: AtomicBool,
    asked: AtomicU32,
}

impl Store {
    pub(crate) fn open(config: &Config) -> Self {
        let folder = Folder::open(&config.recordings).unwrap();
        Self { folder, away: AtomicBool::new(false), asked: AtomicU32::new(0) }
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// How often it was asked in vain.
    pub(crate) fn asked_in_vain(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    fn here(&self) -> Result<(), VaultError> {
        if self.away.load(Ordering::SeqCst) {
            self.asked.fetch_add(1, Ordering::SeqCst);
            return Err(VaultError::Away("as a test wants it".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Vault for Store {
    async fn check(&self) -> Result<Health, VaultError> {
        self.here()?;
        self.folder.check().await
    }

    async fn put_file(&self, name: &str, file: &Path) -> Result<u64, VaultError> {
        self.here()?;
        self.folder.put_file(name, file).await
    }

    async fn put(&self, name: &str, content: Bytes) -> Result<(), VaultError> {
        self.here()?;
        self.folder.put(name, content).await
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>, VaultError> {
        self.here()?;
        self.folder.get(name).await
    }

    async fn delete(&self, name: &str) -> Result<(), VaultError> {
        self.here()?;
        self.folder.delete(name).await
    }
}
