//! G.711 mu-law samples: <https://www.itu.int/rec/T-REC-G.711> (read 2026-11).

/// Added to the magnitude before the logarithm is taken.
const BIAS: i32 = 132;
/// The loudest magnitude that can be written.
const CLIP: i32 = 32_635;

/// The square of the sample each byte stands for.
static SQUARES: [u32; 256] = squares();

const fn squares() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let sample = decode(byte as u8) as i32;
        table[byte] = (sample * sample) as u32;
        byte += 1;
    }
    table
}

/// The sample a byte stands for.
pub(crate) const fn decode(byte: u8) -> i16 {
    let byte = !byte;
    let magnitude = ((((byte & 0x0F) as i32) << 3) + BIAS) << ((byte & 0x70) >> 4);
    let magnitude = (magnitude - BIAS) as i16;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

/// The byte nearest to a sample.
pub(crate) fn encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    let exponent = 24 - magnitude.leading_zeros() as i32;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

/// The sum of the squares of these samples.
pub(crate) fn energy(audio: &[u8]) -> u64 {
    audio.iter().map(|byte| u64::from(SQUARES[usize::from(*byte)])).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for byte in 0..=255u8 {
            // 0x7F is the negative zero; it comes back as the positive one.
            let wanted = if byte == 0x7F { 0xFF } else { byte };
            assert_eq!(encode(decode(byte)), wanted, "{byte:#x}");
        }
    }

    #[test]
    fn silence_has_no_energy_and_the_loudest_sample_the_most() {
        assert_eq!(energy(&[0xFF; 160]), 0);
        assert_eq!(decode(0x80), 32_124);
        assert_eq!(energy(&[0x00, 0x80]), 2 * 32_124 * 32_124);
    }
}
