//! The acoustic network: phoneme numbers in, what the voice's spectrum is made of out.
//!
//! `hibari.onnx` (PyPI package hibari-tts 0.2.1) takes `ids [1, n]` (i64, 0 at both ends) and
//! `speed [1]`, and gives five spectral parts of `[1, 601, frames]` and `f0 [1, frames]`; a frame
//! is 12.5 ms. How long each phoneme lasts is a tensor inside the graph; it is named as one more
//! output when the model is opened, so that word times are exact.

use std::collections::HashMap;

use offhook_contract::ProviderError;
use ort::value::TensorRef;

use super::{PROVIDER, VoiceFiles, files, malformed};
use crate::local::onnx::{OnnxError, OnnxModel, OnnxRuntime};

/// Spectral bins of a frame.
pub(super) const BINS: usize = 601;
/// Samples of a frame's step, at 24 kHz.
pub(super) const HOP: usize = 300;
/// Samples of one unit of duration (two frames).
pub(super) const DURATION_UNIT: usize = 2 * HOP;

/// The tensor of durations, in units of two frames, one per phoneme number.
const DURATIONS: &str = "/Clip_output_0";
const SPECTRAL_PARTS: [&str; 5] = ["lh", "theta", "ln", "lr", "phi"];
/// The number at both ends.
const PAD: i64 = 0;
const SPACE: char = ' ';

/// The network, for one thread at a time.
#[derive(Debug)]
pub(super) struct Network {
    model: OnnxModel,
}

/// The phoneme alphabet as the network numbers it.
#[derive(Debug)]
pub(super) struct Alphabet(HashMap<char, i64>);

/// What the network makes of a phoneme string. Parts are bin-major: `part[bin * frames + frame]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spectra<'s> {
    /// How many frames.
    pub(super) frames: usize,
    /// Log magnitude of the harmonics.
    pub(super) harmonic: &'s [f32],
    /// Their phase, before `π·tanh`.
    pub(super) harmonic_phase: &'s [f32],
    /// Log magnitude of the noise.
    pub(super) noise: &'s [f32],
    /// Log magnitude of the rest.
    pub(super) rest: &'s [f32],
    /// Phase of the rest, in radians.
    pub(super) rest_phase: &'s [f32],
    /// Pitch in hertz, 0 where there is none.
    pub(super) pitch_hz: &'s [f32],
    /// How long each phoneme number lasts, in [`DURATION_UNIT`]s.
    pub(super) durations: &'s [f32],
}

impl Alphabet {
    /// Reads the alphabet.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] where the file is missing or damaged.
    pub(super) fn read(files: &VoiceFiles) -> Result<Self, ProviderError> {
        let by_text: HashMap<String, i64> = files::read_json(&files.alphabet)?;
        let numbers = by_text.iter().filter_map(|(text, number)| {
            let mut characters = text.chars();
            characters
                .next()
                .filter(|_| characters.next().is_none())
                .map(|one| (one, *number))
        });
        Ok(Self(numbers.collect()))
    }

    /// An alphabet of these characters, for tests.
    #[cfg(test)]
    pub(super) fn of(characters: &str) -> Self {
        Self(characters.chars().zip(1..).collect())
    }

    /// Appends the numbers of `phonemes`, and gives how many there were.
    pub(super) fn push(&self, numbers: &mut Vec<i64>, phonemes: &str) -> usize {
        let before = numbers.len();
        numbers.extend(
            phonemes
                .chars()
                .filter_map(|phoneme| self.0.get(&phoneme).copied()),
        );
        numbers.len() - before
    }

    /// Appends the gap between two words.
    pub(super) fn push_gap(&self, numbers: &mut Vec<i64>) {
        numbers.extend(self.0.get(&SPACE).copied());
    }

    /// A new row of numbers with its first pad.
    pub(super) fn begin() -> Vec<i64> {
        vec![PAD]
    }

    /// Closes a row with its last pad.
    pub(super) fn end(numbers: &mut Vec<i64>) {
        numbers.push(PAD);
    }
}

