//! What of one reply was sent and heard, and which text that is. Positions are samples on the
//! reply's own timeline: 0 is its first sample. No audio here: that is [`crate::Playout`].
//!
//! A word counts as heard from the moment that 60 % of it was heard: listeners know most words in
//! context before they end (F. Grosjean, "Spoken word recognition processes and the gating
//! paradigm", 1980), and a word of which more is missing is better said again.

mod estimate;

use crate::{PlayoutError, PlayoutSegment, SampleRate};

/// The share of a word, in percent, from which it counts as heard.
const HEARD_PERCENT: u64 = 60;

/// What the ear has heard of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The reply.
    pub turn: u32,
    /// One past the last byte of the reply's text that was heard, at the end of a word; 0 where
    /// nothing was.
    pub text_end: usize,
    /// Whether the reply had been finished and all of its words were heard.
    pub is_complete: bool,
    /// Samples of the reply that were heard, at the leg's rate, each counted once.
    pub samples: u64,
    /// Whether `text_end` is an estimate (the cut lies in speech without word times), or speech
    /// was heard whose text is not known. Unknown is not the same as empty.
    pub has_unknown: bool,
}

/// The record of one reply.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    rate: SampleRate,
    entries: Vec<Entry>,
    end: u64,
    sent: u64,
    heard: u64,
}

/// A stretch of text and of the audio that speaks it.
#[derive(Debug, Clone)]
struct Entry {
    start: u64,
    end: u64,
    /// From the first to the last sample that is not silence, absolute.
    voiced: (u64, u64),
    text_start: usize,
    text: String,
    /// In order; empty where the voice could not tell.
    words: Vec<Mark>,
}

/// A word on the reply's timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// One past its last byte in the reply, punctuation included.
    text_end: usize,
    start: u64,
    end: u64,
}

impl Mark {
    fn is_heard_at(&self, position: u64) -> bool {
        position > self.start
            && (position - self.start) * 100 >= (self.end - self.start) * HEARD_PERCENT
    }
}

impl Entry {
    fn text_end(&self) -> usize {
        self.text_start + self.text.len()
    }

    /// Text without audio of its own is reached together with the audio before it.
    fn is_reached_at(&self, position: u64) -> bool {
        let is_silent = self.start == self.end;
        self.start < position || (is_silent && self.start == position && position > 0)
    }
}

