//! `patchbay numbers point`: from the account's setup to ours, after a look at what changes.

use super::check::shown;
use super::compare::{Difference, differences, wanted};
use super::{Sides, named, parse_number, reachable};
use crate::agents::line;
use crate::ask;
use anyhow::Context;
use clap::Args;
use common::config::Config;
use common::ports::telephone::{NumberSetup, OwnNumber};
use common::private::PhoneNumber;
use serde_json::json;

#[derive(Args)]
pub(crate) struct PointArgs {
    /// Numbers of the account: +, country and number
    #[arg(value_name = "NUMBER", value_parser = parse_number, required_unless_present = "all", conflicts_with = "all")]
    numbers: Vec<PhoneNumber>,
    /// Every number of an agent
    #[arg(long)]
    all: bool,
    /// Does not ask
    #[arg(long)]
    yes: bool,
    /// Prints what was changed as JSON and nothing else; needs --yes
    #[arg(long, requires = "yes")]
    json: bool,
}

/// What is to be done with the numbers that were named.
#[derive(Default)]
struct Plan<'s> {
    changes: Vec<Change<'s>>,
    /// Point here already.
    right: Vec<&'s OwnNumber>,
    /// Cannot be pointed here, and why.
    refused: Vec<(PhoneNumber, String)>,
}

/// A number that is to be set otherwise.
struct Change<'s> {
    own: &'s OwnNumber,
    /// Who will answer it.
    agent: Option<String>,
    differences: Vec<Difference>,
    setup: NumberSetup,
}

/// Shows, asks, sets.
pub(super) async fn run(config: &Config, args: &PointArgs) -> anyhow::Result<()> {
    reachable(config)?;
    let sides = Sides::look(config).await?;
    let named: Vec<PhoneNumber> = if args.all { of_agents(&sides) } else { args.numbers.clone() };
    anyhow::ensure!(!named.is_empty(), "no agent has a number; add one to `numbers` of an agent");
    let plan = plan(&config.public_url, &sides, &named);
    if !args.json {
        print(&plan);
    }
    // Of numbers that a person names, all are wanted or none. Of all numbers, those that can be.
    let refused = refusal(&plan);
    if !args.all {
        refused.as_ref().map_or(Ok(()), |words| Err(anyhow::anyhow!("nothing was changed: {words}")))?;
    }
    set(&plan, &sides, args).await?;
    if args.json {
        line(format_args!("{:#}", document(&plan)));
    }
    refused.map_or(Ok(()), |words| Err(anyhow::anyhow!("left out: {words}")))
}

fn of_agents(sides: &Sides) -> Vec<PhoneNumber> {
    sides.roster.agents().flat_map(|(_, agent)| agent.numbers.iter().cloned()).collect()
}

fn plan<'s>(base: &str, sides: &'s Sides, named: &[PhoneNumber]) -> Plan<'s> {
    let mut plan = Plan::default();
    for number in named {
        let Some(own) = sides.own.iter().find(|own| own.number == *number) else {
            plan.refused.push((number.clone(), absent(sides)));
            continue;
        };
        if !own.overridden_by.is_empty() {
            let why = format!("{} takes its calls; take it out of there in Twilio's console first", own.overridden_by);
            plan.refused.push((number.clone(), why));
            continue;
        }
        let setup = wanted(base, &sides.roster, own);
        let differences = differences(base, &own.setup, &setup);
        if differences.is_empty() {
            plan.right.push(own);
        } else {
            plan.changes.push(Change { own, agent: answering(base, sides, own, &setup), differences, setup });
        }
    }
    plan
}

/// Who answers a number once it is set like this.
fn answering(base: &str, sides: &Sides, own: &OwnNumber, setup: &NumberSetup) -> Option<String> {
    let then = OwnNumber { setup: setup.clone(), ..own.clone() };
    match super::standing::answered(base, &sides.roster, &then) {
        super::standing::Answered::By(company, agent) => Some(named((company, agent))),
        _ => None,
    }
}

fn absent(sides: &Sides) -> String {
    match sides.own.len() {
        0 => "the account has no numbers; compare TWILIO_ACCOUNT_SID with Twilio's console".to_owned(),
        _ => "the account does not have it; `patchbay numbers list` shows those it has".to_owned(),
    }
}

fn refusal(plan: &Plan<'_>) -> Option<String> {
    let words: Vec<String> = plan.refused.iter().map(|(number, why)| format!("{}: {why}", number.reveal())).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

fn print(plan: &Plan<'_>) {
    for own in &plan.right {
        line(format_args!("= {}  {}  points here already", own.number.reveal(), own.name));
    }
    for change in &plan.changes {
        let agent = change.agent.as_deref();
        let answered = agent.map_or("nobody answers it yet: add it to `numbers` of an agent".to_owned(), |agent| {
            format!("answered by {agent}")
        });
        line(format_args!("~ {}  {}  {answered}", change.own.number.reveal(), change.own.name));
        for difference in &change.differences {
            line(shown(difference));
        }
    }
}

async fn set(plan: &Plan<'_>, sides: &Sides, args: &PointArgs) -> anyhow::Result<()> {
    if plan.changes.is_empty() {
        return Ok(());
    }
    if !args.yes {
        ask::agreed("Point them here?", "changed")?;
    }
    for change in &plan.changes {
        let number = change.own.number.reveal();
        let done = sides.account.set(&change.own.sid, &change.setup).await;
        done.with_context(|| format!("failed to point {number} here; `patchbay numbers check` says what is left"))?;
        if !args.json {
            line(format_args!("pointed {number}"));
        }
    }
    Ok(())
}

fn document(plan: &Plan<'_>) -> serde_json::Value {
    let changed = |change: &Change<'_>| json!({"number": change.own.number, "agent": change.agent, "before": change.own.setup, "after": change.setup});
    let refused = |(number, why): &(PhoneNumber, String)| json!({"number": number, "why": why});
    json!({
        "pointed": plan.changes.iter().map(changed).collect::<Vec<_>>(),
        "unchanged": plan.right.iter().map(|own| &own.number).collect::<Vec<_>>(),
        "left_out": plan.refused.iter().map(refused).collect::<Vec<_>>(),
    })
}
