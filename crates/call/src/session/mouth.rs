//! The speaking side of a session: speech to frames, frames to the leg on their schedule, and
//! what of it was heard. It is the one writer of the leg's audio and owns its `clear`.
//!
//! Every frame is the sum of the lanes that sound: the reply and what is said beside it. A cut
//! takes back what the ear has not heard; what the cut is not about is sent again from there.

mod aside;
mod far_end;
mod stream;
mod voicing;

use std::time::Duration;

use offhook_contract::{LegControl, LegDescription, OutboundFrame, SpeechAudio};
use offhook_media::{Frame, Gain, Mixer, Playout, PlayoutSegment, Resampler, SampleRate};
use offhook_turn_taking::{HeardText, Instant, TurnId};
use tokio::sync::mpsc;

use aside::{ASIDE_MAX, Aside};
use far_end::FarEnd;
use stream::Stream;
use voicing::Voicing;

/// With less speech than this waiting, the next phrase is wanted without its sentence.
const RUNNING_DRY: Duration = Duration::from_millis(350);

/// With more speech than this waiting, the reply that makes it has to wait.
const FULL: Duration = Duration::from_secs(20);

/// How often it is told how much of the reply was heard.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// How soon a leg whose queue is full is tried again.
const FULL_LEG_RETRY: Duration = Duration::from_millis(5);

/// What changed while frames were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MouthNews {
    /// A frame left.
    Sent {
        /// How late; `None` where the frame was not there yet when it was due.
        lateness: Option<Duration>,
        /// Whether it is the first since the reply began.
        is_first: bool,
    },
    /// Little speech is left and more is being made.
    RunningDry,
    /// So much of the reply was heard; comes twice a second.
    Heard(Duration),
    /// All of the reply was heard.
    Finished,
}

/// The reply that is being spoken.
#[derive(Debug, Clone, Copy)]
struct Speaking {
    turn: TurnId,
    has_sent: bool,
    has_asked_for_more: bool,
    progress_told: Instant,
    /// A frame was due and there was none.
    is_dry: bool,
    /// The newest frame was due and left without the reply.
    is_in_gap: bool,
}

/// What became of a frame that was due.
enum Outcome {
    /// The leg has no room.
    Blocked,
    /// It left; for one with the reply in it, what there is to tell.
    Sent(Option<MouthNews>),
}

/// How a call sounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Amplitude of all that the voice says; 1 leaves it as it is.
    pub(super) volume: f32,
    /// How many times faster the voice's audio is played, at the same pitch.
    pub(super) stretch: f32,
}

#[derive(Debug)]
pub(super) struct Mouth {
    rate: SampleRate,
    playout: Playout,
    stream: Stream,
    gain: Gain,
    mixer: Mixer,
    voicing: Voicing,
    audio_out: mpsc::Sender<OutboundFrame>,
    control: mpsc::Sender<LegControl>,
    generation: u32,
    speaking: Option<Speaking>,
    /// The end of speech that was cut, faded.
    tail: Option<Frame>,
    aside: Aside,
    far_end: Option<FarEnd>,
    last_frame_sent: Option<Instant>,
    last_reply_frame_sent: Option<Instant>,
    /// Times that speech ran dry in the middle of a reply.
    underruns: u64,
}

impl Mouth {
    pub(super) fn new(
        leg: &LegDescription,
        audio_out: mpsc::Sender<OutboundFrame>,
        control: mpsc::Sender<LegControl>,
        manner: Manner,
    ) -> Self {
        Self {
            rate: leg.rate,
            playout: Playout::new(leg.rate),
            stream: Stream::new(leg.lead),
            gain: Gain::new(manner.volume),
            mixer: Mixer::new(leg.rate),
            voicing: Voicing::new(leg.rate, manner.stretch),
            audio_out,
            control,
            generation: 0,
            speaking: None,
            tail: None,
            aside: Aside::new(leg.rate),
            far_end: None,
            last_frame_sent: None,
            last_reply_frame_sent: None,
            underruns: 0,
        }
    }

