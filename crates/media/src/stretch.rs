//! Speech made slower or faster at the same pitch.
//!
//! WSOLA: W. Verhelst and M. Roelands, "An overlap-add technique based on waveform similarity
//! (WSOLA) for high quality time-scale modification of speech", ICASSP 1993. Output is put
//! together from steps of 20 ms of input. Each step is taken near the place that the speed asks
//! for, exactly where the waveform goes on most like what came before, and blended in over 10 ms.

mod search;

use std::time::Duration;

use crate::SampleRate;
use search::Search;

/// The slowest.
pub const SPEED_MIN: f32 = 0.5;

/// The fastest.
pub const SPEED_MAX: f32 = 2.0;

/// Output made in one step.
const STEP: Duration = Duration::from_millis(20);

/// How long a step is blended with the one before.
const BLEND: Duration = Duration::from_millis(10);

/// How far to each side a better place is looked for: both sides hold a period of 63 Hz.
const REACH: Duration = Duration::from_millis(8);

/// Changes the speed of an utterance that comes in chunks of any size.
///
/// State is kept between chunks. [`Stretcher::flush`] gives what is left: then exactly
/// `n / speed` samples, rounded, have come out for the `n` that went in, the last of them the last
/// of the input. At speed 1 samples pass unchanged and at once. After the first second nothing is
/// allocated but what `out` lacks.
#[derive(Debug)]
pub struct Stretcher {
    speed: f64,
    step: usize,
    blend: usize,
    search: Search,
    /// The newest input; its first sample is number `start` of the utterance.
    input: Vec<f32>,
    start: usize,
    /// Samples of the utterance that went in.
    taken: usize,
    /// Samples that came out.
    given: usize,
    /// Where the input goes on that was used last.
    natural: usize,
}

impl Stretcher {
    /// A stretcher for audio at `rate`. A speed of 2 halves the duration; beyond
    /// [`SPEED_MIN`] to [`SPEED_MAX`] the nearer end is taken, and 1 for what is no number.
    #[must_use]
    pub fn new(rate: SampleRate, speed: f32) -> Self {
        let samples = |duration| rate.samples_in(duration) as usize;
        let speed = if speed.is_nan() { 1.0 } else { speed };
        Self {
            speed: f64::from(speed.clamp(SPEED_MIN, SPEED_MAX)),
            step: samples(STEP),
            blend: samples(BLEND),
            search: Search::new(rate, samples(REACH), samples(BLEND)),
            input: Vec::with_capacity(rate.hz() as usize),
            start: 0,
            taken: 0,
            given: 0,
            natural: 0,
        }
    }

    /// The speed.
    #[must_use]
    pub const fn speed(&self) -> f64 {
        self.speed
    }

    /// Where in the output sample `position` of the utterance is heard.
    #[must_use]
    pub fn output_position(&self, position: usize) -> usize {
        (position as f64 / self.speed).round() as usize
    }

    /// Samples of the utterance that went in since the last flush.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.taken
    }

    /// Samples that came out since the last flush.
    #[must_use]
    pub const fn given(&self) -> usize {
        self.given
    }

    /// How many samples `out` needs room for, at most, when `count` go in, or on a flush
    /// (`count` 0).
    #[must_use]
    pub fn output_samples_max(&self, count: usize) -> usize {
        let inside = self.taken - self.start;
        self.output_position(inside + count) + 2 * self.step
    }

    /// Takes all of `input` and adds what can be told of it to `out`.
    pub fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        self.taken += input.len();
        if self.speed == 1.0 {
            self.given += input.len();
            out.extend_from_slice(input);
            return;
        }
        self.input
            .extend(input.iter().map(|sample| f32::from(*sample)));
        loop {
            let ideal = self.ideal();
            let seen = ideal + self.search.reach() + self.step;
            let used = ((self.given + self.step) as f64 * self.speed).ceil() as usize;
            let needed = seen.max(used).max(self.natural + self.blend);
            if needed > self.taken {
                break;
            }
            let place = self.place(ideal);
            self.emit(place, self.step, out);
        }
        self.forget();
    }

    /// The utterance is over: adds all that is still inside to `out` and starts anew.
    pub fn flush(&mut self, out: &mut Vec<i16>) {
        if self.speed != 1.0 {
            let due = self.output_position(self.taken);
            let silence = 2 * self.step + self.search.reach() + self.natural.abs_diff(self.taken);
            self.input.resize(self.input.len() + silence, 0.0);
            while due - self.given > self.step {
                let place = self.place(self.ideal());
                self.emit(place, self.step, out);
            }
            let rest = due - self.given;
            let is_first = self.given == 0;
            let last = self.taken.saturating_sub(rest).max(self.start);
            self.emit(if is_first { 0 } else { last }, rest, out);
        }
        self.reset();
    }

    /// Forgets all audio.
    pub fn reset(&mut self) {
        self.input.clear();
        (self.start, self.taken, self.given, self.natural) = (0, 0, 0, 0);
    }

    /// Where the next step lies in the input, were there no blending.
    fn ideal(&self) -> usize {
        (self.given as f64 * self.speed).round() as usize
    }

    /// Where the next step is taken from.
    fn place(&self, ideal: usize) -> usize {
        if self.given == 0 {
            return ideal;
        }
        let ideal = ideal.saturating_sub(self.start);
        let natural = self.natural - self.start;
        self.start + self.search.best(&self.input, natural, ideal)
    }

    /// Makes `count` samples out of the input from `place` on.
    fn emit(&mut self, place: usize, count: usize, out: &mut Vec<i16>) {
        let from = place - self.start;
        let blend = if self.given == 0 || place == self.natural {
            0
        } else {
            self.blend.min(count)
        };
        let before = &self.input[self.natural - self.start..][..blend];
        let after = &self.input[from..];
        let likeness = search::likeness(before, &after[..blend]).max(0.0);
        for index in 0..blend {
            let share = (index as f32 + 0.5) / blend as f32;
            let share = share * share * (3.0 - 2.0 * share);
            let rest = 1.0 - share;
            // What is not alike adds up in power and not in amplitude.
            let power = share * share + rest * rest + 2.0 * share * rest * likeness;
            let sum = before[index] * rest + after[index] * share;
            out.push(quantised(sum / power.sqrt()));
        }
        out.extend(after[blend..count].iter().map(|sample| quantised(*sample)));
        self.given += count;
        self.natural = place + count;
    }

    /// Drops input that no later step can reach.
    fn forget(&mut self) {
        let earliest = self
            .ideal()
            .saturating_sub(self.search.reach())
            .min(self.natural);
        let count = earliest.saturating_sub(self.start).min(self.input.len());
        self.input.drain(..count);
        self.start += count;
    }
}

fn quantised(sample: f32) -> i16 {
    // `as` saturates.
    sample.round() as i16
}

#[cfg(test)]
mod tests;
