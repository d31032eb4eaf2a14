//! How long this call's recognition takes from the end of speech to its final transcript: the
//! 99th percentile of the newest ones, learned as the call goes. What comes later than that is
//! not worth waiting for.

use std::time::Duration;

/// Delays that are remembered. Of so few, the 99th percentile by nearest rank is the largest.
const DELAYS: usize = 64;
/// Delays before anything is made of them.
const DELAYS_MIN: u32 = 5;

/// The newest delays, in microseconds.
#[derive(Debug)]
pub(crate) struct TranscriptDelay {
    cap: Duration,
    delays: [u32; DELAYS],
    /// Delays learned so far.
    count: u32,
    deadline: Duration,
}

impl TranscriptDelay {
    /// `cap` is the deadline while nothing is known, and the longest at any time.
    pub(crate) fn new(cap: Duration) -> Self {
        Self {
            cap,
            delays: [0; DELAYS],
            count: 0,
            deadline: cap,
        }
    }

    /// A final transcript came this long after the end of speech, in time or not. One that never
    /// comes teaches nothing: to wait longer would not have helped.
    pub(crate) fn learn(&mut self, delay: Duration) {
        let delay = u32::try_from(delay.min(self.cap).as_micros()).unwrap_or(u32::MAX);
        self.delays[self.count as usize % DELAYS] = delay;
        self.count = self.count.saturating_add(1);
        self.deadline = self.estimate();
    }

    /// How long after the end of speech a transcript is waited for.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The fewer are known, the nearer to the cap.
    fn estimate(&self) -> Duration {
        if self.count < DELAYS_MIN {
            return self.cap;
        }
        let largest = self.delays.iter().copied().max().unwrap_or_default();
        let largest = Duration::from_micros(u64::from(largest));
        let room = self.cap.saturating_sub(largest);
        let deadline = largest + room * DELAYS_MIN / self.count;
        // Whole milliseconds, rounded up, read better in a reason.
        let millis = deadline.as_micros().div_ceil(1_000);
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const CAP: Duration = millis(1_200);

    fn after(delays: impl Iterator<Item = u64>) -> Duration {
        let mut delay = TranscriptDelay::new(CAP);
        delays.for_each(|millis_| delay.learn(millis(millis_)));
        delay.deadline()
    }

    #[test]
    fn a_few_delays_are_no_rule() {
        assert_eq!(after(std::iter::empty()), CAP);
        assert_eq!(after(std::iter::repeat_n(150, 4)), CAP);
    }

    #[test]
    fn the_deadline_falls_to_what_recognition_needs() {
        assert_eq!(after(std::iter::repeat_n(200, 10)), millis(700));
        assert_eq!(after(std::iter::repeat_n(200, 50)), millis(300));
    }

    #[test]
    fn it_is_never_beyond_the_cap_nor_below_what_was_seen() {
        assert_eq!(after(std::iter::repeat_n(60_000, 100)), CAP);
        let mixed = after((0..100).map(|number| if number == 80 { 900 } else { 100 }));
        assert!(mixed >= millis(900) && mixed < millis(950), "{mixed:?}");
    }

    #[test]
    fn an_old_delay_is_forgotten() {
        let since = after((0..200).map(|number| if number == 0 { 1_100 } else { 100 }));
        assert!(since < millis(150), "{since:?}");
    }
}
