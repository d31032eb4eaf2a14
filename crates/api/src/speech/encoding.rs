//! Audio as files and streams have it.

use offhook_media::{Codec, Encoder, Framer, Packet, Resampler, SampleRate};
use ogg::{PacketWriteEndInfo, PacketWriter};

/// Samples at 48 kHz that a decoder of Opus drops at the beginning: what libopus looks ahead.
const OPUS_PRE_SKIP: u16 = 312;

/// Opus counts at 48 kHz, whatever goes in: 20 ms.
const OPUS_FRAME_TICKS: u64 = 960;

/// The one logical stream of a file.
const OGG_SERIAL: u32 = 1;

/// How audio is written down. All are mono.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AudioFormat {
    /// A WAV file of 16-bit PCM at the voice's rate.
    Wav,
    /// 16-bit PCM, lower byte first, at the voice's rate.
    Pcm16,
    /// G.711 µ-law at 8 kHz.
    MuLaw,
    /// Opus in Ogg.
    Opus,
}

impl AudioFormat {
    /// What `Content-Type` says.
    pub(crate) fn content_type(self, rate: SampleRate) -> String {
        match self {
            Self::Wav => "audio/wav".into(),
            Self::Pcm16 => format!("audio/pcm;rate={};channels=1", rate.hz()),
            Self::MuLaw => "audio/basic".into(),
            Self::Opus => "audio/ogg;codecs=opus".into(),
        }
    }
}

/// Audio that cannot be written down.
#[derive(Debug, thiserror::Error)]
#[error("the audio cannot be encoded: {0}")]
pub(crate) struct EncodingFailed(String);

/// Writes audio down as it comes.
pub(crate) struct AudioEncoder {
    format: AudioFormat,
    resampler: Resampler,
    framer: Framer,
    coder: Option<Encoder>,
    ogg: Option<PacketWriter<'static, Vec<u8>>>,
    /// The packet before the last is written once it is known that it is not the last.
    held: Option<Vec<u8>>,
    granule: u64,
}

impl AudioEncoder {
    /// For audio at `from`.
    pub(crate) fn new(format: AudioFormat, from: SampleRate) -> Result<Self, EncodingFailed> {
        let (rate, codec) = match format {
            AudioFormat::Wav | AudioFormat::Pcm16 => (from, None),
            AudioFormat::MuLaw => (SampleRate::HZ_8000, Some(Codec::MuLaw)),
            AudioFormat::Opus => (SampleRate::HZ_24000, Some(Codec::Opus)),
        };
        let coder = codec.map(|codec| Encoder::new(codec, rate)).transpose();
        let coder = coder.map_err(|problem| EncodingFailed(problem.to_string()))?;
        let mut encoder = Self {
            format,
            resampler: Resampler::new(from, rate),
            framer: Framer::new(rate),
            coder,
            ogg: None,
            held: None,
            granule: 0,
        };
        if format == AudioFormat::Opus {
            encoder.begin_ogg(rate)?;
        }
        Ok(encoder)
    }

    /// More audio: what can be written of it.
    pub(crate) fn push(&mut self, samples: &[i16]) -> Result<Vec<u8>, EncodingFailed> {
        if self.coder.is_none() {
            return Ok(bytes_of(samples));
        }
        let mut resampled = Vec::new();
        self.resampler.process(samples, &mut resampled);
        self.framer.push(&resampled);
        self.encode()
    }

