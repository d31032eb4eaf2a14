//! What stretching keeps: pitch, loudness, smoothness; and what it changes: the duration.

use std::f32::consts::TAU;

use super::*;
use crate::Level;

const RATES: [SampleRate; 3] = [
    SampleRate::HZ_8000,
    SampleRate::HZ_16000,
    SampleRate::HZ_24000,
];
const SPEEDS: [f32; 6] = [0.5, 0.7, 0.9, 1.2, 1.5, 2.0];

fn stretched(rate: SampleRate, speed: f32, input: &[i16], chunk: usize) -> Vec<i16> {
    let mut stretcher = Stretcher::new(rate, speed);
    let mut out = Vec::new();
    for chunk in input.chunks(chunk) {
        let room = stretcher.output_samples_max(chunk.len());
        let before = out.len();
        stretcher.process(chunk, &mut out);
        assert!(out.len() - before <= room);
    }
    let room = stretcher.output_samples_max(0);
    let before = out.len();
    stretcher.flush(&mut out);
    assert!(out.len() - before <= room);
    out
}

fn tone(rate: SampleRate, hz: f32, seconds: f32) -> Vec<i16> {
    (0..(rate.hz() as f32 * seconds) as usize)
        .map(|index| ((index as f32 * TAU * hz / rate.hz() as f32).sin() * 8_000.0) as i16)
        .collect()
}

/// Like a voice: a pulse train whose pitch glides around `hz`, through two resonances, in
/// syllables of a quarter second.
fn voice(rate: SampleRate, hz: f32, seconds: f32) -> Vec<i16> {
    let per_second = rate.hz() as f32;
    let mut phase = 0.0_f32;
    (0..(per_second * seconds) as usize)
        .map(|index| {
            let time = index as f32 / per_second;
            phase += hz * (1.0 + 0.05 * (TAU * 0.8 * time).sin()) / per_second;
            let harmonics = (1..=12).map(|number| {
                let frequency = hz * number as f32;
                let formants = [(600.0, 200.0), (1_700.0, 300.0)];
                let level: f32 = formants
                    .iter()
                    .map(|(centre, width)| (-((frequency - centre) / width).powi(2)).exp())
                    .sum();
                (TAU * phase * number as f32).sin() * (level + 0.05)
            });
            let syllable = (TAU * 2.0 * time).sin().max(0.0).sqrt();
            (harmonics.sum::<f32>() * syllable * 5_000.0) as i16
        })
        .collect()
}

fn noise(count: usize) -> Vec<i16> {
    let mut seed = 9_u32;
    (0..count)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed >> 18) as i16) - 8_192
        })
        .collect()
}

/// The period, in seconds, at which `samples` are most like themselves.
fn period(rate: SampleRate, samples: &[i16]) -> f32 {
    let floats: Vec<f32> = samples.iter().map(|sample| f32::from(*sample)).collect();
    let (low, high) = (rate.hz() as usize / 500, rate.hz() as usize / 60);
    let length = floats.len() - high - 1;
    let likeness = |lag: usize| search::likeness(&floats[..length], &floats[lag..lag + length]);
    // The first peak that is nearly as high as any: not one of its multiples.
    let all: Vec<f32> = (low..high).map(likeness).collect();
    let top = all.iter().copied().fold(0.0, f32::max);
    let first = (1..all.len() - 1)
        .find(|at| all[*at] > 0.9 * top && all[*at] >= all[at - 1] && all[*at] >= all[at + 1])
        .unwrap();
    let (before, at, after) = (all[first - 1], all[first], all[first + 1]);
    let shift = (before - after) / (2.0 * (before - 2.0 * at + after)).min(-1e-9);
    ((low + first) as f32 + shift) / rate.hz() as f32
}

fn rms(samples: &[i16]) -> f32 {
    Level::of(samples).rms_dbfs
}

fn largest_step(samples: &[i16]) -> i32 {
    samples
        .windows(2)
        .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs())
        .max()
        .unwrap_or(0)
}

