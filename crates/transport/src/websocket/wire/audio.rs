//! Audio on the wire: 16-bit little-endian PCM, mono.

use bytes::{Bytes, BytesMut};
use offhook_media::{Frame, Framer, SampleRate};

/// Frames for which the writer asks memory at a time.
const FRAMES_PER_BLOCK: usize = 32;

/// A message of an odd number of bytes, which cannot be 16-bit samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a binary message of {bytes} bytes is not 16-bit PCM (the number must be even); it was dropped"
)]
pub struct OddLength {
    /// Bytes of the message.
    pub bytes: usize,
}

/// Makes frames of binary messages of any even length.
#[derive(Debug)]
pub struct FrameReader {
    framer: Framer,
    samples: Vec<i16>,
}

impl FrameReader {
    /// A reader for audio at `rate`.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        Self {
            framer: Framer::new(rate),
            samples: Vec::with_capacity(rate.frame_samples()),
        }
    }

    /// Takes one message. Samples that do not fill a frame wait for the next.
    ///
    /// # Errors
    /// [`OddLength`]; nothing of the message is taken, so that what follows stays aligned.
    pub fn push(&mut self, message: &[u8]) -> Result<(), OddLength> {
        let (samples, rest) = message.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(OddLength {
                bytes: message.len(),
            });
        }
        self.samples.clear();
        self.samples
            .extend(samples.iter().map(|bytes| i16::from_le_bytes(*bytes)));
        self.framer.push(&self.samples);
        Ok(())
    }

    /// The next whole frame; ask until there is none.
    pub fn next_frame(&mut self) -> Option<Frame> {
        self.framer.next_frame()
    }
}

/// Makes binary messages of frames, from memory that it uses again and again.
#[derive(Debug, Default)]
pub struct FrameWriter {
    block: BytesMut,
}

impl FrameWriter {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The frame's samples as bytes.
    pub fn write(&mut self, frame: &Frame) -> Bytes {
        let samples = frame.samples();
        if self.block.capacity() < samples.len() * 2 {
            self.block.reserve(samples.len() * 2 * FRAMES_PER_BLOCK);
        }
        for sample in samples {
            self.block.extend_from_slice(&sample.to_le_bytes());
        }
        self.block.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_wire_in_messages_of_any_even_length() {
        let rate = SampleRate::HZ_16000;
        let sent: Vec<i16> = (0..3_200).map(|n| (n * 7 - 9_000) as i16).collect();
        let mut writer = FrameWriter::new();
        let bytes: Vec<u8> = sent
            .chunks(320)
            .flat_map(|chunk| writer.write(&Frame::padded(rate, chunk)).to_vec())
            .collect();
        for size in [2, 100, 640, 642, 6_400] {
            let mut reader = FrameReader::new(rate);
            let mut received = Vec::new();
            for message in bytes.chunks(size) {
                reader.push(message).unwrap();
                while let Some(frame) = reader.next_frame() {
                    received.extend_from_slice(frame.samples());
                }
            }
            assert_eq!(received, sent, "{size}");
        }
    }

    #[test]
    fn an_odd_message_is_refused_whole() {
        let mut reader = FrameReader::new(SampleRate::HZ_8000);
        assert_eq!(reader.push(&[0; 321]), Err(OddLength { bytes: 321 }));
        reader.push(&[]).unwrap();
        reader.push(&[1; 320]).unwrap();
        assert!(reader.next_frame().is_some() && reader.next_frame().is_none());
    }
}
