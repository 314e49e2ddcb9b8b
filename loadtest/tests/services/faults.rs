//! Each fault does what its name says, to the requests it is meant for, and to no others.

use std::{error::Error as _, io, time::Duration};

use loadtest::services::{
    Services,
    faults::{Fault, METADATA, Rule},
    memory::{Ending, Request},
};
use reqwest::{Response, header};

use crate::client::{ask, client, payment, services, soon};

async fn failing(fault: Fault) -> Services {
    let services = services().await;
    services.loans.server.fail(Rule::always("/payments", fault));
    services
}

async fn pay(services: &Services) -> reqwest::Result<Response> {
    payment(services, 10.0).header("Idempotency-Key", "k-1").send().await
}

/// Pays, and leaves as soon as the server has come so far.
async fn pay_and_leave(services: &Services, at: Ending) {
    let paying = tokio::spawn(payment(services, 10.0).send());
    let there = |requests: &[Request]| requests.last().is_some_and(|request| request.ending == at);
    soon(services.loans.server.until(there)).await;
    paying.abort();
    assert!(soon(paying).await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_server_that_hangs_has_done_nothing() {
    let services = failing(Fault::Hang).await;
    pay_and_leave(&services, Ending::Open).await;
    soon(services.loans.server.until(|requests| requests[0].ending == Ending::Unanswered)).await;
    assert!(services.loans.payments().is_empty());
}

#[tokio::test]
async fn a_slow_server_works_also_when_the_caller_has_gone() {
    let services = failing(Fault::Slow(Duration::from_millis(150))).await;
    pay_and_leave(&services, Ending::Open).await;
    assert!(services.loans.payments().is_empty());
    // The second comes later than the first, and is as slow.
    assert_eq!(pay(&services).await.unwrap().status(), 201);
    assert_eq!(services.loans.payments().len(), 2);
}

#[tokio::test]
async fn a_status_has_no_effect() {
    for status in [400, 403, 404, 409, 429, 500, 503] {
        let services = failing(Fault::Status(status)).await;
        assert_eq!(ask(payment(&services, 10.0)).await.0, status);
        assert!(services.loans.payments().is_empty());
    }
}

#[tokio::test]
async fn a_redirect_leads_where_nobody_should_go() {
    let services = services().await;
    services.loans.server.fail(Rule::next(1, "/payments", Fault::Redirect(services.canary.url())));
    services.loans.server.fail(Rule::next(1, "/payments", Fault::Redirect(METADATA.to_owned())));
    let first = pay(&services).await.unwrap();
    assert_eq!(first.status(), 302);
    assert_eq!(first.headers()[header::LOCATION], services.canary.url());
    assert_eq!(pay(&services).await.unwrap().headers()[header::LOCATION], METADATA);
    assert_eq!(services.canary.connects(), 0);
    let followed = client().get(first.headers()[header::LOCATION].to_str().unwrap());
    assert_eq!(ask(followed).await.1["secret"], "tweet-me");
    assert_eq!(services.canary.connects(), 1);
    assert!(services.loans.payments().is_empty());
}

#[tokio::test]
async fn garbage_says_that_it_is_json() {
    let services = failing(Fault::Garbage).await;
    let answer = pay(&services).await.unwrap();
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    assert!(answer.json::<serde_json::Value>().await.is_err());
    assert_eq!(services.loans.payments().len(), 1);
}

#[tokio::test]
async fn a_lie_is_the_right_answer_under_the_wrong_type() {
    let services = failing(Fault::WrongType).await;
    let answer = pay(&services).await.unwrap();
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["status"], "accepted");
}

#[tokio::test]
async fn a_cut_answer_has_come_to_its_middle() {
    let services = failing(Fault::CutBody).await;
    let mut answer = pay(&services).await.unwrap();
    let announced: usize = answer.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
    let half = answer.chunk().await.unwrap().unwrap();
    assert_eq!(half.len(), announced / 2);
    assert!(half.starts_with(b"{\"receipt_number\""));
    assert!(answer.chunk().await.is_err());
    assert_eq!(services.loans.payments().len(), 1);
}

#[tokio::test]
async fn a_reset_comes_after_the_effect_and_is_a_reset() {
    let services = failing(Fault::CommitThenReset).await;
    let torn = pay(&services).await.unwrap_err();
    assert_eq!(io_kind(&torn), Some(io::ErrorKind::ConnectionReset), "{torn:?}");
    assert_eq!(services.loans.payments().len(), 1);
    let [request] = services.loans.server.requests().try_into().unwrap();
    assert_eq!((request.fault, request.ending), (Some(Fault::CommitThenReset), Ending::Withheld));
    services.loans.server.heal();
    assert_eq!(pay(&services).await.unwrap().headers()["idempotency-replayed"], "true");
}

#[tokio::test]
async fn a_server_can_hang_after_the_effect() {
    let services = failing(Fault::CommitThenHang).await;
    pay_and_leave(&services, Ending::Withheld).await;
    assert_eq!(services.loans.payments().len(), 1);
}

#[tokio::test]
async fn rules_are_taken_in_order_each_as_often_as_it_says() {
    let services = services().await;
    let server = &services.loans.server;
    server.fail(Rule::next(1, "/payments", Fault::Status(500)).after(1));
    server.fail(Rule::next(2, "/payments", Fault::Status(503)));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(ask(payment(&services, 1.0)).await.0);
    }
    assert_eq!(statuses, [503, 500, 503, 201, 201]);
    server.fail(Rule::always("*", Fault::Status(418)));
    assert_eq!(ask(payment(&services, 1.0)).await.0, 418);
    server.heal();
    assert_eq!(ask(payment(&services, 1.0)).await.0, 201);
}

#[tokio::test]
async fn a_fault_of_one_route_leaves_the_others_alone() {
    let services = failing(Fault::Status(500)).await;
    let lookup = client().post(format!("{}/loans/lookup", services.loans.server.url()));
    assert_eq!(ask(lookup.json(&serde_json::json!({"loan_number": "100200300"}))).await.0, 200);
    services.bank.server.fail(Rule::always("/routing-numbers", Fault::Status(500)));
    assert_eq!(ask(client().get(format!("{}/routing-numbers/021000021", services.bank.server.url()))).await.0, 500);
}

/// What the kernel said, under all that was said about it.
fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        source = error.source();
    }
    None
}
