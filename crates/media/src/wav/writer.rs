//! 16-bit WAV files, written as the audio comes.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::SampleRate;

/// Audio between two updates of the header, so that a killed process leaves a file that plays.
const UPDATE_SECONDS: u64 = 10;

/// RIFF counts bytes in 32 bits; some are the header's.
const AUDIO_BYTES_MAX: u64 = 0xffff_ff00;

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WavWriteError {
    /// Creating it or writing to it failed.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: hound::Error,
    },
    /// A WAV file cannot be longer.
    #[error("{} has reached the 4 GiB that a WAV file can hold", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
}

/// A call's two sides as they come: the caller left, the agent right.
///
/// The header is right every ten seconds of audio and when this is dropped. Use
/// [`StereoWav::finish`] to learn whether all was written.
pub struct StereoWav {
    writer: WavWriter<BufWriter<File>>,
    path: PathBuf,
    rate: SampleRate,
    frames: u64,
}

impl StereoWav {
    /// Creates the file, or empties it where it is there.
    ///
    /// # Errors
    /// [`WavWriteError::Write`] where it cannot be created.
    pub fn create(path: &Path, rate: SampleRate) -> Result<Self, WavWriteError> {
        let writer =
            WavWriter::create(path, spec(rate.hz(), 2)).map_err(|source| WavWriteError::Write {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            writer,
            path: path.to_owned(),
            rate,
            frames: 0,
        })
    }

    /// The rate of both channels.
    #[must_use]
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Samples of each channel written so far.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// Adds audio of the same time to both channels; the shorter is filled up with silence.
    ///
    /// # Errors
    /// [`WavWriteError`] where writing fails or the file is full.
    pub fn write(&mut self, caller: &[i16], agent: &[i16]) -> Result<(), WavWriteError> {
        let count = caller.len().max(agent.len()) as u64;
        if (self.frames + count) * 4 > AUDIO_BYTES_MAX {
            return Err(WavWriteError::Full {
                path: self.path.clone(),
            });
        }
        for index in 0..count as usize {
            let left = caller.get(index).copied().unwrap_or(0);
            let right = agent.get(index).copied().unwrap_or(0);
            self.writer
                .write_sample(left)
                .and_then(|()| self.writer.write_sample(right))
                .map_err(|source| failed(&self.path, source))?;
        }
        let before = self.frames;
        self.frames += count;
        let update = UPDATE_SECONDS * u64::from(self.rate.hz());
        if before / update != self.frames / update {
            self.writer
                .flush()
                .map_err(|source| failed(&self.path, source))?;
        }
        Ok(())
    }

    /// Completes the file.
    ///
    /// # Errors
    /// [`WavWriteError::Write`] where that fails.
    pub fn finish(self) -> Result<(), WavWriteError> {
        let Self { writer, path, .. } = self;
        writer.finalize().map_err(|source| failed(&path, source))
    }
}

impl std::fmt::Debug for StereoWav {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "StereoWav({}, {})",
            self.path.display(),
            self.rate
        )
    }
}

/// Writes a whole file of one channel.
///
/// # Errors
/// [`WavWriteError`] where writing fails or there is too much for a WAV file.
pub fn write_wav(path: &Path, rate_hz: u32, samples: &[i16]) -> Result<(), WavWriteError> {
    if samples.len() as u64 * 2 > AUDIO_BYTES_MAX {
        return Err(WavWriteError::Full {
            path: path.to_owned(),
        });
    }
    let write = || {
        let mut writer = WavWriter::create(path, spec(rate_hz, 1))?;
        for sample in samples {
            writer.write_sample(*sample)?;
        }
        writer.finalize()
    };
    write().map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: hound::Error) -> WavWriteError {
    WavWriteError::Write {
        path: path.to_owned(),
        source,
    }
}

const fn spec(rate_hz: u32, channels: u16) -> WavSpec {
    WavSpec {
        channels,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    }
}
