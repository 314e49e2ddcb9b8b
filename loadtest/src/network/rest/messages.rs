//! The text messages of the REST API: sent, fetched, listed.
//!
//! The API: <https://www.twilio.com/docs/messaging/api/message-resource> (read 2026-11).

use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::form::{Fields, Refusal, field, is_number};
use super::page::page;
use super::{Known, count, not_found, rfc_2822};
use crate::network::Network;
use crate::network::messages::{Inbox, Message, carry, segments};

/// The longest text, in characters.
const BODY_LIMIT: usize = 1_600;

pub(super) async fn create(known: Known, Path(account): Path<String>, Form(fields): Fields) -> Response {
    let network = &known.0;
    if account != network.account_sid() {
        return not_found(&format!("/2010-04-01/Accounts/{account}/Messages.json"));
    }
    let message = match message(network, &fields) {
        Ok(message) => message,
        Err(refusal) => return refusal.into_response(),
    };
    count(&network.0.counters.texted);
    network.0.messages.enter(message.clone());
    let callback = field(&fields, "StatusCallback").map(str::to_owned);
    tokio::spawn(carry(network.clone(), message.clone(), callback));
    (StatusCode::CREATED, Json(resource(network, &message))).into_response()
}

fn message(network: &Network, fields: &[(String, String)]) -> Result<Message, Refusal> {
    let to = field(fields, "To").ok_or(Refusal::new(21604, "'To' phone number is required to send a Message"))?;
    let from = field(fields, "From").ok_or(Refusal::new(21603, "'From' phone number is required to send a Message"))?;
    let body = field(fields, "Body").ok_or(Refusal::new(21602, "Message body is required"))?;
    if body.chars().count() > BODY_LIMIT {
        return Err(Refusal::new(21617, "The concatenated message body exceeds the 1600 character limit"));
    }
    if !is_number(to) {
        return Err(Refusal::new(21211, "The 'To' number is not a valid phone number"));
    }
    if !network.0.numbers.may_send(from) {
        return Err(Refusal::new(21606, "The 'From' phone number provided is not a valid, message-capable number"));
    }
    match network.0.messages.inbox(to) {
        Inbox::OptedOut => return Err(Refusal::new(21610, "Attempt to send to unsubscribed recipient")),
        Inbox::Landline => return Err(Refusal::new(21614, "'To' number is not a valid mobile number")),
        Inbox::Delivers | Inbox::Unreachable | Inbox::Filtered => {}
    }
    Ok(Message {
        sid: network.sid("SM"),
        to: to.to_owned(),
        from: from.to_owned(),
        body: body.to_owned(),
        segments: segments(body),
        status: "queued",
        error_code: None,
        at: Timestamp::now(),
    })
}

pub(super) async fn fetch(known: Known, Path((account, message)): Path<(String, String)>) -> Response {
    let network = &known.0;
    let found = message.strip_suffix(".json").and_then(|sid| network.0.messages.find(sid));
    match found.filter(|_| account == network.account_sid()) {
        Some(found) => Json(resource(network, &found)).into_response(),
        None => not_found(&format!("/2010-04-01/Accounts/{account}/Messages/{message}")),
    }
}

pub(super) async fn list(
    known: Known,
    Path(account): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let network = &known.0;
    let path = format!("/2010-04-01/Accounts/{account}/Messages.json");
    if account != network.account_sid() {
        return not_found(&path);
    }
    let is = |name: &str, value: &str| field(&query, name).is_none_or(|wanted| wanted == value);
    let messages = network.0.messages.all();
    let newest = messages.iter().rev().filter(|one| is("To", &one.to) && is("From", &one.from));
    page("messages", &path, &query, newest.map(|one| resource(network, one)).collect())
}

fn resource(network: &Network, message: &Message) -> Value {
    let account = network.account_sid();
    json!({
        "sid": message.sid, "account_sid": account, "api_version": "2010-04-01",
        "to": message.to, "from": message.from, "body": message.body,
        "status": message.status, "direction": "outbound-api",
        "num_segments": message.segments.to_string(), "num_media": "0",
        "error_code": message.error_code, "error_message": null,
        "price": null, "price_unit": "USD", "messaging_service_sid": null,
        "date_created": rfc_2822(message.at), "date_updated": rfc_2822(message.at), "date_sent": null,
        "uri": format!("/2010-04-01/Accounts/{account}/Messages/{}.json", message.sid),
    })
}
