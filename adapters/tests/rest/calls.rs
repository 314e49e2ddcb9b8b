//! Calls as Twilio knows them: one of them, and those between two telephones.

use super::support::{CALL, THEM, Twilio, US, call, json, number};
use common::event::Direction;
use common::ports::telephone::CallState;
use common::ports::{Telephone as _, TelephoneError};
use serde_json::{Value, json};

const OTHER: &str = "CA0000000000000000000000000000000b";
/// Fri, 18 Oct 2019 17:03:00 UTC
const AT_MS: u64 = 1_571_418_180_000;

#[tokio::test]
async fn a_call_is_looked_at() {
    let twilio = Twilio::answering([json(200, whole())]).await;
    let wanted = CallState {
        call: call(),
        status: "completed".into(),
        direction: Direction::Outbound,
        to: number(THEM),
        from: number(US),
        created_ms: AT_MS,
        duration_s: Some(42),
        answered_by: Some("machine_end_beep".into()),
    };
    assert_eq!(twilio.rest().look(&call()).await, Ok(Some(wanted)));
    assert_eq!(twilio.seen().await[0].line(), format!("GET /Calls/{CALL}.json"));
}

#[tokio::test]
async fn a_call_that_waits_in_its_queue_has_no_times() {
    let queued = json!({"sid": CALL, "status": "queued", "direction": "outbound-api", "to": THEM, "from": US,
        "date_created": null, "duration": null, "answered_by": null});
    let twilio = Twilio::answering([json(200, queued)]).await;
    let call = twilio.rest().look(&call()).await.expect("answered").expect("known");
    assert_eq!((call.created_ms, call.duration_s, call.answered_by.as_deref()), (0, None, None));
    assert!(twilio.count().await == 1 && call.status == "queued");
}

#[tokio::test]
async fn a_call_that_is_not_known_is_none() {
    let twilio = Twilio::answering([json(404, json!({"code": 20404}))]).await;
    assert_eq!(twilio.rest().look(&call()).await, Ok(None));
}

#[tokio::test]
async fn calls_between_two_telephones_are_those_since_then_and_those_without_a_date() {
    let calls = json!([
        dated(CALL, "Fri, 18 Oct 2019 17:03:00 +0000"),
        dated(OTHER, "Fri, 18 Oct 2019 17:02:59 +0000"),
        dated("CA0000000000000000000000000000000c", "")
    ]);
    let twilio = Twilio::answering([json(200, json!({"calls": calls, "next_page_uri": null}))]).await;
    let found = twilio.rest().calls_between(&number(US), &number(THEM), AT_MS).await.expect("listed");
    let found: Vec<&str> = found.iter().map(|call| call.call.as_str()).collect();
    assert_eq!(found, [CALL, "CA0000000000000000000000000000000c"]);
    let line = twilio.seen().await[0].line();
    assert_eq!(line, "GET /Calls.json?To=%2B13105550123&From=%2B15005550006&PageSize=100");
}

#[tokio::test]
async fn a_list_of_calls_is_followed_a_few_pages_far() {
    let page = |sid: &str, next: u32| {
        let next =
            format!("/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json?Page={next}&PageToken=x");
        json(200, json!({"calls": [dated(sid, "")], "next_page_uri": next}))
    };
    let twilio = Twilio::answering([page(CALL, 1), page(OTHER, 2), page(CALL, 3), page(CALL, 4)]).await;
    let found = twilio.rest().calls_between(&number(US), &number(THEM), 0).await.expect("listed");
    assert_eq!(found.len(), 3);
    let seen = twilio.seen().await;
    assert_eq!(seen.len(), 3, "no further");
    assert_eq!(seen[2].line(), "GET /Calls.json?Page=2&PageToken=x");
}

#[tokio::test]
async fn a_list_that_leads_elsewhere_is_not_followed() {
    for elsewhere in [
        "https://evil.example/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json",
        "//evil.example/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json",
        "/2010-04-01/Accounts/AC00000000000000000000000000000002/Calls.json",
        "/2010-04-01/Accounts/AC00000000000000000000000000000001/../AC00000000000000000000000000000002/Calls.json",
        "@evil.example/",
    ] {
        let page = json!({"calls": [dated(CALL, "")], "next_page_uri": elsewhere});
        let twilio = Twilio::answering([json(200, page)]).await;
        let error = twilio.rest().calls_between(&number(US), &number(THEM), 0).await.expect_err("not followed");
        assert_eq!(error, TelephoneError::Away("its list goes on outside our account".into()), "{elsewhere}");
        assert_eq!(twilio.count().await, 1, "{elsewhere}");
    }
}

#[tokio::test]
async fn a_list_with_a_call_that_cannot_be_read_is_no_list() {
    for broken in [json!({"sid": "no", "status": "queued"}), json!({"status": "queued"}), json!(7)] {
        let page = json(200, json!({"calls": [broken], "next_page_uri": null}));
        let twilio = Twilio::answering([page]).await;
        let answer = twilio.rest().calls_between(&number(US), &number(THEM), 0).await;
        assert!(matches!(answer, Err(TelephoneError::Away(_))), "it might be the one looked for: {answer:?}");
    }
}

fn whole() -> Value {
    json!({
        "sid": CALL, "account_sid": "AC00000000000000000000000000000001", "status": "completed",
        "direction": "outbound-api", "to": THEM, "from": US, "to_formatted": "(310) 555-0123",
        "date_created": "Fri, 18 Oct 2019 17:03:00 +0000", "start_time": "Fri, 18 Oct 2019 17:03:02 +0000",
        "duration": "42", "price": "-0.03000", "price_unit": "USD", "queue_time": "1000",
        "answered_by": "machine_end_beep", "subresource_uris": {"recordings": "/…"},
    })
}

fn dated(sid: &str, date: &str) -> Value {
    json!({"sid": sid, "status": "queued", "direction": "outbound-api", "to": THEM, "from": US, "date_created": date})
}
