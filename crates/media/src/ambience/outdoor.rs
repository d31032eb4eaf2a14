//! Outdoors: wind and leaves, distant traffic, birds.

use std::f32::consts::{PI, TAU};

use super::synthesis::{Filter, HZ, Random, Sound, decibels, wandering};

const SECONDS: f32 = 24.0;

pub(super) fn sound() -> Sound {
    let mut random = Random::new(37);
    let gusts = wandering(11, 0.35, 1.0, &mut random);
    let wind = Sound::noise(SECONDS, &mut random)
        .filtered(Filter::low_pass(380.0))
        .filtered(Filter::low_pass(900.0))
        .filtered(Filter::high_pass(60.0))
        .shaped(&gusts)
        .at_level(-32.0);
    let flutter = wandering(90, 0.7, 1.0, &mut random);
    let leaves = Sound::noise(SECONDS, &mut random)
        .filtered(Filter::high_pass(1_100.0))
        .filtered(Filter::low_pass(3_200.0))
        .shaped(|share| gusts(share).powi(2) * flutter(share))
        .at_level(-41.0);
    let mut birds = Sound::silence(SECONDS);
    for (at, voice) in [
        (1.2, 0),
        (4.9, 1),
        (7.3, 0),
        (11.0, 2),
        (14.6, 1),
        (18.2, 0),
        (21.4, 2),
    ] {
        let loudness = decibels(random.between(-8.0, 0.0));
        sing(
            &mut birds,
            at + random.between(0.0, 0.8),
            voice,
            loudness,
            &mut random,
        );
    }
    let birds = birds.in_a_room(0.25, 14, &mut random).at_level(-43.0);
    wind.with(&leaves).with(&traffic(&mut random)).with(&birds)
}

/// A road behind the houses: a steady roll, and three cars that pass.
fn traffic(random: &mut Random) -> Sound {
    let roll = Sound::noise(SECONDS, random)
        .filtered(Filter::low_pass(190.0))
        .filtered(Filter::high_pass(50.0))
        .at_level(-37.0);
    let passes = Sound::noise(SECONDS, random)
        .filtered(Filter::band_pass(330.0, 0.6))
        .shaped(|share| {
            let car = |centre: f32, width: f32| {
                let away = (share - centre).abs().min(1.0 - (share - centre).abs());
                (-(away / width).powi(2)).exp()
            };
            car(0.2, 0.07) + 0.7 * car(0.55, 0.06) + 0.9 * car(0.9, 0.08)
        })
        .at_level(-38.0);
    roll.with(&passes)
}

/// One call of a bird: some whistled syllables.
fn sing(sound: &mut Sound, at: f32, voice: usize, loudness: f32, random: &mut Random) {
    let (from_hz, to_hz, length, gap, count) = [
        (3_300.0, 2_500.0, 0.11, 0.16, 5),
        (2_300.0, 2_900.0, 0.16, 0.26, 3),
        (3_000.0, 3_500.0, 0.06, 0.09, 9),
    ][voice % 3];
    let mut at = at;
    for _ in 0..count {
        let bend = random.between(0.96, 1.04);
        let clip = whistle(from_hz * bend, to_hz * bend, length);
        sound.add_at(at, &clip, loudness * random.between(0.6, 1.0));
        at += gap * random.between(0.9, 1.15);
    }
}

fn whistle(from_hz: f32, to_hz: f32, seconds: f32) -> Vec<f32> {
    let count = (seconds * HZ) as usize;
    let mut phase = 0.0_f32;
    (0..count)
        .map(|index| {
            let share = index as f32 / count as f32;
            let hz = from_hz + (to_hz - from_hz) * share * share;
            phase = (phase + hz / HZ).fract();
            (TAU * phase).sin() * (PI * share).sin().powi(2)
        })
        .collect()
}
