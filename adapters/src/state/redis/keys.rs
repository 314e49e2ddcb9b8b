//! The names of all keys. What one script touches shares a hash tag, so that a Redis Cluster keeps it together.

use super::super::place::shard_of;
use common::ids::{CallId, CompanyId, WorkerId};

/// The names under one prefix: `pb` in production, another for each test.
#[derive(Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn under(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Hash: a call's session.
    pub(super) fn session(&self, call: &CallId) -> String {
        format!("{}:{}:call:{call}", self.prefix, tag(shard_of(call)))
    }

    /// Stream: the events of a shard's calls that are not yet in the record.
    pub(super) fn outbox(&self, shard: u8) -> String {
        format!("{}:{}:outbox", self.prefix, tag(shard))
    }

    /// List: entries of a shard's outbox that could not be read.
    pub(super) fn unreadable(&self, shard: u8) -> String {
        format!("{}:{}:unreadable", self.prefix, tag(shard))
    }

    /// Set: the names of all workers, some of whom may be gone.
    pub(super) fn names(&self) -> String {
        format!("{}:{{pool}}:names", self.prefix)
    }

    /// Hash: one worker's lease.
    pub(super) fn lease(&self, worker: &WorkerId) -> String {
        format!("{}{worker}", self.before_name())
    }

    /// What stands before a worker's name in the key of its lease.
    pub(super) fn before_name(&self) -> String {
        format!("{}:{{pool}}:worker:", self.prefix)
    }

    /// Sorted set: the calls a company has.
    pub(super) fn admitted(&self, company: &CompanyId) -> String {
        format!("{}:company:{company}:calls", self.prefix)
    }

    /// String: the answer to a webhook.
    pub(super) fn answer(&self, key: &str) -> String {
        format!("{}:answer:{key}", self.prefix)
    }

    /// String: a token that was used.
    pub(super) fn token(&self, token: &str) -> String {
        format!("{}:token:{token}", self.prefix)
    }
}

fn tag(shard: u8) -> String {
    format!("{{s{shard:02}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_and_its_outbox_share_a_tag() {
        let keys = Keys::under("pb");
        let call = CallId::parse("CA00000000000000000000000000000002").unwrap();
        let shard = shard_of(&call);
        let session = keys.session(&call);
        let tag = format!("pb:{{s{shard:02}}}:");
        assert!(session.starts_with(&tag), "{session}");
        assert_eq!(keys.outbox(shard), format!("{tag}outbox"));
    }
}
