//! The account's numbers from the command line, against a Twilio on loopback that remembers what it is told.

use crate::support::program::{Ended, run};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

const PUBLIC: &str = "https://calls.example.com";
const VOICE: &str = "https://calls.example.com/twilio/voice";
const STATUS: &str = "https://calls.example.com/twilio/status";
/// A number of the agent `acme/desk`.
const DESK: &str = "+13105550101";
/// Another, that the account does not have at first.
const SECOND: &str = "+13105550102";
/// A number of the account that is nobody's.
const FREE: &str = "+13105550199";

#[tokio::test]
async fn numbers_are_listed_with_who_answers_and_how_they_are_set() {
    let twilio =
        Twilio::with([(DESK, "Front desk", VOICE), (SECOND, "Second", ""), (FREE, "Old", "https://old.example/x")])
            .await;
    let ended = twilio.run(&["numbers", "list"]).await;
    assert!(ended.status.success(), "{}", ended.logged);
    let lines: Vec<Vec<&str>> = ended
        .said
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(lines[0], ["NUMBER", "NAME", "ANSWERED BY", "SET"]);
    assert_eq!(lines[1], [DESK, "Front desk", "acme/desk", "here; wrong: fallback URL, status callback"]);
    assert_eq!(lines[2], [SECOND, "Second", "acme/desk", "nowhere"]);
    assert_eq!(lines[3], [FREE, "Old", "-", "https://old.example/x"]);
}

#[tokio::test]
async fn numbers_are_listed_for_scripts() {
    let twilio = Twilio::with([(DESK, "Front desk", VOICE)]).await;
    let ended = twilio.run(&["numbers", "list", "--json"]).await;
    let document: Value = serde_json::from_str(&ended.said).expect("one JSON document and nothing else");
    assert_eq!(document["numbers"][0]["number"], DESK);
    assert_eq!(document["numbers"][0]["agent"], "acme/desk");
    assert_eq!(document["numbers"][0]["setup"]["voice_url"], VOICE);
}

#[tokio::test]
async fn a_number_is_pointed_here_and_then_all_is_well() {
    let twilio = Twilio::with([(DESK, "Front desk", "https://old.example/x"), (SECOND, "Second", "")]).await;
    let ended = twilio.run(&["numbers", "point", DESK, "+1 (310) 555-0102", "--yes"]).await;
    assert!(ended.status.success(), "{}", ended.logged);
    for words in [DESK, SECOND, "answered by acme/desk", "https://old.example/x →", "(unset) →", VOICE, STATUS] {
        assert!(ended.said.contains(words), "{words:?} is said in {}", ended.said);
    }
    for number in [DESK, SECOND] {
        let setup = twilio.setup(number);
        for (field, wanted) in [("voice_url", VOICE), ("voice_fallback_url", VOICE), ("status_callback", STATUS)] {
            assert_eq!(setup[field], wanted, "{number} {field}");
        }
        for field in ["voice_method", "voice_fallback_method", "status_callback_method"] {
            assert_eq!(setup[field], "POST", "{number} {field}");
        }
    }
    let ended = twilio.run(&["numbers", "check"]).await;
    assert!(ended.status.success() && ended.said.contains("all is well"), "{}{}", ended.said, ended.logged);
    let ended = twilio.run(&["numbers", "point", "--all", "--yes"]).await;
    assert!(ended.status.success() && ended.said.contains("points here already"), "{}", ended.said);
    assert_eq!(twilio.changes(), 2, "what is right is left alone");
}

#[tokio::test]
async fn nothing_is_changed_without_a_yes() {
    let twilio = Twilio::with([(DESK, "Front desk", "")]).await;
    let ended = twilio.run(&["numbers", "point", DESK]).await;
    assert!(!ended.status.success());
    assert!(ended.said.contains(VOICE), "what would change is shown: {}", ended.said);
    assert!(ended.logged.contains("not changed") && ended.logged.contains("--yes"), "{}", ended.logged);
    assert_eq!(twilio.changes(), 0);
}

