//! The samples of one reply, in the pieces in which they came.

use std::collections::VecDeque;

/// Pieces by position. What lies behind a released position is gone.
#[derive(Debug, Default)]
pub(super) struct Store {
    pieces: VecDeque<Piece>,
    end: u64,
}

#[derive(Debug)]
struct Piece {
    start: u64,
    samples: Vec<i16>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.start + self.samples.len() as u64
    }
}

impl Store {
    /// Adds samples at the end.
    pub(super) fn push(&mut self, samples: Vec<i16>) {
        if !samples.is_empty() {
            let piece = Piece {
                start: self.end,
                samples,
            };
            self.end = piece.end();
            self.pieces.push_back(piece);
        }
    }

    /// Copies what lies from `position` on; gives how many samples there were.
    pub(super) fn copy(&self, position: u64, out: &mut [i16]) -> usize {
        let first = self.pieces.partition_point(|piece| piece.end() <= position);
        let mut count = 0;
        for piece in self.pieces.iter().skip(first) {
            if count == out.len() {
                break;
            }
            let offset = (position + count as u64).saturating_sub(piece.start) as usize;
            let rest = &piece.samples[offset..];
            let taken = rest.len().min(out.len() - count);
            out[count..count + taken].copy_from_slice(&rest[..taken]);
            count += taken;
        }
        count
    }

    /// Frees pieces that end before `position`.
    pub(super) fn release(&mut self, position: u64) {
        while self
            .pieces
            .front()
            .is_some_and(|piece| piece.end() <= position)
        {
            self.pieces.pop_front();
        }
    }

    /// Frees everything.
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.end = 0;
    }
}
