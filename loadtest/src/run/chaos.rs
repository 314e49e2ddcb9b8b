//! Processes killed on purpose while the calls go on.

use std::{str::FromStr, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::sync::Mutex;

use super::system::System;

/// Which role is killed, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kills {
    /// The role; of several processes each in turn.
    pub role: String,
    /// How often.
    pub times: u32,
}

impl FromStr for Kills {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (role, times) = text.split_once(':').context("expected a role and a number, such as recorder:50")?;
        ensure!(["gateway", "worker", "recorder"].contains(&role), "expected gateway, worker or recorder");
        Ok(Self { role: role.to_owned(), times: times.parse().context("expected a number after the colon")? })
    }
}

/// Kills the role's process again and again, evenly over the time of the calls.
pub(super) async fn kill(kills: Kills, during: Duration, system: Arc<Mutex<System>>) -> Result<()> {
    let every = during / (kills.times + 1);
    for _ in 0..kills.times {
        tokio::time::sleep(every).await;
        let _name = system.lock().await.kill(&kills.role).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_read_from_the_command_line() {
        let expected = Kills { role: "recorder".to_owned(), times: 50 };
        assert_eq!("recorder:50".parse::<Kills>().unwrap(), expected);
        assert!("redis:1".parse::<Kills>().is_err() && "recorder".parse::<Kills>().is_err());
    }
}
