//! The caller turn that was closed last: its words can come back while nobody has heard the reply,
//! and a final transcript that was given up on can still come.

use crate::UtteranceId;
use crate::utterance::{Recognition, Utterance, joined, merged};
use crate::wording::{Acknowledgements, has_words, is_same};

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
    pub(crate) fn new(carried: String, utterances: Vec<Utterance>) -> Self {
        Self {
            carried,
            utterances,
        }
    }

    pub(crate) fn text(&self) -> String {
        merged(&self.carried, &self.utterances)
    }

    /// Takes a final transcript that was given up on.
    pub(crate) fn hear(
        &mut self,
        id: UtteranceId,
        text: &str,
        acknowledgements: &Acknowledgements,
    ) -> Heard {
        let Some(utterance) = self.utterances.iter_mut().find(|utterance| {
            utterance.is_spoken_as(id) && utterance.recognition == Recognition::GivenUp
        }) else {
            return Heard::Nothing;
        };
        if !has_words(text) {
            return Heard::Nothing;
        }
        utterance.recognition = Recognition::Final;
        if is_same(&utterance.text, text) {
            return Heard::Nothing;
        }
        let had_words = utterance.has_words;
        utterance.set_text(text, acknowledgements);
        if had_words {
            Heard::Revision
        } else {
            Heard::Orphan
        }
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
        let carried = std::mem::take(&mut self.carried);
        self.carried = joined([text, carried.as_str()].into_iter());
    }
}
