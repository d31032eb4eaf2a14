//! When frames leave, and which of them the ear has heard. Every lane's sound goes out in the same
//! frames, so that the reply's share of them has to be told from the rest.

use std::time::Duration;

use offhook_media::{FRAME_DURATION, Pacer};

/// Ahead of playout go no more than this of frames without the reply, so that a reply which
/// begins in the middle of them is heard soon.
const LEAD_WITHOUT_REPLY: Duration = Duration::from_millis(40);

/// No leg is sent more than this ahead: it is what the record of sent frames reaches back.
const LEAD_MAX: Duration = Duration::from_millis(1_200);

/// The schedule of a leg's frames.
#[derive(Debug)]
pub(super) struct Stream {
    pacer: Pacer,
    lead: Duration,
    /// Whether the newest 64 frames hold the reply, the newest in the lowest bit.
    reply_frames: u64,
    /// Audio of the reply that was sent since [`Stream::reply_begins`].
    reply_sent: Duration,
}

/// What sending a frame meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// When the ear hears it.
    pub(super) plays_at: Duration,
    /// Whether the ear had run dry before it.
    pub(super) is_underrun: bool,
}

impl Stream {
    pub(super) fn new(lead: Duration) -> Self {
        let lead = lead.min(LEAD_MAX);
        Self {
            pacer: Pacer::new(lead),
            lead,
            reply_frames: 0,
            reply_sent: Duration::ZERO,
        }
    }

    /// The reply begins, or goes on after a cut: what is counted of it starts at zero.
    pub(super) fn reply_begins(&mut self) {
        self.reply_sent = Duration::ZERO;
        self.reply_frames = 0;
    }

    /// Whether a frame may be sent now. Only frames with the reply use the leg's whole lead.
    pub(super) fn is_due(&mut self, has_reply: bool, now: Duration) -> bool {
        self.pacer.set_lead(self.lead_of(has_reply), now);
        !self.pacer.is_running() || self.pacer.due(now)
    }

    /// When a frame may be sent; the past means now.
    pub(super) fn next_due(&self, has_reply: bool) -> Duration {
        self.pacer
            .next_due_with(self.lead_of(has_reply))
            .unwrap_or_default()
    }

    /// How late the frame is that goes out now. Ask before [`Stream::sent`].
    pub(super) fn lateness(&self, now: Duration) -> Duration {
        self.pacer.lateness(now)
    }

    /// A frame went out.
    pub(super) fn sent(&mut self, has_reply: bool, now: Duration) -> Sent {
        let underruns = self.pacer.underruns();
        self.pacer.sent(now);
        self.reply_frames = (self.reply_frames << 1) | u64::from(has_reply);
        if has_reply {
            self.reply_sent += FRAME_DURATION;
        }
        let dry = self.pacer.runs_dry_at().unwrap_or(now);
        Sent {
            plays_at: dry.saturating_sub(FRAME_DURATION),
            is_underrun: self.pacer.underruns() > underruns,
        }
    }

    /// Audio that is on its way to the ear.
    pub(super) fn unheard(&self, now: Duration) -> Duration {
        if self.pacer.is_running() {
            self.pacer.sent_duration() - self.pacer.heard(now)
        } else {
            Duration::ZERO
        }
    }

    /// Audio of the reply that is on its way to the ear.
    pub(super) fn reply_unheard(&self, now: Duration) -> Duration {
        let mut rest = self.unheard(now);
        let mut frames = self.reply_frames;
        let mut unheard = Duration::ZERO;
        while frames != 0 && !rest.is_zero() {
            let part = rest.min(FRAME_DURATION);
            if frames & 1 == 1 {
                unheard += part;
            }
            frames >>= 1;
            rest -= part;
        }
        unheard
    }

    /// Audio of the reply that was heard since [`Stream::reply_begins`].
    pub(super) fn reply_heard(&self, now: Duration) -> Duration {
        self.reply_sent.saturating_sub(self.reply_unheard(now))
    }

    /// When the ear will have heard all that was sent of the reply, `None` where it has.
    pub(super) fn reply_ends_at(&self) -> Option<Duration> {
        let after = FRAME_DURATION * self.reply_frames.trailing_zeros();
        let dry = self.pacer.runs_dry_at()?;
        (self.reply_frames != 0).then(|| dry.saturating_sub(after))
    }

    /// Whether the ear has heard everything.
    pub(super) fn is_dry(&self, now: Duration) -> bool {
        self.pacer.runs_dry_at().is_none_or(|at| at <= now)
    }

    /// The next frame begins a new run, on a schedule of its own.
    pub(super) fn stop(&mut self, now: Duration) {
        if self.pacer.is_running() {
            self.pacer.stop(now);
        }
        self.reply_frames = 0;
    }

    fn lead_of(&self, has_reply: bool) -> Duration {
        if has_reply {
            self.lead
        } else {
            self.lead.min(LEAD_WITHOUT_REPLY)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_share_of_the_reply_is_told_from_frames_without_it() {
        let mut stream = Stream::new(ms(200));
        stream.reply_begins();
        for has_reply in [true, true, false, true, false, false] {
            stream.sent(has_reply, ms(0));
        }
        // The ear hears: 20 reply, 20 reply, 20 without, 20 reply, 40 without.
        assert_eq!(stream.unheard(ms(30)), ms(90));
        assert_eq!(stream.reply_heard(ms(30)), ms(30));
        assert_eq!(stream.reply_heard(ms(50)), ms(40));
        assert_eq!(stream.reply_heard(ms(70)), ms(50));
        assert_eq!(stream.reply_ends_at(), Some(ms(80)));
        assert_eq!(stream.reply_unheard(ms(80)), ms(0));
        assert_eq!(stream.unheard(ms(80)), ms(40));
    }

    #[test]
    fn only_the_reply_goes_far_ahead() {
        let mut stream = Stream::new(ms(200));
        let mut count = 0;
        while stream.is_due(false, ms(0)) {
            stream.sent(false, ms(0));
            count += 1;
        }
        assert_eq!(count, 3);
        assert_eq!(stream.next_due(false), ms(20));
        while stream.is_due(true, ms(5)) {
            stream.sent(true, ms(5));
            count += 1;
        }
        assert_eq!(count, 11);
        assert_eq!(stream.reply_heard(ms(100)), ms(40));
    }
}
