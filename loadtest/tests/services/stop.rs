//! A server that is killed in the middle: its connections end at once, its state stays, its port too.

use std::time::Duration;

use loadtest::services::{
    faults::{Fault, Rule},
    memory::Ending,
};

use crate::client::{ask, payment, services, soon};

#[tokio::test]
async fn a_server_killed_in_mid_request_drops_the_caller_at_once() {
    let services = services().await;
    let server = &services.loans.server;
    server.fail(Rule::next(1, "/payments", Fault::CommitThenHang));
    let paying = tokio::spawn(payment(&services, 10.0).header("Idempotency-Key", "k-1").send());
    soon(server.until(|requests| requests.iter().any(|request| request.ending == Ending::Withheld))).await;
    server.stop().await;
    let dropped = soon(paying).await.unwrap().unwrap_err();
    assert!(!dropped.is_timeout() && !dropped.is_connect(), "{dropped:?}");
    server.start().await.unwrap();
    let again = payment(&services, 10.0).header("Idempotency-Key", "k-1").send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(services.loans.payments().len(), 1);
}

#[tokio::test]
async fn a_server_comes_back_on_its_port_with_what_it_knew() {
    let services = services().await;
    let (server, url) = (&services.loans.server, services.loans.server.url());
    let first = ask(payment(&services, 10.0).header("Idempotency-Key", "k-1")).await;
    server.stop().await;
    assert!(payment(&services, 10.0).send().await.unwrap_err().is_connect());
    server.start().await.unwrap();
    assert_eq!(server.url(), url);
    let again = ask(payment(&services, 10.0).header("Idempotency-Key", "k-1")).await;
    assert_eq!(again, first);
    assert_eq!((services.loans.payments().len(), server.requests().len()), (1, 2));
}

#[tokio::test]
async fn work_that_had_not_begun_dies_with_the_server() {
    let services = services().await;
    let server = &services.loans.server;
    server.fail(Rule::always("/payments", Fault::Slow(Duration::from_secs(3_600))));
    let paying = tokio::spawn(payment(&services, 10.0).send());
    soon(server.until(|requests| requests.len() == 1)).await;
    soon(server.stop()).await;
    assert!(soon(paying).await.unwrap().is_err());
    assert_eq!(server.requests()[0].ending, Ending::Unanswered);
    assert!(services.loans.payments().is_empty());
}

#[tokio::test]
async fn killing_one_server_leaves_the_others() {
    let services = services().await;
    services.bank.server.stop().await;
    services.bank.server.stop().await;
    assert_eq!(ask(payment(&services, 10.0)).await.0, 201);
}
