//! Where recordings are kept: whole or not at all.

use crate::ports::{Vault, VaultError};
use bytes::Bytes;
use std::io::Write;

/// Larger than what any adapter puts in one request.
const LARGE: usize = (20 << 20) + 12_345;

/// And says what it is, without a fault.
pub async fn it_can_be_written_and_read(vault: &dyn Vault) {
    let health = vault.check().await.unwrap();
    assert!(!health.server.is_empty());
    assert!(health.faults.is_empty(), "{:?}", health.faults);
}

/// In a folder of any depth.
pub async fn what_was_put_comes_back(vault: &dyn Vault) {
    for name in ["a.wav", "harbour/2026/11/21/ca0-1.wav", "harbour/2026/11/21/ca0_2.wav"] {
        vault.put(name, Bytes::from(name)).await.unwrap();
        assert_eq!(vault.get(name).await.unwrap().unwrap(), name);
    }
}

/// And its size is told.
pub async fn a_file_comes_back_byte_for_byte(vault: &dyn Vault) {
    comes_back(vault, 160_058).await;
}

/// In parts or not is the adapter's own matter.
pub async fn a_large_file_comes_back_byte_for_byte(vault: &dyn Vault) {
    comes_back(vault, LARGE).await;
}

/// Nothing of the old is left.
pub async fn putting_again_replaces_it_whole(vault: &dyn Vault) {
    vault.put("a/b.wav", Bytes::from_static(b"a long text")).await.unwrap();
    vault.put("a/b.wav", Bytes::from_static(b"short")).await.unwrap();
    assert_eq!(vault.get("a/b.wav").await.unwrap().unwrap(), "short");
}

/// That is an answer, not an error.
pub async fn nothing_stands_under_an_unknown_name(vault: &dyn Vault) {
    assert_eq!(vault.get("nobody/knows.wav").await.unwrap(), None);
}

/// At once.
pub async fn what_was_deleted_is_gone(vault: &dyn Vault) {
    vault.put("a/b.wav", Bytes::from_static(b"heard")).await.unwrap();
    vault.delete("a/b.wav").await.unwrap();
    assert_eq!(vault.get("a/b.wav").await.unwrap(), None);
}

/// Whoever deletes may not know whether somebody did before.
pub async fn deleting_nothing_is_no_fault(vault: &dyn Vault) {
    vault.delete("nobody/knows.wav").await.unwrap();
}

/// Not even where one begins as another ends.
pub async fn names_do_not_mix(vault: &dyn Vault) {
    vault.put("a/b.wav", Bytes::from_static(b"one")).await.unwrap();
    vault.put("a/b.wav.json", Bytes::from_static(b"two")).await.unwrap();
    vault.delete("a/b.wav").await.unwrap();
    assert_eq!(vault.get("a/b.wav.json").await.unwrap().unwrap(), "two");
}

/// Names are made of ids, but nobody relies on that.
pub async fn a_name_that_leads_elsewhere_is_refused(vault: &dyn Vault) {
    for name in ["", "/etc/passwd", "../a.wav", "a/../../b.wav", "a//b.wav", "a/", "A.wav", "a b.wav", "a\\b", "ä.wav"]
    {
        let put = vault.put(name, Bytes::from_static(b"no")).await;
        assert!(matches!(put, Err(VaultError::Refused(_))), "{name:?}: {put:?}");
        assert!(matches!(vault.get(name).await, Err(VaultError::Refused(_))), "{name:?}");
        assert!(matches!(vault.delete(name).await, Err(VaultError::Refused(_))), "{name:?}");
    }
}

async fn comes_back(vault: &dyn Vault, size: usize) {
    let content: Vec<u8> = (0..size).map(|at| (at * 31 + at / 255) as u8).collect();
    let path = std::env::temp_dir().join(format!("patchbay-vault-{}", uuid::Uuid::now_v7()));
    std::fs::File::create_new(&path).unwrap().write_all(&content).unwrap();
    let put = vault.put_file("harbour/large.wav", &path).await;
    std::fs::remove_file(&path).unwrap();
    assert_eq!(put.unwrap(), size as u64);
    let back = vault.get("harbour/large.wav").await.unwrap().unwrap();
    assert!(back == content, "{} bytes of {size} came back, or others", back.len());
}
