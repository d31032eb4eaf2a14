//! Where personal data is in a text, by the forms in which people write and say it.

use std::net::Ipv6Addr;
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Match, Regex};

use super::digits;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Email,
    Url,
    Device,
    Iban,
    FullDate,
    Date,
    Card,
    CardExpiry,
    GovernmentId,
    Telephone,
    Keys,
}

/// Something in a text, and what it may be, the likeliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) place: Range<usize>,
    pub(super) kinds: Vec<Kind>,
}

/// Endings of addresses that are recognised without anything before them.
const ENDINGS: &str = "com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|co|me|us|uk|eu|de|at|ch|\
    fr|es|it|nl|be|pt|pl|se|no|dk|fi|ie|in|jp|cn|br|mx|ca|au|nz|ru|tr|gr|cz|hu|ro";

const MONTHS: &str = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|\
    aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";

const DAYS: &str = r"\d{1,2}(?:st|nd|rd|th)?|(?:thirty|twenty)[ -](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|thirtieth|twentieth|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth";

const YEARS: &str = r"(?:19|20)\d{2}|(?:nineteen|twenty)[ -](?:oh[ -])?[a-z]+(?:[ -](?:one|two|three|four|five|six|seven|eight|nine)\b)?|two thousand(?: and)?(?: [a-z]+)?";

/// The forms in the order in which they are looked for: what one has found is no other's.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(forms);

