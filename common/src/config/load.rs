//! From texts to a [`Config`]: every value is checked, every mistake is kept, none hides another.

use super::layers::{Layers, from_environment, from_file, from_flags, mistake, shown};
use super::named;
use super::setting::{Kind, Setting};
use super::{
    Config, Console, Deepgram, Gateway, LogFormat, Openai, Outbound, Policy, Recorder, Recordings, Routing, Summary,
    Tools, Twilio, Worker,
};
use crate::company::Services;
use crate::ids::WorkerId;
use crate::mistakes::Mistakes;
use crate::prices::Prices;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Shortest shared secret taken. Shorter ones can be guessed by trying.
const SHORTEST_SECRET: usize = 16;

/// Where settings come from; each layer is stronger than the one before it.
#[derive(Clone, Debug, Default)]
pub struct LoadArgs {
    /// `patchbay.toml`; must exist when it is given.
    pub file: Option<PathBuf>,
    /// The environment, as [`super::environment`] reads it.
    pub environment: BTreeMap<String, String>,
    /// What the command line sets, by key: `gateway.listen`.
    pub overrides: BTreeMap<String, String>,
    /// Keys that must be set for what this process does.
    pub required: &'static [&'static str],
}

impl Config {
    /// Reads and checks everything; reports every mistake at once.
    pub fn load(args: LoadArgs) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let mut layers = Layers::new();
        if let Some(path) = &args.file {
            from_file(path, &mut layers, &mut mistakes);
        }
        from_environment(&args.environment, &mut layers, &mut mistakes);
        from_flags(&args.overrides, &mut layers, &mut mistakes);
        for &key in args.required.iter().filter(|&&key| !layers.contains_key(key)) {
            let setting = setting(key);
            mistakes.add(mistake("environment", setting.variable, "is not set", setting.example));
        }
        let services = named::services(&args, &mut mistakes);
        let secrets = named::secrets(&args, &mut mistakes);
        let mut values = Values { layers, mistakes };
        let tools = values.tools(secrets);
        let mut config = Self { services, tools, ..values.config() };
        config.recordings.options = named::object_store(&args);
        values.mistakes.or(config)
    }
}

/// The texts on their way to their types. What is wrong is noted, and a stand-in returned that nobody gets to see.
struct Values {
    layers: Layers,
    mistakes: Mistakes,
}

impl Values {
    fn config(&mut self) -> Config {
        let gateway = self.gateway();
        Config {
            public_url: self.text("public_url").map_or_else(
                || format!("http://{}:{}", Ipv4Addr::LOCALHOST, gateway.listen.port()),
                |url| url.trim_end_matches('/').to_owned(),
            ),
            routing: if self.word("routing") == "direct" { Routing::Direct } else { Routing::Relay },
            redis_url: self.secret("stores.redis_url"),
            nats_url: self.secret("stores.nats_url"),
            database_url: self.secret("stores.database_url"),
            secret: self.shared_secret(),
            agents_dir: self.word("agents.dir").into(),
            services: Services::default(),
            tools: Tools::default(),
            twilio: self.twilio(),
            openai: Openai { api_key: self.secret("openai.api_key"), base_url: self.word("openai.base_url") },
            deepgram: Deepgram { api_key: self.secret("deepgram.api_key"), base_url: self.word("deepgram.base_url") },
            gateway,
            worker: self.worker(),
            recorder: Recorder {
                batch: self.number("recorder.batch") as usize,
                batch_wait: Duration::from_millis(self.number("recorder.batch_wait_ms")),
            },
            recordings: Recordings {
                url: self.word("recordings.url"),
                options: BTreeMap::new(),
                spool_dir: self.word("recordings.spool_dir").into(),
                spool_bytes: self.number("recordings.spool_mib") << 20,
            },
            summary: Summary {
                api_key: self.secret("summary.api_key").or_else(|| self.secret("openai.api_key")),
                base_url: self.text("summary.base_url").unwrap_or_else(|| over_http(&self.word("openai.base_url"))),
                model: self.word("summary.model"),
            },
            outbound: Outbound {
                per_minute: self.number("outbound.per_minute") as u32,
                concurrency: self.number("outbound.concurrency") as u32,
            },
            console: Console { listen: self.listener("console.listen"), api_key: self.secret("console.api_key") },
            prices: self.prices(),
            ops_listen: self.listener("ops.listen"),
            otlp_endpoint: self.text("otlp.endpoint"),
            log_format: match self.word("log.format").as_str() {
                "json" => LogFormat::Json,
                "text" => LogFormat::Text,
                _ => LogFormat::Auto,
            },
        }
    }

