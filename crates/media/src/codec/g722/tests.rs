//! Against libg722 and ffmpeg, which agree to the last bit: `reference.g722` is what they write for
//! [`voice`], and `reference.pcm` what they read from that (16 bits, lower byte first).

use super::*;

const WRITTEN: &[u8] = include_bytes!("reference.g722");
const READ: &[u8] = include_bytes!("reference.pcm");
/// By how much two bands in a row come late, in samples.
const DELAY: usize = 22;

fn read() -> Vec<i16> {
    let pairs = READ.chunks_exact(2);
    pairs.map(|it| i16::from_le_bytes([it[0], it[1]])).collect()
}

/// 200 ms of silence, then half a second of somebody's voice: pulses and noise through two resonances.
fn voice() -> Vec<i16> {
    let mut samples = vec![0; 3_200];
    let (mut seed, mut phase) = (1_u32, 0);
    let (mut low, mut high) = ([0_i64; 2], [0_i64; 2]);
    for index in 0..8_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        phase += 130 + index * 60 / 8_000;
        let mut sound = i64::from(seed >> 24) - 128;
        if phase >= 16_000 {
            phase -= 16_000;
            sound += 6_000;
        }
        low = [sound + ((low[0] * 29_000 - low[1] * 15_000) >> 14), low[0]];
        high = [
            sound + ((high[0] * 10_000 - high[1] * 14_500) >> 14),
            high[0],
        ];
        samples.push(((low[0] + high[0]) >> 1) as i16);
    }
    samples
}

fn decoded(bytes: &[u8]) -> Vec<i16> {
    let (mut expander, mut out) = (Expander::default(), Vec::new());
    for packet in bytes.chunks(160) {
        expander.decode(packet, &mut out);
    }
    out
}

/// How much louder the voice is than what coding added to it, in decibels, from the first word on.
fn clearness(heard: &[i16]) -> f64 {
    let said = voice();
    let pairs = said[3_200..].iter().zip(&heard[3_200 + DELAY..]);
    let (mut voice, mut noise) = (0.0, 0.0);
    for (said, heard) in pairs {
        voice += f64::from(*said).powi(2);
        noise += (f64::from(*said) - f64::from(*heard)).powi(2);
    }
    10.0 * (voice / noise).log10()
}

#[test]
fn what_others_write_is_read_as_they_read_it() {
    let (ours, theirs) = (decoded(WRITTEN), read());
    assert_eq!(ours.len(), theirs.len());
    // The two start apart by what 200 ms forget, and by no more than the faintest of sounds.
    let apart = ours.iter().zip(&theirs);
    let apart = apart.map(|(ours, theirs)| ours.abs_diff(*theirs));
    assert!(apart.clone().max().unwrap_or(u16::MAX) <= 16);
    assert_eq!(apart.skip(1_000).max(), Some(0));
}

#[test]
fn what_is_written_here_is_as_clear_as_what_others_write() {
    let mut compressor = Compressor::default();
    let voice = voice();
    let written = voice.chunks(320).flat_map(|samples| {
        let mut bytes = [0; 160];
        compressor.encode(samples, &mut bytes);
        bytes
    });
    let ours = clearness(&decoded(&written.collect::<Vec<u8>>()));
    let theirs = clearness(&read());
    assert!(ours > theirs - 0.5 && theirs > 12.0, "{ours} and {theirs}");
}

#[test]
fn silence_stays_silent_from_the_first_sample_on() {
    let mut compressor = Compressor::default();
    let mut bytes = [0; 160];
    compressor.encode(&[0; 320], &mut bytes);
    let loudest = decoded(&bytes).iter().map(|it| it.unsigned_abs()).max();
    assert!(loudest <= Some(16), "{loudest:?}");
}
