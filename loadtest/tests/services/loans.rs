//! Loans are found and paid; a key pays once, no key pays every time.

use loadtest::services::loans::{Cents, Keys, Standing};
use serde_json::json;

use crate::client::{ask, client, payment, services};

#[tokio::test]
async fn a_loan_is_found_by_its_number_or_by_its_borrower() {
    let services = services().await;
    let url = format!("{}/loans/lookup", services.loans.server.url());
    let by_number = ask(client().post(&url).json(&json!({"loan_number": "100200300"}))).await;
    let expected = json!({
        "loan_number": "100200300", "borrower": "Elena Torres", "status": "current", "balance": 12450.75,
        "past_due": 0.0, "next_payment": 350.0, "due_date": "2026-12-01", "currency": "USD",
    });
    assert_eq!(by_number, (200, expected));
    let by_borrower = ask(client().post(&url).json(&json!({"ssn_last4": "8765", "zip": "33101"}))).await;
    assert_eq!((by_borrower.0, &by_borrower.1["status"]), (200, &json!("delinquent")));
}

#[tokio::test]
async fn half_of_what_identifies_a_borrower_finds_nobody() {
    let services = services().await;
    let url = format!("{}/loans/lookup", services.loans.server.url());
    for (question, status) in [
        (json!({"ssn_last4": "8765"}), 422),
        (json!({"zip": "33101"}), 422),
        (json!({}), 422),
        (json!({"ssn_last4": "8765", "zip": "78701"}), 404),
        (json!({"loan_number": "1"}), 404),
    ] {
        assert_eq!(ask(client().post(&url).json(&question)).await.0, status, "{question}");
    }
}

#[tokio::test]
async fn the_same_key_gets_the_same_receipt_and_pays_once() {
    let services = services().await;
    let first = ask(payment(&services, 350.0).header("Idempotency-Key", "k-1")).await;
    let again = payment(&services, 350.0).header("Idempotency-Key", "k-1").send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(crate::client::read(again).await, first);
    assert_eq!((first.0, &first.1["new_balance"], &first.1["account_last4"]), (201, &json!(12100.75), &json!("6789")));
    assert_eq!(services.loans.effects_by_key()["k-1"], 1);
    assert_eq!(services.loans.server.requests().len(), 2);
}

#[tokio::test]
async fn requests_of_one_key_at_the_same_time_pay_once() {
    let services = services().await;
    let pay = || ask(payment(&services, 10.0).header("Idempotency-Key", "k-1"));
    let answers = futures_util::future::join_all((0..8).map(|_| pay())).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(services.loans.payments().len(), 1);
}

#[tokio::test]
async fn without_a_key_every_request_pays() {
    let services = services().await;
    for _ in 0..2 {
        assert_eq!(ask(payment(&services, 350.0)).await.0, 201);
    }
    let paid = services.loans.effects_by_loan_and_amount();
    assert_eq!(paid[&("100200300".to_owned(), Cents(35_000))], 2);
    assert_eq!(services.loans.loan("100200300").unwrap().balance, Cents(1_175_075));
    assert_eq!(services.loans.loan("100200300").unwrap().due_date.to_string(), "2027-02-01");
}

#[tokio::test]
async fn middleware_that_knows_no_keys_shows_who_sends_twice() {
    let services = services().await;
    services.loans.set_keys(Keys::Ignored);
    for _ in 0..2 {
        ask(payment(&services, 20.0).header("Idempotency-Key", "k-1")).await;
    }
    assert_eq!(services.loans.effects_by_key()["k-1"], 2);
}

#[tokio::test]
async fn a_key_is_not_lent_to_another_payment() {
    let services = services().await;
    ask(payment(&services, 20.0).header("Idempotency-Key", "k-1")).await;
    assert_eq!(ask(payment(&services, 30.0).header("Idempotency-Key", "k-1")).await.0, 409);
    assert_eq!(services.loans.payments().len(), 1);
}

#[tokio::test]
async fn an_overdue_loan_is_current_when_what_was_overdue_is_paid() {
    let services = services().await;
    let url = format!("{}/payments", services.loans.server.url());
    let order = json!({"loan_number": "100200400", "amount": "420.00",
                       "routing_number": "011401533", "account_number": "5550001"});
    assert_eq!(services.loans.loan("100200400").unwrap().status, Standing::Delinquent);
    assert_eq!(ask(client().post(url).json(&order)).await.0, 201);
    let loan = services.loans.loan("100200400").unwrap();
    assert_eq!((loan.status, loan.past_due), (Standing::Current, Cents(0)));
}

#[tokio::test]
async fn what_cannot_be_paid_has_no_effect() {
    let services = services().await;
    let url = format!("{}/payments", services.loans.server.url());
    let order = |loan: &str, amount: serde_json::Value, routing: &str, account: &str| json!({"loan_number": loan, "amount": amount, "routing_number": routing, "account_number": account});
    for (order, status) in [
        (order("100200300", json!(0), "021000021", "12345678"), 422),
        (order("100200300", json!(-5), "021000021", "12345678"), 422),
        (order("100200300", json!(1.005), "021000021", "12345678"), 422),
        (order("100200300", json!(10_000.01), "021000021", "12345678"), 422),
        (order("100200300", json!(1), "02100002", "12345678"), 422),
        (order("100200300", json!(1), "021000021", "abc"), 422),
        (order("999", json!(1), "021000021", "12345678"), 404),
        (json!({"amount": 1}), 422),
    ] {
        assert_eq!(ask(client().post(&url).json(&order)).await.0, status, "{order}");
    }
    assert!(services.loans.payments().is_empty());
}
