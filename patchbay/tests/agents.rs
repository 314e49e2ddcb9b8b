//! Agents in the database: what a person sees before it changes, what is written, and that a gateway takes it over.

use crate::support::program::{Ended, run};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The packs of the project.
const PACKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../agents");
const COMPANY: &str = "id = \"acme\"\nname = \"Acme\"\ntimezone = \"UTC\"\n[services]\nshop = \"\"\n";
const AGENT: &str = "id = \"desk\"\nnumbers = [\"+15005550071\"]\nlanguages = [\"en\"]\nprovider = \"openai\"\n\
    model = \"gpt-realtime\"\nvoice = \"marin\"\ntools = [\"hang_up\", \"lookup_order\", \"pay\"]\n\
    instructions = \"\"\"\nYou sell boats.\nBe kind.\n\"\"\"\n[phrases.en]\ngreeting = \"Hello.\"\n";
const TOOLS: &str = "[[tool]]\nname = \"lookup_order\"\nkind = \"built_in\"\ndoes = \"lookup_record\"\nrecord = \"order\"\n\
    argument = \"order_id\"\n[[tool]]\nname = \"pay\"\nkind = \"http\"\nmethod = \"POST\"\ndescription = \"Pay.\"\n\
    url = \"{shop}/pay\"\nsecret = { header = \"Authorization\", prefix = \"Bearer \", name = \"shop_key\" }\n\
    confirm = \"read_back\"\n[tool.parameters]\ntype = \"object\"\n";
const ORDERS: &str = "order_id,status\nABC123,delivered\nABC124,packed\n";

/// A folder of packs and a database of their own.
struct Desk {
    dir: TempDir,
    database: String,
}

impl Desk {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", dir.path().join("patchbay.db").display());
        let desk = Self { dir, database };
        for (name, content) in
            [("company.toml", COMPANY), ("agent.toml", AGENT), ("tools.toml", TOOLS), ("records/order.csv", ORDERS)]
        {
            desk.write(name, content);
        }
        assert_well(&desk.run(&["migrate"]).await);
        desk
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.packs().join("acme").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn packs(&self) -> PathBuf {
        self.dir.path().join("packs")
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, &[]).await
    }

    async fn run_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Ended {
        let packs = self.packs().display().to_string();
        let mut variables = vec![("DATABASE_URL", self.database.as_str()), ("PATCHBAY_AGENTS__DIR", &packs)];
        variables.extend(more);
        run(arguments, &variables).await
    }

    async fn apply(&self) -> Ended {
        self.run(&["agents", "apply", "--yes"]).await
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.run(arguments).await;
        assert_well(&ended);
        serde_json::from_str(&ended.said).unwrap()
    }
}

fn assert_well(ended: &Ended) {
    assert!(ended.status.success(), "{}\n{}", ended.said, ended.logged);
}

#[tokio::test]
async fn a_change_is_shown_before_it_is_made() {
    let desk = Desk::open().await;
    let first = desk.apply().await;
    assert_well(&first);
    for part in ["+ company acme  Acme", "+ agent desk", "+ tool pay  Pay.", "records order: 2 of 2 are new"] {
        assert!(first.said.contains(part), "{part}: {}", first.said);
    }
    let again = desk.apply().await;
    assert!(again.status.success() && again.said.contains("nothing to do"), "{}", again.said);

    desk.write("agent.toml", &AGENT.replace("Be kind.", "Be brief.").replace("Hello.", "Ahoy."));
    desk.write("tools.toml", &TOOLS.replace("Pay.", "Take money."));
    desk.write("records/order.csv", &ORDERS.replace("packed", "sent"));
    let refused = desk.run(&["agents", "apply"]).await;
    assert!(!refused.status.success() && refused.logged.contains("--yes"), "{}", refused.logged);
    for part in [
        "~ agent desk",
        "~ language en: instructions",
        "- Be kind.",
        "+ Be brief.",
        "~ language en: phrases.greeting  \"Hello.\" → \"Ahoy.\"",
        "~ tool pay: description  \"Pay.\" → \"Take money.\"",
        "~ records order: 1 of 2 are new or changed",
    ] {
        assert!(refused.said.contains(part), "{part}: {}", refused.said);
    }
    let before = desk.json(&["agents", "list", "--json"]).await;
    assert_well(&desk.apply().await);
    let after = desk.json(&["agents", "list", "--json"]).await;
    assert_ne!(before["agents"][0]["version"], after["agents"][0]["version"]);
    let versions = desk.json(&["agents", "versions", "acme", "--json"]).await;
    let current: Vec<&str> = versions.as_array().unwrap().iter().map(|one| one["current"].as_str().unwrap()).collect();
    assert_eq!(current, ["yes", "no"]);
}

