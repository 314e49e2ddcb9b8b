//! Every kind of message, both ways.

use crate::support::{golden, line, read, started};
use bytes::{Bytes, BytesMut};
use call::{Digit, MarkId};
use common::ids::{CallId, StreamId};
use common::ports::line::{LineFormat, LineStart};
use common::ports::{LineEvent, LineFault};
use serde_json::Value;
use std::time::Duration;

#[test]
fn connected_comes_before_the_stream() {
    assert_eq!(read(&mut *line(), "server.connected"), Ok(LineEvent::Connected));
}

#[test]
fn a_start_names_stream_call_format_and_parameters() {
    let parameters = [("attempt", "1"), ("tenant", "t_42")].map(|(name, value)| (name.into(), value.into()));
    let wanted = LineStart { parameters: parameters.into(), ..plain_start() };
    assert_eq!(read(&mut *line(), "server.start"), Ok(LineEvent::Start(wanted)));
}

#[test]
fn a_start_may_write_numbers_as_texts_and_leave_parameters_out() {
    assert_eq!(read(&mut *line(), "server.start__no_parameters"), Ok(LineEvent::Start(plain_start())));
}

#[test]
fn another_audio_format_is_named_as_such() {
    let wanted = LineStart { format: LineFormat::Other, ..plain_start() };
    assert_eq!(read(&mut *line(), "server.start__other_format"), Ok(LineEvent::Start(wanted)));
}

#[test]
fn media_is_audio_however_it_is_written() {
    let wanted = LineEvent::Audio {
        payload: audio(),
        length: Duration::from_millis(20),
        timestamp: Some(Duration::from_millis(65)),
    };
    for name in
        ["server.media", "server.media__numbers_and_other_order", "server.media__escaped", "server.media__new_fields"]
    {
        assert_eq!(read(&mut *started(), name).as_ref(), Ok(&wanted), "{name}");
    }
}

#[test]
fn audio_is_a_slice_of_its_frame() {
    let frame = golden("server.media");
    let Ok(LineEvent::Audio { payload, .. }) = started().read(frame.clone()) else { panic!("not audio") };
    assert!(frame.as_ptr_range().contains(&payload.as_ptr()), "it was copied");
}

#[test]
fn what_is_not_the_callers_audio_is_not_passed_on() {
    for name in ["server.media__outbound_track", "server.media__no_audio"] {
        assert_eq!(read(&mut *started(), name), Ok(LineEvent::Unknown), "{name}");
    }
}

#[test]
fn a_key_is_pressed() {
    assert_eq!(read(&mut *started(), "server.dtmf"), Ok(LineEvent::Pressed(Digit('1'))));
    assert_eq!(read(&mut *started(), "server.dtmf__number"), Ok(LineEvent::Pressed(Digit('7'))));
    assert_eq!(read(&mut *started(), "server.dtmf__no_key"), Ok(LineEvent::Unknown));
}

#[test]
fn a_mark_of_ours_is_told_from_a_foreign_one() {
    let ours = MarkId { generation: 2, number: 17 };
    assert_eq!(read(&mut *started(), "server.mark"), Ok(LineEvent::Mark(Some(ours))));
    assert_eq!(read(&mut *started(), "server.mark__foreign"), Ok(LineEvent::Mark(None)));
}

#[test]
fn the_stream_stops() {
    assert_eq!(read(&mut *started(), "server.stop"), Ok(LineEvent::Stop));
}

#[test]
fn an_event_of_tomorrow_is_tolerated() {
    assert_eq!(read(&mut *started(), "server.unknown_event"), Ok(LineEvent::Unknown));
}

#[test]
fn what_we_send_is_exactly_what_twilio_takes() {
    let line = started();
    let written = |write: &dyn Fn(&mut BytesMut)| {
        let mut out = BytesMut::from(&b"kept"[..]);
        write(&mut out);
        assert_eq!(&out.split_to(4)[..], b"kept");
        serde_json::from_slice::<Value>(&out).expect("JSON")
    };
    let wanted = |name: &str| serde_json::from_slice::<Value>(&golden(name)).expect("JSON");
    assert_eq!(written(&|out| line.audio(&audio(), out)), wanted("client.media"));
    assert_eq!(written(&|out| line.mark(MarkId { generation: 2, number: 17 }, out)), wanted("client.mark"));
    assert_eq!(written(&|out| line.clear(out)), wanted("client.clear"));
}

#[test]
fn nothing_is_sent_before_the_start() {
    let mut out = BytesMut::new();
    let line = line();
    line.audio(&audio(), &mut out);
    line.mark(MarkId { generation: 0, number: 1 }, &mut out);
    line.clear(&mut out);
    assert!(out.is_empty());
}

#[test]
fn a_known_event_without_what_it_must_carry_is_unreadable() {
    for frame in [
        r#"{"event":"start"}"#,
        r#"{"event":"start","start":{"streamSid":"MZ1","callSid":"CA1"}}"#,
        r#"{"event":"media","media":{}}"#,
        r#"{"event":"media","media":{"payload":null}}"#,
        r#"{"event":"media","media":{"track":"inbound","payload":"AAA"}}"#,
        r#"{"event":"media","media":{"payload":"AA A"}}"#,
        r#"{"event":"mark"}"#,
        r#"{"event":"dtmf","dtmf":{}}"#,
        r#"{"event":7}"#,
        r#"{"nothing":1}"#,
        "[]",
        "",
        "{",
    ] {
        assert_eq!(started().read(Bytes::from(frame)), Err(LineFault::Unreadable), "{frame}");
    }
}

fn plain_start() -> LineStart {
    LineStart {
        stream: StreamId::parse("MZ00000000000000000000000000000003").expect("valid"),
        call: CallId::parse("CA00000000000000000000000000000002").expect("valid"),
        format: LineFormat::Mulaw8k,
        parameters: [].into(),
    }
}

fn audio() -> Bytes {
    let message: Value = serde_json::from_slice(&golden("client.media")).expect("JSON");
    Bytes::from(message["media"]["payload"].as_str().expect("text").to_owned())
}