impl Ledger {
    pub(crate) const fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            entries: Vec::new(),
            end: 0,
            sent: 0,
            heard: 0,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        (self.end, self.sent, self.heard) = (0, 0, 0);
    }

    /// One past the last sample pushed.
    pub(crate) const fn end(&self) -> u64 {
        self.end
    }

    /// One past the last sample that is on its way to the ear or was heard.
    pub(crate) const fn sent(&self) -> u64 {
        self.sent
    }

    /// One past the last sample heard.
    pub(crate) const fn heard(&self) -> u64 {
        self.heard
    }

    /// Notes a segment behind those before. Its samples stay with the caller.
    pub(crate) fn push(&mut self, segment: &PlayoutSegment) -> Result<(), PlayoutError> {
        let start = self.end;
        let end = start + segment.samples.len() as u64;
        let continues = self
            .entries
            .last()
            .is_some_and(|last| last.text_start == segment.text_start && last.text == segment.text);
        let text_end = self.entries.last().map_or(0, Entry::text_end);
        if !continues && segment.text_start < text_end {
            return Err(PlayoutError::TextOutOfOrder {
                start: segment.text_start,
                before: text_end,
            });
        }
        let words = self.marks(segment, start, end)?;
        let voiced = estimate::voiced(&segment.samples, start);
        self.end = end;
        match self.entries.last_mut().filter(|_| continues) {
            Some(last) => {
                let was_silent = last.voiced.0 == last.voiced.1;
                let is_silent = voiced.0 == voiced.1;
                last.voiced = match (was_silent, is_silent) {
                    (true, _) => voiced,
                    (false, true) => last.voiced,
                    (false, false) => (last.voiced.0, voiced.1),
                };
                last.end = end;
                last.words.extend(words);
            }
            None => self.entries.push(Entry {
                start,
                end,
                voiced,
                text_start: segment.text_start,
                text: segment.text.clone(),
                words,
            }),
        }
        Ok(())
    }

    /// Frames went out up to `position`.
    pub(crate) fn set_sent(&mut self, position: u64) {
        self.sent = self.sent.max(position.min(self.end));
    }

    /// The ear is at `position`: never goes back, never beyond what was sent.
    pub(crate) fn set_heard(&mut self, position: u64) {
        self.heard = self.heard.max(position.min(self.sent));
    }

    /// What was sent but not heard will not be heard.
    pub(crate) fn take_back(&mut self) {
        self.sent = self.heard;
    }

    /// The start of the word that holds `position`; `position` itself between words and where
    /// word times are unknown.
    pub(crate) fn word_start(&self, position: u64) -> u64 {
        self.entries
            .iter()
            .find(|entry| entry.start <= position && position < entry.end)
            .and_then(|entry| {
                entry
                    .words
                    .iter()
                    .find(|word| word.start <= position && position < word.end)
            })
            .map_or(position, |word| word.start)
    }

    /// What was heard, as far as the ear is.
    pub(crate) fn summary(&self, turn: u32, is_finished: bool) -> Heard {
        let (text_end, has_unknown) = self.heard_text();
        let total = self.entries.last().map_or(0, Entry::text_end);
        let is_all = text_end == total && (total > 0 || self.heard == self.end);
        let is_complete = is_finished && is_all;
        Heard {
            turn,
            text_end,
            is_complete,
            samples: self.heard,
            has_unknown,
        }
    }

    fn heard_text(&self) -> (usize, bool) {
        let (mut text_end, mut has_unknown) = (0, false);
        for entry in self
            .entries
            .iter()
            .take_while(|entry| entry.is_reached_at(self.heard))
        {
            has_unknown |= entry.text.is_empty() && entry.voiced.0 < self.heard.min(entry.voiced.1);
            if self.heard >= entry.end {
                text_end = entry.text_end();
                continue;
            }
            let estimated;
            let marks = if entry.words.is_empty() {
                estimated = estimate::marks(entry);
                has_unknown |= !estimated.is_empty();
                &estimated
            } else {
                &entry.words
            };
            let heard = marks.iter().take_while(|mark| mark.is_heard_at(self.heard));
            if let Some(last) = heard.last() {
                let is_last = marks.last() == Some(last);
                text_end = if is_last {
                    entry.text_end()
                } else {
                    last.text_end
                };
            }
        }
        (text_end, has_unknown)
    }

    /// The words of a segment on the reply's timeline.
    fn marks(
        &self,
        segment: &PlayoutSegment,
        start: u64,
        end: u64,
    ) -> Result<Vec<Mark>, PlayoutError> {
        let mut marks: Vec<Mark> = Vec::with_capacity(segment.words.len());
        let mut text_before = segment.text_start;
        for (index, word) in segment.words.iter().enumerate() {
            let relative = |byte: usize| byte.checked_sub(segment.text_start);
            let is_inside = match (relative(word.text_start), relative(word.text_end)) {
                (Some(from), Some(to)) => segment.text.get(from..to).is_some(),
                _ => false,
            };
            if !is_inside || word.text_start < text_before || word.end < word.start {
                return Err(PlayoutError::BadWord { index });
            }
            text_before = word.text_end;
            let next = segment.words.get(index + 1).map(|next| next.text_start);
            let text_end = self.with_punctuation(segment, word.text_end, next);
            let earliest = marks.last().map_or(start, |mark| mark.end);
            let at = |time| (start + self.rate.samples_in(time)).clamp(earliest, end);
            marks.push(Mark {
                text_end,
                start: at(word.start),
                end: at(word.end),
            });
        }
        Ok(marks)
    }

    /// The end of a word with the punctuation that sticks to it, before the next word.
    fn with_punctuation(
        &self,
        segment: &PlayoutSegment,
        word_end: usize,
        next: Option<usize>,
    ) -> usize {
        let rest = segment
            .text
            .get(word_end - segment.text_start..)
            .unwrap_or_default();
        let to_space = rest.find(char::is_whitespace).unwrap_or(rest.len());
        (word_end + to_space)
            .min(next.unwrap_or(usize::MAX))
            .max(word_end)
    }
}

#[cfg(test)]
mod tests;
