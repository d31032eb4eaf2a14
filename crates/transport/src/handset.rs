//! A simulated handset at the far end of a leg: it speaks for a caller and plays the agent, 20 ms
//! at a time on an absolute schedule, and keeps what both sides heard, aligned to the sample.

use std::time::Duration;

use offhook_contract::{LegControl, LegEvent, LegFarEnd, LegNotice, OutboundFrame};
use offhook_media::{FRAME_DURATION, Frame, SampleRate, StereoWav, WavWriteError};
use tokio::time::Instant;

use crate::ear::Ear;
use crate::{Arrival, Pacing, pacing};

/// Below this peak (of 32,767) the agent counts as silent.
const AUDIBLE_PEAK: u16 = 64;

/// Events that a caller may send in one tick.
const EVENTS_PER_TICK_MAX: usize = 16;

/// Who speaks into the handset. Called once per 20 ms, in step with what is heard.
pub trait CallerAudio: Send {
    /// What the caller says in tick `tick` (from 0), while hearing `heard_agent`: `None` where
    /// the agent says nothing. Not called again after [`CallerFrame::End`].
    fn next_frame(&mut self, heard_agent: Option<&Frame>, tick: u64) -> CallerFrame;

    /// A key, a message or a hang-up, after the frame of tick `tick`; asked until it gives
    /// `None`.
    fn next_event(&mut self, _tick: u64) -> Option<LegEvent> {
        None
    }

    /// Something that the session tells.
    fn notice(&mut self, _notice: &LegNotice, _tick: u64) {}
}

/// What a caller says in 20 ms.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::large_enum_variant,
    reason = "a frame moves without touching the allocator"
)]
pub enum CallerFrame {
    /// This, at the handset's rate; a frame of another rate counts as silence.
    Frame(Frame),
    /// Nothing more to say: the handset sends silence from now on, and hangs up when the agent
    /// has fallen silent.
    End,
}

/// How a handset behaves.
#[derive(Debug)]
pub struct HandsetOptions {
    /// The leg's rate.
    pub rate: SampleRate,
    /// The leg's lead, by which pacing is judged.
    pub lead: Duration,
    /// Once the caller has nothing more to say, how long the agent must be silent before the
    /// handset hangs up. Long enough for the last answer to begin.
    pub silence_before_hang_up: Duration,
    /// The handset hangs up after this whatever happens.
    pub duration_max: Duration,
    /// Whether the report has the tracks; a long call may do with `recording` alone.
    pub keeps_tracks: bool,
    /// Where both sides are written as they are heard.
    pub recording: Option<StereoWav>,
}

impl HandsetOptions {
    /// 5 s of silence before hanging up, 30 min at most, tracks kept, no recording.
    #[must_use]
    pub fn new(rate: SampleRate, lead: Duration) -> Self {
        Self {
            rate,
            lead,
            silence_before_hang_up: Duration::from_secs(5),
            duration_max: Duration::from_secs(30 * 60),
            keeps_tracks: true,
            recording: None,
        }
    }
}

/// How the call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandsetEnd {
    /// The caller had said everything, and the agent had fallen silent.
    CallerDone,
    /// The caller hung up.
    CallerHungUp,
    /// The agent hung up, and was heard to the end.
    AgentHungUp,
    /// The leg went away without a hang-up.
    LegGone,
    /// The longest duration.
    DurationMax,
}

/// What a handset sent and heard.
#[derive(Debug)]
pub struct HandsetReport {
    /// How the call ended.
    pub end: HandsetEnd,
    /// Rate of the tracks.
    pub rate: SampleRate,
    /// How long the call lasted, in whole ticks.
    pub duration: Duration,
    /// What the caller said; empty unless tracks were kept.
    pub caller: Vec<i16>,
    /// What the ear heard, as long as `caller`.
    pub agent: Vec<i16>,
    /// The agent's frames as they arrived, without those that a cut had overtaken.
    pub arrivals: Vec<Arrival>,
    /// The lead by which pacing is judged.
    pub lead: Duration,
    /// Agent frames that were sent but never heard, because they were cut.
    pub agent_frames_dropped: u64,
    /// Caller frames that the session was too slow to take.
    pub caller_frames_dropped: u64,
    /// How late the handset's own latest tick was: how busy the machine was.
    pub tick_delay_max: Duration,
    /// Why the recording is not whole.
    pub recording_error: Option<WavWriteError>,
}

