//! The address of the store and its settings, read. Settings have the names the stores' own tools give them
//! (`aws_access_key_id`, ...): <https://docs.rs/object_store/0.14.2/object_store/aws/enum.AmazonS3ConfigKey.html> and its
//! siblings (read 2026-11).

use common::config::Recordings;
use common::ports::vault::VaultError;
use common::private::ExposeSecret;
use object_store::aws::AmazonS3Builder;
use object_store::aws::AmazonS3ConfigKey::DisableBulkDelete;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::ClientConfigKey;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Name;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a connection, and for the answer to one request: 8 MiB at a megabit a second.
const CONNECT: &str = "5 seconds";
const REQUEST: &str = "90 seconds";

/// How often and how long a request is repeated before whoever asked hears of it.
const RETRY: RetryConfig = RetryConfig {
    backoff: BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(5), base: 2. },
    max_retries: 3,
    retry_timeout: Duration::from_secs(60),
};

/// A store, and where in it recordings begin.
pub(super) struct Place {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) prefix: Name,
    /// For people.
    pub(super) shown: String,
}

/// Builders of object stores, which are alike and share no trait.
macro_rules! remote {
    ($builder:expr, $recordings:expr, $bucket:expr) => {{
        let mut builder = $builder.with_url($bucket).with_retry(RETRY).with_client_options(client());
        for (name, value) in &$recordings.options {
            // Names of other stores, and of other tools with the same prefix, are not for this one.
            if let Ok(key) = FromStr::from_str(name) {
                builder = builder.with_config(key, value.expose_secret());
            }
        }
        builder.build().map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
    }};
}

pub(super) fn open(recordings: &Recordings) -> Result<Place, VaultError> {
    let url = recordings.url.as_str();
    let Some((scheme, rest)) = url.split_once("://") else { return folder(Path::new(url)) };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() && scheme != "file" {
        return Err(VaultError::Refused(format!("{url:?} names no bucket")));
    }
    let address = format!("{scheme}://{bucket}");
    let built = match scheme {
        "file" => return folder(Path::new(rest)),
        // One at a time is deleted, and not every store that speaks S3 knows how to delete many.
        "s3" => remote!(AmazonS3Builder::new().with_config(DisableBulkDelete, "true"), recordings, address.as_str()),
        "gs" => remote!(GoogleCloudStorageBuilder::new(), recordings, address.as_str()),
        "az" => remote!(MicrosoftAzureBuilder::new(), recordings, address.as_str()),
        _ => return Err(VaultError::Refused(format!("{scheme}:// is neither s3://, gs:// nor az://"))),
    };
    let store = built.map_err(|error| super::fault::read(&error))?;
    Ok(Place { store, prefix: Name::from(prefix), shown: format!("{address}, an object store") })
}

/// Made when the first recording comes: a role that only reads makes none.
fn folder(path: &Path) -> Result<Place, VaultError> {
    let unusable = |why: &dyn std::fmt::Display| VaultError::Refused(format!("{} is no folder: {why}", path.display()));
    let path = std::path::absolute(path).map_err(|error| unusable(&error))?;
    let prefix = Name::from_absolute_path(&path).map_err(|error| unusable(&error))?;
    let store = LocalFileSystem::new().with_fsync(true);
    Ok(Place { store: Arc::new(store), prefix, shown: format!("folder {}", path.display()) })
}

fn client() -> ClientOptions {
    ClientOptions::new()
        .with_config(ClientConfigKey::ConnectTimeout, CONNECT)
        .with_config(ClientConfigKey::Timeout, REQUEST)
        .with_config(ClientConfigKey::UserAgent, "patchbay")
}
