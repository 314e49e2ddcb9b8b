//! What people and scripts meet on the command line: examples in `--help`, every mistake at once, advice instead of
//! riddles, JSON where it is asked for.

use crate::support::hotel;
use crate::support::program::{Program, free_address, run};
use crate::support::system;
use serde_json::Value;
use std::net::TcpListener;
use tokio::time::{Duration, Instant};

const COMMANDS: [&str; 16] = [
    "demo", "up", "ring", "gateway", "worker", "recorder", "migrate", "doctor", "agents", "import", "tools", "say",
    "numbers", "calls", "outbound", "jobs",
];

#[tokio::test]
async fn the_help_of_every_command_shows_how_to_call_it() {
    let all = run(&["--help"], &[]).await;
    for command in COMMANDS {
        assert!(all.said.contains(&format!("\n  {command} ")), "{command} is listed");
        let help = run(&[command, "--help"], &[]).await;
        assert!(help.status.success());
        let examples = help.said.split_once("Example").expect(command).1;
        assert!(examples.contains(&format!("patchbay {command}")), "{command}: {}", help.said);
    }
}

#[tokio::test]
async fn commands_of_commands_show_how_to_call_them_too() {
    for command in [
        ["agents", "apply"],
        ["agents", "list"],
        ["agents", "export"],
        ["agents", "versions"],
        ["tools", "list"],
        ["tools", "run"],
        ["numbers", "list"],
        ["numbers", "point"],
        ["numbers", "check"],
    ] {
        let help = run(&[command[0], command[1], "--help"], &[]).await;
        let examples = help.said.split_once("Example").expect(command[1]).1;
        assert!(examples.contains(&format!("patchbay {}", command.join(" "))), "{}", help.said);
    }
}

#[tokio::test]
async fn every_mistake_of_a_configuration_is_told_at_once_with_an_example() {
    let wrong = [
        ("PATCHBAY_WORKER__SEATS", "many"),
        ("PATCHBAY_GATEWAY__LISTEN", "everywhere"),
        ("PATCHBAY_GATEWAY__POLICY", "dice"),
        ("REDIS_URL", "localhost"),
        ("PATCHBAY_WORKER_ID", "worker-0"),
    ];
    let ended = run(&["gateway"], &wrong).await;
    assert!(!ended.status.success());
    for (variable, _) in wrong {
        assert!(ended.logged.contains(variable), "{variable} is named in {}", ended.logged);
    }
    for missing in ["NATS_URL is not set", "PATCHBAY_SECRET is not set", "TWILIO_AUTH_TOKEN is not set"] {
        assert!(ended.logged.contains(missing), "{missing:?} is said in {}", ended.logged);
    }
    assert!(ended.logged.contains("did you mean PATCHBAY_WORKER__ID?"), "{}", ended.logged);
    assert!(ended.logged.matches("for example").count() >= 7, "{}", ended.logged);
    assert!(!ended.logged.contains("panicked"));
}

#[tokio::test]
async fn the_doctor_speaks_json_and_fails_when_something_is_ill() {
    let nowhere = format!("redis://{}", free_address());
    let ended = run(&["doctor", "--json"], &[("REDIS_URL", &nowhere), AGENTS]).await;
    let findings: Vec<Value> = serde_json::from_str(&ended.said).unwrap();
    let state = findings.iter().find(|finding| finding["what"] == "state").expect("the state is looked at");
    assert_eq!(state["well"], false);
    assert!(state["advice"].as_str().unwrap().contains("REDIS_URL"), "{state}");
    assert!(findings.iter().any(|finding| finding["what"] == "agents" && finding["well"] == true));
    assert!(!ended.status.success(), "one of them needs attention");
}

#[tokio::test]
async fn a_ring_that_nobody_answers_says_what_to_do() {
    let gateway = format!("http://{}", free_address());
    let speech = concat!(env!("CARGO_MANIFEST_DIR"), "/../loadtest/voices/caller/en_price.ulaw");
    let ended = run(&["ring", "--gateway", &gateway, "--to", hotel::SCRIPTED, "--wav", speech], &[AGENTS]).await;
    assert!(!ended.status.success());
    assert!(ended.logged.contains(&gateway) && ended.logged.contains("`patchbay up` starts one"), "{}", ended.logged);
}

#[tokio::test]
async fn a_demo_for_scripts_prints_one_document_with_record_and_turns() {
    let ended = run(&["demo", "--once", "--json"], &[AGENTS]).await;
    assert!(ended.status.success(), "{}", ended.logged);
    let document: Value = serde_json::from_str(&ended.said).expect("one JSON document and nothing else");
    assert_eq!(document["call"]["complete"], true);
    assert_eq!(document["call"]["end_reason"], "agent_hung_up");
    assert_eq!(document["call"]["interruptions"], 1);
    assert_eq!(document["turns"].as_array().unwrap().len() as u64, document["call"]["turns"].as_u64().unwrap());
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(&["up"], &[AGENTS, ANY_OPS, ANY_MEDIA, ("PATCHBAY_GATEWAY__LISTEN", &address)]).await;
    assert!(!ended.status.success());
    assert!(ended.logged.contains(&address), "{}", ended.logged);
    assert!(ended.logged.contains("Set PATCHBAY_GATEWAY__LISTEN to another address"), "{}", ended.logged);
}

#[tokio::test]
async fn an_idle_system_stops_within_a_second_of_sigterm() {
    let mut up = Program::start(&["up", "--workers", "2"], &[AGENTS, ANY_PUBLIC, ANY_OPS, ANY_MEDIA]);
    up.says("patchbay is up").await;
    let asked = Instant::now();
    up.terminate().await;
    let ended = up.ends().await;
    let took = asked.elapsed();
    assert!(ended.status.success(), "{}", ended.logged);
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

/// The packs of the project.
const AGENTS: (&str, &str) = ("PATCHBAY_AGENTS__DIR", concat!(env!("CARGO_MANIFEST_DIR"), "/../agents"));
const ANY_PUBLIC: (&str, &str) = ("PATCHBAY_GATEWAY__LISTEN", system::ANYWHERE);
const ANY_OPS: (&str, &str) = ("PATCHBAY_OPS__LISTEN", system::ANYWHERE);
const ANY_MEDIA: (&str, &str) = ("PATCHBAY_WORKER__LISTEN", system::ANYWHERE);
