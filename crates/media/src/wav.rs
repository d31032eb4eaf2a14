//! WAV files: any integer or float PCM and G.711 in, 16-bit PCM out. No other container, no
//! compressed codec.

mod header;
mod reader;
mod writer;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::{FILE_RATE_HZ_MAX, FILE_RATE_HZ_MIN, RateOutOfRange, SampleRate, resample_all};

pub use reader::{WavReader, read_wav};
pub use writer::{StereoWav, WavWriteError, write_wav};

/// The most channels that a file may have.
pub const WAV_CHANNELS_MAX: u16 = 32;

/// The longest file that is read.
pub const WAV_DURATION_MAX: Duration = Duration::from_secs(4 * 3_600);

/// The most samples, over all channels, that [`read_wav`] keeps in memory (1 GiB). A longer file
/// can be read piece by piece with [`WavReader`].
const SAMPLES_IN_MEMORY_MAX: u64 = 512 * 1_024 * 1_024;

/// What a file holds, from its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WavSpec {
    /// Frames a second, any from [`FILE_RATE_HZ_MIN`] to [`FILE_RATE_HZ_MAX`].
    pub rate_hz: u32,
    /// From 1 to [`WAV_CHANNELS_MAX`].
    pub channels: u16,
    /// Samples of each channel.
    pub frames: u64,
}

impl WavSpec {
    /// How long it lasts.
    #[must_use]
    pub fn duration(&self) -> Duration {
        let rate = u64::from(self.rate_hz.max(1));
        let nanoseconds = self.frames % rate * 1_000_000_000 / rate;
        Duration::from_secs(self.frames / rate) + Duration::from_nanos(nanoseconds)
    }
}

/// A file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wav {
    /// Frames a second.
    pub rate_hz: u32,
    /// 16-bit samples of each channel, all of the same length.
    pub channels: Vec<Vec<i16>>,
}

impl Wav {
    /// All channels mixed to one: their mean, so that it cannot clip.
    #[must_use]
    pub fn mono(&self) -> Vec<i16> {
        let [first, rest @ ..] = self.channels.as_slice() else {
            return Vec::new();
        };
        if rest.is_empty() {
            return first.clone();
        }
        let count = self.channels.len() as i32;
        let mean = |index: usize| {
            let sum: i32 = self
                .channels
                .iter()
                .map(|channel| i32::from(channel[index]))
                .sum();
            (sum / count) as i16
        };
        (0..first.len()).map(mean).collect()
    }

    /// All channels mixed to one, at `rate`.
    ///
    /// # Errors
    /// [`RateOutOfRange`] where [`Wav::rate_hz`] is out of range, which no file read here is.
    pub fn mono_at(&self, rate: SampleRate) -> Result<Vec<i16>, RateOutOfRange> {
        resample_all(&self.mono(), self.rate_hz, rate)
    }

    /// How long it lasts.
    #[must_use]
    pub fn duration(&self) -> Duration {
        let frames = self.channels.first().map_or(0, Vec::len) as u64;
        WavSpec {
            rate_hz: self.rate_hz,
            channels: self.channels.len() as u16,
            frames,
        }
        .duration()
    }
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadWavError {
    /// It cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What it holds is not good.
    #[error("cannot use {} as a WAV file", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: WavError,
    },
}

/// What is wrong with a WAV file.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// Reading failed.
    #[error("reading failed")]
    Io(#[from] io::Error),
    /// The file has no bytes.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// It is something else.
    #[error(
        "not a WAV file: it begins with {found:?} where \"RIFF\" … \"WAVE\" is expected; convert it, for example with `ffmpeg -i FILE out.wav`"
    )]
    NotWav {
        /// The first bytes, made readable.
        found: String,
    },
    /// It ends within the header.
    #[error(
        "the header is cut off at byte {at}, within {within}; the file is damaged or its copy incomplete"
    )]
    Truncated {
        /// Length of the file.
        at: u64,
        /// What was being read.
        within: &'static str,
    },
    /// There is no `fmt ` before the audio.
    #[error("there is no \"fmt \" chunk before the audio")]
    NoFormat,
    /// A codec or sample size that is not read.
    #[error(
        "format {name} is not supported; use PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, or G.711, for example by `ffmpeg -i FILE -c:a pcm_s16le out.wav`"
    )]
    Unsupported {
        /// The format's number and what is known of it.
        name: String,
    },
    /// The header contradicts itself.
    #[error(
        "the header contradicts itself: {channels} channels of {bits} bits cannot make {block_bytes} bytes a frame"
    )]
    Inconsistent {
        /// Channels.
        channels: u16,
        /// Bits of a sample.
        bits: u16,
        /// Bytes of one sample of each channel.
        block_bytes: u16,
    },
    /// No rate that audio has.
    #[error("sample rate {0} Hz is not between {FILE_RATE_HZ_MIN} and {FILE_RATE_HZ_MAX} Hz")]
    Rate(u32),
    /// None, or too many.
    #[error("{0} channels are not between 1 and {WAV_CHANNELS_MAX}")]
    Channels(u16),
    /// It holds no audio.
    #[error("there is no audio in it (zero length)")]
    ZeroLength,
    /// It is shorter than its header says.
    #[error(
        "the header promises {declared} bytes of audio but only {actual} are there: the file was cut off; record or copy it again, or repair it with `sox --ignore-length`"
    )]
    SizeMismatch {
        /// Bytes of audio by the header.
        declared: u64,
        /// Bytes of audio in the file.
        actual: u64,
    },
    /// It lasts too long.
    #[error("it lasts {seconds} s, longer than the {} s that are read at most; cut it", WAV_DURATION_MAX.as_secs())]
    TooLong {
        /// How long it lasts, by the header.
        seconds: u64,
    },
    /// It does not fit into memory.
    #[error(
        "its {samples} samples are more than the {SAMPLES_IN_MEMORY_MAX} that are kept in memory; cut it or lower its rate or channels"
    )]
    TooLarge {
        /// Samples over all channels.
        samples: u64,
    },
}

#[cfg(test)]
mod tests;
