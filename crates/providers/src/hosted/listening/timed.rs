//! Which words belong to which utterance, and when an utterance is settled. It knows no socket and
//! reads no clock. Positions are samples since the call began.
//!
//! An utterance reaches from its onset to where it was finalised, and a word belongs to it by where
//! the word begins. It is settled once all audio up to its end is: by a final result that reaches
//! it, by the answer to the request to settle it, by an interim result that reaches it and hears
//! nothing new before it, or by its deadline, with what is known then.

use std::collections::VecDeque;

use offhook_contract::{SttEvent, UtteranceId};
use tokio::time::Instant;

use super::assembly::{Assembly, Sent};

/// A word may begin as much before the onset: the first window that the detector takes for speech
/// comes after the first soft sounds, and the server's times are not exact.
const BEFORE_ONSET_MS: u64 = 200;
/// Words of so long ago are kept for an utterance whose onset is not told yet.
const UNCLAIMED_MS: u64 = 3_000;
/// A final result that ends as little before the end of an utterance reaches it: whoever ends one has
/// heard a longer silence, and a server that is asked about less audio does not answer.
const REACH_MS: u64 = 60;
/// The answer to a request to settle may end as much before the audio that was sent.
const ANSWER_MS: u64 = 1_000;
/// Utterances that are not settled.
const UTTERANCES_MAX: usize = 8;
/// Results that are kept: at least half an hour of an utterance.
const PIECES_MAX: usize = 1_024;

#[derive(Debug)]
struct Word {
    text: String,
    from: u64,
    to: u64,
}

/// The words of one result.
#[derive(Debug, Default)]
struct Piece {
    words: Vec<Word>,
    /// The text of all of them as the server writes it.
    whole: Option<String>,
}

#[derive(Debug)]
struct Utterance {
    id: UtteranceId,
    from: u64,
    until: u64,
    end: Option<End>,
    told: String,
}

/// An utterance that is to be settled.
#[derive(Debug, Clone, Copy)]
struct End {
    at: u64,
    /// Its last sound.
    sound: u64,
    deadline: Instant,
    /// The server was asked to settle it.
    is_asked: bool,
    is_settled: bool,
}

/// What is heard of a stretch of audio. Seconds are those of the audio of its connection.
#[derive(Debug, Default)]
pub(crate) struct TimedResult {
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// Nothing of it changes any more.
    pub(crate) is_final: bool,
    /// It answers a request to settle what was sent.
    pub(crate) is_answer: bool,
    /// The server hears a pause at its end, and believes in all of its words.
    pub(crate) is_pause: bool,
    /// All of its words as the server writes them.
    pub(crate) text: String,
    pub(crate) words: Vec<TimedWord>,
}

/// A word as it is written, and when it is said.
#[derive(Debug, Default)]
pub(crate) struct TimedWord {
    pub(crate) text: String,
    pub(crate) start: f64,
    pub(crate) end: f64,
}

/// Words go to utterances by when they begin, of all audio that there is.
#[derive(Debug)]
pub(crate) struct Timed {
    hz: u32,
    position: u64,
    utterances: VecDeque<Utterance>,
    /// The end of the last utterance that was finalised.
    finalised_until: u64,
    settled: VecDeque<Piece>,
    settled_until: u64,
    /// The end of the last final result before a pause.
    paused_until: u64,
    /// What earlier connections settled: the newest hears the end of it once more.
    heard_until: u64,
    interim: Piece,
    interim_until: u64,
}

impl Assembly for Timed {
    type Heard = TimedResult;

    const UNANSWERED_MAX: u32 = 2;

    fn new(hz: u32) -> Self {
        Self {
            hz,
            position: 0,
            utterances: VecDeque::new(),
            finalised_until: 0,
            settled: VecDeque::new(),
            settled_until: 0,
            paused_until: 0,
            heard_until: 0,
            interim: Piece::default(),
            interim_until: 0,
        }
    }

    fn hear(&mut self, samples: u64) {
        self.position += samples;
    }

    fn start(&mut self, id: UtteranceId, onset_ago_ms: u32) {
        let back = self.samples(u64::from(onset_ago_ms) + BEFORE_ONSET_MS);
        let from = self.position.saturating_sub(back).max(self.finalised_until);
        let from = self
            .utterances
            .back()
            .map_or(from, |last| from.max(last.from));
        // One that was never finalised ends here; it may still be finalised later.
        if let Some(last) = self.utterances.back_mut() {
            last.until = last.until.min(from);
        }
        if self.utterances.len() >= UTTERANCES_MAX {
            let oldest = self.utterances.iter().position(|it| it.end.is_none());
            self.utterances.remove(oldest.unwrap_or(0));
        }
        self.utterances.push_back(Utterance {
            id,
            from,
            until: u64::MAX,
            end: None,
            told: String::new(),
        });
    }