impl Network {
    /// Loads the network.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] with the path where the file is missing, damaged or another
    /// model.
    pub(super) fn load(runtime: &OnnxRuntime, files: &VoiceFiles) -> Result<Self, ProviderError> {
        let mut bytes = files::read(&files.network)?;
        append_output(&mut bytes, DURATIONS);
        let model = runtime
            .open_bytes(&files.network, &bytes)
            .and_then(|model| model.expect_inputs(&["ids", "speed"]))
            .map_err(|error| error.for_provider(PROVIDER))?;
        let missing = {
            let session = model.lock();
            let has = |name: &str| session.outputs().iter().any(|output| output.name() == name);
            SPECTRAL_PARTS
                .into_iter()
                .chain(["f0", DURATIONS])
                .find(|name| !has(name))
        };
        match missing {
            None => Ok(Self { model }),
            Some(name) => Err(OnnxError::BadModel {
                path: files.network.clone(),
                problem: format!("it has no output `{name}`"),
            }
            .for_provider(PROVIDER)),
        }
    }

    /// Runs the network over a closed row of numbers and hands its result to `render`.
    ///
    /// # Errors
    /// [`ProviderError::Malformed`] where the network fails or its result has another shape.
    pub(super) fn run<T>(
        &self,
        numbers: &[i64],
        speed: f32,
        render: impl FnOnce(Spectra<'_>) -> T,
    ) -> Result<T, ProviderError> {
        let speed = [speed];
        let row = TensorRef::from_array_view(([1, numbers.len()], numbers))
            .map_err(|error| malformed(&error))?;
        let speed = TensorRef::from_array_view(([1], speed.as_slice()))
            .map_err(|error| malformed(&error))?;
        let mut session = self.model.lock();
        let outputs = session
            .run(ort::inputs!["ids" => row, "speed" => speed])
            .map_err(|error| malformed(&error))?;
        let values = |name: &str| {
            let output = outputs
                .get(name)
                .ok_or_else(|| malformed(&format!("no `{name}`")))?;
            let (_, values) = output
                .try_extract_tensor::<f32>()
                .map_err(|error| malformed(&error))?;
            Ok::<&[f32], ProviderError>(values)
        };
        let [harmonic, harmonic_phase, noise, rest, rest_phase] = SPECTRAL_PARTS.map(values);
        let pitch_hz = values("f0")?;
        let spectra = Spectra {
            frames: pitch_hz.len(),
            harmonic: harmonic?,
            harmonic_phase: harmonic_phase?,
            noise: noise?,
            rest: rest?,
            rest_phase: rest_phase?,
            pitch_hz,
            durations: values(DURATIONS)?,
        };
        spectra.check(numbers.len())?;
        Ok(render(spectra))
    }
}

impl Spectra<'_> {
    fn check(&self, numbers: usize) -> Result<(), ProviderError> {
        let parts = [
            self.harmonic,
            self.harmonic_phase,
            self.noise,
            self.rest,
            self.rest_phase,
        ];
        let is_whole = parts.iter().all(|part| part.len() == BINS * self.frames)
            && self.durations.len() == numbers
            && self.frames > 0;
        if is_whole {
            return Ok(());
        }
        let shape = format!("{} frames for {numbers} phonemes", self.frames);
        Err(malformed(&format!(
            "its outputs do not fit each other: {shape}"
        )))
    }
}

/// Names a tensor inside an ONNX graph as one of its outputs.
///
/// A model is one protobuf message, and a field that comes again is merged into the one that came
/// before (Protocol Buffers encoding, "Last One Wins"), so that a second `graph` (field 7) which
/// holds nothing but an `output` (field 12) with a `name` (field 1) adds that output.
fn append_output(model: &mut Vec<u8>, name: &str) {
    let named = field(1, name.as_bytes());
    let output = field(12, &named);
    model.extend(field(7, &output));
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    const LENGTH_DELIMITED: u8 = 2;
    let mut bytes = vec![(number << 3) | LENGTH_DELIMITED];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push((length & 0x7F) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_three_nested_fields() {
        let mut model = vec![0x08, 0x08];
        append_output(&mut model, "ab");
        assert_eq!(model, [0x08, 0x08, 0x3A, 6, 0x62, 4, 0x0A, 2, b'a', b'b']);
        assert_eq!(field(1, &[7; 200])[..3], [0x0A, 0xC8, 0x01]);
    }

    #[test]
    fn what_the_alphabet_lacks_is_passed_over() {
        let alphabet = Alphabet::of("ab ");
        let mut numbers = Alphabet::begin();
        assert_eq!(alphabet.push(&mut numbers, "a?b"), 2);
        alphabet.push_gap(&mut numbers);
        Alphabet::end(&mut numbers);
        assert_eq!(numbers, [0, 1, 2, 3, 0]);
    }
}
