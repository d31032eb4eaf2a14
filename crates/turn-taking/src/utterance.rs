//! One stretch of caller speech and what is known of its words.

use crate::wording::{Acknowledgements, has_words};
use crate::{Instant, UtteranceId};

/// How far recognition has come with an utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recognition {
    /// A final transcript is still to come.
    Awaited,
    /// None came in time; what is known so far counts.
    GivenUp,
    /// The final transcript is there.
    Final,
}

#[derive(Debug, Clone)]
pub(crate) struct Utterance {
    pub(crate) id: UtteranceId,
    pub(crate) onset: Instant,
    /// `None` while the caller speaks.
    pub(crate) ended_at: Option<Instant>,
    pub(crate) text: String,
    /// Whether there are words in the text.
    pub(crate) has_words: bool,
    /// Words of the text that are no acknowledgement.
    pub(crate) words_beyond: usize,
    pub(crate) recognition: Recognition,
    /// What the end-of-turn model said of it.
    pub(crate) likelihood: Option<f32>,
    /// When it was judged to be a mere acknowledgement of what the agent said; it then belongs to
    /// no turn.
    pub(crate) acknowledged_at: Option<Instant>,
    /// Whether voice activity was seen for it; typed messages and stray transcripts have none.
    pub(crate) is_spoken: bool,
    pub(crate) is_typed: bool,
}

impl Utterance {
    pub(crate) fn starting(id: UtteranceId, onset: Instant) -> Self {
        Self {
            id,
            onset,
            ended_at: None,
            text: String::new(),
            has_words: false,
            words_beyond: 0,
            recognition: Recognition::Awaited,
            likelihood: None,
            acknowledged_at: None,
            is_spoken: true,
            is_typed: false,
        }
    }

    /// Known only by its transcript.
    pub(crate) fn unheard(id: UtteranceId, now: Instant) -> Self {
        Self {
            ended_at: Some(now),
            is_spoken: false,
            ..Self::starting(id, now)
        }
    }

    pub(crate) fn typed(id: UtteranceId, text: &str, now: Instant) -> Self {
        Self {
            text: text.to_owned(),
            has_words: has_words(text),
            recognition: Recognition::Final,
            is_typed: true,
            ..Self::unheard(id, now)
        }
    }

    pub(crate) fn set_text(&mut self, text: &str, acknowledgements: &Acknowledgements) {
        text.trim().clone_into(&mut self.text);
        self.has_words = has_words(text);
        self.words_beyond = acknowledgements.words_beyond(text);
    }

    pub(crate) fn is_speaking(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Whether it is the speech numbered `id`; a typed message has the number of speech before it.
    pub(crate) fn is_spoken_as(&self, id: UtteranceId) -> bool {
        self.id == id && !self.is_typed
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.recognition == Recognition::Awaited
    }

    /// Whether its words belong to the caller's turn.
    pub(crate) fn counts(&self) -> bool {
        self.acknowledged_at.is_none() && self.has_words
    }

    /// Over, settled, and nothing in it.
    pub(crate) fn is_nothing(&self) -> bool {
        !self.is_speaking() && !self.is_awaited() && !self.counts()
    }
}

/// Words that were given back, then those of the utterances.
pub(crate) fn merged(carried: &str, utterances: &[Utterance]) -> String {
    let said = utterances.iter().filter(|utterance| utterance.counts());
    joined(std::iter::once(carried).chain(said.map(|utterance| utterance.text.as_str())))
}

pub(crate) fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for text in texts.filter(|text| !text.is_empty()) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(text);
    }
    joined
}
