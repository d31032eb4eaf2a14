//! What is done to sounds before they are played: levels, edges, filters, rooms. All sounds are
//! mono at 16 kHz with full scale ±1 until they go to a leg.

use std::f32::consts::{PI, TAU};
use std::ops::Range;

use offhook_media::{RateOutOfRange, SampleRate, resample_all};

use crate::random::Random;

/// Samples a second.
pub(crate) const HZ: usize = 16_000;
/// Samples a millisecond.
pub(crate) const PER_MS: usize = HZ / 1_000;
/// Windows by which loudness is looked at: 10 ms.
const WINDOW: usize = 10 * PER_MS;
/// A window is sound where it is louder than this share of the loudest one (−34 dB).
const SOUND_SHARE: f32 = 0.02;
/// Quieter than this there is no sound at all (−66 dBFS).
const SILENCE: f32 = 0.0005;

/// A sound and where in it the first and the last bit of loudness lie.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sound {
    pub(crate) samples: Vec<f32>,
    pub(crate) span: Range<usize>,
}

pub(crate) const fn in_ms(ms: u64) -> usize {
    ms as usize * PER_MS
}

/// The factor of amplitude that `decibels` are.
pub(crate) fn amplitude(decibels: f32) -> f32 {
    10_f32.powf(decibels / 20.0)
}

pub(crate) fn rms(samples: &[f32]) -> f32 {
    let energy: f32 = samples.iter().map(|sample| sample * sample).sum();
    (energy / samples.len().max(1) as f32).sqrt()
}

fn windows(samples: &[f32]) -> Vec<f32> {
    samples.chunks(WINDOW).map(rms).collect()
}

/// The loudness of what is not silence, in dB of full scale; `None` where all of it is.
pub(crate) fn level(samples: &[f32]) -> Option<f32> {
    let windows = windows(samples);
    let peak = windows.iter().copied().fold(0.0, f32::max);
    if peak < SILENCE {
        return None;
    }
    let loud: Vec<f32> = windows.into_iter().filter(|it| *it > peak * 0.1).collect();
    let energy = loud.iter().map(|it| it * it).sum::<f32>() / loud.len() as f32;
    Some(10.0 * energy.log10())
}

/// Brings what is not silence to `dbfs`, but no peak over full scale.
pub(crate) fn bring_to(samples: &mut [f32], dbfs: f32) {
    let Some(now) = level(samples) else { return };
    let peak = samples
        .iter()
        .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let factor = amplitude(dbfs - now).min(0.98 / peak.max(1e-6));
    scale(samples, factor);
}

pub(crate) fn scale(samples: &mut [f32], factor: f32) {
    for sample in samples {
        *sample *= factor;
    }
}

/// Adds `from`, from sample `at` of `into` on, as far as there is room.
pub(crate) fn mix(into: &mut [f32], from: &[f32], at: usize, factor: f32) {
    for (sum, sample) in into.iter_mut().skip(at).zip(from) {
        *sum += sample * factor;
    }
}

/// Where the first and the last sound are; `None` where there is none.
pub(crate) fn span(samples: &[f32]) -> Option<Range<usize>> {
    let windows = windows(samples);
    let peak = windows.iter().copied().fold(0.0, f32::max);
    let mut sorted = windows.clone();
    sorted.sort_by(f32::total_cmp);
    // Where the recording is noisy its noise is no sound, and its loud part is no noise.
    let floor = sorted.get(sorted.len() / 20).copied().unwrap_or_default() * 3.0;
    let threshold = (peak * SOUND_SHARE).max(floor.min(peak * 0.1)).max(SILENCE);
    let first = windows.iter().position(|it| *it > threshold)?;
    let last = windows.iter().rposition(|it| *it > threshold)?;
    Some(first * WINDOW..((last + 1) * WINDOW).min(samples.len()))
}

