//! The far end of a call on the bench: it sends a frame every 20 ms, plays the episodes one after
//! another, each at its cue, and notes when the agent's frames leave.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use offhook_contract::{LegControl, LegEvent, LegFarEnd, OutboundFrame};
use offhook_media::{FRAME_DURATION, Frame, SampleRate};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::corpus::{Call, Cue, Episode};
use crate::microphone::Microphone;
use crate::providers::{Answers, TYPED};
use crate::sound::PER_MS;

/// Longest wait for the agent to be silent, to speak, or to end.
const PATIENCE_MS: u64 = 30_000;
/// From the last sound of a turn on, an answer that begins later than this is none.
pub(crate) const ANSWER_WITHIN_MS: u64 = 5_000;
/// After an answer an episode lasts until the agent was silent for so long.
const SETTLED_MS: u64 = 1_300;
/// The same where no answer is wanted: a held reply goes on within this, or never.
const KEPT_MS: u64 = 2_600;

/// A frame of the agent that left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AgentFrame {
    /// Milliseconds since the call was answered.
    pub(crate) at_ms: u64,
    pub(crate) turn: u32,
}

/// When what of an episode happened, in milliseconds since the call was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// First and last sound.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// The pause inside.
    pub(crate) pause: Option<(u64, u64)>,
    /// The reply over which it was played.
    pub(crate) over: Option<u32>,
    pub(crate) began: u64,
    pub(crate) ended: u64,
    /// The agent did not speak when it was typed to: nothing was played.
    pub(crate) is_void: bool,
}

/// What the far end heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) frames: Vec<AgentFrame>,
    pub(crate) episodes: Vec<Times>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Waits for the cue, since then.
    Waiting(u64),
    /// Has typed, then.
    Typed(u64),
    /// Plays; so many samples are out.
    Playing(usize),
    /// Listens to what comes of it.
    Watching,
    /// Has hung up.
    Done,
}

/// The caller of one call.
pub(crate) struct Caller {
    episodes: VecDeque<(Episode, Vec<f32>)>,
    answers: Arc<Mutex<Answers>>,
    microphone: Microphone,
    rate: SampleRate,
    doing: Doing,
    times: Times,
    heard: Heard,
}

impl Caller {
    pub(crate) fn new(
        call: &Call,
        rate: SampleRate,
        answers: Arc<Mutex<Answers>>,
    ) -> anyhow::Result<Self> {
        let at_leg = |episode: &Episode| {
            let samples = crate::sound::at_rate(&episode.sound.samples, rate)?;
            anyhow::Ok((episode.clone(), samples))
        };
        let episodes = call.episodes.iter().map(at_leg);
        Ok(Self {
            episodes: episodes.collect::<Result<_, _>>()?,
            answers,
            microphone: Microphone::new(call, rate)?,
            rate,
            doing: Doing::Waiting(0),
            times: Times::default(),
            heard: Heard::default(),
        })
    }

    /// Calls, until every episode was played and the far end has ended the call.
    pub(crate) async fn call(mut self, mut far: LegFarEnd) -> Heard {
        let start = Instant::now();
        let mut ticks = interval(FRAME_DURATION);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        self.prepare();
        loop {
            tokio::select! {
                biased;
                order = far.control.recv() => match order {
                    Some(LegControl::HangUp) | None => return self.heard,
                    Some(LegControl::Clear { generation }) => self.microphone.clear(generation),
                    Some(LegControl::Notice(_)) => {}
                },
                Some(frame) = far.audio_out.recv() => self.hear(frame, millis(start.elapsed())),
                _ = ticks.tick() => {
                    let frame = self.tick(&far, millis(start.elapsed()));
                    // A session that does not take it counts it.
                    let _ = far.audio_in.try_send(frame);
                }
            }
        }
    }

    fn hear(&mut self, frame: OutboundFrame, now: u64) {
        self.heard.frames.push(AgentFrame {
            at_ms: now,
            turn: frame.turn.0,
        });
        self.microphone.play(frame);
    }

