//! The caller turn that was closed last: its words can come back while nobody has heard the reply,
//! and a final transcript that was given up on can still come.

use std::time::Duration;

use crate::utterance::{Recognition, Utterance, Vocabulary, merge, put_before};
use crate::wording::{has_words, is_same};
use crate::{Instant, UtteranceId};

/// What a transcript did to the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is of a turn that is closed, or tells nothing new.
    Nothing,
    /// The open turn changed.
    Change,
    /// It betters the words of the turn that was closed last without its final transcript.
    Revision,
    /// The same, and the closed turn had no word of the utterance.
    Orphan,
}

#[derive(Debug, Default)]
pub(crate) struct ClosedTurn {
    carried: String,
    utterances: Vec<Utterance>,
}

impl ClosedTurn {
    /// Takes the place of the turn before; gives its room back, emptied of all but utterances.
    pub(crate) fn replace(&mut self, carried: &mut String, utterances: &mut Vec<Utterance>) {
        std::mem::swap(&mut self.carried, carried);
        std::mem::swap(&mut self.utterances, utterances);
        carried.clear();
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        merge(&mut text, &self.carried, &self.utterances);
        text
    }

    /// When its last words were spoken.
    pub(crate) fn ended_at(&self) -> Option<Instant> {
        let spoken = self.utterances.iter().rev();
        let mut counted = spoken.filter(|utterance| utterance.counts() && !utterance.is_typed);
        counted.next()?.ended_at
    }

    /// Takes a final transcript that was given up on, and says how long after the end of speech
    /// it came.
    pub(crate) fn hear(
        &mut self,
        id: UtteranceId,
        text: &str,
        vocabulary: &Vocabulary,
        now: Instant,
    ) -> (Heard, Option<Duration>) {
        let Some(utterance) = self.utterances.iter_mut().find(|utterance| {
            utterance.is_spoken_as(id) && utterance.recognition == Recognition::GivenUp
        }) else {
            return (Heard::Nothing, None);
        };
        let delay = utterance.ended_at.map(|ended_at| now.since(ended_at));
        if !has_words(text) {
            return (Heard::Nothing, delay);
        }
        utterance.recognition = Recognition::Final;
        if is_same(&utterance.text, text) {
            return (Heard::Nothing, delay);
        }
        let had_words = utterance.has_words;
        utterance.set_text(text, vocabulary);
        let heard = match (utterance.is_left_out(), had_words) {
            (true, _) => Heard::Nothing,
            (false, true) => Heard::Revision,
            (false, false) => Heard::Orphan,
        };
        (heard, delay)
    }

    pub(crate) fn part_with(&mut self, id: UtteranceId) -> Option<Utterance> {
        let at = self
            .utterances
            .iter()
            .position(|utterance| utterance.is_spoken_as(id))?;
        Some(self.utterances.remove(at))
    }

    /// Nobody heard the reply to these words either, and they came before.
    pub(crate) fn take_back(&mut self, text: &str) {
        put_before(text, &mut self.carried);
    }
}
