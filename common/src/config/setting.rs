//! The one table of settings: what they are called, what they may be, what they are for.
//!
//! From it come the parsing ([`super::load`]), the text of mistakes, `--help` and `docs/CONFIGURATION.md`.

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its place in `patchbay.toml`: `section.key`.
    pub key: &'static str,
    /// Its name in the environment. A secret can also be given as a file, under this name and `_FILE`.
    pub variable: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is when nobody sets it.
    pub default: Option<&'static str>,
    /// Of a number.
    pub unit: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// How it may look.
    pub example: &'static str,
}

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text on one line.
    Text,
    /// Any text on one line; never shown.
    Secret,
    /// A URL with one of these schemes.
    Url(&'static [&'static str]),
    /// A URL that holds a password; never shown.
    SecretUrl(&'static [&'static str]),
    /// A URL of somebody who is given a key: encrypted, or on this machine.
    SafeUrl(&'static [&'static str]),
    /// Scheme, host and port, nothing behind.
    Origin,
    /// `address:port`.
    Listener,
    /// A whole number from … to ….
    Number(u64, u64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Lower-case letters, digits and dashes.
    Name,
    /// Two letters and 32 further ones, as Twilio's ids are.
    Sid(&'static str),
    /// A folder.
    Folder,
    /// `host:port`, several separated by commas.
    Hosts,
}

impl Kind {
    /// Whether its value is never shown and may be given as a file.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretUrl(_))
    }
}

impl Setting {
    /// The table.
    pub fn all() -> &'static [Setting] {
        TABLE
    }

    /// The setting of this key.
    pub fn find(key: &str) -> Option<&'static Setting> {
        TABLE.iter().find(|setting| setting.key == key)
    }

    /// The section it stands in; empty at the top of the file.
    pub fn section(&self) -> &'static str {
        self.key.split_once('.').map_or("", |(section, _)| section)
    }

    /// For `--help`: variable, sentence, default.
    pub fn help() -> String {
        let line = |setting: &Setting| {
            let default = setting.default.map(|default| format!(" [default: {default}]")).unwrap_or_default();
            format!("  {:<36} {}{default}\n", setting.variable, setting.about)
        };
        TABLE.iter().map(line).collect()
    }
}

const REDIS: &[&str] = &["redis", "rediss", "redis-cluster", "rediss-cluster", "redis-sentinel", "rediss-sentinel"];

/// `key`, variable, kind, default, unit, sentence, example.
const fn row(
    (key, variable): (&'static str, &'static str),
    kind: Kind,
    default: Option<&'static str>,
    about: &'static str,
    example: &'static str,
) -> Setting {
    Setting { key, variable, kind, default, unit: "", about, example }
}

impl Setting {
    const fn counted_in(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }
}