    /// Does what is due, and gives the next frame of the microphone.
    fn tick(&mut self, far: &LegFarEnd, now: u64) -> Frame {
        match self.doing {
            Doing::Waiting(since) => self.wait(far, since, now),
            Doing::Typed(at) => self.wait_for_reply(at, now),
            Doing::Watching if self.is_over(now) => self.end_episode(now),
            Doing::Playing(_) | Doing::Watching | Doing::Done => {}
        }
        if self.doing == Doing::Waiting(now) && self.episodes.is_empty() {
            self.doing = Doing::Done;
            // The far end may be gone already.
            let _ = far.events.try_send(LegEvent::HungUp);
        }
        let frame = self.rate.frame_samples();
        let sound = match (self.doing, self.episodes.front()) {
            (Doing::Playing(from), Some((_, samples))) => {
                let end = (from + frame).min(samples.len());
                self.doing = if end == samples.len() {
                    Doing::Watching
                } else {
                    Doing::Playing(end)
                };
                &samples[from..end]
            }
            _ => &[],
        };
        self.microphone.record(sound)
    }

    /// Sets what the agent answers in the next episode.
    fn prepare(&self) {
        if let Some((episode, _)) = self.episodes.front() {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            *answers = Answers {
                to_typed: episode.long_reply.text.clone(),
                to_spoken: episode.reply.text.clone(),
            };
        }
    }

    fn wait(&mut self, far: &LegFarEnd, since: u64, now: u64) {
        let Some((episode, _)) = self.episodes.front() else {
            return;
        };
        let last = self.heard.frames.last().map_or(0, |frame| frame.at_ms);
        let quiet = now.saturating_sub(last.max(since));
        let is_late = now.saturating_sub(since) > PATIENCE_MS;
        match episode.cue {
            Cue::Quiet(ms) if quiet >= ms || is_late => self.play(now, None),
            Cue::IntoReply(_) if quiet >= 500 || is_late => {
                self.times.began = now;
                self.doing = Doing::Typed(now);
                // The far end may be gone already.
                let _ = far.events.try_send(LegEvent::Message(TYPED.into()));
            }
            Cue::Quiet(_) | Cue::IntoReply(_) => {}
        }
    }

    fn wait_for_reply(&mut self, typed_at: u64, now: u64) {
        let Some((episode, _)) = self.episodes.front() else {
            return;
        };
        let Cue::IntoReply(offset) = episode.cue else {
            return;
        };
        let first = self.heard.frames.iter().find(|it| it.at_ms >= typed_at);
        match first.copied() {
            Some(first) if now >= first.at_ms + offset => self.play(now, Some(first.turn)),
            None if now - typed_at > ANSWER_WITHIN_MS => {
                self.times.is_void = true;
                self.end_episode(now);
            }
            _ => {}
        }
    }

    /// Begins to play. What is sent at a tick was recorded in the 20 ms before it.
    fn play(&mut self, now: u64, over: Option<u32>) {
        let Some((episode, _)) = self.episodes.front() else {
            return;
        };
        let start = now.saturating_sub(20);
        let place = |sample: usize| start + (sample / PER_MS) as u64;
        let span = &episode.sound.span;
        if self.times.began == 0 {
            self.times.began = start;
        }
        self.times.first = place(span.start);
        self.times.last = place(span.end);
        let pause = episode.pause.as_ref();
        self.times.pause = pause.map(|pause| (place(pause.start), place(pause.end)));
        self.times.over = over;
        self.doing = Doing::Playing(0);
    }

    /// Whether nothing more is to come of the episode that was played.
    fn is_over(&self, now: u64) -> bool {
        let Some((episode, _)) = self.episodes.front() else {
            return true;
        };
        let times = &self.times;
        let last_frame = self.heard.frames.last().map_or(0, |frame| frame.at_ms);
        let quiet = now.saturating_sub(last_frame.max(times.last));
        let since = now.saturating_sub(times.last);
        if since > PATIENCE_MS {
            return true;
        }
        if !episode.kind.wants_answer() {
            return quiet >= KEPT_MS;
        }
        let is_answered = self
            .heard
            .frames
            .last()
            .is_some_and(|frame| frame.at_ms > times.last && Some(frame.turn) != times.over);
        if is_answered {
            quiet >= SETTLED_MS
        } else {
            since > ANSWER_WITHIN_MS && quiet >= KEPT_MS
        }
    }

    fn end_episode(&mut self, now: u64) {
        self.times.ended = now;
        self.heard.episodes.push(std::mem::take(&mut self.times));
        self.episodes.pop_front();
        self.prepare();
        self.doing = Doing::Waiting(now);
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}
