//! Between frames and the bytes on a wire. Packet loss is concealed here; order and timing are
//! [`crate::JitterBuffer`]'s.

mod concealment;
mod decoder;
mod encoder;
pub(crate) mod g711;
mod g722;
mod l16;
mod packet;

use std::fmt;

use crate::SampleRate;

pub use decoder::{DecodeError, Decoder};
pub use encoder::{EncodeError, Encoder};
pub use packet::{PACKET_BYTES_MAX, Packet, PacketTooLong};

/// How audio is coded on a wire. All are mono here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law (ITU-T G.711; RTP `PCMU`), 8 bits a sample.
    MuLaw,
    /// G.711 A-law (ITU-T G.711; RTP `PCMA`), 8 bits a sample.
    ALaw,
    /// G.722 at 64 kbit/s (ITU-T G.722, mode 1; RTP `G722`), 4 bits for each of two bands, in one byte.
    G722,
    /// 16-bit PCM, lower byte first, as most WebSocket APIs have it.
    L16LittleEndian,
    /// 16-bit PCM, higher byte first (RFC 3551 `L16`).
    L16BigEndian,
    /// Opus (RFC 6716) at 8, 12, 16, 24 or 48 kHz.
    Opus,
}

/// A codec that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The codec does not know the rate.
    #[error("{codec} does not run at {rate}; use {}", codec.rates())]
    Rate {
        /// The codec.
        codec: Codec,
        /// The rate that was asked for.
        rate: SampleRate,
    },
    /// libopus refused.
    #[error("Opus could not be set up at {rate}")]
    Opus {
        /// The rate that was asked for.
        rate: SampleRate,
        /// Why.
        #[source]
        source: audiopus::Error,
    },
}

impl Codec {
    /// Whether it can run at a rate. PCM can at any; G.711 is kept to the 8 kHz of
    /// telephony, and G.722 is at 16 kHz by its nature, also where RTP says 8000 (RFC 3551, 4.5.2).
    #[must_use]
    pub fn supports(self, rate: SampleRate) -> bool {
        match self {
            Self::MuLaw | Self::ALaw => rate == SampleRate::HZ_8000,
            Self::G722 => rate == SampleRate::HZ_16000,
            Self::L16LittleEndian | Self::L16BigEndian => true,
            Self::Opus => opus_rate(rate).is_some(),
        }
    }

    /// Bytes of 20 ms, `None` where that varies.
    #[must_use]
    pub const fn frame_bytes(self, rate: SampleRate) -> Option<usize> {
        match self {
            Self::MuLaw | Self::ALaw => Some(rate.frame_samples()),
            Self::G722 => Some(rate.frame_samples() / 2),
            Self::L16LittleEndian | Self::L16BigEndian => Some(rate.frame_samples() * 2),
            Self::Opus => None,
        }
    }

    fn check(self, rate: SampleRate) -> Result<(), CodecError> {
        if self.supports(rate) {
            Ok(())
        } else {
            Err(CodecError::Rate { codec: self, rate })
        }
    }

    const fn rates(self) -> &'static str {
        match self {
            Self::MuLaw | Self::ALaw => "8000 Hz",
            Self::G722 => "16000 Hz",
            Self::L16LittleEndian | Self::L16BigEndian => "any rate",
            Self::Opus => "8000, 12000, 16000, 24000 or 48000 Hz",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MuLaw => "G.711 µ-law",
            Self::ALaw => "G.711 A-law",
            Self::G722 => "G.722",
            Self::L16LittleEndian => "L16 (little-endian)",
            Self::L16BigEndian => "L16 (big-endian)",
            Self::Opus => "Opus",
        })
    }
}

fn opus_rate(rate: SampleRate) -> Option<audiopus::SampleRate> {
    audiopus::SampleRate::try_from(rate.hz() as i32).ok()
}

#[cfg(test)]
mod tests;
