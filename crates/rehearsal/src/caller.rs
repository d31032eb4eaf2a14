//! The simulated caller: acts out a scenario, and knows nothing of the call but what it hears.
//!
//! It is fed one agent frame and gives one caller frame every 20 ms. When it speaks is decided by
//! the agent's audio alone, as for a person with a telephone; the engine is never asked.

mod ear;
mod ledger;
mod noise;
mod rendering;

use std::time::Duration;

use offhook_contract::{LegEvent, TextToSpeech};
use offhook_media::{FRAME_DURATION, Frame, SampleRate};
use offhook_transport::{CallerAudio, CallerFrame};

use crate::{CallerLine, Scenario, When};
use ear::Ear;
use noise::Noise;

pub use ledger::{AgentSpeech, CallerLedger, LedgerHandle, LineFate, SaidLine};
pub use rendering::{RenderError, RenderedLine};

/// Silence after which an agent that could have been interrupted is taken to have finished.
const AGENT_DONE: Duration = Duration::from_millis(1_500);

/// How long an agent that was only acknowledged is given to go on before the caller believes that
/// it had finished already.
const RESUME_WAIT: Duration = Duration::from_secs(3);

/// However busy the agent is, no moment is waited for longer than this many give-up times.
const GIVE_UPS_MAX: u32 = 4;

/// A caller who acts out one scenario.
#[derive(Debug)]
pub struct SimulatedCaller {
    rate: SampleRate,
    script: Vec<Cue>,
    hang_up: Moment,
    next: usize,
    speaking: Option<Speaking>,
    previous: Option<Previous>,
    waiting_since: u64,
    has_hung_up: bool,
    ear: Ear,
    noise: Noise,
    ledger: LedgerHandle,
}

/// A line, ready to be said.
#[derive(Debug)]
struct Cue {
    audio: RenderedLine,
    moment: Moment,
    is_backchannel: bool,
}

/// A moment and how long it is waited for.
#[derive(Debug, Clone, Copy)]
struct Moment {
    when: When,
    give_up: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Speaking {
    line: usize,
    position: usize,
}

/// The line said last.
#[derive(Debug, Clone, Copy)]
struct Previous {
    /// Ticks at which its sound began and ended.
    began: u64,
    ended: u64,
    is_backchannel: bool,
}

/// Whether a moment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Wait,
    Now,
    /// The agent finished before it.
    Missed,
    /// It did not come in time.
    GaveUp,
}

impl SimulatedCaller {
    /// Renders every line of `scenario` with `voice` (or reads its recording) and makes a caller
    /// for a leg of the given rate.
    ///
    /// # Errors
    /// [`RenderError`] where a line cannot be spoken or its recording cannot be read.
    pub async fn prepare(
        scenario: &Scenario,
        voice: &dyn TextToSpeech,
        rate: SampleRate,
    ) -> Result<Self, RenderError> {
        let audio = rendering::render(scenario, voice, rate).await?;
        Ok(Self::new(scenario, audio, rate))
    }

    /// A caller whose lines are rendered already, one for each line of `scenario`, at `rate`.
    /// Surplus lines on either side are not said.
    #[must_use]
    pub fn new(scenario: &Scenario, audio: Vec<RenderedLine>, rate: SampleRate) -> Self {
        let script = scenario
            .lines
            .iter()
            .zip(audio)
            .map(|(line, audio)| Cue::new(line, audio));
        Self {
            rate,
            script: script.collect(),
            hang_up: Moment {
                when: scenario.hang_up,
                give_up: scenario.hang_up_give_up,
            },
            next: 0,
            speaking: None,
            previous: None,
            waiting_since: 0,
            has_hung_up: false,
            ear: Ear::new(ticks(scenario.voice.patience)),
            noise: Noise::new(scenario.voice.noise_seed, scenario.voice.noise_dbfs),
            ledger: LedgerHandle::new(scenario.lines.len()),
        }
    }

    /// What the caller has done and heard, to be read during and after the call.
    #[must_use]
    pub fn ledger(&self) -> LedgerHandle {
        self.ledger.clone()
    }

    /// The caller's next 20 ms, having heard `heard` (`None` where nothing came) in the last.
    /// `tick` counts from 0 since the call was answered. `None` hangs up, for good.
    pub fn speak_next(&mut self, heard: Option<&Frame>, tick: u64) -> Option<Frame> {
        if self.has_hung_up {
            return None;
        }
        if let Some(stretch) = self.ear.listen(heard, tick) {
            self.ledger
                .record(|ledger| ledger.heard_agent(time(stretch.0), time(stretch.1)));
        }
        if self.speaking.is_none() {
            self.decide(tick);
        }
        if self.has_hung_up {
            return None;
        }
        let mut frame = Frame::silence(self.rate);
        if let Some(speaking) = self.speaking {
            self.speak(speaking, &mut frame, tick);
        }
        self.noise.add_to(&mut frame);
        Some(frame)
    }

