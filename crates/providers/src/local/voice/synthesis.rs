//! From the network's spectra to sound: a pulse train at the pitch, shaped by the harmonic part,
//! plus shaped noise, plus a part with its own phase, and one inverse Fourier transform a frame.
//!
//! The recipe is that of the model's documentation ("ONNX interface (for ports)"):
//! `S = e^min(lh,7) · e^(iπ·tanh θ) · E + e^min(ln,7) · Z + e^min(lr,7) · e^(iφ)`, where `E` is the
//! transform of the pulses (Hann window of 1200, step 300, divided by 300) and `Z` is complex
//! noise. Here frame by frame, with the spectrum's shape stretched for other voices.

use std::f32::consts::{PI, TAU};
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::approximation::{cosine_and_sine, exponential, hyperbolic_tangent, sine};
use super::network::{BINS, HOP, Spectra};
use super::timbre::Timbre;

/// Samples a second.
pub(super) const RATE_HZ: u32 = 24_000;
const WINDOW: usize = 1200;
/// Pulses have harmonics up to here.
const PULSE_HZ_MAX: f32 = 11_000.0;
/// Below this pitch there is no voice.
const VOICED_HZ_MIN: f32 = 40.0;
/// The largest log magnitude.
const LOG_MAX: f32 = 7.0;
/// The log magnitude of frequencies beyond a stretched spectrum.
const LOG_SILENCE: f32 = -9.0;
/// Prepared noise values; frames begin at scattered places in them.
const NOISE_VALUES: usize = 1 << 14;

/// Renders spectra. One per thread: it owns its scratch buffers.
pub(super) struct Synthesiser {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    window: Vec<f32>,
    noise: Vec<Complex32>,
    frame: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// What the pulses' spectrum is multiplied with, frame-major.
    filters: Vec<Complex32>,
    /// What is added to it, frame-major.
    additions: Vec<Complex32>,
}

impl std::fmt::Debug for Synthesiser {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Synthesiser")
            .finish_non_exhaustive()
    }
}

