//! Audio as the conversation WebSocket carries it: `pcm_16000`, `ulaw_8000` and the like.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_media::{Codec, Decoder, Encoder, Frame, FrameResampler, Framer, Packet, SampleRate};

/// How audio is coded in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioFormat {
    codec: Codec,
    rate: SampleRate,
}

/// A name that is no format of this wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no audio format; write pcm_16000 or ulaw_8000, for example")]
pub struct UnknownFormat(pub String);

impl AudioFormat {
    /// What both directions have where nothing is said.
    pub const PCM_16000: Self = Self {
        codec: Codec::L16LittleEndian,
        rate: SampleRate::HZ_16000,
    };

    /// Reads a format's name.
    ///
    /// # Errors
    /// [`UnknownFormat`].
    pub fn named(name: &str) -> Result<Self, UnknownFormat> {
        let unknown = || UnknownFormat(name.to_owned());
        let (kind, hertz) = name.split_once('_').ok_or_else(unknown)?;
        let hertz: u32 = hertz.parse().map_err(|_| unknown())?;
        let rate = SampleRate::try_from(hertz).map_err(|_| unknown())?;
        let codec = match kind {
            "pcm" => Codec::L16LittleEndian,
            "ulaw" => Codec::MuLaw,
            _ => return Err(unknown()),
        };
        if codec.supports(rate) {
            Ok(Self { codec, rate })
        } else {
            Err(unknown())
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> String {
        let kind = match self.codec {
            Codec::MuLaw => "ulaw",
            _ => "pcm",
        };
        format!("{kind}_{}", self.rate.hz())
    }

    /// Its rate.
    #[must_use]
    pub const fn rate(self) -> SampleRate {
        self.rate
    }
}

/// Makes frames at the leg's rate of chunks of any length.
pub(super) struct ChunkReader {
    decoder: Decoder,
    framer: Framer,
    resampler: Option<FrameResampler>,
    samples: Vec<i16>,
}

impl ChunkReader {
    /// `None` where the codec cannot be set up, which none of this wire's does.
    pub(super) fn new(format: AudioFormat, to: SampleRate) -> Option<Self> {
        let resampler = (format.rate != to).then(|| FrameResampler::new(format.rate, to));
        Some(Self {
            decoder: Decoder::new(format.codec, format.rate).ok()?,
            framer: Framer::new(format.rate),
            resampler,
            samples: Vec::new(),
        })
    }

    /// Takes one chunk; what is wrong with it is for the client.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), String> {
        self.samples.clear();
        let decoded = self.decoder.decode(chunk, &mut self.samples);
        decoded.map_err(|problem| problem.to_string())?;
        self.framer.push(&self.samples);
        Ok(())
    }

    /// The next whole frame; ask until there is none.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        let frame = self.framer.next_frame()?;
        Some(match &mut self.resampler {
            Some(resampler) => resampler.process(&frame),
            None => frame,
        })
    }
}

/// Makes base64 of frames.
pub(super) struct ChunkWriter {
    encoder: Encoder,
    packet: Packet,
}

impl ChunkWriter {
    /// `None` where the codec cannot be set up, which none of this wire's does.
    pub(super) fn new(format: AudioFormat) -> Option<Self> {
        Some(Self {
            encoder: Encoder::new(format.codec, format.rate).ok()?,
            packet: Packet::new(&[]).ok()?,
        })
    }

    /// The frame as the wire has it; `None` for one of another rate, which a leg never brings.
    pub(super) fn write(&mut self, frame: &Frame) -> Option<String> {
        self.encoder.encode(frame, &mut self.packet).ok()?;
        Some(STANDARD.encode(self.packet.payload()))
    }

    /// Several frames in one chunk.
    pub(super) fn write_all(&mut self, frames: impl Iterator<Item = Frame>) -> Option<String> {
        let mut chunk = Vec::new();
        for frame in frames {
            self.encoder.encode(&frame, &mut self.packet).ok()?;
            chunk.extend_from_slice(self.packet.payload());
        }
        Some(STANDARD.encode(chunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_names() {
        for name in ["pcm_8000", "pcm_16000", "pcm_44100", "ulaw_8000"] {
            assert_eq!(AudioFormat::named(name).unwrap().name(), name);
        }
        for wrong in ["", "pcm", "pcm_", "pcm_11025", "ulaw_16000", "mp3_44100"] {
            assert!(AudioFormat::named(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn audio_survives_the_wire_in_chunks_of_any_length() {
        for name in ["pcm_16000", "ulaw_8000"] {
            let format = AudioFormat::named(name).unwrap();
            let rate = format.rate();
            let tone: Vec<i16> = (0..rate.frame_samples() * 3)
                .map(|n| ((n as f64 * 0.2).sin() * 8_000.0) as i16)
                .collect();
            let mut writer = ChunkWriter::new(format).unwrap();
            let bytes: Vec<u8> = tone
                .chunks(rate.frame_samples())
                .map(|part| writer.write(&Frame::padded(rate, part)).unwrap())
                .flat_map(|text| STANDARD.decode(text).unwrap())
                .collect();
            for size in [2, 100, 640, 4_000] {
                let mut reader = ChunkReader::new(format, rate).unwrap();
                let mut heard = Vec::new();
                for chunk in bytes.chunks(size) {
                    reader.push(chunk).unwrap();
                    while let Some(frame) = reader.next_frame() {
                        heard.extend_from_slice(frame.samples());
                    }
                }
                assert_eq!(heard.len(), tone.len(), "{name} {size}");
                let worst = heard.iter().zip(&tone).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(worst.unwrap() < 300, "{name} {size}: {worst:?}");
            }
        }
    }

    #[test]
    fn a_leg_of_another_rate_gets_frames_of_its_own() {
        let to = SampleRate::HZ_24000;
        let mut reader = ChunkReader::new(AudioFormat::PCM_16000, to).unwrap();
        reader.push(&[0; 640 * 4]).unwrap();
        let frames: Vec<_> = std::iter::from_fn(|| reader.next_frame()).collect();
        assert_eq!(frames.len(), 4);
        assert!(frames.iter().all(|frame| frame.rate() == to));
        assert!(reader.push(&[0; 3]).is_err());
    }
}
