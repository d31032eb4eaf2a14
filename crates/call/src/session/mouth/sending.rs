//! Frames out: which are due, what is mixed into them, and what there is to tell of them.

use std::time::Duration;

use offhook_contract::OutboundFrame;
use offhook_turn_taking::{Instant, TurnId};

use super::{Mouth, MouthNews, Speaking, elapsed};

/// With less speech than this waiting, the next phrase is wanted without its sentence.
const RUNNING_DRY: Duration = Duration::from_millis(350);

/// How often it is told how much of the reply was heard.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// How long nothing of a reply is heard until it counts as run dry.
const DRY_AFTER: Duration = Duration::from_millis(60);

/// How soon a leg whose queue is full is tried again.
const FULL_LEG_RETRY: Duration = Duration::from_millis(5);

/// What became of a frame that was due.
pub(super) enum Outcome {
    /// The leg has no room.
    Blocked,
    /// It left; for one with the reply in it, what there is to tell.
    Sent(Option<MouthNews>),
}

impl Mouth {
    /// Sends what is due. Call until it gives `None`.
    pub(in crate::session) fn next_news(&mut self, now: Instant) -> Option<MouthNews> {
        if !self.is_in_mid_reply() {
            self.rest_where_all_was_heard(now);
        }
        loop {
            let news = self.news_of_progress(now);
            if news.is_some() {
                return news;
            }
            if !self.is_frame_due(now) {
                break;
            }
            match self.send_frame(now) {
                Outcome::Sent(Some(news)) => return Some(news),
                Outcome::Sent(None) => {}
                Outcome::Blocked => return None,
            }
        }
        let speaking = self.speaking.as_mut()?;
        let wants_more = !speaking.has_asked_for_more
            && !self.playout.is_held()
            && !self.playout.is_drained()
            && self.playout.buffered() < RUNNING_DRY;
        speaking.has_asked_for_more |= wants_more;
        wants_more.then_some(MouthNews::RunningDry)
    }

    /// Frames to come begin a schedule of their own, where the last one has ended.
    pub(super) fn rest_where_all_was_heard(&mut self, now: Instant) {
        if self.stream.is_dry(elapsed(now)) {
            self.stream.stop(elapsed(now));
        }
    }

    /// How far the ear is in the reply, where there is something to tell of it.
    fn news_of_progress(&mut self, now: Instant) -> Option<MouthNews> {
        let speaking = self.speaking.as_mut()?;
        let since_start = elapsed(now);
        if self.playout.is_held() {
            return None;
        }
        if self.playout.is_drained() {
            let is_heard = self.stream.reply_unheard(since_start).is_zero();
            if is_heard {
                self.playout.clear(self.playout.sent_position());
                self.speaking = None;
            }
            return is_heard.then_some(MouthNews::Finished);
        }
        if !speaking.sounds.is_heard() {
            return None;
        }
        let is_dry = !self.playout.has_frame()
            && self
                .stream
                .reply_ends_at()
                .is_none_or(|at| at + DRY_AFTER <= since_start);
        if is_dry {
            speaking.sounds.ran_dry();
            return Some(MouthNews::RanDry);
        }
        if now.since(speaking.progress_told) >= PROGRESS_EVERY {
            speaking.progress_told = now;
            let heard = self.stream.reply_heard(since_start);
            let position = self.playout.position_after(heard);
            return Some(MouthNews::Heard(self.rate.duration_of(position)));
        }
        None
    }

    /// Whether the reply was begun to be sent and more of it is due: not where a tool has yet to
    /// bring what it is made of, and not where only a filler was heard.
    fn is_in_mid_reply(&self) -> bool {
        let is_begun = |speaking: Speaking| speaking.has_sent && !speaking.sounds.is_after_filler();
        self.speaking.is_some_and(is_begun)
            && !self.waits_for_tool
            && !self.playout.is_held()
            && !self.playout.is_drained()
    }

    fn has_reply_frame(&self) -> bool {
        self.speaking.is_some() && self.playout.has_frame()
    }

    /// Whether a lane other than the reply has something to send.
    pub(super) fn has_other_sound(&self) -> bool {
        self.tail.is_some() || self.aside.has_sound() || self.surroundings.has_sound()
    }

