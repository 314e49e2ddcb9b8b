//! Where the servers' programs are. Debian keeps PostgreSQL's outside `PATH`, Homebrew keeps versions apart.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Searched after `PATH`.
const FOLDERS: [&str; 5] =
    ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/sbin"];

/// Folders with one folder a version, and the part of its name before the number.
const POSTGRES: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
    ("/usr", "pgsql-"),
];

/// The program's path, or an error that says how to get it.
pub(super) fn find(program: &str) -> Result<PathBuf> {
    let folders = crate::environment::path().into_iter().chain(FOLDERS.map(PathBuf::from));
    folders
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .with_context(|| format!("{program} is not installed; `cargo xtask install` installs it"))
}

/// A program of PostgreSQL: the newest installed version that has `initdb`, so that all of them are of one version.
pub(super) fn postgres(program: &str) -> Result<PathBuf> {
    let versions = POSTGRES.iter().flat_map(|(folder, prefix)| versions(Path::new(folder), prefix));
    match versions.map(|folder| folder.join("bin")).find(|bin| bin.join("initdb").is_file()) {
        Some(bin) => Ok(bin.join(program)),
        None => find(program),
    }
}

/// The folders named `<prefix><number>`, newest first.
fn versions(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path()))
        })
        .collect();
    found.sort_by_key(|(version, _)| Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first_and_by_number() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["postgresql@9", "postgresql@15", "postgresql@13", "postgresql@head", "redis@8"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let names: Vec<_> = versions(dir.path(), "postgresql@")
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["postgresql@15", "postgresql@13", "postgresql@9"]);
    }

    #[test]
    fn a_program_that_is_nowhere_is_an_error_that_says_what_to_do() {
        let error = find("no-such-server").unwrap_err().to_string();
        assert!(error.contains("no-such-server") && error.contains("cargo xtask install"), "{error}");
    }
}
