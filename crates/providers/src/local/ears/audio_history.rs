//! The newest stretch of a call's audio, by position.

use std::collections::VecDeque;

/// Keeps the last samples that were pushed. It allocates once, when it is made.
#[derive(Debug, Clone)]
pub(super) struct AudioHistory {
    samples: VecDeque<f32>,
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
        self.samples.extend(samples);
    }

    /// The samples from position `from` to the newest; fewer where the oldest are gone.
    pub(super) fn since(&self, from: u64) -> Vec<f32> {
        let wanted = usize::try_from(self.end.saturating_sub(from)).unwrap_or(usize::MAX);
        let skipped = self.samples.len().saturating_sub(wanted);
        self.samples.range(skipped..).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_newest_and_counts_all() {
        let mut history = AudioHistory::new(4);
        history.push(&[1.0, 2.0, 3.0]);
        history.push(&[4.0, 5.0]);
        assert_eq!(history.end(), 5);
        assert_eq!(history.since(3), [4.0, 5.0]);
        assert_eq!(history.since(0), [2.0, 3.0, 4.0, 5.0]);
        assert!(history.since(5).is_empty() && history.since(99).is_empty());
        history.push(&[6.0; 9]);
        assert_eq!((history.end(), history.since(0).len()), (14, 4));
    }
}
