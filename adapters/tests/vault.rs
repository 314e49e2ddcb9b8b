//! The store of recordings: one suite over a folder and over an object store's wire, and what only one of them can do.

#![allow(clippy::unwrap_used, missing_docs, reason = "these are tests")]

#[path = "vault/s3.rs"]
mod s3;

use adapters::vault::Store;
use bytes::Bytes;
use common::config::Recordings;
use common::ports::{Vault, VaultError};
use s3::S3;
use std::collections::BTreeMap;
use std::path::PathBuf;

fn recordings(url: &str, options: &[(&str, &str)]) -> Recordings {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    let options: BTreeMap<_, _> = options.collect();
    Recordings { url: url.into(), options, spool_dir: PathBuf::new(), spool_bytes: 0 }
}

fn at_s3(s3: &S3, key: &str) -> Store {
    let options = [
        ("aws_access_key_id", key),
        ("aws_secret_access_key", "a secret"),
        ("aws_region", "eu-central-1"),
        ("aws_endpoint", &s3.url),
        ("aws_allow_http", "true"),
        ("google_service_account", "of another store"),
        ("aws_profile", "of another tool"),
    ];
    Store::open(&recordings("s3://calls/kept/here", &options)).unwrap()
}

macro_rules! folder {
    ($suite:ident: $($sentence:ident),* $(,)?) => {
        mod folder {
            $(#[tokio::test]
            async fn $sentence() {
                let folder = tempfile::tempdir().unwrap();
                let url = folder.path().join("made when needed").display().to_string();
                let store = adapters::vault::Store::open(&super::recordings(&url, &[])).unwrap();
                common::ports::contract::$suite::$sentence(&store).await;
            })*
        }
    };
}
common::vault_contract!(folder);

macro_rules! s3 {
    ($suite:ident: $($sentence:ident),* $(,)?) => {
        mod object_store {
            $(#[tokio::test]
            async fn $sentence() {
                let s3 = super::S3::start().await;
                common::ports::contract::$suite::$sentence(&super::at_s3(&s3, super::s3::KEY)).await;
            })*
        }
    };
}
common::vault_contract!(s3);

#[tokio::test]
async fn a_folder_shows_no_half_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&recordings(&folder.path().display().to_string(), &[])).unwrap();
    store.put("a/b.wav", Bytes::from_static(b"whole")).await.unwrap();
    let names: Vec<_> = std::fs::read_dir(folder.path().join("a")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["b.wav"]);
    assert_eq!(std::fs::read(folder.path().join("a/b.wav")).unwrap(), b"whole");
}

#[tokio::test]
async fn an_object_stands_where_the_address_says() {
    let s3 = S3::start().await;
    at_s3(&s3, s3::KEY).put("a/b.wav", Bytes::from_static(b"whole")).await.unwrap();
    assert_eq!(s3.names(), ["calls/kept/here/a/b.wav"]);
}

#[tokio::test]
async fn a_short_trouble_of_the_store_is_outlived() {
    let s3 = S3::start().await;
    s3.fail_next(2);
    at_s3(&s3, s3::KEY).put("a.wav", Bytes::from_static(b"whole")).await.unwrap();
    assert_eq!(s3.names(), ["calls/kept/here/a.wav"]);
}

#[tokio::test]
async fn a_store_that_stays_away_is_told_as_away() {
    let s3 = S3::start().await;
    s3.fail_next(u32::MAX);
    let put = at_s3(&s3, s3::KEY).put("a.wav", Bytes::from_static(b"whole")).await;
    assert!(matches!(put, Err(VaultError::Away(_))), "{put:?}");
    assert!(s3.asked() <= 4, "{} requests for one try", s3.asked());
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_not_quoted() {
    let s3 = S3::start().await;
    let put = at_s3(&s3, "AKIAWRONG").put("a.wav", Bytes::from_static(b"whole")).await;
    let Err(VaultError::Refused(why)) = put else { panic!("{put:?}") };
    assert!(!why.contains("AKIAWRONG"), "{why}");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_refused() {
    let s3 = S3::start().await;
    let options = [("aws_endpoint", s3.url.as_str()), ("aws_allow_http", "true"), ("aws_access_key_id", s3::KEY)];
    let options = [&options[..], &[("aws_secret_access_key", "a secret")]].concat();
    let store = Store::open(&recordings("s3://nobodys", &options)).unwrap();
    let checked = store.check().await;
    assert!(matches!(checked, Err(VaultError::Refused(_))), "{checked:?}");
}

#[test]
fn an_address_of_no_store_is_refused() {
    for url in ["ftp://calls", "s3://", "http://example.com/calls"] {
        assert!(matches!(Store::open(&recordings(url, &[])), Err(VaultError::Refused(_))), "{url}");
    }
}

#[test]
fn every_store_can_be_named() {
    let azure = [("azure_storage_account_name", "calls"), ("azure_storage_account_key", "a2V5")];
    assert!(Store::open(&recordings("az://recordings/kept", &azure)).is_ok());
    let google = [(
        "google_service_account_key",
        r#"{"disable_oauth":true,"private_key":"","private_key_id":"","client_email":""}"#,
    )];
    assert!(Store::open(&recordings("gs://calls/kept", &google)).is_ok());
    assert!(Store::open(&recordings("s3://calls/kept", &[])).is_ok());
    assert!(Store::open(&recordings("relative/folder", &[])).is_ok());
}
