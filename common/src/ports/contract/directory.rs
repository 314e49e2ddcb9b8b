//! What every directory must do with companies and agents. Each function takes an empty, migrated database, which is
//! record and directory at once, and panics where the contract is broken.

use super::deeds;
use crate::company::{
    Agent, AgentLimits, Briefing, Company, Language, Phrases, Provider, Target, TurnDetection, Voice,
};
use crate::ids::{AgentId, CompanyId};
use crate::ports::{AgentVersion, Configuration, Current, Db, DbError, Directory};
use crate::private::PhoneNumber;
use std::collections::BTreeMap;

/// Before anything is applied, nobody is configured.
pub async fn nothing_is_in_force_at_first(store: &(impl Db + Directory)) {
    assert_eq!(store.revision().await.expect("revision"), 0);
    assert_eq!(store.configuration().await.expect("configuration"), Configuration::default());
}

/// What is applied is in force, as it was given, and said with its revision.
pub async fn a_company_applied_is_in_force(store: &(impl Db + Directory)) {
    let (harbour, bank) = (company("harbour", &["reception", "night"]), company("bank", &["loans"]));
    assert_eq!(apply(store, &harbour).await, 1);
    assert_eq!(apply(store, &bank).await, 2);
    let found = store.configuration().await.expect("configuration");
    assert_eq!(found.revision, 2);
    assert_eq!(found.roster.companies.into_values().collect::<Vec<_>>(), [bank, harbour]);
    assert_eq!(store.revision().await.expect("revision"), 2);
}

/// Applying what is in force changes nothing: no revision, no version, no word in the audit.
pub async fn applying_the_same_again_changes_nothing(store: &(impl Db + Directory)) {
    let harbour = company("harbour", &["reception"]);
    apply(store, &harbour).await;
    let audit = store.audit(&harbour.id, 100).await.expect("audit");
    assert_eq!(apply(store, &harbour).await, 1);
    assert_eq!(store.audit(&harbour.id, 100).await.expect("audit"), audit);
    assert_eq!(versions(store, &harbour).await, ["reception 1 Yes"]);
}

/// A change of the company alone leaves its agents' versions.
pub async fn a_changed_company_keeps_its_agents(store: &(impl Db + Directory)) {
    let mut harbour = company("harbour", &["reception"]);
    apply(store, &harbour).await;
    harbour.max_calls = 7;
    assert_eq!(apply(store, &harbour).await, 2);
    assert_eq!(in_force(store, &harbour).await, harbour);
    assert_eq!(versions(store, &harbour).await, ["reception 1 Yes"]);
}

/// A changed agent has a new version; the old one is kept, and can be put into force again.
pub async fn every_version_is_kept(store: &(impl Db + Directory)) {
    let first = company("harbour", &["reception"]);
    let second = changed(&first, "reception", "2");
    for company in [&first, &second, &first] {
        apply(store, company).await;
        assert_eq!(in_force(store, company).await, *company);
    }
    assert_eq!(store.revision().await.expect("revision"), 3);
    assert_eq!(versions(store, &first).await, ["reception 2 No", "reception 1 Yes"]);
}

/// An agent the company does not name any more answers no calls; its number is free and its versions are kept.
pub async fn an_agent_left_out_answers_no_calls(store: &(impl Db + Directory)) {
    let (both, one) = (company("harbour", &["reception", "night"]), company("harbour", &["reception"]));
    apply(store, &both).await;
    apply(store, &one).await;
    assert_eq!(in_force(store, &one).await, one);
    assert_eq!(versions(store, &one).await, ["night 1 No", "reception 1 Yes"]);
    let mut other = company("bank", &["loans"]);
    claim(&mut other, "loans", "+15005550102");
    apply(store, &other).await;
}

/// A number has one agent. Who claims one that is taken is refused, both are named, the number is not, and nothing else
/// of what was to be applied is in force.
pub async fn a_number_claimed_twice_is_refused(store: &(impl Db + Directory)) {
    let harbour = company("harbour", &["reception"]);
    apply(store, &harbour).await;
    let mut bank = company("bank", &["loans"]);
    claim(&mut bank, "loans", "+15005550101");
    let mut doubled = company("clinic", &["day", "night"]);
    claim(&mut doubled, "night", "+15005550301");
    claim(&mut doubled, "day", "+15005550301");
    let doubled = (&doubled, ["clinic/day", "clinic/night"]);
    for (company, both) in [(&bank, ["bank/loans", "harbour/reception"]), doubled] {
        let answer = store.apply(company, "test").await;
        let Err(DbError::Refused(why)) = &answer else { panic!("{answer:?}") };
        assert!(both.iter().all(|agent| why.contains(agent)), "{why}");
        assert!(!why.contains("500555") && why.contains("**01"), "{why}");
    }
    let found = store.configuration().await.expect("configuration");
    assert_eq!((found.revision, found.roster.companies.len()), (1, 1));
}

