//! Sound files, and the law that squeezes 16 bits into 8.
//!
//! Reads WAV files of PCM 16 or mu-law at any rate for `ring --wav`, and writes what a caller heard. Knows only
//! bytes. Rates are changed by averaging (down) or by straight lines (up): good enough for a telephone's 3.4 kHz,
//! not for music.
//!
//! The law: ITU-T G.711 (11/88), mu-law; chunks: the RIFF/WAVE description of Microsoft (1991).

use std::path::Path;

use anyhow::{Context as _, bail, ensure};

/// Samples a second of the telephone.
const RATE: u32 = 8_000;
const FORMAT_PCM: u16 = 1;
const FORMAT_MULAW: u16 = 7;
/// Added before the logarithm of the law.
const BIAS: i32 = 0x84;
/// The loudest sample the law can tell, less the bias.
const CLIP: i32 = 32_635;

/// One sample by the law.
#[must_use]
pub fn mulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let loud = i32::from(sample).abs().min(CLIP) + BIAS;
    let exponent = (loud.ilog2()).saturating_sub(7);
    let mantissa = (loud >> (exponent + 3)) & 0x0F;
    let byte = sign | (exponent << 4) | mantissa.unsigned_abs();
    !u8::try_from(byte).expect("eight bits by construction")
}

/// One sample back from the law.
#[must_use]
pub fn linear(byte: u8) -> i16 {
    let byte = !byte;
    let exponent = u32::from((byte >> 4) & 0x07);
    let loud = ((((i32::from(byte) & 0x0F) << 3) + BIAS) << exponent) - BIAS;
    let signed = if byte & 0x80 == 0 { loud } else { -loud };
    i16::try_from(signed).expect("the law stays within 16 bits")
}

/// Writes mu-law audio of the telephone as a WAV file of PCM 16, which every player plays.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, mulaw: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, encode(mulaw)).with_context(|| format!("write {}", path.display()))
}

/// The bytes of a WAV file of PCM 16, 8,000 samples a second, one channel.
#[must_use]
pub fn encode(mulaw: &[u8]) -> Vec<u8> {
    encode_channels(&[mulaw])
}

/// The same with a channel for each of these; shorter ones end in silence.
#[must_use]
pub fn encode_channels(channels: &[&[u8]]) -> Vec<u8> {
    let frames = channels.iter().map(|channel| channel.len()).max().unwrap_or_default();
    let width = u16::try_from(channels.len()).expect("a call has few sides") * 2;
    let size = u32::try_from(frames * usize::from(width)).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(44 + frames * usize::from(width));
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(size + 36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&FORMAT_PCM.to_le_bytes());
    file.extend_from_slice(&(width / 2).to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * u32::from(width)).to_le_bytes());
    file.extend_from_slice(&width.to_le_bytes());
    file.extend_from_slice(&16_u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&size.to_le_bytes());
    for frame in 0..frames {
        let samples = channels.iter().map(|channel| channel.get(frame).map_or(0, |byte| linear(*byte)));
        file.extend(samples.flat_map(i16::to_le_bytes));
    }
    file
}

/// Two sides of a call as one.
#[must_use]
pub fn mix(one: &[u8], other: &[u8]) -> Vec<u8> {
    let sample = |side: &[u8], at: usize| side.get(at).map_or(0, |byte| i32::from(linear(*byte)));
    let both = (0..one.len().max(other.len())).map(|at| sample(one, at) + sample(other, at));
    both.map(|sum| mulaw(sum.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16)).collect()
}

/// Every channel of a WAV file by itself, as mu-law of the telephone.
///
/// # Errors
/// When the file is cut short, of another kind, or not of the telephone's rate.
pub fn decode_channels(file: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let (format, data) = open(file)?;
    ensure!(format.rate == RATE, "{} samples a second, the telephone has {RATE}", format.rate);
    let bytes: Vec<u8> = match (format.tag, format.bits) {
        (FORMAT_PCM, 16) => data.chunks_exact(2).map(|pair| mulaw(i16::from_le_bytes([pair[0], pair[1]]))).collect(),
        (FORMAT_MULAW, 8) => data.to_vec(),
        (tag, bits) => bail!("WAV format {tag} with {bits} bits is not supported; use 16-bit PCM or mu-law"),
    };
    let of = |channel: usize| bytes.iter().skip(channel).step_by(format.channels).copied().collect();
    Ok((0..format.channels).map(of).collect())
}

struct Format {
    tag: u16,
    channels: usize,
    rate: u32,
    bits: u16,
}

/// Telephone audio out of a WAV file: PCM 16 or mu-law, any rate, all channels mixed.
///
/// # Errors
/// When the file is cut short, or of another kind.
pub fn decode(file: &[u8]) -> anyhow::Result<Vec<u8>> {
    let (format, data) = open(file)?;
    convert(&format, data)
}

