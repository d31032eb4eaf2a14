//! One frame in, one frame out: for audio that never ends, such as a caller's.

use super::engine::{Engine, quantised};
use crate::{Frame, SampleRate};

/// Samples kept ready where chunks vary in size, so that no frame has to wait for the next.
const MARGIN: usize = 2;

/// Turns each frame at one rate into a frame at another, later by [`FrameResampler::delay`]
/// samples. Where the rates are the same it passes frames through.
///
/// After construction nothing is allocated.
pub struct FrameResampler {
    from: SampleRate,
    to: SampleRate,
    engine: Option<Engine>,
    /// Silence put in front, because the first chunk comes out short of a frame.
    priming: usize,
    ready: Vec<i16>,
}

impl FrameResampler {
    /// A converter with silence before its first sample.
    #[must_use]
    pub fn new(from: SampleRate, to: SampleRate) -> Self {
        let engine =
            (from != to).then(|| Engine::streaming(from.hz(), to.hz(), from.frame_samples()));
        let room = engine
            .as_ref()
            .map_or(0, |engine| engine.output_max() * 2 + MARGIN);
        let priming = engine.as_ref().map_or(0, |engine| {
            to.frame_samples().saturating_sub(engine.next_output()) + MARGIN
        });
        let ready = Vec::with_capacity(room + priming);
        let mut resampler = Self {
            from,
            to,
            engine,
            priming,
            ready,
        };
        resampler.prime();
        resampler
    }

    /// The rate of the frames that come in.
    #[must_use]
    pub const fn from(&self) -> SampleRate {
        self.from
    }

    /// The rate of the frames that go out.
    #[must_use]
    pub const fn to(&self) -> SampleRate {
        self.to
    }

    /// Samples at the outgoing rate by which the audio comes late.
    #[must_use]
    pub fn delay(&self) -> usize {
        self.engine
            .as_ref()
            .map_or(0, |engine| engine.delay() + self.priming)
    }

    /// The next frame at the outgoing rate. A frame of a wrong rate is taken as silence, which
    /// keeps the timing.
    pub fn process(&mut self, frame: &Frame) -> Frame {
        let Some(engine) = &mut self.engine else {
            return *frame;
        };
        engine.input.fill(0.0);
        if frame.rate() == self.from {
            for (slot, sample) in engine.input.iter_mut().zip(frame.samples()) {
                *slot = f32::from(*sample);
            }
        }
        self.ready
            .extend(engine.run().iter().copied().map(quantised));
        let count = self.to.frame_samples().min(self.ready.len());
        let out = Frame::padded(self.to, &self.ready[..count]);
        self.ready.drain(..count);
        out
    }

    /// What is still inside, as one frame, and starts anew. Call it where audio ends.
    pub fn flush(&mut self) -> Option<Frame> {
        self.engine.as_ref()?;
        let tail = self.process(&Frame::silence(self.from));
        self.reset();
        Some(tail)
    }

    /// Forgets all audio.
    pub fn reset(&mut self) {
        if let Some(engine) = &mut self.engine {
            engine.reset();
        }
        self.prime();
    }

    fn prime(&mut self) {
        self.ready.clear();
        self.ready.resize(self.priming, 0);
    }
}

impl std::fmt::Debug for FrameResampler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FrameResampler({} to {})", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_rate_passes_through() {
        let mut resampler = FrameResampler::new(SampleRate::HZ_8000, SampleRate::HZ_8000);
        let frame = Frame::padded(SampleRate::HZ_8000, &[1, 2, 3]);
        assert_eq!(resampler.process(&frame), frame);
        assert_eq!(resampler.delay(), 0);
        assert_eq!(resampler.flush(), None);
    }
}
