//! A WAV file as the caller. It is read and converted before the call; the handset paces it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use offhook_media::{Frame, RateOutOfRange, ReadWavError, SampleRate, read_wav};

use crate::{CallerAudio, CallerFrame};

/// A recording that speaks as the caller, from its first sample to its last.
#[derive(Debug)]
pub struct WavCaller {
    rate: SampleRate,
    samples: Vec<i16>,
    position: usize,
    ticks_before: u64,
}

/// A recording that cannot be the caller.
#[derive(Debug, thiserror::Error)]
pub enum WavCallerError {
    /// It cannot be read.
    #[error("the caller's recording cannot be used")]
    Read(#[source] ReadWavError),
    /// Its rate cannot be converted.
    #[error("the caller's recording {} cannot be converted to {to}", path.display())]
    Rate {
        /// The file.
        path: PathBuf,
        /// The leg's rate.
        to: SampleRate,
        /// Why.
        #[source]
        source: RateOutOfRange,
    },
}

impl WavCaller {
    /// Reads the whole file, mixes its channels to one and converts it to `rate`.
    ///
    /// # Errors
    /// [`WavCallerError`] where the file is missing, is no WAV file, holds no audio or has a
    /// format that is not read; its sources say which and what to do.
    pub fn open(path: &Path, rate: SampleRate) -> Result<Self, WavCallerError> {
        let wav = read_wav(path).map_err(WavCallerError::Read)?;
        let samples = wav.mono_at(rate).map_err(|source| WavCallerError::Rate {
            path: path.to_owned(),
            to: rate,
            source,
        })?;
        Ok(Self::from_samples(samples, rate))
    }

    /// Mono samples at `rate` as the caller.
    #[must_use]
    pub fn from_samples(samples: Vec<i16>, rate: SampleRate) -> Self {
        Self {
            rate,
            samples,
            position: 0,
            ticks_before: 0,
        }
    }

    /// Stays silent for `silence` first, in whole frames.
    #[must_use]
    pub fn after(mut self, silence: Duration) -> Self {
        self.ticks_before = u64::try_from(silence.as_millis() / 20).unwrap_or(u64::MAX);
        self
    }

    /// How long the recording is.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.rate.duration_of(self.samples.len() as u64)
    }
}

impl CallerAudio for WavCaller {
    fn next_frame(&mut self, _heard_agent: Option<&Frame>, tick: u64) -> CallerFrame {
        if tick < self.ticks_before {
            return CallerFrame::Frame(Frame::silence(self.rate));
        }
        match self.samples.get(self.position..) {
            Some(rest) if !rest.is_empty() => {
                self.position += self.rate.frame_samples();
                CallerFrame::Frame(Frame::padded(self.rate, rest))
            }
            _ => CallerFrame::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::f64::consts::TAU;

    use offhook_media::write_wav;

    use super::*;

    const RATE: SampleRate = SampleRate::HZ_16000;

    fn tone(rate_hz: u32, seconds: f64) -> Vec<i16> {
        let count = (f64::from(rate_hz) * seconds) as u32;
        let sample = |n| (TAU * 440.0 * f64::from(n) / f64::from(rate_hz)).sin() * 10_000.0;
        (0..count).map(|n| sample(n) as i16).collect()
    }

    fn said(caller: &mut WavCaller) -> Vec<i16> {
        let mut samples = Vec::new();
        for tick in 0.. {
            match caller.next_frame(None, tick) {
                CallerFrame::Frame(frame) => samples.extend_from_slice(frame.samples()),
                CallerFrame::End => break,
            }
        }
        samples
    }

    /// Root mean square of the middle of a track.
    fn level(samples: &[i16]) -> f64 {
        let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
        let sum: f64 = middle.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        (sum / middle.len() as f64).sqrt()
    }

    #[test]
    fn every_usual_rate_becomes_the_legs_rate() {
        let folder = tempfile::tempdir().unwrap();
        for rate_hz in [8_000, 16_000, 24_000, 44_100, 48_000] {
            let path = folder.path().join(format!("{rate_hz}.wav"));
            write_wav(&path, rate_hz, &tone(rate_hz, 0.5)).unwrap();
            let mut caller = WavCaller::open(&path, RATE).unwrap();
            assert_eq!(caller.duration(), Duration::from_millis(500), "{rate_hz}");
            let samples = said(&mut caller);
            assert_eq!(samples.len(), 8_000, "{rate_hz}");
            assert!(
                (level(&samples) - 7_071.0).abs() < 200.0,
                "{rate_hz}: {}",
                level(&samples)
            );
        }
    }

    #[test]
    fn stereo_is_mixed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stereo.wav");
        let mut wav = offhook_media::StereoWav::create(&path, SampleRate::HZ_44100).unwrap();
        let samples = tone(44_100, 0.5);
        wav.write(&samples, &samples).unwrap();
        wav.finish().unwrap();
        let samples = said(&mut WavCaller::open(&path, RATE).unwrap());
        assert_eq!(samples.len(), 8_000);
        assert!((level(&samples) - 7_071.0).abs() < 200.0);
    }

    #[test]
    fn it_can_wait_and_the_last_frame_is_filled_up() {
        let mut caller =
            WavCaller::from_samples(vec![5; 321], RATE).after(Duration::from_millis(45));
        let samples = said(&mut caller);
        assert_eq!(samples.len(), 320 * 4);
        assert_eq!(
            (samples[639], samples[640], samples[960], samples[961]),
            (0, 5, 5, 0)
        );
    }

    /// The error and all its causes in one line.
    fn explained(path: &Path) -> String {
        let error = WavCaller::open(path, RATE).unwrap_err();
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text += &format!(": {error}");
            cause = error.source();
        }
        text
    }

    #[test]
    fn a_bad_file_is_named_and_explained() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let missing = explained(&folder.path().join("missing.wav"));
        assert!(missing.contains("missing.wav"), "{missing}");
        let empty = explained(&write("empty.wav", b""));
        assert!(
            empty.contains("empty.wav") && empty.contains("0 bytes"),
            "{empty}"
        );
        let text = explained(&write(
            "text.wav",
            b"this is not a wave file, only its name",
        ));
        assert!(text.contains("not a WAV file"), "{text}");
        let silent = folder.path().join("silent.wav");
        write_wav(&silent, 16_000, &[]).unwrap();
        let silent = explained(&silent);
        assert!(silent.contains("zero length"), "{silent}");
    }
}
