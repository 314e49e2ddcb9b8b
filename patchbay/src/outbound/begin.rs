//! A wish is stored as a batch, and whoever wished is told what follows.

use super::{open, plan};
use crate::agents::{asked, line};
use crate::source;
use adapters::db::Opened;
use anyhow::Context;
use common::company::Roster;
use common::config::Config;
use common::ports::outbound::{Batch, BatchRow, Begun};
use common::ports::{DbError, Outbound};
use common::private::PhoneNumber;
use outbound::Wish;
use std::sync::Arc;

/// The database, and the agents in force.
pub(super) struct Known {
    pub(super) outbound: Arc<dyn Outbound>,
    pub(super) roster: Roster,
}

impl Known {
    /// Reads them.
    pub(super) async fn read(config: &Config) -> anyhow::Result<Self> {
        let Opened { directory, outbound, .. } = open(config)?;
        let found = source::look(config, directory.as_ref()).await?;
        match found.away {
            Some(error) => asked(Err(error)),
            None => Ok(Self { outbound, roster: found.roster }),
        }
    }

    /// Numbers that are our own: nobody calls them.
    pub(super) fn numbers(&self) -> Vec<PhoneNumber> {
        self.roster.agents().flat_map(|(_, agent)| agent.numbers.clone()).collect()
    }

    /// The batch of a wish; everything that is wrong with it at once.
    pub(super) fn batch(&self, wish: Wish, rows: &[BatchRow]) -> anyhow::Result<Batch> {
        let now_ms = common::clock::unix_ms();
        wish.batch(&self.roster, rows, now_ms).map_err(|faults| match faults.as_slice() {
            [fault] => anyhow::anyhow!("nobody is called: {fault}"),
            faults => anyhow::anyhow!("nobody is called:\n  {}", faults.join("\n  ")),
        })
    }

    /// Stores it.
    pub(super) async fn begin(&self, batch: &Batch, rows: &[BatchRow]) -> anyhow::Result<Begun> {
        match self.outbound.begin_batch(batch, rows).await {
            Err(DbError::Refused(why)) => {
                Err(anyhow::anyhow!("{why}")).context("failed to begin the batch; --id begins another")
            }
            begun => asked(begun),
        }
    }
}

/// Says what was begun and how it is called.
pub(super) fn tell(batch: &Batch, begun: Begun, rows: usize) {
    match begun {
        Begun::New => line(format_args!("began {} ({}): {rows} to be called", batch.id, batch.name)),
        Begun::Before => line(format_args!("{} ({}) was begun before; nothing is begun twice", batch.id, batch.name)),
    }
    line(format_args!("  {}/{} calls from {}", batch.company, batch.agent, batch.from.reveal()));
    line(format_args!("  {}", plan::shown(&batch.plan)));
    line(format_args!("  the gateway dials; follow it with: patchbay outbound watch {}", batch.id));
}

/// The same for scripts.
pub(super) fn word(begun: Begun) -> &'static str {
    match begun {
        Begun::New => "new",
        Begun::Before => "before",
    }
}
