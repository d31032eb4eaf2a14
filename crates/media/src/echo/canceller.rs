//! The adaptive filter and suppressor: WebRTC's AEC3, by the `sonora` crates. Time-aligns itself
//! to echoes up to half a second late. Not when it runs: that is [`EchoGuard`](super::EchoGuard).

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
/// The crate allocates about 70 small blocks of memory for each frame; all else is made once.
pub(super) struct EchoCanceller {
    played: FrameResampler,
    caller: FrameResampler,
    back: FrameResampler,
    processor: BlockProcessor,
    block: Block,
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
        }
    }

    /// Samples at the rate of the frames by which the audio comes late.
    pub(super) fn delay(&self) -> usize {
        let (from, to) = (self.caller.from().hz() as usize, RATE.hz() as usize);
        (self.caller.delay() + BLOCK_DELAY) * from / to + self.back.delay()
    }

    /// The caller's frame without the echo of what was played until now.
    pub(super) fn process(&mut self, played: &Frame, caller: &Frame) -> Frame {
        let played = self.played.process(played);
        let mut caller = self.caller.process(caller);
        let blocks = caller.samples_mut().chunks_exact_mut(BLOCK);
        for (caller, played) in blocks.zip(played.samples().chunks_exact(BLOCK)) {
            fill(&mut self.block, played);
            self.processor.buffer_render(&self.block);
            fill(&mut self.block, caller);
            let is_saturated = caller
                .iter()
                .any(|sample| sample.unsigned_abs() >= i16::MAX as u16);
            self.processor
                .process_capture(false, is_saturated, None, &mut self.block);
            for (to, from) in caller.iter_mut().zip(self.block.view(0, 0)) {
                // A cast of a float saturates.
                *to = from.round() as i16;
            }
        }
        self.back.process(&caller)
    }
}

fn fill(block: &mut Block, samples: &[i16]) {
    for (to, from) in block.view_mut(0, 0).iter_mut().zip(samples) {
        *to = f32::from(*from);
    }
}

impl std::fmt::Debug for EchoCanceller {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "EchoCanceller({})", self.caller.from())
    }
}
