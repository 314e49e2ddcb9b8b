//! `patchbay agents apply`: from a folder of packs into the database, after a look at what changes.

use super::list::parse_company;
use super::{asked, diff, directory, line};
use crate::{ask, assemble, source};
use clap::Args;
use common::company::load::{self, Packs};
use common::company::{Company, Roster, Services};
use common::config::Config;
use common::control::{self, ConfigChanged, Reach};
use common::ids::CompanyId;
use common::ports::{Bus, Directory, Record};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct ApplyArgs {
    /// The folder of packs; without it the configured one
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Only this company
    #[arg(long, value_name = "COMPANY", value_parser = parse_company)]
    company: Option<CompanyId>,
    /// Does not ask
    #[arg(long)]
    yes: bool,
    /// Calls under way take it over from their next answer on
    #[arg(long)]
    live: bool,
}

/// What is to be written.
struct Plan<'p> {
    companies: Vec<&'p Company>,
    records: Vec<Record>,
}

/// Shows, asks, writes, tells.
pub(crate) async fn run(config: &Config, args: &ApplyArgs) -> anyhow::Result<()> {
    let dir = args.dir.as_ref().unwrap_or(&config.agents_dir);
    // What the packs say is written; an installation's own addresses are laid over where it is used.
    let read = load::load(dir, &Services::default()).map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?;
    let packs = source::checked(read)?;
    for warning in &packs.warnings {
        line(format_args!("warning: {warning}"));
    }
    let directory = directory(config)?;
    let found = asked(directory.configuration().await)?;
    let plan = plan(&packs, &found.roster, args, directory.as_ref()).await?;
    if plan.companies.is_empty() && plan.records.is_empty() {
        line(format_args!("nothing to do: all of it is in force already"));
        return Ok(());
    }
    if !args.yes {
        ask::agreed("Apply?", "applied")?;
    }
    write(config, directory.as_ref(), &plan, args).await
}

/// What changes, printed.
async fn plan<'p>(
    packs: &'p Packs,
    old: &Roster,
    args: &ApplyArgs,
    directory: &dyn Directory,
) -> anyhow::Result<Plan<'p>> {
    let named = |id: &CompanyId| args.company.as_ref().is_none_or(|company| company == id);
    let wanted: Vec<&Company> = packs.roster.companies.values().filter(|company| named(&company.id)).collect();
    if let Some(company) = args.company.as_ref().filter(|_| wanted.is_empty()) {
        let known: Vec<&str> = packs.roster.companies.keys().map(CompanyId::as_str).collect();
        anyhow::bail!("the folder holds no company {company}; it holds {}", known.join(", "));
    }
    let mut plan = Plan { companies: Vec::new(), records: Vec::new() };
    for new in wanted {
        let known = old.companies.get(&new.id);
        let mut changes = diff::company(known, new);
        // What is no part of a version, such as the path of a script, is still written.
        if known != Some(new) {
            plan.companies.push(new);
        }
        for (kind, records) in by_kind(&packs.records, &new.id) {
            let changed = changed(directory, &new.id, kind, &records).await?;
            if !changed.is_empty() {
                changes += &format!("  ~ records {kind}: {} of {} are new or changed\n", changed.len(), records.len());
                plan.records.extend(changed.into_iter().cloned());
            }
        }
        let sign = if known.is_none() { "+" } else { "~" };
        if !changes.is_empty() || known.is_none() {
            line(format_args!("{sign} company {}  {}\n{changes}", new.id, new.name));
        }
    }
    Ok(plan)
}

fn by_kind<'p>(records: &'p [Record], company: &CompanyId) -> BTreeMap<&'p str, Vec<&'p Record>> {
    let mut kinds: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.company == *company) {
        kinds.entry(&record.kind).or_default().push(record);
    }
    kinds
}

/// The records that are not stored as they are.
async fn changed<'p>(
    directory: &dyn Directory,
    company: &CompanyId,
    kind: &str,
    records: &[&'p Record],
) -> anyhow::Result<Vec<&'p Record>> {
    let stored = asked(directory.records(company, kind).await)?;
    Ok(records.iter().copied().filter(|record| !stored.contains(record)).collect())
}

async fn write(config: &Config, directory: &dyn Directory, plan: &Plan<'_>, args: &ApplyArgs) -> anyhow::Result<()> {
    let bus = match &config.nats_url {
        Some(_) => Some(assemble::bus(config).await?),
        None => None,
    };
    if !plan.records.is_empty() {
        let stored = asked(directory.store(&plan.records).await)?;
        line(format_args!("records: {} added, {} changed", stored.added, stored.changed));
    }
    let reach = if args.live { Reach::AllCalls } else { Reach::NewCalls };
    let mut words = Vec::new();
    for company in &plan.companies {
        let revision = asked(directory.apply(company, "apply").await)?;
        for agent in company.agents.values() {
            line(format_args!("applied {}/{}  version {}  revision {revision}", company.id, agent.id, agent.version));
        }
        words.push(ConfigChanged { company: company.id.clone(), revision, reach });
    }
    // Told when all are there: a gateway that begins to follow the database meets every company at once.
    if let Some(bus) = &bus {
        for word in &words {
            tell(bus.as_ref(), word).await;
        }
    }
    match bus {
        Some(_) if args.live => line(format_args!("gateways take it over now, calls under way with their next answer")),
        Some(_) => line(format_args!("gateways take it over now; calls under way go on as they began")),
        None => line(format_args!("gateways take it over within ten seconds (NATS_URL is not set: nobody was told)")),
    }
    Ok(())
}

/// Tells the gateways, and with `--live` the workers. A word that is lost is made up for by the gateways' own looking.
async fn tell(bus: &dyn Bus, word: &ConfigChanged) {
    let payload = serde_json::to_vec(word).unwrap_or_default();
    if let Err(error) = bus.tell(control::CONFIG, payload.into()).await {
        line(format_args!("warning: nobody could be told of {}: {error}", word.company));
    }
}
