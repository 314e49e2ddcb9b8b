//! The one place of this crate that reads the environment: where programs may be found.

use std::path::PathBuf;

/// The folders of `PATH`.
#[allow(clippy::disallowed_methods, reason = "PATH is the machine's setting, not Patchbay's configuration")]
pub(crate) fn path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}
