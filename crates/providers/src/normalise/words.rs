//! Plain words and marks: what is left of a text after the rules took what they can read.

use std::ops::Range;

use super::numbers::{cardinal, digits};
use super::{Mark, Said, Spoken};

/// Symbols that are said.
const SYMBOLS: [(char, &str); 15] = [
    ('&', "and"),
    ('@', "at"),
    ('%', "percent"),
    ('+', "plus"),
    ('=', "equals"),
    ('×', "times"),
    ('÷', "divided by"),
    ('°', "degrees"),
    ('$', "dollars"),
    ('€', "euros"),
    ('£', "pounds"),
    ('©', "copyright"),
    ('±', "plus or minus"),
    ('≈', "about"),
    ('§', "section"),
];

/// Appends what `text[within]` says.
pub(super) fn push_plain(out: &mut Vec<Spoken>, text: &str, within: Range<usize>) {
    let mut at = within.start;
    while let Some(character) = text[at..within.end].chars().next() {
        let after = at + character.len_utf8();
        if character.is_alphanumeric() {
            let end = word_end(text, at, within.end);
            push_word(out, &text[at..end], at);
            at = end;
            continue;
        }
        if let Some(mark) = mark_at(text, at, within.end) {
            push_mark(out, mark, at..after);
        } else if let Some(said) = symbol(text, at, &within) {
            push_said(out, said, at..after);
        }
        at = after;
    }
}

/// Appends `said`, in the notation of the rules: words, single capitals as letters, marks.
pub(super) fn push_said(out: &mut Vec<Spoken>, said: &str, source: Range<usize>) {
    for token in said.split_whitespace() {
        let word = token.trim_end_matches([',', '.']);
        let mut letters = word.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) if letter.is_uppercase() => {
                out.push(Spoken {
                    said: Said::Letter(letter),
                    source: source.clone(),
                });
            }
            (Some(_), _) => {
                let said = Said::Word(word.to_owned());
                out.push(Spoken {
                    said,
                    source: source.clone(),
                });
            }
            (None, _) => {}
        }
        if word.len() < token.len() {
            push_mark(out, Mark::Comma, source.end..source.end);
        }
    }
}

/// Appends a mark. Of several in a row the stronger stays; none comes before the first word.
pub(super) fn push_mark(out: &mut Vec<Spoken>, mark: Mark, source: Range<usize>) {
    match out.last_mut() {
        None => {}
        Some(Spoken {
            said: Said::Mark(last),
            source: place,
        }) => {
            place.end = place.end.max(source.end);
            *last = mark.max(*last);
        }
        Some(_) => out.push(Spoken {
            said: Said::Mark(mark),
            source,
        }),
    }
}

fn word_end(text: &str, start: usize, limit: usize) -> usize {
    let mut end = start;
    let mut rest = text[start..limit].chars().peekable();
    while let Some(character) = rest.next() {
        let is_inner = is_apostrophe(character) || matches!(character, '-' | '‐' | '‑');
        let goes_on = rest.peek().is_some_and(|next| next.is_alphanumeric());
        let is_possessive = is_apostrophe(character) && text[start..end].ends_with('s');
        if !(character.is_alphanumeric() || is_mark_of_letter(character))
            && !(is_inner && (goes_on || is_possessive))
        {
            break;
        }
        end += character.len_utf8();
    }
    end
}

/// A word with its apostrophes made plain; digits in it are said apart from its letters.
fn push_word(out: &mut Vec<Spoken>, written: &str, start: usize) {
    let source = start..start + written.len();
    if !written.chars().any(|character| character.is_numeric()) {
        let plain: String = written.chars().map(plain_character).collect();
        out.push(Spoken {
            said: Said::Word(plain),
            source,
        });
        return;
    }
    let mut rest = written;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest
            .find(|next: char| next.is_ascii_digit() != is_digit)
            .unwrap_or(rest.len());
        let (part, tail) = rest.split_at(end);
        rest = tail;
        if is_digit {
            let said = match part.parse::<u64>() {
                Ok(value) if part.len() < 4 && !part.starts_with('0') => cardinal(value),
                _ => digits(part),
            };
            push_said(out, &said, source.clone());
        } else {
            let letters = part.trim_matches(|edge: char| !edge.is_alphabetic());
            if !letters.is_empty() {
                let plain: String = letters.chars().map(plain_character).collect();
                out.push(Spoken {
                    said: Said::Word(plain),
                    source: source.clone(),
                });
            }
        }
    }
}

fn mark_at(text: &str, at: usize, limit: usize) -> Option<Mark> {
    let mut rest = text[at..limit].chars();
    let character = rest.next()?;
    let next = rest.next();
    let is_spaced = |next: Option<char>| next.is_none_or(char::is_whitespace);
    let before = text[..at].chars().next_back();
    match character {
        ',' | '、' | '，' | '(' | ')' | '[' | ']' | '{' | '}' => Some(Mark::Comma),
        ';' => Some(Mark::Semicolon),
        ':' => Some(Mark::Colon),
        '.' if next == Some('.') => Some(Mark::Ellipsis),
        '.' | '。' => Some(Mark::Period),
        '?' | '？' => Some(Mark::Question),
        '!' | '！' => Some(Mark::Exclamation),
        '…' => Some(Mark::Ellipsis),
        '—' | '―' => Some(Mark::Dash),
        '–' => Some(Mark::Dash),
        '-' if next == Some('-') || (is_spaced(before) && is_spaced(next)) => Some(Mark::Dash),
        '\n' => Some(Mark::Period),
        _ => None,
    }
}

fn symbol(text: &str, at: usize, within: &Range<usize>) -> Option<&'static str> {
    let mut rest = text[at..within.end].chars();
    let character = rest.next()?;
    let next = rest.next().or_else(|| text[within.end..].chars().next());
    let next_word = text[at + character.len_utf8()..]
        .trim_start()
        .chars()
        .next();
    let is_number_next = next_word.is_some_and(|next| next.is_ascii_digit());
    match character {
        '~' if is_number_next => Some("about"),
        '<' if is_number_next => Some("less than"),
        '>' if is_number_next => Some("more than"),
        '#' if next.is_some_and(char::is_alphabetic) => Some("hashtag"),
        '/' if next.is_some_and(char::is_alphanumeric) && at > 0 => {
            text[..at].ends_with(char::is_alphanumeric).then_some("or")
        }
        _ => SYMBOLS
            .iter()
            .find(|(symbol, _)| *symbol == character)
            .map(|(_, said)| *said),
    }
}

fn plain_character(character: char) -> char {
    match character {
        '’' | '‘' | 'ʼ' | '`' => '\'',
        '‐' | '‑' => '-',
        _ => character,
    }
}

fn is_apostrophe(character: char) -> bool {
    plain_character(character) == '\''
}

/// Combining marks, which belong to the letter before them.
fn is_mark_of_letter(character: char) -> bool {
    ('\u{300}'..='\u{36F}').contains(&character)
}
