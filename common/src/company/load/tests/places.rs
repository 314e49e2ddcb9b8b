//! Places a call may go to, the menu before an agent, services, and what a company knows.

use super::*;
use crate::company::{Briefing, Choice};
use serde_json::json;

const PLACES: &str = "id = \"acme\"\nname = \"Acme\"\ntimezone = \"America/New_York\"\n\
    [services]\nloans = \"https://loans.example/\"\nbank = \"\"\n\
    [targets.front_desk]\nnumber = \"+15005550009\"\ndescription = \"A person\"\nbriefing = \"spoken\"\n\
    [queues.support]\nmembers = [\"front_desk\"]\n[rooms.ops]\nmembers = [\"front_desk\"]\n";
const MENU: &str = "[menu]\n[menu.keys]\n1 = { language = \"en\" }\n2 = { agent = \"night\" }\n\
    0 = { target = \"front_desk\" }\n9 = { queue = \"support\" }\n";

fn load_places(company: &str, menu: &str) -> Result<Packs, String> {
    let night = AGENT.replace("desk", "night").replace("+15005550002", "+15005550003");
    let agent = format!("{AGENT}{menu}");
    load_files(&[("acme/company.toml", company), ("acme/agent.toml", &agent), ("acme/night.agent.toml", &night)])
}

#[test]
fn places_and_menu_have_their_usual_values() {
    let packs = load_places(PLACES, MENU).unwrap();
    let company = packs.roster.companies.values().next().unwrap();
    let desk = &company.targets["front_desk"];
    assert_eq!((desk.ring_s, desk.talk_s, desk.briefing), (20, 3_600, Briefing::Spoken));
    assert_eq!((company.queues["support"].wait_s, company.rooms["ops"].members.len()), (300, 1));
    assert_eq!((company.services["loans"].as_str(), company.services["bank"].as_str()), ("https://loans.example", ""));
    let menu = company.agents.values().find_map(|agent| agent.menu.clone()).unwrap();
    assert_eq!(menu.keys[&'2'], Choice::Agent(crate::ids::AgentId::parse("night").unwrap()));
    assert_eq!((menu.wait_s, &menu.keys[&'9']), (5, &Choice::Queue("support".into())));
}

