//! A plain HTTP client: follows nothing, unpacks nothing, and waits no longer than it must.

use std::time::Duration;

use loadtest::services::Services;
use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};

/// The longest any of these tests waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn client() -> Client {
    // Another test may have chosen already; either choice will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).timeout(PATIENCE).build().unwrap()
}

pub(crate) async fn services() -> Services {
    Services::start().await.unwrap()
}

/// A payment on the current loan.
pub(crate) fn payment(services: &Services, amount: f64) -> RequestBuilder {
    let order = json!({"loan_number": "100200300", "amount": amount,
                       "routing_number": "021000021", "account_number": "000123456789"});
    client().post(format!("{}/payments", services.loans.server.url())).json(&order)
}

/// Status and body of an answer.
pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// Sends and reads.
pub(crate) async fn ask(request: RequestBuilder) -> (u16, Value) {
    read(request.send().await.unwrap()).await
}

/// Waits, but not for ever.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}
