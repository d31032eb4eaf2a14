//! People who talk too far away to be understood: breath and a buzz through changing resonances,
//! in syllables, phrases and pauses. There are no words in it.

use super::synthesis::{Filter, HZ, Random, Sound};

/// First and second resonance of some vowels, in hertz.
const VOWELS: [(f32, f32); 7] = [
    (310.0, 2_020.0),
    (400.0, 1_900.0),
    (550.0, 1_700.0),
    (680.0, 1_250.0),
    (600.0, 950.0),
    (460.0, 820.0),
    (330.0, 900.0),
];

/// `talkers` people, each with a voice and a rhythm of their own.
pub(super) fn murmur(seconds: f32, talkers: usize, random: &mut Random) -> Sound {
    let mut all = Sound::silence(seconds);
    for _ in 0..talkers {
        talk(&mut all, random);
    }
    // Air and walls take the upper band.
    all.filtered(Filter::low_pass(1_900.0))
        .filtered(Filter::high_pass(140.0))
        .in_a_room(0.16, 20, random)
}

/// One person's talk, all around the loop.
fn talk(sound: &mut Sound, random: &mut Random) {
    let pitch_hz = random.between(95.0, 215.0);
    let loudness = random.between(0.5, 1.0);
    let end = sound.seconds();
    let mut at = random.between(0.0, 2.0);
    while at < end {
        let syllables = random.count(4, 13);
        for index in 0..syllables {
            let length = random.between(0.12, 0.27);
            let falling = 1.08 - 0.16 * index as f32 / syllables as f32;
            let pitch_hz = pitch_hz * falling * random.between(0.95, 1.08);
            let clip = syllable(length, pitch_hz, random);
            sound.add_at(at, &clip, loudness * random.between(0.5, 1.0));
            at += length * random.between(0.8, 1.05);
        }
        at += random.between(0.3, 1.9);
    }
}

fn syllable(seconds: f32, pitch_hz: f32, random: &mut Random) -> Vec<f32> {
    let count = (seconds * HZ) as usize;
    let (first, second) = random.one_of(&VOWELS);
    let mut resonances = [
        (Filter::band_pass(first, 5.0), 1.0),
        (Filter::band_pass(second, 8.0), 0.5),
        (Filter::band_pass(2_600.0, 9.0), 0.2),
    ];
    let mut phase = random.unit();
    (0..count)
        .map(|index| {
            let share = index as f32 / count as f32;
            phase = (phase + pitch_hz * (1.05 - 0.1 * share) / HZ).fract();
            let buzz = (-7.0 * phase).exp() - 0.14;
            let breath = random.between(-0.25, 0.25);
            let source = buzz + breath;
            let voiced: f32 = resonances
                .iter_mut()
                .map(|(filter, gain)| filter.next(source) * *gain)
                .sum();
            voiced * (std::f32::consts::PI * share).sin().powf(0.8)
        })
        .collect()
}