/// What else has to hold of a match in a text.
type Check = fn(&str, &Match<'_>) -> bool;

/// A form, what it is, and what else has to hold.
struct Form {
    expression: Regex,
    kinds: &'static [Kind],
    is_right: Check,
}

fn forms() -> Vec<Form> {
    let written = keys()
        .into_iter()
        .chain(mails())
        .chain(devices())
        .chain(sites());
    let written = written.chain(dates()).chain(numbered());
    let forms = written.filter_map(|(expression, kinds, is_right)| {
        Some(Form {
            expression: Regex::new(&expression).ok()?,
            kinds,
            is_right,
        })
    });
    forms.collect()
}

/// An expression, what it finds, and what else has to hold.
type Written = (String, &'static [Kind], Check);

const fn always(_: &str, _: &Match<'_>) -> bool {
    true
}

/// What the caller has typed on the telephone.
fn keys() -> [Written; 1] {
    let pressed = r"\[keys [0-9A-D*#]+\]";
    [(pressed.to_owned(), &[Kind::Keys], always)]
}

fn mails() -> [Written; 2] {
    let name = r"[\p{L}\p{N}_+-]+";
    let joint = r"(?:\s+(?:dot|underscore|dash|hyphen|plus)\s+|[._])";
    let dot = r"(?:\s+dot\s+|\.)";
    let said = format!(
        r"(?i)\b{name}(?:{joint}{name})*\s+at\s+{name}(?:\s+{name})?{dot}(?:{ENDINGS})(?:{dot}[a-z]{{2}})?\b"
    );
    let written = r"(?i)\b[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+\b";
    [
        (written.to_owned(), &[Kind::Email], always),
        (said, &[Kind::Email, Kind::Url], always),
    ]
}

fn devices() -> [Written; 3] {
    let part = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)";
    let four = format!(r"\b{part}(?:\.{part}){{3}}\b");
    let hardware = r"(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b";
    let six = r"(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}";
    let is_six: Check = |_, found| found.len() > 4 && found.as_str().parse::<Ipv6Addr>().is_ok();
    [
        (four, &[Kind::Device], stands_alone),
        (hardware.to_owned(), &[Kind::Device], always),
        (six.to_owned(), &[Kind::Device], is_six),
    ]
}

fn sites() -> [Written; 2] {
    let written = format!(
        r"(?i)\bhttps?://[^\s\]]+|\bwww\.[^\s\]]+|\b(?:[\p{{L}}\p{{N}}-]+\.)+(?:{ENDINGS})\b(?:/[^\s\]]*)?"
    );
    let said = format!(r"(?i)\b(?:www\s+dot\s+)?[\p{{L}}\p{{N}}-]+(?:\s+dot\s+(?:{ENDINGS}))+\b");
    [
        (written, &[Kind::Url], always),
        (said, &[Kind::Url], always),
    ]
}

fn dates() -> [Written; 2] {
    let month_first = format!(r"(?:{MONTHS})\.?\s+(?:the\s+)?(?:{DAYS})");
    let day_first = format!(r"(?:{DAYS})\s+(?:of\s+)?(?:{MONTHS})");
    let full = format!(r"(?i)\b{month_first},?\s+(?:{YEARS})\b|\b{day_first}\.?,?\s+(?:{YEARS})\b");
    let date = format!(r"(?i)\b{month_first}\b|\b{day_first}\b");
    [
        (full, &[Kind::FullDate], always),
        (date, &[Kind::Date], always),
    ]
}

/// A national insurance number, dates in digits, the date on which a card expires.
fn numbered() -> [Written; 4] {
    let insured = r"(?i)\b[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b";
    let year_first = r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b";
    let year_last = r"\b\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})\b";
    let expiry = r"\b(?:0[1-9]|1[0-2]) ?/ ?(?:20)?\d{2}\b";
    [
        (insured.to_owned(), &[Kind::GovernmentId], always),
        (year_first.to_owned(), &[Kind::FullDate], is_calendar_date),
        (year_last.to_owned(), &[Kind::FullDate], is_calendar_date),
        (expiry.to_owned(), &[Kind::CardExpiry], stands_alone),
    ]
}

/// Everything in a text, in order, one behind the other.
pub(super) fn all(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for place in ibans(text) {
        add(&mut found, place, vec![Kind::Iban]);
    }
    for form in FORMS.iter() {
        for one in form.expression.find_iter(text) {
            if (form.is_right)(text, &one) {
                add(&mut found, one.range(), form.kinds.to_vec());
            }
        }
    }
    let taken: Vec<_> = found.iter().map(|one| one.place.clone()).collect();
    for number in digits::numbers(text, &taken) {
        add(&mut found, number.place, number.kinds);
    }
    found.sort_by_key(|one| one.place.start);
    found
}

/// Adds what lies in no other's place.
fn add(found: &mut Vec<Found>, place: Range<usize>, kinds: Vec<Kind>) {
    let is_apart = |one: &Found| place.end <= one.place.start || one.place.end <= place.start;
    if found.iter().all(is_apart) {
        found.push(Found { place, kinds });
    }
}

/// Whether no digit follows or goes before behind a separator: then it is a part of a longer number.
fn stands_alone(text: &str, found: &Match<'_>) -> bool {
    let separators = ['-', '/', '.'];
    let mut behind = text.get(found.end()..).unwrap_or_default().chars();
    let mut before = text.get(..found.start()).unwrap_or_default().chars().rev();
    let is_number = |mut next: [Option<char>; 2]| {
        let is_separator = next[0].take().is_some_and(|c| separators.contains(&c));
        is_separator && next[1].is_some_and(|c| c.is_ascii_digit())
    };
    !is_number([behind.next(), behind.next()]) && !is_number([before.next(), before.next()])
}

/// Whether it stands alone and its numbers can be a day and a month.
fn is_calendar_date(text: &str, found: &Match<'_>) -> bool {
    let numbers = found.as_str().split(['-', '/', '.']);
    let numbers: Vec<u32> = numbers.filter_map(|it| it.parse().ok()).collect();
    let is_right = match numbers[..] {
        [year, month, day] if year > 99 => (1..=12).contains(&month) && (1..=31).contains(&day),
        [one, other, _] => {
            let (low, high) = (one.min(other), one.max(other));
            (1..=12).contains(&low) && high <= 31
        }
        _ => false,
    };
    is_right && stands_alone(text, found)
}

static IBAN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b").ok()
});

/// Bank accounts whose check digits are right; what was matched too far is cut group by group.
fn ibans(text: &str) -> Vec<Range<usize>> {
    let Some(iban) = &*IBAN else {
        return Vec::new();
    };
    let whole = |found: Match<'_>| {
        let mut account = found.as_str();
        loop {
            if is_iban(account) {
                return Some(found.start()..found.start() + account.len());
            }
            account = account.rsplit_once(' ')?.0;
        }
    };
    iban.find_iter(text).filter_map(whole).collect()
}

/// Whether the check digits of a bank account are right (ISO 13616, modulo 97).
fn is_iban(text: &str) -> bool {
    let account: String = text.chars().filter(|c| *c != ' ').collect();
    if !(15..=34).contains(&account.len()) {
        return false;
    }
    let (head, tail) = account.split_at(4);
    let mut rest = 0;
    for letter in tail.chars().chain(head.chars()) {
        let Some(value) = letter.to_digit(36) else {
            return false;
        };
        let shift = if value > 9 { 100 } else { 10 };
        rest = (rest * shift + value) % 97;
    }
    rest == 1
}
