//! Whatever comes, the codec answers; and the quick way says what the slow way says.

use crate::support::{golden, line, started};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use call::MarkId;
use common::ports::LineEvent;
use proptest::prelude::*;
use serde_json::Value;
use std::time::Duration;

const MESSAGES: [&str; 8] = [
    "server.connected",
    "server.start",
    "server.media",
    "server.media__escaped",
    "server.dtmf",
    "server.mark",
    "server.stop",
    "server.unknown_event",
];

proptest! {
    #[test]
    fn no_bytes_panic(frame: Vec<u8>) {
        let _ = line().read(Bytes::from(frame.clone()));
        let _ = started().read(Bytes::from(frame));
    }

    #[test]
    fn no_broken_message_panics(
        message in 0..MESSAGES.len(), cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let mut frame = golden(MESSAGES[message]).to_vec();
        for (place, byte) in cuts {
            let place = place.index(frame.len());
            frame[place] = byte;
        }
        let _ = started().read(Bytes::from(frame.clone()));
        frame.truncate(frame.len() / 2);
        let _ = started().read(Bytes::from(frame));
    }

    #[test]
    fn audio_written_by_one_side_is_read_by_the_other(audio in proptest::collection::vec(any::<u8>(), 1..2_000)) {
        let text = STANDARD.encode(&audio);
        let mut out = BytesMut::new();
        started().audio(text.as_bytes(), &mut out);
        let event = started().read(out.freeze());
        let length = Duration::from_micros(audio.len() as u64 * 125);
        prop_assert_eq!(event, Ok(LineEvent::Audio { payload: Bytes::from(text), length, timestamp: None }));
    }

    #[test]
    fn marks_come_back_as_they_went(generation: u32, number: u32) {
        let mark = MarkId { generation, number };
        let mut out = BytesMut::new();
        started().mark(mark, &mut out);
        prop_assert_eq!(started().read(out.freeze()), Ok(LineEvent::Mark(Some(mark))));
    }

    /// A frame the quick way takes, and the same frame with an escape that only the slow way understands.
    #[test]
    fn both_ways_read_the_same(byte in any::<u8>(), place: prop::sample::Index) {
        let mut frame = golden("server.media").to_vec();
        let place = place.index(frame.len());
        frame[place] = byte;
        prop_assume!(serde_json::from_slice::<Value>(&frame).is_ok());
        let end = frame.len() - 1;
        let slow = [&frame[..end], br#","x":"\u0041"}"#].concat();
        prop_assert_eq!(started().read(Bytes::from(frame)), started().read(Bytes::from(slow)));
    }
}
