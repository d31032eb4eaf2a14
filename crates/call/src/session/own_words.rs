//! The agent's own words on the caller's line: what recognition makes of an echo that the
//! canceller let through. Goes by text alone; sound is the business of `media::EchoGuard`.

use std::collections::VecDeque;
use std::time::Duration;

use offhook_turn_taking::{HeardText, Instant, UtteranceId};

/// How long a word stays in memory after it was heard.
const KEPT: Duration = Duration::from_secs(12);
/// How much earlier than the caller's first sound an echoed word can have been played: the delay
/// of the line, and a word's own length.
const BEFORE_ONSET: Duration = Duration::from_millis(2_500);
/// How long after the agent's last word an utterance can still begin with its echo.
const ECHO_TAIL: Duration = Duration::from_millis(800);
/// Utterances that are remembered as having begun over the agent.
const OVERLAPS_MAX: usize = 8;
/// Words in a row that are no chance.
const RUN_MIN: usize = 3;

/// What a transcript holds beside the agent's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sifted {
    /// Nothing of it is the agent's.
    Kept,
    /// All of it is.
    Echo,
    /// The agent's words at its beginning or end are left out.
    Rest(String),
}

/// A word of the agent, and when it was known to have been heard.
#[derive(Debug)]
struct Spoken {
    word: String,
    at: Instant,
}

/// What the agent said lately, and which of the caller's utterances began over it.
#[derive(Debug, Default)]
pub(super) struct OwnWords {
    spoken: VecDeque<Spoken>,
    /// Bytes of the live reply that are in `spoken`.
    text_end: usize,
    overlaps: VecDeque<Overlap>,
}

/// An utterance of the caller that began over the agent.
#[derive(Debug)]
struct Overlap {
    utterance: UtteranceId,
    onset: Instant,
    /// Its words took the floor: the agent fell silent while it was being spoken.
    has_floor: bool,
}

impl OwnWords {
    /// Another reply begins to be heard.
    pub(super) fn begin(&mut self) {
        self.text_end = 0;
    }

    /// Of the live reply, `text` was heard up to `end`, at the end of a word.
    pub(super) fn heard(&mut self, text: &str, end: usize, now: Instant) {
        let Some(new) = text.get(self.text_end..end) else {
            return;
        };
        self.text_end = end;
        self.spoken
            .extend(words(new).map(|word| Spoken { word, at: now }));
        while self
            .spoken
            .front()
            .is_some_and(|spoken| now.since(spoken.at) > KEPT)
        {
            self.spoken.pop_front();
        }
    }

    /// The live reply, whose whole text is `text`, is over.
    pub(super) fn ended(&mut self, text: &str, heard: &HeardText, now: Instant) {
        let end = match heard {
            HeardText::Known(heard) => text.find(heard.as_str()).map(|start| start + heard.len()),
            HeardText::Unknown => Some(text.len()),
        };
        self.heard(text, end.unwrap_or(0), now);
    }

    /// The caller began to speak at `onset`; the agent can be heard, or could last be heard
    /// lately.
    pub(super) fn speech_started(&mut self, utterance: UtteranceId, onset: Instant, is_over: bool) {
        let is_in_tail = self
            .spoken
            .back()
            .is_some_and(|last| onset.since(last.at) <= ECHO_TAIL);
        if is_over || is_in_tail {
            if self.overlaps.len() == OVERLAPS_MAX {
                self.overlaps.pop_front();
            }
            self.overlaps.push_back(Overlap {
                utterance,
                onset,
                has_floor: false,
            });
        }
    }

    /// Words of the caller stopped the agent: what is said from now on is no echo, and the newest
    /// utterance is not all echo either, even where the caller repeats the agent's words.
    pub(super) fn floor_taken(&mut self) {
        if let Some(overlap) = self.overlaps.back_mut() {
            overlap.has_floor = true;
        }
    }

    /// Looks for the agent's words in a transcript. With `may_be_short` a single word or two are
    /// believed to be an echo: where the sound of the line showed one, or while more is to come.
    pub(super) fn sift(&self, utterance: UtteranceId, text: &str, may_be_short: bool) -> Sifted {
        let mut overlaps = self.overlaps.iter();
        let Some(overlap) = overlaps.find(|it| it.utterance == utterance) else {
            return Sifted::Kept;
        };
        let recent: Vec<&str> = self
            .spoken
            .iter()
            .filter(|spoken| spoken.at + BEFORE_ONSET >= overlap.onset)
            .map(|spoken| spoken.word.as_str())
            .collect();
        let said: Vec<String> = words(text).collect();
        if said.is_empty() || recent.is_empty() {
            return Sifted::Kept;
        }
        if !overlap.has_floor && is_echo(&said, &recent, may_be_short) {
            return Sifted::Echo;
        }
        let lead = run_at(&said, &recent, End::Beginning);
        if lead >= RUN_MIN {
            return Sifted::Rest(without(text, 0, lead));
        }
        let trail = run_at(&said, &recent, End::End);
        if !overlap.has_floor && trail >= RUN_MIN {
            return Sifted::Rest(without(text, said.len() - trail, said.len()));
        }
        Sifted::Kept
    }
}

/// Whether so many of the words stand close together in what was played that the rest is
/// misrecognised.
fn is_echo(said: &[String], recent: &[&str], may_be_short: bool) -> bool {
    if said.len() < RUN_MIN {
        return may_be_short
            && recent
                .windows(said.len())
                .any(|window| said.iter().zip(window).all(|(one, other)| one == other));
    }
    // A word of four may be wrong; of three, none.
    let required = said.len() - said.len() / 4;
    let span = said.len() + said.len() / 3 + 1;
    let starts = 0..recent.len().saturating_sub(required - 1);
    starts
        .into_iter()
        .any(|start| in_order(said, &recent[start..recent.len().min(start + span)]) >= required)
}