#[test]
fn the_duration_is_what_the_speed_says_to_the_sample() {
    for rate in RATES {
        let input = voice(rate, 120.0, 1.7);
        for speed in SPEEDS {
            let expected = (input.len() as f64 / f64::from(speed)).round() as usize;
            for chunk in [37, 480, input.len()] {
                assert_eq!(stretched(rate, speed, &input, chunk).len(), expected);
            }
        }
        for length in [0, 1, 50, 200, 700] {
            assert_eq!(
                stretched(rate, 0.5, &input[..length], 100).len(),
                length * 2
            );
            assert_eq!(
                stretched(rate, 2.0, &input[..length], 100).len(),
                length.div_ceil(2)
            );
        }
    }
}

#[test]
fn chunks_of_any_size_give_the_same_sound() {
    let rate = SampleRate::HZ_16000;
    let input = voice(rate, 180.0, 1.0);
    for speed in SPEEDS {
        let whole = stretched(rate, speed, &input, input.len());
        assert_eq!(stretched(rate, speed, &input, 1), whole);
        assert_eq!(stretched(rate, speed, &input, 333), whole);
    }
}

#[test]
fn natural_speed_changes_nothing() {
    let input = noise(5_000);
    assert_eq!(stretched(SampleRate::HZ_8000, 1.0, &input, 77), input);
    assert_eq!(stretched(SampleRate::HZ_8000, f32::NAN, &input, 77), input);
}

#[test]
fn the_pitch_stays() {
    for rate in RATES {
        for hz in [85.0, 130.0, 220.0, 310.0] {
            let input = voice(rate, hz, 2.0);
            for speed in SPEEDS {
                let out = stretched(rate, speed, &input, 400);
                let middle = |sound: &[i16]| {
                    let from = sound.len() * 3 / 100;
                    period(rate, &sound[from..sound.len() / 10])
                };
                let (before, after) = (middle(&input), middle(&out));
                let error = (after / before - 1.0).abs();
                assert!(error < 0.02, "{rate} {hz} Hz at {speed}: {error}");
            }
        }
        for speed in SPEEDS {
            let out = stretched(rate, speed, &tone(rate, 200.0, 2.0), 400);
            let error = (period(rate, &out) * 200.0 - 1.0).abs();
            assert!(error < 0.003, "{rate} at {speed}: {error}");
        }
    }
}

#[test]
fn nothing_clicks() {
    for rate in RATES {
        for (name, input) in [
            ("tone", tone(rate, 317.0, 2.0)),
            ("low voice", voice(rate, 90.0, 2.0)),
            ("high voice", voice(rate, 250.0, 2.0)),
        ] {
            for speed in SPEEDS {
                let out = stretched(rate, speed, &input, 400);
                let (before, after) = (largest_step(&input), largest_step(&out));
                assert!(
                    after * 100 <= before * 115,
                    "{name}, {rate} at {speed}: {before} became {after}"
                );
            }
        }
    }
}

#[test]
fn the_loudness_stays_for_voices_and_for_noise() {
    for rate in RATES {
        for (name, input) in [
            ("voice", voice(rate, 140.0, 3.0)),
            ("noise", noise(rate.hz() as usize * 3)),
        ] {
            for speed in SPEEDS {
                let change = rms(&stretched(rate, speed, &input, 400)) - rms(&input);
                assert!(change.abs() < 0.5, "{name}, {rate} at {speed}: {change} dB");
            }
        }
    }
}

#[test]
fn every_moment_is_heard_where_the_speed_puts_it() {
    let rate = SampleRate::HZ_16000;
    // A tone that sounds from 1.0 to 1.2 s.
    let mut input = vec![0; 48_000];
    input[16_000..19_200].copy_from_slice(&tone(rate, 400.0, 0.2));
    for speed in SPEEDS {
        let mut stretcher = Stretcher::new(rate, speed);
        let mut out = Vec::new();
        stretcher.process(&input, &mut out);
        let is_loud = |sample: &i16| sample.unsigned_abs() > 4_000;
        let first = out.iter().position(is_loud).unwrap();
        let last = out.iter().rposition(is_loud).unwrap();
        let tolerance = 16_000 / 1_000 * 30;
        assert!(first.abs_diff(stretcher.output_position(16_000)) < tolerance);
        assert!(last.abs_diff(stretcher.output_position(19_200)) < tolerance);
        assert!(stretcher.taken() == 48_000 && stretcher.given() == out.len());
    }
}
