//! What the caller says in the open turn: utterances merged in order, whatever the order in which
//! their transcripts come, and whether they come late, twice, or empty. It decides nothing.

mod account;

use std::time::Duration;

use crate::closed_turn::{ClosedTurn, Heard};
use crate::ending::Ending;
use crate::utterance::{Recognition, Utterance, Vocabulary, merge, put_before};
use crate::wording::{has_words, is_same, words};
use crate::{Instant, SpellingPatience, TurnPolicy, UtteranceId};

/// Utterances with nothing in them that are remembered, for a transcript that comes very late.
const NOTHINGS_MAX: usize = 16;
/// Emptied texts that are kept for their room.
const SPARE_TEXTS_MAX: usize = 32;

/// The caller's open turn, and the one closed last.
#[derive(Debug)]
pub(crate) struct CallerTurn {
    vocabulary: Vocabulary,
    spelling_patience: SpellingPatience,
    /// Words of turns whose reply nobody heard, given back.
    carried: String,
    /// Since when they wait for an answer even if the caller adds nothing.
    carried_open_since: Option<Instant>,
    /// In the order of their ids.
    utterances: Vec<Utterance>,
    closed: ClosedTurn,
    closed_through: UtteranceId,
    /// All words of the open turn.
    text: String,
    /// How they end; `None` until somebody has looked since they changed.
    ending: Option<Ending>,
    /// How long after the end of speech the newest final transcript came.
    transcript_delay: Option<Duration>,
    spare: Vec<String>,
}

