//! Chunks of any size in, as many samples as belong to them out: for utterances and files.

use super::engine::{Engine, quantised};
use crate::SampleRate;

/// The lowest rate that a file may have.
pub const FILE_RATE_HZ_MIN: u32 = 1_000;
/// The highest rate that a file may have.
pub const FILE_RATE_HZ_MAX: u32 = 384_000;

/// A rate that no file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot resample from {hz} Hz: use a rate from {FILE_RATE_HZ_MIN} to {FILE_RATE_HZ_MAX} Hz"
)]
pub struct RateOutOfRange {
    /// The rate that was asked for.
    pub hz: u32,
}

/// Converts an utterance that comes in chunks of any size.
///
/// What comes out is aligned with what went in: the filter's delay is cut from the front and made
/// up for by [`Resampler::flush`], after which exactly `n × to / from` samples, rounded, have come
/// out for the `n` that went in. After construction nothing is allocated but what `out` lacks.
pub struct Resampler {
    from_hz: u32,
    to: SampleRate,
    engine: Option<Engine>,
    /// Samples of the chunk that is being filled.
    filled: usize,
    taken: u64,
    given: u64,
    trim: usize,
}

impl Resampler {
    /// A converter for a stream, with chunks of 10 ms inside.
    #[must_use]
    pub fn new(from: SampleRate, to: SampleRate) -> Self {
        let chunk = from.frame_samples() / 2;
        let engine = (from != to).then(|| Engine::streaming(from.hz(), to.hz(), chunk));
        Self::around(from.hz(), to, engine)
    }

    /// A converter for a file, which may have any rate.
    ///
    /// # Errors
    /// [`RateOutOfRange`] below [`FILE_RATE_HZ_MIN`] or above [`FILE_RATE_HZ_MAX`].
    pub fn for_file(from_hz: u32, to: SampleRate) -> Result<Self, RateOutOfRange> {
        if !(FILE_RATE_HZ_MIN..=FILE_RATE_HZ_MAX).contains(&from_hz) {
            return Err(RateOutOfRange { hz: from_hz });
        }
        let engine = (from_hz != to.hz()).then(|| Engine::file(from_hz, to.hz()));
        Ok(Self::around(from_hz, to, engine))
    }

    fn around(from_hz: u32, to: SampleRate, engine: Option<Engine>) -> Self {
        let trim = engine.as_ref().map_or(0, Engine::delay);
        Self {
            from_hz,
            to,
            engine,
            filled: 0,
            taken: 0,
            given: 0,
            trim,
        }
    }

    /// The rate of what goes in, in hertz.
    #[must_use]
    pub const fn from_hz(&self) -> u32 {
        self.from_hz
    }

    /// The rate of what comes out.
    #[must_use]
    pub const fn to(&self) -> SampleRate {
        self.to
    }

    /// How many samples `out` needs room for, at most, when `count` go in, or on a flush
    /// (`count` 0).
    #[must_use]
    pub fn output_samples_max(&self, count: usize) -> usize {
        self.engine.as_ref().map_or(count, |engine| {
            let chunks = count / engine.chunk() + 2 + engine.delay() / engine.next_output().max(1);
            chunks * engine.output_max()
        })
    }

    /// Takes all of `input` and adds what can be told of it to `out`.
    pub fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        self.taken += input.len() as u64;
        let Some(engine) = &mut self.engine else {
            out.extend_from_slice(input);
            return;
        };
        let chunk = engine.chunk();
        let mut rest = input;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(chunk - self.filled));
            for (slot, sample) in engine.input[self.filled..].iter_mut().zip(now) {
                *slot = f32::from(*sample);
            }
            self.filled += now.len();
            rest = later;
            if self.filled == chunk {
                self.filled = 0;
                let output = engine.run();
                let skipped = self.trim.min(output.len());
                self.trim -= skipped;
                self.given += (output.len() - skipped) as u64;
                out.extend(output[skipped..].iter().copied().map(quantised));
            }
        }
    }

    /// The utterance is over: adds all that is still inside to `out` and starts anew.
    pub fn flush(&mut self, out: &mut Vec<i16>) {
        let (from, to) = (u64::from(self.from_hz), u64::from(self.to.hz()));
        let due = (self.taken * to + from / 2) / from;
        if let Some(engine) = &mut self.engine {
            let mut filled = self.filled;
            while self.given < due {
                engine.input[filled..].fill(0.0);
                filled = 0;
                let output = engine.run();
                let skipped = self.trim.min(output.len());
                self.trim -= skipped;
                let missing = usize::try_from(due - self.given).unwrap_or(usize::MAX);
                let count = missing.min(output.len() - skipped);
                self.given += count as u64;
                out.extend(
                    output[skipped..skipped + count]
                        .iter()
                        .copied()
                        .map(quantised),
                );
            }
        }
        self.reset();
    }

    /// Forgets all audio.
    pub fn reset(&mut self) {
        (self.filled, self.taken, self.given) = (0, 0, 0);
        if let Some(engine) = &mut self.engine {
            engine.reset();
            self.trim = engine.delay();
        }
    }
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Resampler({} Hz to {})", self.from_hz, self.to)
    }
}

/// Converts a whole file's samples at once, from any rate.
///
/// # Errors
/// [`RateOutOfRange`] below [`FILE_RATE_HZ_MIN`] or above [`FILE_RATE_HZ_MAX`].
pub fn resample_all(
    samples: &[i16],
    from_hz: u32,
    to: SampleRate,
) -> Result<Vec<i16>, RateOutOfRange> {
    let mut resampler = Resampler::for_file(from_hz, to)?;
    let mut out = Vec::with_capacity(
        resampler.output_samples_max(samples.len()) + resampler.output_samples_max(0),
    );
    resampler.process(samples, &mut out);
    resampler.flush(&mut out);
    Ok(out)
}

#[cfg(test)]
mod tests;
