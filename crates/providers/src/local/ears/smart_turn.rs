//! Smart Turn v3: how finished a caller sounds, from the last 8 s of audio.
//!
//! One model serves all calls. It is asked at the beginning of a silence; what its answer means
//! is decided by the turn manager.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use offhook_contract::ProviderError;
use ort::value::TensorRef;

use super::mel::{MEL_BANDS, MEL_FRAMES, MEL_SAMPLES, MelSpectrogram};
use crate::local::onnx::{OnnxError, OnnxModel, OnnxRuntime};

/// The name in errors.
pub(super) const PROVIDER: &str = "end-of-turn model (smart-turn)";

/// Samples of 16 kHz audio that the model looks at: 8 s.
pub const SMART_TURN_SAMPLES: usize = MEL_SAMPLES;

/// The model and the front end that feeds it.
#[derive(Debug)]
pub struct SmartTurn {
    model: OnnxModel,
    spectrogram: Mutex<MelSpectrogram>,
}

impl SmartTurn {
    /// Loads `smart-turn-v3.2-cpu.onnx` so that `lanes` turns can be judged at once.
    ///
    /// # Errors
    /// [`OnnxError`] where the file is missing or another model.
    pub fn load(runtime: &OnnxRuntime, path: &Path, lanes: usize) -> Result<Self, OnnxError> {
        let model = runtime
            .open_lanes(path, lanes)?
            .expect_inputs(&["input_features"])?;
        Ok(Self {
            model,
            spectrogram: Mutex::new(MelSpectrogram::new()),
        })
    }

    /// How likely it is that the turn whose audio (16 kHz, full scale ±1) ends here is over: 0 is
    /// mid-sentence, 1 is finished. Only the last [`SMART_TURN_SAMPLES`] count. About 35 ms of CPU.
    ///
    /// # Errors
    /// [`ProviderError`] where the model fails to run.
    pub fn likelihood(&self, samples: &[f32]) -> Result<f32, ProviderError> {
        let picture = self
            .spectrogram
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .picture(samples)
            .to_vec();
        let mut session = self.model.lock();
        let mut run = || -> Result<f32, ort::Error> {
            let features = TensorRef::from_array_view(([1, MEL_BANDS, MEL_FRAMES], &picture[..]))?;
            let outputs = session.run(ort::inputs!["input_features" => features])?;
            let (_, values) = outputs[0].try_extract_tensor::<f32>()?;
            Ok(values.first().copied().unwrap_or(f32::NAN))
        };
        match run() {
            Ok(value) if value.is_finite() => Ok(value.clamp(0.0, 1.0)),
            Ok(value) => Err(ProviderError::Malformed {
                provider: PROVIDER.to_owned(),
                problem: format!("the likelihood is {value}"),
            }),
            Err(error) => Err(ProviderError::Unavailable {
                provider: PROVIDER.to_owned(),
                problem: format!("{} failed to run: {error}", self.model.path().display()),
            }),
        }
    }
}
