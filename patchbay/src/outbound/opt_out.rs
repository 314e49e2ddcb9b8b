//! `patchbay outbound opt-out`: people a company does not call any more. Every batch looks right before it calls.

use super::open;
use crate::agents::{asked, line};
use anyhow::Context;
use clap::{Args, Subcommand};
use common::config::Config;
use common::ids::CompanyId;
use common::private::PhoneNumber;
use serde_json::json;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum OptOutCommand {
    /// They are not called any more
    #[command(after_help = "Example:\n  patchbay outbound opt-out add +13105550123 --company harbour")]
    Add(PeopleArgs),
    /// They may be called again
    #[command(after_help = "Example:\n  patchbay outbound opt-out remove +13105550123 --company harbour")]
    Remove(PeopleArgs),
    /// Shows who of them must not be called
    #[command(after_help = "Example:\n  patchbay outbound opt-out check --file people.txt --company harbour")]
    Check(PeopleArgs),
}

#[derive(Args)]
pub(crate) struct PeopleArgs {
    /// Numbers, E.164
    #[arg(value_name = "NUMBER", required_unless_present = "file")]
    numbers: Vec<String>,
    /// A file with a number at the beginning of each line; a first line that names columns is left out
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// By which company
    #[arg(long, value_name = "COMPANY", value_parser = crate::agents::parse_company)]
    company: CompanyId,
    /// Prints JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Runs one of them.
pub(super) async fn run(config: &Config, command: &OptOutCommand) -> anyhow::Result<()> {
    let (OptOutCommand::Add(args) | OptOutCommand::Remove(args) | OptOutCommand::Check(args)) = command;
    let numbers = args.numbers()?;
    let (outbound, company) = (open(config)?.outbound, &args.company);
    let (changed, done) = match command {
        OptOutCommand::Add(_) => {
            let source = if args.file.is_some() { "file" } else { "command" };
            (asked(outbound.opt_out(company, &numbers, source).await)?, "are not called any more")
        }
        OptOutCommand::Remove(_) => (asked(outbound.opt_in(company, &numbers).await)?, "may be called again"),
        OptOutCommand::Check(_) => {
            let found = asked(outbound.opted_out(company, &numbers).await)?;
            if args.json {
                line(format_args!("{:#}", json!({"checked": numbers.len(), "opted_out": found})));
            } else {
                found.iter().for_each(|number| line(number.reveal()));
                line(format_args!("{} of {} must not be called by {company}", found.len(), numbers.len()));
            }
            return Ok(());
        }
    };
    if args.json {
        line(format_args!("{:#}", json!({"given": numbers.len(), "changed": changed})));
    } else {
        line(format_args!("{changed} of {} {done} by {company}; the others were so before", numbers.len()));
    }
    Ok(())
}

impl PeopleArgs {
    fn numbers(&self) -> anyhow::Result<Vec<PhoneNumber>> {
        let mut numbers = Vec::new();
        for text in &self.numbers {
            numbers.push(e164(text).with_context(|| format!("{text:?} must be like +13105550123"))?);
        }
        if let Some(path) = &self.file {
            let content =
                std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
            let mut broken = Vec::new();
            for (at, text) in content.trim_start_matches('\u{feff}').lines().enumerate() {
                let text = text.split([',', ';', '\t']).next().unwrap_or_default().trim().trim_matches('"');
                let is_header = at == 0 && !text.bytes().any(|byte| byte.is_ascii_digit());
                match e164(text) {
                    Some(number) => numbers.push(number),
                    None if text.is_empty() || is_header => {}
                    None => broken.push((at + 1).to_string()),
                }
            }
            let path = path.display();
            anyhow::ensure!(broken.is_empty(), "{path}: no number like +13105550123 in lines {}", broken.join(", "));
        }
        Ok(numbers)
    }
}

/// Also numbers that may not be called: whoever has one may still say no.
fn e164(text: &str) -> Option<PhoneNumber> {
    let digits: String =
        text.strip_prefix('+')?.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| PhoneNumber::new(&format!("+{digits}")))
}
