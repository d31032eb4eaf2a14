//! The audio that goes to the server, and the last seconds of it, in case that it has to go once
//! more. Positions are samples since the call began.

use std::collections::VecDeque;

/// Milliseconds of audio that are kept: a sentence, and the time in which it is noticed that nobody
/// hears it.
const KEPT_MS: usize = 4_000;
/// Milliseconds of audio that are kept at most, where that is wanted.
const KEPT_MAX_MS: usize = 30_000;

#[derive(Debug)]
pub(super) struct Outbox {
    samples: VecDeque<i16>,
    kept: usize,
    kept_max: usize,
    message_max: usize,
    end: u64,
    next: u64,
}

impl Outbox {
    /// For messages that are no longer than `message_ms`.
    pub(super) fn new(hz: u32, message_ms: u32) -> Self {
        let samples_in = |ms: usize| hz as usize * ms / 1_000;
        Self {
            samples: VecDeque::with_capacity(samples_in(KEPT_MS)),
            kept: samples_in(KEPT_MS),
            kept_max: samples_in(KEPT_MAX_MS),
            message_max: samples_in(message_ms as usize),
            end: 0,
            next: 0,
        }
    }

    /// Takes audio; the oldest makes place, but that from `wanted_from` on as late as can be.
    pub(super) fn push(&mut self, samples: &[i16], wanted_from: Option<u64>) {
        let wanted = self.end - wanted_from.unwrap_or(self.end).min(self.end);
        let kept = (wanted as usize + samples.len()).clamp(self.kept, self.kept_max);
        let excess = (self.samples.len() + samples.len()).saturating_sub(kept);
        self.samples.drain(..excess.min(self.samples.len()));
        self.samples.extend(samples);
        self.end += samples.len() as u64;
    }

    /// The oldest sample that is kept.
    pub(super) fn start(&self) -> u64 {
        self.end - self.samples.len() as u64
    }

    /// What is sent next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// How much there is to send.
    pub(super) fn waiting(&self) -> u64 {
        self.end - self.next
    }

    /// What comes before `position` is not sent.
    pub(super) fn skip_to(&mut self, position: u64) {
        self.next = self.next.max(position.min(self.end));
    }

    /// Whether audio made place before it was sent.
    pub(super) fn is_behind(&self) -> bool {
        self.next < self.start()
    }

    /// Sends from `position` on, or from what is kept; gives from where.
    pub(super) fn rewind(&mut self, position: u64) -> u64 {
        self.next = position.clamp(self.start(), self.end);
        self.next
    }

    /// The next message, 16-bit little endian, which goes no further than `until`; empty where
    /// there is none.
    pub(super) fn take(&mut self, until: u64) -> Vec<u8> {
        let until = until.min(self.end).min(self.next + self.message_max as u64);
        let skipped = (self.next - self.start().min(self.next)) as usize;
        let count = until.saturating_sub(self.next) as usize;
        self.next += count as u64;
        let samples = self.samples.iter().skip(skipped).take(count);
        samples.flat_map(|sample| sample.to_le_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_goes_out_in_order_and_the_last_of_it_once_more() {
        let mut outbox = Outbox::new(1_000, 40);
        outbox.push(&[1, 2, 3], None);
        assert_eq!(outbox.take(2), [1, 0, 2, 0]);
        assert_eq!(outbox.take(u64::MAX), [3, 0]);
        assert!(outbox.waiting() == 0 && outbox.take(u64::MAX).is_empty());
        assert_eq!(outbox.rewind(1), 1);
        assert_eq!(outbox.take(u64::MAX), [2, 0, 3, 0]);
        outbox.push(&[7; 100], None);
        assert_eq!(outbox.take(u64::MAX).len(), 2 * 40);
        assert_eq!(outbox.next(), 43);
        outbox.skip_to(20);
        assert_eq!(outbox.next(), 43);
        outbox.skip_to(9_000);
        assert_eq!(outbox.next(), 103);
    }

    #[test]
    fn no_more_than_four_seconds_are_kept_of_what_nobody_wants() {
        let mut outbox = Outbox::new(1_000, 40);
        for _ in 0..9 {
            outbox.push(&[7; 500], None);
        }
        assert_eq!(outbox.start(), 500);
        assert!(outbox.is_behind());
        assert_eq!(outbox.rewind(3), 500);
        assert!(!outbox.is_behind() && outbox.waiting() > 0);
        assert_eq!(outbox.rewind(9_000), 4_500);
    }

    #[test]
    fn what_is_wanted_is_kept_for_half_a_minute() {
        let mut outbox = Outbox::new(1_000, 40);
        outbox.push(&[7; 500], None);
        for _ in 0..20 {
            outbox.push(&[7; 500], Some(300));
        }
        assert_eq!(outbox.start(), 300);
        for _ in 0..80 {
            outbox.push(&[7; 500], Some(300));
        }
        assert_eq!(outbox.start(), 50_500 - 30_000);
        outbox.push(&[7; 500], Some(50_000));
        assert_eq!(outbox.start(), 51_000 - 4_000);
    }
}
