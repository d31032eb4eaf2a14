//! Words of servers that tell no times: they are sent utterances and nothing else, one segment after
//! the other, so that what comes back can only belong to the one that was sent last. It knows no
//! socket and reads no clock.
//!
//! A segment is an utterance, or a part of one that takes long. The next one begins once the answer
//! to the last is there; where that does not come in time, another connection is made, on which no
//! late answer can be mistaken for a new one.

use std::collections::VecDeque;

use offhook_contract::{SttEvent, UtteranceId};
use tokio::time::Instant;

use super::assembly::{Assembly, Sent};

/// Before the onset, which may have been reported late.
const BEFORE_ONSET_MS: u64 = 200;
/// The onset is at most so long ago: what is older may not be kept.
const ONSET_AGO_MAX_MS: u64 = 3_000;
/// A segment ends at the first pause after so long, and in any case after so long.
const SEGMENT_MS: u64 = 10_000;
const SEGMENT_MAX_MS: u64 = 25_000;
/// Utterances that are not settled.
const UTTERANCES_MAX: usize = 8;
/// Bytes of an utterance's words; what comes after them is not taken.
const TEXT_MAX: usize = 64 << 10;

/// What is heard of the segment that was sent last.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SegmentHeard {
    /// More of its words, as they are written.
    More(String),
    /// All of its words so far.
    SoFar(String),
    /// All of its words.
    Settled(String),
}

/// Words go to the utterance whose audio was sent last.
#[derive(Debug)]
pub(crate) struct Segments {
    hz: u32,
    position: u64,
    /// In order. At most one of them has a segment under way: the first that is not heard.
    utterances: VecDeque<Utterance>,
    finalised_until: u64,
}

#[derive(Debug)]
struct Utterance {
    id: UtteranceId,
    /// Where its segment begins, and where that ends before the utterance does.
    from: u64,
    until: Option<u64>,
    /// Where the voice last went quiet.
    paused_at: u64,
    /// Where the next utterance begins.
    next_from: Option<u64>,
    end: Option<End>,
    stage: Stage,
    /// An earlier segment of it is.
    has_settled: bool,
    /// Bytes of the words that are settled by earlier segments.
    settled_before: usize,
    /// The words of its earlier segments, and what is believed of this one.
    settled: String,
    believed: String,
    told: String,
}

#[derive(Debug, Clone, Copy)]
struct End {
    at: u64,
    deadline: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing of its segment was sent.
    Waiting,
    Begun,
    /// The server was asked to settle it.
    Asked,
    /// All of the utterance is settled.
    Heard,
}

impl Assembly for Segments {
    type Heard = SegmentHeard;

    const UNANSWERED_MAX: u32 = 1;

    fn new(hz: u32) -> Self {
        Self {
            hz,
            position: 0,
            utterances: VecDeque::new(),
            finalised_until: 0,
        }
    }

    fn hear(&mut self, samples: u64) {
        self.position += samples;
        self.split(SEGMENT_MAX_MS);
    }

    fn start(&mut self, id: UtteranceId, onset_ago_ms: u32) {
        let ago = (u64::from(onset_ago_ms) + BEFORE_ONSET_MS).min(ONSET_AGO_MAX_MS);
        let back = self.samples(ago);
        let from = self.position.saturating_sub(back).max(self.finalised_until);
        let mut from = from;
        if let Some(last) = self.utterances.back_mut() {
            from = from.max(last.until.unwrap_or(last.from));
            // One that was never finalised ends here; it may still be finalised later.
            last.next_from = Some(from);
        }
        if self.utterances.len() >= UTTERANCES_MAX {
            let is_idle = |it: &Utterance| it.stage != Stage::Asked;
            let oldest = (self.utterances.iter()).position(|it| is_idle(it) && it.end.is_none());
            self.utterances.remove(oldest.unwrap_or(1));
        }
        self.utterances.push_back(Utterance {
            id,
            from,
            until: None,
            paused_at: from,
            next_from: None,
            end: None,
            stage: Stage::Waiting,
            has_settled: false,
            settled_before: 0,
            settled: String::new(),
            believed: String::new(),
            told: String::new(),
        });
    }

    fn pause(&mut self, id: UtteranceId) {
        let position = self.position;
        if let Some(last) = self.utterances.back_mut().filter(|it| it.id == id) {
            last.paused_at = position;
            self.split(SEGMENT_MS);
        }
    }

    fn finalise(&mut self, id: UtteranceId, _: u32, deadline: Instant) -> Vec<SttEvent> {
        let at = self.position;
        self.finalised_until = at;
        let Some(utterance) = self.utterances.iter_mut().find(|it| it.id == id) else {
            let text = String::new();
            return vec![SttEvent::Final {
                utterance: id,
                text,
            }];
        };
        // What comes after the last pause is silence.
        let is_quiet_from = |it: u64| it == utterance.paused_at;
        let at = utterance
            .until
            .filter(|it| is_quiet_from(*it))
            .unwrap_or(at);
        if utterance.until.is_none() && is_quiet_from(utterance.from) && utterance.has_settled {
            utterance.stage = Stage::Heard;
        }
        utterance.end.get_or_insert(End { at, deadline });
        self.settle()
    }

    fn is_owed(&self) -> bool {
        self.deadline().is_some()
    }

    /// Nothing is sent then.
    fn is_idle(&self) -> bool {
        false
    }

    fn deadline(&self) -> Option<Instant> {
        let ends = self.utterances.iter().filter_map(|it| it.end);
        ends.map(|end| end.deadline).min()
    }

