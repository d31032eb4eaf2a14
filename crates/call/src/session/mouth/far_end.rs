//! What the far end plays at each moment: the reference that an echo canceller holds against what
//! comes back. It follows the schedule of playout, not that of sending.

use std::collections::VecDeque;
use std::time::Duration;

use offhook_media::{FRAME_DURATION, Frame, SampleRate};

/// The audio kept behind what the ear hears now.
const BEHIND: Duration = Duration::from_millis(300);

/// The audio kept ahead of what the ear hears now.
const AHEAD: Duration = Duration::from_millis(1_300);

/// Incoming frames that come in a burst are further from the clock than those that come in time;
/// beyond this the reader is moved.
const DRIFT_MAX: Duration = Duration::from_millis(200);

/// A stretch of what the ear hears, as a line of samples without gaps.
#[derive(Debug)]
pub(super) struct FarEnd {
    rate: SampleRate,
    samples: VecDeque<i16>,
    /// Where on the call's time the first of them lies, in samples.
    start: u64,
}

impl FarEnd {
    /// One that knows nothing of what was sent before `now`. All of its memory is taken here.
    pub(super) fn new(rate: SampleRate, now: Duration) -> Self {
        let room = rate.samples_in(BEHIND + AHEAD) as usize;
        Self {
            rate,
            samples: VecDeque::with_capacity(room),
            start: rate.samples_in(now.saturating_sub(FRAME_DURATION * 2)),
        }
    }

    /// A frame was sent, which the ear hears from `plays_at` on.
    pub(super) fn sent(&mut self, frame: &Frame, plays_at: Duration) {
        let at = self.rate.samples_in(plays_at);
        let end = self.start + self.samples.len() as u64;
        let gap = at.saturating_sub(end).min(self.samples.capacity() as u64);
        for _ in 0..gap {
            self.push(0);
        }
        // What the reader has passed already is of no use.
        let passed = (end.saturating_sub(at) as usize).min(frame.samples().len());
        for sample in &frame.samples()[passed..] {
            self.push(*sample);
        }
    }

    /// What the ear would have heard after `now` was taken back.
    pub(super) fn cut(&mut self, now: Duration) {
        let heard = self.rate.samples_in(now).saturating_sub(self.start);
        self.samples.truncate(heard as usize);
    }

    /// The next 20 ms, which end about `now`: one for each frame that comes in. Silence where
    /// nothing was played.
    pub(super) fn next(&mut self, now: Duration) -> Frame {
        let count = self.rate.frame_samples() as u64;
        let wanted = self.rate.samples_in(now).saturating_sub(count);
        let drift = self.rate.samples_in(DRIFT_MAX);
        let mut frame = Frame::silence(self.rate);
        if self.start > wanted + drift {
            return frame;
        }
        if wanted > self.start + drift {
            let behind = (wanted - self.start).min(self.samples.len() as u64);
            self.samples.drain(..behind as usize);
            self.start = wanted;
        }
        for sample in frame.samples_mut() {
            *sample = self.samples.pop_front().unwrap_or(0);
        }
        self.start += count;
        frame
    }

    fn push(&mut self, sample: i16) {
        if self.samples.len() == self.samples.capacity() {
            self.samples.pop_front();
            self.start += 1;
        }
        self.samples.push_back(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn frame(value: i16) -> Frame {
        Frame::padded(RATE, &[value; 160])
    }

    #[test]
    fn frames_come_back_when_the_ear_hears_them() {
        let mut far_end = FarEnd::new(RATE, ms(1_000));
        far_end.sent(&frame(1), ms(1_000));
        far_end.sent(&frame(2), ms(1_020));
        far_end.sent(&frame(3), ms(1_060));
        let heard: Vec<i16> = (0..8)
            .map(|count| far_end.next(ms(1_000 + count * 20)).samples()[0])
            .collect();
        assert_eq!(heard, [0, 0, 1, 2, 0, 3, 0, 0]);
    }

    #[test]
    fn what_was_taken_back_is_never_heard() {
        let mut far_end = FarEnd::new(RATE, ms(0));
        for count in 0..5 {
            far_end.sent(&frame(7), ms(count * 20));
        }
        far_end.cut(ms(30));
        far_end.sent(&frame(9), ms(30));
        let first = far_end.next(ms(20));
        assert_eq!(first.samples()[159], 7);
        let second = far_end.next(ms(40));
        assert_eq!((second.samples()[79], second.samples()[80]), (7, 9));
    }

    #[test]
    fn a_reader_that_stalls_is_moved_and_nothing_grows() {
        let mut far_end = FarEnd::new(RATE, ms(0));
        let room = far_end.samples.capacity();
        for count in 0..1_000_i16 {
            far_end.sent(&frame(count), ms(count.unsigned_abs().into()) * 20);
        }
        assert_eq!(far_end.samples.capacity(), room);
        assert_eq!(far_end.next(ms(20_000)).samples()[0], 999);
    }
}
