//! The log-mel picture of the last 8 s of audio that smart-turn looks at: 80 bands, 800 frames of
//! 10 ms, made as Whisper's front end makes it.
//!
//! Source of the figures: Radford et al., "Robust Speech Recognition via Large-Scale Weak
//! Supervision" (2022), and Slaney, "Auditory Toolbox" (1998), for the mel scale.

use std::f64::consts::PI;
use std::ops::Range;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Bands of the picture.
pub const MEL_BANDS: usize = 80;
/// Frames of the picture.
pub const MEL_FRAMES: usize = 800;
/// Samples that the picture covers: 8 s at 16 kHz.
pub const MEL_SAMPLES: usize = MEL_FRAMES * HOP;

const SAMPLE_RATE_HZ: f64 = 16_000.0;
const FFT_SIZE: usize = 400;
const HOP: usize = 160;
/// What is quieter than this under the loudest band is cut off, in powers of ten.
const DYNAMIC_RANGE: f32 = 8.0;

/// Makes pictures. It keeps its buffers, so that a picture allocates nothing.
pub struct MelSpectrogram {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    bands: Vec<Band>,
    audio: Vec<f32>,
    segment: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    picture: Vec<f32>,
}

/// One triangular filter: its weights from bin `first` on.
pub(super) struct Band {
    first: usize,
    weights: Vec<f32>,
}

impl Band {
    /// What of a spectrum lies in the band.
    pub(super) fn energy(&self, spectrum: &[Complex<f32>]) -> f32 {
        self.weights
            .iter()
            .zip(&spectrum[self.first..])
            .map(|(weight, bin)| weight * bin.norm_sqr())
            .sum()
    }
}

impl std::fmt::Debug for MelSpectrogram {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "MelSpectrogram({MEL_BANDS}x{MEL_FRAMES})")
    }
}

impl Default for MelSpectrogram {
    fn default() -> Self {
        Self::new()
    }
}

impl MelSpectrogram {
    /// Plans the transform and the filters.
    #[must_use]
    pub fn new() -> Self {
        let transform = RealFftPlanner::<f32>::new().plan_fft_forward(FFT_SIZE);
        Self {
            window: hann_window(),
            bands: mel_bands(MEL_BANDS, FFT_SIZE),
            audio: vec![0.0; MEL_SAMPLES + FFT_SIZE],
            segment: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            picture: vec![0.0; MEL_BANDS * MEL_FRAMES],
            transform,
        }
    }

    /// The picture of the last 8 s of `samples` (16 kHz, full scale ±1), band after band, each of
    /// [`MEL_FRAMES`] values. Shorter audio is moved to the end and preceded by silence.
    pub fn picture(&mut self, samples: &[f32]) -> &[f32] {
        let silence = self.normalise(samples);
        // Frames that lie in the silence alone are all alike: one transform does for them.
        let alike = alike_frames(silence);
        if let Some(first) = alike.clone().next() {
            self.frame(first);
            for band in 0..MEL_BANDS {
                let row = &mut self.picture[band * MEL_FRAMES..][..MEL_FRAMES];
                let value = row[first];
                row[alike.clone()].fill(value);
            }
        }
        for frame in (0..alike.start).chain(alike.end..MEL_FRAMES) {
            self.frame(frame);
        }
        let loudest = self.picture.iter().copied().fold(f32::MIN, f32::max);
        for value in &mut self.picture {
            *value = (value.max(loudest - DYNAMIC_RANGE) + 4.0) / 4.0;
        }
        &self.picture
    }

    /// Fills `audio` with zero mean and unit variance, mirrored at both ends by half a transform.
    /// Gives the samples of leading silence.
    fn normalise(&mut self, samples: &[f32]) -> usize {
        let samples = &samples[samples.len().saturating_sub(MEL_SAMPLES)..];
        let silence = MEL_SAMPLES - samples.len();
        let count = MEL_SAMPLES as f64;
        let mean = samples.iter().map(|&sample| f64::from(sample)).sum::<f64>() / count;
        let squares = samples
            .iter()
            .map(|&sample| (f64::from(sample) - mean).powi(2))
            .sum::<f64>();
        let variance = (squares + silence as f64 * mean * mean) / count;
        let scale = 1.0 / (variance + 1e-7).sqrt();
        let edge = FFT_SIZE / 2;
        let (audio, normal) = (&mut self.audio, |sample: f64| {
            ((sample - mean) * scale) as f32
        });
        audio[edge..edge + silence].fill(normal(0.0));
        for (to, &from) in audio[edge + silence..].iter_mut().zip(samples) {
            *to = normal(f64::from(from));
        }
        for index in 0..edge {
            audio[index] = audio[2 * edge - index];
            audio[edge + MEL_SAMPLES + index] = audio[edge + MEL_SAMPLES - 2 - index];
        }
        silence
    }

    /// Puts the logarithms of one frame's bands into the picture.
    fn frame(&mut self, frame: usize) {
        let audio = &self.audio[frame * HOP..][..FFT_SIZE];
        for ((to, from), weight) in self.segment.iter_mut().zip(audio).zip(&self.window) {
            *to = from * weight;
        }
        let done = self.transform.process_with_scratch(
            &mut self.segment,
            &mut self.spectrum,
            &mut self.scratch,
        );
        debug_assert!(
            done.is_ok(),
            "the buffers were made by the transform itself"
        );
        for (index, band) in self.bands.iter().enumerate() {
            let energy = band.energy(&self.spectrum);
            self.picture[index * MEL_FRAMES + frame] = energy.max(1e-10).log10();
        }
    }
}

