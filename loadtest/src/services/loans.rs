//! Loan middleware, as stands between a loan desk and its core system: looks loans up and takes payments.
//!
//! `POST /loans/lookup {loan_number | ssn_last4 + zip}` → the loan; `POST /payments {loan_number, amount,
//! routing_number, account_number}` → a receipt. Paying is not idempotent: without an `Idempotency-Key` every request
//! pays. The books themselves are in `loans/book.rs`.

mod book;
mod cents;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use jiff::civil::date;
use serde::de::DeserializeOwned;
use serde_json::json;

use self::book::{Book, Lookup, Order, Paid};
pub use self::{
    book::{Keys, Loan, Payment, Standing},
    cents::Cents,
};
use super::server::Server;

/// The running middleware.
#[derive(Debug)]
pub struct Loans {
    /// Its server.
    pub server: Server,
    books: Books,
}

#[derive(Clone, Debug)]
struct Books(Arc<Mutex<Book>>);

impl Books {
    fn open(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loans {
    /// Starts it with the two sample loans.
    pub(super) async fn open() -> Result<Self> {
        let books = Books(Arc::default());
        books.open().loans = samples().map(|loan| (loan.loan_number.clone(), loan)).into();
        let routes =
            Router::new().route("/loans/lookup", post(look_up)).route("/payments", post(pay)).with_state(books.clone());
        Ok(Self { server: Server::open(routes).await?, books })
    }

    /// A loan as it stands now.
    #[must_use]
    pub fn loan(&self, number: &str) -> Option<Loan> {
        self.books.open().loans.get(number).cloned()
    }

    /// Adds a loan, or puts it in the place of the one with its number.
    pub fn put(&self, loan: Loan) {
        self.books.open().loans.insert(loan.loan_number.clone(), loan);
    }

    /// Whether repeated keys are known from now on.
    pub fn set_keys(&self, keys: Keys) {
        self.books.open().keys = keys;
    }

    /// Every payment that was made, in order; refused ones are not here.
    #[must_use]
    pub fn payments(&self) -> Vec<Payment> {
        self.books.open().payments.clone()
    }

    /// How often each key has paid; requests without a key are not here.
    #[must_use]
    pub fn effects_by_key(&self) -> BTreeMap<String, u32> {
        count(self.payments().into_iter().filter_map(|payment| payment.key))
    }

    /// How often each amount was paid on each loan, with and without key.
    #[must_use]
    pub fn effects_by_loan_and_amount(&self) -> BTreeMap<(String, Cents), u32> {
        count(self.payments().into_iter().map(|payment| (payment.loan_number, payment.amount)))
    }
}

fn count<T: Ord>(things: impl Iterator<Item = T>) -> BTreeMap<T, u32> {
    things.fold(BTreeMap::new(), |mut counts, thing| {
        *counts.entry(thing).or_default() += 1;
        counts
    })
}

/// The loans of the example packs.
fn samples() -> [Loan; 2] {
    let current = Loan {
        loan_number: "100200300".to_owned(),
        borrower: "Elena Torres".to_owned(),
        ssn_last4: "4321".to_owned(),
        zip: "78701".to_owned(),
        status: Standing::Current,
        balance: Cents(1_245_075),
        past_due: Cents(0),
        next_payment: Cents(35_000),
        due_date: date(2026, 12, 1),
        currency: "USD",
        ahead: Cents(0),
    };
    let delinquent = Loan {
        loan_number: "100200400".to_owned(),
        borrower: "James Carter".to_owned(),
        ssn_last4: "8765".to_owned(),
        zip: "33101".to_owned(),
        status: Standing::Delinquent,
        balance: Cents(487_020),
        past_due: Cents(42_000),
        next_payment: Cents(21_000),
        due_date: date(2026, 10, 15),
        ..current.clone()
    };
    [current, delinquent]
}

/// Why nothing was looked up or paid.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

async fn look_up(State(books): State<Books>, body: Bytes) -> Result<Json<Loan>, Refusal> {
    let by: Lookup = read(&body)?;
    match books.open().look_up(&by) {
        Ok(Some(loan)) => Ok(Json(loan.clone())),
        Ok(None) => Err(unknown_loan()),
        Err(reason) => Err(unfit(reason)),
    }
}

async fn pay(State(books): State<Books>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let order: Order = read(&body)?;
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    match books.open().pay(order, key) {
        Paid::Now(receipt) => Ok((StatusCode::CREATED, Json(receipt)).into_response()),
        Paid::Before(receipt) => {
            Ok((StatusCode::CREATED, [("idempotency-replayed", "true")], Json(receipt)).into_response())
        }
        Paid::KeyTaken => Err(Refusal(StatusCode::CONFLICT, "the key belongs to another payment".to_owned())),
        Paid::UnknownLoan => Err(unknown_loan()),
        Paid::Refused(reason) => Err(unfit(reason)),
    }
}

/// The body as JSON of this shape, whatever type it is announced as.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(unfit)
}

fn unknown_loan() -> Refusal {
    Refusal(StatusCode::NOT_FOUND, "no such loan".to_owned())
}

fn unfit(reason: impl ToString) -> Refusal {
    Refusal(StatusCode::UNPROCESSABLE_ENTITY, reason.to_string())
}
