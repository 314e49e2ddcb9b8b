//! Secrets of tools, by name.

use common::private::SecretString;
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
}