    fn is_frame_due(&mut self, now: Instant) -> bool {
        let since_start = elapsed(now);
        if !self.has_reply_frame()
            && self.is_in_mid_reply()
            && self.stream.is_due(true, since_start)
        {
            self.runs_dry();
        }
        let has_reply = self.has_reply_frame();
        (has_reply || self.has_other_sound()) && self.stream.is_due(has_reply, since_start)
    }

    /// A frame of the reply is due and there is none.
    fn runs_dry(&mut self) {
        if let Some(speaking) = &mut self.speaking {
            speaking.is_dry = true;
            let turn = speaking.turn;
            // Nothing that was said may wait for what comes after the gap.
            self.end_piece(turn);
        }
    }

    pub(super) fn send_frame(&mut self, now: Instant) -> Outcome {
        // A full queue holds the speech back; a closed one ends the call by another way.
        let Ok(permit) = self.audio_out.try_reserve() else {
            self.blocked_at = Some(now);
            return Outcome::Blocked;
        };
        let since_start = elapsed(now);
        let unheard = self.rate.samples_in(self.stream.unheard(since_start));
        let was_in_mid_reply = self.is_in_mid_reply();
        let has_reply = self.has_reply_frame();
        let reply = has_reply.then(|| self.playout.next_frame()).flatten();
        let voice = reply.map(|sent| sent.frame).or(self.tail.take());
        let turn = match self.speaking {
            Some(speaking) if voice.is_some() => speaking.turn,
            _ => TurnId::default(),
        };
        let voices = [voice, self.aside.next(unheard)];
        let is_speaking = voices.iter().any(Option::is_some);
        for mut frame in voices.into_iter().flatten() {
            self.gain.apply(&mut frame);
            self.mixer.add(frame.samples());
        }
        self.surroundings.add_to(&mut self.mixer, is_speaking);
        let frame = self.mixer.take();
        let lateness = self.stream.lateness(since_start);
        let sent = self.stream.sent(has_reply, since_start);
        self.underruns += u64::from(sent.is_underrun && was_in_mid_reply);
        if let Some(far_end) = &mut self.far_end {
            far_end.sent(&frame, sent.plays_at);
        }
        permit.send(OutboundFrame {
            generation: self.generation,
            turn,
            frame,
        });
        Outcome::Sent(self.news_of_frame(has_reply, lateness, now))
    }

    fn news_of_frame(
        &mut self,
        has_reply: bool,
        lateness: Duration,
        now: Instant,
    ) -> Option<MouthNews> {
        let is_gap = !has_reply && self.is_in_mid_reply();
        let speaking = self.speaking.as_mut()?;
        if !has_reply {
            self.underruns += u64::from(is_gap && !speaking.is_in_gap);
            speaking.is_in_gap = is_gap;
            return None;
        }
        self.last_reply_frame_sent = Some(now);
        self.waits_for_tool &= self.is_tool_running;
        speaking.is_in_gap = false;
        speaking.has_sent = true;
        let was_dry = std::mem::take(&mut speaking.is_dry);
        Some(MouthNews::Sent {
            lateness: (!was_dry).then_some(lateness),
            begins: speaking.sounds.sent(self.playout.sent_position()),
        })
    }

    /// When to call [`Self::next_news`] again, if nothing else happens.
    pub(in crate::session) fn deadline(&self) -> Option<Instant> {
        let ends_at = self.stream.reply_ends_at().map(|at| Instant::START + at);
        let end = self.speaking.and_then(|speaking| {
            if self.playout.is_drained() {
                return ends_at;
            }
            let is_running_dry =
                speaking.sounds.is_heard() && !self.playout.has_frame() && !self.playout.is_held();
            ends_at.filter(|_| is_running_dry).map(|at| at + DRY_AFTER)
        });
        [end, self.next_frame_at()].into_iter().flatten().min()
    }

    /// When the next frame may be sent, `None` where no lane has one.
    fn next_frame_at(&self) -> Option<Instant> {
        let has_reply = self.has_reply_frame();
        let has_sound = has_reply || self.has_other_sound();
        if !has_sound || self.audio_out.is_closed() {
            return None;
        }
        let at = Instant::START + self.stream.next_due(has_reply);
        let retry = self.blocked_at.map(|blocked| blocked + FULL_LEG_RETRY);
        let is_blocked = self.audio_out.capacity() == 0;
        Some(
            retry
                .filter(|_| is_blocked)
                .map_or(at, |retry| retry.max(at)),
        )
    }
}
