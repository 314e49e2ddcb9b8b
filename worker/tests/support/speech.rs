//! What is said in tests: the recordings of the example agent, and a caller of tones.

use std::path::{Path, PathBuf};

/// A recording of the example agent, raw mu-law.
pub(crate) fn recording(name: &str) -> Vec<u8> {
    std::fs::read(pack().join("voice").join(format!("{name}.ulaw"))).unwrap()
}

/// The folder of the example agent.
pub(crate) fn pack() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents/harbour")
}

/// A caller's turn: half a second loud enough for speech, then the silence that ends it.
pub(crate) fn caller_turn() -> Vec<u8> {
    [vec![0x90; 4_000], vec![0xFF; 8_000]].concat()
}
