//! One stretch of caller speech and what is known of its words.

use std::time::Duration;

use crate::wording::{Phrases, has_words};
use crate::{Instant, TurnPolicy, UtteranceId};

/// The shortest time in which a word is said by itself ("no": 200 ms and more).
const WORD_ALONE: Duration = Duration::from_millis(170);
/// What each further word adds: nobody says more than twelve in a second.
const WORD_MORE: Duration = Duration::from_millis(80);

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

/// The phrases that make a difference over a reply.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// Never take the floor.
    acknowledgements: Phrases,
    /// Take it at once.
    interrupting: Phrases,
}

impl Vocabulary {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        let built_in = policy.acknowledgements.iter();
        let built_in = built_in.filter(|_| policy.uses_default_acknowledgements);
        Self {
            acknowledgements: Phrases::new(built_in.chain(&policy.ignore_phrases)),
            interrupting: Phrases::new(policy.interrupting_phrases.iter()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Utterance {
    pub(crate) id: UtteranceId,
    pub(crate) onset: Instant,
    /// `None` while the caller speaks.
    pub(crate) ended_at: Option<Instant>,
    pub(crate) text: String,
    /// Whether there are words in the text.
    pub(crate) has_words: bool,
    /// Words of the text that are no acknowledgement, up to 20.
    pub(crate) words_beyond: usize,
    /// Whether the text asks the agent to stop.
    pub(crate) is_demand: bool,
    pub(crate) recognition: Recognition,
    /// The caller seems to pause after these very words, and may be speaking on; it stands only
    /// while the fact that says so is dealt with.
    pub(crate) is_paused: bool,
    /// What the end-of-turn model said of it.
    pub(crate) likelihood: Option<f32>,
    /// When it was judged to be a mere acknowledgement of what the agent said; it then belongs to
    /// no turn.
    pub(crate) acknowledged_at: Option<Instant>,
    /// Whether voice activity was seen for it; typed messages and stray transcripts have none.
    pub(crate) is_spoken: bool,
    pub(crate) is_typed: bool,
    /// Whether it was said over an agent that cannot be stopped, and is not to be heard.
    pub(crate) is_disregarded: bool,
    /// How like the caller's the voice is, where it is somebody else's.
    pub(crate) stranger: Option<f32>,
}

impl Utterance {
    /// `buffer` is an empty text whose room is used again.
    pub(crate) fn starting(id: UtteranceId, onset: Instant, buffer: String) -> Self {
        Self {
            id,
            onset,
            ended_at: None,
            text: buffer,
            has_words: false,
            words_beyond: 0,
            is_demand: false,
            recognition: Recognition::Awaited,
            is_paused: false,
            likelihood: None,
            acknowledged_at: None,
            is_spoken: true,
            is_typed: false,
            is_disregarded: false,
            stranger: None,
        }
    }

    /// Known only by its transcript.
    pub(crate) fn unheard(id: UtteranceId, now: Instant, buffer: String) -> Self {
        Self {
            ended_at: Some(now),
            is_spoken: false,
            ..Self::starting(id, now, buffer)
        }
    }

    pub(crate) fn typed(id: UtteranceId, text: &str, now: Instant, mut buffer: String) -> Self {
        buffer.push_str(text);
        Self {
            has_words: has_words(text),
            recognition: Recognition::Final,
            is_typed: true,
            ..Self::unheard(id, now, buffer)
        }
    }

    pub(crate) fn set_text(&mut self, text: &str, vocabulary: &Vocabulary) {
        text.trim().clone_into(&mut self.text);
        self.is_paused = false;
        self.has_words = has_words(text);
        self.words_beyond = vocabulary.acknowledgements.words_beyond(text);
        self.is_demand = vocabulary.interrupting.is_in(text);
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

    /// Words, acknowledgements not counted, that can undo a reply, which is heard or not. Over an
    /// agent that speaks recognition makes a word of what is left of an echo, or of a click ("You."); what is
    /// shorter than anybody says it was none, unless it asks the agent to stop.
    pub(crate) fn words_over(&self, is_reply_heard: bool) -> usize {
        let may_be_none = is_reply_heard && self.is_spoken && !self.is_demand;
        let Some(ended_at) = self.ended_at.filter(|_| may_be_none) else {
            return self.words_beyond;
        };
        let words = u32::try_from(self.words_beyond).unwrap_or(u32::MAX);
        let shortest = WORD_ALONE + WORD_MORE.saturating_mul(words.saturating_sub(1));
        if ended_at.since(self.onset) < shortest {
            return 0;
        }
        self.words_beyond
    }

    /// Whether it is not to be heard, whatever its words.
    pub(crate) fn is_left_out(&self) -> bool {
        self.is_disregarded || self.is_strangers()
    }

    /// Whether somebody else than the caller speaks.
    pub(crate) fn is_strangers(&self) -> bool {
        self.stranger.is_some()
    }

    /// Whether its words belong to the caller's turn.
    pub(crate) fn counts(&self) -> bool {
        self.acknowledged_at.is_none() && self.has_words && !self.is_left_out()
    }

    /// Over, settled, and nothing in it.
    pub(crate) fn is_nothing(&self) -> bool {
        let is_settled = !self.is_awaited() || self.is_strangers();
        !self.is_speaking() && is_settled && !self.counts()
    }
}

/// Writes words that were given back, then those of the utterances, into `text`.
pub(crate) fn merge(text: &mut String, carried: &str, utterances: &[Utterance]) {
    text.clear();
    let said = utterances.iter().filter(|utterance| utterance.counts());
    let said = said.map(|utterance| utterance.text.as_str());
    join(text, std::iter::once(carried).chain(said));
}

/// Adds the texts that are not empty, parted by spaces.
pub(crate) fn join<'a>(joined: &mut String, texts: impl Iterator<Item = &'a str>) {
    for text in texts.filter(|text| !text.is_empty()) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(text);
    }
}

/// Puts `text` before what is there.
pub(crate) fn put_before(text: &str, rest: &mut String) {
    let parting = if text.is_empty() || rest.is_empty() {
        ""
    } else {
        " "
    };
    rest.insert_str(0, parting);
    rest.insert_str(0, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_in(text: &str, millis: u64) -> usize {
        let vocabulary = Vocabulary::new(&TurnPolicy::default());
        let mut utterance = Utterance::starting(UtteranceId(1), Instant::START, String::new());
        utterance.ended_at = Some(Instant::from_millis(millis));
        utterance.set_text(text, &vocabulary);
        utterance.words_over(true)
    }

    #[test]
    fn what_is_shorter_than_words_takes_no_floor() {
        assert_eq!(said_in("You.", 120), 0);
        assert_eq!(said_in("What else?", 200), 0);
        assert_eq!(said_in("You.", 200), 1);
        assert_eq!(said_in("What else?", 260), 2);
        assert_eq!(said_in("Stop!", 120), 1);
    }
}