impl CallerTurn {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        Self {
            vocabulary: Vocabulary::new(policy),
            spelling_patience: policy.spelling_patience,
            carried: String::new(),
            carried_open_since: None,
            utterances: Vec::new(),
            closed: ClosedTurn::default(),
            closed_through: UtteranceId(0),
            text: String::new(),
            ending: None,
            transcript_delay: None,
            spare: Vec::new(),
        }
    }

    /// Weighs words by another policy from now on.
    pub(crate) fn succeed(&mut self, policy: &TurnPolicy) {
        self.vocabulary = Vocabulary::new(policy);
        self.spelling_patience = policy.spelling_patience;
    }

    /// The utterance that was going on where its end was missed; it counts as ended now.
    pub(crate) fn start(
        &mut self,
        id: UtteranceId,
        onset: Instant,
        now: Instant,
    ) -> Option<UtteranceId> {
        if id <= self.closed_through {
            return None;
        }
        let missed = self.speaking().filter(|speaking| *speaking != id);
        if let Some(missed) = missed {
            if missed > id {
                return None;
            }
            self.stop(missed, now);
        }
        let at = self.open(id, onset);
        let utterance = &mut self.utterances[at];
        if !utterance.is_speaking() {
            utterance.onset = if utterance.is_spoken {
                utterance.onset
            } else {
                onset
            };
            utterance.ended_at = None;
            utterance.likelihood = None;
            utterance.is_spoken = true;
            utterance.recognition = Recognition::Awaited;
            if std::mem::take(&mut utterance.is_disregarded) {
                self.weigh();
            }
        }
        missed
    }

    /// Whether the utterance was going on and its final transcript is still to come.
    pub(crate) fn stop(&mut self, id: UtteranceId, ended_at: Instant) -> bool {
        let utterance = self
            .utterances
            .iter_mut()
            .find(|utterance| utterance.is_spoken_as(id));
        let Some(utterance) = utterance.filter(|utterance| utterance.is_speaking()) else {
            return false;
        };
        utterance.ended_at = Some(ended_at.max(utterance.onset));
        let is_awaited = utterance.is_awaited();
        self.forget_nothings();
        is_awaited
    }

    pub(crate) fn hear(
        &mut self,
        id: UtteranceId,
        text: &str,
        is_final: bool,
        now: Instant,
    ) -> Heard {
        if id <= self.closed_through {
            if !is_final {
                return Heard::Nothing;
            }
            let (heard, delay) = self.closed.hear(id, text, &self.vocabulary, now);
            self.transcript_delay = delay.or(self.transcript_delay);
            return heard;
        }
        let is_known = self
            .utterances
            .iter()
            .any(|utterance| utterance.is_spoken_as(id));
        if !is_known {
            if !has_words(text) {
                return Heard::Nothing;
            }
            let buffer = self.buffer();
            self.insert(Utterance::unheard(id, now, buffer));
        }
        let at = self.open(id, now);
        let utterance = &mut self.utterances[at];
        // An interim transcript that comes after the final one is old, unless the caller speaks on.
        if !is_final && utterance.recognition == Recognition::Final {
            if !utterance.is_speaking() || words(text).count() <= words(&utterance.text).count() {
                return Heard::Nothing;
            }
            utterance.recognition = Recognition::Awaited;
        }
        let is_news = !is_same(&utterance.text, text);
        if is_final {
            let was_final = utterance.recognition == Recognition::Final;
            let ended_at = utterance.ended_at.filter(|_| utterance.is_spoken);
            if let Some(ended_at) = ended_at.filter(|_| !was_final) {
                self.transcript_delay = Some(now.since(ended_at));
            }
            utterance.recognition = Recognition::Final;
            if was_final && !is_news {
                return Heard::Nothing;
            }
        } else if !is_news {
            return Heard::Nothing;
        }
        if is_news {
            utterance.acknowledged_at = None;
            if !utterance.is_spoken {
                utterance.ended_at = Some(now);
            }
        }
        if utterance.text != text.trim() {
            utterance.set_text(text, &self.vocabulary);
            self.weigh();
        }
        Heard::Change
    }

    /// The caller seems to pause after what was told of the utterance that is being spoken.
    pub(crate) fn pause(&mut self, id: UtteranceId) {
        let utterance = self
            .utterances
            .iter_mut()
            .find(|utterance| utterance.is_spoken_as(id));
        if let Some(utterance) = utterance.filter(|it| it.is_speaking() && it.is_awaited()) {
            utterance.is_paused = true;
        }
    }

    /// The moment of the pause is over; whether the caller speaks on is not known.
    pub(crate) fn go_on(&mut self, id: UtteranceId) {
        let mut utterances = self.utterances.iter_mut();
        if let Some(utterance) = utterances.find(|utterance| utterance.is_spoken_as(id)) {
            utterance.is_paused = false;
        }
    }

    pub(crate) fn judge(&mut self, id: UtteranceId, likelihood: f32) {
        if likelihood.is_nan() {
            return;
        }
        let utterance = self
            .utterances
            .iter_mut()
            .find(|utterance| utterance.is_spoken_as(id));
        if let Some(utterance) = utterance {
            utterance.likelihood = Some(likelihood.clamp(0.0, 1.0));
        }
    }

    /// What was typed counts as said after all that was said so far.
    pub(crate) fn type_in(&mut self, text: &str, now: Instant) {
        let last = self
            .utterances
            .last()
            .map_or(self.closed_through, |utterance| utterance.id);
        let buffer = self.buffer();
        self.insert(Utterance::typed(last, text.trim(), now, buffer));
        self.weigh();
    }

    /// No transcript is waited for any more; what is known counts.
    pub(crate) fn give_up(&mut self) {
        for utterance in &mut self.utterances {
            if utterance.is_awaited() && !utterance.is_speaking() {
                utterance.recognition = Recognition::GivenUp;
            }
        }
    }

    /// The utterance was said over an agent that cannot be stopped: it is as if it had not been.
    pub(crate) fn disregard(&mut self, id: UtteranceId) {
        let utterance = self
            .utterances
            .iter_mut()
            .find(|utterance| utterance.is_spoken_as(id) && !utterance.is_speaking());
        if let Some(utterance) = utterance {
            utterance.is_disregarded = true;
            if utterance.is_awaited() {
                utterance.recognition = Recognition::GivenUp;
            }
            self.weigh();
        }
    }

    /// Whose voice the utterance is: what a stranger says, who is so like the caller, belongs to no
    /// turn. Whether that changes anything.
    pub(crate) fn attribute(&mut self, id: UtteranceId, stranger: Option<f32>) -> bool {
        let utterance = self
            .utterances
            .iter_mut()
            .find(|utterance| utterance.is_spoken_as(id));
        let Some(utterance) = utterance else {
            return false;
        };
        let is_change = utterance.is_strangers() != stranger.is_some();
        utterance.stranger = stranger;
        if is_change {
            self.forget_nothings();
            self.weigh();
        }
        is_change
    }

    /// How long after the end of speech a final transcript came, once for each.
    pub(crate) fn take_transcript_delay(&mut self) -> Option<Duration> {
        self.transcript_delay.take()
    }

    /// Utterances up to this one were mere acknowledgements, or too short to be words.
    pub(crate) fn acknowledge(&mut self, through: UtteranceId, is_reply_heard: bool, now: Instant) {
        let judged = self
            .utterances
            .iter_mut()
            .filter(|utterance| utterance.id <= through);
        for utterance in judged.filter(|utterance| !utterance.is_typed && utterance.counts()) {
            if utterance.words_over(is_reply_heard) == 0 {
                utterance.acknowledged_at = Some(now);
            }
        }
        self.weigh();
    }

    /// Acknowledgements since `moment` were answers after all: the agent had all but finished.
    pub(crate) fn revive(&mut self, moment: Instant) {
        for utterance in &mut self.utterances {
            if utterance.acknowledged_at.is_some_and(|at| at >= moment) {
                utterance.acknowledged_at = None;
            }
        }
        self.weigh();
    }

    /// Ends the turn.
    pub(crate) fn close(&mut self) {
        let last = self.utterances.last().map(|utterance| utterance.id);
        self.closed_through = last.unwrap_or_default().max(self.closed_through);
        self.carried_open_since = None;
        self.closed.replace(&mut self.carried, &mut self.utterances);
        for utterance in self.utterances.drain(..) {
            keep_room(&mut self.spare, utterance);
        }
        self.weigh();
    }

    /// Nobody heard the reply to these words: they belong to the open turn again. With
    /// `open_since` they want an answer even if what the caller adds turns out to be nothing.
    pub(crate) fn give_back(&mut self, text: &str, open_since: Option<Instant>) {
        put_before(text, &mut self.carried);
        self.carried_open_since = open_since.or(self.carried_open_since);
        self.weigh();
    }

    /// Words that came too late for the closed turn belong to the open one.
    pub(crate) fn adopt(&mut self, orphan: UtteranceId) {
        if let Some(utterance) = self.closed.part_with(orphan) {
            self.insert(utterance);
            self.weigh();
        }
    }

    /// Nobody heard the reply to these words: they belong to the turn that was closed last.
    pub(crate) fn give_to_closed(&mut self, text: &str) {
        self.closed.take_back(text);
    }

    fn open(&mut self, id: UtteranceId, onset: Instant) -> usize {
        match self
            .utterances
            .iter()
            .position(|utterance| utterance.is_spoken_as(id))
        {
            Some(at) => at,
            None => {
                let buffer = self.buffer();
                self.insert(Utterance::starting(id, onset, buffer))
            }
        }
    }

    fn insert(&mut self, utterance: Utterance) -> usize {
        let at = self
            .utterances
            .partition_point(|before| before.id <= utterance.id);
        self.utterances.insert(at, utterance);
        at
    }

    fn forget_nothings(&mut self) {
        let nothings = self
            .utterances
            .iter()
            .filter(|utterance| utterance.is_nothing())
            .count();
        for _ in NOTHINGS_MAX..nothings {
            if let Some(at) = self.utterances.iter().position(Utterance::is_nothing) {
                keep_room(&mut self.spare, self.utterances.remove(at));
            }
        }
    }

    /// An empty text, with room from one that is gone where there is any.
    fn buffer(&mut self) -> String {
        self.spare.pop().unwrap_or_default()
    }

    /// The words of the open turn changed.
    fn weigh(&mut self) {
        merge(&mut self.text, &self.carried, &self.utterances);
        self.ending = None;
    }
}

