//! What is wrong, case by case: the setup of one number against one roster.

use super::*;
use common::company::load::load;
use std::path::Path;

const BASE: &str = "https://calls.example.com";
const VOICE_URL: &str = "https://calls.example.com/twilio/voice";
const STATUS_URL: &str = "https://calls.example.com/twilio/status";
/// A number of the roster's one agent, `harbour/reception`, which speaks English.
const OURS: &str = "+13105550101";
/// A number of nobody.
const FREE: &str = "+13105550199";

#[test]
fn a_number_that_is_set_rightly_is_well() {
    for setup in [
        right(),
        NumberSetup { voice_method: "post".into(), ..right() },
        NumberSetup {
            voice_url: format!("{BASE}/incoming-call"),
            status_url: format!("{BASE}/call-status"),
            ..right()
        },
        by_path("harbour", "en"),
    ] {
        assert_eq!(compare(BASE, &roster(), &[own(OURS, setup.clone(), "")]), [], "{setup:?}");
    }
}

#[test]
fn every_setting_that_is_wrong_is_named_with_the_command_that_mends_it() {
    for (setup, kind, wrong) in [
        (NumberSetup::default(), Kind::Elsewhere, vec!["voice URL", "fallback URL", "status callback"]),
        (NumberSetup { voice_url: "https://old.example/voice".into(), ..right() }, Kind::Elsewhere, vec!["voice URL"]),
        (NumberSetup { voice_url: VOICE_URL.replace("https", "http"), ..right() }, Kind::Elsewhere, vec!["voice URL"]),
        (NumberSetup { voice_method: "GET".into(), ..right() }, Kind::Differs, vec!["voice method"]),
        (NumberSetup { fallback_url: String::new(), ..right() }, Kind::Differs, vec!["fallback URL"]),
        (NumberSetup { fallback_method: "GET".into(), ..right() }, Kind::Differs, vec!["fallback method"]),
        (NumberSetup { status_url: "https://old.example/s".into(), ..right() }, Kind::Differs, vec!["status callback"]),
        (NumberSetup { status_method: "GET".into(), ..right() }, Kind::Differs, vec!["status callback method"]),
        (
            NumberSetup { fallback_url: VOICE_URL.into(), ..by_path("harbour", "en") },
            Kind::Differs,
            vec!["fallback URL"],
        ),
        (by_path("harbour", "fr"), Kind::Differs, vec!["voice URL", "fallback URL"]),
        (by_path("nobody", "en"), Kind::Differs, vec!["voice URL", "fallback URL"]),
    ] {
        let findings = compare(BASE, &roster(), &[own(OURS, setup.clone(), "")]);
        let [finding] = findings.as_slice() else { panic!("{setup:?}: {findings:?}") };
        let named: Vec<&str> = finding.differences.iter().map(|difference| difference.what).collect();
        assert_eq!((finding.kind, named), (kind, wrong), "{setup:?}");
        assert_eq!(finding.mend, format!("patchbay numbers point {OURS}"));
        assert_eq!(finding.agent.as_deref(), Some("harbour/reception"));
    }
}

#[test]
fn a_number_that_the_account_does_not_have_is_missing() {
    let findings = compare(BASE, &roster(), &[]);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.kind, finding.number.reveal()), (Kind::Missing, OURS));
    assert!(finding.mend.contains(OURS) && finding.mend.contains("harbour/reception"), "{}", finding.mend);
    assert!(!finding.is_simulated());
}

#[test]
fn a_number_that_points_here_and_nobody_answers_is_told() {
    for (setup, kind) in [
        (right(), Some(Kind::Unanswered)),
        (by_path("nobody", "en"), Some(Kind::Unanswered)),
        (by_path("harbour", "en"), None),
        (NumberSetup { status_url: String::new(), ..by_path("harbour", "en") }, Some(Kind::Differs)),
        (NumberSetup { voice_url: "https://other.example/voice".into(), ..right() }, None),
        (NumberSetup::default(), None),
    ] {
        let findings = compare(BASE, &roster(), &[own(OURS, right(), ""), own(FREE, setup.clone(), "")]);
        assert_eq!(findings.first().map(|finding| finding.kind), kind, "{setup:?}: {findings:?}");
    }
}

#[test]
fn a_trunk_or_an_application_is_told_only_where_it_takes_calls_of_ours() {
    let findings = compare(BASE, &roster(), &[own(OURS, right(), "trunk TK1"), own(FREE, right(), "application AP1")]);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.kind, finding.number.reveal()), (Kind::Overridden, OURS));
    assert!(finding.mend.contains("trunk TK1") && finding.mend.contains("patchbay numbers point"), "{}", finding.mend);
}

#[test]
fn an_address_by_path_stays_only_where_it_leads_to_somebody() {
    let wanted_url = |number: &str, setup: NumberSetup| wanted(BASE, &roster(), &own(number, setup, "")).voice_url;
    assert_eq!(wanted_url(FREE, by_path("harbour", "en")), format!("{BASE}/twilio/harbour/en/voice"));
    assert_eq!(wanted_url(OURS, by_path("harbour", "en")), format!("{BASE}/twilio/harbour/en/voice"));
    assert_eq!(wanted_url(FREE, by_path("nobody", "en")), VOICE_URL);
    assert_eq!(wanted_url(FREE, NumberSetup::default()), VOICE_URL);
}

fn right() -> NumberSetup {
    NumberSetup {
        voice_url: VOICE_URL.into(),
        voice_method: "POST".into(),
        fallback_url: VOICE_URL.into(),
        fallback_method: "POST".into(),
        status_url: STATUS_URL.into(),
        status_method: "POST".into(),
    }
}

fn by_path(company: &str, language: &str) -> NumberSetup {
    let url = format!("{BASE}/twilio/{company}/{language}/voice");
    NumberSetup { voice_url: url.clone(), fallback_url: url, ..right() }
}

fn own(number: &str, setup: NumberSetup, overridden_by: &str) -> OwnNumber {
    let (sid, name) = (format!("PN{}", &number[1..]), "Desk".to_owned());
    OwnNumber { sid, number: PhoneNumber::new(number), name, setup, overridden_by: overridden_by.to_owned() }
}

/// One company with one agent, read from a pack of the project and given a number of our own.
fn roster() -> Roster {
    let packs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../agents"));
    let mut roster = load(packs, &Default::default()).expect("the project's packs are right").roster;
    roster.companies.retain(|id, _| id.as_str() == "harbour");
    for agent in roster.companies.values_mut().flat_map(|company| company.agents.values_mut()) {
        agent.numbers = if agent.id.as_str() == "reception" { vec![PhoneNumber::new(OURS)] } else { Vec::new() };
    }
    roster
}
