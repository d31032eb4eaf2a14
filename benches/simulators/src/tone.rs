//! What simulated voices say: a tone as long as the text.

use std::f64::consts::TAU;

/// How long a character sounds at natural speed, in seconds.
const CHARACTER_SECONDS: f64 = 0.06;

/// Of the tone, in hertz.
const PITCH: f64 = 220.0;

/// Of the tone, out of 32767: it is never still, so that gaps are heard as such.
const LEVEL: f64 = 8_000.0;

/// How many samples `text` takes: 60 ms a character, at `speed` times that pace.
pub(crate) fn samples_of(text: &str, speed: f64, rate: u32) -> usize {
    let seconds = text.chars().count() as f64 * CHARACTER_SECONDS / speed;
    (seconds * f64::from(rate)).round() as usize
}

/// 16-bit little-endian samples of the tone, from sample `from` on.
pub(crate) fn tone(from: usize, count: usize, rate: u32) -> Vec<u8> {
    let sample = |at: usize| {
        let phase = TAU * PITCH * at as f64 / f64::from(rate);
        (LEVEL * phase.sin()) as i16
    };
    let samples = (from..from + count).map(sample);
    samples.flat_map(i16::to_le_bytes).collect()
}

/// The head of a WAV file whose writer did not know its length yet.
pub(crate) fn file_head(bytes: usize, rate: u32) -> Vec<u8> {
    let mut head = Vec::with_capacity(44);
    head.extend_from_slice(b"RIFF\xff\xff\xff\xffWAVEfmt ");
    head.extend_from_slice(&16_u32.to_le_bytes());
    for word in [1_u16, 1] {
        head.extend_from_slice(&word.to_le_bytes());
    }
    head.extend_from_slice(&rate.to_le_bytes());
    head.extend_from_slice(&(rate * 2).to_le_bytes());
    for word in [2_u16, 16] {
        head.extend_from_slice(&word.to_le_bytes());
    }
    head.extend_from_slice(b"data");
    // Longer than it is, as if it had been cut: an estimate.
    let length = u32::try_from(bytes * 2).unwrap_or(u32::MAX);
    head.extend_from_slice(&length.to_le_bytes());
    head
}
