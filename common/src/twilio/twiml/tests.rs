//! Documents as the telephone network reads them.

use super::*;
use proptest::prelude::*;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

fn connect(action: &str, url: &str, parameters: BTreeMap<String, String>) -> Verb {
    let status_callback = Some(format!("{action}/status"));
    Verb::Connect(Connect { action: action.into(), stream: Stream { url: url.into(), status_callback, parameters } })
}

#[test]
fn a_stream_is_connected() {
    let parameters = BTreeMap::from([("epoch".to_owned(), "7".to_owned())]);
    let expected = concat!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Response>"#,
        r#"<Connect action="https://a.example/next" method="POST">"#,
        r#"<Stream url="wss://a.example/m" statusCallback="https://a.example/next/status" statusCallbackMethod="POST">"#,
        r#"<Parameter name="epoch" value="7"/></Stream></Connect></Response>"#
    );
    assert_eq!(document(&[connect("https://a.example/next", "wss://a.example/m", parameters)]), expected);
}

#[test]
fn every_other_verb_is_written() {
    let verbs = [
        Verb::Pause { seconds: 2 },
        Verb::Say { text: "Tom & \"Jerry\" <3".into(), language: Some("en".into()) },
        Verb::Redirect { url: "https://a.example/?a=1&b=2".into() },
        Verb::Reject(Rejection::Busy),
        Verb::Hangup,
    ];
    let body = concat!(
        r#"<Pause length="2"/><Say language="en-US">Tom &amp; &quot;Jerry&quot; &lt;3</Say>"#,
        r#"<Redirect method="POST">https://a.example/?a=1&amp;b=2</Redirect><Reject reason="busy"/><Hangup/>"#
    );
    assert_eq!(document(&verbs), format!("{HEAD}<Response>{body}</Response>"));
    assert_eq!(document(&[]), format!("{HEAD}<Response/>"));
}

#[test]
fn a_language_is_spelt_as_the_network_s_voices_are() {
    for (tag, voice) in [("en", "en-US"), ("hi-Latn", "hi-IN"), ("es-MX", "es-MX"), ("sw", "sw")] {
        let say = Verb::Say { text: "x".into(), language: Some(tag.into()) };
        assert!(document(&[say]).contains(&format!("language=\"{voice}\"")), "{tag}");
    }
}

#[test]
fn a_transfer_rings_a_number_and_lets_the_person_called_hear_first() {
    let dial = Verb::Dial(Dial {
        action: Some("https://a.example/done".into()),
        ring_s: 20,
        talk_s: 3600,
        to: Party::Number {
            number: PhoneNumber::new("+15005550099"),
            whisper: Some("https://a.example/member".into()),
        },
    });
    let body = concat!(
        r#"<Dial action="https://a.example/done" method="POST" timeout="20" timeLimit="3600">"#,
        r#"<Number url="https://a.example/member" method="POST">+15005550099</Number></Dial>"#
    );
    assert_eq!(document(&[dial]), format!("{HEAD}<Response>{body}</Response>"));
}

#[test]
fn keys_queues_and_conferences_are_written() {
    let say = Verb::Say { text: "Press 1.".into(), language: None };
    let to = |to| Verb::Dial(Dial { action: None, ring_s: 20, talk_s: 60, to });
    let verbs = [
        Verb::Gather(Gather { action: "https://a.example/menu".into(), keys: 1, wait_s: 5, verbs: vec![say] }),
        Verb::SendDigits { keys: "1ww2#".into() },
        Verb::Play { url: "https://a.example/hold.wav".into() },
        to(Party::Conference { name: "ops-1".into(), host: Host::Yes }),
        to(Party::Queue { name: "sales".into() }),
        Verb::Enqueue(Enqueue {
            name: "sales".into(),
            action: "https://a.example/done".into(),
            wait: "https://a.example/hold".into(),
        }),
        Verb::Leave,
    ];
    let body = concat!(
        r#"<Gather input="dtmf" numDigits="1" timeout="5" action="https://a.example/menu" method="POST"><Say>Press 1.</Say></Gather>"#,
        r#"<Play digits="1ww2#"/><Play>https://a.example/hold.wav</Play>"#,
        r#"<Dial timeout="20" timeLimit="60"><Conference beep="false" endConferenceOnExit="true">ops-1</Conference></Dial>"#,
        r#"<Dial timeout="20" timeLimit="60"><Queue>sales</Queue></Dial>"#,
        r#"<Enqueue action="https://a.example/done" method="POST" waitUrl="https://a.example/hold" waitUrlMethod="POST">sales</Enqueue>"#,
        r#"<Leave/>"#
    );
    assert_eq!(document(&verbs), format!("{HEAD}<Response>{body}</Response>"));
}

proptest! {
    #[test]
    fn any_text_survives_another_reader(text: String, action: String, name: String, value: String) {
        let parameters = BTreeMap::from([(name.clone(), value.clone())]);
        let say = Verb::Say { text: text.clone(), language: Some(value.clone()) };
        let xml = document(&[say, connect(&action, &text, parameters)]);
        let tree = roxmltree::Document::parse(&xml).unwrap();
        let node = |tag: &str| tree.descendants().find(|node| node.has_tag_name(tag)).unwrap();
        let attribute = |tag: &str, key: &str| node(tag).attribute(key).map(str::to_owned);
        prop_assert_eq!(node("Say").text().unwrap_or_default(), writable(&text));
        prop_assert_eq!(attribute("Connect", "action"), Some(writable(&action)));
        prop_assert_eq!(attribute("Stream", "url"), Some(writable(&text)));
        prop_assert_eq!(attribute("Parameter", "name"), Some(writable(&name)));
        prop_assert_eq!(attribute("Parameter", "value"), Some(writable(&value)));
    }
}
