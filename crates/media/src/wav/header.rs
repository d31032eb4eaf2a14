//! RIFF chunks up to the audio. Format: Microsoft and IBM, "Multimedia Programming Interface and
//! Data Specifications 1.0"; `WAVEFORMATEXTENSIBLE` in Microsoft's `mmreg.h`.

use std::io::{self, Read, Seek, SeekFrom};

use super::{WAV_CHANNELS_MAX, WAV_DURATION_MAX, WavError, WavSpec};
use crate::{FILE_RATE_HZ_MAX, FILE_RATE_HZ_MIN};

/// From here on a declared length means "not known": programs that write to a pipe leave
/// 0xFFFFFFFF or a little under 0x7FFFFFFF.
const UNKNOWN_LENGTH_MIN: u32 = 0x7fff_f000;

/// A chunk before the audio may not be longer than this.
const FORMAT_BYTES_MAX: u32 = 4_096;

/// How a sample lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Unsigned 8 bits.
    U8,
    /// Signed little-endian, in 2, 3 or 4 bytes.
    Int,
    /// IEEE 754, in 4 or 8 bytes.
    Float,
    /// G.711 A-law.
    ALaw,
    /// G.711 µ-law.
    MuLaw,
}

/// Where the audio begins and what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) spec: WavSpec,
    pub(super) encoding: Encoding,
    pub(super) sample_bytes: usize,
}

struct Format {
    encoding: Encoding,
    rate_hz: u32,
    channels: u16,
    block_bytes: u16,
}

/// Reads up to the first byte of audio.
pub(super) fn read_header<R: Read + Seek>(reader: &mut R) -> Result<Header, WavError> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    if length == 0 {
        return Err(WavError::Empty);
    }
    read_signature(reader, length)?;
    let mut format = None;
    loop {
        let chunk = reader.stream_position()?;
        let within = if format.is_some() {
            "the chunks before the audio"
        } else {
            "the chunks"
        };
        let [id @ .., a, b, c, d] = take::<8, _>(reader, length, within)?;
        let declared = u32::from_le_bytes([a, b, c, d]);
        match &id {
            b"fmt " => format = Some(read_format(reader, length, declared)?),
            b"data" => {
                let format = format.ok_or(WavError::NoFormat)?;
                return measure(&format, declared, length - chunk - 8);
            }
            _ => {}
        }
        if &id != b"fmt " || declared % 2 == 1 {
            let next = chunk + 8 + u64::from(declared) + u64::from(declared % 2);
            if next > length {
                return Err(WavError::Truncated { at: length, within });
            }
            reader.seek(SeekFrom::Start(next))?;
        }
    }
}

fn read_signature<R: Read + Seek>(reader: &mut R, length: u64) -> Result<(), WavError> {
    let mut signature = Vec::with_capacity(12);
    reader.by_ref().take(12).read_to_end(&mut signature)?;
    let is_riff = signature.starts_with(b"RIFF");
    if is_riff && signature.len() < 12 {
        return Err(WavError::Truncated {
            at: length,
            within: "the RIFF header",
        });
    }
    if signature.starts_with(b"RF64") || signature.starts_with(b"RIFX") {
        let name = String::from_utf8_lossy(&signature[..4]).into_owned();
        return Err(WavError::Unsupported {
            name: format!("{name} (a variant of WAV)"),
        });
    }
    if !is_riff || !signature.ends_with(b"WAVE") {
        let found = String::from_utf8_lossy(&signature).into_owned();
        return Err(WavError::NotWav { found });
    }
    Ok(())
}

