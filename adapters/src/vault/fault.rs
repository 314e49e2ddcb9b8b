//! What an error of the store lets the caller do: try again later, or mend the settings.
//!
//! Answers of object stores quote keys and names; of them only the beginning before any markup is told.

use common::ports::vault::VaultError;
use object_store::Error;
use std::error::Error as _;
use std::io;

/// Longest text told.
const LONGEST: usize = 160;

pub(super) fn read(error: &Error) -> VaultError {
    match error {
        Error::PermissionDenied { .. } => VaultError::Refused("the credentials lack the right to do that".into()),
        Error::Unauthenticated { .. } => VaultError::Refused("it does not accept the credentials".into()),
        Error::NotFound { .. } => VaultError::Refused("there is no such bucket, container or folder".into()),
        Error::InvalidPath { .. } | Error::NotSupported { .. } | Error::NotImplemented { .. } => {
            VaultError::Refused(told(error))
        }
        _ if lacks_rights(error) => VaultError::Refused("the folder may not be written".into()),
        _ => VaultError::Away(told(error)),
    }
}

/// The innermost cause says most and quotes least.
fn told(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    let plain = text.split(['<', '{', '\n']).next().unwrap_or_default();
    plain.chars().take(LONGEST).collect::<String>().trim().to_owned()
}

fn lacks_rights(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(source) = cause {
        if let Some(error) = source.downcast_ref::<io::Error>() {
            return matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem);
        }
        cause = source.source();
    }
    false
}
