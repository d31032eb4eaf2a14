//! What plays the agent's audio at the far end of a leg: a queue that a cut can empty. No clock:
//! one frame for each time that it is asked.

use std::collections::VecDeque;

use offhook_contract::OutboundFrame;

/// Frames that wait to be played, at most (10 s). The session sends only its lead ahead of
/// playout, so that more than this means a session that does not pace.
const EAR_FRAMES_MAX: usize = 500;

/// The agent's audio on its way into one ear.
#[derive(Debug)]
pub(crate) struct Ear {
    queue: VecDeque<OutboundFrame>,
    generation: u32,
    dropped: u64,
}

impl Ear {
    pub(crate) fn new() -> Self {
        Self {
            queue: VecDeque::with_capacity(EAR_FRAMES_MAX),
            generation: 0,
            dropped: 0,
        }
    }

    /// Whether there is room for one more.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.len() < EAR_FRAMES_MAX
    }

    /// Adds a frame; gives `false` where it belongs to what was cut.
    pub(crate) fn push(&mut self, frame: OutboundFrame) -> bool {
        let is_current = frame.generation >= self.generation && self.has_room();
        if is_current {
            self.queue.push_back(frame);
        } else {
            self.dropped += 1;
        }
        is_current
    }

    /// Drops what is older than `generation`, now and from now on.
    pub(crate) fn clear(&mut self, generation: u32) {
        let before = self.queue.len();
        self.generation = self.generation.max(generation);
        self.queue
            .retain(|frame| frame.generation >= self.generation);
        self.dropped += (before - self.queue.len()) as u64;
    }

    /// The frame that is heard now.
    pub(crate) fn next(&mut self) -> Option<OutboundFrame> {
        self.queue.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Frames that were never heard.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use offhook_contract::TurnId;
    use offhook_media::{Frame, SampleRate};

    use super::*;

    fn frame(generation: u32) -> OutboundFrame {
        let frame = Frame::silence(SampleRate::HZ_8000);
        OutboundFrame {
            generation,
            turn: TurnId(1),
            frame,
        }
    }

    #[test]
    fn a_cut_drops_what_waits_and_what_comes_late() {
        let mut ear = Ear::new();
        assert!(ear.push(frame(0)) && ear.push(frame(0)) && ear.push(frame(1)));
        ear.clear(1);
        assert!(!ear.push(frame(0)));
        assert_eq!(ear.next().map(|frame| frame.generation), Some(1));
        assert!(ear.next().is_none() && ear.is_empty());
        assert_eq!(ear.dropped(), 3);
    }

    #[test]
    fn it_holds_only_so_much() {
        let mut ear = Ear::new();
        while ear.has_room() {
            assert!(ear.push(frame(0)));
        }
        assert!(!ear.push(frame(0)));
        assert_eq!(ear.dropped(), 1);
    }
}