fn keep_room(spare: &mut Vec<String>, utterance: Utterance) {
    if spare.len() < SPARE_TEXTS_MAX {
        let mut text = utterance.text;
        text.clear();
        spare.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standing::Standing;

    fn turn() -> CallerTurn {
        CallerTurn::new(&TurnPolicy::default())
    }

    fn say(turn: &mut CallerTurn, number: u32, text: &str) {
        let (id, now) = (
            UtteranceId(number),
            Instant::from_millis(u64::from(number) * 1_000),
        );
        turn.start(id, now, now);
        turn.stop(id, now);
        turn.hear(id, text, true, now);
    }

    #[test]
    fn noises_do_not_pile_up() {
        let mut turn = turn();
        say(&mut turn, 1, "a table");
        for number in 2..500 {
            say(&mut turn, number, "");
        }
        assert!(
            turn.utterances.len() <= NOTHINGS_MAX + 2,
            "{}",
            turn.utterances.len()
        );
        assert_eq!(turn.text(), "a table");
    }

    #[test]
    fn words_that_come_back_stand_before_the_new_ones() {
        let mut turn = turn();
        say(&mut turn, 1, "A table");
        assert_eq!(turn.text(), "A table");
        turn.close();
        say(&mut turn, 2, "for four.");
        turn.give_back("A table", None);
        assert_eq!(turn.text(), "A table for four.");
        turn.close();
        assert_eq!(turn.closed_text(), "A table for four.");
        assert_eq!(turn.text(), "");
    }

    #[test]
    fn an_old_utterance_is_never_taken_again() {
        let mut turn = turn();
        say(&mut turn, 4, "A table");
        turn.close();
        say(&mut turn, 4, "Another");
        say(&mut turn, 2, "And another");
        assert_eq!(turn.standing(), Standing::default());
    }

    #[test]
    fn a_typed_message_is_not_mistaken_for_the_speech_before_it() {
        let mut turn = turn();
        say(&mut turn, 1, "A table");
        turn.type_in("for four", Instant::from_millis(2_000));
        turn.hear(
            UtteranceId(1),
            "Two tables",
            true,
            Instant::from_millis(2_100),
        );
        assert_eq!(turn.text(), "Two tables for four");
    }
}
