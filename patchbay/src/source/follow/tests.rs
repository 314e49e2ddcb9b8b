//! A gateway takes over what is put into force, keeps what it has while the database is away, and waits while it has
//! nothing.

#![allow(clippy::unwrap_used, reason = "the helpers of a test may fail like the test itself")]

use super::*;
use crate::{assemble, source};
use common::config::LoadArgs;
use common::control::{ConfigChanged, Reach};
use std::collections::BTreeMap;
use tokio::sync::mpsc;

const PACKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../agents");

/// A database that refuses every connection.
const AWAY: &str = "postgres://nobody@127.0.0.1:1/nothing";

fn config(set: &[(&str, &str)]) -> Config {
    let overrides: BTreeMap<String, String> = set.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Config::load(LoadArgs { overrides, ..LoadArgs::default() }).unwrap()
}

/// A follower at work, and the rosters it hands over.
fn follow(config: &Config, ports: &Ports, source: &Source) -> (mpsc::UnboundedReceiver<Roster>, Readiness, Lifecycle) {
    let readiness = Readiness::expecting(&[CONDITION]);
    let lifecycle = Lifecycle::new();
    let (sender, rosters) = mpsc::unbounded_channel();
    let put = move |roster| drop(sender.send(roster));
    let follower = Follower::new(config, ports, readiness.clone(), source);
    lifecycle.start("follow", follower.follow(put, lifecycle.clone()));
    (rosters, readiness, lifecycle)
}

#[tokio::test]
async fn what_is_put_into_force_is_taken_over_at_a_word() {
    let config = config(&[("agents.dir", PACKS), ("services.loans", "http://127.0.0.1:9")]);
    let ports = assemble::ports(&config).await.unwrap();
    let source = source::begin(&config, ports.db.as_ref(), ports.directory.as_ref()).await.unwrap();
    assert_eq!(source.origin, Origin::Folder);
    assert!(source.revision > 0, "a database of its own holds the packs");
    let (mut rosters, readiness, _lifecycle) = follow(&config, &ports, &source);
    assert!(readiness.report().ready);

    let mut company =
        source.roster.companies.values().find(|company| company.services.contains_key("loans")).unwrap().clone();
    company.name = "Another name".into();
    company.services.insert("loans".into(), "https://as.the.pack.says".into());
    let revision = ports.directory.apply(&company, "test").await.unwrap();
    let word = ConfigChanged { company: company.id.clone(), revision, reach: Reach::NewCalls };
    let payload = serde_json::to_vec(&word).unwrap();
    let taken_over = async {
        loop {
            // Whoever has not begun to listen yet hears the next word.
            ports.bus.tell(control::CONFIG, payload.clone().into()).await.unwrap();
            if let Ok(roster) = tokio::time::timeout(Duration::from_millis(50), rosters.recv()).await {
                return roster.unwrap();
            }
        }
    };
    let roster = tokio::time::timeout(Duration::from_secs(5), taken_over).await.expect("before the next look");
    let taken = &roster.companies[&company.id];
    assert_eq!(taken.name, "Another name");
    assert_eq!(taken.services["loans"], "http://127.0.0.1:9", "an installation keeps its own addresses");
}

#[tokio::test]
async fn while_the_database_is_away_the_folder_answers() {
    let config = config(&[("agents.dir", PACKS), ("stores.database_url", AWAY)]);
    let ports = assemble::ports(&config).await.unwrap();
    let source = source::begin(&config, ports.db.as_ref(), ports.directory.as_ref()).await.unwrap();
    assert_eq!(source.origin, Origin::Folder);
    assert!(source.away.is_some() && source.roster.agents().count() > 0);
    let (_rosters, readiness, _lifecycle) = follow(&config, &ports, &source);
    assert!(readiness.report().ready);
}

#[tokio::test]
async fn a_gateway_that_knows_nobody_is_not_ready_and_says_why() {
    let config = config(&[("agents.dir", "/nowhere"), ("stores.database_url", AWAY)]);
    let ports = assemble::ports(&config).await.unwrap();
    let source = source::begin(&config, ports.db.as_ref(), ports.directory.as_ref()).await.unwrap();
    assert_eq!(source.origin, Origin::Nowhere);
    let (_rosters, readiness, _lifecycle) = follow(&config, &ports, &source);
    let report = readiness.report();
    assert!(!report.ready && report.waiting[CONDITION].contains("away"), "{:?}", report.waiting);
}