impl Synthesiser {
    /// A synthesiser with its tables.
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::<f32>::new();
        let forward = planner.plan_fft_forward(WINDOW);
        let inverse = planner.plan_fft_inverse(WINDOW);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        let window = (0..WINDOW)
            .map(|at| 0.5 - 0.5 * (2.0 * PI * at as f32 / WINDOW as f32).cos())
            .collect();
        Self {
            forward,
            inverse,
            window,
            noise: gaussian_noise(NOISE_VALUES),
            frame: vec![0.0; WINDOW],
            spectrum: vec![Complex32::default(); BINS],
            scratch: vec![Complex32::default(); scratch],
            filters: Vec::new(),
            additions: Vec::new(),
        }
    }

    /// The sound of `spectra` with `timbre`: [`HOP`] samples a frame, about -1 to 1. The same
    /// spectra give the same samples.
    pub(super) fn render(&mut self, spectra: Spectra<'_>, timbre: Timbre) -> Vec<f32> {
        let pulses = padded_pulses(spectra.pitch_hz, timbre.pitch);
        let padded = spectra.frames * HOP + WINDOW;
        let mut sum = vec![0.0_f32; padded];
        let mut weight = vec![0.0_f32; padded];
        self.shape(spectra, timbre);
        for frame in 0..spectra.frames {
            let start = frame * HOP;
            for (at, sample) in self.frame.iter_mut().enumerate() {
                *sample = pulses[start + at] * self.window[at] / HOP as f32;
            }
            // The lengths are those of the plan, so that neither transform can fail.
            let _ = self.forward.process_with_scratch(
                &mut self.frame,
                &mut self.spectrum,
                &mut self.scratch,
            );
            let bins = frame * BINS..(frame + 1) * BINS;
            let shape = self.filters[bins.clone()].iter().zip(&self.additions[bins]);
            for (value, (filter, addition)) in self.spectrum.iter_mut().zip(shape) {
                *value = *value * filter + addition;
            }
            // A real signal has no imaginary part at 0 Hz and at the highest frequency.
            self.spectrum[0].im = 0.0;
            self.spectrum[BINS - 1].im = 0.0;
            let _ = self.inverse.process_with_scratch(
                &mut self.spectrum,
                &mut self.frame,
                &mut self.scratch,
            );
            for (at, sample) in self.frame.iter().enumerate() {
                let window = self.window[at];
                sum[start + at] += sample * window / WINDOW as f32;
                weight[start + at] += window * window;
            }
        }
        let inner = WINDOW / 2..WINDOW / 2 + spectra.frames * HOP;
        let weights = &weight[inner.clone()];
        sum[inner]
            .iter()
            .zip(weights)
            .map(|(sum, weight)| sum / weight.max(1e-6))
            .collect()
    }

    /// Works out for each frame and bin what the pulses' spectrum becomes: bin by bin, because that
    /// is how the network's parts lie in memory.
    fn shape(&mut self, spectra: Spectra<'_>, timbre: Timbre) {
        let frames = spectra.frames;
        self.filters.resize(frames * BINS, Complex32::default());
        self.additions.resize(frames * BINS, Complex32::default());
        // Pulses are fewer where the pitch is higher, and so stronger each for the same loudness.
        let level = 0.5 * timbre.pitch.ln();
        let mut rows = [const { Vec::new() }; 4];
        for bin in 0..BINS {
            let at = bin as f32 / timbre.formants;
            let parts = [
                spectra.harmonic,
                spectra.harmonic_phase,
                spectra.noise,
                spectra.rest,
            ];
            for (row, part) in rows.iter_mut().zip(parts) {
                stretched_row(row, part, frames, at);
            }
            let phases = &spectra.rest_phase[bin * frames..(bin + 1) * frames];
            for frame in 0..frames {
                let [harmonic, harmonic_phase, noise, rest] =
                    [&rows[0], &rows[1], &rows[2], &rows[3]].map(|row| row[frame]);
                let magnitude = |log: f32| exponential(log.min(LOG_MAX));
                let harmonic = magnitude(harmonic + level);
                let (cosine, sine) = cosine_and_sine(0.5 * hyperbolic_tangent(harmonic_phase));
                let place = frame * BINS + bin;
                self.filters[place] = Complex32::new(harmonic * cosine, harmonic * sine);
                let scattered = (frame.wrapping_mul(7919) + bin) % NOISE_VALUES;
                let noise = self.noise[scattered] * magnitude(noise);
                let rest = magnitude(rest);
                let (cosine, sine) = cosine_and_sine(phases[frame] / TAU);
                self.additions[place] =
                    Complex32::new(noise.re + rest * cosine, noise.im + rest * sine);
            }
        }
    }
}

/// A part's values between two bins, for all frames; far below hearing beyond the last bin.
fn stretched_row(row: &mut Vec<f32>, part: &[f32], frames: usize, at: f32) {
    row.clear();
    let low = at as usize;
    let values = |bin: usize| &part[bin * frames..(bin + 1) * frames];
    let share = at - low as f32;
    if at > (BINS - 1) as f32 {
        row.resize(frames, LOG_SILENCE);
    } else if share == 0.0 {
        row.extend_from_slice(values(low));
    } else {
        let pairs = values(low).iter().zip(values(low + 1));
        row.extend(pairs.map(|(low, high)| low * (1.0 - share) + high * share));
    }
}

/// The pulse train with half a window mirrored before and after it.
///
/// All harmonics below [`PULSE_HZ_MAX`] at equal strength, in closed form (Dirichlet kernel):
/// `Σ cos(h·t) = sin((H + ½)·t) / (2·sin(t/2)) − ½`.
fn padded_pulses(pitch_hz: &[f32], factor: f32) -> Vec<f32> {
    let half = WINDOW / 2;
    let length = pitch_hz.len() * HOP;
    let mut pulses = vec![0.0_f32; length + WINDOW];
    let mut turn = 0.0_f64;
    for at in 0..length {
        let hertz = pitch_between_frames(pitch_hz, at);
        let sounding = hertz.max(VOICED_HZ_MIN) * factor;
        turn = (turn + f64::from(sounding) / f64::from(RATE_HZ)).fract();
        if hertz > VOICED_HZ_MIN {
            let turn = turn as f32;
            let harmonics = (PULSE_HZ_MAX / sounding).floor() + 0.5;
            let below = 2.0 * sine(turn * 0.5);
            let ratio = if below.abs() <= 2e-3 {
                harmonics
            } else {
                sine(harmonics * turn) / below
            };
            pulses[half + at] = ratio - 0.5;
        }
    }
    for at in 0..half.min(length.saturating_sub(1)) {
        pulses[half - 1 - at] = pulses[half + 1 + at];
        pulses[half + length + at] = pulses[half + length - 2 - at];
    }
    pulses
}

