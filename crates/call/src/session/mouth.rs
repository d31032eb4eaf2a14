//! The speaking side of a session: speech to frames, frames to the leg on their schedule, and
//! what of it was heard. It is the one writer of the leg's audio and owns its `clear`.

use std::time::Duration;

use offhook_contract::{LegControl, LegDescription, OutboundFrame, SpeechAudio};
use offhook_media::{
    Frame, Gain, Pacer, Playout, PlayoutSegment, PlayoutWord, Resampler, SampleRate,
};
use offhook_turn_taking::{HeardText, Instant, TurnId};
use tokio::sync::mpsc;

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
}

#[derive(Debug)]
pub(super) struct Mouth {
    rate: SampleRate,
    playout: Playout,
    pacer: Pacer,
    gain: Gain,
    resampler: Option<(SampleRate, Resampler)>,
    audio_out: mpsc::Sender<OutboundFrame>,
    control: mpsc::Sender<LegControl>,
    generation: u32,
    speaking: Option<Speaking>,
    last_frame_sent: Option<Instant>,
}

impl Mouth {
    pub(super) fn new(
        leg: &LegDescription,
        audio_out: mpsc::Sender<OutboundFrame>,
        control: mpsc::Sender<LegControl>,
        volume: f32,
    ) -> Self {
        Self {
            rate: leg.rate,
            playout: Playout::new(leg.rate),
            pacer: Pacer::new(leg.lead),
            gain: Gain::new(volume),
            resampler: None,
            audio_out,
            control,
            generation: 0,
            speaking: None,
            last_frame_sent: None,
        }
    }

    /// A reply may be heard from now on.
    pub(super) fn begin(&mut self, turn: TurnId, now: Instant) {
        if self.speaking.is_some() {
            self.cancel("", now);
        }
        self.speaking = Some(Speaking {
            turn,
            has_sent: false,
            has_asked_for_more: false,
            progress_told: now,
            is_dry: false,
        });
    }

    /// Adds speech of the reply whose text so far is `text`.
    pub(super) fn push(&mut self, audio: &SpeechAudio, text: &str) {
        let samples = self.converted(audio);
        let Some(speaking) = &mut self.speaking else {
            return;
        };
        let span = audio.span.start..audio.span.end;
        let segment = PlayoutSegment {
            samples,
            text: text.get(span).unwrap_or_default().to_owned(),
            text_start: audio.span.start,
            words: audio
                .words
                .iter()
                .map(|word| PlayoutWord {
                    text_start: word.span.start,
                    text_end: word.span.end,
                    start: word.start,
                    end: word.end,
                })
                .collect(),
        };
        speaking.has_asked_for_more = false;
        let turn = speaking.turn.0;
        let without_times = PlayoutSegment {
            words: Vec::new(),
            ..segment.clone()
        };
        let pushed = self.playout.push(turn, segment).or_else(|problem| {
            // A voice with impossible word times still gets spoken; times are then estimated.
            tracing::debug!(%problem, "word times do not fit the text");
            self.playout.push(turn, without_times)
        });
        if let Err(problem) = pushed {
            tracing::warn!(%problem, "speech was dropped");
        }
    }

    /// All speech of the reply has been added.
    pub(super) fn finish(&mut self) {
        if let Some(speaking) = &self.speaking
            && let Err(problem) = self.playout.finish(speaking.turn.0)
        {
            tracing::warn!(%problem, "the end of a reply does not fit");
        }
    }

    /// Sends what is due. Call until it gives `None`.
    pub(super) fn next_news(&mut self, now: Instant) -> Option<MouthNews> {
        let speaking = self.speaking.as_mut()?;
        if self.playout.is_held() {
            return None;
        }
        let since_start = elapsed(now);
        if self.playout.is_drained() {
            let is_heard = self.pacer.runs_dry_at().is_none_or(|at| at <= since_start);
            if is_heard {
                self.pacer.stop(since_start);
                self.playout.clear(self.playout.sent_position());
                self.speaking = None;
            }
            return is_heard.then_some(MouthNews::Finished);
        }
        if speaking.has_sent && now.since(speaking.progress_told) >= PROGRESS_EVERY {
            speaking.progress_told = now;
            let heard = self.playout.position_after(self.pacer.heard(since_start));
            return Some(MouthNews::Heard(self.rate.duration_of(heard)));
        }
        let is_due = !self.pacer.is_running() || self.pacer.due(since_start);
        if is_due && self.playout.has_frame() {
            return self.send_frame(now);
        }
        speaking.is_dry |= is_due && speaking.has_sent;
        let wants_more = !speaking.has_asked_for_more && self.playout.buffered() < RUNNING_DRY;
        speaking.has_asked_for_more |= wants_more;
        wants_more.then_some(MouthNews::RunningDry)
    }

