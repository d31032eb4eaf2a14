//! What the server says.

use serde::Deserialize;

use crate::hosted::{TimedResult, TimedWord};

/// A message; what is not known is passed over.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub(super) enum Event {
    Begin,
    Turn(Turn),
    Error {
        #[serde(default)]
        error_code: u16,
        #[serde(default)]
        error: String,
    },
    #[serde(other)]
    Other,
}

/// A turn as it is believed, or settled. Nothing in it is required.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Turn {
    end_of_turn: bool,
    turn_is_formatted: bool,
    /// Words that do not change any more; all of them at the end of the turn.
    transcript: String,
    words: Vec<Word>,
}

/// A word, with milliseconds of the audio of this connection.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Word {
    text: String,
    start: f64,
    end: f64,
}

/// What is heard in a turn, of which nothing is told but its words: it reaches to the end of the
/// last of them.
pub(super) fn result(turn: Turn, waits_for_format: bool) -> TimedResult {
    let is_final = turn.end_of_turn && (turn.turn_is_formatted || !waits_for_format);
    let words = turn.words.into_iter().map(|word| TimedWord {
        text: word.text,
        start: word.start / 1_000.0,
        end: word.end / 1_000.0,
    });
    let words: Vec<TimedWord> = words.collect();
    let start = words.first().map_or(0.0, |word| word.start);
    let end = words.last().map_or(start, |word| word.end);
    TimedResult {
        start,
        end,
        is_final,
        is_answer: is_final,
        is_pause: false,
        // Of a turn that goes on it lacks the words that may change.
        text: if turn.end_of_turn {
            turn.transcript
        } else {
            String::new()
        },
        words,
    }
}