fn read_format<R: Read + Seek>(
    reader: &mut R,
    length: u64,
    declared: u32,
) -> Result<Format, WavError> {
    const WITHIN: &str = "the \"fmt \" chunk";
    if !(16..=FORMAT_BYTES_MAX).contains(&declared) {
        return Err(WavError::Unsupported {
            name: format!("chunk of {declared} bytes"),
        });
    }
    let bytes = take::<16, _>(reader, length, WITHIN)?;
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let rate_hz = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let (mut tag, channels, block_bytes, bits) = (word(0), word(2), word(12), word(14));
    let mut rest = vec![0; declared as usize - 16];
    fill(reader, &mut rest, length, WITHIN)?;
    // The extensible form keeps the real tag in the first bytes of its sub-format GUID.
    if tag == 0xfffe {
        tag = rest
            .get(8..10)
            .map_or(tag, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    }
    if !(1..=WAV_CHANNELS_MAX).contains(&channels) {
        return Err(WavError::Channels(channels));
    }
    if !(FILE_RATE_HZ_MIN..=FILE_RATE_HZ_MAX).contains(&rate_hz) {
        return Err(WavError::Rate(rate_hz));
    }
    let inconsistent = WavError::Inconsistent {
        channels,
        bits,
        block_bytes,
    };
    let sample_bytes = block_bytes / channels;
    if block_bytes % channels != 0 || u32::from(bits) > u32::from(sample_bytes) * 8 {
        return Err(inconsistent);
    }
    let encoding = match (tag, sample_bytes) {
        (1, 1) => Encoding::U8,
        (1, 2..=4) => Encoding::Int,
        (3, 4 | 8) => Encoding::Float,
        (6, 1) => Encoding::ALaw,
        (7, 1) => Encoding::MuLaw,
        (_, 0) => return Err(inconsistent),
        _ => {
            return Err(WavError::Unsupported {
                name: format_name(tag, bits),
            });
        }
    };
    Ok(Format {
        encoding,
        rate_hz,
        channels,
        block_bytes,
    })
}

/// How much audio there is, by the header and by the file's length.
fn measure(format: &Format, declared: u32, actual: u64) -> Result<Header, WavError> {
    let length = if declared >= UNKNOWN_LENGTH_MIN {
        actual
    } else {
        u64::from(declared)
    };
    if length > actual {
        return Err(WavError::SizeMismatch {
            declared: length,
            actual,
        });
    }
    let frames = length / u64::from(format.block_bytes);
    if frames == 0 {
        return Err(WavError::ZeroLength);
    }
    let spec = WavSpec {
        rate_hz: format.rate_hz,
        channels: format.channels,
        frames,
    };
    if spec.duration() > WAV_DURATION_MAX {
        return Err(WavError::TooLong {
            seconds: spec.duration().as_secs(),
        });
    }
    let sample_bytes = usize::from(format.block_bytes / format.channels);
    Ok(Header {
        spec,
        encoding: format.encoding,
        sample_bytes,
    })
}

fn take<const N: usize, R: Read>(
    reader: &mut R,
    length: u64,
    within: &'static str,
) -> Result<[u8; N], WavError> {
    let mut bytes = [0; N];
    fill(reader, &mut bytes, length, within)?;
    Ok(bytes)
}

fn fill<R: Read>(
    reader: &mut R,
    bytes: &mut [u8],
    length: u64,
    within: &'static str,
) -> Result<(), WavError> {
    reader
        .read_exact(bytes)
        .map_err(|problem| match problem.kind() {
            io::ErrorKind::UnexpectedEof => WavError::Truncated { at: length, within },
            _ => WavError::Io(problem),
        })
}

fn format_name(tag: u16, bits: u16) -> String {
    let name = match tag {
        1 => "integer PCM",
        2 => "Microsoft ADPCM",
        3 => "float",
        6 => "A-law",
        7 => "µ-law",
        0x11 => "IMA ADPCM",
        0x31 => "GSM 6.10",
        0x50 => "MPEG audio",
        0x55 => "MP3",
        0xff | 0x1600 => "AAC",
        0x2000 => "AC-3",
        0xf1ac => "FLAC",
        _ => "of an unknown codec",
    };
    format!("0x{tag:04x} ({name}, {bits} bits)")
}
