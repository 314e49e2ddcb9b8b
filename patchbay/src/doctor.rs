//! `patchbay doctor`: every port and credential: reachable, version, settings, latency, and what to do.

mod numbers;
mod packs;

use crate::{account, assemble, process};
use clap::Args;
use common::config::Config;
use common::ports::Health;
use serde::Serialize;
use std::fmt::Display;
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Prints the findings as JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// One thing looked at.
#[derive(Serialize)]
struct Finding {
    what: &'static str,
    well: bool,
    /// What was found.
    found: String,
    /// How long it took to answer.
    took_ms: Option<u64>,
    /// What a person should do; empty when all is well.
    advice: String,
}

/// Looks at everything; fails when something that is set does not work.
pub(crate) fn run(config: &Config, args: &DoctorArgs) -> anyhow::Result<()> {
    let findings = process::runtime()?.block_on(examine(config));
    if args.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        findings.iter().for_each(print);
    }
    let sick = findings.iter().filter(|finding| !finding.well).count();
    anyhow::ensure!(sick == 0, "{sick} of {} need attention", findings.len());
    Ok(())
}

async fn examine(config: &Config) -> Vec<Finding> {
    vec![
        packs::agents(config).await,
        packs::tools(config).await,
        state(config).await,
        bus(config).await,
        db(config).await,
        twilio(config).await,
        numbers::numbers(config).await,
        openai(config).await,
        summary(config).await,
        recordings(config).await,
        public_url(config).await,
    ]
}

fn print(finding: &Finding) {
    let sign = if finding.well { "ok  " } else { "FAIL" };
    let took = finding.took_ms.map(|ms| format!("  ({ms} ms)")).unwrap_or_default();
    println!("{sign}  {:<10} {}{took}", finding.what, finding.found);
    if !finding.advice.is_empty() {
        println!("                  → {}", finding.advice);
    }
}

fn well(what: &'static str, found: impl Into<String>) -> Finding {
    Finding { what, well: true, found: found.into(), took_ms: None, advice: String::new() }
}

fn sick(what: &'static str, found: impl Into<String>, advice: &str) -> Finding {
    Finding { what, well: false, found: found.into(), took_ms: None, advice: advice.to_owned() }
}

/// Asks a port how it is.
async fn ask<E: Display>(what: &'static str, advice: &str, check: impl Future<Output = Result<Health, E>>) -> Finding {
    let started = Instant::now();
    let answer = tokio::time::timeout(PATIENCE, check).await;
    let took_ms = Some(started.elapsed().as_millis() as u64);
    let finding = match answer {
        Ok(Ok(health)) if health.faults.is_empty() => well(what, health.server),
        Ok(Ok(health)) => sick(what, health.server, &health.faults.join("; ")),
        Ok(Err(error)) => sick(what, error.to_string(), advice),
        Err(_) => sick(what, format!("no answer within {PATIENCE:?}"), advice),
    };
    Finding { took_ms, ..finding }
}

async fn state(config: &Config) -> Finding {
    if config.redis_url.is_none() {
        return well("state", "in this process; set REDIS_URL for more than one");
    }
    let advice = "start Redis and check REDIS_URL: redis://user:password@host:6379";
    match assemble::state(config).await {
        Ok(state) => ask("state", advice, state.check()).await,
        Err(error) => sick("state", format!("{error:#}"), advice),
    }
}

async fn bus(config: &Config) -> Finding {
    if config.nats_url.is_none() {
        return well("bus", "in this process; set NATS_URL for more than one");
    }
    let advice = "start nats-server with JetStream (`-js`) and check NATS_URL: nats://host:4222";
    match assemble::bus(config).await {
        Ok(bus) => ask("bus", advice, bus.check()).await,
        Err(error) => sick("bus", format!("{error:#}"), advice),
    }
}

