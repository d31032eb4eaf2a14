//! What is known of the open turn, for those who decide: its words, its pauses, how it stands, and
//! what of it was said over a reply.

use std::time::Duration;

use super::CallerTurn;
use crate::ending::Ending;
use crate::spelling::{Spelling, spelling};
use crate::standing::{Overlap, Said, Standing};
use crate::utterance::{Recognition, Utterance, join};
use crate::wording::{is_question, words};
use crate::{Instant, SpellingPatience, UtteranceId};

impl CallerTurn {
    /// The words of the turn that was closed last.
    pub(crate) fn closed_text(&self) -> String {
        self.closed.text()
    }

    /// All that the caller said in the open turn.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether voice activity was seen for the utterance.
    pub(crate) fn is_spoken(&self, id: UtteranceId) -> bool {
        let mut utterances = self.utterances.iter();
        utterances.any(|utterance| utterance.is_spoken_as(id) && utterance.is_spoken)
    }

    pub(crate) fn speaking(&self) -> Option<UtteranceId> {
        self.utterances
            .iter()
            .rfind(|utterance| utterance.is_speaking())
            .map(|speech| speech.id)
    }

    /// Newest utterance before the speech that is going on.
    pub(crate) fn ended_through(&self) -> UtteranceId {
        match self.speaking() {
            Some(speaking) => UtteranceId(speaking.0.saturating_sub(1)),
            None => self
                .utterances
                .last()
                .map_or(self.closed_through, |utterance| utterance.id),
        }
    }

    /// Newest utterance of which nothing more is to come.
    pub(crate) fn settled_through(&self) -> UtteranceId {
        let open = self
            .utterances
            .iter()
            .find(|utterance| utterance.is_speaking() || utterance.is_awaited());
        match open {
            Some(open) => UtteranceId(open.id.0.saturating_sub(1)),
            None => self
                .utterances
                .last()
                .map_or(self.closed_through, |utterance| utterance.id),
        }
    }

    /// Looks at how the words end, where they have changed and the caller is silent or seems to be.
    pub(crate) fn look(&mut self) {
        let mut callers = self.utterances.iter().filter(|it| !it.is_strangers());
        if self.ending.is_none() && !callers.any(|it| it.is_speaking() && !it.is_paused) {
            self.ending = Some(ending(&self.text, self.spelling_patience));
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        let callers = || {
            let utterances = self.utterances.iter();
            utterances.filter(|utterance| !utterance.is_strangers())
        };
        let speaking = callers().rfind(|utterance| utterance.is_speaking());
        let first = callers().find(|utterance| !utterance.is_nothing());
        let awaited = callers().filter(|utterance| utterance.is_awaited());
        let said = self.utterances.iter().rfind(|utterance| utterance.counts());
        let paused = speaking.filter(|it| it.is_paused && it.counts());
        let paused =
            paused.filter(|it| callers().all(|other| other.id == it.id || !other.is_awaited()));
        // After its first word nobody can tell.
        let paused = paused.filter(|_| words(&self.text).nth(1).is_some());
        Standing {
            speaking_since: speaking.map(|utterance| utterance.onset),
            turn_since: speaking.and(first).map(|utterance| utterance.onset),
            awaited_since: awaited.filter_map(|utterance| utterance.ended_at).max(),
            paused: paused.and(self.ending),
            said: said.map_or_else(|| self.carried_said(), |said| self.said_last(said)),
        }
    }

    fn said_last(&self, utterance: &Utterance) -> Option<Said> {
        Some(Said {
            ended_at: utterance.ended_at?,
            likelihood: utterance.likelihood,
            ending: self.ending.unwrap_or_default(),
            is_typed: utterance.is_typed,
            is_given_up: utterance.recognition == Recognition::GivenUp,
        })
    }

    fn carried_said(&self) -> Option<Said> {
        let ended_at = self.carried_open_since?;
        Some(Said {
            ended_at,
            likelihood: None,
            ending: self.ending.unwrap_or_default(),
            is_typed: false,
            is_given_up: false,
        })
    }

    /// What was said over the reply in utterances after `judged`, if anything.
    pub(crate) fn overlap(&self, judged: UtteranceId, is_reply_heard: bool) -> Option<Overlap> {
        let spoken = || self.spoken_after(judged);
        let last = spoken().next_back()?;
        let words = spoken().map(|utterance| utterance.words_over(is_reply_heard));
        let words = words.sum();
        Some(Overlap {
            last: last.id,
            onset: last.onset,
            ended_at: last.ended_at,
            is_settled: spoken().all(|utterance| !utterance.is_awaited()),
            words,
            is_acknowledgement: spoken().all(|utterance| utterance.words_beyond == 0)
                && spoken().any(|utterance| utterance.has_words),
            is_demand: spoken().any(|utterance| utterance.is_demand),
        })
    }

    /// The words of that.
    pub(crate) fn overlap_text(&self, judged: UtteranceId) -> String {
        let mut text = String::new();
        let spoken = self.spoken_after(judged);
        join(&mut text, spoken.map(|utterance| utterance.text.as_str()));
        text
    }

    /// How like the caller the somebody is who spoke last after `judged`, if anybody did.
    pub(crate) fn stranger_after(&self, judged: UtteranceId) -> Option<f32> {
        let mut utterances = self.utterances.iter().rev();
        utterances
            .find(|utterance| utterance.id > judged && utterance.is_strangers())?
            .stranger
    }

    fn spoken_after(
        &self,
        judged: UtteranceId,
    ) -> impl DoubleEndedIterator<Item = &Utterance> + use<'_> {
        self.utterances.iter().filter(move |utterance| {
            utterance.id > judged
                && !utterance.is_typed
                && !utterance.is_left_out()
                && utterance.acknowledged_at.is_none()
        })
    }

    /// The pauses of the open turn that began at or after `moment`, between utterances in which
    /// something was said, each with the utterance that ended it.
    pub(crate) fn pauses(
        &self,
        moment: Instant,
    ) -> impl Iterator<Item = (UtteranceId, Duration)> + '_ {
        let mut before: Option<Instant> = None;
        let settled = self.said().filter(|utterance| !utterance.is_awaited());
        settled.filter_map(move |utterance| {
            let ended_at = std::mem::replace(&mut before, utterance.ended_at)?;
            let pause = utterance.onset.since(ended_at);
            (ended_at >= moment).then_some((utterance.id, pause))
        })
    }

    /// Whether something was said in speech that began at or after `moment`.
    pub(crate) fn is_said_since(&self, moment: Instant) -> bool {
        self.said().any(|utterance| utterance.onset >= moment)
    }

    /// Utterances in which something was said; acknowledgements are none.
    fn said(&self) -> impl Iterator<Item = &Utterance> {
        self.utterances.iter().filter(|utterance| {
            utterance.counts() && utterance.words_beyond > 0 && !utterance.is_typed
        })
    }

    /// When the last words of the turn that was closed last were spoken.
    pub(crate) fn closed_at(&self) -> Option<Instant> {
        self.closed.ended_at()
    }
}

fn ending(text: &str, patience: SpellingPatience) -> Ending {
    let spelling = match patience {
        SpellingPatience::Auto if !is_question(text) => spelling(text),
        SpellingPatience::Auto | SpellingPatience::Off => Spelling::None,
    };
    match spelling {
        Spelling::Short => Ending::SpelledShort,
        Spelling::Open => Ending::Spelled,
        Spelling::Complete => Ending::Whole,
        Spelling::None => crate::ending::ending(text),
    }
}
