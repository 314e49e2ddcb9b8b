//! What may come when.

use crate::support::{line, read, started};
use common::ports::LineFault;

#[test]
fn nothing_of_a_stream_comes_before_its_start() {
    for name in ["server.media", "server.media__escaped", "server.mark", "server.dtmf"] {
        assert_eq!(read(&mut *line(), name), Err(LineFault::Order), "{name}");
    }
}

#[test]
fn a_stream_starts_once() {
    let mut line = started();
    assert_eq!(read(&mut *line, "server.start"), Err(LineFault::Order));
    assert_eq!(read(&mut *line, "server.start__no_parameters"), Err(LineFault::Order));
}

#[test]
fn a_stop_and_unknown_events_may_come_at_any_time() {
    let mut line = line();
    for name in ["server.unknown_event", "server.stop", "server.connected", "server.start", "server.unknown_event"] {
        assert!(read(&mut *line, name).is_ok(), "{name}");
    }
}
