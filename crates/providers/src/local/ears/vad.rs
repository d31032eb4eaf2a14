//! Voice activity: Silero's model over windows of 32 ms at 16 kHz, and the gate that turns its
//! probabilities into the beginnings and ends of speech.
//!
//! The gate knows no model and no clock, and counts in samples; the model knows no call: a call's
//! memory is a [`SileroMemory`].

use std::path::Path;

use offhook_contract::ProviderError;
use ort::value::TensorRef;

use crate::local::onnx::{OnnxError, OnnxModel, OnnxRuntime};

/// Samples of one window: 32 ms at 16 kHz.
pub const VAD_WINDOW: usize = 512;

/// How loud a window is, in dB of full scale; silence is −100.
pub(super) fn level_db(window: &[f32; VAD_WINDOW]) -> f32 {
    let power = window.iter().map(|sample| sample * sample).sum::<f32>() / VAD_WINDOW as f32;
    10.0 * power.max(1e-10).log10()
}

pub(super) const PROVIDER: &str = "voice activity model (silero)";
/// Samples of the window before that the model wants to see again.
const CONTEXT: usize = 64;
const STATE: usize = 2 * 128;

/// The model, for all calls.
#[derive(Debug)]
pub struct SileroModel {
    model: OnnxModel,
}

/// What the model remembers of one call.
#[derive(Debug, Clone)]
pub struct SileroMemory {
    state: [f32; STATE],
    input: [f32; CONTEXT + VAD_WINDOW],
}

impl Default for SileroMemory {
    fn default() -> Self {
        Self {
            state: [0.0; STATE],
            input: [0.0; CONTEXT + VAD_WINDOW],
        }
    }
}

impl SileroMemory {
    /// Passes over a window with nothing in it: what came before stays in mind. Gives its probability
    /// of speech.
    pub(super) fn pass_over(&mut self, window: &[f32; VAD_WINDOW]) -> f32 {
        self.input[CONTEXT..].copy_from_slice(window);
        0.0
    }
}

impl SileroModel {
    /// Loads `silero_vad.onnx` (version 5 or 6) so that `lanes` windows can be judged at once.
    ///
    /// # Errors
    /// [`OnnxError`] where the file is missing or another model.
    pub fn load(runtime: &OnnxRuntime, path: &Path, lanes: usize) -> Result<Self, OnnxError> {
        let model = runtime
            .open_lanes(path, lanes)?
            .expect_inputs(&["input", "state", "sr"])?;
        Ok(Self { model })
    }

    /// The probability of speech in the next window (16 kHz, full scale ±1) of a call. About
    /// 80 µs of CPU.
    ///
    /// # Errors
    /// [`ProviderError`] where the model fails to run.
    pub fn probability(
        &self,
        memory: &mut SileroMemory,
        window: &[f32; VAD_WINDOW],
    ) -> Result<f32, ProviderError> {
        memory.input.copy_within(VAD_WINDOW.., 0);
        memory.input[CONTEXT..].copy_from_slice(window);
        self.run(memory)
            .map_err(|error| ProviderError::Unavailable {
                provider: PROVIDER.to_owned(),
                problem: format!("{} failed to run: {error}", self.model.path().display()),
            })
    }

    fn run(&self, memory: &mut SileroMemory) -> Result<f32, ort::Error> {
        let mut session = self.model.lock();
        let rate = [16_000_i64];
        let outputs = session.run(ort::inputs![
            "input" => TensorRef::from_array_view(([1, memory.input.len()], &memory.input[..]))?,
            "state" => TensorRef::from_array_view(([2_usize, 1, 128], &memory.state[..]))?,
            "sr" => TensorRef::from_array_view(([0_usize; 0], &rate[..]))?,
        ])?;
        let (_, probability) = outputs[0].try_extract_tensor::<f32>()?;
        let probability = probability.first().copied().unwrap_or_default();
        let (_, state) = outputs[1].try_extract_tensor::<f32>()?;
        if state.len() == STATE {
            memory.state.copy_from_slice(state);
        }
        Ok(probability)
    }
}

/// When speech begins and ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpeechGatePolicy {
    /// A window at or above this is speech.
    pub onset_probability: f32,
    /// While the caller speaks, a window below this is silence.
    pub offset_probability: f32,
    /// Windows of speech, with no silence between, that make a beginning.
    pub onset_windows: u32,
    /// Windows of silence in a row that make an end.
    pub silence_windows: u32,
}

impl Default for SpeechGatePolicy {
    /// A beginning is known after 64 ms of speech, an end after 128 ms of silence.
    fn default() -> Self {
        Self {
            onset_probability: 0.5,
            offset_probability: 0.35,
            onset_windows: 2,
            silence_windows: 4,
        }
    }
}

/// What the gate finds, in samples from the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeechEdge {
    /// Speech began with the window that starts at `onset`.
    Started {
        /// First sample.
        onset: u64,
    },
    /// Speech ended with the window that stops at `end`.
    Stopped {
        /// The sample after the last one.
        end: u64,
    },
}

/// Hysteresis over a call's probabilities.
#[derive(Debug, Clone)]
pub struct SpeechGate {
    policy: SpeechGatePolicy,
    state: GateState,
    judged: u64,
    /// Whether the window that was judged last is the first loud one after a pause in speech.
    has_gone_on: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GateState {
    Silent,
    Beginning { onset: u64, windows: u32 },
    Speaking { end: u64, silent_windows: u32 },
}

impl SpeechGate {
    /// A gate before the first window.
    #[must_use]
    pub const fn new(policy: SpeechGatePolicy) -> Self {
        Self {
            policy,
            state: GateState::Silent,
            judged: 0,
            has_gone_on: false,
        }
    }

