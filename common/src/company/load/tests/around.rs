//! What goes on around calls: recordings, messages, hooks, budgets, as packs say it.

use super::*;
use crate::company::{RecordBy, RecordFrom};
use crate::money::Money;

const MESSAGES: &str = "[messages]\ncountries = [\"US\", \"PT\"]\nper_number_day = 2\n[messages.templates.confirm]\n\
    description = \"Confirms a booking\"\nfields = { number = 12 }\ntexts = { en = \"Your booking is {number}.\" }\n\
    [hooks.crm]\nurl = \"https://crm.example.com/x\"\nevents = [\"call.ended\"]\nsecret = \"crm_key\"\n";

fn load_both(company: &str, agent: &str) -> Result<Packs, String> {
    let company = format!("{COMPANY}{company}");
    load_files(&[("acme/company.toml", &company), ("acme/agent.toml", &format!("{AGENT}{agent}"))])
}

#[test]
fn everything_around_a_call_is_read() {
    let packs = load_both(
        MESSAGES,
        "[budget]\nusd = \"1.50\"\n[recording]\nby = \"patchbay\"\nannouncement = { en = \"We record this.\" }\n\
         pause_for = [\"hang_up\"]\nkeep_days = 30\n[after_call.summary]\ninstructions = \"Be brief.\"\n\
         fields = { type = \"object\", properties = { city = { type = \"string\" } } }\n\
         [[after_call.messages]]\ntemplate = \"confirm\"\nwhen = [\"agent_hung_up\"]\n",
    );
    let packs = packs.unwrap();
    let (company, agent) = packs.roster.agents().next().unwrap();
    assert_eq!(company.texting.countries, ["US", "PT"]);
    assert_eq!((company.texting.per_call, company.texting.per_number_day), (1, 2));
    assert_eq!(company.texting.templates["confirm"].fields["number"], 12);
    assert_eq!(company.hooks["crm"].events, ["call.ended"]);
    assert_eq!(agent.budget.unwrap().usd, Money::from_nanos(1_500_000_000));
    assert_eq!((agent.recording.by, agent.recording.from), (RecordBy::Patchbay, RecordFrom::Announced));
    assert_eq!(agent.recording.keep_days, Some(30));
    assert_eq!(agent.after_call.messages[0].template, "confirm");
    assert_eq!(agent.after_call.summary.as_ref().unwrap().fields.as_ref().unwrap()["type"], "object");
    let greeting = agent.snapshot(company, None).phrases().greeting.clone();
    assert!(greeting.starts_with("We record this. "), "{greeting}");
}

#[test]
fn an_agent_that_wants_nothing_of_it_keeps_its_version() {
    let plain = load_both("", "").unwrap();
    let with = load_both("", "[budget]\nusd = \"2\"\n").unwrap();
    let version = |packs: &Packs| packs.roster.agents().next().unwrap().1.version.clone();
    let text = serde_json::to_string(&plain.roster).unwrap();
    assert!(!text.contains("budget") && !text.contains("after_call"), "{text}");
    assert_ne!(version(&plain), version(&with));
}

#[test]
fn callers_who_are_recorded_hear_it_in_every_language() {
    let told = load_both("", "[recording]\nby = \"patchbay\"\n").unwrap_err();
    assert!(told.contains("agent.toml line 10") || told.contains("recording.announcement is missing in en"), "{told}");
}

#[test]
fn every_mistake_is_told_with_its_line_and_an_example() {
    let told = load_both(
        "[messages]\nfrom = \"555\"\ncountries = [\"usa\"]\n[messages.templates.a]\ndescription = \"A\"\n\
         texts = { en = \"Hello {name}\" }\n[hooks.crm]\nurl = \"http://crm\"\nevents = [\"call.endet\"]\n",
        "[budget]\nusd = \"free\"\n[recording]\nby = \"me\"\n[[after_call.messages]]\ntemplate = \"b\"\n",
    );
    let told = told.unwrap_err();
    for part in [
        "messages.from is \"555\"",
        "holds \"usa\"",
        "names {name} in en, which is no field",
        "hooks.crm.url must be an https URL",
        "names \"call.endet\"",
        "budget.usd is \"free\"",
        "recording.by is \"me\"",
        "after_call.messages.template is \"b\"",
    ] {
        assert!(told.contains(part), "{part} is not told:\n{told}");
    }
}