/// The frames that see nothing but the leading silence and its mirror image.
fn alike_frames(silence: usize) -> Range<usize> {
    let edge = FFT_SIZE / 2;
    if silence <= edge {
        return 0..0;
    }
    // Frame f covers samples f * HOP - edge to f * HOP + edge of the unmirrored audio.
    0..((silence - edge) / HOP + 1).min(MEL_FRAMES)
}

/// The periodic Hann window.
fn hann_window() -> Vec<f32> {
    (0..FFT_SIZE)
        .map(|index| (0.5 - 0.5 * (2.0 * PI * index as f64 / FFT_SIZE as f64).cos()) as f32)
        .collect()
}

/// So many triangles between neighbours on the mel scale from 0 to 8 kHz, each of unit area, over
/// the spectrum of a transform of so many samples.
pub(super) fn mel_bands(count: usize, transform: usize) -> Vec<Band> {
    let top = mel_of_hz(SAMPLE_RATE_HZ / 2.0);
    let corners: Vec<f64> = (0..count + 2)
        .map(|index| hz_of_mel(top * index as f64 / (count + 1) as f64))
        .collect();
    corners
        .windows(3)
        .map(|corner| {
            let (low, middle, high) = (corner[0], corner[1], corner[2]);
            let weight = |bin: usize| {
                let hz = bin as f64 * SAMPLE_RATE_HZ / transform as f64;
                let slope = ((hz - low) / (middle - low)).min((high - hz) / (high - middle));
                (slope.max(0.0) * 2.0 / (high - low)) as f32
            };
            let bins = transform / 2 + 1;
            let first = (0..bins).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
            let weights = (first..bins)
                .map(weight)
                .take_while(|&weight| weight > 0.0)
                .collect();
            Band { first, weights }
        })
        .collect()
}

/// Slaney's scale: linear to 1 kHz (15 mel), then 27 mel for each factor of 6.4.
fn mel_of_hz(hz: f64) -> f64 {
    if hz < 1_000.0 {
        hz * 3.0 / 200.0
    } else {
        15.0 + 27.0 * (hz / 1_000.0).ln() / 6.4_f64.ln()
    }
}

fn hz_of_mel(mel: f64) -> f64 {
    if mel < 15.0 {
        mel * 200.0 / 3.0
    } else {
        1_000.0 * 6.4_f64.powf((mel - 15.0) / 27.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_meets_its_published_values() {
        // 60 Hz is 0.9 mel, 1 kHz is 15, 6.4 kHz is 42.
        for (hz, mel) in [(0.0, 0.0), (60.0, 0.9), (1_000.0, 15.0), (6_400.0, 42.0)] {
            assert!((mel_of_hz(hz) - mel).abs() < 1e-9, "{hz} Hz");
            assert!((hz_of_mel(mel) - hz).abs() < 1e-6, "{mel} mel");
        }
    }

    #[test]
    fn each_band_is_a_triangle_of_unit_area() {
        let bands = mel_bands(MEL_BANDS, FFT_SIZE);
        assert_eq!(bands.len(), MEL_BANDS);
        for band in &bands[40..] {
            let area: f32 = band.weights.iter().sum::<f32>() * 40.0;
            assert!((area - 1.0).abs() < 0.1, "{area}");
        }
        assert!(bands.iter().all(|band| !band.weights.is_empty()));
        assert!(
            bands
                .iter()
                .all(|band| band.first + band.weights.len() <= FFT_SIZE / 2 + 1)
        );
        // The published first filter peaks at its second bin (40 Hz) with 0.0249.
        assert_eq!(bands[0].first, 1);
        assert!(
            (bands[0].weights[0] - 0.024_863).abs() < 1e-4,
            "{}",
            bands[0].weights[0]
        );
    }

    #[test]
    fn a_tone_lights_up_its_own_band() {
        let mut mel = MelSpectrogram::new();
        let tone: Vec<f32> = (0..MEL_SAMPLES)
            .map(|index| (2.0 * PI * 1_000.0 * index as f64 / SAMPLE_RATE_HZ).sin() as f32)
            .collect();
        let picture = mel.picture(&tone);
        let loudest = (0..MEL_BANDS)
            .max_by(|a, b| picture[a * MEL_FRAMES + 400].total_cmp(&picture[b * MEL_FRAMES + 400]))
            .unwrap();
        let centre = hz_of_mel(mel_of_hz(8_000.0) * (loudest + 1) as f64 / 81.0);
        assert!((centre - 1_000.0).abs() < 60.0, "{centre}");
    }

    #[test]
    fn the_short_cut_for_silence_gives_the_same_picture() {
        let mut mel = MelSpectrogram::new();
        for length in [
            0,
            1,
            159,
            201,
            16_000,
            127_799,
            127_801,
            MEL_SAMPLES,
            MEL_SAMPLES + 7,
        ] {
            let noise: Vec<f32> = (0..length)
                .map(|index| ((index * 7_919 % 1_013) as f32 / 506.0) - 1.0)
                .collect();
            let quick = mel.picture(&noise).to_vec();
            mel.normalise(&noise);
            for frame in 0..MEL_FRAMES {
                mel.frame(frame);
            }
            let loudest = mel.picture.iter().copied().fold(f32::MIN, f32::max);
            for (index, (quick, slow)) in quick.iter().zip(&mel.picture).enumerate() {
                let slow = (slow.max(loudest - DYNAMIC_RANGE) + 4.0) / 4.0;
                assert!(
                    (quick - slow).abs() < 1e-4,
                    "{length} samples, value {index}"
                );
            }
        }
    }
}