async fn db(config: &Config) -> Finding {
    let advice = "start the database, check DATABASE_URL: postgres://user:password@host/name, then `patchbay migrate`";
    if config.database_url.is_none() {
        return well("record", "SQLite in memory; set DATABASE_URL to keep it");
    }
    match assemble::db(config) {
        Ok(db) => ask("record", advice, db.check()).await,
        Err(error) => sick("record", format!("{error:#}"), advice),
    }
}

async fn twilio(config: &Config) -> Finding {
    if config.twilio.account_sid.is_empty() || account::is_local(config) {
        return well(
            "Twilio",
            "no account; only `patchbay ring` can call. Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
        );
    }
    let advice =
        "compare TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and TWILIO_API_SECRET) with Twilio's console";
    match adapters::twilio::TwilioRest::new(&config.twilio) {
        Ok(Some(rest)) => ask("Twilio", advice, common::ports::Telephone::check(&rest)).await,
        Ok(None) => well("Twilio", "webhooks are checked; calls are ended by closing their stream"),
        Err(error) => sick("Twilio", error.to_string(), advice),
    }
}

/// Whether the key is taken: the list of models is the cheapest question.
async fn openai(config: &Config) -> Finding {
    use common::private::ExposeSecret;
    let Some(key) = &config.openai.api_key else {
        return well("OpenAI", "no key; the scripted agent answers. Set OPENAI_API_KEY");
    };
    let base = config.openai.base_url.replacen("wss://", "https://", 1).replacen("ws://", "http://", 1);
    let asking = async {
        let client = reqwest::Client::new();
        let answer = client.get(format!("{base}/models")).bearer_auth(key.expose_secret()).send().await;
        match answer.map_err(|error| error.without_url().to_string())?.status().as_u16() {
            200 => Ok(Health { server: "the key is taken".to_owned(), faults: Vec::new() }),
            status => Err(format!("answered {status}")),
        }
    };
    ask("OpenAI", "compare OPENAI_API_KEY with OpenAI's console; OPENAI_BASE_URL must end in /v1", asking).await
}

/// The model that sums calls up.
async fn summary(config: &Config) -> Finding {
    if config.summary.api_key.is_none() {
        return well(
            "summaries",
            "no key; the simulated model answers. Set PATCHBAY_SUMMARY__API_KEY or OPENAI_API_KEY",
        );
    }
    let advice = "check PATCHBAY_SUMMARY__MODEL, PATCHBAY_SUMMARY__BASE_URL and the key";
    match adapters::summary::open(&config.summary) {
        Ok(model) => ask("summaries", advice, model.check()).await,
        Err(error) => sick("summaries", error.to_string(), advice),
    }
}

/// Where recordings are kept: something is written there, read back and deleted. A folder that is not there yet is left so.
async fn recordings(config: &Config) -> Finding {
    let place = &config.recordings.url;
    if !place.contains("://") && !std::path::Path::new(place).exists() {
        return well("recordings", format!("the folder {place}, made when a call is recorded first"));
    }
    let advice = "check PATCHBAY_RECORDINGS__URL, the rights there, and AWS_…, GOOGLE_… or AZURE_…";
    match assemble::vault(config) {
        Ok(vault) => ask("recordings", advice, vault.check()).await,
        Err(error) => sick("recordings", format!("{error:#}"), advice),
    }
}

/// Whether the public address leads to a gateway.
async fn public_url(config: &Config) -> Finding {
    let asking = async {
        let answer = reqwest::get(format!("{}/health", config.public_url)).await;
        match answer.map_err(|_| format!("nobody answers at {} yet", config.public_url))?.status().as_u16() {
            200 => Ok(Health { server: format!("{} leads to a gateway", config.public_url), faults: Vec::new() }),
            status => Err(format!("{} answered {status}", config.public_url)),
        }
    };
    let finding = ask("public", "start a gateway, or set PUBLIC_URL to the address Twilio reaches", asking).await;
    // Before the first start nothing can answer there.
    Finding { well: finding.well || config.public_url.starts_with("http://127.0.0.1"), ..finding }
}