    /// Begins the next line or hangs up, where the moment has come.
    fn decide(&mut self, tick: u64) {
        let Some(cue) = self.script.get(self.next) else {
            if self.judge(self.hang_up, tick) != Verdict::Wait {
                self.has_hung_up = true;
                self.ledger
                    .record(|ledger| ledger.hung_up = Some(time(tick)));
            }
            return;
        };
        let verdict = self.judge(cue.moment, tick);
        let fate = match verdict {
            Verdict::Wait => return,
            Verdict::Now => LineFate::OnTime,
            // An "mhm" to nobody would be a turn of its own.
            Verdict::Missed | Verdict::GaveUp if cue.is_backchannel => LineFate::Skipped,
            Verdict::Missed => LineFate::AgentHadFinished,
            Verdict::GaveUp => LineFate::GaveUpWaiting,
        };
        let line = self.next;
        self.next += 1;
        if fate == LineFate::Skipped {
            self.waiting_since = tick;
            self.ledger.record(|ledger| ledger.skip(line));
            return;
        }
        self.speaking = Some(Speaking { line, position: 0 });
        let rate = self.rate;
        let start = time(tick);
        let sound = cue.audio.sound.clone();
        self.ledger.record(|ledger| {
            ledger.lines[line] = Some(SaidLine {
                began: start + rate.duration_of(sound.start as u64),
                ended: start + rate.duration_of(sound.end as u64),
                fate,
            });
        });
    }

    /// Puts the next piece of the line into `frame`.
    fn speak(&mut self, speaking: Speaking, frame: &mut Frame, tick: u64) {
        let Speaking { line, position } = speaking;
        let cue = &self.script[line];
        let rest = &cue.audio.samples[position.min(cue.audio.samples.len())..];
        *frame = Frame::padded(self.rate, rest);
        let after = position + self.rate.frame_samples();
        let ended = cue.audio.sound.end;
        if position < ended && after >= ended || (position == 0 && ended == 0) {
            let began = tick.saturating_sub((position / self.rate.frame_samples()) as u64);
            let is_backchannel = cue.is_backchannel;
            self.previous = Some(Previous {
                began,
                ended: tick,
                is_backchannel,
            });
        }
        if after >= cue.audio.samples.len() {
            self.speaking = None;
            self.waiting_since = tick + 1;
        } else {
            self.speaking = Some(Speaking {
                line,
                position: after,
            });
        }
    }

    fn judge(&self, moment: Moment, tick: u64) -> Verdict {
        let verdict = match moment.when {
            // Exact, whatever the agent does.
            When::At(at) if tick >= ticks(at) => return Verdict::Now,
            When::At(_) => return Verdict::Wait,
            When::AfterLine(pause) => {
                let ended = self.previous.map_or(0, |previous| previous.ended);
                if tick > ended + ticks(pause) {
                    Verdict::Now
                } else {
                    Verdict::Wait
                }
            }
            When::AfterAgent(silence) => self.judge_after_agent(silence, tick),
            When::IntoAgent(offset) => self.judge_into_agent(offset, tick),
        };
        if verdict == Verdict::Wait && self.is_out_of_patience(moment, tick) {
            return Verdict::GaveUp;
        }
        verdict
    }

    fn judge_after_agent(&self, silence: Duration, tick: u64) -> Verdict {
        let wanted = ticks(silence).max(self.ear.patience());
        let is_silent = self.ear.silence(tick) >= wanted;
        let has_answered = self.heard_since_previous();
        // The agent may have finished while it was acknowledged.
        let had_finished = self.previous.is_some_and(|previous| {
            previous.is_backchannel
                && tick >= previous.ended + ticks(RESUME_WAIT)
                && self
                    .ear
                    .last_sound()
                    .is_some_and(|sound| sound + 50 >= previous.began)
        });
        if is_silent && (has_answered || had_finished) {
            Verdict::Now
        } else {
            Verdict::Wait
        }
    }

    fn judge_into_agent(&self, offset: Duration, tick: u64) -> Verdict {
        if !self.heard_since_previous() {
            return Verdict::Wait;
        }
        match self.ear.speaking_since() {
            Some(began) if tick >= began + ticks(offset) => Verdict::Now,
            None if self.ear.silence(tick) >= ticks(AGENT_DONE) => Verdict::Missed,
            _ => Verdict::Wait,
        }
    }

    /// Whether the agent has made a sound since the caller's previous line.
    fn heard_since_previous(&self) -> bool {
        let ended = self.previous.map(|previous| previous.ended);
        self.ear
            .last_sound()
            .is_some_and(|sound| ended.is_none_or(|ended| sound > ended))
    }

    /// Whether nothing has happened for the give-up time, or too much for several of them.
    fn is_out_of_patience(&self, moment: Moment, tick: u64) -> bool {
        let give_up = ticks(moment.give_up);
        let newest = self.ear.last_sound().unwrap_or(0).max(self.waiting_since);
        tick >= newest + give_up || tick >= self.waiting_since + give_up * u64::from(GIVE_UPS_MAX)
    }
}

impl CallerAudio for SimulatedCaller {
    fn next_frame(&mut self, heard_agent: Option<&Frame>, tick: u64) -> CallerFrame {
        self.speak_next(heard_agent, tick)
            .map_or(CallerFrame::End, CallerFrame::Frame)
    }

    fn next_event(&mut self, _tick: u64) -> Option<LegEvent> {
        self.has_hung_up.then_some(LegEvent::HungUp)
    }
}

impl Cue {
    fn new(line: &CallerLine, audio: RenderedLine) -> Self {
        Self {
            audio,
            moment: Moment {
                when: line.when,
                give_up: line.give_up,
            },
            is_backchannel: line.expect.interrupts == Some(false),
        }
    }
}

/// Whole ticks in `duration`, rounded up.
fn ticks(duration: Duration) -> u64 {
    duration.as_micros().div_ceil(FRAME_DURATION.as_micros()) as u64
}

/// When tick `tick` begins.
fn time(tick: u64) -> Duration {
    FRAME_DURATION * u32::try_from(tick).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
