//! The account's numbers.

use super::support::{Twilio, US, json, number, text};
use common::ports::telephone::{NumberSetup, OwnNumber};
use common::ports::{Numbers as _, TelephoneError};
use serde_json::{Value, json};

const SID: &str = "PN00000000000000000000000000000006";

#[tokio::test]
async fn numbers_are_listed_with_their_setup() {
    let page = json!({"incoming_phone_numbers": [{
        "sid": SID, "phone_number": US, "friendly_name": "Front desk", "voice_url": "https://calls.example.com/twilio/voice",
        "voice_method": "POST", "voice_fallback_url": "", "voice_fallback_method": "GET", "status_callback": null,
        "status_callback_method": "POST", "trunk_sid": null, "voice_application_sid": "", "capabilities": {"voice": true},
    }], "next_page_uri": null});
    let twilio = Twilio::answering([json(200, page)]).await;
    let wanted = OwnNumber {
        sid: SID.into(),
        number: number(US),
        name: "Front desk".into(),
        setup: NumberSetup {
            voice_url: "https://calls.example.com/twilio/voice".into(),
            voice_method: "POST".into(),
            fallback_url: String::new(),
            fallback_method: "GET".into(),
            status_url: String::new(),
            status_method: "POST".into(),
        },
        overridden_by: String::new(),
    };
    assert_eq!(twilio.rest().list().await, Ok(vec![wanted]));
    assert_eq!(twilio.seen().await[0].line(), "GET /IncomingPhoneNumbers.json?PageSize=1000");
}

#[tokio::test]
async fn numbers_come_from_every_page_in_order() {
    let next = "/2010-04-01/Accounts/AC00000000000000000000000000000001/IncomingPhoneNumbers.json?Page=1";
    let first =
        json!({"incoming_phone_numbers": [plain("+15005550009"), plain("+15005550001")], "next_page_uri": next});
    let second = json!({"incoming_phone_numbers": [plain("+15005550005")], "next_page_uri": null});
    let twilio = Twilio::answering([json(200, first), json(200, second)]).await;
    let numbers = twilio.rest().list().await.expect("listed");
    let numbers: Vec<&str> = numbers.iter().map(|own| own.number.reveal()).collect();
    assert_eq!(numbers, ["+15005550001", "+15005550005", "+15005550009"]);
}

#[tokio::test]
async fn a_trunk_or_an_application_overrides_the_setup() {
    for (trunk, application, wanted) in
        [("TK1", "", "trunk TK1"), ("", "AP1", "application AP1"), ("TK1", "AP1", "trunk TK1")]
    {
        let own = json!({"sid": SID, "phone_number": US, "trunk_sid": trunk, "voice_application_sid": application});
        let twilio = Twilio::answering([json(200, json!({"incoming_phone_numbers": [own]}))]).await;
        assert_eq!(twilio.rest().list().await.expect("listed")[0].overridden_by, wanted);
    }
}

#[tokio::test]
async fn a_number_is_set() {
    let twilio = Twilio::answering([json(200, json!({"sid": SID}))]).await;
    let setup = NumberSetup {
        voice_url: "https://calls.example.com/twilio/voice".into(),
        voice_method: "POST".into(),
        fallback_url: "https://calls.example.com/twilio/voice?again".into(),
        fallback_method: "POST".into(),
        status_url: String::new(),
        status_method: "POST".into(),
    };
    twilio.rest().set(SID, &setup).await.expect("set");
    let seen = &twilio.seen().await[0];
    assert_eq!(seen.line(), format!("POST /IncomingPhoneNumbers/{SID}.json"));
    let wanted = [
        ("VoiceUrl", "https://calls.example.com/twilio/voice"),
        ("VoiceMethod", "POST"),
        ("VoiceFallbackUrl", "https://calls.example.com/twilio/voice?again"),
        ("VoiceFallbackMethod", "POST"),
        ("StatusCallback", ""),
    ];
    assert_eq!(seen.form(), wanted);
}

#[tokio::test]
async fn a_sid_from_outside_stays_one_part_of_the_path() {
    let twilio = Twilio::answering([json(404, json!({"code": 20404}))]).await;
    let error = twilio.rest().set("../Calls/CA1?x", &NumberSetup::default()).await.expect_err("unknown");
    assert!(matches!(error, TelephoneError::Refused { code: Some(20404), .. }), "{error}");
    assert_eq!(twilio.seen().await[0].line(), "POST /IncomingPhoneNumbers/..%2FCalls%2FCA1%3Fx.json");
}

#[tokio::test]
async fn a_setting_is_repeated_after_a_servers_fault() {
    let twilio = Twilio::answering([text(500, ""), json(200, json!({}))]).await;
    twilio.rest().set(SID, &NumberSetup::default()).await.expect("set at the second try");
}

fn plain(number: &str) -> Value {
    json!({"sid": SID, "phone_number": number})
}
