//! Recordings the network makes: both sides of a call, a channel each, as long as they are wanted.

use loadtest::network::Network;
use loadtest::phone::{self, CallPlan, Clip, Step, wav};
use tokio::sync::mpsc;

use crate::application::{Application, NUMBER, Stream, get, post};

const CONNECT: (&str, &str) = ("/voice", r#"<Response><Connect><Stream url="{ws}/media/t"/></Connect></Response>"#);
/// What the caller says: its loudest byte is not that of the agent.
const HELLO_MS: u32 = 400;

/// The caller's frames between two orders.
const FRAMES: usize = 18;

/// A call whose application records it: `orders` are given one after the other, [`FRAMES`] apart.
async fn recorded(orders: &'static [&'static str]) -> (Application, Network, String) {
    let (ticks, mut ticking) = mpsc::unbounded_channel();
    let (application, network) = Application::start(&[CONNECT], move |mut stream: Stream| {
        let ticks = ticks.clone();
        async move {
            let call = stream.start["start"]["callSid"].as_str().unwrap().to_owned();
            stream.speak(300).await;
            while ticks.send(call.clone()).is_ok() {
                for _ in 0..FRAMES {
                    stream.next_event("media").await;
                }
            }
            stream.close().await;
        }
    })
    .await;
    let steps = vec![Step::Silence { ms: 200 }, Step::Say(Clip::tone("hello", 440.0, HELLO_MS)), Step::AwaitEnd];
    let call = tokio::spawn({
        let network = network.clone();
        async move { phone::call(&network, CallPlan::new(1, NUMBER, steps)).await }
    });
    let sid = ticking.recv().await.unwrap();
    let status = application.url("/recorded");
    let form = [
        ("RecordingChannels", "dual"),
        ("RecordingStatusCallback", status.as_str()),
        ("RecordingStatusCallbackEvent", "in-progress completed"),
    ];
    let (code, body) = post(&network, &format!("/Calls/{sid}/Recordings.json"), &form).await;
    assert_eq!((code, &body["status"]), (201, &"in-progress".into()));
    for order in orders {
        ticking.recv().await.unwrap();
        let at = format!("/Calls/{sid}/Recordings/Twilio.CURRENT.json");
        let skip = [("Status", *order), ("PauseBehavior", "skip")];
        assert_eq!(post(&network, &at, &skip).await.0, 200, "{order}");
    }
    ticking.recv().await.unwrap();
    drop(ticking);
    call.await.unwrap();
    (application, network, body["sid"].as_str().unwrap().to_owned())
}

async fn sound(network: &Network, sid: &str) -> Vec<Vec<u8>> {
    let url = format!("{}/2010-04-01/Accounts/{}/Recordings/{sid}.wav", network.api_base_url(), network.account_sid());
    let request = reqwest::Client::new().get(url).basic_auth(network.account_sid(), Some(network.auth_token()));
    wav::decode_channels(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
}

fn loud(channel: &[u8]) -> usize {
    channel.iter().filter(|byte| wav::linear(**byte).unsigned_abs() > 200).count()
}

#[tokio::test]
async fn both_sides_are_recorded_each_on_a_channel_of_its_own() {
    let (application, network, sid) = recorded(&["paused", "in-progress", "stopped"]).await;
    let hits = application.until_told("/recorded", 2).await;
    let states: Vec<_> = hits.iter().map(|hit| hit.params["RecordingStatus"].as_str()).collect();
    assert_eq!(states, ["in-progress", "completed"]);
    assert_eq!(hits[1].params["RecordingChannels"], "2");
    let channels = sound(&network, &sid).await;
    assert_eq!((channels.len(), channels[0].len()), (2, channels[1].len()));
    let (caller, agent) = (loud(&channels[0]), loud(&channels[1]));
    assert!((1..HELLO_MS as usize * 8).contains(&caller), "a part of it fell into the pause: {caller}");
    assert!((1_000..=2_400).contains(&agent), "{agent}");
    let (_, known) = get(&network, &format!("/Recordings/{sid}.json")).await;
    assert_eq!((&known["status"], &known["duration"]), (&"completed".into(), &"1".into()));
}

#[tokio::test]
async fn a_recording_ends_with_its_call_and_can_be_deleted_once() {
    let (application, network, sid) = recorded(&["paused", "in-progress"]).await;
    application.until_told("/recorded", 2).await;
    let delete = || {
        let account = network.account_sid();
        let url = format!("{}/2010-04-01/Accounts/{account}/Recordings/{sid}.json", network.api_base_url());
        reqwest::Client::new().delete(url).basic_auth(account, Some(network.auth_token())).send()
    };
    assert_eq!(delete().await.unwrap().status(), 204);
    assert_eq!(delete().await.unwrap().status(), 404);
    assert_eq!(get(&network, &format!("/Recordings/{sid}.wav")).await.0, 404);
}

#[tokio::test]
async fn only_a_live_call_is_recorded() {
    let (_, network, _) = recorded(&[]).await;
    let call = network.recordings()[0].call_sid.clone();
    let (status, body) = post(&network, &format!("/Calls/{call}/Recordings.json"), &[]).await;
    assert_eq!((status, &body["code"]), (400, &21220.into()));
    let current = format!("/Calls/{call}/Recordings/Twilio.CURRENT.json");
    assert_eq!(post(&network, &current, &[("Status", "stopped")]).await.0, 404);
}
