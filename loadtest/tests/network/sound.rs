//! `<Play>`: sound files and digits.

use loadtest::phone::{self, CallPlan};

use crate::application::{Application, NUMBER, no_stream};

#[tokio::test]
async fn a_sound_file_is_fetched_without_telling_of_the_call() {
    let documents = [
        ("/voice", r#"<Response><Play loop="2">/music.ulaw</Play><Play>/gone.mp3</Play><Say>Hello.</Say></Response>"#),
        ("/music.ulaw", "mulaw 2000"),
    ];
    let (application, network) = Application::start(&documents, no_stream).await;
    let truth = phone::call(&network, CallPlan::new(1, NUMBER, vec![])).await;
    let hits = application.hits("/music.ulaw");
    assert_eq!((hits.len(), hits[0].method.as_str(), hits[0].params.len()), (1, "GET", 0));
    assert!(!hits[0].headers.contains_key("x-twilio-signature"));
    let played: Vec<_> = truth.played.iter().map(|one| (one.url.clone(), one.status, one.bytes)).collect();
    assert_eq!(played[0], (application.url("/music.ulaw"), 200, 16_000));
    assert_eq!(played[1].1, 403, "the application asks for a signature there");
    assert!(truth.noticed(11200) && truth.spoken == ["Hello."], "a file that is not there is skipped");
    assert!(truth.ended_ns >= 200_000_000, "two times two seconds, twenty times faster: {}", truth.ended_ns);
}

#[tokio::test]
async fn digits_are_played_into_the_call() {
    let documents = [("/voice", r#"<Response><Play digits="1ww2#"/><Play digits="x"/></Response>"#)];
    let (_, network) = Application::start(&documents, no_stream).await;
    let truth = phone::call(&network, CallPlan::new(1, NUMBER, vec![])).await;
    assert_eq!(truth.digits_played, ["1ww2#", "x"]);
    assert!(truth.played.is_empty() && truth.notices.len() == 1, "{:?}", truth.notices);
}