#[tokio::test]
async fn every_mistake_of_the_packs_is_told_and_nothing_is_applied() {
    let desk = Desk::open().await;
    desk.write("agent.toml", &AGENT.replace("openai", "openal").replace("\"+15005550071\"", "\"12\""));
    desk.write("company.toml", &COMPANY.replace("UTC", "Acme/Town"));
    let ended = desk.apply().await;
    assert!(!ended.status.success());
    for part in ["agent.toml line 4: provider", "agent.toml line 2: numbers", "company.toml line 3: timezone"] {
        assert!(ended.logged.contains(part), "{part}: {}", ended.logged);
    }
    desk.write("agent.toml", AGENT);
    desk.write("company.toml", COMPANY);
    desk.write("tools.toml", &TOOLS.replace("{shop}/pay", "{shp}/pay/{amount}"));
    let ended = desk.apply().await;
    for part in [
        "tools.toml line 12: tool pay.url no argument `amount`",
        "tool pay.url names the service \"shp\", which is not known; did you mean shop?",
    ] {
        assert!(ended.logged.contains(part), "{part}: {}", ended.logged);
    }
    assert_eq!(desk.json(&["agents", "list", "--json"]).await["agents"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn a_number_of_another_company_is_refused_and_both_are_named() {
    let desk = Desk::open().await;
    assert_well(&desk.apply().await);
    fs::rename(desk.packs().join("acme"), desk.packs().join("zenith")).unwrap();
    let company = desk.packs().join("zenith/company.toml");
    fs::write(company, COMPANY.replace("acme", "zenith")).unwrap();
    let ended = desk.apply().await;
    assert!(!ended.status.success());
    assert!(ended.logged.contains("acme/desk") && ended.logged.contains("zenith/desk"), "{}", ended.logged);
    assert!(!ended.logged.contains("+15005550071"), "{}", ended.logged);
}

#[tokio::test]
async fn what_is_exported_applies_again_to_the_same_versions() {
    let desk = Desk::open().await;
    assert_well(&desk.run(&["agents", "apply", PACKS, "--yes"]).await);
    let before = desk.json(&["agents", "list", "--json"]).await;
    let exported = desk.dir.path().join("exported").display().to_string();
    assert_well(&desk.run(&["agents", "export", &exported]).await);
    assert!(Path::new(&exported).join("harbour/script.toml").is_file());

    let other = Desk { dir: tempfile::tempdir().unwrap(), database: format!("{}2", desk.database) };
    assert_well(&other.run(&["migrate"]).await);
    assert_well(&other.run(&["agents", "apply", &exported, "--yes"]).await);
    let after = other.json(&["agents", "list", "--json"]).await;
    let versions = |list: &Value| -> Vec<(String, String)> {
        let agents = list["agents"].as_array().unwrap().iter();
        agents.map(|agent| (format!("{}/{}", agent["company"], agent["agent"]), agent["version"].to_string())).collect()
    };
    assert_eq!(versions(&before), versions(&after));
    assert!(versions(&before).len() >= 2);
    let again = other.run(&["agents", "export", &exported]).await;
    assert!(!again.status.success() && again.logged.contains("nothing is written over"), "{}", again.logged);
}

#[tokio::test]
async fn broken_rows_of_an_import_are_told_and_good_ones_kept() {
    let desk = Desk::open().await;
    assert_well(&desk.apply().await);
    let file = desk.dir.path().join("more.csv").display().to_string();
    fs::write(&file, "order_id,status\nABC124,packed\nABC125,sent\n,lost\nABC126,a,b\nABC123,returned\n").unwrap();
    let arguments = ["import", &file, "--kind", "order", "--company", "acme"];
    let ended = desk.run(&arguments).await;
    assert!(!ended.status.success() && ended.logged.contains("2 of 5 rows were left out"), "{}", ended.logged);
    for part in
        ["line 4: the row has no key", "line 5: the row has 3 columns", "1 added, 1 changed, 1 unchanged, 2 broken"]
    {
        assert!(ended.said.contains(part), "{part}: {}", ended.said);
    }
    let tried = desk.json(&["tools", "run", "lookup_order", "--args", "{\"order_id\": \"abc 125\"}", "--json"]).await;
    assert!(tried["answer"].to_string().contains("sent"), "{tried}");
    let nobody = desk.run(&["import", &file, "--kind", "order", "--company", "acne"]).await;
    assert!(nobody.logged.contains("knows no company acne; it knows acme"), "{}", nobody.logged);
}

#[tokio::test]
async fn a_tool_shows_its_request_without_its_secret_and_fails_with_it() {
    let desk = Desk::open().await;
    let shop = crate::support::program::free_address();
    let more = [
        ("PATCHBAY_SERVICES__SHOP", &*format!("http://{shop}")),
        ("PATCHBAY_TOOLS__PRIVATE_HOSTS", &shop),
        ("PATCHBAY_SECRET_SHOP_KEY", "canary-9"),
    ];
    let ended = desk.run_with(&["tools", "run", "pay", "--args", "{}"], &more).await;
    assert!(!ended.status.success() && ended.logged.contains("pay ended with"), "{}", ended.logged);
    assert!(ended.said.contains(&format!("POST http://{shop}/pay")), "{}", ended.said);
    assert!(ended.said.contains("Bearer ***"), "{}", ended.said);
    assert!(!ended.said.contains("canary-9") && !ended.logged.contains("canary-9"));
    let unknown = desk.run(&["tools", "run", "payy"]).await;
    assert!(unknown.logged.contains("did you mean pay?"), "{}", unknown.logged);
    let listed = desk.run(&["tools", "list"]).await;
    assert!(listed.said.contains("secret shop_key, address of shop"), "{}", listed.said);
}
