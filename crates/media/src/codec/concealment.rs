//! What to play for a lost packet where the codec itself cannot tell: the last 20 ms, first
//! backwards, then forwards, and so on, so that there is no step at any join, and softer each time.

use crate::SampleRate;

/// Frames after which there is only silence.
const FRAMES_MAX: u32 = 4;

/// Remembers the last 20 ms that were decoded.
#[derive(Debug, Clone)]
pub(super) struct Concealment {
    last: Vec<i16>,
    lost: u32,
}

impl Concealment {
    pub(super) fn new(rate: SampleRate) -> Self {
        Self {
            last: vec![0; rate.frame_samples()],
            lost: 0,
        }
    }

    /// Audio that did arrive.
    pub(super) fn note(&mut self, samples: &[i16]) {
        let count = samples.len().min(self.last.len());
        self.last.rotate_left(count);
        let kept = self.last.len() - count;
        self.last[kept..].copy_from_slice(&samples[samples.len() - count..]);
        self.lost = 0;
    }

    /// Adds 20 ms in place of a lost packet.
    pub(super) fn conceal(&mut self, out: &mut Vec<i16>) {
        let count = self.last.len();
        if self.lost >= FRAMES_MAX {
            out.extend(std::iter::repeat_n(0, count));
            return;
        }
        let is_backwards = self.lost.is_multiple_of(2);
        let steps = (FRAMES_MAX as usize * count) as f32;
        let done = self.lost as usize * count;
        out.extend((0..count).map(|index| {
            let sample = self.last[if is_backwards {
                count - 1 - index
            } else {
                index
            }];
            let gain = 1.0 - (done + index) as f32 / steps;
            (f32::from(sample) * gain) as i16
        }));
        self.lost += 1;
    }
}
