//! The adaptive filter and suppressor: WebRTC's AEC3, by the `sonora` crates. Time-aligns itself
//! to echoes up to half a second late. Not when its output is believed: that is
//! [`EchoGuard`](super::EchoGuard).

use sonora_aec3::block::Block;
use sonora_aec3::block_processor::BlockProcessor;
use sonora_aec3::config::EchoCanceller3Config;

use crate::{Frame, FrameResampler, SampleRate};

/// The rate that the canceller works at.
const RATE: SampleRate = SampleRate::HZ_16000;
/// Samples of one of its blocks; a frame is five.
const BLOCK: usize = 64;
/// By how many samples of [`RATE`] its overlapping windows delay the audio.
const BLOCK_DELAY: usize = BLOCK;

/// Takes what was played out of what the caller's line brings. Audio above 8 kHz is lost.
///
/// The crate allocates about 50 small blocks of memory for each frame; all else is made once.
pub(super) struct EchoCanceller {
    played: FrameResampler,
    caller: FrameResampler,
    back: FrameResampler,
    processor: BlockProcessor,
    block: Block,
    filtered: Block,
}

/// A caller's frame without the echo.
pub(super) struct Cleaned {
    /// Late by [`EchoCanceller::delay`].
    pub(super) frame: Frame,
    /// Mean square of the caller's audio as it came.
    pub(super) power_before: f32,
    /// The same after the adaptive filter alone, without suppression.
    pub(super) power_filtered: f32,
}

impl EchoCanceller {
    /// A canceller that knows nothing of the line yet, for frames of `rate`.
    pub(super) fn new(rate: SampleRate) -> Self {
        let config = EchoCanceller3Config::default();
        Self {
            played: FrameResampler::new(rate, RATE),
            caller: FrameResampler::new(rate, RATE),
            back: FrameResampler::new(RATE, rate),
            processor: BlockProcessor::new(&config, RATE.hz() as usize, 1, 1),
            block: Block::new(1, 1),
            filtered: Block::new(1, 1),
        }
    }

    /// Samples at the rate of the frames by which the audio comes late.
    pub(super) fn delay(&self) -> usize {
        let (from, to) = (self.caller.from().hz() as usize, RATE.hz() as usize);
        (self.caller.delay() + BLOCK_DELAY) * from / to + self.back.delay()
    }

    /// The caller's frame without the echo of what was played until now.
    pub(super) fn process(&mut self, played: &Frame, caller: &Frame) -> Cleaned {
        let played = self.played.process(played);
        let mut caller = self.caller.process(caller);
        let power_before = power(caller.samples().iter().map(|sample| f32::from(*sample)));
        let mut power_filtered = 0.0;
        let blocks = caller.samples_mut().chunks_exact_mut(BLOCK);
        for (caller, played) in blocks.zip(played.samples().chunks_exact(BLOCK)) {
            fill(&mut self.block, played);
            self.processor.buffer_render(&self.block);
            fill(&mut self.block, caller);
            fill(&mut self.filtered, caller);
            let is_saturated = caller
                .iter()
                .any(|sample| sample.unsigned_abs() >= i16::MAX.unsigned_abs());
            self.processor.process_capture(
                false,
                is_saturated,
                Some(&mut self.filtered),
                &mut self.block,
            );
            power_filtered += power(self.filtered.view(0, 0).iter().copied());
            for (to, from) in caller.iter_mut().zip(self.block.view(0, 0)) {
                // A cast of a float saturates.
                *to = from.round() as i16;
            }
        }
        Cleaned {
            frame: self.back.process(&caller),
            power_before,
            power_filtered: power_filtered / (RATE.frame_samples() / BLOCK) as f32,
        }
    }
}

fn fill(block: &mut Block, samples: &[i16]) {
    for (to, from) in block.view_mut(0, 0).iter_mut().zip(samples) {
        *to = f32::from(*from);
    }
}

/// Mean square.
fn power(samples: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = samples.len() as f32;
    samples.map(|sample| sample * sample).sum::<f32>() / count
}

impl std::fmt::Debug for EchoCanceller {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "EchoCanceller({})", self.caller.from())
    }
}
