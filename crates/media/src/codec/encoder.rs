//! Frames to packets.

use audiopus::coder::Encoder as OpusEncoder;
use audiopus::{Application, Bitrate, Channels, Signal};

use super::l16::{self, ByteOrder};
use super::{Codec, CodecError, Packet, g711, g722, opus_rate};
use crate::{Frame, SampleRate};

/// Half of libopus' range: indistinguishable on speech, at half the time of the highest.
const OPUS_COMPLEXITY: u8 = 5;

/// Opus bits a second up to 16 kHz.
const OPUS_BITRATE_WIDE: i32 = 24_000;
/// Opus bits a second above 16 kHz.
const OPUS_BITRATE_FULL: i32 = 32_000;

/// The longest Opus packet of one frame (RFC 6716, section 3.2.1).
const OPUS_BYTES_MAX: usize = 1_275;

/// A frame that cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The frame has another rate than the encoder.
    #[error("the encoder takes frames at {expected}, got one at {actual}: resample it first")]
    Rate {
        /// The encoder's rate.
        expected: SampleRate,
        /// The frame's rate.
        actual: SampleRate,
    },
    /// libopus refused.
    #[error("Opus could not encode a frame")]
    Opus(#[source] audiopus::Error),
}

/// Turns frames of one stream into packets. It allocates nothing after construction.
pub struct Encoder {
    codec: Codec,
    rate: SampleRate,
    state: State,
}

/// What a codec remembers of the frames before.
enum State {
    Nothing,
    G722(Box<g722::Compressor>),
    Opus(OpusEncoder),
}

impl Encoder {
    /// An encoder for frames at `rate`.
    ///
    /// # Errors
    /// [`CodecError`] where the codec does not run at that rate.
    pub fn new(codec: Codec, rate: SampleRate) -> Result<Self, CodecError> {
        codec.check(rate)?;
        let state = match codec {
            Codec::G722 => State::G722(Box::default()),
            Codec::Opus => State::Opus(opus_encoder(rate)?),
            _ => State::Nothing,
        };
        Ok(Self { codec, rate, state })
    }

    /// The codec.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The rate of the frames that it takes.
    #[must_use]
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Encodes a frame into `packet`, whose content it replaces.
    ///
    /// # Errors
    /// [`EncodeError`] where the frame has another rate or libopus fails; then the packet is
    /// empty.
    pub fn encode(&mut self, frame: &Frame, packet: &mut Packet) -> Result<(), EncodeError> {
        packet.resize(0);
        if frame.rate() != self.rate {
            return Err(EncodeError::Rate {
                expected: self.rate,
                actual: frame.rate(),
            });
        }
        let samples = frame.samples();
        match (self.codec, &mut self.state) {
            (Codec::MuLaw, _) => {
                let bytes = packet.resize(samples.len());
                map_into(samples, bytes, g711::mu_law_encode);
            }
            (Codec::ALaw, _) => {
                let bytes = packet.resize(samples.len());
                map_into(samples, bytes, g711::a_law_encode);
            }
            (Codec::L16LittleEndian, _) => {
                l16::encode(ByteOrder::Little, samples, packet.resize(samples.len() * 2));
            }
            (Codec::L16BigEndian, _) => {
                l16::encode(ByteOrder::Big, samples, packet.resize(samples.len() * 2));
            }
            (_, State::G722(compressor)) => {
                compressor.encode(samples, packet.resize(samples.len() / 2));
            }
            (_, State::Opus(opus)) => {
                let encoded = opus.encode(samples, packet.resize(OPUS_BYTES_MAX));
                packet.resize(*encoded.as_ref().unwrap_or(&0));
                encoded.map_err(EncodeError::Opus)?;
            }
            (Codec::G722 | Codec::Opus, State::Nothing) => {}
        }
        Ok(())
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Encoder({}, {})", self.codec, self.rate)
    }
}

fn map_into(samples: &[i16], bytes: &mut [u8], encode: fn(i16) -> u8) {
    for (byte, sample) in bytes.iter_mut().zip(samples) {
        *byte = encode(*sample);
    }
}

fn opus_encoder(rate: SampleRate) -> Result<OpusEncoder, CodecError> {
    let opus = opus_rate(rate).ok_or(CodecError::Rate {
        codec: Codec::Opus,
        rate,
    })?;
    let is_wide = rate <= SampleRate::HZ_16000;
    let bitrate = if is_wide {
        OPUS_BITRATE_WIDE
    } else {
        OPUS_BITRATE_FULL
    };
    let set_up = || {
        let mut encoder = OpusEncoder::new(opus, Channels::Mono, Application::Voip)?;
        encoder.set_complexity(OPUS_COMPLEXITY)?;
        encoder.set_bitrate(Bitrate::BitsPerSecond(bitrate))?;
        encoder.set_signal(Signal::Voice)?;
        Ok(encoder)
    };
    set_up().map_err(|source| CodecError::Opus { rate, source })
}
