//! When each frame of the agent's speech may be sent, and how much of it the ear has heard by
//! then. An absolute schedule: a late frame does not move those after it. It holds no audio and
//! reads no clock: every `now` is the time since the call began.

use std::time::Duration;

use crate::FRAME_DURATION;

/// What the far end buffers by itself at least, where no lead is sent: frames that are late by
/// less are not an underrun.
const FAR_END_BUFFER: Duration = Duration::from_millis(40);

/// The schedule of one leg's outbound speech.
///
/// Frame number `k` of a run is played at `start + 20 ms × k` and may be sent `lead` earlier, so
/// that the first `lead` of audio goes at once. After a stall all frames that are due go at once,
/// at most `lead` of them and one: a longer stall means that the ear ran dry, which is an
/// underrun, and the schedule starts anew from the frame that ended it.
#[derive(Debug, Clone)]
pub struct Pacer {
    lead: Duration,
    /// When the lead last grew: frames that this made due were not due before.
    lead_grew: Duration,
    delay: Duration,
    is_running: bool,
    /// When frame 0 of the run is played, were there no delay.
    start: Duration,
    sent_frames: u32,
    ear: Ear,
    underruns: u64,
}

/// Playback at the far end: it stalls where it runs dry.
#[derive(Debug, Clone, Copy, Default)]
struct Ear {
    /// When the stretch that plays without a gap began.
    since: Duration,
    /// Audio heard before that stretch.
    before: Duration,
    /// Audio that has been sent.
    sent: Duration,
    /// Where playback was stopped, what had been heard by then.
    stopped: Option<Duration>,
}

impl Pacer {
    /// A pacer that sends `lead` of audio ahead of playout (200 ms on carrier WebSockets, 60 to
    /// 100 ms on WebRTC, 0 on RTP).
    #[must_use]
    pub fn new(lead: Duration) -> Self {
        Self {
            lead,
            lead_grew: Duration::ZERO,
            delay: Duration::ZERO,
            is_running: false,
            start: Duration::ZERO,
            sent_frames: 0,
            ear: Ear::default(),
            underruns: 0,
        }
    }

    /// Reckons with `delay` between sending a frame and the ear (network, the far end's buffer).
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Speech begins: the first frame is due now. What the run before has sent is forgotten.
    pub fn start(&mut self, now: Duration) {
        self.is_running = true;
        self.start = now;
        self.lead_grew = now;
        self.sent_frames = 0;
        self.ear = Ear::default();
    }

    /// Speech was cut at `now`: nothing is due until the next [`Pacer::start`]. Gives what had
    /// been heard, as [`Pacer::heard`] goes on to do.
    pub fn stop(&mut self, now: Duration) -> Duration {
        let heard = self.heard(now);
        self.is_running = false;
        self.ear.stopped = Some(heard);
        heard
    }

