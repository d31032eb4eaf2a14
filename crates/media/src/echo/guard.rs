//! When the canceller and the gate work, and that nothing is touched when they do not.

use super::canceller::EchoCanceller;
use super::gate::{EchoGate, loudness};
use super::path::{EchoPath, PLAYED_MIN};
use crate::{Frame, SampleRate};

/// How long after the agent's last sound its echo may still come: 1 s.
const TAIL_FRAMES: u32 = 50;
/// Played speech without a sign of an echo after which the line counts as free of it: 10 s.
const CLEAN_FRAMES: u32 = 500;

/// Whether the agent's own voice is taken out of what the caller's line brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EchoCancellation {
    /// Nothing is done.
    Off,
    /// Whenever the agent is heard.
    On,
    /// The same, until the line has sent nothing back for ten seconds of the agent's speech; again
    /// as soon as it does.
    #[default]
    Auto,
}

/// Takes the agent's own voice out of a caller's audio. While the agent is not heard, audio passes
/// unchanged; while it is, it comes late by [`EchoGuard::delay`] samples.
#[derive(Debug)]
pub struct EchoGuard {
    mode: EchoCancellation,
    canceller: EchoCanceller,
    gate: EchoGate,
    /// What the line itself sends back.
    line: EchoPath,
    /// Frames until the last echo has passed.
    tail: u32,
    was_working: bool,
}

impl EchoGuard {
    /// A guard that knows nothing of the line yet.
    #[must_use]
    pub fn new(rate: SampleRate, mode: EchoCancellation) -> Self {
        Self {
            mode,
            canceller: EchoCanceller::new(rate),
            gate: EchoGate::new(),
            line: EchoPath::new(),
            tail: 0,
            was_working: false,
        }
    }

    /// Samples at the call's rate by which audio comes late while the agent is heard.
    #[must_use]
    pub fn delay(&self) -> usize {
        self.canceller.delay()
    }

    /// Whether the line was found to send the agent's voice back.
    #[must_use]
    pub const fn has_echo(&self) -> bool {
        self.line.echo().is_some()
    }

    /// Whether the canceller leaves an echo that the gate has to stop.
    #[must_use]
    pub const fn has_leak(&self) -> bool {
        self.gate.has_leak()
    }

    /// The caller's frame without the agent's voice. `played` is what the far end played during
    /// the same 20 ms.
    pub fn process(&mut self, played: &Frame, caller: &Frame) -> Frame {
        if self.mode == EchoCancellation::Off {
            return *caller;
        }
        let played_loudness = loudness(played);
        self.tail = if played_loudness >= PLAYED_MIN {
            TAIL_FRAMES
        } else {
            self.tail.saturating_sub(1)
        };
        self.line.push(played_loudness, loudness(caller));
        let is_working = self.tail > 0 && !self.is_line_clean();
        if !is_working && !self.was_working {
            return *caller;
        }
        let mut cleaned = self.canceller.process(played, caller);
        self.gate.pass(played_loudness, &mut cleaned);
        let frame = match (self.was_working, is_working) {
            (false, _) => blend(caller, &cleaned),
            (true, false) => blend(&cleaned, caller),
            (true, true) => cleaned,
        };
        self.was_working = is_working;
        frame
    }

    fn is_line_clean(&self) -> bool {
        self.mode == EchoCancellation::Auto
            && self.line.echo().is_none()
            && self.line.clean_frames() >= CLEAN_FRAMES
    }
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
