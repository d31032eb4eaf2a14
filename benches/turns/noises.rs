//! Sounds that are nobody's turn: coughs and other tics, and the rooms that callers are in. All
//! of them are made here from chance; what babbles or comes from a television is other people's
//! speech.

use std::borrow::Cow;
use std::f32::consts::TAU;

use crate::random::Random;
use crate::sound::{
    HZ, Sound, bring_to, high_pass, in_ms, in_room, low_pass, mix, resonate, scale, soften_edges,
};

/// A short sound of a person that is no word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tic {
    Cough,
    ThroatClearing,
    Sneeze,
    LipSmack,
    Sniff,
    Knock,
}

impl Tic {
    pub(crate) const ALL: [Self; 6] = [
        Self::Cough,
        Self::ThroatClearing,
        Self::Sneeze,
        Self::LipSmack,
        Self::Sniff,
        Self::Knock,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cough => "cough",
            Self::ThroatClearing => "throat clearing",
            Self::Sneeze => "sneeze",
            Self::LipSmack => "lip smack",
            Self::Sniff => "sniff",
            Self::Knock => "knock",
        }
    }

    /// The sound, at the level of speech of −23 dBFS.
    pub(crate) fn sound(self, random: &mut Random) -> Option<Sound> {
        let mut samples = match self {
            Self::Cough => cough(random),
            Self::ThroatClearing => throat_clearing(random),
            Self::Sneeze => sneeze(random),
            Self::LipSmack => clicks(random, 2),
            Self::Sniff => sniff(random),
            Self::Knock => knocks(random),
        };
        bring_to(&mut samples, -23.0);
        Sound::trimmed(&samples)
    }
}

/// A room, or what is outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bed {
    Babble,
    Television,
    Typing,
    Doors,
    Fan,
    Street,
}

impl Bed {
    pub(crate) const ALL: [Self; 6] = [
        Self::Babble,
        Self::Television,
        Self::Typing,
        Self::Doors,
        Self::Fan,
        Self::Street,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Babble => "babble",
            Self::Television => "television",
            Self::Typing => "typing",
            Self::Doors => "doors",
            Self::Fan => "fan",
            Self::Street => "street",
        }
    }

    /// `ms` of it, at `dbfs`. `talk` are other people's sentences.
    pub(crate) fn sound(
        self,
        ms: u64,
        dbfs: f32,
        talk: &[Cow<'_, [f32]>],
        random: &mut Random,
    ) -> Vec<f32> {
        let length = in_ms(ms);
        let mut samples = match self {
            Self::Babble => babble(length, talk, random),
            Self::Television => television(length, talk, random),
            Self::Typing => typing(length, random),
            Self::Doors => doors(length, random),
            Self::Fan => fan(length, random),
            Self::Street => street(length, random),
        };
        samples.truncate(length);
        bring_to(&mut samples, dbfs);
        soften_edges(&mut samples, in_ms(200));
        samples
    }
}

fn white(length: usize, random: &mut Random) -> Vec<f32> {
    (0..length).map(|_| random.noise()).collect()
}

/// Air through a throat: noise with a sharp rise, a slower fall and a resonance or two.
fn burst(ms: u64, attack_ms: u64, resonances: &[f32], random: &mut Random) -> Vec<f32> {
    let length = in_ms(ms);
    let attack = in_ms(attack_ms).max(1);
    let mut noise = white(length, random);
    for (index, sample) in noise.iter_mut().enumerate() {
        let rise = (index as f32 / attack as f32).min(1.0);
        let fall = (-4.0 * index.saturating_sub(attack) as f32 / length as f32).exp();
        *sample *= rise * fall;
    }
    let mut out = vec![0.0; length];
    for hz in resonances {
        let mut coloured = noise.clone();
        resonate(&mut coloured, *hz * random.between(0.85, 1.15), *hz * 0.35);
        mix(&mut out, &coloured, 0, 1.0);
    }
    mix(&mut out, &noise, 0, 0.08);
    out
}

/// A hoarse voice: pulses at an uneven pitch through two resonances.
fn hoarse(ms: u64, pitch_hz: f32, random: &mut Random) -> Vec<f32> {
    let length = in_ms(ms);
    let mut out = vec![0.0; length];
    let mut at = 0.0;
    while (at as usize) < length {
        out[at as usize] = random.between(0.4, 1.0);
        at += HZ as f32 / (pitch_hz * random.between(0.8, 1.25));
    }
    let noise = white(length, random);
    mix(&mut out, &noise, 0, 0.05);
    resonate(&mut out, 550.0 * random.between(0.9, 1.2), 160.0);
    let mut second = out.clone();
    resonate(&mut second, 1_300.0, 300.0);
    mix(&mut out, &second, 0, 0.8);
    soften_edges(&mut out, in_ms(40));
    out
}

