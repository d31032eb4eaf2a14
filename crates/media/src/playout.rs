//! The agent's speech on its way to one leg, and what of it was sent and heard. It does not
//! decide when a frame goes out: that is [`crate::Pacer`].
//!
//! All positions are samples on the reply's own timeline at the leg's rate, 0 being the reply's
//! first sample. A *run* is a stretch of frames without a cut: it begins with a reply and with
//! each [`Playout::resume`]. [`Playout::position_after`] turns time heard within the run, which is
//! what a pacer knows, into a position.

mod store;

use std::time::Duration;

use crate::ledger::Ledger;
use crate::{FADE_DURATION, Frame, Heard, SampleRate, fade_in, fade_out};
use store::Store;

/// A hold goes back to the start of the word in which the ear was, but by no more than this.
const REWIND_MAX: Duration = Duration::from_secs(1);

/// Speech and the text that it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayoutSegment {
    /// Mono 16-bit PCM at the leg's rate.
    pub samples: Vec<i16>,
    /// What it says, as it stands in the reply. Empty for audio without text, such as a tone.
    pub text: String,
    /// Byte of the reply's text at which `text` begins.
    pub text_start: usize,
    /// Its words in order; empty where the voice cannot tell when they are spoken: then each gets
    /// an estimated share of the audio.
    pub words: Vec<PlayoutWord>,
}

/// When a word is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayoutWord {
    /// First byte in the reply's text.
    pub text_start: usize,
    /// One past the last byte in the reply's text.
    pub text_end: usize,
    /// From the first sample of the segment.
    pub start: Duration,
    /// From the first sample of the segment; what lies beyond its audio is cut off.
    pub end: Duration,
}

/// Speech that does not fit what the playout holds. Nothing of it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlayoutError {
    /// Another reply is live: clear it first.
    #[error("speech of turn {pushed} came while turn {live} is live: clear that first")]
    OtherTurn {
        /// The reply that is live.
        live: u32,
        /// The reply that the speech belongs to.
        pushed: u32,
    },
    /// The reply had been finished.
    #[error("speech of turn {turn} came after it was finished")]
    Finished {
        /// The reply.
        turn: u32,
    },
    /// The text begins before the end of the text before it.
    #[error(
        "the text of a segment begins at byte {start}, before byte {before}, where the one before it ended"
    )]
    TextOutOfOrder {
        /// Where the segment's text begins.
        start: usize,
        /// Where the text before it ends.
        before: usize,
    },
    /// A word lies outside its segment's text, cuts a character, or is out of order.
    #[error(
        "word {index} of a segment lies outside its text, cuts a character or is out of order; send none where word times are not known"
    )]
    BadWord {
        /// Its place among the segment's words, from 0.
        index: usize,
    },
}

/// A place in the audio sent, to be handed back when the far end reports that it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayoutMark {
    turn: u32,
    run: u32,
    position: u64,
}

/// A frame to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayoutFrame {
    /// The reply that it speaks.
    pub turn: u32,
    /// The audio.
    pub frame: Frame,
    /// Whether the reply ends with it.
    pub is_last: bool,
    /// The end of this frame.
    pub mark: PlayoutMark,
}

/// The speech of one reply at a time, for one leg.
#[derive(Debug)]
pub struct Playout {
    rate: SampleRate,
    live: Option<u32>,
    is_finished: bool,
    is_held: bool,
    store: Store,
    ledger: Ledger,
    /// The next sample to send.
    cursor: u64,
    run: u32,
    run_start: u64,
    fades_in: bool,
    tail: Option<Frame>,
}

