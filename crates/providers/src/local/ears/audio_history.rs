//! The newest stretch of a call's audio, by position. It is kept as it came over the line, in 16 bits
//! a sample: half of what the models take, and many calls keep seconds of it.

use std::collections::VecDeque;

/// What 1 is in 16 bits.
const FULL_SCALE: f32 = 32_768.0;

/// Keeps the last samples that were pushed. It allocates once, when it is made.
#[derive(Debug, Clone)]
pub(super) struct AudioHistory {
    samples: VecDeque<i16>,
    capacity: usize,
    end: u64,
}

impl AudioHistory {
    /// Room for `capacity` samples.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            samples: VecDeque::with_capacity(capacity),
            capacity,
            end: 0,
        }
    }

    /// How many samples were ever pushed.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn push(&mut self, samples: &[f32]) {
        self.end += samples.len() as u64;
        let samples = &samples[samples.len().saturating_sub(self.capacity)..];
        let surplus = (self.samples.len() + samples.len()).saturating_sub(self.capacity);
        self.samples.drain(..surplus);
        let kept = samples.iter().map(|sample| (sample * FULL_SCALE) as i16);
        self.samples.extend(kept);
    }

    /// The samples from position `from` to the newest; fewer where the oldest are gone.
    pub(super) fn since(&self, from: u64) -> Vec<f32> {
        let wanted = usize::try_from(self.end.saturating_sub(from)).unwrap_or(usize::MAX);
        let skipped = self.samples.len().saturating_sub(wanted);
        let kept = self.samples.range(skipped..);
        kept.map(|&sample| f32::from(sample) / FULL_SCALE).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_newest_and_counts_all() {
        let mut history = AudioHistory::new(4);
        history.push(&[0.1, 0.25, -0.5]);
        history.push(&[0.75, -1.0]);
        assert_eq!(history.end(), 5);
        assert_eq!(history.since(3), [0.75, -1.0]);
        assert_eq!(history.since(0), [0.25, -0.5, 0.75, -1.0]);
        assert!(history.since(5).is_empty() && history.since(99).is_empty());
        history.push(&[0.5; 9]);
        assert_eq!((history.end(), history.since(0).len()), (14, 4));
    }
}