    fn prices(&mut self) -> Arc<Prices> {
        let file = self.text("prices.file").map(PathBuf::from);
        let prices = Prices::load(file.as_deref()).unwrap_or_else(|mistakes| {
            self.mistakes.extend(mistakes);
            Prices::built_in()
        });
        Arc::new(prices)
    }

    fn gateway(&mut self) -> Gateway {
        Gateway {
            listen: self.listener("gateway.listen"),
            policy: match self.word("gateway.policy").as_str() {
                "round_robin" => Policy::RoundRobin,
                "least_loaded" => Policy::LeastLoaded,
                "pack" => Policy::Pack,
                _ => Policy::LeastRecentlyUsed,
            },
            deadline: Duration::from_millis(self.number("gateway.deadline_ms")),
            reserve_deadline: Duration::from_millis(self.number("gateway.reserve_deadline_ms")),
        }
    }

    fn worker(&mut self) -> Worker {
        let id = WorkerId::parse(self.word("worker.id"));
        Worker {
            id: id.unwrap_or_else(|_| WorkerId::parse("invalid").expect("a valid name")),
            listen: self.listener("worker.listen"),
            address: self.text("worker.address").map(|url| url.trim_end_matches('/').to_owned()),
            seats: self.number("worker.seats") as u32,
            drain: Duration::from_secs(self.number("worker.drain_seconds")),
        }
    }

    fn tools(&mut self, secrets: BTreeMap<String, SecretString>) -> Tools {
        let hosts = self.text("tools.private_hosts").unwrap_or_default();
        Tools {
            private_hosts: hosts
                .split(',')
                .map(|host| host.trim().to_owned())
                .filter(|host| !host.is_empty())
                .collect(),
            secrets_dir: self.text("tools.secrets_dir").map(PathBuf::from),
            secrets,
        }
    }

    fn twilio(&mut self) -> Twilio {
        self.together("twilio.api_key", "twilio.api_secret");
        self.together("twilio.account_sid", "twilio.auth_token");
        let account = self.text("twilio.account_sid");
        let usual = account.as_ref().map(|_| "https://api.twilio.com".to_owned());
        Twilio {
            account_sid: account.unwrap_or_default(),
            auth_token: self.secret("twilio.auth_token").unwrap_or_default(),
            old_auth_token: self.secret("twilio.old_auth_token"),
            api_key: self.text("twilio.api_key"),
            api_secret: self.secret("twilio.api_secret"),
            api_base_url: self.text("twilio.api_base_url").map(|url| url.trim_end_matches('/').to_owned()).or(usual),
        }
    }

    /// Two settings of which neither is of use alone.
    fn together(&mut self, one: &'static str, other: &'static str) {
        for (key, missing) in [(one, other), (other, one)] {
            let Some(raw) = self.layers.get(key).filter(|_| !self.layers.contains_key(missing)) else { continue };
            let fault = format!("is set, but {} is not; both are needed", setting(missing).variable);
            self.mistakes.add(mistake(&raw.place, &raw.name, fault, ""));
        }
    }

    fn shared_secret(&mut self) -> SecretString {
        let Some(text) = self.text("secret") else { return random_secret() };
        if text.len() < SHORTEST_SECRET {
            let raw = &self.layers["secret"];
            let fault = format!("is set, but must have at least {SHORTEST_SECRET} characters");
            self.mistakes.add(mistake(&raw.place, &raw.name, fault, setting("secret").example));
        }
        text.into()
    }

    fn secret(&mut self, key: &'static str) -> Option<SecretString> {
        self.text(key).map(SecretString::from)
    }