    fn send_frame(&mut self, now: Instant) -> Option<MouthNews> {
        let speaking = self.speaking.as_mut()?;
        // A full queue holds the speech back; a closed one ends the call by another way.
        let permit = self.audio_out.try_reserve().ok()?;
        let mut sent = self.playout.next_frame()?;
        self.gain.apply(&mut sent.frame);
        let since_start = elapsed(now);
        let lateness = self.pacer.lateness(since_start);
        self.pacer.sent(since_start);
        permit.send(OutboundFrame {
            generation: self.generation,
            turn: speaking.turn,
            frame: sent.frame,
        });
        self.last_frame_sent = Some(now);
        let is_first = !std::mem::replace(&mut speaking.has_sent, true);
        let was_dry = std::mem::take(&mut speaking.is_dry);
        Some(MouthNews::Sent {
            lateness: (!was_dry).then_some(lateness),
            is_first,
        })
    }

    /// When to call [`Self::next_news`] again, if nothing else happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.speaking?;
        if self.playout.is_held() {
            return None;
        }
        let at = if self.playout.is_drained() {
            self.pacer.runs_dry_at()
        } else if self.playout.has_frame() {
            self.pacer.next_due()
        } else {
            None
        };
        let at = Instant::START + at?;
        let is_blocked = self.audio_out.capacity() == 0 && self.playout.has_frame();
        let retry = self.last_frame_sent.map(|sent| sent + FULL_LEG_RETRY);
        Some(if is_blocked {
            retry.map_or(at, |retry| retry.max(at))
        } else {
            at
        })
    }

    /// Whether more speech may be made: a reply that is far ahead has to wait.
    pub(super) fn has_room(&self) -> bool {
        self.playout.buffered() < FULL
    }

    /// Stops at once, remembering where the ear is. Gives when the last frame before that left.
    pub(super) fn hold(&mut self, now: Instant) -> Option<Instant> {
        let last = self.last_frame_sent;
        let position = self.stop(now);
        self.playout.hold(position);
        self.clear_leg();
        last
    }

    /// Goes on from the word at which it was held.
    pub(super) fn resume(&mut self) {
        self.playout.resume();
    }

    /// Drops the reply whose text is `text`; gives what of it was heard.
    pub(super) fn cancel(&mut self, text: &str, now: Instant) -> HeardText {
        let Some(speaking) = self.speaking.take() else {
            return HeardText::Known(String::new());
        };
        let was_held = self.playout.is_held();
        let position = self.stop(now);
        let heard = self.playout.clear(position);
        if speaking.has_sent && !was_held {
            self.clear_leg();
        }
        let end = heard.map_or(0, |heard| heard.text_end);
        HeardText::Known(text.get(..end).unwrap_or(text).to_owned())
    }

    /// Times that speech ran dry in the middle of a reply.
    pub(super) fn underruns(&self) -> u32 {
        u32::try_from(self.pacer.underruns()).unwrap_or(u32::MAX)
    }

    /// Stops the schedule; gives where the ear is.
    fn stop(&mut self, now: Instant) -> u64 {
        if self.pacer.is_running() {
            let heard = self.pacer.stop(elapsed(now));
            self.playout.position_after(heard)
        } else {
            self.playout.heard_position()
        }
    }

    /// Takes back what the far end has not played yet, and ends with a short fade.
    fn clear_leg(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        // A leg that does not read its orders is about to be closed.
        let _ = self.control.try_send(LegControl::Clear {
            generation: self.generation,
        });
        if let Some(mut frame) = self.playout.fade_out_tail() {
            self.gain.apply(&mut frame);
            self.send_tail(frame);
        }
    }

    fn send_tail(&self, frame: Frame) {
        let turn = self
            .speaking
            .map_or(TurnId::default(), |speaking| speaking.turn);
        // Without room the cut is hard, which is better than late.
        let _ = self.audio_out.try_send(OutboundFrame {
            generation: self.generation,
            turn,
            frame,
        });
    }

    /// The speech at the leg's rate.
    fn converted(&mut self, audio: &SpeechAudio) -> Vec<i16> {
        if audio.rate == self.rate {
            return audio.samples.clone();
        }
        let resampler = match &mut self.resampler {
            Some((rate, resampler)) if *rate == audio.rate => resampler,
            other => {
                &mut other
                    .insert((audio.rate, Resampler::new(audio.rate, self.rate)))
                    .1
            }
        };
        let mut samples = Vec::with_capacity(
            resampler.output_samples_max(audio.samples.len()) + resampler.output_samples_max(0),
        );
        resampler.process(&audio.samples, &mut samples);
        resampler.flush(&mut samples);
        samples
    }
}

fn elapsed(now: Instant) -> Duration {
    now.since(Instant::START)
}
