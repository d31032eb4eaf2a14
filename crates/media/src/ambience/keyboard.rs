//! Typing.

use super::synthesis::{Filter, HZ, Random, Sound, decibels};

/// The tool sound: one person, near.
pub(super) fn close() -> Sound {
    let mut random = Random::new(61);
    let mut sound = Sound::silence(16.0);
    type_along(&mut sound, 0.9, &mut random);
    sound
        .filtered(Filter::low_pass(5_200.0))
        .in_a_room(0.06, 10, &mut random)
        .softened(20.0)
}

/// Types all around the loop: runs of keys, with pauses of `pause` seconds in the mean.
pub(super) fn type_along(sound: &mut Sound, pause: f32, random: &mut Random) {
    let end = sound.seconds();
    let mut at = random.between(0.0, pause);
    while at < end - 0.2 {
        for _ in 0..random.count(3, 14) {
            if at > end - 0.1 {
                break;
            }
            let loudness = decibels(random.between(-7.0, 0.0));
            let down = key(random.between(2_000.0, 3_400.0), random);
            sound.add_at(at, &down, loudness * 0.2);
            let up = key(random.between(2_600.0, 3_800.0), random);
            sound.add_at(at + random.between(0.06, 0.1), &up, loudness * 0.07);
            at += random.between(0.09, 0.23);
        }
        at += pause * random.between(0.4, 1.6);
    }
}

/// One stroke: a click of the cap and a soft thud of the board, 40 ms.
fn key(click_hz: f32, random: &mut Random) -> Vec<f32> {
    let mut click = Filter::band_pass(click_hz, 1.4);
    let mut thud = Filter::band_pass(random.between(170.0, 300.0), 3.0);
    (0..(0.04 * HZ) as usize)
        .map(|index| {
            let time = index as f32 / HZ;
            let rise = (time / 0.0008).min(1.0);
            let noise = random.between(-1.0, 1.0);
            let cap = click.next(noise) * (-time / 0.0035).exp();
            let board = thud.next(noise) * (-time / 0.010).exp() * 2.2;
            let end = ((0.04 - time) / 0.004).clamp(0.0, 1.0);
            (cap + board) * rise * end
        })
        .collect()
}
