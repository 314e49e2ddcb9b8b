//! Calls that we make, as a new user makes them: from the command line, against a telephone network where one person
//! answers, one is talking, one is away and one has a machine.

use crate::support::program::{Ended, Program, run};
use crate::support::{hotel, up};
use common::testing::quiet;
use loadtest::network::{Callee, Human, Machine, Network, NetworkConfig};
use loadtest::phone::Step;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tempfile::TempDir;

const PEOPLE: &str = "\
to;name;timezone
+442079460001;Ann;
+442079460002;Bob;Europe/London
+442079460003;Cid;
+442079460004;Dee;
+442079460001;Ann again;
020 7946 0005;Eve;
";

/// A file database, a folder of agents, a network with people.
struct Town {
    network: Network,
    hotel: TempDir,
    database: String,
}

impl Town {
    async fn open() -> Self {
        let network = Network::start(NetworkConfig::new("http://127.0.0.1:0/")).await.unwrap();
        let hotel = hotel::open();
        std::fs::write(hotel.path().join("people.csv"), PEOPLE).unwrap();
        let database = format!("sqlite://{}", hotel.path().join("patchbay.db").display());
        let ann = Human { steps: vec![Step::Silence { ms: 300 }, Step::HangUp], ..Human::after_ms(200) };
        network.list("+442079460001", ann);
        network.list("+442079460002", Callee::Busy);
        network.list("+442079460003", Callee::NoAnswer);
        network.list("+442079460004", Machine { after: Duration::from_millis(200), ..Machine::greeting_ms(600) });
        Self { network, hotel, database }
    }

    /// Where the commands find agents and database; no telephone account, which they do not need.
    fn variables(&self) -> [(&'static str, String); 2] {
        let agents = self.hotel.path().display().to_string();
        [("DATABASE_URL", self.database.clone()), ("PATCHBAY_AGENTS__DIR", agents)]
    }

    /// Runs a command of `patchbay outbound`.
    async fn outbound(&self, arguments: &[&str]) -> Ended {
        let variables = self.variables();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, text)| (*name, text.as_str())).collect();
        run(&[&["outbound"], arguments].concat(), &variables).await
    }

    /// The same, with `--json`.
    async fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.outbound(&[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&ended.said).unwrap_or_else(|error| panic!("{error}: {} {}", ended.said, ended.logged))
    }

    fn file(&self) -> String {
        self.hotel.path().join("people.csv").display().to_string()
    }

    /// Every role in one process on this database.
    async fn up(&self) -> Program {
        let mut up = up::start(&self.network, &self.hotel, &[("DATABASE_URL", &self.database)]);
        up::addresses(&mut up).await;
        up
    }
}

const WHO: [&str; 4] = ["--company", "lighthouse", "--agent", "reception"];
const ANY_HOUR: [&str; 4] = ["--hours", "00:00-24:00", "--days", "mon-sun"];
const CONSENT: [&str; 2] = ["--consent", "they asked to be called"];

#[tokio::test]
async fn a_file_of_people_is_called_and_the_report_adds_up() {
    let _quiet = quiet();
    let town = Town::open().await;
    let up = town.up().await;
    let file = town.file();
    let start = [&["start", &file][..], &WHO, &ANY_HOUR, &CONSENT, &["--ring", "5", "--per-minute", "600"]].concat();

    let begun = town.outbound(&start).await;
    assert!(begun.logged.contains("2 of 6 rows were left out"), "{}", begun.logged);
    for said in ["line 6: has the same number as line 2", "line 7: has a number that is not E.164", "4 to be called"] {
        assert!(begun.said.contains(said), "{said}: {}", begun.said);
    }
    let again = town.json(&start).await;
    assert_eq!((&again["begun"], &again["rows"]), (&"before".into(), &4.into()));
    let batch = again["batch"].as_str().unwrap();

    let watched = town.outbound(&["watch", batch, "--json"]).await;
    assert!(watched.status.success(), "{}", watched.logged);
    let report = town.json(&["report", batch]).await;
    let outcome = |row: &Value| (row["line"].as_u64().unwrap(), row["outcome"].as_str().unwrap().to_owned());
    let outcomes: BTreeMap<u64, String> = report["results"].as_array().unwrap().iter().map(outcome).collect();
    let expected = [(2, "answered"), (3, "busy"), (4, "no_answer"), (5, "machine")];
    assert_eq!(outcomes, expected.map(|(line, outcome)| (line, outcome.to_owned())).into());
    assert_eq!((&report["batch"]["status"], &report["batch"]["done"]), (&"done".into(), &4.into()));
    assert_eq!(town.network.legs().len(), 4, "nobody is called twice");

    let csv = town.outbound(&["report", batch]).await;
    let head = "line,to,status,outcome,detail,attempts,last_tried,call,language,name";
    assert_eq!((csv.said.lines().next(), csv.said.lines().count()), (Some(head), 5), "{}", csv.said);
    let shown = town.outbound(&["show", batch]).await;
    assert!(shown.said.contains("] 4 of 4") && shown.said.contains("answered"), "{}", shown.said);
    up.terminate().await;
}