#[tokio::test]
async fn a_number_that_is_not_of_this_account_keeps_all_from_being_changed() {
    let twilio = Twilio::with([(DESK, "Front desk", "")]).await;
    let ended = twilio.run(&["numbers", "point", DESK, FREE, "--yes"]).await;
    assert!(!ended.status.success());
    assert!(ended.logged.contains(FREE) && ended.logged.contains("`patchbay numbers list`"), "{}", ended.logged);
    assert_eq!(twilio.changes(), 0);
}

#[tokio::test]
async fn a_trunk_is_stronger_and_said_to_be() {
    let twilio = Twilio::with([(DESK, "Front desk", ""), (SECOND, "Second", "")]).await;
    twilio.set(DESK, "trunk_sid", "TK00000000000000000000000000000007");
    let ended = twilio.run(&["numbers", "point", DESK, "--yes"]).await;
    assert!(!ended.status.success());
    assert!(ended.logged.contains("trunk TK") && ended.logged.contains("console"), "{}", ended.logged);
    assert_eq!(twilio.changes(), 0);
    let ended = twilio.run(&["numbers", "point", "--all", "--yes"]).await;
    assert!(!ended.status.success(), "one is left out");
    assert!(ended.logged.contains("left out") && ended.logged.contains("trunk TK"), "{}", ended.logged);
    assert_eq!(twilio.setup(SECOND)["voice_url"], VOICE, "the others are pointed here");
}

#[tokio::test]
async fn what_is_pointed_is_told_to_scripts() {
    let twilio = Twilio::with([(DESK, "Front desk", "https://old.example/x")]).await;
    let ended = twilio.run(&["numbers", "point", DESK, "--yes", "--json"]).await;
    let document: Value = serde_json::from_str(&ended.said).expect("one JSON document and nothing else");
    assert_eq!(document["pointed"][0]["before"]["voice_url"], "https://old.example/x");
    assert_eq!(document["pointed"][0]["after"]["voice_url"], VOICE);
    assert_eq!(document["pointed"][0]["agent"], "acme/desk");
}

#[tokio::test]
async fn a_local_address_is_refused_with_what_to_do() {
    let twilio = Twilio::with([(DESK, "Front desk", "")]).await;
    for command in [&["numbers", "point", DESK, "--yes"][..], &["numbers", "check"]] {
        for local in ["http://127.0.0.1:8080", "https://192.168.1.5", "http://calls.example.com"] {
            let ended = twilio.run_with(command, &[("PUBLIC_URL", local)]).await;
            assert!(!ended.status.success());
            assert!(ended.logged.contains("PUBLIC_URL") && ended.logged.contains(local), "{}", ended.logged);
        }
    }
    assert_eq!(twilio.changes(), 0);
}

#[tokio::test]
async fn a_check_says_how_to_mend_each_number_and_fails() {
    let twilio = Twilio::with([(DESK, "Front desk", "https://old.example/x"), (FREE, "Old", VOICE)]).await;
    let ended = twilio.run(&["numbers", "check"]).await;
    assert_eq!(ended.status.code(), Some(1));
    for words in [
        &format!("→ patchbay numbers point {DESK}"),
        "voice URL               https://old.example/x → https://calls.example.com/twilio/voice",
        &format!("{SECOND}  acme/desk  the Twilio account does not have it"),
        &format!("{FREE}  it points here, and no agent answers it"),
    ] {
        assert!(ended.said.contains(words), "{words:?} is said in {}", ended.said);
    }
    assert!(ended.logged.contains("3 numbers need attention"), "{}", ended.logged);
}

