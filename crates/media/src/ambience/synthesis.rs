//! The parts that sounds are made of: noise by numbers, filters that run in circles, echoes.

use std::f32::consts::{PI, TAU};

use crate::SampleRate;

/// The rate at which everything is made; nothing of it needs more than 8 kHz of band.
pub(super) const RATE: SampleRate = SampleRate::HZ_16000;

/// Samples a second.
pub(super) const HZ: f32 = 16_000.0;

/// How long a filter runs before its output counts, so that it knows the end of the loop.
const SETTLING_SAMPLES: usize = 16_000;

/// Numbers that look random and are the same each time (a 64-bit xorshift with a multiplication,
/// S. Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 to 1.
    pub(super) fn unit(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        bits as f32 / (1_u32 << 24) as f32
    }

    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn count(&mut self, low: usize, high: usize) -> usize {
        low + ((high + 1 - low) as f32 * self.unit()) as usize
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.count(0, choices.len() - 1)]
    }
}

/// A filter of the second order (R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter
/// coefficients").
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter {
    feed: [f32; 3],
    back: [f32; 2],
    inputs: [f32; 2],
    outputs: [f32; 2],
}

impl Filter {
    pub(super) fn low_pass(hz: f32) -> Self {
        let (cosine, alpha) = angle(hz, std::f32::consts::FRAC_1_SQRT_2);
        let side = (1.0 - cosine) / 2.0;
        Self::new([side, 1.0 - cosine, side], cosine, alpha)
    }

    pub(super) fn high_pass(hz: f32) -> Self {
        let (cosine, alpha) = angle(hz, std::f32::consts::FRAC_1_SQRT_2);
        let side = f32::midpoint(1.0, cosine);
        Self::new([side, -1.0 - cosine, side], cosine, alpha)
    }

    /// Passes `hz` unchanged and less of what is further away; `sharpness` is hz over bandwidth.
    pub(super) fn band_pass(hz: f32, sharpness: f32) -> Self {
        let (cosine, alpha) = angle(hz, sharpness);
        Self::new([alpha, 0.0, -alpha], cosine, alpha)
    }

    fn new(feed: [f32; 3], cosine: f32, alpha: f32) -> Self {
        let whole = 1.0 + alpha;
        Self {
            feed: feed.map(|value| value / whole),
            back: [-2.0 * cosine / whole, (1.0 - alpha) / whole],
            inputs: [0.0; 2],
            outputs: [0.0; 2],
        }
    }

    pub(super) fn next(&mut self, input: f32) -> f32 {
        let output =
            self.feed[0] * input + self.feed[1] * self.inputs[0] + self.feed[2] * self.inputs[1]
                - self.back[0] * self.outputs[0]
                - self.back[1] * self.outputs[1];
        self.inputs = [input, self.inputs[0]];
        self.outputs = [output, self.outputs[0]];
        output
    }
}

fn angle(hz: f32, sharpness: f32) -> (f32, f32) {
    let angle = TAU * hz / HZ;
    (angle.cos(), angle.sin() / (2.0 * sharpness))
}

/// A loop: what goes over its end goes on at its beginning.
#[derive(Debug, Clone)]
pub(super) struct Sound(pub(super) Vec<f32>);

impl Sound {
    pub(super) fn silence(seconds: f32) -> Self {
        Self(vec![0.0; (seconds * HZ).round() as usize])
    }

    pub(super) fn noise(seconds: f32, random: &mut Random) -> Self {
        let mut sound = Self::silence(seconds);
        for sample in &mut sound.0 {
            *sample = random.between(-1.0, 1.0);
        }
        sound
    }

    pub(super) fn seconds(&self) -> f32 {
        self.0.len() as f32 / HZ
    }

    /// Runs the loop through a filter, round and round, so that the seam cannot be heard.
    pub(super) fn filtered(mut self, mut filter: Filter) -> Self {
        let start = self.0.len().saturating_sub(SETTLING_SAMPLES);
        for sample in &self.0[start..] {
            filter.next(*sample);
        }
        for sample in &mut self.0 {
            *sample = filter.next(*sample);
        }
        self
    }

    /// Multiplies each sample by what `gain` says of its time, as a share of the loop.
    pub(super) fn shaped(mut self, gain: impl Fn(f32) -> f32) -> Self {
        let length = self.0.len() as f32;
        for (index, sample) in self.0.iter_mut().enumerate() {
            *sample *= gain(index as f32 / length);
        }
        self
    }

    /// Brings it to a level (root mean square) in decibels below full scale.
    pub(super) fn at_level(mut self, dbfs: f32) -> Self {
        let power: f64 = self.0.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        let rms = (power / self.0.len().max(1) as f64).sqrt() as f32;
        if rms > 0.0 {
            let gain = decibels(dbfs) / rms;
            self.0.iter_mut().for_each(|sample| *sample *= gain);
        }
        self
    }

    /// Bends peaks that are more than `headroom` decibels above the level.
    pub(super) fn softened(self, headroom: f32) -> Self {
        let ceiling = decibels(headroom);
        let mut sound = self.at_level(0.0);
        for sample in &mut sound.0 {
            *sample = ceiling * (*sample / ceiling).tanh();
        }
        sound
    }

    pub(super) fn with(mut self, other: &Self) -> Self {
        for (sample, other) in self.0.iter_mut().zip(&other.0) {
            *sample += other;
        }
        self
    }

    /// Adds a clip that begins at `seconds`.
    pub(super) fn add_at(&mut self, seconds: f32, clip: &[f32], gain: f32) {
        let length = self.0.len();
        let start = (seconds * HZ).round() as usize;
        for (index, sample) in clip.iter().enumerate() {
            self.0[(start + index) % length] += sample * gain;
        }
    }

    /// A room: `count` echoes within `seconds`, each weaker the later it comes.
    pub(super) fn in_a_room(self, seconds: f32, count: usize, random: &mut Random) -> Self {
        let length = self.0.len();
        let mut out = self.clone();
        for _ in 0..count {
            let share = random.unit();
            let delay = ((0.004 + share * seconds) * HZ) as usize;
            let sign = random.one_of(&[-1.0, 1.0]);
            let gain = sign * 0.45 * (-3.5 * share).exp();
            let (early, late) = self.0.split_at(length - delay);
            let (wrapped, straight) = out.0.split_at_mut(delay);
            for (sample, source) in straight.iter_mut().zip(early) {
                *sample += source * gain;
            }
            for (sample, source) in wrapped.iter_mut().zip(late) {
                *sample += source * gain;
            }
        }
        out
    }

    /// 16-bit samples; what is louder than full scale is clipped.
    pub(super) fn into_samples(self) -> Vec<i16> {
        self.0
            .into_iter()
            .map(|sample| (sample * 32_768.0).round() as i16)
            .collect()
    }
}

/// A slow wandering between `low` and `high` with `turns` turning points in the loop, without a
/// seam: what it is at each share of the loop.
pub(super) fn wandering(
    turns: usize,
    low: f32,
    high: f32,
    random: &mut Random,
) -> impl Fn(f32) -> f32 + use<> {
    let points: Vec<f32> = (0..turns).map(|_| random.between(low, high)).collect();
    move |share| {
        let place = share * points.len() as f32;
        let before = place as usize % points.len();
        let after = (before + 1) % points.len();
        let blend = (1.0 - (PI * place.fract()).cos()) / 2.0;
        points[before] + (points[after] - points[before]) * blend
    }
}

/// An amplitude.
pub(super) fn decibels(db: f32) -> f32 {
    10.0_f32.powf(db / 20.0)
}
