//! The speaking side of a session: speech to frames, frames to the leg on their schedule, and
//! what of it was heard. It is the one writer of the leg's audio and owns its `clear`.
//!
//! Every frame is the sum of the lanes that sound: the reply and what is said beside it. A cut
//! takes back what the ear has not heard; what the cut is not about is sent again from there.
//! Here is what goes in and what is cut; frames leave in `sending`.

mod aside;
mod far_end;
mod filler;
mod sending;
mod stream;
mod surroundings;
mod voicing;

use std::time::Duration;

use offhook_contract::{LegControl, LegDescription, OutboundFrame, SpeechAudio};
use offhook_media::{
    Frame, Gain, Mixer, Playout, PlayoutSegment, Resampler, SampleRate, SoundLoop,
};
use offhook_turn_taking::{HeardText, Instant, TurnId};
use tokio::sync::mpsc;

use aside::{ASIDE_MAX, Aside};
use far_end::FarEnd;
pub(super) use filler::Sound;
use filler::Sounds;
use stream::Stream;
use surroundings::Surroundings;
pub(super) use surroundings::{BedChoice, ToolSoundChoice};
use voicing::Voicing;

/// With more speech than this waiting, the reply that makes it has to wait.
const FULL: Duration = Duration::from_secs(20);

/// What changed while frames were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MouthNews {
    /// A frame left.
    Sent {
        /// How late; `None` where the frame was not there yet when it was due.
        lateness: Option<Duration>,
        /// What begins with it, where something does.
        begins: Option<Sound>,
    },
    /// Little speech is left and more is being made.
    RunningDry,
    /// All that there is of the reply was heard, and more is to come.
    RanDry,
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
    sounds: Sounds,
}

/// How a call sounds.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// Amplitude of all that the voice says; 1 leaves it as it is.
    pub(super) volume: f32,
    /// How many times faster the voice's audio is played, at the same pitch.
    pub(super) stretch: f32,
    /// What is heard under the whole call.
    pub(super) bed: Option<BedChoice>,
    /// What is heard while a tool runs.
    pub(super) tool_sound: Option<ToolSoundChoice>,
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
    surroundings: Surroundings,
    is_tool_running: bool,
    /// What the reply goes on with has yet to come of a tool.
    waits_for_tool: bool,
    far_end: Option<FarEnd>,
    /// When the leg was found to be full, last.
    blocked_at: Option<Instant>,
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
            surroundings: Surroundings::new(manner.bed, manner.tool_sound),
            is_tool_running: false,
            waits_for_tool: false,
            far_end: None,
            blocked_at: None,
            last_reply_frame_sent: None,
            underruns: 0,
        }
    }

    /// Sounds another way from now on; no reply is being spoken.
    pub(super) fn change_manner(&mut self, manner: Manner) {
        self.gain.set_volume(manner.volume);
        self.voicing = Voicing::new(self.rate, manner.stretch);
        self.surroundings.succeed(manner.bed, manner.tool_sound);
    }

    /// What is said from now on goes to another connection of the same rate; what the one before had
    /// not played is lost.
    pub(super) fn reconnect(
        &mut self,
        audio_out: mpsc::Sender<OutboundFrame>,
        control: mpsc::Sender<LegControl>,
        now: Instant,
    ) {
        self.audio_out = audio_out;
        self.control = control;
        self.stream.stop(elapsed(now));
    }

    /// A reply may be heard from now on.
    pub(super) fn begin(&mut self, turn: TurnId, now: Instant) {
        if self.speaking.is_some() {
            self.cancel("", now);
        }
        self.voicing.reset();
        self.waits_for_tool = false;
        self.stream.reply_begins();
        self.speaking = Some(Speaking {
            turn,
            has_sent: false,
            has_asked_for_more: false,
            progress_told: now,
            is_dry: false,
            is_in_gap: false,
            sounds: Sounds::default(),
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
        let count = segment.samples.len();
        let without_times = PlayoutSegment {
            words: Vec::new(),
            ..segment.clone()
        };
        let pushed = self.playout.push(turn.0, segment).or_else(|problem| {
            // A voice with impossible word times still gets spoken; times are then estimated.
            tracing::debug!(%problem, "word times do not fit the text");
            self.playout.push(turn.0, without_times)
        });
        match pushed {
            Err(problem) => tracing::warn!(%problem, "speech was dropped"),
            Ok(()) => {
                if let Some(speaking) = &mut self.speaking {
                    speaking.sounds.pushed(count);
                }
            }
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
    pub(super) fn say_aside(&mut self, samples: &[i16], rate: SampleRate) {
        let kept = samples.len().min(rate.samples_in(ASIDE_MAX) as usize);
        let mut clip = Vec::new();
        let mut resampler = Resampler::new(rate, self.rate);
        resampler.process(&samples[..kept], &mut clip);
        resampler.flush(&mut clip);
        self.aside.say(clip);
    }

    /// A tool of the reply that may be heard begins or ends; `has_spoken`: the reply said
    /// something before it.
    pub(super) fn tool_runs(&mut self, is_running: bool, has_spoken: bool) {
        self.is_tool_running = is_running;
        self.waits_for_tool |= is_running;
        self.surroundings.tool_runs(is_running, has_spoken);
    }

    /// The next 20 ms of what the far end plays, all lanes mixed, ending about `now`: the
    /// reference for an echo canceller. Ask once for each caller frame. The record of it is kept
    /// from the first time on.
    pub(super) fn far_end(&mut self, now: Instant) -> Frame {
        let at = elapsed(now);
        let far_end = self
            .far_end
            .get_or_insert_with(|| FarEnd::new(self.rate, at));
        far_end.next(at)
    }

    /// Samples a second of the leg.
    pub(super) const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// The caller is on hold, and hears this.
    pub(super) fn play_hold(&mut self, sound: SoundLoop) {
        self.surroundings.hold(Some(sound));
    }

    /// The caller is on hold no more.
    pub(super) fn end_hold(&mut self) {
        self.surroundings.hold(None);
    }

    /// Whether a reply is being heard, or was until it was held.
    pub(super) fn is_speaking(&self) -> bool {
        self.speaking.is_some_and(|speaking| speaking.has_sent)
    }

    /// How much of the live reply's text was heard: one past its last byte.
    pub(super) fn heard_end(&mut self, now: Instant) -> usize {
        self.playout.set_heard(self.ear_position(now));
        self.playout.heard().map_or(0, |heard| heard.text_end)
    }

    /// Whether more speech may be made: a reply that is far ahead has to wait.
    pub(super) fn has_room(&self) -> bool {
        self.playout.buffered() < FULL
    }

    /// Stops the reply at once, remembering where the ear is; all other sound goes on. Gives when
    /// the last frame of the reply before that left; `None` where none did, and it is held back.
    pub(super) fn hold(&mut self, now: Instant) -> Option<Instant> {
        if !self.speaking?.has_sent {
            self.playout.hold(0);
            return None;
        }
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
        self.surroundings.rewind(unheard);
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