    fn listener(&mut self, key: &'static str) -> SocketAddr {
        self.word(key).parse().unwrap_or_else(|_| (Ipv4Addr::UNSPECIFIED, 0).into())
    }

    fn number(&mut self, key: &'static str) -> u64 {
        self.word(key).parse().unwrap_or_default()
    }

    /// A setting that has a default.
    fn word(&mut self, key: &'static str) -> String {
        self.text(key).unwrap_or_default()
    }

    /// The value, checked, or its default.
    fn text(&mut self, key: &'static str) -> Option<String> {
        let setting = setting(key);
        let Some(raw) = self.layers.get(key) else { return setting.default.map(str::to_owned) };
        if let Err(must) = check(setting.kind, &raw.text) {
            let fault = format!("{}, but must be {must}", shown(setting.kind, &raw.text));
            self.mistakes.add(mistake(&raw.place, &raw.name, fault, setting.example));
            return setting.default.map(str::to_owned);
        }
        Some(raw.text.clone())
    }
}

fn setting(key: &'static str) -> &'static Setting {
    Setting::find(key).expect("every key that is read stands in the table")
}

/// 244 bits from the operating system.
fn random_secret() -> SecretString {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()).into()
}

/// What it must be, where it is not.
fn check(kind: Kind, text: &str) -> Result<(), String> {
    let one_line = !text.trim().is_empty() && !text.contains(char::is_control);
    let (right, must) = match kind {
        Kind::Text | Kind::Secret => (one_line, "a text on one line".into()),
        Kind::Folder => (one_line, "a folder".into()),
        Kind::Hosts => {
            let right = text
                .split(',')
                .map(str::trim)
                .all(|host| !host.is_empty() && !host.contains('/') && !host.contains(char::is_whitespace));
            (right, "hosts with a port each, separated by commas".into())
        }
        Kind::Url(schemes) | Kind::SecretUrl(schemes) => {
            (is_url(text, schemes), format!("a URL that begins with {}", or(schemes, "://")))
        }
        Kind::SafeUrl(schemes) => (
            is_url(text, schemes) && is_safe(text),
            format!("a URL that begins with {}, unencrypted only on this machine (127.0.0.1)", or(schemes, "://")),
        ),
        Kind::Origin => (is_origin(text), "a URL of scheme, host and port, with nothing behind".into()),
        Kind::Listener => (text.parse::<SocketAddr>().is_ok(), "an address and a port".into()),
        Kind::Number(least, most) => {
            let right = text.parse().is_ok_and(|number| (least..=most).contains(&number));
            (right, format!("a whole number from {least} to {most}"))
        }
        Kind::Choice(words) => (words.contains(&text), format!("one of {}", or(words, ""))),
        Kind::Name => (WorkerId::parse(text).is_ok(), "1 to 63 lower-case letters, digits or dashes".into()),
        Kind::Sid(prefix) => {
            let right = text.len() == 34 && text.starts_with(prefix) && text.bytes().all(|b| b.is_ascii_alphanumeric());
            (right, format!("{prefix} and 32 hexadecimal digits"))
        }
    };
    if right { Ok(()) } else { Err(must) }
}

fn or(words: &[&str], behind: &str) -> String {
    words.iter().map(|word| format!("{word}{behind}")).collect::<Vec<_>>().join(" or ")
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    let visible = !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let named = rest.strip_prefix("//").map_or(scheme == "sqlite" && !rest.is_empty(), |host| !host.is_empty());
    visible && named && schemes.contains(&scheme)
}

/// Whether a key may be sent there: encrypted, or without leaving this machine.
fn is_safe(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, _)) => v6,
        None => authority.split(':').next().unwrap_or_default(),
    };
    let this_machine = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    matches!(scheme, "https" | "wss") || (this_machine && !authority.contains('@'))
}

fn is_origin(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let host = rest.trim_end_matches('/');
    is_url(text, &["https", "http"]) && !host.is_empty() && !host.contains(['/', '?', '#', '@'])
}

/// The same address for requests that are no streams.
fn over_http(url: &str) -> String {
    url.replacen("wss://", "https://", 1).replacen("ws://", "http://", 1)
}

#[cfg(test)]
mod tests;
