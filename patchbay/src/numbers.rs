//! `patchbay numbers`: the telephone numbers of the Twilio account: who answers them here, and whether they are set so.
//!
//! Before it: the account, by its REST API, and the agents in force. What differs is worked out by [`compare`], which
//! knows neither. Numbers are shown in full: they are the operator's own.

mod check;
mod compare;
mod list;
mod point;
mod public;
mod standing;

pub(crate) use compare::{Finding, Kind, compare};
pub(crate) use public::unreachable;

use crate::cli::Settings;
use crate::{assemble, process, source};
use anyhow::Context;
use clap::Subcommand;
use common::company::{Agent, Company, Roster};
use common::config::Config;
use common::ports::Numbers;
use common::ports::telephone::OwnNumber;
use common::private::PhoneNumber;
use std::sync::Arc;

/// What the account must be told of.
const REQUIRED: &[&str] = &["twilio.account_sid", "twilio.auth_token"];

#[derive(Subcommand)]
pub(crate) enum NumbersCommand {
    /// Shows the numbers of the account: name, the agent that answers here, how it is set
    #[command(after_help = "Examples:\n  patchbay numbers list\n  patchbay numbers list --json")]
    List(list::ListArgs),
    /// Points numbers here: shows what changes, asks, sets voice, fallback and status addresses
    #[command(
        after_help = "Examples:\n  patchbay numbers point +13105550123\n  patchbay numbers point +13105550123 +442079460123 --yes\n  patchbay numbers point --all      # every number of an agent that the account has"
    )]
    Point(point::PointArgs),
    /// Compares the account's numbers with the agents' and says how to mend each; fails when something is wrong
    #[command(after_help = "Examples:\n  patchbay numbers check\n  patchbay numbers check --json")]
    Check(check::CheckArgs),
}

/// Runs one of them.
pub(crate) fn run(settings: &Settings, command: &NumbersCommand) -> anyhow::Result<()> {
    let config = settings.load(REQUIRED, &[])?;
    process::runtime()?.block_on(async {
        match command {
            NumbersCommand::List(args) => list::run(&config, args).await,
            NumbersCommand::Point(args) => point::run(&config, args).await,
            NumbersCommand::Check(args) => check::run(&config, args).await,
        }
    })
}

/// Both sides: the agents in force, and the numbers of the account.
struct Sides {
    roster: Roster,
    account: Arc<dyn Numbers>,
    own: Vec<OwnNumber>,
}

impl Sides {
    async fn look(config: &Config) -> anyhow::Result<Self> {
        let directory = assemble::database(config)?.directory;
        let source = source::look(config, directory.as_ref()).await?;
        if let Some(error) = source.away {
            return Err(error).context("failed to use the database of DATABASE_URL; `patchbay doctor` says more");
        }
        let account = account(config)?;
        let own = account.list().await.context("failed to list the numbers of the Twilio account")?;
        Ok(Self { roster: source.roster, account, own })
    }
}

/// The account's numbers.
fn account(config: &Config) -> anyhow::Result<Arc<dyn Numbers>> {
    let twilio = assemble::twilio(config)?;
    let twilio = twilio.context("there is no Twilio account; set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")?;
    Ok(twilio)
}

/// `harbour/reception`
fn named((company, agent): (&Company, &Agent)) -> String {
    format!("{}/{}", company.id, agent.id)
}

/// For arguments: a number as people write it, `+1 (310) 555-0123`.
fn parse_number(text: &str) -> Result<PhoneNumber, String> {
    let bare: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
    let digits = bare.strip_prefix('+').unwrap_or_default();
    let right = (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    if right { Ok(PhoneNumber::new(&bare)) } else { Err("write it as +, country and number: +13105550123".to_owned()) }
}

/// Fails with what to do where Twilio could not reach this installation.
fn reachable(config: &Config) -> anyhow::Result<()> {
    match unreachable(&config.public_url) {
        Some(why) => {
            anyhow::bail!(
                "PUBLIC_URL is {}: {why}; set it to the address that leads to your gateways",
                config.public_url
            )
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_number;

    #[test]
    fn numbers_are_taken_as_people_write_them() {
        for text in ["+13105550123", "+1 (310) 555-0123", "+1.310.555.0123", "+1 310/555 0123"] {
            assert_eq!(parse_number(text).unwrap().reveal(), "+13105550123", "{text}");
        }
        for text in ["13105550123", "+1", "+1310555o123", "", "+", "++13105550123", "+1234567890123456"] {
            assert!(parse_number(text).unwrap_err().contains("+13105550123"), "{text}");
        }
    }
}