impl Playout {
    /// An empty one, for frames at `rate`.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            live: None,
            is_finished: false,
            is_held: false,
            store: Store::default(),
            ledger: Ledger::new(rate),
            cursor: 0,
            run: 0,
            run_start: 0,
            fades_in: false,
            tail: None,
        }
    }

    /// Adds speech behind what is there. The first speech after a [`Playout::clear`] makes its
    /// turn the live one. Audio with the same text as the segment before it continues that
    /// segment, for voices that stream a sentence in pieces.
    ///
    /// # Errors
    /// [`PlayoutError`] where it does not fit; then nothing of it was taken.
    pub fn push(&mut self, turn: u32, segment: PlayoutSegment) -> Result<(), PlayoutError> {
        self.check(turn)?;
        self.ledger.push(&segment)?;
        self.live = Some(turn);
        self.store.push(segment.samples);
        Ok(())
    }

    /// No more speech will come for this reply.
    ///
    /// # Errors
    /// [`PlayoutError`] where another reply is live, or this one was finished before.
    pub fn finish(&mut self, turn: u32) -> Result<(), PlayoutError> {
        self.check(turn)?;
        self.live = Some(turn);
        self.is_finished = true;
        Ok(())
    }

    /// The next frame to send, which thereby counts as sent. `None` while held, while less than
    /// a frame is there and more may come, and at the end. What is left at the end of a finished
    /// reply is filled up with silence.
    pub fn next_frame(&mut self) -> Option<PlayoutFrame> {
        let turn = self.live.filter(|_| self.has_frame())?;
        let mut frame = Frame::silence(self.rate);
        let count = self.store.copy(self.cursor, frame.samples_mut());
        if std::mem::take(&mut self.fades_in) {
            fade_in(&mut frame.samples_mut()[..fade_samples(self.rate)]);
        }
        self.cursor += count as u64;
        self.ledger.set_sent(self.cursor);
        let mark = PlayoutMark {
            turn,
            run: self.run,
            position: self.cursor,
        };
        Some(PlayoutFrame {
            turn,
            frame,
            is_last: self.is_drained(),
            mark,
        })
    }

    /// Whether [`Playout::next_frame`] would give one.
    #[must_use]
    pub fn has_frame(&self) -> bool {
        let waiting = self.ledger.end() - self.cursor;
        let is_enough = waiting >= self.rate.frame_samples() as u64;
        !self.is_held && (is_enough || (self.is_finished && waiting > 0))
    }

    /// Speech that waits to be sent.
    #[must_use]
    pub fn buffered(&self) -> Duration {
        self.rate.duration_of(self.ledger.end() - self.cursor)
    }

    /// Whether the live reply is finished and all of it was sent. It may yet have to be heard.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.live.is_some() && self.is_finished && self.cursor == self.ledger.end()
    }

    /// Whether it is held.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.is_held
    }

    /// The live reply.
    #[must_use]
    pub const fn turn(&self) -> Option<u32> {
        self.live
    }

    /// The rate of its frames.
    #[must_use]
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// One past the last sample that was heard or is on its way to the ear.
    #[must_use]
    pub const fn sent_position(&self) -> u64 {
        self.ledger.sent()
    }

    /// One past the last sample that was heard. It never goes back while a reply is live.
    #[must_use]
    pub const fn heard_position(&self) -> u64 {
        self.ledger.heard()
    }

    /// Where the ear is when it has heard `heard` of the run, which is what
    /// [`crate::Pacer::heard`] gives.
    #[must_use]
    pub fn position_after(&self, heard: Duration) -> u64 {
        (self.run_start + self.rate.samples_in(heard)).min(self.cursor)
    }

    /// The ear has reached `position`. Going back, and going beyond what was sent, is ignored.
    pub fn set_heard(&mut self, position: u64) {
        self.ledger.set_heard(position);
        let margin = self.rate.samples_in(REWIND_MAX);
        // What was rewound to is sent from the cursor on, which may lie behind what was heard.
        self.store
            .release(self.ledger.heard().min(self.cursor).saturating_sub(margin));
    }

    /// The far end reports that a mark was played. A mark of another reply, or of before a cut
    /// (carriers report all open marks on a `clear`), is ignored.
    pub fn acknowledge(&mut self, mark: PlayoutMark) {
        if self.live == Some(mark.turn) && self.run == mark.run && !self.is_held {
            self.set_heard(mark.position);
        }
    }

    /// Stops, with the ear at `position`, and goes back to the start of the word that it was in
    /// (by one second at most; to `position` where word times are not known). What was sent
    /// beyond `position` is taken to be dropped by the leg: for a leg that cannot drop it, give
    /// [`Playout::sent_position`].
    ///
    /// Held before there is any speech, the next reply waits for [`Playout::resume`].
    pub fn hold(&mut self, position: u64) {
        if self.is_held || self.live.is_none() {
            self.is_held = true;
            return;
        }
        let ear = self.stop_at(position);
        self.is_held = true;
        let earliest = ear
            .saturating_sub(self.rate.samples_in(REWIND_MAX))
            .max(self.run_start);
        self.cursor = self.ledger.word_start(ear).max(earliest);
    }

    /// Goes on where [`Playout::hold`] went back to, with a short fade-in.
    pub fn resume(&mut self) {
        if std::mem::take(&mut self.is_held) {
            self.begin_run();
            self.fades_in = self.cursor > 0;
        }
    }

    /// Drops the live reply, with the ear at `position`, and tells what was heard of it; `None`
    /// where no reply is live. While held, the hold has said where the ear is.
    pub fn clear(&mut self, position: u64) -> Option<Heard> {
        let Some(turn) = self.live else {
            self.is_held = false;
            return None;
        };
        if !self.is_held {
            self.stop_at(position);
        }
        let heard = self.ledger.summary(turn, self.is_finished);
        self.ledger.clear();
        self.store.clear();
        (self.live, self.is_finished, self.is_held, self.fades_in) = (None, false, false, false);
        self.cursor = 0;
        self.begin_run();
        Some(heard)
    }

    /// What was heard of the live reply up to now.
    #[must_use]
    pub fn heard(&self) -> Option<Heard> {
        self.live
            .map(|turn| self.ledger.summary(turn, self.is_finished))
    }

    /// After a hold or clear: one last frame, which takes the speech from where the ear was down
    /// to silence. It is for a leg that would otherwise cut hard, and does not count as heard.
    /// `None` where there is nothing to fade, or it was taken.
    pub fn fade_out_tail(&mut self) -> Option<Frame> {
        self.tail.take()
    }

    fn check(&self, turn: u32) -> Result<(), PlayoutError> {
        match self.live {
            Some(live) if live != turn => Err(PlayoutError::OtherTurn { live, pushed: turn }),
            Some(turn) if self.is_finished => Err(PlayoutError::Finished { turn }),
            _ => Ok(()),
        }
    }

    /// The ear stops at `position`: gives that, within what it can be.
    fn stop_at(&mut self, position: u64) -> u64 {
        let ear = position.clamp(self.run_start, self.cursor);
        self.set_heard(ear);
        self.ledger.take_back();
        let mut frame = Frame::silence(self.rate);
        let fading = &mut frame.samples_mut()[..fade_samples(self.rate)];
        let count = self.store.copy(ear, fading);
        fade_out(fading);
        let is_audible = ear > self.run_start && count > 0;
        self.tail = is_audible.then_some(frame);
        ear
    }

    fn begin_run(&mut self) {
        self.run = self.run.wrapping_add(1);
        self.run_start = self.cursor;
    }
}

fn fade_samples(rate: SampleRate) -> usize {
    (rate.samples_in(FADE_DURATION) as usize).min(rate.frame_samples())
}

#[cfg(test)]
mod tests;