    fn finalise(&mut self, id: UtteranceId, silence_ms: u32, deadline: Instant) -> Vec<SttEvent> {
        let at = self.position;
        let sound = at.saturating_sub(self.samples(u64::from(silence_ms)));
        self.finalised_until = at;
        let Some(utterance) = self.utterances.iter_mut().find(|it| it.id == id) else {
            let text = String::new();
            return vec![SttEvent::Final {
                utterance: id,
                text,
            }];
        };
        utterance.until = utterance.until.min(at);
        utterance.end.get_or_insert(End {
            at,
            sound,
            deadline,
            is_asked: false,
            is_settled: false,
        });
        self.settle()
    }

    fn is_owed(&self) -> bool {
        self.ends().next().is_some()
    }

    fn is_idle(&self) -> bool {
        self.utterances.is_empty()
    }

    fn deadline(&self) -> Option<Instant> {
        self.ends().map(|end| end.deadline).min()
    }

    fn pause(&mut self, _: UtteranceId) {
        // The server is asked to settle what was said once: it does not answer a second time where
        // nothing was said since.
    }

    fn wanted_from(&self) -> Option<u64> {
        Some(0)
    }

    fn kept_from(&self) -> Option<u64> {
        None
    }

    fn begin(&mut self) -> bool {
        false
    }

    fn next_to_ask(&self) -> Option<u64> {
        self.ends().find(|end| !end.is_asked).map(|end| end.at)
    }

    fn asked(&mut self, until: u64) {
        for end in self.utterances.iter_mut().filter_map(|it| it.end.as_mut()) {
            end.is_asked |= end.at <= until;
        }
    }

    fn take(&mut self, result: TimedResult, sent: Sent) -> Vec<SttEvent> {
        let until = self.position_of(result.end, sent);
        let (is_final, is_answer, is_pause) = (result.is_final, result.is_answer, result.is_pause);
        let piece = self.piece(result, sent);
        if is_final {
            self.interim = Piece::default();
            self.keep(piece);
            self.settled_until = self.settled_until.max(until);
            if is_pause {
                self.paused_until = self.settled_until;
            }
        } else {
            self.interim = piece;
        }
        self.interim_until = until;
        if is_final && is_answer {
            let reached = until + self.samples(ANSWER_MS);
            let mut ends = self.utterances.iter_mut().filter_map(|it| it.end.as_mut());
            if let Some(end) = ends.find(|end| end.is_asked && end.at <= reached) {
                end.is_settled = true;
            }
        }
        let mut events = self.settle();
        events.extend(self.tell());
        if is_pause {
            events.extend(self.tell_pause());
        }
        events
    }

    fn resume(&mut self, kept_from: u64) -> u64 {
        let interim = std::mem::take(&mut self.interim);
        let old = interim.words.into_iter();
        let old: Vec<Word> = old.filter(|word| word.from < kept_from).collect();
        if kept_from > self.settled_until {
            self.settled_until = old.iter().fold(kept_from, |end, word| end.max(word.to));
            self.keep(Piece {
                words: old,
                whole: None,
            });
        }
        self.interim_until = self.settled_until;
        self.heard_until = self.settled_until;
        for end in self.utterances.iter_mut().filter_map(|it| it.end.as_mut()) {
            end.is_asked = false;
        }
        self.settled_until
    }

    fn postpone(&mut self, deadline: Instant) {
        for end in self.utterances.iter_mut().filter_map(|it| it.end.as_mut()) {
            end.deadline = deadline;
        }
    }

    fn expire(&mut self, now: Instant) -> Vec<SttEvent> {
        for end in self.utterances.iter_mut().filter_map(|it| it.end.as_mut()) {
            end.is_settled |= end.deadline <= now;
        }
        self.settle()
    }

    fn give_up(&mut self) -> Vec<SttEvent> {
        for end in self.utterances.iter_mut().filter_map(|it| it.end.as_mut()) {
            end.is_settled = true;
        }
        self.settle()
    }
}

impl Timed {
    fn samples(&self, ms: u64) -> u64 {
        ms * u64::from(self.hz) / 1_000
    }

    fn ends(&self) -> impl Iterator<Item = &End> {
        self.utterances.iter().filter_map(|it| it.end.as_ref())
    }

