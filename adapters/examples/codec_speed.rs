//! Prints what a frame of audio costs in the codecs, both ways: `cargo run --release -p adapters --example codec_speed`.

#![allow(clippy::disallowed_methods, reason = "a stopwatch")]

use adapters::agent::Providers;
use adapters::line::TwilioLines;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use call::Conversation;
use common::company::{AgentSnapshot, Provider};
use common::config::{Deepgram, Openai};
use common::ports::agent::AgentIo;
use common::ports::{AgentCodec, AgentEvent, Agents as _, LineCodec, LineEvent, Lines as _};
use common::private::SecretString;
use common::testing;
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 500_000;
const STREAM: &str = "MZ00000000000000000000000000000003";

fn main() {
    let audio: Vec<u8> = (0..160).map(|sample| 0x80 | (sample as u8)).collect();
    let payload = Bytes::from(STANDARD.encode(&audio));
    let text = std::str::from_utf8(&payload).expect("base64 is ASCII");
    let media = Bytes::from(format!(
        r#"{{"event":"media","sequenceNumber":"4","media":{{"track":"inbound","chunk":"3","timestamp":"65","payload":"{text}"}},"streamSid":"{STREAM}"}}"#
    ));
    let delta = Bytes::from(format!(
        r#"{{"type":"response.output_audio.delta","event_id":"event_R0007","response_id":"resp_5LcA0turn0002","item_id":"item_9fW2aReply0004","output_index":0,"content_index":0,"delta":"{text}"}}"#
    ));
    let mut line = started_line();
    let mut agent = talking_agent();
    let mut io = AgentIo::default();
    let mut out = BytesMut::with_capacity(4096);

    println!("20 ms of audio, ns a frame, best of 5 runs of {ROUNDS}");
    report("line reads media", || {
        black_box(line.read(media.clone())).expect("audio");
    });
    report("agent sends caller audio", || {
        agent.caller_audio(&payload, Duration::from_millis(20), &mut io);
        black_box(io.send.pop_front());
    });
    report("agent reads a delta", || {
        agent.text(delta.clone(), &mut io);
        black_box(io.events.pop_front());
    });
    report("line writes media", || {
        line.audio(&payload, &mut out);
        black_box(out.split());
    });
    report("caller to agent, both codecs", || {
        let Ok(LineEvent::Audio { payload, length, .. }) = line.read(media.clone()) else { panic!("not audio") };
        agent.caller_audio(&payload, length, &mut io);
        black_box(io.send.pop_front());
    });
    report("agent to caller, both codecs", || {
        agent.text(delta.clone(), &mut io);
        let Some(AgentEvent::Audio { payload, .. }) = io.events.pop_front() else { panic!("not audio") };
        line.audio(&payload, &mut out);
        black_box(out.split());
    });
    let mut deepgram = talking_deepgram();
    let frame = Bytes::from(audio);
    report("caller to Deepgram, both codecs", || {
        let Ok(LineEvent::Audio { payload, length, .. }) = line.read(media.clone()) else { panic!("not audio") };
        deepgram.caller_audio(&payload, length, &mut io);
        black_box(io.send.pop_front());
        io.events.clear();
    });
    // Another link: on the first one hours of the caller have passed, and the answer is over.
    let mut speaking = talking_deepgram();
    report("Deepgram to caller, both codecs", || {
        speaking.binary(frame.clone(), &mut io);
        let Some(AgentEvent::Audio { payload, .. }) = io.events.pop_front() else { panic!("not audio") };
        line.audio(&payload, &mut out);
        black_box(out.split());
    });
    report("(serde_json, media to a tree and back)", || {
        let tree: serde_json::Value = serde_json::from_slice(&media).expect("JSON");
        black_box(serde_json::to_vec(&tree).expect("JSON"));
    });
}

fn report(what: &str, mut once: impl FnMut()) {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            once();
        }
        best = best.min(start.elapsed());
    }
    println!("{what:<40} {:>8.1}", best.as_nanos() as f64 / f64::from(ROUNDS));
}

fn started_line() -> Box<dyn LineCodec> {
    let mut line = TwilioLines.open();
    let start = format!(
        r#"{{"event":"start","start":{{"streamSid":"{STREAM}","callSid":"CA00000000000000000000000000000002"}}}}"#
    );
    line.read(Bytes::from(start)).expect("started");
    line
}

fn talking_agent() -> Box<dyn AgentCodec> {
    let key = SecretString::from("sk-none".to_owned());
    let openai = Openai { api_key: Some(key), base_url: "https://api.openai.com/v1".into() };
    let mut codec = Providers::new(openai).open(&snapshot(Provider::Openai), 0).expect("there is a key").codec;
    let mut io = AgentIo::default();
    codec.opened(&Conversation::default(), &mut io);
    let format = r#"{"format":{"type":"audio/pcmu"}}"#;
    let updated =
        format!(r#"{{"type":"session.updated","session":{{"audio":{{"input":{format},"output":{format}}}}}}}"#);
    codec.text(Bytes::from(updated), &mut io);
    // The first delta also announces its answer.
    let first = r#"{"type":"response.created","response":{"id":"resp_5LcA0turn0002"}}"#;
    codec.text(Bytes::from(first), &mut io);
    codec
}

fn talking_deepgram() -> Box<dyn AgentCodec> {
    let key = SecretString::from("dg-none".to_owned());
    let deepgram = Deepgram { api_key: Some(key), base_url: "wss://agent.deepgram.com".into() };
    let providers = Providers::new(Openai { api_key: None, base_url: String::new() }).with_deepgram(deepgram);
    let mut codec = providers.open(&snapshot(Provider::Deepgram), 0).expect("there is a key").codec;
    let mut io = AgentIo::default();
    codec.opened(&Conversation::default(), &mut io);
    for message in [r#"{"type":"Welcome"}"#, r#"{"type":"SettingsApplied"}"#] {
        codec.text(Bytes::from(message), &mut io);
    }
    // The first audio also announces its answer.
    codec.binary(Bytes::from_static(&[0xFF; 160]), &mut io);
    codec
}

fn snapshot(provider: Provider) -> AgentSnapshot {
    AgentSnapshot { voices: vec![testing::voice(provider)], ..testing::agent_snapshot() }
}
