//! G.722 at 64 kbit/s (ITU-T G.722, mode 1): 16 kHz in two bands, each a byte's part.
//!
//! The library begins with other step sizes than the recommendation's reset state, which puts it out
//! of step with every other end for the first fifth of a second, by up to a tenth of full scale on a
//! loud voice. One step of silence brings both step sizes to those of the reset state, so that each
//! half begins with one.

use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::{Decoder as _, Encoder as _};

/// Silence, as an encoder in reset state writes it.
const SILENCE: u8 = 0xfd;

/// Samples to bytes.
pub(super) struct Compressor(G722Encoder);

/// Bytes to samples.
pub(super) struct Expander(G722Decoder);

impl Default for Compressor {
    fn default() -> Self {
        let mut encoder = G722Encoder::new();
        encoder.encode_into(&[0; 2], &mut [0]).ok();
        Self(encoder)
    }
}

impl Compressor {
    /// Writes a byte for every two samples; `bytes` has room for exactly these.
    pub(super) fn encode(&mut self, samples: &[i16], bytes: &mut [u8]) {
        // It fails where there is too little room alone.
        self.0.encode_into(samples, bytes).ok();
    }
}

impl Default for Expander {
    fn default() -> Self {
        let mut decoder = G722Decoder::new();
        decoder.decode_into(&[SILENCE], &mut [0; 2]).ok();
        Self(decoder)
    }
}

impl Expander {
    /// Adds two samples for every byte.
    pub(super) fn decode(&mut self, bytes: &[u8], out: &mut Vec<i16>) {
        let before = out.len();
        out.resize(before + bytes.len() * 2, 0);
        // It fails where there is too little room alone.
        self.0.decode_into(bytes, &mut out[before..]).ok();
    }
}

#[cfg(test)]
mod tests;
