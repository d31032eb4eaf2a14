//! A coffee shop: a room full of talk, cups and spoons, the machine's steam.

use std::f32::consts::TAU;

use super::murmur::murmur;
use super::synthesis::{Filter, HZ, Random, Sound, decibels, wandering};

const SECONDS: f32 = 24.0;

pub(super) fn sound() -> Sound {
    let mut random = Random::new(23);
    let swell = wandering(9, 0.7, 1.0, &mut random);
    let talk = murmur(SECONDS, 9, &mut random)
        .shaped(swell)
        .at_level(-31.0);
    let room = Sound::noise(SECONDS, &mut random)
        .filtered(Filter::low_pass(700.0))
        .filtered(Filter::high_pass(80.0))
        .at_level(-37.0);
    let mut cups = Sound::silence(SECONDS);
    let mut at = 0.8;
    while at < SECONDS - 0.5 {
        let loudness = decibels(random.between(-12.0, 0.0));
        for _ in 0..random.count(1, 3) {
            let clip = clink(&mut random);
            cups.add_at(at, &clip, loudness * random.between(0.5, 1.0));
            at += random.between(0.06, 0.19);
        }
        at += random.between(0.9, 3.2);
    }
    let cups = cups.in_a_room(0.18, 18, &mut random).at_level(-44.0);
    let steam = steam(&mut random);
    talk.with(&room).with(&cups).with(&steam)
}

/// China on china: a few tones that have nothing to do with each other and die away.
fn clink(random: &mut Random) -> Vec<f32> {
    let base_hz = random.between(1_900.0, 2_900.0);
    let tones: Vec<(f32, f32, f32)> = [1.0, 1.47, 2.09, 2.61]
        .iter()
        .map(|ratio| {
            let hz = base_hz * ratio * random.between(0.98, 1.02);
            (
                hz,
                random.between(0.3, 1.0) / ratio,
                random.between(0.025, 0.09),
            )
        })
        .collect();
    (0..(0.3 * HZ) as usize)
        .map(|index| {
            let time = index as f32 / HZ;
            let rise = (time / 0.001).min(1.0);
            let ring = tones
                .iter()
                .map(|(hz, gain, decay)| (TAU * hz * time).sin() * gain * (-time / decay).exp());
            ring.sum::<f32>() * rise
        })
        .collect()
}

/// Milk is frothed once, behind the counter.
fn steam(random: &mut Random) -> Sound {
    let flutter = wandering(140, 0.6, 1.0, random);
    Sound::noise(SECONDS, random)
        .filtered(Filter::band_pass(3_000.0, 0.9))
        .filtered(Filter::low_pass(3_600.0))
        .shaped(|share| {
            let place = (share - 0.58) / 0.055;
            (-place.powi(4)).exp() * flutter(share)
        })
        .at_level(-47.0)
}
