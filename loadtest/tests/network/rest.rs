//! The REST API: who may use it and what it refuses.

use loadtest::network::{Network, NetworkConfig, RestCounts};
use loadtest::phone::{self, CallPlan};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::application::{Application, NUMBER, no_stream};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn calls(network: &Network, tail: &str) -> String {
    format!("{}/2010-04-01/Accounts/{ACCOUNT}/Calls{tail}", network.api_base_url())
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let network = Network::start(NetworkConfig::new("http://127.0.0.1:9/voice")).await.unwrap();
    let url = calls(&network, "/CA1.json");
    for request in [
        Client::new().get(&url),
        Client::new().get(&url).basic_auth(ACCOUNT, Some("wrong")),
        Client::new().get(&url).basic_auth("SK1", Some(TOKEN)),
        Client::new().get(&url).bearer_auth(TOKEN),
    ] {
        let (status, body) = answer(request).await;
        assert_eq!((status, &body["code"], &body["status"]), (401, &20003.into(), &401.into()));
    }
    assert_eq!(network.rest_counts(), RestCounts { requests: 4, unauthorized: 4, ..RestCounts::default() });
}

#[tokio::test]
async fn unknown_calls_and_finished_calls_cannot_be_ordered_about() {
    let (_, network) = Application::start(&[("/voice", "<Response/>")], no_stream).await;
    let truth = phone::call(&network, CallPlan::new(1, NUMBER, vec![])).await;
    let post = |sid: &str, form: &[(&str, &str)]| {
        Client::new().post(calls(&network, &format!("/{sid}.json"))).basic_auth(ACCOUNT, Some(TOKEN)).form(form)
    };
    let twiml = [("Twiml", "<Response/>")];
    let (status, body) = answer(post("CA00000000000000000000000000000000", &twiml)).await;
    assert_eq!((status, &body["code"]), (404, &20404.into()));
    let (status, body) = answer(post(&truth.call_sid, &twiml)).await;
    assert_eq!((status, &body["code"]), (400, &21220.into()));
    let (status, body) = answer(post(&truth.call_sid, &[("Status", "completed")])).await;
    assert_eq!((status, &body["code"]), (404, &20404.into()));
    let (status, body) = answer(post(&truth.call_sid, &[("Status", "paused")])).await;
    assert_eq!((status, &body["code"]), (400, &20001.into()));
    let fetch = Client::new().get(calls(&network, &format!("/{}.json", truth.call_sid)));
    let (status, body) = answer(fetch.basic_auth(ACCOUNT, Some(TOKEN))).await;
    assert_eq!((status, &body["status"], &body["direction"]), (200, &"completed".into(), &"inbound".into()));
    assert!(body["duration"].is_string() && body["end_time"].is_string());
}

#[tokio::test]
async fn a_busy_account_is_told_so_and_then_served() {
    let network = Network::start(NetworkConfig::new("http://127.0.0.1:9/voice")).await.unwrap();
    network.refuse_next(2);
    let mut codes = Vec::new();
    for _ in 0..3 {
        let (status, body) =
            answer(Client::new().get(calls(&network, "/CA1.json")).basic_auth(ACCOUNT, Some(TOKEN))).await;
        codes.push((status, body["code"].as_u64().unwrap()));
    }
    assert_eq!(codes, [(429, 20429), (429, 20429), (404, 20404)]);
    assert_eq!(network.rest_counts().busy, 2);
}
