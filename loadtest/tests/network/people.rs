//! People who are called and what they do on the line: talk, say a sentence, hang up at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loadtest::network::{Human, Leg};
use loadtest::phone::{CallEnd, Clip};
use loadtest::watermark::{FRAME_BYTES, SILENCE, fingerprint};

use crate::application::{Application, NUMBER, Stream, rest};

const ANNA: &str = "+15005550071";
const CONNECT: (&str, &str) = ("/agent", r#"<Response><Connect><Stream url="{ws}/media/t"/></Connect></Response>"#);

/// A call to Anna by an agent who greets her and listens until she goes.
async fn call(anna: Human) -> Leg {
    let (application, network) = Application::start(&[CONNECT], |mut stream: Stream| async move {
        stream.speak(200).await;
        while stream.next().await.is_some() {}
    })
    .await;
    network.list(ANNA, anna);
    let url = application.url("/agent");
    rest(&network, "", &[("To", ANNA), ("From", NUMBER), ("Url", &url)]).await;
    network.legs_when(|legs| legs.iter().all(|leg| leg.truth.is_some())).await.swap_remove(0)
}

#[tokio::test]
async fn somebody_says_a_sentence_once_they_have_been_greeted() {
    let sentence = Clip::tone("please do not call me again", 440.0, 300);
    let mut anna = Human::after_rings(1).saying(sentence).hanging_up();
    // Nobody answers her.
    anna.steps.remove(2);
    let truth = call(anna).await.truth.unwrap();
    let silence = fingerprint(STANDARD.encode([SILENCE; FRAME_BYTES]).as_bytes());
    let spoken = truth.streams[0].sent.iter().filter(|frame| frame.index > 0 && frame.fingerprint != silence);
    let said = spoken.count();
    assert_eq!((said, truth.end), (15, CallEnd::HungUp));
    assert_eq!(truth.streams[0].heard[0].bytes, 1_600);
}

#[tokio::test]
async fn somebody_hangs_up_at_once() {
    let truth = call(Human::after_rings(2).hanging_up()).await.truth.unwrap();
    assert_eq!(truth.end, CallEnd::HungUp);
    assert!(truth.heard_ms() < 200 && truth.picked_up_ns.is_some());
}
