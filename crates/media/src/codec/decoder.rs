//! Packets to samples.

use audiopus::coder::Decoder as OpusDecoder;
use audiopus::packet::Packet as OpusPacket;
use audiopus::{Channels, MutSignals};

use super::concealment::Concealment;
use super::l16::{self, ByteOrder};
use super::{Codec, CodecError, g711, g722, opus_rate};
use crate::SampleRate;

/// The longest Opus packet lasts 120 ms (RFC 6716, section 3.2.5): six of our frames.
const OPUS_FRAMES_MAX: usize = 6;

/// A payload that cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// 16-bit PCM of an odd number of bytes.
    #[error(
        "{codec} of {length} bytes is not a whole number of 16-bit samples; send an even number of bytes"
    )]
    OddLength {
        /// The codec.
        codec: Codec,
        /// Bytes that were given.
        length: usize,
    },
    /// libopus refused.
    #[error("a payload of {length} bytes is not an Opus packet")]
    Opus {
        /// Bytes that were given.
        length: usize,
        /// Why.
        #[source]
        source: audiopus::Error,
    },
}

/// Turns packets of one stream into samples.
///
/// It allocates nothing after construction but what `out` lacks. The samples of a packet need not
/// be one frame: [`crate::Framer`] cuts them.
pub struct Decoder {
    codec: Codec,
    rate: SampleRate,
    state: State,
    concealment: Concealment,
}

/// What a codec remembers of the packets before.
enum State {
    Nothing,
    G722(Box<g722::Expander>),
    Opus(Opus),
}

struct Opus {
    decoder: OpusDecoder,
    samples: Vec<i16>,
}

impl Decoder {
    /// A decoder that gives samples at `rate`. Opus decodes to any of its rates, whichever the
    /// sender used.
    ///
    /// # Errors
    /// [`CodecError`] where the codec does not run at that rate.
    pub fn new(codec: Codec, rate: SampleRate) -> Result<Self, CodecError> {
        codec.check(rate)?;
        let state = match codec {
            Codec::G722 => State::G722(Box::default()),
            Codec::Opus => State::Opus(Opus::new(rate)?),
            _ => State::Nothing,
        };
        Ok(Self {
            codec,
            rate,
            state,
            concealment: Concealment::new(rate),
        })
    }

    /// The codec.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The rate of the samples that it gives.
    #[must_use]
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Adds the samples of a packet to `out`; gives how many. An empty payload has none.
    ///
    /// # Errors
    /// [`DecodeError`] where it is not a packet of this codec; then nothing was added.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<usize, DecodeError> {
        let before = out.len();
        match (self.codec, &mut self.state) {
            (Codec::MuLaw, _) => out.extend(payload.iter().copied().map(g711::mu_law_decode)),
            (Codec::ALaw, _) => out.extend(payload.iter().copied().map(g711::a_law_decode)),
            (Codec::L16LittleEndian | Codec::L16BigEndian, _) if payload.len() % 2 == 1 => {
                return Err(DecodeError::OddLength {
                    codec: self.codec,
                    length: payload.len(),
                });
            }
            (Codec::L16LittleEndian, _) => l16::decode(ByteOrder::Little, payload, out),
            (Codec::L16BigEndian, _) => l16::decode(ByteOrder::Big, payload, out),
            (_, State::G722(expander)) => expander.decode(payload, out),
            (Codec::Opus, State::Opus(opus)) if !payload.is_empty() => {
                let source = |source| DecodeError::Opus {
                    length: payload.len(),
                    source,
                };
                let packet = OpusPacket::try_from(payload).map_err(source)?;
                out.extend_from_slice(opus.decode(Some(packet), OPUS_FRAMES_MAX).map_err(source)?);
            }
            (Codec::G722 | Codec::Opus, _) => {}
        }
        if self.codec != Codec::Opus {
            self.concealment.note(&out[before..]);
        }
        Ok(out.len() - before)
    }

    /// Adds 20 ms in place of a packet that was lost.
    pub fn conceal(&mut self, out: &mut Vec<i16>) {
        match &mut self.state {
            State::Nothing | State::G722(_) => self.concealment.conceal(out),
            State::Opus(opus) => {
                let before = out.len();
                out.extend_from_slice(opus.decode(None, 1).unwrap_or_default());
                out.resize(before + self.rate.frame_samples(), 0);
            }
        }
    }
}

impl Opus {
    fn new(rate: SampleRate) -> Result<Self, CodecError> {
        let opus = opus_rate(rate).ok_or(CodecError::Rate {
            codec: Codec::Opus,
            rate,
        })?;
        let decoder = OpusDecoder::new(opus, Channels::Mono)
            .map_err(|source| CodecError::Opus { rate, source })?;
        Ok(Self {
            decoder,
            samples: vec![0; rate.frame_samples() * OPUS_FRAMES_MAX],
        })
    }

    fn decode(
        &mut self,
        packet: Option<OpusPacket<'_>>,
        frames: usize,
    ) -> Result<&[i16], audiopus::Error> {
        let length = self.samples.len() / OPUS_FRAMES_MAX * frames;
        let room = MutSignals::try_from(&mut self.samples[..length])?;
        let count = self.decoder.decode(packet, room, false)?;
        Ok(&self.samples[..count])
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Decoder({}, {})", self.codec, self.rate)
    }
}
