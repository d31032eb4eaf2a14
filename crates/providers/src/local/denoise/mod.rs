//! The embedded denoiser: takes out what is not the nearest voice, 8 ms at a time at 16 kHz.
//!
//! The model is DTLN, two small recurrent networks: one masks the spectrum of a window of 32 ms, the
//! other what the ear would hear of it (N. L. Westhausen and B. T. Meyer, "Dual-signal
//! transformation LSTM network for real-time noise suppression", Interspeech 2020). For ears of
//! machines: speech recognition errs more on what comes out than on what went in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use offhook_contract::ProviderError;
use ort::value::TensorRef;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::local::onnx::{OnnxError, OnnxModel, OnnxRuntime};

/// Samples that are cleaned at a time: 8 ms at 16 kHz.
pub const DENOISER_HOP: usize = 128;
/// Samples by which cleaned audio comes late: 24 ms.
pub const DENOISER_DELAY: usize = WINDOW - DENOISER_HOP;

pub(crate) const PROVIDER: &str = "denoising model (DTLN)";
const WINDOW: usize = 512;
const BINS: usize = WINDOW / 2 + 1;
/// Two layers of 128 cells, each with an output and a memory.
const STATE_SHAPE: [usize; 4] = [1, 2, 128, 2];
const STATE: usize = 2 * 128 * 2;

/// Where the files of the denoiser are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenoiserFiles {
    /// `model_1.onnx`, which masks the spectrum.
    pub spectrum: PathBuf,
    /// `model_2.onnx`, which cleans the waveform.
    pub waveform: PathBuf,
}

/// The model, for all calls.
pub struct Denoiser {
    spectrum: OnnxModel,
    waveform: OnnxModel,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

/// What the model remembers of one call, and its buffers.
pub struct DenoiserMemory {
    heard: [f32; WINDOW],
    said: [f32; WINDOW],
    spectrum_state: [f32; STATE],
    waveform_state: [f32; STATE],
    magnitudes: [f32; BINS],
    segment: Vec<f32>,
    bins: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Denoiser {
    /// Loads the model so that `lanes` windows can be cleaned at once.
    ///
    /// # Errors
    /// [`OnnxError`] where a file is missing or another model.
    pub fn load(
        runtime: &OnnxRuntime,
        files: &DenoiserFiles,
        lanes: usize,
    ) -> Result<Self, OnnxError> {
        let open =
            |path: &Path, inputs: &[&str]| runtime.open_lanes(path, lanes)?.expect_inputs(inputs);
        let mut planner = RealFftPlanner::<f32>::new();
        Ok(Self {
            spectrum: open(&files.spectrum, &["input_2", "input_3"])?,
            waveform: open(&files.waveform, &["input_4", "input_5"])?,
            forward: planner.plan_fft_forward(WINDOW),
            inverse: planner.plan_fft_inverse(WINDOW),
        })
    }

    /// The memory of a call that begins.
    #[must_use]
    pub fn memory(&self) -> DenoiserMemory {
        let scratch = self
            .forward
            .get_scratch_len()
            .max(self.inverse.get_scratch_len());
        DenoiserMemory {
            heard: [0.0; WINDOW],
            said: [0.0; WINDOW],
            spectrum_state: [0.0; STATE],
            waveform_state: [0.0; STATE],
            magnitudes: [0.0; BINS],
            segment: vec![0.0; WINDOW],
            bins: vec![Complex::default(); BINS],
            scratch: vec![Complex::default(); scratch],
        }
    }

    /// Cleans the next 8 ms (16 kHz, full scale ±1) in place; what comes out is later by
    /// [`DENOISER_DELAY`]. About 230 µs of CPU.
    ///
    /// # Errors
    /// [`ProviderError`] where the model fails to run.
    pub fn clean(
        &self,
        memory: &mut DenoiserMemory,
        hop: &mut [f32; DENOISER_HOP],
    ) -> Result<(), ProviderError> {
        memory.heard.copy_within(DENOISER_HOP.., 0);
        memory.heard[DENOISER_DELAY..].copy_from_slice(hop);
        self.mask(memory)
            .map_err(|error| failed(&self.spectrum, &error))?;
        self.speak(memory)
            .map_err(|error| failed(&self.waveform, &error))?;
        hop.copy_from_slice(&memory.said[..DENOISER_HOP]);
        Ok(())
    }

    /// The first network: leaves the masked window in `memory.segment`.
    fn mask(&self, memory: &mut DenoiserMemory) -> Result<(), ort::Error> {
        memory.segment.copy_from_slice(&memory.heard);
        let done = self.forward.process_with_scratch(
            &mut memory.segment,
            &mut memory.bins,
            &mut memory.scratch,
        );
        debug_assert!(done.is_ok(), "the buffers have the transform's sizes");
        for (magnitude, bin) in memory.magnitudes.iter_mut().zip(&memory.bins) {
            *magnitude = bin.norm();
        }
        let mut session = self.spectrum.lock();
        let outputs = session.run(ort::inputs![
            "input_2" => TensorRef::from_array_view(([1, 1, BINS], &memory.magnitudes[..]))?,
            "input_3" => TensorRef::from_array_view((STATE_SHAPE, &memory.spectrum_state[..]))?,
        ])?;
        let (_, mask) = outputs[0].try_extract_tensor::<f32>()?;
        // The transforms do not divide by the window's length.
        for (bin, share) in memory.bins.iter_mut().zip(mask) {
            *bin *= *share / WINDOW as f32;
        }
        keep(
            &mut memory.spectrum_state,
            outputs[1].try_extract_tensor::<f32>()?.1,
        );
        drop(outputs);
        drop(session);
        // The first and last bin of a real signal have no phase.
        for index in [0, BINS - 1] {
            memory.bins[index].im = 0.0;
        }
        let done = self.inverse.process_with_scratch(
            &mut memory.bins,
            &mut memory.segment,
            &mut memory.scratch,
        );
        debug_assert!(done.is_ok(), "the buffers have the transform's sizes");
        Ok(())
    }

    /// The second network: adds the cleaned window to what is being said.
    fn speak(&self, memory: &mut DenoiserMemory) -> Result<(), ort::Error> {
        let mut session = self.waveform.lock();
        let outputs = session.run(ort::inputs![
            "input_4" => TensorRef::from_array_view(([1, 1, WINDOW], &memory.segment[..]))?,
            "input_5" => TensorRef::from_array_view((STATE_SHAPE, &memory.waveform_state[..]))?,
        ])?;
        let (_, window) = outputs[0].try_extract_tensor::<f32>()?;
        memory.said.copy_within(DENOISER_HOP.., 0);
        memory.said[DENOISER_DELAY..].fill(0.0);
        for (said, cleaned) in memory.said.iter_mut().zip(window) {
            *said += cleaned;
        }
        keep(
            &mut memory.waveform_state,
            outputs[1].try_extract_tensor::<f32>()?.1,
        );
        Ok(())
    }
}

fn keep(state: &mut [f32; STATE], new: &[f32]) {
    if new.len() == STATE {
        state.copy_from_slice(new);
    }
}

fn failed(model: &OnnxModel, error: &ort::Error) -> ProviderError {
    ProviderError::Unavailable {
        provider: PROVIDER.to_owned(),
        problem: format!("{} failed to run: {error}", model.path().display()),
    }
}

impl std::fmt::Debug for Denoiser {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Denoiser({})", self.spectrum.path().display())
    }
}

impl std::fmt::Debug for DenoiserMemory {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DenoiserMemory")
    }
}
