//! Caller audio on its way into a session's lane: cut into frames, held back where the network sent
//! it in one go, dropped where it comes faster than anybody speaks.

use std::collections::VecDeque;

use offhook_media::{Frame, Framer, SampleRate};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::websocket::SocketLimits;
use crate::websocket::allowance::AudioAllowance;

/// Frames that wait in the session's lane at a time: a carrier sends in one go what the network
/// held up, and a session drops what has waited longer than 200 ms.
const FRAMES_AHEAD: usize = 4;

/// The way into one session's lane.
pub(crate) struct Inlet {
    lane: mpsc::Sender<Frame>,
    framer: Framer,
    waiting: VecDeque<Frame>,
    allowance: AudioAllowance,
    began: Instant,
}

impl Inlet {
    pub(crate) fn new(rate: SampleRate, limits: SocketLimits, lane: mpsc::Sender<Frame>) -> Self {
        Self {
            lane,
            framer: Framer::new(rate),
            waiting: VecDeque::new(),
            allowance: AudioAllowance::new(limits.audio_ahead_max),
            began: Instant::now(),
        }
    }

    /// Takes audio of any length.
    pub(crate) fn push(&mut self, samples: &[i16]) {
        self.framer.push(samples);
        while let Some(frame) = self.framer.next_frame() {
            // What comes faster than speech and would wait for more than a second is lost.
            if self.allowance.take(self.began.elapsed()) {
                self.waiting.push_back(frame);
            }
        }
        self.feed();
    }

    /// Whether [`Inlet::feed`] has something left to do.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Hands the session as much as it takes without dropping any.
    pub(crate) fn feed(&mut self) {
        let lane = &self.lane;
        while lane.max_capacity() - lane.capacity() < FRAMES_AHEAD
            && let Some(frame) = self.waiting.pop_front()
        {
            // A session that is gone takes nothing any more; the other half sees that.
            lane.try_send(frame).ok();
        }
    }
}
