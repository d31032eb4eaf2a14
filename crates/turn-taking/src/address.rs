//! E-mail addresses and dates of birth as they are said aloud: whether one is under way at the end
//! of a text, and whether it is all. Part of `spelling`.

use crate::ending::is_unfinished;
use crate::lexicon::{Kind, Token};
use crate::spelling::{Spelling, digits};
use crate::wording::Word;

/// Words of an address before it counts as plain talk.
const ADDRESS_WORDS_MAX: usize = 12;

/// How far an e-mail address at the end of `text` has come; `tail` are its last words.
pub(crate) fn address(text: &str, tail: &[Token<'_>]) -> Spelling {
    let last = text.split_whitespace().next_back().unwrap_or_default();
    let written = last.trim_end_matches(|letter: char| !letter.is_alphanumeric());
    if let Some((_, domain)) = written.split_once('@') {
        return match domain.rsplit_once('.') {
            Some((name, end)) if !name.is_empty() && is_domain_end(Token::new(Word(end))) => {
                Spelling::Complete
            }
            _ => Spelling::Short,
        };
    }
    let announced = announced(tail);
    let pieces = &tail[announced.unwrap_or(0)..];
    let is_at_written = text
        .split_whitespace()
        .rev()
        .take(ADDRESS_WORDS_MAX)
        .any(|token| token.contains('@'));
    let at = pieces.iter().rposition(|word| word.is_a(Kind::At));
    let has_at = at.is_some() || is_at_written;
    if has_at && is_ended(pieces, written) {
        return Spelling::Complete;
    }
    let domain = at.map_or(&[][..], |at| &pieces[at + 1..]);
    let is_provider = matches!(domain, [word, rest @ ..]
        if word.is_a(Kind::Provider) && rest.len() < 3);
    let is_under_way = announced.is_some() && is_like_address(pieces);
    if is_provider || is_under_way {
        Spelling::Short
    } else {
        Spelling::None
    }
}

/// Where the pieces of an announced address begin.
fn announced(tail: &[Token<'_>]) -> Option<usize> {
    let mail = tail.iter().rposition(|word| word.is_a(Kind::Mail))?;
    let links = tail[mail + 1..].iter();
    let links = links.take_while(|word| word.is_a(Kind::MailLink));
    let start = mail + 1 + links.count();
    let is_said = tail[start - 1].is_a(Kind::MailIs);
    is_said.then_some(start)
}

fn is_like_address(pieces: &[Token<'_>]) -> bool {
    !pieces.is_empty()
        && pieces.len() <= ADDRESS_WORDS_MAX
        && !pieces.iter().any(|word| word.is_a(Kind::Remark))
}

/// "gmail dot com", or "gmail.com" as recognition writes it.
fn is_ended(pieces: &[Token<'_>], written: &str) -> bool {
    match pieces {
        [.., dot, end] if dot.is_a(Kind::Dot) => is_domain_end(*end),
        _ => written
            .rsplit_once('.')
            .is_some_and(|(name, end)| !name.is_empty() && is_domain_end(Token::new(Word(end)))),
    }
}

fn is_domain_end(word: Token<'_>) -> bool {
    let is_country =
        word.word.0.chars().count() == 2 && word.word.0.chars().all(char::is_alphabetic);
    is_country || word.is_a(Kind::DomainEnd)
}

/// Words from the announcement of a date of birth to its end.
const DATE_WORDS_MAX: usize = 10;

/// How far a date of birth has come: it needs its year.
pub(crate) fn birth_date(tail: &[Token<'_>]) -> Spelling {
    let Some(birth) = tail.iter().rposition(|word| word.is_a(Kind::Birth)) else {
        return Spelling::None;
    };
    let said = &tail[birth + 1..];
    let Some((last, before)) = said.split_last() else {
        return Spelling::None;
    };
    let is_part = |word: &Token<'_>| {
        numerals(*word) > 0
            || word.is_a(Kind::Month)
            || word.is_a(Kind::Ordinal)
            || word.is_a(Kind::Century)
    };
    if said.len() > DATE_WORDS_MAX || !said.iter().any(is_part) {
        return Spelling::None;
    }
    let numbers = said.iter().filter(|word| numerals(**word) > 0).count();
    let digits: usize = said.iter().map(|word| numerals(*word)).sum();
    let has_year = said.iter().any(|word| numerals(*word) >= 4)
        || before.iter().any(|word| word.is_a(Kind::Century))
        || last.is("thousand")
        || numbers >= 3
        || digits >= 6;
    if has_year && !is_unfinished(last.word.0) {
        Spelling::Complete
    } else {
        Spelling::Short
    }
}

/// Digits of a number that is written or said, ordinals ("3rd", "12th") too.
fn numerals(word: Token<'_>) -> usize {
    let written = word.word.0.chars().take_while(char::is_ascii_digit).count();
    if written > 0 {
        written
    } else {
        digits(word).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use crate::spelling::{Spelling, spelling};

    #[test]
    fn an_address_under_way_is_too_short() {
        for text in [
            "my email is john",
            "My email address is john dot smith",
            "it's john smith at gmail",
            "my email is john underscore smith at gmail dot",
            "you can write to john@example",
            "my e-mail is J O H N",
            "meine E-Mail-Adresse ist max punkt muster ät",
            "john at gmail dot",
        ] {
            assert_eq!(spelling(text), Spelling::Short, "{text}");
        }
    }

    #[test]
    fn an_address_with_its_end_is_complete() {
        for text in [
            "my email is john at gmail dot com",
            "It's john.smith@example.co.uk.",
            "john smith at gmail.com",
            "meine E-Mail ist max ät web punkt de",
            "mi correo es ana arroba gmail punto com",
            "john@gmail dot com",
        ] {
            assert_eq!(spelling(text), Spelling::Complete, "{text}");
        }
    }

    #[test]
    fn talk_about_mail_is_no_address() {
        for text in [
            "can you send me an email",
            "I got your email yesterday",
            "my email is the same as before",
            "the email is wrong",
            "I'm at the office",
            "I was born in Paris",
            "my birthday is today",
        ] {
            assert_eq!(spelling(text), Spelling::None, "{text}");
        }
    }

    #[test]
    fn a_date_of_birth_needs_its_year() {
        for text in [
            "my date of birth is the third",
            "I was born on March 12th",
            "date of birth twelfth of March nineteen",
            "my birthday is the 3rd of May",
        ] {
            assert_eq!(spelling(text), Spelling::Short, "{text}");
        }
        for text in [
            "my date of birth is March 12th 1985",
            "I was born on the twelfth of March nineteen eighty five",
            "date of birth 3 4 85",
            "mein Geburtsdatum ist der 3.4.1985",
            "born May third two thousand",
        ] {
            assert_eq!(spelling(text), Spelling::Complete, "{text}");
        }
    }
}