#[test]
fn every_mistake_in_places_and_menu_is_told() {
    let company = "id = \"acme\"\nname = \"Acme\"\ntimezone = \"Europe/Lisboa\"\n[services]\nloans = \"loans.example\"\n\
        [targets.front_desk]\nnumber = \"555\"\nring_s = 1\nbriefing = \"shouted\"\n\
        [queues.support]\nmembers = [\"font_desk\"]\n";
    let menu = "[menu]\nwait_s = 0\n[menu.keys]\n11 = { language = \"en\" }\n1 = { language = \"fr\" }\n\
        2 = { agent = \"nigt\" }\n3 = { target = \"x\", queue = \"y\" }\n4 = { queue = \"suport\" }\n";
    let text = load_places(company, menu).unwrap_err();
    for part in [
        "acme/company.toml line 3: timezone must be an IANA time zone",
        "acme/company.toml line 5: services.loans is \"loans.example\", but must be a URL",
        "acme/company.toml line 7: targets.front_desk.number is \"555\", but must be in E.164",
        "targets.front_desk.description is missing",
        "acme/company.toml line 8: targets.front_desk.ring_s must be a whole number from 5 to 120; for example 20",
        "acme/company.toml line 9: targets.front_desk.briefing is \"shouted\", but must be one of none, spoken",
        "acme/company.toml line 11: queues.support.members names the target \"font_desk\", which is not known; did you mean front_desk?",
        "menu.wait_s must be a whole number from 1 to 60",
        "menu.keys holds \"11\", but keys are 0 to 9, * and #",
        "menu.keys.1.language is \"fr\", which is not known",
        "menu.keys.2.agent is \"nigt\", which is not known; did you mean night?",
        "menu.keys.3.language must name one of language, agent, target, queue",
        "menu.keys.4.queue is \"suport\", which is not known; did you mean support?",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert!(text.starts_with("13 mistakes"), "{text}");
}

#[test]
fn an_installation_has_addresses_of_its_own() {
    let dir = folder(&[("acme/company.toml", PLACES), ("acme/agent.toml", AGENT)]);
    let mut services = Services::default();
    services.set("LOANS", "http://127.0.0.1:1");
    services.set("ACME__BANK", "http://127.0.0.1:2");
    services.set("lones", "http://127.0.0.1:3");
    let packs = load(dir.path(), &services).unwrap();
    let (company, agent) = packs.roster.agents().next().unwrap();
    assert_eq!(company.services["loans"], "http://127.0.0.1:1");
    assert_eq!(company.services["bank"], "http://127.0.0.1:2");
    assert!(warnings(&packs)[0].contains("services.lones is set, but no company has a service of this name"));
    let plain = load(dir.path(), &Services::default()).unwrap();
    assert_eq!(agent.version, only(&plain).version, "they are no part of the version");
}

#[test]
fn the_places_of_the_company_are_part_of_the_version() {
    let version = |company: &str| only(&load_places(company, MENU).unwrap()).version.clone();
    assert_ne!(version(PLACES), version(&PLACES.replace("+15005550009", "+15005550008")));
    assert_ne!(version(PLACES), version(&PLACES.replace("spoken", "none")));
}

#[test]
fn what_a_company_knows_stands_in_tables_and_lists() {
    let orders = "order_id,total,code,gift,note\nABC123,49.5,007,true,\nABC124,10,1.50,no,\"two\nlines\"\n";
    let articles = "[\n {\"title\": \"Breakfast\", \"key\": \"a1\", \"hours\": [7, 10]},\n {\"title\": \"Parking\"}\n]";
    let files = [
        ("acme/company.toml", COMPANY),
        ("acme/agent.toml", AGENT),
        ("acme/records/order.csv", orders),
        ("acme/records/article.json", articles),
    ];
    let records = load_files(&files).unwrap().records;
    let shown: Vec<_> =
        records.iter().map(|record| (record.kind.as_str(), record.key.as_str(), &record.body)).collect();
    assert_eq!(
        shown,
        [
            ("article", "a1", &json!({"title": "Breakfast", "hours": [7, 10]})),
            ("article", "Parking", &json!({"title": "Parking"})),
            ("order", "ABC123", &json!({"order_id": "ABC123", "total": 49.5, "code": "007", "gift": true})),
            (
                "order",
                "ABC124",
                &json!({"order_id": "ABC124", "total": 10, "code": "1.50", "gift": "no", "note": "two\nlines"})
            ),
        ]
    );
}

#[test]
fn broken_records_are_told_with_their_lines() {
    let orders = "key,total\nA,1\n,2\nB,3,4\na ,5\n";
    let files = [
        ("acme/company.toml", COMPANY),
        ("acme/agent.toml", AGENT),
        ("acme/records/order.csv", orders),
        ("acme/records/Article.json", "[]"),
        ("acme/records/loan.json", "[{\"key\": \"1\"},\n{\"key\": [1]},\n7]"),
        ("acme/records/page.json", "{}"),
    ];
    let text = load_files(&files).unwrap_err();
    for part in [
        "acme/records/order.csv line 3: the record has no key",
        "acme/records/order.csv line 4: the record has 3 columns, the header has 2",
        "acme/records/order.csv line 5: the record has the same key as line 2",
        "acme/records/Article.json: the name is no kind of record",
        "acme/records/loan.json line 2: the record has no key",
        "acme/records/loan.json line 3: the record is no JSON object",
        "acme/records/page.json line 1: the record is not a list of JSON objects",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}

#[test]
fn a_file_nobody_reads_is_told() {
    let files = [("acme/company.toml", COMPANY), ("acme/agent.toml", AGENT), ("acme/tool.toml", "")];
    let packs = load_files(&files).unwrap();
    assert_eq!(warnings(&packs), ["acme/tool.toml: the file is not known; did you mean tools.toml?"]);
}