    /// Seconds of a connection's audio as a position, which is within what it was sent.
    fn position_of(&self, seconds: f64, sent: Sent) -> u64 {
        let samples = (seconds * f64::from(self.hz)).round() as u64;
        sent.from.saturating_add(samples).min(sent.until)
    }

    /// The words of a result without those that an earlier connection settled.
    fn piece(&self, result: TimedResult, sent: Sent) -> Piece {
        let text = result.text.trim().to_owned();
        if result.words.is_empty() && !text.is_empty() {
            let from = self.position_of(result.start, sent);
            let to = self.position_of(result.end, sent);
            return Piece {
                words: vec![Word { text, from, to }],
                whole: None,
            };
        }
        let count = result.words.len();
        let words = result.words.into_iter().map(|word| Word {
            from: self.position_of(word.start, sent),
            to: self.position_of(word.end, sent),
            text: word.text,
        });
        let words = words.filter(|word| word.from.midpoint(word.to) >= self.heard_until);
        let words: Vec<Word> = words.collect();
        let is_whole = words.len() == count && !text.is_empty();
        Piece {
            words,
            whole: is_whole.then_some(text),
        }
    }

    /// Keeps settled words, and drops those that nobody can want any more.
    fn keep(&mut self, piece: Piece) {
        if !piece.words.is_empty() {
            self.settled.push_back(piece);
        }
        let unclaimed = self.position.saturating_sub(self.samples(UNCLAIMED_MS));
        let wanted = self.utterances.front().map_or(unclaimed, |it| it.from);
        let wanted = wanted.min(unclaimed);
        while self.settled.len() > PIECES_MAX
            || self.settled.front().is_some_and(|it| it.ends() < wanted)
        {
            self.settled.pop_front();
        }
    }

    /// The answers for utterances that are settled.
    fn settle(&mut self) -> Vec<SttEvent> {
        let mut answers = Vec::new();
        let mut index = 0;
        while let Some(utterance) = self.utterances.get(index) {
            let is_settled = utterance.end.is_some_and(|end| {
                end.is_settled
                    || self.is_reached(end.at)
                    || self.is_quiet_to(end.at)
                    || self.has_paused(end.sound)
            });
            if !is_settled {
                index += 1;
                continue;
            }
            let text = self.text(utterance);
            let utterance = utterance.id;
            self.utterances.remove(index);
            answers.push(SttEvent::Final { utterance, text });
        }
        answers
    }

    fn is_reached(&self, at: u64) -> bool {
        self.settled_until + self.samples(REACH_MS) >= at
    }

    /// Whether the server heard a pause after the last sound, and settled what was before.
    fn has_paused(&self, sound: u64) -> bool {
        self.paused_until > 0 && self.paused_until + self.samples(REACH_MS) >= sound
    }

    /// Whether the newest result reaches `at` and has no words before it that are not settled.
    fn is_quiet_to(&self, at: u64) -> bool {
        self.interim_until >= at && self.interim.words.iter().all(|word| word.from >= at)
    }

    /// What is believed of the utterance that is being spoken, where that is new.
    fn tell(&mut self) -> Option<SttEvent> {
        let last = self.utterances.back().filter(|it| it.end.is_none())?;
        let text = self.text(last);
        if text.is_empty() || text == last.told {
            return None;
        }
        let last = self.utterances.back_mut()?;
        last.told.clone_from(&text);
        Some(SttEvent::Interim {
            utterance: last.id,
            text,
        })
    }

    /// Says that the utterance that is being spoken pauses, where anything is known of it.
    fn tell_pause(&self) -> Option<SttEvent> {
        let last = self.utterances.back().filter(|it| it.end.is_none())?;
        (!last.told.is_empty()).then_some(SttEvent::Settled { utterance: last.id })
    }

    fn text(&self, utterance: &Utterance) -> String {
        let within = |word: &Word| word.from >= utterance.from && word.from < utterance.until;
        let mut text = String::new();
        let mut add = |more: &str| {
            if !text.is_empty() && !more.is_empty() {
                text.push(' ');
            }
            text.push_str(more);
        };
        for piece in self.settled.iter().chain([&self.interim]) {
            match &piece.whole {
                Some(whole) if piece.words.iter().all(within) => add(whole),
                _ => {
                    let words = piece.words.iter().filter(|word| within(word));
                    words.for_each(|word| add(word.text.trim()));
                }
            }
        }
        text
    }
}

impl Piece {
    fn ends(&self) -> u64 {
        self.words.last().map_or(0, |word| word.to)
    }
}

#[cfg(test)]
mod tests;
