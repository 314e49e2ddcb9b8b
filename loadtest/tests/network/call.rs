//! A call from its webhook to its status callback.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loadtest::network::CallStatus;
use loadtest::phone::{self, CallEnd, CallPlan, Clip, Keep, MarkFate, PhoneEvent, Step, StreamEnd};
use loadtest::watermark::{self, fingerprint};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::application::{Application, NUMBER};

const CONNECT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response><Connect action="/next"><Stream url="{ws}/media/token" statusCallback="{http}/stream">
<Parameter name="company" value="a &amp; b"/></Stream></Connect></Response>"#;

#[tokio::test]
async fn a_caller_speaks_with_an_agent_until_the_agent_ends_the_call() {
    let (frames, mut received) = mpsc::unbounded_channel();
    let documents = [("/voice", CONNECT), ("/next", "<Response><Hangup/></Response>")];
    let (application, network) = Application::start(&documents, move |mut stream| {
        let frames = frames.clone();
        async move {
            stream.speak(300).await;
            stream.mark("said").await;
            let mut spoken = 0;
            while spoken < 10 {
                let Some(message) = stream.next().await else { return };
                let payload = message["media"]["payload"].as_str().unwrap_or_default();
                let audio = STANDARD.decode(payload).unwrap();
                let is_loud = audio.iter().any(|byte| byte & 0x70 != 0x70);
                spoken += usize::from(is_loud && !audio.starts_with(b"PBCALL"));
                let _ = frames.send(message);
            }
            stream.close().await;
        }
    })
    .await;
    let (watcher, mut events) = mpsc::channel(1000);
    let steps = vec![Step::Listen { quiet_ms: 100 }, Step::Say(Clip::tone("hello", 440.0, 300)), Step::AwaitEnd];
    let mut plan = CallPlan::new(4711, NUMBER, steps);
    (plan.watcher, plan.keep) = (Some(watcher), Keep::Heard);
    let truth = phone::call(&network, plan).await;

    assert_eq!((&truth.end, truth.documents.len(), truth.streams.len()), (&CallEnd::Completed, 2, 1));
    let stream = &truth.streams[0];
    assert_eq!(stream.end, StreamEnd::ServerClosed(Some(1000)));
    assert!(truth.noticed(31921) && truth.notices.len() == 1, "{:?}", truth.notices);

    let mark = &stream.marks[0];
    assert_eq!((mark.name.as_str(), mark.fate), ("said", MarkFate::Played));
    let ended = stream.heard[0].from_ns + 300_000_000;
    assert_eq!((mark.echoed_ns, stream.received[0].played, truth.heard_ms()), (Some(ended), 2400, 300));
    let heard = truth.heard.as_ref().unwrap();
    assert_eq!(heard.iter().filter(|byte| **byte == 0x20).count(), 2400);

    let mut got = Vec::new();
    while let Ok(message) = received.try_recv() {
        if message["event"] == "media" {
            got.push(message["media"]["payload"].as_str().unwrap().to_owned());
        }
    }
    let sent: Vec<u64> = stream.sent.iter().map(|frame| frame.fingerprint).take(got.len()).collect();
    assert_eq!(sent, got.iter().map(|payload| fingerprint(payload.as_bytes())).collect::<Vec<_>>());
    assert_eq!(watermark::read(&STANDARD.decode(&got[0]).unwrap()), Some(4711));

    let status = application.hits("/status");
    assert_eq!((status.len(), status[0].params["CallStatus"].as_str()), (1, "completed"));
    assert_eq!((status[0].params["SequenceNumber"].as_str(), status[0].params["Duration"].as_str()), ("0", "1"));
    assert!(status[0].params["Timestamp"].ends_with(" +0000"), "{}", status[0].params["Timestamp"]);
    let events: Vec<_> = std::iter::from_fn(|| events.try_recv().ok()).collect();
    assert!(events.contains(&PhoneEvent::AgentAudio) && events.contains(&PhoneEvent::Saying("hello".into())));
    assert_eq!(events.last(), Some(&PhoneEvent::Ended(CallEnd::Completed)));
    assert_eq!(network.call_status(&truth.call_sid), Some(CallStatus::Completed));
}

