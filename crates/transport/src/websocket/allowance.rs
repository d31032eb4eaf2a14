//! How much audio a client may send: as fast as speech, with some ahead. Reads no clock.

use std::time::Duration;

use offhook_media::FRAME_DURATION;

/// Credit in audio time: it fills with the time that passes, up to a limit, and empties with the
/// audio that comes.
#[derive(Debug)]
pub(crate) struct AudioAllowance {
    credit: Duration,
    credit_max: Duration,
    updated: Duration,
}

impl AudioAllowance {
    pub(crate) fn new(ahead_max: Duration) -> Self {
        let credit_max = ahead_max.max(FRAME_DURATION);
        Self {
            credit: credit_max,
            credit_max,
            updated: Duration::ZERO,
        }
    }

    /// Whether a frame may come at `now`, the time since the session began.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.updated);
        self.updated = self.updated.max(now);
        // A little more than real time, so that a client's fast clock does not lose frames.
        self.credit = (self.credit + passed + passed / 50).min(self.credit_max);
        match self.credit.checked_sub(FRAME_DURATION) {
            Some(rest) => {
                self.credit = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_at_its_own_pace_always_passes() {
        let mut allowance = AudioAllowance::new(Duration::from_millis(100));
        assert!((0..10_000_u64).all(|k| allowance.take(Duration::from_micros(k * 19_700))));
    }

    #[test]
    fn a_flood_is_cut_to_what_may_be_ahead() {
        let mut allowance = AudioAllowance::new(Duration::from_secs(1));
        let passed = (0..1_000)
            .filter(|_| allowance.take(Duration::ZERO))
            .count();
        assert_eq!(passed, 50);
        assert!(allowance.take(Duration::from_millis(20)));
        assert!(!allowance.take(Duration::from_millis(20)));
        let later = (0..1_000)
            .filter(|_| allowance.take(Duration::from_secs(3_600)))
            .count();
        assert_eq!(later, 50);
    }
}
