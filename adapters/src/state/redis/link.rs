//! The connection to Redis: it is never waited for longer than [`COMMAND`], and comes back by itself for ever.
//!
//! While it is down every command fails at once, so that nothing piles up which nobody waits for any more.

use super::super::{away, refused};
use common::ports::StateError;
use fred::clients::WithOptions;
use fred::error::{Error, ErrorKind};
use fred::interfaces::LuaInterface;
use fred::prelude::{Builder, Client, ClientLike, Config, FredResult, ReconnectPolicy};
use fred::types::config::{Options, TcpConfig};
use fred::types::scripts::Script;
use fred::types::{FromValue, Key, Value};
use std::time::Duration;

/// How long one command may take. Callers are webhooks and checkpoints, which have something better to do.
pub(super) const COMMAND: Duration = Duration::from_millis(250);

/// How long a connection may take to be made.
pub(super) const CONNECT: Duration = Duration::from_millis(500);

/// After so long without an answer a connection counts as broken and is made anew.
const SILENT: Duration = Duration::from_secs(2);

/// How many commands may wait to be written. Ten times what a busy worker has in flight.
const WAITING_MAX: usize = 4096;

/// Back-off between attempts to connect, in milliseconds.
const RETRY_MS: std::ops::RangeInclusive<u32> = 50..=1000;

/// A connection to Redis, or to a Redis Cluster.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) redis: WithOptions<Client>,
}

impl Link {
    /// Begins to connect and waits a moment for it; it goes on trying when that was too short.
    pub(super) async fn open(url: &str) -> Result<Self, StateError> {
        let config = Config { fail_fast: false, ..Config::from_url(url).map_err(|_| refused("not a redis URL"))? };
        let client = builder(config).build().map_err(|error| refused(error.details()))?;
        client.connect();
        // Whether it is there is for `check` to say.
        let _ = tokio::time::timeout(CONNECT, client.wait_for_connect()).await;
        let once = Options { fail_fast: true, max_attempts: Some(1), timeout: Some(COMMAND), ..Options::default() };
        Ok(Self { redis: client.with_options(&once) })
    }

    /// Runs a script by its hash, or by its text where the server does not know it yet.
    pub(super) async fn run<R: FromValue>(
        &self,
        script: &Script,
        keys: Vec<Key>,
        args: Vec<Value>,
    ) -> Result<R, StateError> {
        let hash = script.sha1().clone();
        let answer: FredResult<R> = self.redis.evalsha(hash, keys.clone(), args.clone()).await;
        match answer {
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                let text = script.lua().cloned().unwrap_or_default();
                self.redis.eval(text, keys, args).await.map_err(failed)
            }
            answer => answer.map_err(failed),
        }
    }
}

fn builder(config: Config) -> Builder {
    let mut builder = Builder::from_config(config);
    builder.with_performance_config(|performance| performance.default_command_timeout = COMMAND);
    builder.with_connection_config(|connection| {
        connection.connection_timeout = CONNECT;
        connection.internal_command_timeout = CONNECT;
        connection.max_command_attempts = 1;
        connection.max_command_buffer_len = WAITING_MAX;
        connection.reconnect_on_auth_error = true;
        connection.unresponsive.max_timeout = Some(SILENT);
        connection.unresponsive.interval = SILENT / 4;
        connection.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() };
    });
    builder.set_policy(ReconnectPolicy::new_exponential(0, *RETRY_MS.start(), *RETRY_MS.end(), 2));
    builder
}

/// Words with which a server says that it cannot answer now but will later.
const LATER: [&str; 5] = ["LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"];

/// What a failure lets the caller do.
pub(super) fn failed(error: Error) -> StateError {
    let word = error.details().split_whitespace().next().unwrap_or_default();
    match error.kind() {
        ErrorKind::IO
        | ErrorKind::Timeout
        | ErrorKind::Canceled
        | ErrorKind::Backpressure
        | ErrorKind::Routing
        | ErrorKind::Cluster
        | ErrorKind::Tls
        | ErrorKind::Protocol => away(error.details()),
        // The client has no kind of its own for most words of the server, nor for being closed.
        ErrorKind::Unknown if LATER.contains(&word) || !server_word(word) => away(error.details()),
        _ => refused(error.details()),
    }
}

/// Redis begins its errors with a word in capitals.
fn server_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_refuses_is_not_taken_for_an_outage() {
        let refusals = [
            "OOM command not allowed when used memory > 'maxmemory'.",
            "READONLY You can't write against a read only replica.",
            "NOREPLICAS Not enough good replicas to write.",
            "MISCONF Redis is configured to save RDB snapshots",
            "NOPERM this user has no permissions",
            "ERR user_script:1: boom",
        ];
        for words in refusals {
            let error = failed(Error::new(ErrorKind::Unknown, words));
            assert!(matches!(error, StateError::Refused(_)), "{words}");
        }
    }

    #[test]
    fn what_will_pass_is_an_outage() {
        for words in
            ["LOADING Redis is loading the dataset in memory", "BUSY Redis is busy", "Client is not initialized."]
        {
            let error = failed(Error::new(ErrorKind::Unknown, words));
            assert!(matches!(error, StateError::Away(_)), "{words}");
        }
        assert!(matches!(failed(Error::new(ErrorKind::Timeout, "Request timed out.")), StateError::Away(_)));
    }
}