    /// The end.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, EncodingFailed> {
        if self.coder.is_none() {
            return Ok(Vec::new());
        }
        let mut resampled = Vec::new();
        self.resampler.flush(&mut resampled);
        self.framer.push(&resampled);
        let mut bytes = self.encode()?;
        if let Some(last) = self.framer.flush() {
            bytes.extend(self.encode_frame(&last)?);
        }
        if let Some(packet) = self.held.take() {
            bytes.extend(self.write_ogg(packet, PacketWriteEndInfo::EndStream)?);
        }
        Ok(bytes)
    }

    fn encode(&mut self) -> Result<Vec<u8>, EncodingFailed> {
        let mut bytes = Vec::new();
        while let Some(frame) = self.framer.next_frame() {
            bytes.extend(self.encode_frame(&frame)?);
        }
        Ok(bytes)
    }

    fn encode_frame(&mut self, frame: &offhook_media::Frame) -> Result<Vec<u8>, EncodingFailed> {
        let mut packet = Packet::empty();
        if let Some(coder) = &mut self.coder {
            let encoded = coder.encode(frame, &mut packet);
            encoded.map_err(|problem| EncodingFailed(problem.to_string()))?;
        }
        let payload = packet.payload().to_vec();
        if self.format == AudioFormat::MuLaw {
            return Ok(payload);
        }
        match self.held.replace(payload) {
            Some(before) => self.write_ogg(before, PacketWriteEndInfo::NormalPacket),
            None => Ok(Vec::new()),
        }
    }

    /// The two headers of Opus in Ogg (RFC 7845).
    fn begin_ogg(&mut self, rate: SampleRate) -> Result<(), EncodingFailed> {
        let mut writer = PacketWriter::new(Vec::new());
        let mut head = b"OpusHead\x01\x01".to_vec();
        head.extend(OPUS_PRE_SKIP.to_le_bytes());
        head.extend(rate.hz().to_le_bytes());
        head.extend([0, 0, 0]);
        let mut tags = b"OpusTags".to_vec();
        let vendor = b"offhook";
        tags.extend((vendor.len() as u32).to_le_bytes());
        tags.extend(vendor);
        tags.extend([0; 4]);
        for header in [head, tags] {
            let end = PacketWriteEndInfo::EndPage;
            let written = writer.write_packet(header, OGG_SERIAL, end, 0);
            written.map_err(|problem| EncodingFailed(problem.to_string()))?;
        }
        self.ogg = Some(writer);
        Ok(())
    }

    fn write_ogg(
        &mut self,
        packet: Vec<u8>,
        end: PacketWriteEndInfo,
    ) -> Result<Vec<u8>, EncodingFailed> {
        let Some(writer) = &mut self.ogg else {
            return Ok(Vec::new());
        };
        self.granule += OPUS_FRAME_TICKS;
        let written = writer.write_packet(packet, OGG_SERIAL, end, self.granule);
        written.map_err(|problem| EncodingFailed(problem.to_string()))?;
        Ok(std::mem::take(writer.inner_mut()))
    }
}

/// The header of a WAV file with so many bytes of audio; `None` where they are not known yet.
pub(crate) fn wav_header(rate: SampleRate, bytes: Option<u32>) -> Vec<u8> {
    let (hz, audio) = (rate.hz(), bytes.unwrap_or(u32::MAX));
    let mut header = b"RIFF".to_vec();
    header.extend(audio.saturating_add(36).to_le_bytes());
    header.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    header.extend(hz.to_le_bytes());
    header.extend((hz * 2).to_le_bytes());
    header.extend(b"\x02\0\x10\0data");
    header.extend(audio.to_le_bytes());
    header
}

fn bytes_of(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|it| it.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use offhook_media::{Decoder, WavReader};

    use super::*;

    /// A second and a bit of a tone, in chunks of odd sizes.
    fn encoded(format: AudioFormat) -> Vec<u8> {
        let rate = SampleRate::HZ_24000;
        let tone: Vec<i16> = (0..24_500_u32)
            .map(|at| (f64::from(at) * 0.1).sin() * 9_000.0)
            .map(|it| it as i16)
            .collect();
        let mut encoder = AudioEncoder::new(format, rate).unwrap();
        let mut bytes = Vec::new();
        for chunk in tone.chunks(997) {
            bytes.extend(encoder.push(chunk).unwrap());
        }
        bytes.extend(encoder.finish().unwrap());
        bytes
    }

    #[test]
    fn pcm_and_wav_hold_every_sample() {
        let pcm = encoded(AudioFormat::Pcm16);
        assert_eq!(pcm.len(), 49_000);
        let mut file = wav_header(SampleRate::HZ_24000, Some(49_000));
        file.extend(pcm);
        let reader = WavReader::new(std::io::Cursor::new(file)).unwrap();
        let wav = reader.read_all().unwrap();
        assert_eq!((wav.rate_hz, wav.channels[0].len()), (24_000, 24_500));
    }

    #[test]
    fn mu_law_is_at_8_khz() {
        let bytes = encoded(AudioFormat::MuLaw);
        // The last frame is filled up to 20 ms.
        assert_eq!(bytes.len(), 8_320);
    }

    #[test]
    fn opus_is_read_back_from_its_file() {
        let bytes = encoded(AudioFormat::Opus);
        let mut reader = ogg::PacketReader::new(std::io::Cursor::new(bytes));
        let mut packets = Vec::new();
        while let Some(packet) = reader.read_packet().unwrap() {
            packets.push(packet);
        }
        assert!(packets[0].data.starts_with(b"OpusHead"));
        assert!(packets[1].data.starts_with(b"OpusTags"));
        let last = packets.last().unwrap();
        assert!(last.last_in_stream());
        assert_eq!(last.absgp_page(), 52 * OPUS_FRAME_TICKS);
        let mut decoder = Decoder::new(Codec::Opus, SampleRate::HZ_24000).unwrap();
        let mut samples = Vec::new();
        for packet in &packets[2..] {
            decoder.decode(&packet.data, &mut samples).unwrap();
        }
        assert_eq!(samples.len(), 52 * 480);
        let loudest = samples.iter().map(|it| it.unsigned_abs()).max().unwrap();
        assert!((6_000..14_000).contains(&loudest), "{loudest}");
    }
}
