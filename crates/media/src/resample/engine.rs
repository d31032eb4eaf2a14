//! One rubato resampler with its chunk buffers. Knows nothing of streams or frames.

use audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, Fft, FixedAsync, FixedSync, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

/// Points of the filter where the rate goes up.
const POINTS_UP: usize = 64;
/// Points of the filter where the rate goes down by up to [`RATIO_DOWN`].
const POINTS_DOWN: usize = 128;
/// Beyond this the filter grows with the ratio, so that its transition band stays as narrow.
const RATIO_DOWN: usize = 3;

/// Converts chunks of a fixed number of input samples.
pub(super) struct Engine {
    inner: Box<dyn rubato::Resampler<f32>>,
    /// One chunk of input, to be filled before [`Engine::run`].
    pub(super) input: Vec<f32>,
    output: Vec<f32>,
    delay: usize,
}

impl Engine {
    /// For streams: a short filter, 1 to 8 ms of delay.
    pub(super) fn streaming(from_hz: u32, to_hz: u32, chunk: usize) -> Self {
        let is_up = to_hz > from_hz;
        let ratio_down = (from_hz as usize).div_ceil(to_hz as usize);
        let points = if is_up {
            POINTS_UP
        } else {
            POINTS_DOWN * ratio_down.div_ceil(RATIO_DOWN)
        };
        let divisor = greatest_common_divisor(from_hz, to_hz);
        let (phases, step) = ((to_hz / divisor) as usize, (from_hz / divisor) as usize);
        let parameters = SincInterpolationParameters::new(points, WindowFunction::Hann2)
            .oversampling_factor(phases)
            .interpolation(SincInterpolationType::Nearest);
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        #[expect(
            clippy::expect_used,
            reason = "the ratio is positive and the chunk is not empty"
        )]
        let inner = Async::<f32>::new_sinc(ratio, 1.0, &parameters, chunk, 1, FixedAsync::Input)
            .expect("valid parameters");
        // Output k lies at input (k + 1) × step / phases − points / 2 + 1 / phases: found from the
        // crate's indices, because the delay that it reports is off by a sample or two.
        let delay = (points * phases / 2 - 1 - step + step / 2) / step;
        Self::around(Box::new(inner), delay)
    }

    /// For whole files: the steepest filter, any two rates.
    pub(super) fn file(from_hz: u32, to_hz: u32) -> Self {
        #[expect(clippy::expect_used, reason = "rates and chunk are positive")]
        let inner = Fft::<f32>::new(from_hz as usize, to_hz as usize, 1_024, 1, FixedSync::Both)
            .expect("valid parameters");
        let delay = rubato::Resampler::output_delay(&inner);
        Self::around(Box::new(inner), delay)
    }

    fn around(inner: Box<dyn rubato::Resampler<f32>>, delay: usize) -> Self {
        let input = vec![0.0; inner.input_frames_max()];
        let output = vec![0.0; inner.output_frames_max()];
        Self {
            inner,
            input,
            output,
            delay,
        }
    }

    /// Samples that each chunk of input holds.
    pub(super) fn chunk(&self) -> usize {
        self.inner.input_frames_next()
    }

    /// Samples that the next chunk gives.
    pub(super) fn next_output(&self) -> usize {
        self.inner.output_frames_next()
    }

    /// Samples that a chunk gives at most.
    pub(super) fn output_max(&self) -> usize {
        self.output.len()
    }

    /// Output samples by which everything comes late, to the nearest.
    pub(super) const fn delay(&self) -> usize {
        self.delay
    }

    /// Converts [`Engine::input`].
    pub(super) fn run(&mut self) -> &[f32] {
        let (inputs, outputs) = (self.input.len(), self.output.len());
        #[expect(
            clippy::expect_used,
            reason = "the buffers are as long as the resampler asked"
        )]
        let (_, count) = {
            let input = SequentialSlice::new(&self.input, 1, inputs).expect("whole slice");
            let mut output =
                SequentialSlice::new_mut(&mut self.output, 1, outputs).expect("whole slice");
            self.inner
                .process_into_buffer(&input, &mut output, None)
                .expect("buffers of the right size")
        };
        &self.output[..count]
    }

    /// Forgets all audio.
    pub(super) fn reset(&mut self) {
        self.inner.reset();
    }
}

/// The nearest 16-bit sample.
pub(super) fn quantised(sample: f32) -> i16 {
    // `as` saturates.
    sample.round() as i16
}

fn greatest_common_divisor(left: u32, right: u32) -> u32 {
    if right == 0 {
        left
    } else {
        greatest_common_divisor(right, left % right)
    }
}
