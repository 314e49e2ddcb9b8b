//! `patchbay numbers list`.

use super::compare::{Kind, compare};
use super::standing::{Answered, answered};
use super::{Sides, named};
use crate::agents::{line, table};
use clap::Args;
use common::config::Config;
use common::ports::telephone::OwnNumber;
use serde_json::json;

#[derive(Args)]
pub(crate) struct ListArgs {
    /// Prints them as JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Shows the numbers of the account.
pub(super) async fn run(config: &Config, args: &ListArgs) -> anyhow::Result<()> {
    let sides = Sides::look(config).await?;
    let mut rows = vec![["NUMBER", "NAME", "ANSWERED BY", "SET"].map(str::to_owned).to_vec()];
    let mut documents = Vec::new();
    for own in &sides.own {
        let agent = agent(config, &sides, own);
        let set = set(config, &sides, own);
        rows.push(vec![
            own.number.reveal().to_owned(),
            own.name.clone(),
            agent.clone().unwrap_or_else(|| "-".to_owned()),
            set.clone(),
        ]);
        documents.push(json!({
            "number": own.number, "sid": own.sid, "name": own.name, "agent": agent, "set": set,
            "setup": own.setup, "overridden_by": own.overridden_by,
        }));
    }
    if args.json {
        line(format_args!("{:#}", json!({"public_url": config.public_url, "numbers": documents})));
    } else if documents.is_empty() {
        line("the account has no numbers; buy one in Twilio's console under Phone Numbers");
    } else {
        line(table(&rows).trim_end());
    }
    Ok(())
}

/// Who answers it here: now, or once it points here.
fn agent(config: &Config, sides: &Sides, own: &OwnNumber) -> Option<String> {
    match answered(&config.public_url, &sides.roster, own) {
        Answered::By(company, agent) => Some(named((company, agent))),
        Answered::Nobody | Answered::Elsewhere => sides.roster.by_number(&own.number).map(named),
    }
}

/// How it is set, in a few words.
fn set(config: &Config, sides: &Sides, own: &OwnNumber) -> String {
    let elsewhere = || match own.setup.voice_url.as_str() {
        "" => "nowhere".to_owned(),
        url => url.to_owned(),
    };
    if !own.overridden_by.is_empty() {
        return own.overridden_by.clone();
    }
    let findings = compare(&config.public_url, &sides.roster, std::slice::from_ref(own));
    let about_it = findings.iter().find(|finding| finding.number == own.number);
    match about_it.map(|finding| (finding.kind, finding)) {
        Some((Kind::Unanswered, _)) => "here, nobody answers".to_owned(),
        Some((Kind::Differs, finding)) => {
            let wrong: Vec<&str> = finding.differences.iter().map(|difference| difference.what).collect();
            format!("here; wrong: {}", wrong.join(", "))
        }
        Some(_) => elsewhere(),
        None => match answered(&config.public_url, &sides.roster, own) {
            Answered::By(..) => "here".to_owned(),
            Answered::Nobody | Answered::Elsewhere => elsewhere(),
        },
    }
}
