//! The room behind the caller: quiet noise, the same for the same seed. A line that is digitally
//! silent is something that no telephone sends.

use offhook_media::Frame;

/// White noise of a fixed loudness.
#[derive(Debug)]
pub(super) struct Noise {
    state: u64,
    amplitude: f64,
}

impl Noise {
    /// Noise of the given RMS loudness in dB below full scale.
    pub(super) fn new(seed: u64, dbfs: f32) -> Self {
        let rms = 32_768.0 * 10_f64.powf(f64::from(dbfs) / 20.0);
        // Uniform noise between −a and a has an RMS of a / √3. A zero state would stay zero.
        Self {
            state: seed ^ 0x9E37_79B9_7F4A_7C15 | 1,
            amplitude: rms * 3_f64.sqrt(),
        }
    }

    pub(super) fn add_to(&mut self, frame: &mut Frame) {
        for sample in frame.samples_mut() {
            let noise = self.amplitude * self.next_unit();
            *sample = sample.saturating_add(noise.round() as i16);
        }
    }

    /// Between −1 and 1 (xorshift, Marsaglia 2003).
    fn next_unit(&mut self) -> f64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use offhook_media::SampleRate;

    use super::super::ear::rms;
    use super::*;

    #[test]
    fn noise_has_its_loudness_and_comes_again_with_its_seed() {
        let render = |seed| {
            let mut noise = Noise::new(seed, -60.0);
            let mut frame = Frame::silence(SampleRate::HZ_48000);
            noise.add_to(&mut frame);
            frame
        };
        let loudness = 20.0 * (rms(render(1).samples()) / 32_768.0).log10();
        assert!((loudness + 60.0).abs() < 1.0, "{loudness}");
        assert_eq!(render(7), render(7));
        assert_ne!(render(7), render(8));
    }
}
