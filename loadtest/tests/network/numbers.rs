//! The account's numbers: listed, set, and obeyed by whoever calls them.

use loadtest::phone::{self, CallPlan};

use crate::application::{Application, NUMBER, get, no_stream, post};

#[tokio::test]
async fn a_call_goes_where_its_number_points() {
    let (application, network) = Application::start(&[("/elsewhere", "<Response/>")], no_stream).await;
    let owned = network.own(NUMBER);
    let (_, listed) = get(&network, "/IncomingPhoneNumbers.json?PhoneNumber=%2B15005550006").await;
    let number = &listed["incoming_phone_numbers"][0];
    assert_eq!((&number["sid"], &number["voice_url"]), (&owned.sid.as_str().into(), &"".into()));
    let place = format!("/IncomingPhoneNumbers/{}.json", owned.sid);
    let (url, status) = (application.url("/elsewhere"), application.url("/over"));
    let (code, set) = post(&network, &place, &[("VoiceUrl", &url), ("StatusCallback", &status)]).await;
    assert_eq!((code, &set["voice_url"], &set["voice_method"]), (200, &url.as_str().into(), &"POST".into()));
    phone::call(&network, CallPlan::new(1, NUMBER, vec![])).await;
    assert_eq!((application.hits("/elsewhere").len(), application.hits("/voice").len()), (1, 0));
    assert_eq!((application.hits("/over").len(), application.hits("/status").len()), (1, 0));
}

#[tokio::test]
async fn what_cannot_be_set_is_refused() {
    let (_, network) = Application::start(&[], no_stream).await;
    let owned = network.own(NUMBER);
    let place = format!("/IncomingPhoneNumbers/{}.json", owned.sid);
    let (status, body) = post(&network, &place, &[("VoiceUrl", "gopher://x")]).await;
    assert_eq!((status, &body["code"]), (400, &21502.into()));
    let (status, body) = post(&network, "/IncomingPhoneNumbers/PN0.json", &[("VoiceUrl", "http://x")]).await;
    assert_eq!((status, &body["code"]), (404, &20404.into()));
    assert_eq!(network.owned(NUMBER), Some(owned));
}
