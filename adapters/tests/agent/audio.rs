//! Audio passes through as it is.

use crate::support::{Link, golden_json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use common::ports::AgentEvent;
use common::ports::agent::AgentFrame;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn caller_audio_is_sent_in_the_golden_shape() {
    let golden = golden_json("openai/client.input_audio_buffer.append__pcmu_20ms");
    let mut link = Link::talking();
    link.caller_audio(golden["audio"].as_str().expect("text").to_owned());
    assert_eq!(link.sent(), [golden]);
}

proptest! {
    #[test]
    fn what_the_provider_receives_is_what_the_caller_said(frames: Vec<Vec<u8>>) {
        let mut link = Link::talking();
        for frame in &frames {
            link.caller_audio(STANDARD.encode(frame));
        }
        let decoded = |message: &Value| STANDARD.decode(message["audio"].as_str().expect("text")).expect("base64");
        prop_assert_eq!(link.sent().iter().map(decoded).collect::<Vec<_>>(), frames);
    }

    #[test]
    fn what_the_caller_hears_is_what_the_provider_sent(audio in proptest::collection::vec(any::<u8>(), 0..40_000)) {
        let mut link = Link::talking();
        link.hear_json(&delta(&STANDARD.encode(&audio)));
        let pieces = heard(&mut link);
        prop_assert!(pieces.iter().all(|(_, length)| *length <= Duration::from_secs(1)));
        let whole: Vec<u8> = pieces.iter().flat_map(|(text, _)| STANDARD.decode(text).expect("base64")).collect();
        prop_assert_eq!(whole, audio);
    }
}

#[test]
fn a_delta_is_passed_on_as_a_slice_of_its_frame() {
    let mut link = Link::talking();
    let frame = Bytes::from(delta("AAECAwQF").to_string());
    link.text(frame.clone());
    let [(payload, length)] = <[_; 1]>::try_from(heard(&mut link)).expect("one piece");
    assert_eq!((&payload[..], length), (&b"AAECAwQF"[..], Duration::from_micros(750)));
    assert!(frame.as_ptr_range().contains(&payload.as_ptr()), "it was copied");
}

#[test]
fn a_delta_is_understood_however_it_is_written() {
    let plain = delta("AAEC/w==").to_string();
    let spaced = serde_json::to_string_pretty(&delta("AAEC/w==")).expect("JSON");
    let escaped = plain.replace('/', "\\/");
    let more = plain.replacen('{', r#"{"obfuscation":"x","logprobs":[1],"#, 1);
    for frame in [plain, spaced, escaped, more] {
        let mut link = Link::talking();
        link.text(Bytes::from(frame.clone()));
        assert_eq!(heard(&mut link), [(Bytes::from("AAEC/w=="), Duration::from_micros(500))], "{frame}");
    }
}

#[test]
fn a_giant_delta_is_cut_into_seconds() {
    let mut link = Link::talking();
    link.hear_json(&delta(&STANDARD.encode(vec![0x55; 786_432])));
    let pieces = heard(&mut link);
    assert_eq!(pieces.len(), 99);
    assert_eq!(pieces.iter().map(|(_, length)| *length).sum::<Duration>(), Duration::from_micros(786_432 * 125));
}

#[test]
fn a_delta_that_is_not_base64_is_unreadable_and_an_empty_one_is_nothing() {
    let mut link = Link::talking();
    link.hear_json(&delta("AAA"));
    assert_eq!(link.events(), ["unreadable"]);
    link.hear_json(&delta(""));
    assert_eq!(link.events(), ["reply 1 starts"]);
}

#[test]
fn caller_audio_uses_the_same_buffer_again() {
    let mut link = Link::talking();
    let mut places = std::collections::BTreeSet::new();
    for _ in 0..1_000 {
        link.caller_audio("A".repeat(216));
        let Some(AgentFrame::Text(text)) = link.io.send.pop_front() else { panic!("nothing sent") };
        places.insert(text.as_ptr() as usize / 4096);
    }
    assert!(places.len() <= 4, "{} pages for 1,000 frames", places.len());
}

fn delta(base64: &str) -> Value {
    json!({
        "type": "response.output_audio.delta", "event_id": "event_1", "response_id": "resp_1", "item_id": "item_1",
        "output_index": 0, "content_index": 0, "delta": base64,
    })
}

fn heard(link: &mut Link) -> Vec<(Bytes, Duration)> {
    let audio = |event| match event {
        AgentEvent::Audio { payload, length, .. } => Some((payload, length)),
        _ => None,
    };
    link.io.events.drain(..).filter_map(audio).collect()
}
