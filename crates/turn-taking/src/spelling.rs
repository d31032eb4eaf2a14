//! Whether the caller is in the middle of something that is said piece by piece: a number, a code,
//! a name letter by letter, an e-mail address, a date. Such pieces sound finished each time, so the
//! sound alone would cut them. Only the end of the text is looked at.

use crate::lexicon::{Kind, Token};
use crate::wording::words;

/// How far something that is said piece by piece has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Nothing of the kind.
    None,
    /// It may be all and may go on: a code has no known length.
    Open,
    /// It is too short to be all.
    Short,
    /// It is all: an address with its end, a number with all its digits.
    Complete,
}

/// Words of the end that are looked at.
const TAIL: usize = 24;
/// Words that can stand between what is announced and its pieces.
const LINKS_MAX: usize = 5;

/// Digits of the shortest telephone number that callers dictate.
const PHONE_DIGITS_MIN: usize = 7;
/// Digits of a telephone number with its area code.
const PHONE_DIGITS: usize = 10;
/// Digits of a payment card (ISO/IEC 7812: 15 or 16 where cards are common).
const CARD_DIGITS: usize = 16;
/// Letters or pieces in a row that are spelled although nobody announced it.
const PIECES_MIN: usize = 3;

/// What is said at the end of `text`.
pub(crate) fn spelling(text: &str) -> Spelling {
    let mut tail = [Token::NONE; TAIL];
    let mut count = 0;
    for word in words(text).rev().take(TAIL) {
        count += 1;
        tail[TAIL - count] = Token::new(word);
    }
    let tail = &tail[TAIL - count..];
    match crate::address::address(text, tail) {
        Spelling::None => {}
        known => return known,
    }
    match crate::address::birth_date(tail) {
        Spelling::None => dictation(tail),
        known => known,
    }
}

/// Pieces at the end of the text.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    /// Where it begins.
    start: usize,
    digits: usize,
    letters: usize,
    pieces: usize,
    /// Whether "twenty" or the like is among them.
    has_tens: bool,
    /// Whether it ends with "dash", "double" or the like.
    is_joint: bool,
}