/// The pitch at a sample, on a line between the middles of the frames around it.
fn pitch_between_frames(pitch_hz: &[f32], at: usize) -> f32 {
    let last = pitch_hz.len() - 1;
    let place = ((at as f32 + 0.5) / HOP as f32 - 0.5).clamp(0.0, last as f32);
    let low = place as usize;
    let high = (low + 1).min(last);
    let between = place - low as f32;
    pitch_hz[low] * (1.0 - between) + pitch_hz[high] * between
}

/// Complex values of unit variance per component (Box and Muller 1958), always the same ones.
fn gaussian_noise(count: usize) -> Vec<Complex32> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut uniform = move || {
        // xorshift64* (Vigna 2016).
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let bits = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        (bits as f32 + 0.5) / (1_u32 << 24) as f32
    };
    (0..count)
        .map(|_| Complex32::from_polar((-2.0 * uniform().ln()).sqrt(), 2.0 * PI * uniform()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::timbre::LEARNED;
    use super::*;

    /// Spectra with the harmonic part flat and the others silent.
    fn render_flat(pitch: f32, frames: usize, timbre: Timbre) -> Vec<f32> {
        let flat = vec![-3.0_f32; BINS * frames];
        let zero = vec![0.0_f32; BINS * frames];
        let silent = vec![-20.0_f32; BINS * frames];
        let pitch_hz = vec![pitch; frames];
        let spectra = Spectra {
            frames,
            harmonic: &flat,
            harmonic_phase: &zero,
            noise: &silent,
            rest: &silent,
            rest_phase: &zero,
            pitch_hz: &pitch_hz,
            durations: &[],
        };
        Synthesiser::new().render(spectra, timbre)
    }

    /// The lag of the strongest self-similarity, as a pitch.
    fn measured_pitch(samples: &[f32]) -> f32 {
        let middle = &samples[samples.len() / 4..samples.len() / 4 + 4800];
        let best = (60..230)
            .max_by(|one, other| {
                let likeness = |lag: usize| -> f32 {
                    middle
                        .iter()
                        .zip(&middle[lag..])
                        .take(4000)
                        .map(|(a, b)| a * b)
                        .sum()
                };
                likeness(*one).total_cmp(&likeness(*other))
            })
            .unwrap();
        RATE_HZ as f32 / best as f32
    }

    #[test]
    fn a_voiced_sound_has_its_pitch_and_length() {
        let samples = render_flat(200.0, 80, LEARNED);
        assert_eq!(samples.len(), 80 * HOP);
        assert!(
            (measured_pitch(&samples) - 200.0).abs() < 3.0,
            "{}",
            measured_pitch(&samples)
        );
    }

    #[test]
    fn another_timbre_moves_the_pitch() {
        let low = Timbre {
            pitch: 0.55,
            formants: 0.86,
        };
        let pitch = measured_pitch(&render_flat(200.0, 80, low));
        assert!((pitch - 110.0).abs() < 3.0, "{pitch}");
    }

    #[test]
    fn an_unvoiced_silent_spectrum_is_silent_and_finite() {
        let samples = render_flat(0.0, 10, LEARNED);
        let peak = samples
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!(peak < 1e-3, "{peak}");
        assert!(
            render_flat(200.0, 1, LEARNED)
                .iter()
                .all(|sample| sample.is_finite())
        );
    }

    #[test]
    fn noise_has_unit_variance() {
        let noise = gaussian_noise(NOISE_VALUES);
        let power: f32 =
            noise.iter().map(|value| value.norm_sqr()).sum::<f32>() / noise.len() as f32;
        assert!((power - 2.0).abs() < 0.1, "{power}");
    }
}