#[tokio::test]
async fn a_check_is_told_to_scripts() {
    let twilio = Twilio::with([(DESK, "Front desk", ""), (FREE, "Old", VOICE)]).await;
    let ended = twilio.run(&["numbers", "check", "--json"]).await;
    let document: Value = serde_json::from_str(&ended.said).expect("one JSON document and nothing else");
    let kinds: Vec<&str> =
        document["findings"].as_array().unwrap().iter().map(|found| found["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["elsewhere", "missing", "unanswered"]);
    assert_eq!(document["well"], false);
    assert_eq!(document["findings"][0]["mend"], format!("patchbay numbers point {DESK}"));
    assert_eq!(ended.status.code(), Some(1));
}

#[tokio::test]
async fn the_doctor_looks_at_the_numbers_too() {
    let twilio = Twilio::with([(DESK, "Front desk", VOICE)]).await;
    let finding = twilio.doctor().await;
    assert_eq!(finding["well"], false);
    let advice = finding["advice"].as_str().unwrap();
    assert!(advice.contains(&format!("patchbay numbers point {DESK}")) && advice.contains(SECOND), "{advice}");
    twilio.own(SECOND, "Second", "");
    assert!(twilio.run(&["numbers", "point", "--all", "--yes"]).await.status.success());
    assert_eq!(twilio.doctor().await["well"], true);
}

#[tokio::test]
async fn wrong_credentials_are_told_with_what_to_compare() {
    let twilio = Twilio::with([]).await;
    let ended =
        twilio.run_with(&["numbers", "list"], &[("TWILIO_AUTH_TOKEN", "ffffffffffffffffffffffffffffffff")]).await;
    assert!(!ended.status.success());
    assert!(ended.logged.contains("20003") && ended.logged.contains("TWILIO_AUTH_TOKEN"), "{}", ended.logged);
    assert!(!ended.logged.contains("ffffffff"), "{}", ended.logged);
}

#[tokio::test]
async fn without_an_account_it_says_what_to_set() {
    let ended = run(&["numbers", "list"], &[]).await;
    assert!(!ended.status.success());
    assert!(ended.logged.contains("TWILIO_ACCOUNT_SID is not set"), "{}", ended.logged);
}

const ACCOUNT: &str = "AC00000000000000000000000000000042";
const TOKEN: &str = "11111111111111111111111111111111";
const COMPANY: &str = "id = \"acme\"\nname = \"Acme\"\ntimezone = \"UTC\"\n";
const AGENT: &str = "id = \"desk\"\nnumbers = [\"+13105550101\", \"+13105550102\"]\nlanguages = [\"en\"]\n\
    provider = \"openai\"\nmodel = \"gpt-realtime\"\nvoice = \"marin\"\ninstructions = \"You sell boats.\"\n\
    [phrases.en]\ngreeting = \"Hello.\"\n";

/// The numbers of the account as Twilio describes them, by number.
type Book = Arc<Mutex<BTreeMap<String, Value>>>;

/// A Twilio with an account, and a pack whose agent answers two numbers.
struct Twilio {
    server: MockServer,
    book: Book,
    packs: TempDir,
}

impl Twilio {
    async fn with<const N: usize>(numbers: [(&str, &str, &str); N]) -> Self {
        let packs = tempfile::tempdir().unwrap();
        fs::create_dir(packs.path().join("acme")).unwrap();
        fs::write(packs.path().join("acme/company.toml"), COMPANY).unwrap();
        fs::write(packs.path().join("acme/agent.toml"), AGENT).unwrap();
        let (server, book) = (MockServer::start().await, Book::default());
        let account = format!("/2010-04-01/Accounts/{ACCOUNT}");
        let login = || wiremock::matchers::basic_auth(ACCOUNT, TOKEN);
        let active = ResponseTemplate::new(200).set_body_json(json!({"status": "active"}));
        let mounts = [
            Mock::given(method("GET")).and(path(format!("{account}.json"))).and(login()).respond_with(active),
            Mock::given(method("GET"))
                .and(path(format!("{account}/IncomingPhoneNumbers.json")))
                .and(login())
                .respond_with(Listing(book.clone())),
            Mock::given(method("POST"))
                .and(path_regex(format!("^{account}/IncomingPhoneNumbers/PN[0-9]+\\.json$")))
                .and(login())
                .respond_with(Setting(book.clone())),
        ];
        for mount in mounts {
            mount.mount(&server).await;
        }
        let unknown = ResponseTemplate::new(401).set_body_json(json!({"code": 20003, "status": 401}));
        Mock::given(wiremock::matchers::any()).respond_with(unknown).mount(&server).await;
        let twilio = Self { server, book, packs };
        for (number, name, voice_url) in numbers {
            twilio.own(number, name, voice_url);
        }
        twilio
    }

    /// A number more.
    fn own(&self, number: &str, name: &str, voice_url: &str) {
        let own = json!({
            "sid": format!("PN{}", number.trim_start_matches('+')), "phone_number": number, "friendly_name": name,
            "voice_url": voice_url, "voice_method": "POST", "voice_fallback_url": null,
            "voice_fallback_method": "POST", "status_callback": "", "status_callback_method": "POST",
            "trunk_sid": null, "voice_application_sid": "",
        });
        self.book.lock().unwrap().insert(number.to_owned(), own);
    }

    fn set(&self, number: &str, field: &str, value: &str) {
        self.book.lock().unwrap().get_mut(number).unwrap()[field] = value.into();
    }

    fn setup(&self, number: &str) -> Value {
        self.book.lock().unwrap()[number].clone()
    }

    /// How often a number was set.
    fn changes(&self) -> u64 {
        self.book.lock().unwrap().values().filter_map(|own| own["changes"].as_u64()).sum()
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, &[]).await
    }

    async fn run_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Ended {
        let (packs, api) = (self.packs.path().display().to_string(), self.server.uri());
        let mut variables = vec![
            ("TWILIO_ACCOUNT_SID", ACCOUNT),
            ("TWILIO_AUTH_TOKEN", TOKEN),
            ("TWILIO_API_BASE_URL", &api),
            ("PUBLIC_URL", PUBLIC),
            ("PATCHBAY_AGENTS__DIR", &packs),
        ];
        variables.extend(more);
        run(arguments, &variables).await
    }

    /// What the doctor says of the numbers.
    async fn doctor(&self) -> Value {
        let ended = self.run(&["doctor", "--json"]).await;
        let findings: Vec<Value> = serde_json::from_str(&ended.said).expect("one JSON document and nothing else");
        findings.into_iter().find(|finding| finding["what"] == "numbers").expect("the numbers are looked at")
    }
}

struct Listing(Book);

impl Respond for Listing {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let numbers: Vec<Value> = self.0.lock().unwrap().values().cloned().collect();
        ResponseTemplate::new(200).set_body_json(json!({"incoming_phone_numbers": numbers, "next_page_uri": null}))
    }
}

struct Setting(Book);

impl Respond for Setting {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut book = self.0.lock().unwrap();
        let sid = request.url.path().rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
        let own = book.values_mut().find(|own| own["sid"] == sid.as_str()).expect("a number of the account");
        own["changes"] = (own["changes"].as_u64().unwrap_or(0) + 1).into();
        let form = reqwest::Url::parse(&format!("x:?{}", String::from_utf8_lossy(&request.body))).unwrap();
        for (name, value) in form.query_pairs() {
            own[snake(&name)] = value.as_ref().into();
        }
        ResponseTemplate::new(200).set_body_json(own.clone())
    }
}

/// `VoiceUrl` as `voice_url`.
fn snake(name: &str) -> String {
    let parts = name.chars().enumerate().flat_map(|(place, letter)| {
        let gap = (place > 0 && letter.is_uppercase()).then_some('_');
        gap.into_iter().chain(letter.to_lowercase())
    });
    parts.collect()
}