/// What kind of sound a file holds, and the sound.
fn open(file: &[u8]) -> anyhow::Result<(Format, &[u8])> {
    ensure!(file.len() >= 12 && file.starts_with(b"RIFF") && &file[8..12] == b"WAVE", "not a WAV file");
    let mut rest = &file[12..];
    let mut format = None;
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        // Programs that write to a pipe cannot know the size and give one that is too large.
        let chunk = &body[..size.min(body.len())];
        match &head[..4] {
            b"fmt " => format = Some(read_format(chunk)?),
            b"data" => return Ok((format.context("audio before its format")?, chunk)),
            _ => {}
        }
        rest = body.get(size + size % 2..).unwrap_or_default();
    }
    bail!("no audio in the file")
}

fn read_format(chunk: &[u8]) -> anyhow::Result<Format> {
    ensure!(chunk.len() >= 16, "the format is cut short");
    let word = |at: usize| u16::from_le_bytes([chunk[at], chunk[at + 1]]);
    let rate = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
    // The extensible form keeps the real tag at the head of a longer one.
    let tag = if word(0) == 0xFFFE && chunk.len() >= 26 { word(24) } else { word(0) };
    let format = Format { tag, channels: usize::from(word(2)), rate, bits: word(14) };
    ensure!(format.channels > 0 && (1_000..=384_000).contains(&format.rate), "impossible format");
    Ok(format)
}

fn convert(format: &Format, data: &[u8]) -> anyhow::Result<Vec<u8>> {
    let samples: Vec<i16> = match (format.tag, format.bits) {
        (FORMAT_PCM, 16) => data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect(),
        (FORMAT_MULAW, 8) if format.rate == RATE && format.channels == 1 => return Ok(data.to_vec()),
        (FORMAT_MULAW, 8) => data.iter().map(|byte| linear(*byte)).collect(),
        (tag, bits) => bail!("WAV format {tag} with {bits} bits is not supported; use 16-bit PCM or mu-law"),
    };
    let mixed: Vec<i32> = samples
        .chunks_exact(format.channels)
        .map(|frame| frame.iter().map(|sample| i32::from(*sample)).sum::<i32>() / format.channels as i32)
        .collect();
    Ok(resample(&mixed, format.rate).into_iter().map(mulaw).collect())
}

fn resample(samples: &[i32], rate: u32) -> Vec<i16> {
    let count = samples.len() as u64 * u64::from(RATE) / u64::from(rate);
    let step = f64::from(rate) / f64::from(RATE);
    (0..count)
        .map(|n| {
            let from = n as f64 * step;
            let value = if step > 1.0 { average(samples, from, from + step) } else { between(samples, from) };
            value.clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
        })
        .collect()
}

fn average(samples: &[i32], from: f64, to: f64) -> f64 {
    let piece = &samples[from as usize..(to.ceil() as usize).min(samples.len())];
    piece.iter().map(|sample| f64::from(*sample)).sum::<f64>() / piece.len().max(1) as f64
}

fn between(samples: &[i32], at: f64) -> f64 {
    let left = f64::from(samples[at as usize]);
    let right = samples.get(at as usize + 1).map_or(left, |sample| f64::from(*sample));
    left + (right - left) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_knows_the_values_of_the_standard() {
        assert_eq!((mulaw(0), mulaw(i16::MAX), mulaw(i16::MIN)), (0xFF, 0x80, 0x00));
        assert_eq!((linear(0xFF), linear(0x80), linear(0x00)), (0, 32_124, -32_124));
    }

    #[test]
    fn every_byte_survives_the_way_there_and_back() {
        for byte in (0..=255).filter(|byte| *byte != 0x7F) {
            assert_eq!(mulaw(linear(byte)), byte);
        }
    }

    #[test]
    fn a_file_that_was_written_can_be_read() {
        let audio: Vec<u8> = (0..=255).filter(|byte| *byte != 0x7F).collect();
        assert_eq!(decode(&encode(&audio)).unwrap(), audio);
    }

    #[test]
    fn each_channel_of_a_file_is_read_by_itself() {
        let (one, other) = (vec![0x20_u8; 100], vec![0xA5_u8; 60]);
        let channels = decode_channels(&encode_channels(&[&one, &other])).unwrap();
        assert_eq!(channels[0], one);
        assert_eq!((&channels[1][..60], &channels[1][60..]), (&other[..], &[0xFF_u8; 40][..]));
    }

    #[test]
    fn a_file_of_another_rate_keeps_its_length_and_pitch() {
        let tone: Vec<i32> = (0..48_000)
            .map(|n| ((f64::from(n) * 440.0 / 48_000.0 * std::f64::consts::TAU).sin() * 9_000.0) as i32)
            .collect();
        let narrow = resample(&tone, 48_000);
        assert_eq!(narrow.len(), 8_000);
        let crossings = narrow.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
        assert!((438..=441).contains(&crossings), "{crossings}");
        assert_eq!(resample(&[0, 100], 4_000), [0, 50, 100, 100]);
    }

    #[test]
    fn what_is_no_wav_file_is_refused() {
        for bad in [&b""[..], b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd"] {
            assert!(decode(bad).is_err());
        }
    }
}