    /// A reply may be heard from now on.
    pub(super) fn begin(&mut self, turn: TurnId, now: Instant) {
        if self.speaking.is_some() {
            self.cancel("", now);
        }
        self.voicing.reset();
        self.stream.reply_begins();
        self.speaking = Some(Speaking {
            turn,
            has_sent: false,
            has_asked_for_more: false,
            progress_told: now,
            is_dry: false,
            is_in_gap: false,
        });
    }

    /// Adds speech of the reply whose text so far is `text`.
    pub(super) fn push(&mut self, audio: &SpeechAudio, text: &str) {
        let Some(speaking) = &mut self.speaking else {
            return;
        };
        speaking.has_asked_for_more = false;
        let turn = speaking.turn;
        if let Some(rest) = self.voicing.rest_before(audio.span) {
            self.play(turn, rest);
        }
        let segment = self.voicing.segment(audio, text);
        self.play(turn, segment);
    }

    fn play(&mut self, turn: TurnId, segment: PlayoutSegment) {
        let without_times = PlayoutSegment {
            words: Vec::new(),
            ..segment.clone()
        };
        let pushed = self.playout.push(turn.0, segment).or_else(|problem| {
            // A voice with impossible word times still gets spoken; times are then estimated.
            tracing::debug!(%problem, "word times do not fit the text");
            self.playout.push(turn.0, without_times)
        });
        if let Err(problem) = pushed {
            tracing::warn!(%problem, "speech was dropped");
        }
    }

    /// All speech of the reply has been added.
    pub(super) fn finish(&mut self) {
        let Some(speaking) = self.speaking else {
            return;
        };
        self.end_piece(speaking.turn);
        if let Err(problem) = self.playout.finish(speaking.turn.0) {
            tracing::warn!(%problem, "the end of a reply does not fit");
        }
    }

    /// Plays what the filters still hold of the piece.
    fn end_piece(&mut self, turn: TurnId) {
        if let Some(rest) = self.voicing.rest() {
            self.play(turn, rest);
        }
    }

    /// Plays a short clip at `rate` beside the reply, or alone where nothing else sounds: a
    /// backchannel, a beep. It belongs to no turn, is in no ledger, and a hold or a barge-in does
    /// not cut it. It waits for a clip that plays already, and replaces one that waits. Of a clip
    /// longer than 3 s the rest is dropped.
    #[cfg_attr(not(test), expect(dead_code, reason = "backchannels will say it"))]
    pub(super) fn say_aside(&mut self, samples: &[i16], rate: SampleRate) {
        let kept = samples.len().min(rate.samples_in(ASIDE_MAX) as usize);
        let mut clip = Vec::new();
        let mut resampler = Resampler::new(rate, self.rate);
        resampler.process(&samples[..kept], &mut clip);
        resampler.flush(&mut clip);
        self.aside.say(clip);
    }

    /// The next 20 ms of what the far end plays, all lanes mixed, ending about `now`: the
    /// reference for an echo canceller. Ask once for each caller frame. The record of it is kept
    /// from the first time on.
    #[cfg_attr(not(test), expect(dead_code, reason = "the echo canceller will ask"))]
    pub(super) fn far_end(&mut self, now: Instant) -> Frame {
        let at = elapsed(now);
        let far_end = self
            .far_end
            .get_or_insert_with(|| FarEnd::new(self.rate, at));
        far_end.next(at)
    }

