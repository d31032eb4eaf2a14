//! An office: air conditioning, two people who type, three who talk far away.

use super::keyboard::type_along;
use super::murmur::murmur;
use super::synthesis::{Filter, Random, Sound, wandering};

const SECONDS: f32 = 24.0;

pub(super) fn sound() -> Sound {
    let mut random = Random::new(11);
    let breathing = wandering(7, 0.85, 1.0, &mut random);
    let air = Sound::noise(SECONDS, &mut random)
        .filtered(Filter::low_pass(420.0))
        .filtered(Filter::high_pass(70.0))
        .shaped(breathing)
        .at_level(-31.0);
    let hiss = Sound::noise(SECONDS, &mut random)
        .filtered(Filter::low_pass(2_600.0))
        .filtered(Filter::high_pass(500.0))
        .at_level(-42.0);
    let talk = murmur(SECONDS, 3, &mut random).at_level(-33.5);
    let mut typing = Sound::silence(SECONDS);
    type_along(&mut typing, 1.6, &mut random);
    type_along(&mut typing, 2.6, &mut random);
    let typing = typing
        .filtered(Filter::low_pass(4_200.0))
        .in_a_room(0.12, 16, &mut random)
        .at_level(-40.0);
    air.with(&hiss).with(&talk).with(&typing)
}
