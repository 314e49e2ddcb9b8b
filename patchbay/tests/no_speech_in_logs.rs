//! What leaves a running system beside its calls: logs at their most talkative, metrics, traces. None of them may hold
//! speech, a caller's number, a token or a key.

use crate::support::collector::Collector;
use crate::support::patience::eventually;
use crate::support::{caller, hotel, up};
use loadtest::network::{Network, NetworkConfig};
use loadtest::phone::{self, CallEnd};
use loadtest::provider::Provider;

const CALLER: &str = "+351912873465";
const TOKEN: &str = "7c0ffee1c0ffee2c0ffee3c0ffee4c0f";
const SECRET: &str = "a secret that only gateways and workers share";
/// The most our own crates can say; drivers as talkative as an operator may set them.
const TALKATIVE: &str =
    "info,call=trace,common=trace,adapters=trace,gateway=trace,worker=trace,recorder=trace,patchbay=trace";

#[tokio::test]
async fn nothing_said_and_no_number_or_key_leaves_the_system() {
    let (collector, endpoint) = Collector::start().await;
    let provider = Provider::start(hotel::provider()).await.unwrap();
    let mut network = NetworkConfig::new("http://127.0.0.1:0/");
    network.auth_token = TOKEN.to_owned();
    let network = Network::start(network).await.unwrap();
    let hotel = hotel::open();
    let more = [
        ("PATCHBAY_SECRET", SECRET),
        ("OPENAI_API_KEY", hotel::KEY),
        ("OPENAI_BASE_URL", &provider.base_url),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("RUST_LOG", TALKATIVE),
    ];
    let mut up = up::start(&network, &hotel, &more);
    let addresses = up::addresses(&mut up).await;
    let mut plan = caller::who_interrupts(hotel::OPENAI, &addresses.public);
    plan.from = CALLER.to_owned();
    let truth = phone::call(&network, plan).await;
    assert_eq!(truth.end, CallEnd::Completed);

    let metrics = eventually("the call's events are stored", async || {
        let answer = reqwest::get(format!("{}/metrics", addresses.ops)).await.unwrap();
        let text = answer.text().await.unwrap();
        if text.contains("patchbay_recorder_events_total") { Ok(text) } else { Err(text) }
    })
    .await;
    up.terminate().await;
    // Whatever was still to be exported is, by the end.
    let logs = up.ends().await.logged;
    let traces: String = collector.bodies().iter().map(|body| String::from_utf8_lossy(body).into_owned()).collect();

    for (what, text) in [("logs", &logs), ("metrics", &metrics), ("traces", &traces)] {
        assert!(text.len() > 500, "there are {what} to search");
        assert_eq!(leaks(text), [""; 0], "in the {what}");
    }
    assert!(logs.contains(&truth.call_sid) && traces.contains(&truth.call_sid), "the call itself can be found");
}

#[test]
fn a_leak_is_found_in_any_spelling() {
    assert_eq!(leaks(&format!(r#"{{"message":"the caller said {}"}}"#, caller::BREAKFAST)), ["speech of the caller"]);
    assert_eq!(leaks("…served until the FERRY LEAVES, she said"), ["speech of the agent"]);
    assert_eq!(leaks("From=%2B351912873465&To=x"), ["the caller's number"]);
    assert_eq!(leaks(&format!("authorization: Bearer {}", hotel::KEY)), ["the provider's key"]);
    assert_eq!(leaks(&format!("{TOKEN} {SECRET}")), ["the auth token", "the shared secret"]);
    assert_eq!(leaks("a call from **********65 was answered"), [""; 0]);
}

/// What is found in a text that must not be there.
fn leaks(text: &str) -> Vec<&'static str> {
    let canaries = [
        ("speech of the caller", "time is breakfast"),
        ("speech of the caller", "how much is it"),
        ("speech of the agent", "welcome to the lighthouse"),
        ("speech of the agent", "until the ferry leaves"),
        ("speech of the agent", "sleep well and goodbye"),
        ("the caller's number", &CALLER[1..]),
        ("the provider's key", hotel::KEY),
        ("the auth token", TOKEN),
        ("the shared secret", SECRET),
    ];
    let text = text.to_lowercase();
    canaries.into_iter().filter(|(_, canary)| text.contains(&canary.to_lowercase())).map(|(what, _)| what).collect()
}
