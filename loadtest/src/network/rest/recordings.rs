//! The recordings of the REST API: started, paused and stopped on a live call; listened to, and deleted.
//!
//! The API: <https://www.twilio.com/docs/voice/api/recording> (read 2026-11).

use axum::extract::{Form, Path, Query};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::form::{Fields, all, field};
use super::page::page;
use super::{Known, count, not_found, problem, rfc_2822};
use crate::network::calls::Method;
use crate::network::recordings::{NoSuchRecording, Pause, Recording, Told, seconds};
use crate::network::{CallStatus, Network};

pub(super) async fn start(
    known: Known,
    Path((account, call)): Path<(String, String)>,
    Form(fields): Fields,
) -> Response {
    let network = &known.0;
    let Some(entry) = network.calls().find(&call).filter(|_| account == network.account_sid()) else {
        return not_found(&format!("/2010-04-01/Accounts/{account}/Calls/{call}/Recordings.json"));
    };
    if entry.status != CallStatus::InProgress {
        return problem(StatusCode::BAD_REQUEST, 21220, "Requested resource is not eligible for recording");
    }
    let channels = if field(&fields, "RecordingChannels") == Some("dual") { 2 } else { 1 };
    let recording = Recording {
        sid: network.sid("RE"),
        call_sid: call,
        status: "in-progress",
        channels,
        began: Timestamp::now(),
        lasted: None,
        audio: Default::default(),
    };
    let events = all(&fields, "RecordingStatusCallbackEvent");
    let told = Told {
        url: field(&fields, "RecordingStatusCallback").map(str::to_owned),
        method: Method::named(field(&fields, "RecordingStatusCallbackMethod")),
        // One field with all of them, or one each: both are taken.
        events: events.iter().flat_map(|event| event.split_whitespace()).map(str::to_owned).collect(),
    };
    count(&network.0.counters.recorded);
    network.0.recordings.start(recording.clone(), told.clone());
    network.tell_recording(&recording, &told);
    (StatusCode::CREATED, Json(resource(network, &recording))).into_response()
}

pub(super) async fn update(
    known: Known,
    Path((account, call, which)): Path<(String, String, String)>,
    Form(fields): Fields,
) -> Response {
    let network = &known.0;
    let unknown = || not_found(&format!("/2010-04-01/Accounts/{account}/Calls/{call}/Recordings/{which}"));
    let Some(sid) = which.strip_suffix(".json").filter(|_| account == network.account_sid()) else { return unknown() };
    let how = if field(&fields, "PauseBehavior") == Some("skip") { Pause::Skip } else { Pause::Silence };
    let recordings = &network.0.recordings;
    let changed = match field(&fields, "Status") {
        Some("paused") => recordings.pause(&call, sid, how),
        Some("in-progress") => recordings.resume(&call, sid),
        Some("stopped") => recordings.stop(&call, sid).map(|(recording, told)| {
            network.tell_recording(&recording, &told);
            recording
        }),
        _ => return problem(StatusCode::BAD_REQUEST, 20001, "Status must be paused, in-progress or stopped"),
    };
    match changed {
        Ok(recording) => Json(resource(network, &recording)).into_response(),
        Err(NoSuchRecording) => unknown(),
    }
}

/// What is known of a recording, or its sound: the ending of the name says which.
pub(super) async fn fetch(
    known: Known,
    Path((account, which)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let network = &known.0;
    let (sid, ending) = which.split_once('.').unwrap_or((&which, "wav"));
    let found = network.0.recordings.find(sid).filter(|_| account == network.account_sid());
    let Some(recording) = found.filter(|recording| recording.status != "deleted") else {
        return not_found(&format!("/2010-04-01/Accounts/{account}/Recordings/{which}"));
    };
    if ending == "json" {
        return Json(resource(network, &recording)).into_response();
    }
    // The sound is there a moment after the recording has ended, and not before.
    if ending != "wav" || recording.status != "completed" {
        return not_found(&format!("/2010-04-01/Accounts/{account}/Recordings/{which}"));
    }
    let wanted = field(&query, "RequestedChannels").and_then(|channels| channels.parse().ok());
    ([(header::CONTENT_TYPE, "audio/x-wav")], recording.wav(wanted.unwrap_or(recording.channels))).into_response()
}

pub(super) async fn delete(known: Known, Path((account, which)): Path<(String, String)>) -> Response {
    let network = &known.0;
    let sid = which.strip_suffix(".json").unwrap_or(&which);
    if account != network.account_sid() || network.0.recordings.delete(sid).is_err() {
        return not_found(&format!("/2010-04-01/Accounts/{account}/Recordings/{which}"));
    }
    StatusCode::NO_CONTENT.into_response()
}

pub(super) async fn list_of_call(
    known: Known,
    Path((account, call)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let path = format!("/2010-04-01/Accounts/{account}/Calls/{call}/Recordings.json");
    listed(&known.0, &account, &path, &query, |recording| recording.call_sid == call)
}

pub(super) async fn list(
    known: Known,
    Path(account): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let path = format!("/2010-04-01/Accounts/{account}/Recordings.json");
    let call = field(&query, "CallSid");
    listed(&known.0, &account, &path, &query, |recording| call.is_none_or(|call| call == recording.call_sid))
}

fn listed(
    network: &Network,
    account: &str,
    path: &str,
    query: &[(String, String)],
    fits: impl Fn(&Recording) -> bool,
) -> Response {
    if account != network.account_sid() {
        return not_found(path);
    }
    let recordings = network.recordings();
    let newest = recordings.iter().rev().filter(|one| one.status != "deleted" && fits(one));
    page("recordings", path, query, newest.map(|one| resource(network, one)).collect())
}

fn resource(network: &Network, recording: &Recording) -> Value {
    let account = network.account_sid();
    json!({
        "sid": recording.sid, "account_sid": account, "call_sid": recording.call_sid,
        "api_version": "2010-04-01", "conference_sid": null, "error_code": null,
        "status": recording.status, "channels": recording.channels, "source": "StartCallRecordingAPI",
        "track": "both", "price": null, "price_unit": "USD",
        "duration": recording.lasted.map(|lasted| seconds(lasted).to_string()),
        "start_time": rfc_2822(recording.began), "date_created": rfc_2822(recording.began),
        "uri": format!("/2010-04-01/Accounts/{account}/Recordings/{}.json", recording.sid),
    })
}