#[tokio::test]
async fn a_stream_opens_as_twilio_opens_it() {
    let (starts, mut started) = mpsc::unbounded_channel();
    let (application, network) = Application::start(&[("/voice", CONNECT)], move |stream| {
        let starts = starts.clone();
        async move {
            let _ = starts.send((stream.start.clone(), stream.headers.clone()));
            stream.close().await;
        }
    })
    .await;
    let truth = phone::call(&network, CallPlan::new(1, NUMBER, vec![Step::AwaitEnd])).await;
    let (start, headers) = started.recv().await.unwrap();

    assert_eq!((&start["sequenceNumber"], &start["start"]["tracks"][0]), (&Value::from("1"), &Value::from("inbound")));
    assert_eq!(start["start"]["callSid"], truth.call_sid.as_str());
    assert_eq!(start["start"]["customParameters"]["company"], "a & b");
    assert_eq!(start["start"]["mediaFormat"]["sampleRate"], 8000);
    assert_eq!(headers["user-agent"], "Twilio.TmeWs/1.0");
    for absent in ["sec-websocket-protocol", "sec-websocket-extensions", "origin"] {
        assert!(!headers.contains_key(absent), "{absent}");
    }
    let mut events: Vec<_> = application.hits("/stream").iter().map(|hit| hit.params["StreamEvent"].clone()).collect();
    events.sort();
    assert_eq!(events, ["stream-started", "stream-stopped"]);
    let next = application.hits("/next");
    assert_eq!((next.len(), next[0].params["CallStatus"].as_str()), (1, "in-progress"));
}

#[tokio::test]
async fn a_caller_who_interrupts_hears_no_more_of_what_was_cleared() {
    let (application, network) = Application::start(&[("/voice", CONNECT)], |mut stream| async move {
        stream.speak(2_000).await;
        stream.mark("first").await;
        stream.speak(3_000).await;
        stream.mark("second").await;
        loop {
            let Some(message) = stream.next_event("media").await else { return };
            let audio = STANDARD.decode(message["media"]["payload"].as_str().unwrap()).unwrap();
            if !audio.starts_with(b"PBCALL") && audio.iter().any(|byte| *byte != 0xFF) {
                break;
            }
        }
        stream.clear().await;
        assert_eq!(stream.next_event("mark").await.unwrap()["mark"]["name"], "first");
        assert_eq!(stream.next_event("mark").await.unwrap()["mark"]["name"], "second");
        stream.close().await;
    })
    .await;
    let interrupt = Step::Interrupt { after_ms: 200, clip: Clip::tone("stop", 300.0, 200) };
    let truth = phone::call(&network, CallPlan::new(2, NUMBER, vec![interrupt, Step::AwaitEnd])).await;

    let stream = &truth.streams[0];
    let clear = &stream.clears[0];
    assert_eq!((clear.playing, clear.marks), (Some(0), 2));
    assert_eq!(clear.played_bytes, stream.received[0].played);
    assert_eq!(u64::from(clear.played_bytes) + clear.dropped_bytes, 40_000);
    assert!((1_600..16_000).contains(&clear.played_bytes), "{}", clear.played_bytes);
    assert!(stream.marks.iter().all(|mark| mark.fate == MarkFate::Cleared));
    assert_eq!(application.hits("/status").len(), 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_says_stop_and_no_more_is_asked() {
    let (messages, mut received) = mpsc::unbounded_channel();
    let (application, network) =
        Application::start(&[("/voice", CONNECT)], move |stream| stream.pass_on(messages.clone())).await;
    let steps = vec![Step::Digits("1#".into()), Step::Silence { ms: 100 }, Step::HangUp];
    let truth = phone::call(&network, CallPlan::new(3, NUMBER, steps)).await;
    drop(network);

    assert_eq!((&truth.end, &truth.streams[0].end), (&CallEnd::HungUp, &StreamEnd::HungUp));
    assert!(application.hits("/next").is_empty());
    let mut all = Vec::new();
    while let Ok(message) = received.try_recv() {
        all.push(message);
    }
    let digits: Vec<_> =
        all.iter().filter(|message| message["event"] == "dtmf").map(|one| &one["dtmf"]["digit"]).collect();
    assert_eq!((digits.len(), digits[0], digits[1]), (2, &"1".into(), &"#".into()));
    assert_eq!(truth.pressed, "1#");
    assert_eq!(all.last().unwrap()["event"], "stop");
    let numbers: Vec<_> =
        all.iter().map(|one| one["sequenceNumber"].as_str().unwrap().parse::<u64>().unwrap()).collect();
    assert!(numbers.iter().zip(2..).all(|(number, expected)| *number == expected), "{numbers:?}");
}
