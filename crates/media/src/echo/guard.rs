//! When the canceller and the gate work, and that nothing is touched when they do not.

use super::canceller::EchoCanceller;
use super::evidence::{Evidence, Line};
use super::gate::{AUDIBLE_MIN, EchoGate, loudness};
use super::path::{EchoPath, PLAYED_MIN};
use crate::{Frame, SampleRate};

/// How long after the agent's last sound its echo may still come: 1 s.
const TAIL_FRAMES: u32 = 50;
/// The agent's speech without a sign of an echo after which the canceller sleeps: 10 s.
const SLEEP_FRAMES: u32 = 500;

/// By so much (3 dB) the loudness of an echo differs from what was learnt of the line.
const NO_LOUDER: f32 = 1.4;

/// Whether the agent's own voice is taken out of what the caller's line brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EchoCancellation {
    /// Nothing is done.
    Off,
    /// Whenever the agent is heard, whether an echo was found or not. On a line without one it
    /// also takes away most of a caller who speaks over the agent.
    On,
    /// In the agent's first second, and from then on where the line is found to echo.
    #[default]
    Auto,
}

/// Takes the agent's own voice out of a caller's audio. While the agent is not heard, and on a
/// line that does not echo, audio passes unchanged; else it comes late by [`EchoGuard::delay`].
#[derive(Debug)]
pub struct EchoGuard {
    mode: EchoCancellation,
    /// `None` where nothing is done: it takes much memory.
    canceller: Option<EchoCanceller>,
    evidence: Evidence,
    gate: EchoGate,
    /// What the line itself sends back.
    line: EchoPath,
    /// Frames until the last echo has passed.
    tail: u32,
    was_cleaning: bool,
}

impl EchoGuard {
    /// A guard that knows nothing of the line yet.
    #[must_use]
    pub fn new(rate: SampleRate, mode: EchoCancellation) -> Self {
        Self {
            mode,
            canceller: (mode != EchoCancellation::Off).then(|| EchoCanceller::new(rate)),
            evidence: Evidence::new(),
            gate: EchoGate::new(),
            line: EchoPath::new(),
            tail: 0,
            was_cleaning: false,
        }
    }

    /// Samples at the call's rate by which audio comes late while it is cleaned.
    #[must_use]
    pub fn delay(&self) -> usize {
        self.canceller.as_ref().map_or(0, EchoCanceller::delay)
    }

    /// Whether the line was found to send the agent's voice back.
    #[must_use]
    pub const fn has_echo(&self) -> bool {
        matches!(self.evidence.line(), Line::Echoing)
    }

    /// The caller's frame without the agent's voice. `played` is what the far end played during
    /// the same 20 ms.
    pub fn process(&mut self, played: &Frame, caller: &Frame) -> Frame {
        if self.canceller.is_none() {
            return *caller;
        }
        let loudness_played = loudness(played);
        let is_speaking = loudness_played >= PLAYED_MIN;
        self.tail = if is_speaking {
            TAIL_FRAMES
        } else {
            self.tail.saturating_sub(1)
        };
        let loudness_caller = loudness(caller);
        self.line.push(loudness_played, loudness_caller);
        let is_awake = self.is_awake();
        let Some(canceller) = self.canceller.as_mut().filter(|_| is_awake) else {
            return self.settled(caller, None);
        };
        let cleaned = canceller.process(played, caller);
        let (before, filtered) = (cleaned.power_before, cleaned.power_filtered);
        self.evidence.push(before, filtered, is_speaking);
        let is_believed = self.mode == EchoCancellation::On || self.evidence.line() != Line::Clean;
        let mut frame = cleaned.frame;
        if is_believed || self.was_cleaning {
            let is_removed = is_mostly_removed(before, filtered);
            let is_echo = self.has_echo() && (is_removed || self.is_no_louder(loudness_caller));
            self.gate.pass(loudness_played, is_echo, &mut frame);
        }
        self.settled(caller, Some((frame, is_believed)))
    }

    /// Whether a frame as it came is no louder than the echo that the line sends back by itself, so
    /// that there is no room in it for the caller.
    fn is_no_louder(&self, loudness: f32) -> bool {
        let expected = self.line.expected();
        expected.is_some_and(|expected| expected >= AUDIBLE_MIN && loudness <= expected * NO_LOUDER)
    }

    /// Whether the canceller has to work.
    fn is_awake(&mut self) -> bool {
        if self.tail == 0 {
            return false;
        }
        let is_asleep = self.mode == EchoCancellation::Auto
            && self.evidence.line() == Line::Clean
            && self.evidence.clean_frames() >= SLEEP_FRAMES;
        if is_asleep && self.line.echo().is_some() {
            self.evidence.wake();
            return true;
        }
        !is_asleep
    }

    /// What goes on: the caller's frame as it came or without the echo, and between the two a
    /// frame that leads from one to the other.
    fn settled(&mut self, caller: &Frame, cleaned: Option<(Frame, bool)>) -> Frame {
        let is_cleaning = cleaned.is_some_and(|(_, is_believed)| is_believed);
        let was_cleaning = std::mem::replace(&mut self.was_cleaning, is_cleaning);
        let Some((cleaned, _)) = cleaned.filter(|_| is_cleaning || was_cleaning) else {
            return *caller;
        };
        match (was_cleaning, is_cleaning) {
            (true, true) => cleaned,
            (true, false) => blend(&cleaned, caller),
            (false, _) => blend(caller, &cleaned),
        }
    }
}

/// Whether the adaptive filter took away so much (6 dB) of a frame that hardly anything but echo
/// was in it. Given the mean squares before and after.
fn is_mostly_removed(before: f32, filtered: f32) -> bool {
    filtered * 4.0 < before
}

/// One frame that begins as `from` and ends as `to`.
fn blend(from: &Frame, to: &Frame) -> Frame {
    let mut frame = *to;
    let count = frame.samples().len() as f32;
    let pairs = frame.samples_mut().iter_mut().zip(from.samples());
    for (index, (to, from)) in pairs.enumerate() {
        let share = (index as f32 + 0.5) / count;
        *to = (f32::from(*to) * share + f32::from(*from) * (1.0 - share)).round() as i16;
    }
    frame
}