/// One to three coughs: an explosion of air, then a shorter voiced rest (Korpáš et al. 1996 give
/// 300 to 700 ms for each).
fn cough(random: &mut Random) -> Vec<f32> {
    let mut out = Vec::new();
    for _ in 0..random.whole(1, 3) {
        let air = burst(
            random.whole(140, 280),
            6,
            &[500.0, 1_400.0, 2_600.0],
            random,
        );
        let mut voiced = hoarse(random.whole(80, 180), random.between(120.0, 260.0), random);
        let factor = 0.25 * peak(&air) / peak(&voiced);
        scale(&mut voiced, factor);
        let at = air.len() * 2 / 3;
        let mut one = air;
        one.resize(at + voiced.len().max(in_ms(60)), 0.0);
        mix(&mut one, &voiced, at, 1.0);
        out.extend(one);
        out.extend(vec![0.0; in_ms(random.whole(60, 220))]);
    }
    out
}

fn throat_clearing(random: &mut Random) -> Vec<f32> {
    let mut out = Vec::new();
    for _ in 0..random.whole(1, 2) {
        out.extend(hoarse(
            random.whole(180, 380),
            random.between(70.0, 130.0),
            random,
        ));
        out.extend(vec![0.0; in_ms(random.whole(40, 120))]);
    }
    out
}

fn sneeze(random: &mut Random) -> Vec<f32> {
    let mut breath = burst(random.whole(200, 350), 150, &[900.0], random);
    scale(&mut breath, 0.2);
    let release = burst(
        random.whole(250, 420),
        10,
        &[1_100.0, 3_000.0, 4_500.0],
        random,
    );
    [breath, vec![0.0; in_ms(60)], release].concat()
}

fn clicks(random: &mut Random, most: u64) -> Vec<f32> {
    let mut out = Vec::new();
    for _ in 0..random.whole(1, most) {
        out.extend(burst(random.whole(15, 40), 1, &[1_800.0, 3_500.0], random));
        out.extend(vec![0.0; in_ms(random.whole(70, 260))]);
    }
    out
}

fn sniff(random: &mut Random) -> Vec<f32> {
    let mut out = burst(random.whole(180, 380), 120, &[2_200.0, 4_000.0], random);
    high_pass(&mut out, 800.0);
    out
}

fn knocks(random: &mut Random) -> Vec<f32> {
    let mut out = Vec::new();
    for _ in 0..random.whole(1, 4) {
        out.extend(burst(random.whole(60, 120), 1, &[180.0, 420.0], random));
        out.extend(vec![0.0; in_ms(random.whole(80, 180))]);
    }
    out
}

fn peak(samples: &[f32]) -> f32 {
    samples
        .iter()
        .fold(1e-6_f32, |peak, sample| peak.max(sample.abs()))
}

