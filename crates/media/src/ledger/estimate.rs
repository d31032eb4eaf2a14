//! When each word is spoken, guessed from the text where the voice does not say.

use super::{Entry, Mark};

/// Below this (−44 dBFS) a sample is taken as silence.
const SILENCE: u16 = 200;

/// The first and one past the last sample that is not silence, counted from `start`; empty where
/// all is silent.
pub(super) fn voiced(samples: &[i16], start: u64) -> (u64, u64) {
    let is_loud = |sample: &i16| sample.unsigned_abs() > SILENCE;
    match (
        samples.iter().position(is_loud),
        samples.iter().rposition(is_loud),
    ) {
        (Some(first), Some(last)) => (start + first as u64, start + last as u64 + 1),
        _ => (start, start),
    }
}

/// The entry's words, each with a share of the voiced audio by how long it takes to say.
pub(super) fn marks(entry: &Entry) -> Vec<Mark> {
    let (from, to) = match entry.voiced {
        (from, to) if from < to => (from, to),
        _ => (entry.start, entry.end),
    };
    let words = words(&entry.text);
    let total: u64 = words
        .iter()
        .map(|word| word.weight + word.pause)
        .sum::<u64>()
        - words.last().map_or(0, |word| word.pause);
    let mut before = 0;
    words
        .iter()
        .map(|word| {
            let start = from + (to - from) * before / total.max(1);
            let end = from + (to - from) * (before + word.weight) / total.max(1);
            before += word.weight + word.pause;
            Mark {
                text_end: entry.text_start + word.text_end,
                start,
                end,
            }
        })
        .collect()
}

/// A word's end in the text, and how long it and the pause behind it last in the time of a letter.
struct Word {
    text_end: usize,
    weight: u64,
    pause: u64,
}

/// Words end at whitespace, and after each character of a script that does not write it.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut weight, mut pause) = (0, 0);
    for (index, character) in text.char_indices() {
        let text_end = index + character.len_utf8();
        if !character.is_whitespace() {
            weight += letters(character);
            pause = pause_after(character);
        }
        let next = text.get(text_end..).and_then(|rest| rest.chars().next());
        let is_end = next.is_none_or(|next| {
            let is_between = is_unspaced(character) || is_unspaced(next);
            next.is_whitespace() || (is_between && next.is_alphanumeric())
        });
        if is_end && weight > 0 {
            words.push(Word {
                text_end,
                weight,
                pause,
            });
            (weight, pause) = (0, 0);
        }
    }
    words
}

/// How many letters' time a character takes: a digit is a word of its own.
fn letters(character: char) -> u64 {
    match character {
        _ if character.is_numeric() => 4,
        _ if is_unspaced(character) => 3,
        '$' | '€' | '£' | '%' | '@' | '&' => 6,
        _ => 1,
    }
}

/// The pause behind a word that ends so.
fn pause_after(last: char) -> u64 {
    match last {
        '.' | '!' | '?' | '…' | '。' | '！' | '？' => 8,
        ',' | ';' | ':' | '、' | '，' | '；' | '：' => 4,
        _ if is_unspaced(last) => 0,
        _ => 1,
    }
}

/// Han and kana: written without spaces between words.
fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}