impl HandsetReport {
    /// How well the agent's audio was paced.
    #[must_use]
    pub fn pacing(&self) -> Pacing {
        pacing(&self.arrivals, self.lead)
    }
}

/// Holds a call: runs until the caller is done, someone hangs up, or the longest duration. Then it
/// tells the session that it hung up, and drops the leg.
pub async fn call_with(
    mut far_end: LegFarEnd,
    caller: &mut dyn CallerAudio,
    options: HandsetOptions,
) -> HandsetReport {
    let started = Instant::now();
    let mut handset = Handset::new(options);
    let (mut has_audio, mut has_control) = (true, true);
    let clock = tokio::time::sleep_until(started);
    tokio::pin!(clock);
    let end = loop {
        tokio::select! {
            biased;
            control = far_end.control.recv(), if has_control => match control {
                Some(control) => handset.control(&control, caller),
                None => has_control = false,
            },
            frame = far_end.audio_out.recv(), if has_audio && handset.ear.has_room() => {
                match frame {
                    Some(frame) => handset.arrived(frame, started.elapsed()),
                    None => has_audio = false,
                }
            },
            () = &mut clock => {
                let is_leg_there = has_audio || has_control;
                if let Some(end) = handset.tick(caller, &far_end, started.elapsed(), is_leg_there) {
                    break end;
                }
                clock.as_mut().reset(started + handset.now());
            }
        }
    };
    if !matches!(end, HandsetEnd::AgentHungUp | HandsetEnd::LegGone) {
        // A full lane makes no difference: dropping the leg says the same.
        far_end.events.try_send(LegEvent::HungUp).ok();
    }
    handset.report(end)
}

/// A handset in use.
struct Handset {
    options: HandsetOptions,
    ear: Ear,
    tick: u64,
    caller_ended: bool,
    agent_hung_up: bool,
    /// The tick from which both sides have been done.
    quiet_since: u64,
    caller: Vec<i16>,
    agent: Vec<i16>,
    arrivals: Vec<Arrival>,
    caller_frames_dropped: u64,
    tick_delay_max: Duration,
    recording_error: Option<WavWriteError>,
}

impl Handset {
    fn new(options: HandsetOptions) -> Self {
        Self {
            options,
            ear: Ear::new(),
            tick: 0,
            caller_ended: false,
            agent_hung_up: false,
            quiet_since: 0,
            caller: Vec::new(),
            agent: Vec::new(),
            arrivals: Vec::new(),
            caller_frames_dropped: 0,
            tick_delay_max: Duration::ZERO,
            recording_error: None,
        }
    }

    /// When the current tick is due, since the call began.
    fn now(&self) -> Duration {
        Duration::from_millis(20 * self.tick)
    }

    fn control(&mut self, control: &LegControl, caller: &mut dyn CallerAudio) {
        match control {
            LegControl::Clear { generation } => self.ear.clear(*generation),
            LegControl::Notice(notice) => caller.notice(notice, self.tick),
            LegControl::HangUp => self.agent_hung_up = true,
        }
    }

    fn arrived(&mut self, frame: OutboundFrame, at: Duration) {
        let arrival = Arrival {
            at,
            generation: frame.generation,
            turn: frame.turn,
        };
        if self.ear.push(frame) {
            self.arrivals.push(arrival);
        }
    }