/// Sentence after sentence of one talker, with pauses.
fn talker(
    length: usize,
    talk: &[Cow<'_, [f32]>],
    pause_ms: (u64, u64),
    random: &mut Random,
) -> Vec<f32> {
    let mut out = Vec::with_capacity(length);
    while out.len() < length && !talk.is_empty() {
        let mut sentence = random.pick(talk).to_vec();
        bring_to(&mut sentence, -23.0);
        out.extend(sentence);
        out.extend(vec![0.0; in_ms(random.whole(pause_ms.0, pause_ms.1))]);
    }
    out.resize(length, 0.0);
    out
}

/// Six to eight people who talk among themselves, in a room.
fn babble(length: usize, talk: &[Cow<'_, [f32]>], random: &mut Random) -> Vec<f32> {
    let mut out = vec![0.0; length];
    for _ in 0..random.whole(6, 8) {
        let one = talker(length + in_ms(2_000), talk, (50, 500), random);
        let start = random.below(in_ms(2_000));
        mix(&mut out, &one[start..], 0, random.between(0.5, 1.0));
    }
    in_room(&out, 350, 0.6, random)
}

/// One speaker after another over music, from a small loudspeaker across the room.
fn television(length: usize, talk: &[Cow<'_, [f32]>], random: &mut Random) -> Vec<f32> {
    let mut out = talker(length, talk, (150, 900), random);
    let music = music(length, random);
    mix(&mut out, &music, 0, random.between(0.3, 0.8));
    high_pass(&mut out, 250.0);
    low_pass(&mut out, 3_500.0);
    in_room(&out, 300, 0.5, random)
}

/// Chords of three tones with overtones, each for half a second to a second.
fn music(length: usize, random: &mut Random) -> Vec<f32> {
    const SCALE: [f32; 7] = [1.0, 1.122, 1.26, 1.335, 1.498, 1.682, 1.888];
    let mut out = vec![0.0; length];
    let mut at = 0;
    while at < length {
        let chord = in_ms(random.whole(400, 1_000));
        let root = random.below(SCALE.len());
        for step in [0, 2, 4] {
            let hz = 196.0 * SCALE[(root + step) % SCALE.len()];
            for overtone in 1..=4_u8 {
                let angle = TAU * hz * f32::from(overtone) / HZ as f32;
                let strength = 0.05 / f32::from(overtone);
                for (index, sample) in out.iter_mut().skip(at).take(chord).enumerate() {
                    let fall = (-2.5 * index as f32 / chord as f32).exp();
                    *sample += strength * fall * (angle * index as f32).sin();
                }
            }
        }
        at += chord;
    }
    out
}

/// Keys, some to a word, and the thump of each on the desk.
fn typing(length: usize, random: &mut Random) -> Vec<f32> {
    let mut out = vec![0.0; length];
    let mut at = in_ms(random.whole(0, 200));
    while at < length {
        for _ in 0..random.whole(2, 9) {
            let click = burst(random.whole(8, 18), 1, &[2_400.0, 4_200.0], random);
            mix(&mut out, &click, at, random.between(0.4, 1.0));
            let thump = burst(40, 2, &[160.0], random);
            mix(&mut out, &thump, at, random.between(0.2, 0.6));
            at += in_ms(random.whole(70, 220));
        }
        at += in_ms(random.whole(200, 1_500));
    }
    out
}

/// A door that opens with a squeak and falls shut, now and then; steps between.
fn doors(length: usize, random: &mut Random) -> Vec<f32> {
    let mut out = white(length, random);
    scale(&mut out, 0.004);
    let mut at = in_ms(random.whole(300, 1_500));
    while at < length {
        let mut squeak = hoarse(random.whole(250, 600), random.between(250.0, 500.0), random);
        let factor = 0.3 / peak(&squeak);
        scale(&mut squeak, factor);
        mix(&mut out, &squeak, at, 0.4);
        at += squeak.len() + in_ms(random.whole(200, 700));
        let slam = burst(random.whole(150, 300), 2, &[90.0, 240.0, 700.0], random);
        mix(&mut out, &slam, at, 1.0 / peak(&slam));
        at += slam.len();
        for _ in 0..random.whole(2, 8) {
            let step = burst(70, 3, &[110.0, 300.0], random);
            mix(&mut out, &step, at, 0.25 / peak(&step));
            at += in_ms(random.whole(350, 600));
        }
        at += in_ms(random.whole(500, 3_000));
    }
    out
}

/// Air and a motor.
fn fan(length: usize, random: &mut Random) -> Vec<f32> {
    let mut out = white(length, random);
    low_pass(&mut out, 500.0);
    let hum = random.between(95.0, 130.0);
    for (index, sample) in out.iter_mut().enumerate() {
        let phase = TAU * hum * index as f32 / HZ as f32;
        *sample += 0.03 * phase.sin() + 0.015 * (2.0 * phase).sin();
    }
    out
}

/// Cars that come and go over a rumble, and a horn at times.
fn street(length: usize, random: &mut Random) -> Vec<f32> {
    let mut out = white(length, random);
    low_pass(&mut out, 150.0);
    let mut at = 0;
    while at < length {
        let pass = in_ms(random.whole(2_500, 6_000));
        let mut car = white(pass, random);
        low_pass(&mut car, random.between(400.0, 1_200.0));
        for (index, sample) in car.iter_mut().enumerate() {
            let place = index as f32 / pass as f32 * 2.0 - 1.0;
            *sample *= (-6.0 * place * place).exp();
        }
        mix(&mut out, &car, at, random.between(0.5, 1.5));
        if random.is(25) {
            let horn_hz = random.between(350.0, 480.0);
            let beep = (0..in_ms(random.whole(150, 500)))
                .map(|index| (TAU * horn_hz * index as f32 / HZ as f32).sin().signum() * 0.08);
            let mut beep: Vec<f32> = beep.collect();
            low_pass(&mut beep, 2_000.0);
            soften_edges(&mut beep, in_ms(20));
            mix(&mut out, &beep, at + pass / 2, 1.0);
        }
        at += in_ms(random.whole(800, 4_000));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::{level, rms};

    #[test]
    fn every_tic_is_short_and_audible_and_comes_again_with_its_seed() {
        for tic in Tic::ALL {
            for seed in 0..20 {
                let sound = tic.sound(&mut Random::new(seed)).unwrap();
                let ms = sound.length_ms();
                assert!((10..=2_600).contains(&ms), "{}: {ms} ms", tic.name());
                assert_eq!(Some(&sound), tic.sound(&mut Random::new(seed)).as_ref());
            }
        }
    }

    #[test]
    fn every_bed_has_its_level_and_length() {
        let talk = vec![Cow::Owned(white(in_ms(1_500), &mut Random::new(3))); 3];
        for bed in Bed::ALL {
            let sound = bed.sound(6_000, -33.0, &talk, &mut Random::new(5));
            assert_eq!(sound.len(), in_ms(6_000), "{}", bed.name());
            let level = level(&sound).unwrap();
            assert!((level + 33.0).abs() < 1.5, "{}: {level}", bed.name());
            assert!(rms(&sound) > 0.001, "{}", bed.name());
        }
    }
}
