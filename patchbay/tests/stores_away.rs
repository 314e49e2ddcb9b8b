//! Redis, NATS or Postgres away: at the start the roles wait and say for what; in the middle of a call nobody on the
//! telephone notices, and afterwards the record is whole.

use crate::support::record::Recorded;
use crate::support::system::System;
use crate::support::{caller, hotel, stores};
use loadtest::ledger::{self, Sessions};
use loadtest::phone::{CallEnd, CallTruth, PhoneEvent};
use serde_json::Value;
use xtask::servers::Server;

#[tokio::test]
async fn roles_that_start_before_their_stores_wait_and_say_for_what() {
    let Some(servers) = stores::start("roles that wait").await else { return };
    let system = System::around(servers.clone()).await;
    system.migrate().await;
    for server in [Server::Redis, Server::Nats, Server::Postgres] {
        stores::kill(&servers, server).await;
    }
    let gateway = system.start("gateway", "gateway");
    let worker = system.start("worker", "worker-0");
    let recorder = system.start("recorder", "recorder");
    for (role, conditions) in [(&gateway, ["state"].as_slice()), (&worker, &["pool"]), (&recorder, &["bus", "db"])] {
        let report = role.until("it says what it waits for", |status, text| status == 503 && explains(text)).await;
        let report: Value = serde_json::from_str(&report).unwrap();
        let waiting: Vec<_> = report["waiting"].as_object().unwrap().keys().collect();
        assert_eq!(waiting, conditions, "{report}");
    }

    stores::restart(&servers, Server::Redis).await;
    gateway.until_ready().await;
    worker.until_ready().await;
    stores::restart(&servers, Server::Nats).await;
    recorder
        .until("only the database is missing", |_, text| !text.contains("\"bus\"") && text.contains("\"db\""))
        .await;
    stores::restart(&servers, Server::Postgres).await;
    recorder.until_ready().await;
}

#[tokio::test]
async fn redis_lost_in_mid_call_is_not_heard_and_the_record_is_whole() {
    a_call_during_which_is_lost(Server::Redis).await;
}

#[tokio::test]
async fn nats_lost_in_mid_call_is_not_heard_and_the_record_is_whole() {
    a_call_during_which_is_lost(Server::Nats).await;
}

#[tokio::test]
async fn postgres_lost_in_mid_call_is_not_heard_and_the_record_is_whole() {
    a_call_during_which_is_lost(Server::Postgres).await;
}

async fn a_call_during_which_is_lost(server: Server) {
    let Some(servers) = stores::start(&format!("a call that loses {server:?}")).await else { return };
    let system = System::around(servers.clone()).await;
    let _roles = system.start_all().await;
    let plan = caller::who_listens(hotel::OPENAI, &system.url);
    let first_question = |event: &PhoneEvent| matches!(event, PhoneEvent::Saying(_));
    let truth =
        caller::call(&system.network, plan, first_question, async || stores::kill(&servers, server).await).await;
    assert_eq!(truth.end, CallEnd::Completed);
    check_nothing_was_heard_of_it(&system, &truth).await;

    stores::restart(&servers, server).await;
    let recorded = Recorded::of(&truth, system.db().as_ref()).await;
    recorded.check_exactly_once(system.db().as_ref()).await;
    assert_eq!(recorded.cdr.end_reason.as_deref(), Some("agent_hung_up"));
    assert_eq!(recorded.said().len(), 5, "{:?}", recorded.said());
}

/// Three utterances, each in one piece, and every frame of the caller at the provider.
async fn check_nothing_was_heard_of_it(system: &System, truth: &CallTruth) {
    let spans: Vec<u64> = truth.streams.iter().flat_map(|stream| &stream.heard).map(|span| span.bytes / 8).collect();
    assert_eq!(spans, [800, 5_000, 700], "milliseconds of greeting, answer and goodbye");
    let gone =
        |sessions: &[loadtest::provider::truth::SessionTruth]| sessions.iter().all(|one| one.closed_at.is_some());
    let sessions = system.provider.until(gone).await;
    let account = ledger::settle(truth, &Sessions::new(sessions, std::slice::from_ref(truth)));
    assert_eq!((account.up.lost, account.up.different, account.up.added), (0, 0, 0), "frames up");
    assert_eq!((account.down.lost, account.down.foreign), (0, 0), "audio down");
}

/// Whether every condition that is waited for has a reason that was found by looking.
fn explains(report: &str) -> bool {
    let report: Value = serde_json::from_str(report).unwrap_or_default();
    let Some(waiting) = report["waiting"].as_object() else { return false };
    let reasons = waiting.values().filter_map(Value::as_str);
    reasons.filter(|reason| reason.contains(' ') && *reason != "not looked at yet").count() == waiting.len()
}