impl Sound {
    /// The sound with 30 ms kept around it and soft edges; `None` where it is all silence.
    pub(crate) fn trimmed(samples: &[f32]) -> Option<Self> {
        Self::trimmed_from(samples).map(|(sound, _)| sound)
    }

    /// The same, and the sample at which it began.
    pub(crate) fn trimmed_from(samples: &[f32]) -> Option<(Self, usize)> {
        let found = span(samples)?;
        let margin = in_ms(30);
        let start = found.start.saturating_sub(margin);
        let end = (found.end + margin).min(samples.len());
        let mut samples = samples[start..end].to_vec();
        soften_edges(&mut samples, in_ms(5));
        let span = found.start - start..found.end - start;
        Some((Self { samples, span }, start))
    }

    pub(crate) fn length_ms(&self) -> u64 {
        ((self.span.end - self.span.start) / PER_MS) as u64
    }
}

/// A line of straight fades at both ends, so that a cut does not click.
pub(crate) fn soften_edges(samples: &mut [f32], length: usize) {
    let length = length.min(samples.len() / 2);
    let count = samples.len();
    for index in 0..length {
        let factor = index as f32 / length as f32;
        samples[index] *= factor;
        samples[count - 1 - index] *= factor;
    }
}

/// Where the sound is quietest for `length` samples within `range`; the middle of that.
pub(crate) fn quietest(samples: &[f32], range: Range<usize>, length: usize) -> Option<usize> {
    (range.start..range.end.min(samples.len()).saturating_sub(length))
        .step_by(5 * PER_MS)
        .map(|start| (start, rms(&samples[start..start + length])))
        .min_by(|one, other| one.1.total_cmp(&other.1))
        .map(|(start, _)| start + length / 2)
}

/// A first-order low-pass.
pub(crate) fn low_pass(samples: &mut [f32], hz: f32) {
    let share = 1.0 - (-TAU * hz / HZ as f32).exp();
    let mut held = 0.0;
    for sample in samples {
        held += share * (*sample - held);
        *sample = held;
    }
}

/// What a first-order low-pass takes away.
pub(crate) fn high_pass(samples: &mut [f32], hz: f32) {
    let mut low = samples.to_vec();
    low_pass(&mut low, hz);
    for (sample, low) in samples.iter_mut().zip(low) {
        *sample -= low;
    }
}

/// A resonance at `hz`, `width` Hz wide (a two-pole filter with gain 1 at its peak, about).
pub(crate) fn resonate(samples: &mut [f32], hz: f32, width: f32) {
    let radius = (-PI * width / HZ as f32).exp();
    let feedback = 2.0 * radius * (TAU * hz / HZ as f32).cos();
    let gain = (1.0 - radius) * 2.0;
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        let next = gain * *sample + feedback * last - radius * radius * before;
        (before, last) = (last, next);
        *sample = next;
    }
}

/// The sound in a room, from some metres away: `wet` of reflections over `decay_ms`, as loud as
/// before in all.
pub(crate) fn in_room(samples: &[f32], decay_ms: u64, wet: f32, random: &mut Random) -> Vec<f32> {
    const REFLECTIONS: usize = 48;
    let mut out = vec![0.0; samples.len() + in_ms(decay_ms)];
    mix(&mut out, samples, 0, 1.0 - wet);
    for _ in 0..REFLECTIONS {
        let place = random.share();
        let sign = if random.is(50) { 1.0 } else { -1.0 };
        let strength = wet * sign * (-4.0 * place).exp() * 0.4;
        mix(
            &mut out,
            samples,
            in_ms(8) + (place * in_ms(decay_ms - 8) as f32) as usize,
            strength,
        );
    }
    if let Some(before) = level(samples) {
        bring_to(&mut out, before);
    }
    out
}

/// Played faster or slower, so that the pitch is `factor` times as high.
pub(crate) fn at_pitch(samples: &[f32], factor: f32) -> Vec<f32> {
    // Whole hundreds keep the ratio simple, which the resampler likes.
    let from_hz = ((HZ as f32 * factor / 100.0).round() * 100.0) as u32;
    match resample_all(&pcm(samples), from_hz, SampleRate::HZ_16000) {
        Ok(samples) => floats(&samples),
        Err(_) => samples.to_vec(),
    }
}

