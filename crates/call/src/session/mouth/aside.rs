//! Short clips that sound beside a reply, or alone where nothing else does: a backchannel, a beep.
//! They belong to no turn and no ledger.

use std::time::Duration;

use offhook_media::{Frame, SampleRate, fade_in, fade_out};

/// Of a longer clip only this much is kept.
pub(super) const ASIDE_MAX: Duration = Duration::from_secs(3);

/// The ramp at each end of a clip.
const EDGE: Duration = Duration::from_millis(5);

/// The lane of asides: one that plays and one that waits.
#[derive(Debug)]
pub(super) struct Aside {
    rate: SampleRate,
    playing: Option<Clip>,
    waiting: Option<Vec<i16>>,
}

#[derive(Debug)]
struct Clip {
    samples: Vec<i16>,
    /// The next sample to send.
    next: usize,
    /// Samples of the leg's audio that were sent since the clip ended.
    since_end: u64,
}

impl Aside {
    pub(super) const fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            playing: None,
            waiting: None,
        }
    }

    /// Plays `samples`, which are at the leg's rate, once what plays was heard. What waited for
    /// the same is forgotten.
    pub(super) fn say(&mut self, mut samples: Vec<i16>) {
        samples.truncate(self.rate.samples_in(ASIDE_MAX) as usize);
        let edge = (self.rate.samples_in(EDGE) as usize).min(samples.len() / 2);
        let end = samples.len() - edge;
        fade_in(&mut samples[..edge]);
        fade_out(&mut samples[end..]);
        self.waiting = (!samples.is_empty()).then_some(samples);
    }

    /// Whether there is something to send.
    pub(super) fn has_sound(&self) -> bool {
        self.waiting.is_some()
            || self
                .playing
                .as_ref()
                .is_some_and(|clip| clip.next < clip.samples.len())
    }

    /// Its share of the next frame; `unheard` samples of what was sent are on their way.
    pub(super) fn next(&mut self, unheard: u64) -> Option<Frame> {
        if self
            .playing
            .as_ref()
            .is_none_or(|clip| clip.is_heard(unheard))
        {
            self.playing = self.waiting.take().map(Clip::new);
        }
        let clip = self.playing.as_mut()?;
        let rest = &clip.samples[clip.next..];
        let frame = Frame::padded(self.rate, rest);
        let taken = rest.len().min(frame.samples().len());
        clip.next += taken;
        clip.since_end += (frame.samples().len() - taken) as u64;
        (taken > 0).then_some(frame)
    }

    /// The newest `unheard` samples of what was sent were taken back: the clip goes on from where
    /// the ear is.
    pub(super) fn rewind(&mut self, unheard: u64) {
        if let Some(clip) = &mut self.playing {
            let taken_back = unheard.saturating_sub(clip.since_end);
            clip.since_end = clip.since_end.saturating_sub(unheard);
            clip.next = clip.next.saturating_sub(taken_back as usize);
        }
    }
}

impl Clip {
    const fn new(samples: Vec<i16>) -> Self {
        Self {
            samples,
            next: 0,
            since_end: 0,
        }
    }

    fn is_heard(&self, unheard: u64) -> bool {
        self.next == self.samples.len() && self.since_end >= unheard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    #[test]
    fn a_new_clip_waits_for_the_one_that_plays_and_replaces_the_one_that_waits() {
        let mut aside = Aside::new(RATE);
        aside.say(vec![1_000; 320]);
        assert!(aside.next(0).is_some());
        aside.say(vec![2_000; 160]);
        aside.say(vec![3_000; 160]);
        assert_eq!(aside.next(0).unwrap().samples()[0], 1_000);
        assert!(aside.next(160).is_none(), "the ear has not heard the end");
        assert_eq!(aside.next(160).unwrap().samples()[80], 3_000);
        assert!(!aside.has_sound());
    }

    #[test]
    fn what_was_taken_back_is_sent_again() {
        let mut aside = Aside::new(RATE);
        aside.say((1..=320).map(|value| value * 10).collect());
        for _ in 0..4 {
            aside.next(640);
        }
        // Two frames of clip, two after it; the ear has heard one and a half.
        aside.rewind(400);
        assert_eq!(aside.next(0).unwrap().samples()[0], 2_410);
        aside.rewind(10_000);
        assert_eq!(aside.next(0).unwrap().samples()[100], 1_010);
    }

    #[test]
    fn clips_are_bounded_and_their_edges_are_soft() {
        let mut aside = Aside::new(RATE);
        aside.say(vec![9_000; 1_000_000]);
        assert_eq!(aside.waiting.as_ref().unwrap().len(), 24_000);
        let first = aside.next(0).unwrap();
        assert_eq!(first.samples()[0], 0);
        assert_eq!(first.samples()[40], 9_000);
        aside.say(Vec::new());
        assert!(aside.waiting.is_none());
    }
}
