//! Sessions of MCP clients: opened by `initialize`, named in a header from then on, gone when the server says so.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
};

/// The newest revision of the protocol that is spoken; offered to clients that ask for an unknown one.
pub(super) const NEWEST: &str = "2025-11-25";
/// All that are.
pub(super) const VERSIONS: [&str; 3] = ["2025-03-26", "2025-06-18", NEWEST];

/// How far a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has the answer to `initialize`.
    Greeted,
    /// It has said `notifications/initialized`.
    Ready,
}

/// One client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) version: &'static str,
    pub(super) stage: Stage,
}

#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: BTreeMap<String, Session>,
    opened: u32,
    salt: RandomState,
}

impl Sessions {
    /// A new session in the revision asked for, or in the newest.
    pub(super) fn open(&mut self, asked: &str) -> (String, Session) {
        self.opened += 1;
        let name = format!("{:016x}{:08x}", self.salt.hash_one(self.opened), self.opened);
        let version = VERSIONS.into_iter().find(|version| *version == asked).unwrap_or(NEWEST);
        let session = Session { version, stage: Stage::Greeted };
        self.open.insert(name.clone(), session);
        (name, session)
    }

    pub(super) fn find(&mut self, name: &str) -> Option<&mut Session> {
        self.open.get_mut(name)
    }

    /// Whether there was one to close.
    pub(super) fn close(&mut self, name: &str) -> bool {
        self.open.remove(name).is_some()
    }

    pub(super) fn forget(&mut self) {
        self.open.clear();
    }
}
