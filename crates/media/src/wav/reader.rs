//! From the bytes of a file to 16-bit samples.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use super::header::{Encoding, Header, read_header};
use super::{ReadWavError, SAMPLES_IN_MEMORY_MAX, Wav, WavError, WavSpec};
use crate::codec::g711;

/// Bytes that are read at a time.
const BLOCK_BYTES: usize = 32 * 1_024;

/// Reads a file piece by piece.
#[derive(Debug)]
pub struct WavReader<R> {
    reader: R,
    header: Header,
    frames_left: u64,
    bytes: Vec<u8>,
}

impl<R: Read + Seek> WavReader<R> {
    /// Reads the header, and finds the audio after it.
    ///
    /// # Errors
    /// [`WavError`] where it is not a WAV file or not one that can be read. A file that is
    /// shorter than its header says is found here, not in mid-call.
    pub fn new(mut reader: R) -> Result<Self, WavError> {
        let header = read_header(&mut reader)?;
        Ok(Self {
            reader,
            header,
            frames_left: header.spec.frames,
            bytes: Vec::new(),
        })
    }

    /// What the file holds.
    #[must_use]
    pub const fn spec(&self) -> WavSpec {
        self.header.spec
    }

    /// Adds up to `frames` samples of each channel to `out`, interleaved; gives how many of each
    /// channel there were, 0 at the end.
    ///
    /// # Errors
    /// [`WavError::Io`] where reading fails.
    pub fn read(&mut self, frames: usize, out: &mut Vec<i16>) -> Result<usize, WavError> {
        let count = self.frames_left.min(frames as u64) as usize;
        let frame_bytes = self.header.sample_bytes * usize::from(self.header.spec.channels);
        let mut left = count;
        while left > 0 {
            let now = left.min((BLOCK_BYTES / frame_bytes).max(1));
            self.bytes.resize(now * frame_bytes, 0);
            self.reader.read_exact(&mut self.bytes).map_err(shrunk)?;
            let samples = self.bytes.chunks_exact(self.header.sample_bytes);
            out.extend(samples.map(|bytes| decoded(self.header.encoding, bytes)));
            left -= now;
            self.frames_left -= now as u64;
        }
        Ok(count)
    }

    /// Reads all that is left.
    ///
    /// # Errors
    /// [`WavError::TooLarge`] where it does not fit into memory, [`WavError::Io`] where reading
    /// fails.
    pub fn read_all(mut self) -> Result<Wav, WavError> {
        let spec = self.spec();
        let samples = self.frames_left * u64::from(spec.channels);
        if samples > SAMPLES_IN_MEMORY_MAX {
            return Err(WavError::TooLarge { samples });
        }
        let count = usize::from(spec.channels);
        let mut channels = vec![Vec::with_capacity(self.frames_left as usize); count];
        let mut block = Vec::new();
        while self.read(BLOCK_BYTES, &mut block)? > 0 {
            for (channel, samples) in channels.iter_mut().enumerate() {
                samples.extend(block.iter().skip(channel).step_by(count));
            }
            block.clear();
        }
        Ok(Wav {
            rate_hz: spec.rate_hz,
            channels,
        })
    }
}

/// Reads a whole file into memory.
///
/// # Errors
/// [`ReadWavError`] names the file; its source says what is wrong with it.
pub fn read_wav(path: &Path) -> Result<Wav, ReadWavError> {
    let file = File::open(path).map_err(|source| ReadWavError::Open {
        path: path.to_owned(),
        source,
    })?;
    WavReader::new(BufReader::new(file))
        .and_then(WavReader::read_all)
        .map_err(|source| ReadWavError::Content {
            path: path.to_owned(),
            source,
        })
}

fn shrunk(problem: io::Error) -> WavError {
    match problem.kind() {
        io::ErrorKind::UnexpectedEof => WavError::Io(io::Error::new(
            problem.kind(),
            "the file became shorter while it was read",
        )),
        _ => WavError::Io(problem),
    }
}

/// One sample as 16 bits: the upper bits of a longer integer, rounded.
fn decoded(encoding: Encoding, bytes: &[u8]) -> i16 {
    match (encoding, bytes) {
        (Encoding::U8, [byte]) => (i16::from(*byte) - 128) << 8,
        (Encoding::Int, [low, high]) => i16::from_le_bytes([*low, *high]),
        (Encoding::Int, [a, b, c]) => upper_bits([0, *a, *b, *c]),
        (Encoding::Int, [a, b, c, d]) => upper_bits([*a, *b, *c, *d]),
        (Encoding::Float, [a, b, c, d]) => {
            from_unit(f64::from(f32::from_le_bytes([*a, *b, *c, *d])))
        }
        (Encoding::Float, [a, b, c, d, e, f, g, h]) => {
            from_unit(f64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))
        }
        (Encoding::ALaw, [byte]) => g711::a_law_decode(*byte),
        (Encoding::MuLaw, [byte]) => g711::mu_law_decode(*byte),
        // The header allows no other size.
        _ => 0,
    }
}

fn upper_bits(bytes: [u8; 4]) -> i16 {
    (i32::from_le_bytes(bytes).saturating_add(1 << 15) >> 16) as i16
}

/// Full scale is 1; `as` saturates, and makes 0 of what is not a number.
fn from_unit(sample: f64) -> i16 {
    (sample * 32_768.0).round() as i16
}