/// 16-bit samples of a sound.
pub(crate) fn pcm(samples: &[f32]) -> Vec<i16> {
    let quantised = |sample: &f32| (sample * 32_767.0).round() as i16;
    samples.iter().map(quantised).collect()
}

/// The sound that 16-bit samples are.
pub(crate) fn floats(samples: &[i16]) -> Vec<f32> {
    let scaled = |sample: &i16| f32::from(*sample) / 32_768.0;
    samples.iter().map(scaled).collect()
}

/// The sound at the rate of a leg.
///
/// # Errors
/// [`RateOutOfRange`] never, in effect: the rates are those of legs.
pub(crate) fn at_rate(samples: &[f32], rate: SampleRate) -> Result<Vec<f32>, RateOutOfRange> {
    if rate == SampleRate::HZ_16000 {
        return Ok(samples.to_vec());
    }
    Ok(floats(&resample_all(&pcm(samples), HZ as u32, rate)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(ms: u64, level: f32) -> Vec<f32> {
        let wave = |index: usize| (TAU * 300.0 * index as f32 / HZ as f32).sin() * level;
        (0..in_ms(ms)).map(wave).collect()
    }

    fn padded(before_ms: u64, sound: &[f32], after_ms: u64) -> Vec<f32> {
        [
            vec![0.0; in_ms(before_ms)],
            sound.to_vec(),
            vec![0.0; in_ms(after_ms)],
        ]
        .concat()
    }

    #[test]
    fn the_first_and_the_last_sound_are_found() {
        let sound = padded(200, &tone(500, 0.2), 300);
        assert_eq!(span(&sound), Some(in_ms(200)..in_ms(700)));
        let trimmed = Sound::trimmed(&sound).unwrap();
        assert_eq!(trimmed.samples.len(), in_ms(560));
        assert_eq!(trimmed.length_ms(), 500);
        assert!(Sound::trimmed(&[0.0; 4_000]).is_none());
    }

    #[test]
    fn silence_does_not_count_for_the_level() {
        let mut sound = padded(2_000, &tone(500, 0.5), 2_000);
        bring_to(&mut sound, -23.0);
        assert!((level(&sound).unwrap() + 23.0).abs() < 0.1);
        // A peak over full scale is never made.
        bring_to(&mut sound, 3.0);
        assert!(sound.iter().all(|sample| sample.abs() <= 0.981));
    }

    #[test]
    fn the_quietest_place_is_between_the_words() {
        let sound = [tone(300, 0.3), vec![0.0; in_ms(80)], tone(300, 0.3)].concat();
        let found = quietest(&sound, in_ms(100)..in_ms(600), in_ms(60)).unwrap();
        assert!((in_ms(320)..in_ms(360)).contains(&found), "{found}");
    }

    #[test]
    fn a_room_keeps_the_level_and_rings_on() {
        let sound = tone(400, 0.2);
        let heard = in_room(&sound, 300, 0.6, &mut Random::new(1));
        let change = level(&heard).unwrap() - level(&sound).unwrap();
        assert!(change.abs() < 1.0, "{change}");
        assert!(rms(&heard[in_ms(420)..in_ms(500)]) > 0.001);
    }

    #[test]
    fn filters_take_their_side_away() {
        let passed = |filter: fn(&mut [f32], f32), hz: f32| {
            let mut sound = tone(500, 0.5);
            filter(&mut sound, hz);
            rms(&sound)
        };
        assert!(passed(low_pass, 50.0) < 0.1 && passed(low_pass, 3_000.0) > 0.3);
        assert!(passed(high_pass, 3_000.0) < 0.1 && passed(high_pass, 50.0) > 0.3);
    }
}
