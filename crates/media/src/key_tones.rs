//! The tones of a telephone's keys (DTMF, ITU-T Q.23), as sound: what passes every codec and carrier
//! that passes speech.

use std::f32::consts::TAU;
use std::time::Duration;

use crate::SampleRate;

/// How long a key sounds. Receivers want at least 40 ms (ITU-T Q.24); this is twice that even where
/// a voice is played at double speed.
const KEY: Duration = Duration::from_millis(160);
/// Silence after each key, by the same measure.
const GAP: Duration = Duration::from_millis(80);
/// How long the tone comes up and goes down, so that nothing clicks.
const EDGE: Duration = Duration::from_millis(4);
/// Amplitude of each of the two tones: −12 dBFS, together about −9 dBm0.
const AMPLITUDE: f32 = 0.25;

const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [&str; 4] = ["123A", "456B", "789C", "*0#D"];

/// Whether this is a key, or a pause between keys: `0` to `9`, `*`, `#`, `A` to `D`, `w`, `W`.
#[must_use]
pub fn is_key(key: char) -> bool {
    pause(key).is_some() || frequencies(key).is_some()
}

/// The tones of `keys`, as mono samples: 160 ms for each with 80 ms of silence after it. `w` is a
/// pause of half a second, `W` of a second; what is no key is left out.
#[must_use]
pub fn key_tones(keys: &str, rate: SampleRate) -> Vec<i16> {
    let mut samples = Vec::new();
    for key in keys.chars() {
        if let Some(pause) = pause(key) {
            silence(pause, rate, &mut samples);
        } else if let Some(pair) = frequencies(key) {
            tone(pair, rate, &mut samples);
            silence(GAP, rate, &mut samples);
        }
    }
    samples
}

const fn pause(key: char) -> Option<Duration> {
    match key {
        'w' => Some(Duration::from_millis(500)),
        'W' => Some(Duration::from_secs(1)),
        _ => None,
    }
}

fn frequencies(key: char) -> Option<(f32, f32)> {
    let mut rows = KEYS.iter().zip(LOW);
    rows.find_map(|(row, low)| Some((low, HIGH[row.find(key)?])))
}

fn silence(length: Duration, rate: SampleRate, samples: &mut Vec<i16>) {
    let count = usize::try_from(rate.samples_in(length)).unwrap_or(0);
    samples.resize(samples.len() + count, 0);
}

fn tone((low, high): (f32, f32), rate: SampleRate, samples: &mut Vec<i16>) {
    let (count, edge) = (rate.samples_in(KEY), rate.samples_in(EDGE).max(1));
    let rate = rate.hz() as f32;
    let wave = |frequency: f32, at: u64| (TAU * frequency * at as f32 / rate).sin();
    for at in 0..count {
        let from_edge = (at + 1).min(count - at).min(edge) as f32;
        let level = AMPLITUDE * from_edge / edge as f32;
        let sample = level * (wave(low, at) + wave(high, at));
        samples.push((sample * f32::from(i16::MAX)) as i16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The power of a frequency in samples, by Goertzel's algorithm.
    fn power(samples: &[i16], frequency: f32, rate: SampleRate) -> f32 {
        let turn = 2.0 * (TAU * frequency / rate.hz() as f32).cos();
        let (mut one, mut two) = (0.0_f32, 0.0_f32);
        for sample in samples {
            let next = f32::from(*sample) / 32_768.0 + turn * one - two;
            (two, one) = (one, next);
        }
        (one * one + two * two - turn * one * two) / samples.len() as f32
    }

    #[test]
    fn each_key_is_its_two_tones() {
        for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
            for (row, low) in KEYS.iter().zip(LOW) {
                for (key, high) in row.chars().zip(HIGH) {
                    let tones = key_tones(&key.to_string(), rate);
                    let heard = &tones[..rate.samples_in(KEY) as usize];
                    let strength = |frequency: &f32| power(heard, *frequency, rate);
                    for (own, all) in [(low, LOW), (high, HIGH)] {
                        let loudest = all
                            .iter()
                            .max_by(|one, other| strength(one).total_cmp(&strength(other)));
                        assert_eq!(loudest, Some(&own), "{key} at {rate:?}");
                        let others = all.iter().filter(|it| **it != own);
                        assert!(others.map(strength).all(|it| it * 20.0 < strength(&own)));
                    }
                }
            }
        }
    }

    #[test]
    fn pauses_are_silence_and_what_is_no_key_is_nothing() {
        let rate = SampleRate::HZ_8000;
        assert_eq!(key_tones("w", rate), vec![0; 4_000]);
        assert_eq!(key_tones("W", rate).len(), 8_000);
        assert_eq!(key_tones("x é", rate), Vec::<i16>::new());
        assert_eq!(key_tones("1w2", rate).len(), 2 * 1_920 + 4_000);
        assert!("0123456789*#ABCDwW".chars().all(is_key));
        assert!(!"abdx +".chars().any(is_key));
    }
}