fn dictation(tail: &[Token<'_>]) -> Spelling {
    let run = run(tail);
    if run.pieces == 0 {
        return Spelling::None;
    }
    if is_name_spelled_out(tail, run) {
        return Spelling::Complete;
    }
    let announced = announced(&tail[..run.start], run);
    if run.is_joint && (announced.is_some() || run.pieces >= 2) {
        return Spelling::Short;
    }
    match announced {
        Some(Announced::Phone) if run.digits < PHONE_DIGITS_MIN => Spelling::Short,
        Some(Announced::Phone) if run.digits < PHONE_DIGITS => Spelling::Open,
        Some(Announced::Card) if run.digits < CARD_DIGITS - 1 => Spelling::Short,
        Some(Announced::Card) if run.digits < CARD_DIGITS => Spelling::Open,
        Some(Announced::Phone | Announced::Card) => Spelling::Complete,
        Some(Announced::Code) => Spelling::Open,
        Some(Announced::Few) if run.digits < 3 && run.letters == 0 => Spelling::Short,
        Some(Announced::Few) if run.digits >= 4 => Spelling::Complete,
        Some(Announced::Few) => Spelling::Open,
        Some(Announced::Whole) => Spelling::None,
        None if run.has_tens || run.pieces < PIECES_MIN => Spelling::None,
        None if run.letters == 0 && run.digits >= PHONE_DIGITS_MIN => Spelling::Complete,
        None => Spelling::Open,
    }
}

/// Reads the pieces backwards from the end.
fn run(tail: &[Token<'_>]) -> Run {
    let mut run = Run {
        start: tail.len(),
        ..Run::default()
    };
    let mut end = tail.len();
    if let [.., letter, word, last] = tail
        && is_letter(*letter)
        && word.is("as")
        && last.is("in")
    {
        end -= 2;
        run.is_joint = true;
    } else if let [.., last] = tail
        && last.is_a(Kind::Joint)
    {
        end -= 1;
        run.is_joint = true;
    }
    while let Some(length) = piece(&tail[..end], &mut run) {
        end -= length;
        run.start = end;
        // A filler is part of the run only where pieces stand before it.
        let fillers = tail[..end].iter().rev();
        let fillers = fillers.take_while(|word| word.is_a(Kind::Filler));
        let before = end - fillers.count();
        if before < end && piece(&tail[..before], &mut Run::default()).is_some() {
            end = before;
        }
    }
    run
}

/// Counts the piece with which the words end, and says how many words it takes.
fn piece(words: &[Token<'_>], run: &mut Run) -> Option<usize> {
    let (last, before) = words.split_last()?;
    if let [.., letter, as_, in_] = before
        && is_letter(*letter)
        && as_.is("as")
        && in_.is("in")
    {
        run.letters += 1;
        run.pieces += 1;
        return Some(4);
    }
    if let [.., letter, like] = before
        && is_letter(*letter)
        && like.is_a(Kind::Like)
        && last.word.0.chars().count() > 1
        && digits(*last).is_none()
    {
        run.letters += 1;
        run.pieces += 1;
        return Some(3);
    }
    // "7 p.m." is no spelling.
    if let [.., half] = before
        && last.is("m")
        && (half.is("a") || half.is("p"))
    {
        return None;
    }
    let times = match before.last() {
        Some(word) if word.is("double") => 2,
        Some(word) if word.is("triple") => 3,
        _ => 1,
    };
    if let Some(digits) = digits(*last) {
        run.digits += digits * times;
    } else if last.is_a(Kind::Tens) {
        run.digits += 2;
        run.has_tens = true;
    } else if is_letter(*last) || last.is_a(Kind::Alphabet) {
        run.letters += times;
    } else {
        return None;
    }
    run.pieces += 1;
    Some(if times > 1 { 2 } else { 1 })
}

/// What was said to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Announced {
    Phone,
    Card,
    /// Of a length that nobody knows.
    Code,
    /// Three to five digits.
    Few,
    /// A number that is said in one.
    Whole,
}

/// The word before the pieces that says what they are: "my number is", "the code is".
fn announced(before: &[Token<'_>], run: Run) -> Option<Announced> {
    let is_linked = before.last().is_some_and(|word| word.is_a(Kind::Is));
    let is_long = run.digits + run.letters >= 3;
    let mut is_phone = false;
    for (distance, word) in before.iter().rev().enumerate() {
        let further = before.iter().rev().nth(distance + 1);
        let specific = if word.is_a(Kind::Place) {
            Some(Announced::Whole)
        } else if word.is_a(Kind::Card) {
            Some(Announced::Card)
        } else if word.is_a(Kind::Few) || further.is_some_and(|it| it.is_a(Kind::Few)) {
            Some(Announced::Few)
        } else if word.is_a(Kind::Code) || word.is_a(Kind::Spell) {
            Some(Announced::Code)
        } else {
            None
        };
        if specific.is_some() {
            let is_plain =
                word.is_a(Kind::Spell) || word.is("ending") || word.is("endet") || word.is("in");
            return specific.filter(|_| is_linked || is_long || is_phone || is_plain);
        }
        is_phone |= word.is_a(Kind::Phone) || word.is_a(Kind::Call);
        if distance >= LINKS_MAX || !(word.is_a(Kind::Link) || is_phone) {
            break;
        }
    }
    (is_phone && (is_linked || is_long) && run.digits > 0).then_some(Announced::Phone)
}

/// "Smith, S M I T H": the letters are those of the name before them.
fn is_name_spelled_out(tail: &[Token<'_>], run: Run) -> bool {
    let (before, spelled) = tail.split_at(run.start);
    let Some(name) = before
        .iter()
        .rfind(|word| !word.is_a(Kind::Link) && !word.is_a(Kind::Spell))
    else {
        return false;
    };
    run.digits == 0
        && run.letters >= 2
        && spelled.len() == run.letters
        && name
            .word
            .letters()
            .eq(spelled.iter().flat_map(|token| token.word.letters()))
}

fn is_letter(word: Token<'_>) -> bool {
    let mut letters = word.word.0.chars();
    letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
}

/// How many digits the word stands for, if it is a number said digit by digit.
pub(crate) fn digits(word: Token<'_>) -> Option<usize> {
    if word.is_a(Kind::Digit) {
        return Some(1);
    }
    let is_number = word.word.0.chars().all(char::is_numeric);
    is_number.then(|| word.word.0.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_too_short_are_known() {
        for text in [
            "my number is 0171",
            "My phone number is 555",
            "it's my cell, the number is five five five",
            "you can call me back at double five",
            "my card number is 4242 4242",
            "meine Nummer ist 0171",
            "mi número es seis uno cinco",
            "the last four digits... the card ending in 4 2",
            "my number is 555 010 dash",
            "my number is 555 double",
            "the zip code is nine oh",
        ] {
            assert_eq!(spelling(text), Spelling::Short, "{text}");
        }
    }

    #[test]
    fn what_has_no_known_length_may_go_on() {
        for text in [
            "five five five",
            "S M I",
            "S-M-I-T",
            "A as in alpha B for Bob C like Charlie",
            "alpha bravo charlie",
            "my confirmation code is X 7",
            "the order number is 4 4 7 1",
            "my number is 0171 555",
            "it's spelled M E",
            "A B one two",
        ] {
            assert_eq!(spelling(text), Spelling::Open, "{text}");
        }
        assert_eq!(spelling("it's B as in"), Spelling::None);
        assert_eq!(spelling("T A B as in"), Spelling::Short);
    }

    #[test]
    fn a_whole_number_or_name_is_complete() {
        for text in [
            "my number is 030 5550 1234",
            "my number is five five five uh zero one two and three four five six",
            "five five five zero one two three",
            "my number is 555 double three triple 1 70",
            "my card number is 4242 4242 4242 4242",
            "my name is Smith S-M-I-T-H",
            "my last name is Meyer it's spelled M E Y E R",
            "the card ending in 4 2 4 2",
            "my zip code is 90210",
        ] {
            assert_eq!(spelling(text), Spelling::Complete, "{text}");
        }
    }

    #[test]
    fn plain_talk_is_not_spelled() {
        for text in [
            "a table for four",
            "at seven thirty",
            "at 7 p.m.",
            "it's room number 12",
            "table for two on the 21st",
            "I'd like a double",
            "plan B",
            "yes",
            "I paid five five five dollars",
            "in the U.S.",
            "I changed my booking to seven thirty",
            "in twenty twenty three",
            "",
        ] {
            assert_eq!(spelling(text), Spelling::None, "{text}");
        }
    }
}
