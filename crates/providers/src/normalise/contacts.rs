//! Telephone numbers, e-mail and web addresses, zip codes, card numbers and codes: said so that
//! they can be written down, digit by digit and with a pause after each group.

use std::ops::Range;

use regex::Captures;

use super::numbers::digits;
use super::rules::{Reading, Rule, range, stands_alone, text_of};

/// Short parts of addresses that are said as words all the same.
const SHORT_WORDS: [&str; 14] = [
    "at", "be", "co", "go", "hi", "in", "is", "me", "my", "no", "of", "on", "up", "we",
];
/// Parts of addresses that look like words and are said letter by letter.
const SPELLED_PARTS: [&str; 3] = ["edu", "usa", "api"];

/// States and districts by their postal code (USPS publication 28, appendix B).
const STATES: [(&str, &str); 51] = [
    ("AL", "Alabama"),
    ("AK", "Alaska"),
    ("AZ", "Arizona"),
    ("AR", "Arkansas"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DE", "Delaware"),
    ("DC", "D C"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("HI", "Hawaii"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("IA", "Iowa"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("ME", "Maine"),
    ("MD", "Maryland"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MS", "Mississippi"),
    ("MO", "Missouri"),
    ("MT", "Montana"),
    ("NE", "Nebraska"),
    ("NV", "Nevada"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NY", "New York"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VT", "Vermont"),
    ("VA", "Virginia"),
    ("WA", "Washington"),
    ("WV", "West Virginia"),
    ("WI", "Wisconsin"),
    ("WY", "Wyoming"),
];

/// Rules for contact details and codes; they go before all that read numbers as amounts.
pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(
            r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
            read_address,
        ),
        Rule::new(r"(?i)(?:https?://|www\.)([^\s<>\x22]+)", read_web),
        Rule::new(
            r"(?i)\b((?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|io|ai|co|uk|us|info|biz|app|dev)\b(?:/[^\s<>\x22]*)?)",
            read_web,
        ),
        Rule::new(
            r"(?i)(?:(\+?1)[\s.-]?)?\(?(\d{3})\)?[\s.-]?(\d{3})[\s.-]?(\d{4})(?:,?\s?(?:x|ext\.?|extension)\s?(\d{1,6}))?",
            read_telephone,
        ),
        Rule::new(r"\+\d{1,3}(?:[\s.-]?\(?\d{2,4}\)?){2,5}", read_groups),
        Rule::new(r"\d{4}(?:[ -]\d{4}){2,3}", read_groups),
        Rule::new(r"\d{3}-\d{2}-\d{4}", read_groups),
        Rule::new(r"\d{3}[-.]\d{4}", read_groups),
        Rule::new(r"\b([A-Z]{2}),?\s+(\d{5})(?:-(\d{4}))?", read_state_and_zip),
        Rule::new(r"\d{5}-\d{4}", read_groups),
        Rule::new(
            r"(?i)\b(?:zip|code|confirmation|reference|account|pin|order|ticket|case|member|policy|id)\b(?:\s(?:code|number|no\.?|is|id)){0,3}[\s:]{1,2}#?(\d{3,})",
            read_code_digits,
        ),
        Rule::new(r"\b0\d{2,}\b", read_plain_digits),
        Rule::new(
            r"\b(?:[A-Z]+\d|\d+[A-Z])[A-Z0-9]*(?:-[A-Z0-9]+)*\b",
            read_code,
        ),
    ]
}

fn read_address(_: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = range(captures, 0)?;
    Reading::whole(claim, address_words(text_of(captures, 0)))
}

fn read_web(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let start = range(captures, 0)?.start;
    let address = range(captures, 1)?;
    if text[..start].ends_with('@') {
        return None;
    }
    let shown = text[address.clone()].trim_end_matches(|last: char| ".,;:!?)'*]".contains(last));
    let claim = start..address.start + shown.len();
    let shown = shown
        .split(['?', '#'])
        .next()
        .unwrap_or(shown)
        .trim_end_matches('/');
    let shown = shown.strip_prefix("www.").unwrap_or(shown);
    (!shown.is_empty()).then(|| Reading::whole(claim, address_words(shown)))?
}

/// A North American number: three groups, each said digit by digit.
fn read_telephone(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let mut claim = range(captures, 0)?;
    let number = captures
        .get(1)
        .map_or(range(captures, 2)?, |country| country.range());
    if captures.get(1).is_none() && !text[claim.clone()].starts_with('(') {
        claim.start = number.start;
    }
    if !stands_alone(text, &claim) || !has_even_marks(&text[claim.clone()]) {
        return None;
    }
    let mut parts = Vec::new();
    if let Some(country) = range(captures, 1) {
        let said = if text[country.clone()].starts_with('+') {
            "plus one,"
        } else {
            "one,"
        };
        parts.push((said.to_owned(), country));
    }
    for group in 2..=4 {
        let digits_range = range(captures, group)?;
        let written = &text[digits_range.clone()];
        let said = match (group, written) {
            (2, "800") => "eight hundred".to_owned(),
            (2, "900") => "nine hundred".to_owned(),
            _ => digits(written),
        };
        parts.push((
            if group < 4 { format!("{said},") } else { said },
            digits_range,
        ));
    }
    if let Some(extension) = range(captures, 5) {
        let said = format!(", extension {}", digits(&text[extension.clone()]));
        parts.push((said, extension));
    }
    Some(Reading { claim, parts })
}

/// "5035550142" and "503-555-0142" are numbers, "503 5550142" is more likely something else.
fn has_even_marks(number: &str) -> bool {
    let marks = number
        .trim_start_matches("+1")
        .matches([' ', '-', '.', '('])
        .count();
    marks == 0 || marks >= 2
}

/// Groups of digits with anything between them.
fn read_groups(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let mut parts: Vec<(String, Range<usize>)> = Vec::new();
    let mut start = None;
    for (at, character) in text[claim.clone()]
        .char_indices()
        .chain([(claim.len(), ' ')])
    {
        let at = claim.start + at;
        match (character.is_ascii_digit(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                parts.push((format!("{},", digits(&text[from..at])), from..at));
                start = None;
            }
            _ => {}
        }
    }
    if let Some((first, _)) = parts
        .first_mut()
        .filter(|_| text[claim.clone()].starts_with('+'))
    {
        first.insert_str(0, "plus ");
    }
    if let Some((last, _)) = parts.last_mut() {
        last.pop();
    }
    Some(Reading { claim, parts })
}

fn read_state_and_zip(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let (_, state) = STATES
        .iter()
        .find(|(code, _)| *code == text_of(captures, 1))?;
    let mut parts = vec![
        ((*state).to_owned(), range(captures, 1)?),
        (digits(text_of(captures, 2)), range(captures, 2)?),
    ];
    if let Some(more) = range(captures, 3) {
        parts.push((format!(", {}", digits(&text[more.clone()])), more));
    }
    Some(Reading { claim, parts })
}

fn read_code_digits(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = range(captures, 1).filter(|claim| stands_alone(text, claim))?;
    let said = spelled_groups(text_of(captures, 1));
    Reading::whole(claim, said)
}

fn read_plain_digits(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    Reading::whole(alone(text, captures)?, spelled_groups(text_of(captures, 0)))
}

fn read_code(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let said: Vec<String> = text_of(captures, 0).chars().map(spelled).collect();
    Reading::whole(claim, said.join(" ").replace(" ,", ","))
}

/// Digits in threes or fours, so that they can be followed.
fn spelled_groups(written: &str) -> String {
    let size = match written.len() {
        0..=5 => 5,
        length if length % 4 == 0 => 4,
        _ => 3,
    };
    let characters: Vec<char> = written.chars().collect();
    let groups: Vec<String> = characters
        .chunks(size)
        .map(|group| digits(&group.iter().collect::<String>()))
        .collect();
    groups.join(", ")
}

fn spelled(character: char) -> String {
    match character {
        '-' => ",".to_owned(),
        _ if character.is_ascii_digit() => digits(&character.to_string()),
        _ => character.to_uppercase().to_string(),
    }
}

/// An address part by part: words as words, everything else letter by letter.
fn address_words(address: &str) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut rest = address;
    while let Some(first) = rest.chars().next() {
        let same = |next: char| {
            (next.is_ascii_alphabetic() && first.is_ascii_alphabetic())
                || (next.is_ascii_digit() && first.is_ascii_digit())
        };
        let end = rest
            .find(|next| !same(next))
            .unwrap_or(rest.len())
            .max(first.len_utf8());
        let (part, tail) = rest.split_at(end);
        rest = tail;
        match first {
            '@' => said.push("at".to_owned()),
            '.' => said.push("dot".to_owned()),
            '-' => said.push("dash".to_owned()),
            '_' => said.push("underscore".to_owned()),
            '+' => said.push("plus".to_owned()),
            '/' => said.push("slash".to_owned()),
            _ if first.is_ascii_digit() => said.push(digits(part)),
            _ if first.is_ascii_alphabetic() => said.push(word_or_letters(part)),
            _ => {}
        }
    }
    said.join(" ")
}

fn word_or_letters(part: &str) -> String {
    let lower = part.to_ascii_lowercase();
    let has_vowel = lower.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    let is_word = match lower.len() {
        0..=2 => SHORT_WORDS.contains(&lower.as_str()),
        _ => has_vowel && !SPELLED_PARTS.contains(&lower.as_str()),
    };
    if is_word {
        return lower;
    }
    let letters: Vec<String> = lower
        .chars()
        .map(|letter| letter.to_ascii_uppercase().to_string())
        .collect();
    letters.join(" ")
}

fn alone(text: &str, captures: &Captures<'_>) -> Option<Range<usize>> {
    range(captures, 0).filter(|claim| stands_alone(text, claim))
}