    fn wanted_from(&self) -> Option<u64> {
        let current = self.current()?;
        (current.stage != Stage::Asked).then_some(current.from)
    }

    fn kept_from(&self) -> Option<u64> {
        self.current().map(|it| it.from)
    }

    fn begin(&mut self) -> bool {
        let current = self.current_mut();
        let waiting = current.filter(|it| it.stage == Stage::Waiting);
        waiting.map(|it| it.stage = Stage::Begun).is_some()
    }

    fn next_to_ask(&self) -> Option<u64> {
        let current = self.current().filter(|it| it.stage != Stage::Asked)?;
        current.segment_end()
    }

    fn asked(&mut self, _: u64) {
        if let Some(current) = self.current_mut() {
            current.stage = Stage::Asked;
        }
    }

    fn take(&mut self, heard: SegmentHeard, _: Sent) -> Vec<SttEvent> {
        // What comes while nothing is sent was not asked for.
        let Some(current) = self
            .current_mut()
            .filter(|it| matches!(it.stage, Stage::Begun | Stage::Asked))
        else {
            return Vec::new();
        };
        let length = current.settled.len() + current.believed.len();
        let heard = match heard {
            SegmentHeard::More(text) if length + text.len() > TEXT_MAX => return Vec::new(),
            heard => heard,
        };
        match heard {
            SegmentHeard::More(text) => current.believed.push_str(&text),
            SegmentHeard::SoFar(text) => current.believed = text,
            SegmentHeard::Settled(text) => {
                current.settled = joined(&current.settled, &text);
                current.believed.clear();
                // What the server settles by itself is a part of the segment.
                if current.stage == Stage::Asked {
                    current.has_settled = true;
                    current.settled_before = current.settled.len();
                    current.proceed();
                }
                return self.settle();
            }
        }
        let told = current.tell();
        told.into_iter().collect()
    }

    fn resume(&mut self, kept_from: u64) -> u64 {
        let idle_from = self.finalised_until;
        let Some(current) = self.current_mut() else {
            return idle_from;
        };
        current.stage = Stage::Waiting;
        current.believed.clear();
        current.settled.truncate(current.settled_before);
        current.from = current.from.max(kept_from);
        current.from
    }

    fn postpone(&mut self, deadline: Instant) {
        for end in self.utterances.iter_mut().filter_map(|it| it.end.as_mut()) {
            end.deadline = deadline;
        }
    }

    fn expire(&mut self, now: Instant) -> Vec<SttEvent> {
        self.answer(|end| end.deadline <= now)
    }

    fn give_up(&mut self) -> Vec<SttEvent> {
        self.answer(|_| true)
    }
}

impl Segments {
    fn samples(&self, ms: u64) -> u64 {
        ms * u64::from(self.hz) / 1_000
    }

    /// The utterance whose segment is under way, or comes next.
    fn current(&self) -> Option<&Utterance> {
        self.utterances.iter().find(|it| it.stage != Stage::Heard)
    }

    fn current_mut(&mut self) -> Option<&mut Utterance> {
        let mut utterances = self.utterances.iter_mut();
        utterances.find(|it| it.stage != Stage::Heard)
    }

    /// Ends the segment of the utterance that is being spoken where it is longer.
    fn split(&mut self, length_ms: u64) {
        let (position, length) = (self.position, self.samples(length_ms));
        let Some(last) = self.utterances.back_mut() else {
            return;
        };
        let is_open = last.end.is_none() && last.until.is_none() && last.stage != Stage::Heard;
        if is_open && position.saturating_sub(last.from) >= length {
            last.until = Some(position);
        }
    }

    /// Answers where the end is as asked for, with what is known.
    fn answer(&mut self, is_due: impl Fn(&End) -> bool) -> Vec<SttEvent> {
        for utterance in &mut self.utterances {
            if utterance.end.as_ref().is_some_and(&is_due) {
                utterance.stage = Stage::Heard;
            }
        }
        self.settle()
    }

    /// The answers for utterances that are settled.
    fn settle(&mut self) -> Vec<SttEvent> {
        let mut answers = Vec::new();
        self.utterances.retain(|it| {
            let is_settled = it.end.is_some() && it.stage == Stage::Heard;
            if is_settled {
                answers.push(SttEvent::Final {
                    utterance: it.id,
                    text: joined(&it.settled, &it.believed),
                });
            }
            !is_settled
        });
        answers
    }
}

impl Utterance {
    /// Where it ends, as far as that is known.
    fn ends_at(&self) -> Option<u64> {
        let end = self.end.map(|end| end.at);
        end.into_iter().chain(self.next_from).min()
    }

    /// Where its segment ends.
    fn segment_end(&self) -> Option<u64> {
        self.until.or(self.ends_at())
    }

    /// Its segment is settled: the next one begins, where there is more of it.
    fn proceed(&mut self) {
        match self.until.take() {
            Some(until) if self.ends_at().is_none_or(|end| end > until) => {
                self.from = until;
                self.stage = Stage::Waiting;
            }
            _ => self.stage = Stage::Heard,
        }
    }

    /// What is believed of it, where that is new and it is still being spoken.
    fn tell(&mut self) -> Option<SttEvent> {
        let text = joined(&self.settled, &self.believed);
        if self.end.is_some() || text.is_empty() || text == self.told {
            return None;
        }
        self.told.clone_from(&text);
        Some(SttEvent::Interim {
            utterance: self.id,
            text,
        })
    }
}

fn joined(settled: &str, more: &str) -> String {
    let parts = [settled.trim(), more.trim()];
    let parts = parts.into_iter().filter(|it| !it.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
