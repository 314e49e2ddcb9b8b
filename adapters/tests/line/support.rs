//! A line that has started, and the golden messages.

use adapters::line::TwilioLines;
use bytes::Bytes;
use common::ports::{LineCodec, LineEvent, LineFault, Lines as _};

pub(crate) fn golden(name: &str) -> Bytes {
    let path = format!("{}/tests/golden/twilio/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Bytes::from(std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
}

pub(crate) fn line() -> Box<dyn LineCodec> {
    TwilioLines.open()
}

pub(crate) fn started() -> Box<dyn LineCodec> {
    let mut line = line();
    read(&mut *line, "server.start").expect("a start starts the stream");
    line
}

pub(crate) fn read(line: &mut dyn LineCodec, name: &str) -> Result<LineEvent, LineFault> {
    line.read(golden(name))
}