    /// Whether a run is on.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.is_running
    }

    /// From `now` on sends `lead` of audio ahead. What was sent already stays sent.
    pub fn set_lead(&mut self, lead: Duration, now: Duration) {
        if lead > self.lead {
            self.lead_grew = now;
        }
        self.lead = lead;
    }

    /// When the next frame may be sent, `None` while no run is on.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.next_due_with(self.lead)
    }

    /// When the next frame may be sent where `lead` is sent ahead, `None` while no run is on.
    #[must_use]
    pub fn next_due_with(&self, lead: Duration) -> Option<Duration> {
        let played = self.start + FRAME_DURATION * self.sent_frames;
        let earliest = self.start.max(self.lead_grew);
        self.is_running
            .then(|| played.saturating_sub(lead).max(earliest))
    }

    /// Whether a frame may be sent now.
    #[must_use]
    pub fn due(&self, now: Duration) -> bool {
        self.next_due().is_some_and(|due| due <= now)
    }

    /// How far past its time the next frame is: what was measured minus what was planned, zero
    /// where it is early. Ask before [`Pacer::sent`].
    #[must_use]
    pub fn lateness(&self, now: Duration) -> Duration {
        self.next_due()
            .map_or(Duration::ZERO, |due| now.saturating_sub(due))
    }

    /// One frame went out. Without a run on, this begins one.
    pub fn sent(&mut self, now: Duration) {
        if !self.is_running {
            self.start(now);
        }
        let arrives = now + self.delay;
        let dry = self.ear.since + (self.ear.sent - self.ear.before);
        if self.sent_frames == 0 {
            self.start = now;
            self.ear.since = arrives;
        } else if arrives > dry {
            self.ear.before = self.ear.sent;
            self.ear.since = arrives;
            if arrives - dry > FAR_END_BUFFER.saturating_sub(self.lead) {
                self.underruns += 1;
                // The frame that ends the gap is played now.
                self.start = now.saturating_sub(FRAME_DURATION * self.sent_frames);
            }
        }
        self.sent_frames += 1;
        self.ear.sent += FRAME_DURATION;
    }

    /// How much of what this run has sent the ear has heard, reckoned from when it was sent. The
    /// last frame of a reply may hold padding, which counts here.
    #[must_use]
    pub fn heard(&self, now: Duration) -> Duration {
        let playing = now
            .saturating_sub(self.ear.since)
            .min(self.ear.sent - self.ear.before);
        self.ear.stopped.unwrap_or(self.ear.before + playing)
    }

    /// When the ear will have heard all that this run has sent so far; `None` while no run is on
    /// or nothing was sent.
    #[must_use]
    pub fn runs_dry_at(&self) -> Option<Duration> {
        let has_audio = self.is_running && self.sent_frames > 0;
        has_audio.then(|| self.ear.since + (self.ear.sent - self.ear.before))
    }

    /// How much audio this run has sent.
    #[must_use]
    pub const fn sent_duration(&self) -> Duration {
        self.ear.sent
    }

    /// How often the ear ran dry within a run, over the whole call.
    #[must_use]
    pub const fn underruns(&self) -> u64 {
        self.underruns
    }

    /// How much audio is sent ahead of playout.
    #[must_use]
    pub const fn lead(&self) -> Duration {
        self.lead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Polls at each of `polls_ms` and sends whatever is due; gives the times sent at.
    fn drive(pacer: &mut Pacer, polls_ms: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut sent = Vec::new();
        for poll in polls_ms {
            while pacer.due(ms(poll)) {
                pacer.sent(ms(poll));
                sent.push(poll);
            }
        }
        sent
    }

    #[test]
    fn the_lead_goes_at_once_and_then_one_frame_each_twenty_milliseconds() {
        let mut pacer = Pacer::new(ms(60));
        assert_eq!(pacer.next_due(), None);
        pacer.start(ms(1_000));
        let sent = drive(&mut pacer, 1_000..1_061);
        assert_eq!(sent, [1_000, 1_000, 1_000, 1_000, 1_020, 1_040, 1_060]);
        assert_eq!(pacer.sent_duration(), ms(140));
        assert_eq!(pacer.heard(ms(1_061)), ms(61));
        assert_eq!(pacer.runs_dry_at(), Some(ms(1_140)));
        assert_eq!(pacer.underruns(), 0);
    }

    #[test]
    fn a_late_frame_does_not_move_the_next() {
        let mut pacer = Pacer::new(Duration::ZERO);
        pacer.start(ms(0));
        assert_eq!(drive(&mut pacer, [0, 27, 40, 63, 80]), [0, 27, 40, 63, 80]);
        assert_eq!(pacer.next_due(), Some(ms(100)));
        assert_eq!(pacer.lateness(ms(103)), ms(3));
        assert_eq!(pacer.lateness(ms(90)), ms(0));
        assert_eq!(pacer.underruns(), 0);
    }

    #[test]
    fn a_stall_within_the_lead_is_caught_up_without_a_gap() {
        let mut pacer = Pacer::new(ms(200));
        pacer.start(ms(0));
        assert_eq!(drive(&mut pacer, [0]).len(), 11);
        assert_eq!(drive(&mut pacer, [150]).len(), 7);
        assert_eq!(pacer.underruns(), 0);
        assert_eq!(pacer.heard(ms(150)), ms(150));
        assert_eq!(pacer.next_due(), Some(ms(160)));
    }

    #[test]
    fn a_stall_beyond_the_lead_is_one_underrun_and_a_bounded_burst() {
        let mut pacer = Pacer::new(ms(100));
        pacer.start(ms(0));
        assert_eq!(drive(&mut pacer, [0]).len(), 6);
        assert_eq!(pacer.heard(ms(1_000)), ms(120));
        assert_eq!(drive(&mut pacer, [1_000]).len(), 6);
        assert_eq!(pacer.underruns(), 1);
        assert_eq!(pacer.heard(ms(1_000)), ms(120));
        assert_eq!(pacer.heard(ms(1_050)), ms(170));
        assert_eq!(pacer.next_due(), Some(ms(1_020)));
    }

    #[test]
    fn without_a_lead_the_far_end_is_trusted_to_hold_two_frames() {
        let mut pacer = Pacer::new(Duration::ZERO);
        pacer.start(ms(0));
        assert_eq!(drive(&mut pacer, [0, 20, 80]), [0, 20, 80, 80, 80]);
        assert_eq!(pacer.underruns(), 0);
        assert_eq!(drive(&mut pacer, [300]), [300]);
        assert_eq!(pacer.underruns(), 1);
    }

    #[test]
    fn the_way_to_the_ear_delays_what_is_heard() {
        let mut pacer = Pacer::new(ms(40)).with_delay(ms(70));
        pacer.start(ms(0));
        drive(&mut pacer, 0..101);
        assert_eq!(pacer.heard(ms(60)), ms(0));
        assert_eq!(pacer.heard(ms(100)), ms(30));
        assert_eq!(pacer.underruns(), 0);
    }

    #[test]
    fn stopping_freezes_what_was_heard_until_the_next_start() {
        let mut pacer = Pacer::new(ms(100));
        pacer.start(ms(500));
        drive(&mut pacer, 500..600);
        assert_eq!(pacer.stop(ms(570)), ms(70));
        assert_eq!(pacer.heard(ms(5_000)), ms(70));
        assert!(!pacer.due(ms(5_000)));
        assert_eq!((pacer.next_due(), pacer.runs_dry_at()), (None, None));
        pacer.start(ms(6_000));
        assert_eq!(pacer.heard(ms(6_000)), ms(0));
        assert!(pacer.due(ms(6_000)));
    }

    #[test]
    fn a_lead_that_grows_is_caught_up_at_once_and_none_of_it_was_late() {
        let mut pacer = Pacer::new(ms(40));
        pacer.start(ms(0));
        assert_eq!(drive(&mut pacer, 0..101).len(), 8);
        pacer.set_lead(ms(200), ms(107));
        assert_eq!(pacer.lateness(ms(107)), ms(0));
        assert_eq!(drive(&mut pacer, [107]).len(), 8);
        assert_eq!(pacer.next_due(), Some(ms(120)));
        pacer.set_lead(ms(40), ms(110));
        assert_eq!(pacer.next_due(), Some(ms(280)));
        assert_eq!(pacer.next_due_with(ms(200)), Some(ms(120)));
        assert_eq!(pacer.underruns(), 0);
        assert_eq!(pacer.heard(ms(110)), ms(110));
    }

    #[test]
    fn random_stalls_of_a_minute_leave_few_gaps_with_a_lead() {
        // Two stalls a second of 20 ms in the mean: with 200 ms of lead none is heard.
        let mut seed = 7_u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % 41
        };
        let mut pacer = Pacer::new(ms(200));
        pacer.start(ms(0));
        let mut now = 0;
        while now < 60_000 {
            drive(&mut pacer, [now]);
            now += if now % 25 == 0 { random() + 1 } else { 1 };
        }
        assert_eq!(pacer.underruns(), 0);
        assert_eq!(pacer.heard(ms(60_000)), ms(60_000));
    }
}