    /// Sends what is due. Call until it gives `None`.
    pub(super) fn next_news(&mut self, now: Instant) -> Option<MouthNews> {
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
    fn rest_where_all_was_heard(&mut self, now: Instant) {
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
        if speaking.has_sent && now.since(speaking.progress_told) >= PROGRESS_EVERY {
            speaking.progress_told = now;
            let heard = self.stream.reply_heard(since_start);
            let position = self.playout.position_after(heard);
            return Some(MouthNews::Heard(self.rate.duration_of(position)));
        }
        None
    }

    /// Whether the reply was begun to be sent and has more to come.
    fn is_in_mid_reply(&self) -> bool {
        self.speaking.is_some_and(|speaking| speaking.has_sent)
            && !self.playout.is_held()
            && !self.playout.is_drained()
    }

    fn has_reply_frame(&self) -> bool {
        self.speaking.is_some() && self.playout.has_frame()
    }

    /// Whether a lane other than the reply has something to send.
    fn has_other_sound(&self) -> bool {
        self.tail.is_some() || self.aside.has_sound()
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

    fn send_frame(&mut self, now: Instant) -> Outcome {
        // A full queue holds the speech back; a closed one ends the call by another way.
        let Ok(permit) = self.audio_out.try_reserve() else {
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
        for mut frame in [voice, self.aside.next(unheard)].into_iter().flatten() {
            self.gain.apply(&mut frame);
            self.mixer.add(frame.samples());
        }
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
        self.last_frame_sent = Some(now);
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
        speaking.is_in_gap = false;
        let is_first = !std::mem::replace(&mut speaking.has_sent, true);
        let was_dry = std::mem::take(&mut speaking.is_dry);
        Some(MouthNews::Sent {
            lateness: (!was_dry).then_some(lateness),
            is_first,
        })
    }

    /// When to call [`Self::next_news`] again, if nothing else happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let end = self
            .stream
            .reply_ends_at()
            .filter(|_| self.speaking.is_some() && self.playout.is_drained())
            .map(|at| Instant::START + at);
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
        let retry = self.last_frame_sent.map(|sent| sent + FULL_LEG_RETRY);
        let is_blocked = self.audio_out.capacity() == 0;
        Some(
            retry
                .filter(|_| is_blocked)
                .map_or(at, |retry| retry.max(at)),
        )
    }

    /// Whether more speech may be made: a reply that is far ahead has to wait.
    pub(super) fn has_room(&self) -> bool {
        self.playout.buffered() < FULL
    }

    /// Stops the reply at once, remembering where the ear is; all other sound goes on. Gives when
    /// the last frame of the reply before that left.
    pub(super) fn hold(&mut self, now: Instant) -> Option<Instant> {
        let last = self.last_reply_frame_sent;
        let position = self.ear_position(now);
        self.playout.hold(position);
        self.clear_leg(now);
        last
    }

    /// Goes on from the word at which it was held.
    pub(super) fn resume(&mut self, now: Instant) {
        if self.playout.is_held() {
            self.rest_where_all_was_heard(now);
            self.stream.reply_begins();
            self.playout.resume();
        }
    }

    /// Drops the reply whose text is `text`; gives what of it was heard.
    pub(super) fn cancel(&mut self, text: &str, now: Instant) -> HeardText {
        let Some(speaking) = self.speaking.take() else {
            return HeardText::Known(String::new());
        };
        let was_held = self.playout.is_held();
        let heard = self.playout.clear(self.ear_position(now));
        if speaking.has_sent && !was_held {
            self.clear_leg(now);
        }
        let end = heard.map_or(0, |heard| heard.text_end);
        HeardText::Known(text.get(..end).unwrap_or(text).to_owned())
    }

    /// Times that speech ran dry in the middle of a reply.
    pub(super) fn underruns(&self) -> u32 {
        u32::try_from(self.underruns).unwrap_or(u32::MAX)
    }

    /// Where in the reply the ear is.
    fn ear_position(&self, now: Instant) -> u64 {
        let heard = self.stream.reply_heard(elapsed(now));
        self.playout.position_after(heard)
    }

    /// Takes back what the far end has not played yet. The reply ends with a short fade; every
    /// other lane goes on from where the ear is.
    fn clear_leg(&mut self, now: Instant) {
        let since_start = elapsed(now);
        let unheard = self.rate.samples_in(self.stream.unheard(since_start));
        self.aside.rewind(unheard);
        if let Some(far_end) = &mut self.far_end {
            far_end.cut(since_start);
        }
        self.stream.stop(since_start);
        self.generation = self.generation.wrapping_add(1);
        // A leg that does not read its orders is about to be closed.
        let _ = self.control.try_send(LegControl::Clear {
            generation: self.generation,
        });
        self.tail = self.playout.fade_out_tail();
        if self.has_other_sound() {
            self.send_frame(now);
        }
        // Without room the cut is hard, which is better than late.
        self.tail = None;
    }
}

fn elapsed(now: Instant) -> Duration {
    now.since(Instant::START)
}

#[cfg(test)]
mod tests;