const TABLE: &[Setting] = &[
    row(
        ("public_url", "PUBLIC_URL"),
        Kind::Origin,
        None,
        "The address Twilio reaches; without it `http://127.0.0.1` with the gateway's port.",
        "https://calls.example.com",
    ),
    row(
        ("routing", "PATCHBAY_ROUTING"),
        Kind::Choice(&["direct", "relay"]),
        Some("relay"),
        "Whether `/media/{worker}/` of the public address leads to the worker itself or is relayed by the gateway.",
        "direct",
    ),
    row(
        ("secret", "PATCHBAY_SECRET"),
        Kind::Secret,
        None,
        "Shared by gateways and workers, signs stream tokens; at least 16 characters. Without it a random one, which only a single process can use.",
        "the output of `openssl rand -hex 32`",
    ),
    row(
        ("stores.redis_url", "REDIS_URL"),
        Kind::SecretUrl(REDIS),
        None,
        "The state: worker pool, call sessions, outbox. Without it in this process.",
        "redis://127.0.0.1:6379",
    ),
    row(
        ("stores.nats_url", "NATS_URL"),
        Kind::SecretUrl(&["nats", "tls", "ws", "wss"]),
        None,
        "The bus: call events, control messages. Without it in this process.",
        "nats://127.0.0.1:4222",
    ),
    row(
        ("stores.database_url", "DATABASE_URL"),
        Kind::SecretUrl(&["postgres", "postgresql", "sqlite"]),
        None,
        "The record: call detail records, turns, events. Without it in memory.",
        "postgres://patchbay@127.0.0.1/patchbay",
    ),
    row(
        ("agents.dir", "PATCHBAY_AGENTS__DIR"),
        Kind::Folder,
        Some("agents"),
        "The folder of companies and their agents.",
        "/etc/patchbay/agents",
    ),
    row(
        ("tools.private_hosts", "PATCHBAY_TOOLS__PRIVATE_HOSTS"),
        Kind::Hosts,
        None,
        "Who else tools may reach: hosts, each with its port, that are not public or speak HTTP without TLS. Without it tools reach public HTTPS servers only.",
        "127.0.0.1:8800,loans.internal:443",
    ),
    row(
        ("tools.secrets_dir", "PATCHBAY_TOOLS__SECRETS_DIR"),
        Kind::Folder,
        None,
        "The folder of the secrets that tools use, a file each, named as the tool names it; read at every use.",
        "/run/secrets/tools",
    ),
    row(
        ("twilio.account_sid", "TWILIO_ACCOUNT_SID"),
        Kind::Sid("AC"),
        None,
        "Twilio's account; webhooks of other accounts are refused.",
        "AC00000000000000000000000000000001",
    ),
    row(
        ("twilio.auth_token", "TWILIO_AUTH_TOKEN"),
        Kind::Secret,
        None,
        "The account's auth token: checks the signature of webhooks. Without it every webhook is refused.",
        "32 hexadecimal digits from Twilio's console",
    ),
    row(
        ("twilio.old_auth_token", "TWILIO_OLD_AUTH_TOKEN"),
        Kind::Secret,
        None,
        "A second token whose signatures are taken too, while the first is being rotated.",
        "32 hexadecimal digits from Twilio's console",
    ),
    row(
        ("twilio.api_key", "TWILIO_API_KEY"),
        Kind::Sid("SK"),
        None,
        "API key for requests to Twilio; without it the auth token is used.",
        "SK00000000000000000000000000000001",
    ),
    row(
        ("twilio.api_secret", "TWILIO_API_SECRET"),
        Kind::Secret,
        None,
        "The API key's secret.",
        "as Twilio showed it when the key was made",
    ),
    row(
        ("twilio.api_base_url", "TWILIO_API_BASE_URL"),
        Kind::SafeUrl(&["https", "http"]),
        None,
        "Where requests to Twilio go; without it `https://api.twilio.com` once there is an account, else calls cannot be controlled.",
        "https://api.dublin.ie1.twilio.com",
    ),
    row(
        ("openai.api_key", "OPENAI_API_KEY"),
        Kind::Secret,
        None,
        "OpenAI's key; without it the scripted agent answers for those that want OpenAI.",
        "sk-… from OpenAI's console",
    ),
    row(
        ("openai.base_url", "OPENAI_BASE_URL"),
        Kind::SafeUrl(&["https", "wss", "http", "ws"]),
        Some("https://api.openai.com/v1"),
        "Where OpenAI is.",
        "https://eu.api.openai.com/v1",
    ),
    row(
        ("deepgram.api_key", "DEEPGRAM_API_KEY"),
        Kind::Secret,
        None,
        "Deepgram's key; without it the scripted agent answers for those that want Deepgram.",
        "40 hexadecimal digits from Deepgram's console",
    ),
    row(
        ("deepgram.base_url", "DEEPGRAM_BASE_URL"),
        Kind::SafeUrl(&["https", "wss", "http", "ws"]),
        Some("wss://agent.deepgram.com"),
        "Where Deepgram's voice agent is.",
        "wss://api.eu.deepgram.com",
    ),
    row(
        ("gateway.listen", "PATCHBAY_GATEWAY__LISTEN"),
        Kind::Listener,
        Some("0.0.0.0:8080"),
        "The gateway's public listener, for Twilio.",
        "0.0.0.0:8080",
    ),
    row(
        ("gateway.policy", "PATCHBAY_GATEWAY__POLICY"),
        Kind::Choice(&["lru", "round_robin", "least_loaded", "pack"]),
        Some("lru"),
        "Which free worker gets a call: the one that waited longest, by turns, the emptiest, or the lowest name so that the highest become empty.",
        "least_loaded",
    ),
    row(
        ("gateway.deadline_ms", "PATCHBAY_GATEWAY__DEADLINE_MS"),
        Kind::Number(100, 14_000),
        Some("2000"),
        "How long a webhook may take until the caller hears an apology. Twilio itself gives up after 15 seconds.",
        "2000",
    )
    .counted_in("milliseconds"),
    row(
        ("gateway.reserve_deadline_ms", "PATCHBAY_GATEWAY__RESERVE_DEADLINE_MS"),
        Kind::Number(10, 5_000),
        Some("500"),
        "How long one worker may take to answer a reservation until the next is asked. Three of them should fit the webhook's deadline.",
        "150",
    )
    .counted_in("milliseconds"),
    row(
        ("worker.id", "PATCHBAY_WORKER__ID"),
        Kind::Name,
        Some("worker-0"),
        "The worker's name in paths and in the pool; unique among workers, on Kubernetes the pod's name.",
        "worker-3",
    ),
    row(
        ("worker.listen", "PATCHBAY_WORKER__LISTEN"),
        Kind::Listener,
        Some("0.0.0.0:8090"),
        "The worker's listener, for media streams and gateways.",
        "0.0.0.0:8090",
    ),
    row(
        ("worker.address", "PATCHBAY_WORKER__ADDRESS"),
        Kind::Origin,
        None,
        "Where gateways reach this worker; without it made from its listener.",
        "http://10.0.0.7:8090",
    ),
    row(
        ("worker.seats", "PATCHBAY_WORKER__SEATS"),
        Kind::Number(1, 10_000),
        Some("250"),
        "How many calls a worker carries at once. A core carries some hundreds.",
        "400",
    )
    .counted_in("calls"),
    row(
        ("worker.drain_seconds", "PATCHBAY_WORKER__DRAIN_SECONDS"),
        Kind::Number(0, 86_400),
        Some("600"),
        "After the first SIGTERM: how long live calls may go on.",
        "3600",
    )
    .counted_in("seconds"),
    row(
        ("recorder.batch", "PATCHBAY_RECORDER__BATCH"),
        Kind::Number(1, 10_000),
        Some("500"),
        "Most events stored in one transaction.",
        "500",
    )
    .counted_in("events"),
    row(
        ("recorder.batch_wait_ms", "PATCHBAY_RECORDER__BATCH_WAIT_MS"),
        Kind::Number(1, 10_000),
        Some("50"),
        "How long a batch may wait to fill.",
        "50",
    )
    .counted_in("milliseconds"),
    row(
        ("recordings.url", "PATCHBAY_RECORDINGS__URL"),
        Kind::Text,
        Some("recordings"),
        "Where recordings are kept: a folder, or an object store as `s3://`, `gs://`, `az://`; its credentials are read from `AWS_…`, `GOOGLE_…`, `AZURE_…`.",
        "s3://calls/recordings",
    ),
    row(
        ("recordings.spool_dir", "PATCHBAY_RECORDINGS__SPOOL_DIR"),
        Kind::Folder,
        Some("recordings-spool"),
        "Where a worker keeps recordings until they are stored.",
        "/var/spool/patchbay",
    ),
    row(
        ("recordings.spool_mib", "PATCHBAY_RECORDINGS__SPOOL_MIB"),
        Kind::Number(1, 1_000_000),
        Some("2048"),
        "The most that may wait there; beyond it calls go on unrecorded, and are counted.",
        "2048",
    )
    .counted_in("MiB"),
    row(
        ("summary.api_key", "PATCHBAY_SUMMARY__API_KEY"),
        Kind::Secret,
        None,
        "Key of the model that sums calls up; OpenAI's where it is not set, and without any the simulated model answers.",
        "sk-…",
    ),
    row(
        ("summary.base_url", "PATCHBAY_SUMMARY__BASE_URL"),
        Kind::SafeUrl(&["https", "http"]),
        None,
        "Where that model is: any service compatible with OpenAI's chat completions. OpenAI where it is not set.",
        "https://models.example.com/v1",
    ),
    row(
        ("summary.model", "PATCHBAY_SUMMARY__MODEL"),
        Kind::Text,
        Some("gpt-5-mini"),
        "Which model sums calls up.",
        "gpt-5-mini",
    ),
    row(
        ("outbound.per_minute", "PATCHBAY_OUTBOUND__PER_MINUTE"),
        Kind::Number(1, 6_000),
        Some("60"),
        "Outbound calls begun a minute, all batches together; a new Twilio account may begin one a second.",
        "60",
    )
    .counted_in("calls"),
    row(
        ("outbound.concurrency", "PATCHBAY_OUTBOUND__CONCURRENCY"),
        Kind::Number(1, 10_000),
        Some("50"),
        "Outbound calls at the same time, all batches together.",
        "50",
    )
    .counted_in("calls"),
    row(
        ("console.listen", "PATCHBAY_CONSOLE__LISTEN"),
        Kind::Listener,
        Some("127.0.0.1:8081"),
        "Where the gateway listens for the console and the API.",
        "0.0.0.0:8081",
    ),
    row(
        ("console.api_key", "PATCHBAY_CONSOLE__API_KEY"),
        Kind::Secret,
        None,
        "What clients of the API must show as bearer token; without it there is no API.",
        "a long random text",
    ),
    row(
        ("prices.file", "PATCHBAY_PRICES__FILE"),
        Kind::Text,
        None,
        "A table of prices that is laid over the one built in.",
        "prices.toml",
    ),
    row(
        ("ops.listen", "PATCHBAY_OPS__LISTEN"),
        Kind::Listener,
        Some("0.0.0.0:9090"),
        "The listener of `/livez`, `/readyz` and `/metrics`.",
        "127.0.0.1:9090",
    ),
    row(
        ("log.format", "PATCHBAY_LOG__FORMAT"),
        Kind::Choice(&["auto", "json", "text"]),
        Some("auto"),
        "`json` for machines, `text` for people; `auto` is text in a terminal. What is logged is said by `RUST_LOG`.",
        "json",
    ),
    row(
        ("otlp.endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        Kind::Url(&["http", "https"]),
        None,
        "Where traces go, by OTLP over HTTP; without it nowhere.",
        "http://127.0.0.1:4318",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_spelt_by_the_rule() {
        let keys: BTreeSet<_> = TABLE.iter().map(|setting| setting.key).collect();
        let variables: BTreeSet<_> = TABLE.iter().map(|setting| setting.variable).collect();
        assert_eq!((keys.len(), variables.len()), (TABLE.len(), TABLE.len()));
        for setting in TABLE.iter().filter(|setting| setting.variable.contains("__")) {
            let ruled = format!("PATCHBAY_{}", setting.key.to_ascii_uppercase().replace('.', "__"));
            assert_eq!(setting.variable, ruled);
        }
    }
}