#[tokio::test]
async fn one_person_is_called_and_the_outcome_waited_for() {
    let _quiet = quiet();
    let town = Town::open().await;
    let up = town.up().await;
    let call =
        |to: &'static str| [&["call", "--to", to, "--now", "--wait", "--ring", "5"][..], &WHO, &CONSENT].concat();
    let answered = town.outbound(&call("+442079460001")).await;
    assert!(answered.status.success(), "{} {}", answered.said, answered.logged);
    assert!(
        answered.said.contains("answered") && answered.said.contains("patchbay calls show CA"),
        "{}",
        answered.said
    );
    let busy = town.outbound(&call("+442079460002")).await;
    assert!(!busy.status.success() && busy.said.contains("busy"), "{} {}", busy.said, busy.logged);
    up.terminate().await;
}

#[tokio::test]
async fn nobody_is_called_without_a_ground_or_a_database() {
    let town = Town::open().await;
    let file = town.file();
    let start = [&["start", &file][..], &WHO].concat();
    let migrated = run(&["migrate"], &[("DATABASE_URL", &town.database)]).await;
    assert!(migrated.status.success(), "{}", migrated.logged);
    let refused = town.outbound(&start).await;
    assert!(!refused.status.success() && refused.logged.contains("consent"), "{}", refused.logged);
    let nowhere = run(&[&["outbound"], &start[..]].concat(), &[]).await;
    assert!(!nowhere.status.success() && nowhere.logged.contains("DATABASE_URL"), "{}", nowhere.logged);
}

#[tokio::test]
async fn what_would_happen_is_shown_and_nothing_does() {
    let town = Town::open().await;
    run(&["migrate"], &[("DATABASE_URL", &town.database)]).await;
    let file = town.file();
    let start = [&["start", &file, "--dry-run"][..], &WHO, &CONSENT].concat();
    let shown = town.json(&start).await;
    let calls: u64 = shown["hours"].as_array().unwrap().iter().map(|hour| hour["calls"].as_u64().unwrap()).sum();
    assert_eq!((calls, shown["broken"].as_array().unwrap().len()), (4, 2), "{shown}");
    assert_eq!(town.json(&["list"]).await["batches"], serde_json::json!([]));
}

#[tokio::test]
async fn a_batch_is_paused_resumed_and_cancelled_and_people_opt_out() {
    let town = Town::open().await;
    run(&["migrate"], &[("DATABASE_URL", &town.database)]).await;
    let file = town.file();
    let begun = town.json(&[&["start", &file][..], &WHO, &CONSENT].concat()).await;
    let batch = begun["batch"].as_str().unwrap();
    for (command, status) in [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")] {
        assert_eq!(town.json(&[command, batch]).await["status"], status);
    }
    let resumed = town.outbound(&["resume", batch]).await;
    assert!(!resumed.status.success() && resumed.logged.contains("stays so"), "{}", resumed.logged);
    let listed = town.json(&["list"]).await;
    assert_eq!(listed["batches"][0]["outcomes"], serde_json::json!({"cancelled": 4}));

    let opt_out = |what: &'static str| ["opt-out", what, "+442079460001", "--company", "lighthouse"];
    assert_eq!(town.json(&opt_out("add")).await["changed"], 1);
    assert_eq!(town.json(&opt_out("check")).await["opted_out"], serde_json::json!(["+442079460001"]));
    let call = [&["call", "--to", "+442079460001"][..], &WHO, &CONSENT].concat();
    let refused = town.outbound(&call).await;
    assert!(!refused.status.success() && refused.logged.contains("does not want"), "{}", refused.logged);
    assert_eq!(town.json(&opt_out("remove")).await["changed"], 1);
}
