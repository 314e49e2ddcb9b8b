//! Workflow webhooks as n8n offers them: who calls, and what the house knows.
//!
//! `POST /webhook/customer {phone}` → customer and recent activity; `POST /webhook/knowledge {query}` → an answer.
//! Each has a secret of its own, in the header `X-Webhook-Secret`; without it the answer is 401. What they know is in
//! `webhooks/customers.rs` and `webhooks/knowledge.rs`.

mod customers;
mod knowledge;

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
use serde_json::{Value, json};

pub use self::customers::{Activity, Customer};
use super::server::Server;

/// The header in which a workflow expects its secret.
pub const SECRET_HEADER: &str = "x-webhook-secret";
/// The secret of `/webhook/customer`.
pub const CUSTOMER_SECRET: &str = "whsec-customer-4f1d";
/// The secret of `/webhook/knowledge`.
pub const KNOWLEDGE_SECRET: &str = "whsec-knowledge-9b27";

/// The running workflows.
#[derive(Debug)]
pub struct Webhooks {
    /// Their server.
    pub server: Server,
    house: House,
}

/// What the workflows share.
#[derive(Clone, Debug)]
struct House(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    customers: BTreeMap<String, Customer>,
    /// How often each article was the answer.
    answers: BTreeMap<&'static str, u32>,
}

impl House {
    fn open(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Webhooks {
    pub(super) async fn open() -> Result<Self> {
        let customers = customers::samples().map(|customer| (customer.phone.clone(), customer)).into();
        let house = House(Arc::new(Mutex::new(Known { customers, answers: BTreeMap::new() })));
        let routes = Router::new()
            .route("/webhook/customer", post(customer))
            .route("/webhook/knowledge", post(answer))
            .with_state(house.clone());
        Ok(Self { server: Server::open(routes).await?, house })
    }

    /// A customer as known now.
    #[must_use]
    pub fn customer(&self, phone: &str) -> Option<Customer> {
        self.house.open().customers.get(phone).cloned()
    }

    /// Adds a customer, or puts one in the place of whoever has this telephone.
    pub fn put(&self, customer: Customer) {
        self.house.open().customers.insert(customer.phone.clone(), customer);
    }

    /// How often each article was the answer, by its name.
    #[must_use]
    pub fn answers(&self) -> BTreeMap<&'static str, u32> {
        self.house.open().answers.clone()
    }
}

/// Why a workflow was not begun, as n8n says it.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"code": self.0.as_u16(), "message": self.1}))).into_response()
    }
}

async fn customer(State(house): State<House>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Refusal> {
    let phone = admit(&headers, CUSTOMER_SECRET, &body, "phone")?;
    let mut house = house.open();
    let Some(customer) = house.customers.get_mut(&phone) else { return Ok(Json(json!({"found": false}))) };
    customer.lookups += 1;
    Ok(Json(json!({"found": true, "customer": customer})))
}

async fn answer(State(house): State<House>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Refusal> {
    let query = admit(&headers, KNOWLEDGE_SECRET, &body, "query")?;
    let Some(article) = knowledge::find(&query) else { return Ok(Json(json!({"found": false, "answer": null}))) };
    *house.open().answers.entry(article.name).or_default() += 1;
    Ok(Json(json!({"found": true, "answer": article.text, "title": article.title, "source": article.name})))
}

/// The one field a workflow needs, from a caller that knows its secret.
fn admit(headers: &HeaderMap, secret: &str, body: &[u8], field: &str) -> Result<String, Refusal> {
    if headers.get(SECRET_HEADER).is_none_or(|given| given.as_bytes() != secret.as_bytes()) {
        return Err(Refusal(StatusCode::UNAUTHORIZED, "Authorization data is wrong!".to_owned()));
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let missing = || Refusal(StatusCode::BAD_REQUEST, format!("{field} is missing"));
    body[field].as_str().map(str::to_owned).ok_or_else(missing)
}
