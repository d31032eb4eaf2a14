//! Elevator music: four short pieces of our own for an electric piano and a bass, to wait by.

use std::f32::consts::TAU;

use super::synthesis::{Filter, HZ, Random, Sound};

/// A bar: the bass note and the chord above it, as MIDI note numbers.
type Bar = (u8, [u8; 4]);

/// What is played in each bar: beats (from 0) of the bass, of the chord and of the tune.
struct Style {
    seed: u64,
    bar_seconds: f32,
    beats: f32,
    bass: &'static [f32],
    chord: &'static [f32],
    tune: &'static [f32],
    /// Seconds until a note of the chord has died away to a third.
    decay: f32,
    /// Seconds until a note has reached its full loudness.
    attack: f32,
}

pub(super) fn bossa_nova() -> Sound {
    let bars = [
        (36, [64, 67, 71, 74]),
        (45, [64, 67, 72, 74]),
        (38, [65, 69, 72, 76]),
        (43, [65, 69, 71, 76]),
        (40, [62, 67, 71, 74]),
        (45, [61, 67, 70, 76]),
        (38, [65, 69, 72, 77]),
        (43, [65, 69, 71, 74]),
    ];
    play(
        &bars,
        &Style {
            seed: 1,
            bar_seconds: 2.4,
            beats: 4.0,
            bass: &[0.0, 1.5, 2.0, 3.5],
            chord: &[0.0, 1.0, 2.5, 3.5],
            tune: &[0.5, 2.0, 3.0],
            decay: 0.5,
            attack: 0.006,
        },
    )
}

pub(super) fn waltz() -> Sound {
    let bars = [
        (41, [64, 69, 72, 76]),
        (38, [65, 69, 72, 77]),
        (43, [65, 70, 74, 77]),
        (36, [64, 70, 74, 76]),
        (45, [64, 67, 72, 76]),
        (38, [66, 69, 72, 76]),
        (43, [65, 70, 74, 79]),
        (36, [64, 70, 72, 76]),
    ];
    play(
        &bars,
        &Style {
            seed: 2,
            bar_seconds: 2.0,
            beats: 3.0,
            bass: &[0.0],
            chord: &[1.0, 2.0],
            tune: &[0.0, 1.5, 2.5],
            decay: 0.7,
            attack: 0.008,
        },
    )
}

pub(super) fn ballad() -> Sound {
    let bars = [
        (39, [62, 67, 70, 74]),
        (36, [63, 67, 70, 74]),
        (44, [63, 67, 72, 75]),
        (46, [62, 65, 68, 72]),
        (39, [62, 67, 70, 77]),
        (43, [62, 65, 70, 74]),
        (44, [60, 63, 67, 72]),
        (46, [62, 65, 68, 74]),
    ];
    play(
        &bars,
        &Style {
            seed: 3,
            bar_seconds: 3.2,
            beats: 4.0,
            bass: &[0.0, 2.0],
            chord: &[0.0],
            tune: &[1.0, 1.5, 2.0, 3.0],
            decay: 1.6,
            attack: 0.09,
        },
    )
}

pub(super) fn swing() -> Sound {
    let bars = [
        (43, [62, 64, 67, 71]),
        (40, [62, 68, 71, 74]),
        (45, [60, 64, 67, 71]),
        (38, [60, 66, 69, 71]),
        (43, [62, 64, 67, 74]),
        (36, [60, 64, 67, 69]),
        (45, [60, 64, 67, 72]),
        (38, [60, 66, 69, 72]),
    ];
    play(
        &bars,
        &Style {
            seed: 4,
            bar_seconds: 2.0,
            beats: 4.0,
            bass: &[0.0, 1.0, 2.0, 3.0],
            chord: &[1.0, 2.67],
            tune: &[0.0, 0.67, 2.0, 3.67],
            decay: 0.35,
            attack: 0.005,
        },
    )
}

fn play(bars: &[Bar], style: &Style) -> Sound {
    let mut random = Random::new(style.seed);
    let mut sound = Sound::silence(style.bar_seconds * bars.len() as f32);
    let beat_seconds = style.bar_seconds / style.beats;
    for (number, (bass, chord)) in bars.iter().enumerate() {
        let bar_at = number as f32 * style.bar_seconds;
        let at = |beat: f32| bar_at + beat * beat_seconds;
        for (index, beat) in style.bass.iter().enumerate() {
            let fifth = if index % 2 == 1 { 7 } else { 0 };
            let note = note(bass + fifth, 0.4, 0.01);
            sound.add_at(at(*beat), &note, 0.28);
        }
        for beat in style.chord {
            for pitch in chord {
                // Fingers never come down at the same moment.
                let late = random.between(0.0, 0.012);
                let note = note(*pitch, style.decay, style.attack);
                sound.add_at(at(*beat) + late, &note, 0.13 * random.between(0.8, 1.0));
            }
        }
        for beat in style.tune {
            if random.unit() < 0.72 {
                let pitch = random.one_of(chord) + 12;
                let note = note(pitch, style.decay * 0.8, style.attack);
                sound.add_at(at(*beat), &note, 0.22 * random.between(0.8, 1.0));
            }
        }
    }
    sound
        .filtered(Filter::low_pass(3_000.0))
        .in_a_room(0.3, 18, &mut random)
}

/// An electric piano: a tone, its octave and a bell that dies first.
fn note(pitch: u8, decay: f32, attack: f32) -> Vec<f32> {
    let hz = 440.0 * ((f32::from(pitch) - 69.0) / 12.0).exp2();
    let length = decay * 5.0;
    let mut tones = [
        Dying::new(hz, 1.0, decay),
        Dying::new(hz * 2.0, 0.3, decay / 3.0),
        Dying::new(hz * 4.0, 0.12, decay / 6.0),
    ];
    (0..(length * HZ) as usize)
        .map(|index| {
            let time = index as f32 / HZ;
            let rise = (time / attack).min(1.0);
            let end = ((length - time) / 0.05).min(1.0);
            tones.iter_mut().map(Dying::next).sum::<f32>() * rise * end
        })
        .collect()
}

/// A tone that dies away, as a pointer that turns and shrinks.
struct Dying {
    pointer: (f32, f32),
    turn: (f32, f32),
}

impl Dying {
    fn new(hz: f32, gain: f32, decay: f32) -> Self {
        let shrink = (-1.0 / (decay * HZ)).exp();
        let (sine, cosine) = (TAU * hz / HZ).sin_cos();
        Self {
            pointer: (gain, 0.0),
            turn: (cosine * shrink, sine * shrink),
        }
    }

    fn next(&mut self) -> f32 {
        let (x, y) = self.pointer;
        let (cosine, sine) = self.turn;
        self.pointer = (x * cosine - y * sine, x * sine + y * cosine);
        y
    }
}