/// How many of the words stand in `window` in the same order.
fn in_order(said: &[String], window: &[&str]) -> usize {
    let mut row = vec![0; window.len() + 1];
    for word in said {
        let mut diagonal = 0;
        for (column, other) in window.iter().enumerate() {
            let above = row[column + 1];
            row[column + 1] = if is_alike(word, other) {
                diagonal + 1
            } else {
                above.max(row[column])
            };
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[derive(Debug, Clone, Copy)]
enum End {
    Beginning,
    End,
}

/// The longest run of words at one end of what was said that was played just so; less than all.
fn run_at(said: &[String], recent: &[&str], end: End) -> usize {
    let fits = |count: usize| {
        let part = match end {
            End::Beginning => &said[..count],
            End::End => &said[said.len() - count..],
        };
        recent.windows(count).any(|window| {
            part.iter()
                .zip(window)
                .all(|(one, other)| is_alike(one, other))
        })
    };
    (RUN_MIN..said.len())
        .take_while(|&count| fits(count))
        .last()
        .unwrap_or(0)
}

/// Whether recognition may have made one of the other: the same, or long and one letter apart.
fn is_alike(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if short.len() < 4 || long.len() - short.len() > 1 {
        return false;
    }
    let same_start = short
        .bytes()
        .zip(long.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let rest = short.len() - same_start;
    let same_end = short
        .bytes()
        .rev()
        .zip(long.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    rest <= same_end + 1 && (rest <= same_end || short.len() == long.len())
}

/// The text without its words `from..to`.
fn without(text: &str, from: usize, to: usize) -> String {
    let mut count = 0;
    let kept = text.split_whitespace().filter(|piece| {
        let first = count;
        count += words(piece).count();
        !(from..to).contains(&first) || count == first
    });
    kept.collect::<Vec<_>>().join(" ")
}

/// The words of a text, lower case, without punctuation.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
        .map(|word| word.trim_matches('\'').to_lowercase())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &str = "We are open on Saturday from nine to noon, and on weekdays from eight.";
    const UTTERANCE: UtteranceId = UtteranceId(1);

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    /// What becomes of `text`, which began over the agent after `heard` of [`REPLY`].
    fn sifted(heard: &str, text: &str, may_be_short: bool) -> Sifted {
        let mut own = OwnWords::default();
        own.begin();
        own.heard(REPLY, heard.len(), at(3_000));
        own.speech_started(UTTERANCE, at(2_000), true);
        own.sift(UTTERANCE, text, may_be_short)
    }

    #[test]
    fn the_agents_own_words_are_echo_even_where_some_are_misheard() {
        for text in [
            "we are open on Saturday",
            "Open on Saturdays from nine.",
            "are open and Saturday from nine to noon",
            "on weekdays from eight",
        ] {
            assert_eq!(sifted(REPLY, text, false), Sifted::Echo, "{text}");
        }
    }

    #[test]
    fn what_the_caller_says_is_kept() {
        for text in [
            "Are you open on Sunday?",
            "Stop, I want to talk to a person.",
            "From when to when?",
            "on Saturday",
            "nine",
            "",
        ] {
            assert_eq!(sifted(REPLY, text, false), Sifted::Kept, "{text}");
        }
    }

    #[test]
    fn words_that_were_not_played_yet_are_the_callers() {
        let heard = "We are open";
        assert_eq!(sifted(heard, "on Saturday from nine", false), Sifted::Kept);
    }

    #[test]
    fn a_single_word_is_echo_where_the_line_echoes() {
        assert_eq!(sifted(REPLY, "Saturday.", true), Sifted::Echo);
        assert_eq!(sifted(REPLY, "Sunday.", true), Sifted::Kept);
        assert_eq!(sifted(REPLY, "Stop.", true), Sifted::Kept);
    }

    #[test]
    fn the_callers_words_beside_the_echo_are_kept() {
        let rest = |text: &str| Sifted::Rest(text.to_owned());
        assert_eq!(
            sifted(
                REPLY,
                "We are open on Saturday. No, stop, please wait.",
                false
            ),
            rest("No, stop, please wait.")
        );
        assert_eq!(
            sifted(REPLY, "Hang on a second please from nine to noon", false),
            rest("Hang on a second please")
        );
    }

    #[test]
    fn after_the_agent_has_ended_the_same_words_are_the_callers() {
        let mut own = OwnWords::default();
        own.begin();
        own.heard(REPLY, REPLY.len(), at(3_000));
        own.speech_started(UTTERANCE, at(4_500), false);
        let text = "on Saturday from nine to noon";
        assert_eq!(own.sift(UTTERANCE, text, true), Sifted::Kept);
        // But its echo may begin a little late.
        own.speech_started(UtteranceId(2), at(3_400), false);
        assert_eq!(own.sift(UtteranceId(2), text, true), Sifted::Echo);
    }

    #[test]
    fn old_words_are_forgotten() {
        let mut own = OwnWords::default();
        own.heard(REPLY, REPLY.len(), at(3_000));
        own.begin();
        own.heard("Fine.", 5, at(30_000));
        assert_eq!(own.spoken.len(), 1);
    }

    #[test]
    fn words_one_letter_apart_are_alike() {
        for (one, other) in [
            ("eight", "eights"),
            ("noon", "moon"),
            ("weekday", "weekdays"),
        ] {
            assert!(
                is_alike(one, other) && is_alike(other, one),
                "{one} {other}"
            );
        }
        for (one, other) in [("to", "two"), ("open", "opera"), ("nine", "fine day")] {
            assert!(
                !is_alike(one, other) && !is_alike(other, one),
                "{one} {other}"
            );
        }
    }
}