    /// Plays, speaks and keeps 20 ms of both; gives how the call ended, where it has.
    fn tick(
        &mut self,
        caller: &mut dyn CallerAudio,
        far_end: &LegFarEnd,
        at: Duration,
        is_leg_there: bool,
    ) -> Option<HandsetEnd> {
        self.tick_delay_max = self.tick_delay_max.max(at.saturating_sub(self.now()));
        let heard = self.ear.next().map(|outbound| self.fitting(outbound.frame));
        let said = self.caller_frame(caller, heard.as_ref());
        self.keep(&said, heard.as_ref());
        if far_end.audio_in.try_send(said).is_err() {
            self.caller_frames_dropped += 1;
        }
        let has_hung_up = self.send_events(caller, far_end);
        self.tick += 1;
        let is_quiet = self.caller_ended && !heard.as_ref().is_some_and(is_audible);
        if !is_quiet {
            self.quiet_since = self.tick;
        }
        let has_played_all = self.ear.is_empty() && far_end.audio_out.is_empty();
        let quiet =
            FRAME_DURATION * u32::try_from(self.tick - self.quiet_since).unwrap_or(u32::MAX);
        if has_hung_up {
            Some(HandsetEnd::CallerHungUp)
        } else if self.agent_hung_up && has_played_all {
            Some(HandsetEnd::AgentHungUp)
        } else if !is_leg_there && has_played_all {
            Some(HandsetEnd::LegGone)
        } else if self.now() >= self.options.duration_max {
            Some(HandsetEnd::DurationMax)
        } else if is_quiet && quiet >= self.options.silence_before_hang_up {
            Some(HandsetEnd::CallerDone)
        } else {
            None
        }
    }

    fn caller_frame(&mut self, caller: &mut dyn CallerAudio, heard: Option<&Frame>) -> Frame {
        if !self.caller_ended {
            match caller.next_frame(heard, self.tick) {
                CallerFrame::Frame(frame) => return self.fitting(frame),
                CallerFrame::End => self.caller_ended = true,
            }
        }
        Frame::silence(self.options.rate)
    }

    fn send_events(&self, caller: &mut dyn CallerAudio, far_end: &LegFarEnd) -> bool {
        for _ in 0..EVENTS_PER_TICK_MAX {
            match caller.next_event(self.tick) {
                Some(LegEvent::HungUp) => return true,
                Some(event) => {
                    if far_end.events.try_send(event).is_err() {
                        tracing::warn!("the session takes no events; the caller's was dropped");
                    }
                }
                None => break,
            }
        }
        false
    }

    fn keep(&mut self, said: &Frame, heard: Option<&Frame>) {
        let silence = Frame::silence(self.options.rate);
        let heard = heard.unwrap_or(&silence).samples();
        if self.options.keeps_tracks {
            self.caller.extend_from_slice(said.samples());
            self.agent.extend_from_slice(heard);
        }
        if let Some(recording) = &mut self.options.recording
            && let Err(error) = recording.write(said.samples(), heard)
        {
            self.recording_error = Some(error);
            self.options.recording = None;
        }
    }

    fn fitting(&self, frame: Frame) -> Frame {
        if frame.rate() == self.options.rate {
            frame
        } else {
            Frame::silence(self.options.rate)
        }
    }

    fn report(mut self, end: HandsetEnd) -> HandsetReport {
        if let Some(Err(error)) = self.options.recording.take().map(StereoWav::finish) {
            self.recording_error = Some(error);
        }
        HandsetReport {
            end,
            rate: self.options.rate,
            duration: self.now(),
            agent_frames_dropped: self.ear.dropped(),
            caller: self.caller,
            agent: self.agent,
            arrivals: self.arrivals,
            lead: self.options.lead,
            caller_frames_dropped: self.caller_frames_dropped,
            tick_delay_max: self.tick_delay_max,
            recording_error: self.recording_error,
        }
    }
}

fn is_audible(frame: &Frame) -> bool {
    frame
        .samples()
        .iter()
        .any(|sample| sample.unsigned_abs() >= AUDIBLE_PEAK)
}

#[cfg(test)]
mod tests;
