//! Calls found again at the REST API: who asks before placing a call twice must see what there is.

use std::time::Duration;

use loadtest::network::{Callee, Human, Network};

use crate::application::{Application, NUMBER, get, no_stream, rest};

const ANNA: &str = "+15005550071";
const OTTO: &str = "+15005550072";

#[tokio::test]
async fn calls_between_two_numbers_are_listed_newest_first() {
    let (_, network) = Application::start(&[], no_stream).await;
    network.list(ANNA, Callee::Busy);
    network.list(OTTO, Human::after_ms(100).hanging_up());
    let mut sids = Vec::new();
    for to in [ANNA, OTTO, ANNA] {
        let (_, body) = rest(&network, "", &[("To", to), ("From", NUMBER), ("Twiml", "<Response/>")]).await;
        sids.push(body["sid"].as_str().unwrap().to_owned());
    }
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let query = format!("/Calls.json?To=%2B15005550071&From=%2B15005550006&StartTime%3E={today}");
    let (status, body) = get(&network, &query).await;
    let listed: Vec<_> = body["calls"].as_array().unwrap().iter().map(|call| call["sid"].as_str().unwrap()).collect();
    assert_eq!((status, listed), (200, vec![sids[2].as_str(), sids[0].as_str()]));
    assert!(body["calls"][0]["date_created"].as_str().unwrap().ends_with(" +0000"));
    let (_, later) = get(&network, "/Calls.json?StartTime%3E=2999-01-01T00:00:00Z").await;
    assert_eq!(later["calls"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let (_, network) = Application::start(&[], no_stream).await;
    network.list(ANNA, Callee::Busy);
    for _ in 0..5 {
        rest(&network, "", &[("To", ANNA), ("From", NUMBER), ("Twiml", "<Response/>")]).await;
    }
    let mut next = "/Calls.json?PageSize=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let (_, body) = get(&network, &next).await;
        seen.extend(body["calls"].as_array().unwrap().iter().map(|call| call["sid"].to_string()));
        let Some(uri) = body["next_page_uri"].as_str() else { break };
        next = uri.split_once(network.account_sid()).unwrap().1.to_owned();
    }
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn a_call_that_is_over_tells_its_length_and_its_price() {
    let (_, network) = Application::start(&[], no_stream).await;
    network.list(ANNA, Human::after_ms(100));
    network.list(OTTO, Callee::NoAnswer);
    for to in [ANNA, OTTO] {
        let form = [("To", to), ("From", NUMBER), ("Twiml", "<Response><Say>Hi.</Say></Response>"), ("Timeout", "5")];
        rest(&network, "", &form).await;
    }
    let legs = network.legs_when(|legs| legs.iter().all(|leg| leg.truth.is_some())).await;
    let (_, talked) = get(&network, &format!("/Calls/{}.json", legs[0].call_sid)).await;
    assert_eq!((&talked["duration"], &talked["price"]), (&"1".into(), &"-0.01400".into()));
    let (_, rang) = get(&network, &format!("/Calls/{}.json", legs[1].call_sid)).await;
    assert_eq!((&rang["status"], &rang["duration"]), (&"no-answer".into(), &"0".into()));
    assert!(rang["price"].is_null() && rang["answered_by"].is_null());
}

#[tokio::test]
async fn a_list_may_lag_behind_the_calls() {
    let (application, _) = Application::start(&[], no_stream).await;
    let mut config = application.config();
    config.listing_lag = Duration::from_secs(3_600);
    let network = Network::start(config).await.unwrap();
    network.list(ANNA, Callee::Busy);
    let (_, body) = rest(&network, "", &[("To", ANNA), ("From", NUMBER), ("Twiml", "<Response/>")]).await;
    let (_, listed) = get(&network, "/Calls.json").await;
    assert_eq!(listed["calls"].as_array().unwrap().len(), 0);
    let (status, _) = get(&network, &format!("/Calls/{}.json", body["sid"].as_str().unwrap())).await;
    assert_eq!(status, 200, "who knows the call finds it");
}
