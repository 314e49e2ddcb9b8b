//! The file: WAV with mu-law, two channels, 8,000 samples a second.
//!
//! <https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html> (read 2026-11): formats other than PCM have
//! `cbSize` and a `fact` chunk. Sizes are known only at the end: until then they are zero, and whoever finds such a file
//! knows them from its length.

use super::Position;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

/// Bytes before the sound.
pub(super) const HEADER: usize = 58;

/// Bytes of one sample of both channels.
const BOTH: u64 = 2;

/// The header of a file of this length.
pub(super) fn header(samples: Position) -> [u8; HEADER] {
    let bytes = samples * BOTH;
    let mut header = [0; HEADER];
    let mut rest = &mut header[..];
    let mut put = |bytes: &[u8]| {
        let (place, after) = std::mem::take(&mut rest).split_at_mut(bytes.len());
        place.copy_from_slice(bytes);
        rest = after;
    };
    put(b"RIFF");
    put(&size(bytes + HEADER as u64 - 8));
    put(b"WAVEfmt ");
    put(&18u32.to_le_bytes());
    put(&7u16.to_le_bytes()); // mu-law
    put(&2u16.to_le_bytes()); // channels
    put(&8_000u32.to_le_bytes());
    put(&16_000u32.to_le_bytes()); // bytes a second
    put(&2u16.to_le_bytes()); // bytes a sample of both
    put(&8u16.to_le_bytes()); // bits
    put(&0u16.to_le_bytes()); // nothing more about the format
    put(b"fact");
    put(&4u32.to_le_bytes());
    put(&size(samples));
    put(b"data");
    put(&size(bytes));
    header
}

/// Writes the header for what stands in the file, and gives its length. Half a sample at the end is cut off.
pub(super) fn complete(file: &mut File) -> io::Result<Position> {
    let samples = samples(file.metadata()?.len());
    file.set_len(HEADER as u64 + samples * BOTH)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header(samples))?;
    file.flush()?;
    Ok(samples)
}

/// How many samples a file of so many bytes holds.
pub(super) fn samples(bytes: u64) -> Position {
    bytes.saturating_sub(HEADER as u64) / BOTH
}

/// A file of more than 74 hours says that it has as much as a WAV can.
fn size(bytes: u64) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_a_wav_of_mu_law_in_two_channels() {
        let header = header(4_000);
        assert_eq!(&header[..4], b"RIFF");
        assert_eq!(u32::from_le_bytes(header[4..8].try_into().unwrap()) as usize, HEADER + 8_000 - 8);
        assert_eq!(&header[8..16], b"WAVEfmt ");
        assert_eq!(header[20..24], [7, 0, 2, 0]);
        assert_eq!(&header[38..42], b"fact");
        assert_eq!(u32::from_le_bytes(header[46..50].try_into().unwrap()), 4_000);
        assert_eq!(&header[50..54], b"data");
        assert_eq!(u32::from_le_bytes(header[54..].try_into().unwrap()), 8_000);
    }

    #[test]
    fn a_file_that_was_left_is_completed() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&header(0)).unwrap();
        file.write_all(&[0xFF; 4_001]).unwrap();
        assert_eq!(complete(&mut file).unwrap(), 2_000);
        assert_eq!(file.metadata().unwrap().len(), (HEADER + 4_000) as u64);
    }
}