/// A number may move from one agent of a company to another in one step.
pub async fn a_number_moves_within_a_company(store: &(impl Db + Directory)) {
    let mut harbour = company("harbour", &["reception", "night"]);
    apply(store, &harbour).await;
    let numbers = |company: &mut Company, agent: &str, numbers: &[&str], version: &str| {
        let agent = company.agents.get_mut(&agent_id(agent)).expect("an agent");
        agent.numbers = numbers.iter().map(|number| PhoneNumber::new(number)).collect();
        agent.version = version.into();
    };
    numbers(&mut harbour, "reception", &[], "2");
    numbers(&mut harbour, "night", &["+15005550102", "+15005550101"], "2");
    apply(store, &harbour).await;
    assert_eq!(in_force(store, &harbour).await, harbour);
}

/// A version that answers calls is not forgotten, nor one that never was; another is, and stays so.
pub async fn a_version_in_force_is_not_forgotten(store: &(impl Db + Directory)) {
    let first = company("harbour", &["reception"]);
    apply(store, &first).await;
    apply(store, &changed(&first, "reception", "2")).await;
    let forget = async |version| store.forget_version(&first.id, &agent_id("reception"), version).await;
    for (version, why) in [("2", "answers calls"), ("9", "no version")] {
        let answer = forget(version).await;
        assert!(matches!(&answer, Err(DbError::Refused(said)) if said.contains(why)), "{answer:?}");
    }
    forget("1").await.expect("forget");
    assert!(matches!(forget("1").await, Err(DbError::Refused(_))));
    assert_eq!(versions(store, &first).await, ["reception 2 Yes"]);
}

/// A version forgotten while a call speaks with it takes nothing from that call's record.
pub async fn a_version_forgotten_in_mid_call_does_no_harm(store: &(impl Db + Directory)) {
    let first = company("harbour", &["reception"]);
    apply(store, &first).await;
    apply(store, &changed(&first, "reception", "2")).await;
    deeds::record(store, &[deeds::turn(1, 0, "1")]).await;
    store.forget_version(&first.id, &agent_id("reception"), "1").await.expect("forget");
    deeds::record(store, &[deeds::turn(1, 1, "1")]).await;
    let turns = store.turns(&deeds::call(1)).await.expect("turns");
    assert_eq!(turns.iter().map(|stored| stored.turn.version.as_deref()).collect::<Vec<_>>(), [Some("1"); 2]);
}

/// Changes at the same time follow one another: none is lost, each is a revision, each is whole.
pub async fn changes_at_the_same_time_follow_one_another(store: &(impl Db + Directory)) {
    let names = ["a", "b", "c", "d"];
    let apply_all = names.map(async |name| {
        for version in ["1", "2", "3"] {
            let company = changed(&bare(name), "reception", version);
            let mut tries = 0;
            while let Err(error) = store.apply(&company, "test").await {
                tries += 1;
                assert!(matches!(error, DbError::Conflict(_)) && tries <= 20, "{error}");
            }
        }
    });
    futures_util::future::join_all(apply_all).await;
    let found = store.configuration().await.expect("configuration");
    assert_eq!((found.revision, found.roster.companies.len()), (12, 4));
    assert!(found.roster.agents().all(|(_, agent)| agent.version == "3"));
}

/// Each change says in the audit who made it, newest first and no more than asked for, without numbers.
pub async fn what_was_applied_is_audited(store: &(impl Db + Directory)) {
    let first = company("harbour", &["reception", "night"]);
    apply(store, &first).await;
    let mut second = changed(&first, "reception", "2");
    second.agents.remove(&agent_id("night"));
    store.apply(&second, "an operator").await.expect("apply");
    let rows = store.audit(&first.id, 100).await.expect("audit");
    let said: Vec<_> = rows.iter().map(|row| format!("{}: {}", row.actor, row.action)).collect();
    let expected = ["an operator: withdrew night", "an operator: applied reception"];
    assert_eq!((&said[..2], said.len()), (&expected.map(str::to_owned)[..], 5), "{said:?}");
    assert!(!format!("{rows:?}").contains("500555"));
    assert_eq!(store.audit(&first.id, 2).await.expect("audit"), rows[..2]);
}

