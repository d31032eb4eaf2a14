//! Cuts a stream of samples of any chunk size into frames. Does not resample.

use crate::{Frame, SampleRate};

/// Collects samples and gives them back as whole frames.
///
/// It allocates only when a push is larger than any before it.
#[derive(Debug, Clone)]
pub struct Framer {
    rate: SampleRate,
    samples: Vec<i16>,
    taken: usize,
}

impl Framer {
    /// An empty one, with room for ten frames.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            samples: Vec::with_capacity(rate.frame_samples() * 10),
            taken: 0,
        }
    }

    /// Adds samples behind those that wait.
    pub fn push(&mut self, samples: &[i16]) {
        self.samples.drain(..self.taken);
        self.taken = 0;
        self.samples.extend_from_slice(samples);
    }

    /// The next whole frame, `None` until there is one.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let end = self.taken + self.rate.frame_samples();
        let frame = Frame::padded(self.rate, self.samples.get(self.taken..end)?);
        self.taken = end;
        Some(frame)
    }

    /// What is left, the last frame filled up with silence. Call it until it gives `None`.
    pub fn flush(&mut self) -> Option<Frame> {
        if let Some(frame) = self.next_frame() {
            return Some(frame);
        }
        let rest = self
            .samples
            .get(self.taken..)
            .filter(|rest| !rest.is_empty());
        let frame = rest.map(|rest| Frame::padded(self.rate, rest));
        self.clear();
        frame
    }

    /// Samples that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.samples.len() - self.taken
    }

    /// Drops what waits.
    pub fn clear(&mut self) {
        self.samples.clear();
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_chunks_come_out_as_frames_in_order() {
        let mut framer = Framer::new(SampleRate::HZ_8000);
        let input: Vec<i16> = (0..1_000).collect();
        let mut output = Vec::new();
        for chunk in input.chunks(37) {
            framer.push(chunk);
            while let Some(frame) = framer.next_frame() {
                output.extend_from_slice(frame.samples());
            }
        }
        assert_eq!(framer.waiting(), 1_000 % 160);
        output.extend_from_slice(framer.flush().unwrap().samples());
        assert_eq!(output[..1_000], input);
        assert_eq!(output.len(), 1_120);
        assert_eq!(framer.flush(), None);
    }

    #[test]
    fn flushing_before_taking_loses_nothing() {
        let mut framer = Framer::new(SampleRate::HZ_8000);
        framer.push(&[1; 170]);
        assert_eq!(framer.flush().unwrap().samples(), [1; 160]);
        assert_eq!(
            framer.flush().unwrap().samples()[..11],
            [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]
        );
        assert_eq!(framer.flush(), None);
    }
}