    /// How many samples were judged.
    #[must_use]
    pub const fn judged(&self) -> u64 {
        self.judged
    }

    /// Whether speech has begun and not ended.
    #[must_use]
    pub const fn is_speaking(&self) -> bool {
        matches!(self.state, GateState::Speaking { .. })
    }

    /// Whether the window that was judged last is the first quiet one in speech that goes on so far.
    #[must_use]
    pub const fn has_gone_quiet(&self) -> bool {
        matches!(
            self.state,
            GateState::Speaking {
                silent_windows: 1,
                ..
            }
        )
    }

    /// Whether the window that was judged last is the first loud one after a pause in speech, too
    /// short to have ended it.
    #[must_use]
    pub const fn has_gone_on(&self) -> bool {
        self.has_gone_on
    }

    /// Judges the next window.
    pub fn push(&mut self, probability: f32) -> Option<SpeechEdge> {
        let start = self.judged;
        self.judged += VAD_WINDOW as u64;
        self.has_gone_on = false;
        if let GateState::Speaking {
            end,
            silent_windows,
        } = self.state
        {
            return self.push_while_speaking(probability, end, silent_windows + 1);
        }
        if probability >= self.policy.onset_probability {
            let (onset, windows) = match self.state {
                GateState::Beginning { onset, windows } => (onset, windows + 1),
                _ => (start, 1),
            };
            if windows >= self.policy.onset_windows {
                self.state = GateState::Speaking {
                    end: self.judged,
                    silent_windows: 0,
                };
                return Some(SpeechEdge::Started { onset });
            }
            self.state = GateState::Beginning { onset, windows };
        } else if probability < self.policy.offset_probability {
            self.state = GateState::Silent;
        }
        None
    }

    fn push_while_speaking(
        &mut self,
        probability: f32,
        end: u64,
        silent: u32,
    ) -> Option<SpeechEdge> {
        if probability >= self.policy.offset_probability {
            self.has_gone_on = silent > 1;
            self.state = GateState::Speaking {
                end: self.judged,
                silent_windows: 0,
            };
        } else if silent >= self.policy.silence_windows {
            self.state = GateState::Silent;
            return Some(SpeechEdge::Stopped { end });
        } else {
            self.state = GateState::Speaking {
                end,
                silent_windows: silent,
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each digit is a probability in tenths; `S` and `E` in the answer stand where the gate
    /// found a beginning and an end.
    #[track_caller]
    fn check(curve: &str, expected: &[(usize, SpeechEdge)]) {
        let mut gate = SpeechGate::new(SpeechGatePolicy::default());
        let found: Vec<(usize, SpeechEdge)> = curve
            .bytes()
            .enumerate()
            .filter_map(|(index, digit)| {
                gate.push(f32::from(digit - b'0') / 10.0)
                    .map(|edge| (index, edge))
            })
            .collect();
        assert_eq!(found, expected, "{curve}");
        assert_eq!(gate.judged(), (curve.len() * VAD_WINDOW) as u64);
    }

    const fn started(window: u64) -> SpeechEdge {
        SpeechEdge::Started {
            onset: window * VAD_WINDOW as u64,
        }
    }

    const fn stopped(window: u64) -> SpeechEdge {
        SpeechEdge::Stopped {
            end: window * VAD_WINDOW as u64,
        }
    }

    #[test]
    fn speech_begins_with_its_first_window_and_ends_with_its_last() {
        check("000999990000", &[(4, started(3)), (11, stopped(8))]);
    }

    #[test]
    fn a_single_loud_window_is_no_speech() {
        check("00090000900000", &[]);
    }

    #[test]
    fn a_doubtful_window_neither_breaks_nor_makes_a_beginning() {
        check("00949", &[(4, started(2))]);
        check("00444444", &[]);
    }

    #[test]
    fn a_short_pause_does_not_end_speech() {
        check("9900099000990000", &[(1, started(0)), (15, stopped(12))]);
    }

    #[test]
    fn a_weak_window_holds_speech_up() {
        check("99000400040000", &[(1, started(0)), (13, stopped(10))]);
    }

    #[test]
    fn each_pause_in_speech_is_told_once() {
        let mut gate = SpeechGate::new(SpeechGatePolicy::default());
        let told = [0.9, 0.9, 0.9, 0.1, 0.1, 0.9, 0.3, 0.1, 0.1, 0.1, 0.1].map(|probability| {
            gate.push(probability);
            (gate.has_gone_quiet(), gate.has_gone_on())
        });
        let at = |wanted| {
            (0..told.len())
                .filter(|&window| told[window] == wanted)
                .collect()
        };
        let (quiet, on): (Vec<usize>, Vec<usize>) = (at((true, false)), at((false, true)));
        assert_eq!((quiet, on), (vec![3, 6], vec![5]));
    }

    #[test]
    fn not_a_number_is_silence_or_nothing() {
        let mut gate = SpeechGate::new(SpeechGatePolicy::default());
        for _ in 0..10 {
            assert_eq!(gate.push(f32::NAN), None);
        }
        assert!(!gate.is_speaking());
    }
}
