//! What of the sent audio the carrier has played, by the marks that it sends back. Pure: the time
//! comes in.

use std::collections::VecDeque;
use std::time::Duration;

use offhook_media::FRAME_DURATION;

/// Audio after which a mark is set, in frames (500 ms).
const SPAN_FRAMES: u32 = 25;
/// How long nothing is sent until the audio before it gets its mark, though it is shorter.
const LULL: Duration = Duration::from_millis(60);
/// Marks that are waited for, at most (32 s of audio ahead, which no session sends).
const WAITING_MAX: usize = 64;

/// The marks of one stream.
#[derive(Debug, Default)]
pub(super) struct Marks {
    generation: u32,
    count: u64,
    /// Frames since the last mark, and when the newest of them was sent.
    unmarked: u32,
    sent_at: Duration,
    waiting: VecDeque<Waiting>,
    /// Whether this carrier sends marks back at all.
    is_answering: bool,
    played: u64,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    frames: u32,
    /// When its audio will have been played, if it is played without a pause.
    due: Duration,
}

impl Marks {
    /// A frame was sent.
    pub(super) fn sent(&mut self, now: Duration) {
        self.unmarked += 1;
        self.sent_at = now;
    }

    /// When a mark is to be set, `None` where every frame has its own. While the last frames wait for
    /// others with which to be sent, only a lull gets one.
    pub(super) fn next_due(&self, is_partial: bool) -> Option<Duration> {
        let is_full = self.unmarked >= SPAN_FRAMES && !is_partial;
        (self.unmarked > 0).then(|| self.sent_at + if is_full { Duration::ZERO } else { LULL })
    }

    /// The name of the mark that is to be set now; `plays_until` is when all audio that was sent
    /// will have been played.
    pub(super) fn set(&mut self, plays_until: Duration) -> Option<String> {
        if self.unmarked == 0 {
            return None;
        }
        self.count += 1;
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting {
            number: self.count,
            frames: std::mem::take(&mut self.unmarked),
            due: plays_until,
        });
        Some(format!("{}.{}", self.generation, self.count))
    }

    /// What has not been played yet was taken back: its marks come back, and mean nothing.
    pub(super) fn clear(&mut self, generation: u32) {
        self.generation = generation;
        self.unmarked = 0;
        self.waiting.clear();
    }

    /// A mark came back. One of before the last clear, and one that was never set, are passed over.
    pub(super) fn returned(&mut self, name: &str) {
        let Some((generation, number)) = name.split_once('.') else {
            return;
        };
        let is_current = generation.parse() == Ok(self.generation);
        let Some(number) = number.parse::<u64>().ok().filter(|_| is_current) else {
            return;
        };
        // Marks come back in order: one that was lost is answered by the next.
        while let Some(mark) = self.waiting.pop_front_if(|mark| mark.number <= number) {
            self.played += u64::from(mark.frames);
            self.is_answering = true;
        }
    }

    /// Audio that was played to its end, by what the carrier said.
    pub(super) fn played(&self) -> Duration {
        FRAME_DURATION * u32::try_from(self.played).unwrap_or(u32::MAX)
    }

    /// Whether the carrier has yet to say that something was played.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_answering && !self.waiting.is_empty()
    }

    /// How long ago the carrier should have said that the oldest audio was played; zero for one
    /// that never sends marks back.
    pub(super) fn overdue(&self, now: Duration) -> Duration {
        match self.waiting.front() {
            Some(mark) if self.is_answering => now.saturating_sub(mark.due),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn sent(marks: &mut Marks, frames: u64) {
        (0..frames).for_each(|k| marks.sent(ms(k * 20)));
    }

    #[test]
    fn a_mark_follows_half_a_second_of_audio_or_a_lull() {
        let mut marks = Marks::default();
        assert_eq!((marks.next_due(false), marks.set(ms(0))), (None, None));
        sent(&mut marks, 1);
        assert_eq!(marks.next_due(false), Some(ms(60)));
        sent(&mut marks, 24);
        assert_eq!(marks.next_due(false), Some(ms(460)));
        assert_eq!(marks.next_due(true), Some(ms(520)));
        assert_eq!(marks.set(ms(500)).as_deref(), Some("0.1"));
        assert_eq!(marks.next_due(false), None);
    }

    #[test]
    fn what_comes_back_was_played_and_what_was_cut_was_not() {
        let mut marks = Marks::default();
        for _ in 0..3 {
            sent(&mut marks, 25);
            marks.set(ms(500));
        }
        marks.returned("0.2");
        marks.returned("0.2");
        assert_eq!(marks.played(), ms(1_000));
        marks.clear(1);
        for stale in ["0.3", "", "1", "1.", "1.9", "1.x", "-1.2", "later"] {
            marks.returned(stale);
        }
        assert_eq!((marks.played(), marks.is_waiting()), (ms(1_000), false));
        sent(&mut marks, 10);
        assert_eq!(marks.set(ms(900)).as_deref(), Some("1.4"));
        assert!(marks.is_waiting());
        marks.returned("1.4");
        assert_eq!(marks.played(), ms(1_200));
    }

    #[test]
    fn only_a_carrier_that_answers_can_be_overdue() {
        let mut marks = Marks::default();
        sent(&mut marks, 25);
        marks.set(ms(500));
        assert_eq!(marks.overdue(ms(60_000)), ms(0));
        marks.returned("0.1");
        sent(&mut marks, 25);
        marks.set(ms(1_000));
        assert_eq!(marks.overdue(ms(900)), ms(0));
        assert_eq!(marks.overdue(ms(3_000)), ms(2_000));
    }

    #[test]
    fn marks_that_never_come_back_do_not_pile_up() {
        let mut marks = Marks::default();
        for _ in 0..10_000 {
            sent(&mut marks, 1);
            marks.set(ms(0));
        }
        assert_eq!(marks.waiting.len(), WAITING_MAX);
    }
}
