//! The account and its numbers, as the REST API lists and sets them.
//!
//! The API: <https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource> (read 2026-11).

use axum::extract::{Form, Path, Query};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use super::form::{Fields, Refusal, field, is_url};
use super::page::page;
use super::{Known, not_found};
use crate::network::Network;
use crate::network::numbers::{OwnedNumber, SETTINGS};

/// The account itself.
pub(super) async fn account(known: Known, Path(account): Path<String>) -> Response {
    let network = &known.0;
    if account.strip_suffix(".json") != Some(network.account_sid()) {
        return not_found(&format!("/2010-04-01/Accounts/{account}"));
    }
    Json(json!({
        "sid": network.account_sid(), "friendly_name": "Simulated", "status": "active", "type": "Full",
        "uri": format!("/2010-04-01/Accounts/{account}"),
    }))
    .into_response()
}

pub(super) async fn list(
    known: Known,
    Path(account): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let network = &known.0;
    let path = format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json");
    if account != network.account_sid() {
        return not_found(&path);
    }
    // Any part of a number finds it.
    let wanted = field(&query, "PhoneNumber").unwrap_or_default();
    let numbers = network.0.numbers.all();
    let found = numbers.iter().filter(|one| one.number.contains(wanted));
    page("incoming_phone_numbers", &path, &query, found.map(|one| resource(network, one)).collect())
}

pub(super) async fn fetch(known: Known, Path((account, which)): Path<(String, String)>) -> Response {
    set(&known.0, &account, &which, Vec::new())
}

pub(super) async fn update(
    known: Known,
    Path((account, which)): Path<(String, String)>,
    Form(fields): Fields,
) -> Response {
    let is_address = |name: &str| matches!(name, "VoiceUrl" | "VoiceFallbackUrl" | "StatusCallback");
    if fields.iter().any(|(name, value)| is_address(name) && !value.is_empty() && !is_url(value)) {
        return Refusal::new(21502, "VoiceUrl is not valid").into_response();
    }
    let known_fields = fields.into_iter().filter(|(name, _)| SETTINGS.contains(&name.as_str())).collect();
    set(&known.0, &account, &which, known_fields)
}

fn set(network: &Network, account: &str, which: &str, fields: Vec<(String, String)>) -> Response {
    let sid = which.strip_suffix(".json").filter(|_| account == network.account_sid());
    match sid.and_then(|sid| network.0.numbers.set(sid, fields)) {
        Some(number) => Json(resource(network, &number)).into_response(),
        None => not_found(&format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{which}")),
    }
}

fn resource(network: &Network, number: &OwnedNumber) -> Value {
    let account = network.account_sid();
    let usual = |name: &str| match number.setting(name) {
        "" => "POST".to_owned(),
        method => method.to_owned(),
    };
    let name = if number.setting("FriendlyName").is_empty() { &number.number } else { number.setting("FriendlyName") };
    json!({
        "sid": number.sid, "account_sid": account, "api_version": "2010-04-01",
        "phone_number": number.number, "friendly_name": name,
        "voice_url": number.setting("VoiceUrl"), "voice_method": usual("VoiceMethod"),
        "voice_fallback_url": number.setting("VoiceFallbackUrl"), "voice_fallback_method": usual("VoiceFallbackMethod"),
        "status_callback": number.setting("StatusCallback"), "status_callback_method": usual("StatusCallbackMethod"),
        "voice_application_sid": number.setting("VoiceApplicationSid"),
        "trunk_sid": Some(number.setting("TrunkSid")).filter(|trunk| !trunk.is_empty()),
        "voice_caller_id_lookup": number.setting("VoiceCallerIdLookup") == "true",
        "capabilities": {"voice": true, "sms": true, "mms": true, "fax": false},
        "status": "in-use", "origin": "twilio", "beta": false,
        "uri": format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{}.json", number.sid),
    })
}
