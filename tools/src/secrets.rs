//! Secrets of tools, by name. Their values stand in files or the environment, never in a pack or a store.
//!
//! Before it: the configuration. After it: [`crate::http`], which puts them into headers and signatures.

use crate::errors::{ErrorCode, Problem};
use crate::moments;
use common::company::SecretRef;
use common::private::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Secrets by name: a file of that name in a folder, else a value given at the start.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    dir: Option<PathBuf>,
    values: BTreeMap<String, SecretString>,
}

impl Secrets {
    /// Files in `dir` come before `values` and are read at every use, so that a rotated secret needs no restart.
    pub fn new(dir: Option<PathBuf>, values: BTreeMap<String, SecretString>) -> Self {
        Self { dir, values }
    }

    /// The secret of this name; a tool that needs one that is missing is unavailable.
    pub(crate) fn find(&self, secret: &SecretRef) -> Result<SecretString, Problem> {
        let name = &secret.0;
        let value = self.in_file(name).or_else(|| self.values.get(name).cloned());
        let value = value.filter(|value| !value.expose_secret().is_empty());
        value.ok_or_else(|| {
            moments::secret_missing(name);
            ErrorCode::Unavailable.into()
        })
    }

    fn in_file(&self, name: &str) -> Option<SecretString> {
        if !is_name(name) {
            return None;
        }
        let text = std::fs::read_to_string(self.dir.as_ref()?.join(name)).ok()?;
        Some(SecretString::from(text.trim().to_owned()))
    }
}

/// Whether this names a secret, and not a file somewhere else.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(secrets: &Secrets, name: &str) -> Option<String> {
        let found = secrets.find(&SecretRef(name.into())).ok()?;
        Some(found.expose_secret().to_owned())
    }

    #[test]
    fn a_file_comes_before_a_value_and_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let values = BTreeMap::from([("KEY".to_owned(), SecretString::from("from the start"))]);
        let secrets = Secrets::new(Some(dir.path().to_owned()), values);
        assert_eq!(secret(&secrets, "KEY").as_deref(), Some("from the start"));
        std::fs::write(dir.path().join("KEY"), " first\n").unwrap();
        assert_eq!(secret(&secrets, "KEY").as_deref(), Some("first"));
        std::fs::write(dir.path().join("KEY"), "second").unwrap();
        assert_eq!(secret(&secrets, "KEY").as_deref(), Some("second"));
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("secrets")).unwrap();
        std::fs::write(dir.path().join("outside"), "x").unwrap();
        let secrets = Secrets::new(Some(dir.path().join("secrets")), BTreeMap::new());
        assert_eq!(secret(&secrets, "../outside"), None);
        assert_eq!(secret(&secrets, ""), None);
    }
}
