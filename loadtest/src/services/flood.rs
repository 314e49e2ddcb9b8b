//! Answers that are too much: 10 GiB of text, and 10 MiB that unpack to as many.
//!
//! `misbehave.rs` sends them. Neither is ever in memory: one block is sent again and again.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};
use futures_util::stream;

/// What either answer comes to when it is read to its end.
const WHOLE: usize = 10 << 30;
/// Text sent at once.
const BLOCK: usize = 64 << 10;
/// Text behind one block of the bomb.
const PACKED: usize = 1 << 20;
/// Member header of a gzip file: no name, no time, any system. <https://www.rfc-editor.org/rfc/rfc1952> (read 2026-11)
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A JSON object whose first string does not end before 10 GiB.
pub(super) fn endless() -> Body {
    repeat(Bytes::from_static(b"{\"answer\":\""), Bytes::from(vec![b'A'; BLOCK]), WHOLE / BLOCK)
}

/// Gzip of 10 GiB of spaces, one part to a thousand. It stops without the checksum: nobody should get that far.
pub(super) fn bomb() -> Body {
    repeat(Bytes::from_static(&GZIP_HEADER), packed(), WHOLE / PACKED)
}

/// A deflate block that stands for [`PACKED`] spaces whatever stood before it, so it can be repeated.
fn packed() -> Bytes {
    let mut packer = Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(BLOCK);
    let done = packer.compress_vec(&vec![b' '; PACKED], &mut block, FlushCompress::Full);
    assert!(matches!(done, Ok(Status::Ok)) && packer.total_in() == PACKED as u64, "a block has room enough");
    Bytes::from(block)
}

fn repeat(head: Bytes, block: Bytes, times: usize) -> Body {
    let blocks = std::iter::once(head).chain(std::iter::repeat_n(block, times));
    Body::from_stream(stream::iter(blocks.map(Ok::<_, Infallible>)))
}