/// Of a company nobody knows there is nothing to tell, and that is no error.
pub async fn of_an_unknown_company_nothing_is_known(store: &(impl Db + Directory)) {
    let nobody = company_id("nobody");
    assert_eq!(store.versions(&nobody).await.expect("versions"), []);
    assert_eq!(store.audit(&nobody, 10).await.expect("audit"), []);
    assert_eq!(store.record_of(&nobody, "order", "1").await.expect("record"), None);
    assert_eq!(store.search(&nobody, "order", "blue", 10).await.expect("search"), []);
    assert_eq!(store.records(&nobody, "order").await.expect("records"), []);
    assert_eq!(store.record_kinds(&nobody).await.expect("kinds"), Vec::<String>::new());
}

async fn apply(store: &impl Directory, company: &Company) -> u64 {
    store.apply(company, "test").await.expect("apply")
}

async fn in_force(store: &impl Directory, company: &Company) -> Company {
    let mut found = store.configuration().await.expect("configuration");
    found.roster.companies.remove(&company.id).expect("it is in force")
}

/// Agent, version and whether it answers calls.
async fn versions(store: &impl Directory, company: &Company) -> Vec<String> {
    let found = store.versions(&company.id).await.expect("versions");
    assert!(found.iter().all(|version| version.applied_ms > 1_700_000_000_000), "{found:?}");
    let shown = |found: &AgentVersion| format!("{} {} {:?}", found.agent, found.version, found.current);
    assert!(found.iter().filter(|version| version.current == Current::Yes).count() <= company.agents.len());
    found.iter().map(shown).collect()
}

/// A company whose first agent answers +1 500 555 0101, the second …02, and so on.
fn company(id: &str, agents: &[&str]) -> Company {
    let mut company = bare(id);
    company.agents = BTreeMap::new();
    for (number, name) in agents.iter().enumerate() {
        let base = if id == "harbour" { 101 } else { 201 };
        let called = PhoneNumber::new(&format!("+15005550{}", base + number));
        company.agents.insert(agent_id(name), agent(name, "1", vec![called]));
    }
    company
}

/// A company with one agent, `reception`, that answers no number.
fn bare(id: &str) -> Company {
    let target = Target {
        number: PhoneNumber::new("+15005550199"),
        description: "somebody \"real\"".into(),
        ring_s: 20,
        talk_s: 600,
        briefing: Briefing::Spoken,
    };
    Company {
        id: company_id(id),
        name: "Hafen & Söhne".into(),
        timezone: "Europe/Lisbon".into(),
        max_calls: 5,
        agents: BTreeMap::from([(agent_id("reception"), agent("reception", "1", Vec::new()))]),
        targets: BTreeMap::from([("front desk".into(), target)]),
        queues: BTreeMap::new(),
        rooms: BTreeMap::new(),
        services: BTreeMap::from([("loans".into(), "https://loans.example.com".into())]),
        texting: Default::default(),
        hooks: BTreeMap::new(),
    }
}

fn agent(name: &str, version: &str, numbers: Vec<PhoneNumber>) -> Agent {
    let voice = Voice {
        provider: Provider::Openai,
        model: "gpt-realtime".into(),
        voice: "marin".into(),
        turn_detection: TurnDetection::ServerVad { threshold: 0.3, prefix_padding_ms: 300, silence_duration_ms: 500 },
        transcription: None,
        thinker: None,
    };
    let language = Language {
        tag: "hi-IN".into(),
        instructions: "नमस्ते।\nBe kind.".into(),
        phrases: Phrases::default(),
        voices: Vec::new(),
    };
    Agent {
        id: agent_id(name),
        version: version.into(),
        numbers,
        languages: vec![language],
        voices: vec![voice],
        budget: None,
        recording: Default::default(),
        after_call: Default::default(),
        limits: AgentLimits::default(),
        tools: Vec::new(),
        menu: None,
        script: None,
    }
}

/// The same company with another version of this agent.
fn changed(company: &Company, agent: &str, version: &str) -> Company {
    let mut company = company.clone();
    let agent = company.agents.get_mut(&agent_id(agent)).expect("an agent");
    agent.version = version.into();
    agent.languages[0].instructions.push_str(version);
    company
}

fn claim(company: &mut Company, agent: &str, number: &str) {
    company.agents.get_mut(&agent_id(agent)).expect("an agent").numbers.push(PhoneNumber::new(number));
}

fn company_id(name: &str) -> CompanyId {
    CompanyId::parse(name).expect("a company")
}

fn agent_id(name: &str) -> AgentId {
    AgentId::parse(name).expect("an agent")
}
