//! Where recordings are kept: the port [`common::ports::vault`], over a folder, S3, Google Cloud Storage or Azure.
//!
//! Before it: the worker, which puts recordings there, and whoever hears or deletes them. After it: `object_store`, which
//! speaks each store's protocol and puts a whole object or none, also into a folder. [`place`] reads the address,
//! [`fault`] the errors. It never lists, and never retries for longer than a minute: whoever has a file waits with it.

mod fault;
mod place;

use async_trait::async_trait;
use bytes::Bytes;
use common::config::Recordings;
use common::ports::Health;
use common::ports::vault::{Vault, VaultError};
use object_store::path::Path as Name;
use object_store::{Error, ObjectStore, ObjectStoreExt, WriteMultipart};
use place::Place;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Files up to this size are put in one request; S3 takes no smaller parts than 5 MiB. Eight minutes of a call. Higher
/// holds more of each file in memory, lower makes three requests of one.
const ONE_REQUEST: u64 = 8 << 20;

/// Size of the parts of larger files, and how many are under way at once.
const PART: usize = 8 << 20;
const PARTS: usize = 2;

/// Longest a file may take in all: an hour's call at a megabit a second. What takes longer is begun again later.
const WHOLE_FILE: Duration = Duration::from_secs(600);

/// Written, read and deleted again by [`Vault::check`].
const PROBE: &str = "patchbay-check";

/// Where recordings are kept. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    store: Arc<dyn ObjectStore>,
    prefix: Name,
    shown: String,
}

impl Store {
    /// Opens the store that the configuration names; nothing is asked of it yet.
    pub fn open(recordings: &Recordings) -> Result<Self, VaultError> {
        let Place { store, prefix, shown } = place::open(recordings)?;
        Ok(Self { store, prefix, shown })
    }

    fn name(&self, name: &str) -> Result<Name, VaultError> {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_./".contains(&b);
        let part = |part: &str| !part.is_empty() && part.bytes().any(|b| b != b'.');
        if !name.bytes().all(letter) || !name.split('/').all(part) {
            return Err(VaultError::Refused("its name is not one of ours".into()));
        }
        Ok(self.prefix.parts().chain(Name::from(name).parts()).collect())
    }

    async fn put_whole(&self, name: &Name, content: Bytes) -> Result<(), VaultError> {
        self.store.put(name, content.into()).await.map(drop).map_err(|error| fault::read(&error))
    }

    async fn put_parts(&self, name: &Name, mut file: File) -> Result<(), VaultError> {
        let upload = self.store.put_multipart(name).await.map_err(|error| fault::read(&error))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        loop {
            let (returned, part) = blocking(move || next_part(file)).await?;
            file = returned;
            if part.is_empty() {
                return upload.finish().await.map(drop).map_err(|error| fault::read(&error));
            }
            if let Err(error) = upload.wait_for_capacity(PARTS).await {
                // The parts that are there cost until they are given up; the error that matters is the first.
                let _ = upload.abort().await;
                return Err(fault::read(&error));
            }
            upload.put(part);
        }
    }

    async fn put_opened(&self, name: &Name, file: File, size: u64) -> Result<(), VaultError> {
        if size > ONE_REQUEST {
            return self.put_parts(name, file).await;
        }
        let (_, content) = blocking(move || next_part(file)).await?;
        self.put_whole(name, content).await
    }
}

#[async_trait]
impl Vault for Store {
    async fn check(&self) -> Result<Health, VaultError> {
        self.put(PROBE, Bytes::from_static(b"patchbay")).await?;
        let back = self.get(PROBE).await?;
        self.delete(PROBE).await?;
        let faults = match back.as_deref() {
            Some(b"patchbay") => Vec::new(),
            Some(_) | None => vec!["what is put there cannot be read back".into()],
        };
        Ok(Health { server: self.shown.clone(), faults })
    }

    async fn put_file(&self, name: &str, file: &Path) -> Result<u64, VaultError> {
        let (name, path) = (self.name(name)?, file.to_owned());
        let (file, size) = blocking(move || {
            let file = File::open(path)?;
            let size = file.metadata()?.len();
            Ok((file, size))
        })
        .await?;
        match tokio::time::timeout(WHOLE_FILE, self.put_opened(&name, file, size)).await {
            Ok(put) => put.map(|()| size),
            Err(_) => Err(VaultError::Away("it takes too long".into())),
        }
    }

    async fn put(&self, name: &str, content: Bytes) -> Result<(), VaultError> {
        self.put_whole(&self.name(name)?, content).await
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>, VaultError> {
        let found = match self.store.get(&self.name(name)?).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        match found {
            Ok(content) => Ok(Some(content)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(fault::read(&error)),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), VaultError> {
        match self.store.delete(&self.name(name)?).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(fault::read(&error)),
        }
    }
}

/// Up to [`PART`] bytes more of the file; none at its end.
fn next_part(mut file: File) -> io::Result<(File, Bytes)> {
    let mut part = Vec::new();
    file.by_ref().take(PART as u64).read_to_end(&mut part)?;
    Ok((file, Bytes::from(part)))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, VaultError> {
    let unreadable = |error: &dyn std::fmt::Display| VaultError::Refused(format!("the file cannot be read: {error}"));
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| unreadable(&error)),
        Err(error) => Err(unreadable(&error)),
    }
}
