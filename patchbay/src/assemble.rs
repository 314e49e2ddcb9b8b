//! Config → Ports: each URL that is set moves one port to the real thing; what is not set lives in this process.

use adapters::agent::Providers;
use adapters::db::Opened;
use adapters::line::TwilioLines;
use adapters::twilio::TwilioRest;
use anyhow::Context;
use common::config::Config;
use common::ports::{Bus, Db, Ports, State, Vault};
use common::private::ExposeSecret;
use std::sync::Arc;

/// Every port. Connecting to a server that is away does not fail: the ports come back by themselves, and readiness says
/// what is waited for.
pub(crate) async fn ports(config: &Config) -> anyhow::Result<Ports> {
    let twilio = twilio(config)?;
    let Opened { db, directory, outbound, aftercare } = database(config)?;
    Ok(Ports {
        state: state(config).await?,
        bus: bus(config).await?,
        db,
        directory,
        outbound,
        aftercare,
        vault: vault(config)?,
        summarizer: adapters::summary::open(&config.summary).context("failed to prepare the summary model")?,
        agents: Arc::new(Providers::new(config.openai.clone()).with_deepgram(config.deepgram.clone())),
        lines: Arc::new(TwilioLines),
        telephone: twilio.clone().map(|rest| rest as _),
        messages: twilio.clone().map(|rest| rest as _),
        recordings: twilio.clone().map(|rest| rest as _),
        numbers: twilio.map(|rest| rest as _),
    })
}

/// The telephone network beside its streams; `None` without credentials.
pub(crate) fn twilio(config: &Config) -> anyhow::Result<Option<Arc<TwilioRest>>> {
    let rest = TwilioRest::new(&config.twilio).context("failed to prepare Twilio's REST client")?;
    Ok(rest.map(Arc::new))
}

/// Where recordings are kept.
pub(crate) fn vault(config: &Config) -> anyhow::Result<Arc<dyn Vault>> {
    let store = adapters::vault::Store::open(&config.recordings).context("failed to use PATCHBAY_RECORDINGS__URL")?;
    Ok(Arc::new(store))
}

/// The state store.
pub(crate) async fn state(config: &Config) -> anyhow::Result<Arc<dyn State>> {
    Ok(match &config.redis_url {
        Some(url) => {
            let redis = adapters::state::Redis::connect(url.expose_secret(), "pb").await;
            Arc::new(redis.context("failed to use REDIS_URL")?)
        }
        None => Arc::new(adapters::state::Embedded::new()),
    })
}

/// The bus.
pub(crate) async fn bus(config: &Config) -> anyhow::Result<Arc<dyn Bus>> {
    Ok(match &config.nats_url {
        Some(url) => {
            let nats = adapters::bus::Nats::connect(url.expose_secret(), adapters::bus::nats::Options::default()).await;
            Arc::new(nats.context("failed to use NATS_URL")?)
        }
        None => Arc::new(adapters::bus::Embedded::new()),
    })
}

/// The record alone.
pub(crate) fn db(config: &Config) -> anyhow::Result<Arc<dyn Db>> {
    Ok(database(config)?.db)
}

/// The record and the directory: one database.
pub(crate) fn database(config: &Config) -> anyhow::Result<Opened> {
    adapters::db::open(config.database_url.as_ref()).context("failed to use DATABASE_URL")
}
