//! What was sent to the caller's ear, in step with what comes back.

use std::collections::VecDeque;
use std::time::Duration;

use crate::{FRAME_DURATION, Frame, SampleRate};

/// Audio that may wait: more than any leg is sent ahead of playout.
const WAITING_MAX: Duration = Duration::from_secs(2);

/// The agent's audio as the far end plays it: frames are pushed when they are sent, ahead of
/// playout, and 20 ms are pulled with each caller frame. Moments are those of the call's clock.
///
/// After construction nothing is allocated.
#[derive(Debug)]
pub struct PlayedAudio {
    rate: SampleRate,
    waiting: VecDeque<i16>,
    pulled_at: Duration,
    /// Samples that were due before they were sent; they are not played a second time.
    owed: usize,
}

impl PlayedAudio {
    /// Silence so far.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        let room = rate.samples_in(WAITING_MAX + FRAME_DURATION * 2) as usize;
        Self {
            rate,
            waiting: VecDeque::with_capacity(room),
            pulled_at: Duration::ZERO,
            owed: 0,
        }
    }

    /// A frame was sent at `now`. The far end plays it after all that was sent before, or at once.
    /// A frame of another rate is left out.
    pub fn push(&mut self, frame: &Frame, now: Duration) {
        if frame.rate() != self.rate {
            return;
        }
        let since_pull = now.saturating_sub(self.pulled_at);
        let mut samples = frame.samples();
        if self.owed > 0 && since_pull < FRAME_DURATION {
            samples = &samples[self.owed.min(samples.len())..];
        } else if self.waiting.is_empty() {
            // What is pulled next begins where the last pull ended, a little before now.
            let lead = self.rate.samples_in(since_pull.min(FRAME_DURATION)) as usize;
            self.waiting.resize(lead, 0);
        }
        self.owed = 0;
        let room = self.rate.samples_in(WAITING_MAX) as usize;
        let surplus = (self.waiting.len() + samples.len()).saturating_sub(room);
        self.waiting.drain(..surplus);
        self.waiting.extend(samples);
    }

    /// What the far end plays during the 20 ms of the caller frame that came at `now`.
    pub fn pull(&mut self, now: Duration) -> Frame {
        self.pulled_at = now;
        let mut frame = Frame::silence(self.rate);
        let count = self.waiting.len().min(self.rate.frame_samples());
        self.owed = match count {
            0 => 0,
            _ => self.rate.frame_samples() - count,
        };
        for (slot, sample) in frame
            .samples_mut()
            .iter_mut()
            .zip(self.waiting.drain(..count))
        {
            *slot = sample;
        }
        frame
    }

    /// The far end drops what it has not played.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.owed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    fn loud() -> Frame {
        Frame::padded(RATE, &[1_000; 160])
    }

    fn leading_silence(frame: &Frame) -> usize {
        let samples = frame.samples();
        samples.iter().take_while(|sample| **sample == 0).count()
    }

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_frame_begins_where_it_was_sent_between_two_pulls() {
        let mut played = PlayedAudio::new(RATE);
        played.pull(ms(100));
        played.push(&loud(), ms(105));
        assert_eq!(leading_silence(&played.pull(ms(120))), 40);
        played.push(&loud(), ms(125));
        assert_eq!(leading_silence(&played.pull(ms(140))), 0);
    }

    #[test]
    fn what_was_sent_ahead_comes_out_in_step() {
        let mut played = PlayedAudio::new(RATE);
        played.pull(ms(0));
        for _ in 0..10 {
            played.push(&loud(), ms(0));
        }
        let pulled: Vec<_> = (1..12).map(|count| played.pull(ms(20 * count))).collect();
        assert!(pulled[..10].iter().all(|frame| *frame == loud()));
        assert_eq!(pulled[10], Frame::silence(RATE));
    }

    #[test]
    fn a_pull_that_comes_early_does_not_shift_what_follows() {
        let mut played = PlayedAudio::new(RATE);
        played.pull(ms(0));
        played.push(&loud(), ms(10));
        assert_eq!(leading_silence(&played.pull(ms(20))), 80);
        // The frame that was to be sent at 30 comes at 45, after the pull.
        assert_eq!(played.pull(ms(40)).samples()[80..], [0; 80]);
        played.push(&loud(), ms(45));
        let rest = played.pull(ms(60));
        assert_eq!(rest.samples()[..80], [1_000; 80]);
        assert_eq!(rest.samples()[80..], [0; 80]);
    }

    #[test]
    fn a_cut_drops_what_was_not_played() {
        let mut played = PlayedAudio::new(RATE);
        played.push(&loud(), ms(0));
        played.clear();
        assert_eq!(played.pull(ms(20)), Frame::silence(RATE));
    }

    #[test]
    fn a_line_that_sends_nothing_back_does_not_fill_the_memory() {
        let mut played = PlayedAudio::new(RATE);
        for count in 0..1_000 {
            played.push(&loud(), ms(20 * count));
        }
        assert_eq!(played.waiting.len(), 16_000);
    }
}
