//! Dates, times of day, years and decades, American style (month before day).

use std::ops::Range;

use regex::Captures;

use super::numbers::{cardinal, ordinal, pair, year};
use super::rules::{Reading, Rule, range, stands_alone, stop_is_inner, text_of, value_of};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

const MONTH: &str = r"(Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|Jun(?:e|\.)?|Jul(?:y|\.)?|Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)";
const WEEKDAY: &str = r"(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)";
const HALF_DAY: &str = r"(?:([AaPp])\.?\s?[Mm]\b)";

/// Rules for the calendar and the clock.
pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(
            r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?",
            read_iso,
        ),
        Rule::new(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})", read_slashed),
        Rule::new(
            &format!(
                r"\b{MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–]\s?(\d{{1,2}})(?:st|nd|rd|th)?)?(?:,?\s+(\d{{4}}))?\b"
            ),
            read_month_day,
        ),
        Rule::new(
            &format!(r"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(of\s+)?{MONTH}\b(?:,?\s+(\d{{4}})\b)?"),
            read_day_month,
        ),
        Rule::new(&format!(r"\b{MONTH}\s+(\d{{4}})\b"), read_month_year),
        Rule::new(
            &format!(r"\b{WEEKDAY}\.?\s?[-–]\s?{WEEKDAY}\b"),
            read_weekdays,
        ),
        Rule::new(&format!(r"\b{WEEKDAY}\."), read_weekday),
        Rule::new(
            &format!(
                r"(\d{{1,2}})(?::(\d{{2}}))?\s?{HALF_DAY}?\.?\s?(?:-|–|—|\bto\b)\s?(\d{{1,2}})(?::(\d{{2}}))?\s?{HALF_DAY}"
            ),
            read_hours,
        ),
        Rule::new(
            r"(\d{1,2}):(\d{2})\s?[-–—]\s?(\d{1,2}):(\d{2})",
            read_hours_of_a_day,
        ),
        Rule::new(
            &format!(r"(\d{{1,2}})(?::(\d{{2}}))?(?::\d{{2}})?\s?{HALF_DAY}"),
            read_half_day,
        ),
        Rule::new(r"([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?", read_clock),
        Rule::new(r"\b((?:1[1-9]|20)\d0)['’]?s\b", read_decade),
        Rule::new(r"['‘’]([2-9]0)s\b", read_short_decade),
        Rule::new(r"\b24/7\b", |_, captures| {
            Reading::whole(range(captures, 0)?, "twenty four seven")
        }),
    ]
}

fn read_iso(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let date = date(
        value_of(captures, 2)?,
        value_of(captures, 3)?,
        value_of(captures, 1),
    )?;
    let said = match (value_of(captures, 4), value_of(captures, 5)) {
        (Some(hour), Some(minute)) => format!("{date} at {}", clock(hour, minute, None)?),
        _ => date,
    };
    Reading::whole(claim, said)
}

fn read_slashed(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let written = value_of(captures, 3)?;
    let full = match text_of(captures, 3).len() {
        2 if written < 70 => 2000 + written,
        2 => 1900 + written,
        _ => written,
    };
    Reading::whole(
        claim,
        date(value_of(captures, 1)?, value_of(captures, 2)?, Some(full))?,
    )
}

fn read_month_day(_: &str, captures: &Captures<'_>) -> Option<Reading> {
    let month = month_number(text_of(captures, 1))?;
    let first = date(month, value_of(captures, 2)?, None)?;
    let last = value_of(captures, 3)
        .filter(|day| (1..=31).contains(day))
        .map(ordinal);
    let mut parts = vec![match last {
        Some(last) => format!("{first} to {last}"),
        None => first,
    }];
    parts.extend(value_of(captures, 4).map(year));
    Reading::whole(range(captures, 0)?, parts.join(", "))
}

fn read_day_month(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = range(captures, 0)?;
    let day = value_of(captures, 1)
        .filter(|day| (1..=31).contains(day))
        .map(ordinal)?;
    let month = MONTHS.get(month_number(text_of(captures, 3))? as usize - 1)?;
    let has_article = text[..claim.start]
        .trim_end()
        .to_lowercase()
        .ends_with("the");
    let mut said = match (has_article, captures.get(2).is_some()) {
        (true, _) => format!("{day} of {month}"),
        (false, true) => format!("the {day} of {month}"),
        (false, false) => format!("{month} {day}"),
    };
    if let Some(number) = value_of(captures, 4) {
        said = format!("{said}, {}", year(number));
    }
    Reading::whole(claim, said)
}

fn read_month_year(_: &str, captures: &Captures<'_>) -> Option<Reading> {
    let month = MONTHS.get(month_number(text_of(captures, 1))? as usize - 1)?;
    Reading::whole(
        range(captures, 0)?,
        format!("{month} {}", year(value_of(captures, 2)?)),
    )
}

fn read_weekdays(_: &str, captures: &Captures<'_>) -> Option<Reading> {
    let (first, last) = (
        weekday(text_of(captures, 1))?,
        weekday(text_of(captures, 2))?,
    );
    Reading::whole(range(captures, 0)?, format!("{first} to {last}"))
}

fn read_weekday(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let name = range(captures, 1)?;
    let is_abbreviation = stop_is_inner(text, name.end)
        || text[name.end + 1..]
            .trim_start()
            .starts_with(|next: char| next.is_alphanumeric());
    let said = weekday(text_of(captures, 1)).filter(|_| is_abbreviation)?;
    Reading::whole(range(captures, 0)?, said)
}

fn read_hours(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = with_stop(text, alone(text, captures)?, captures);
    let from = clock_or_hour(captures, 1, 2, Some(text_of(captures, 3)))?;
    let until = clock_or_hour(captures, 4, 5, Some(text_of(captures, 6)))?;
    Reading::whole(claim, format!("{from} to {until}"))
}

fn read_hours_of_a_day(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let from = clock_or_hour(captures, 1, 2, None)?;
    let until = clock_or_hour(captures, 3, 4, None)?;
    Reading::whole(claim, format!("{from} to {until}"))
}

fn read_half_day(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = with_stop(text, alone(text, captures)?, captures);
    Reading::whole(
        claim,
        clock_or_hour(captures, 1, 2, Some(text_of(captures, 3)))?,
    )
}

fn read_clock(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let oclock = text[claim.end..]
        .trim_start()
        .to_lowercase()
        .starts_with("o'clock");
    let said = clock(value_of(captures, 1)?, value_of(captures, 2)?, None)?;
    Reading::whole(
        claim,
        if oclock {
            said.replace(" o'clock", "")
        } else {
            said
        },
    )
}

fn read_decade(_: &str, captures: &Captures<'_>) -> Option<Reading> {
    let said = year(value_of(captures, 1)?);
    Reading::whole(range(captures, 0)?, plural_of_tens(&said))
}

fn read_short_decade(_: &str, captures: &Captures<'_>) -> Option<Reading> {
    Reading::whole(
        range(captures, 0)?,
        plural_of_tens(&cardinal(value_of(captures, 1)?)),
    )
}

/// "March third" or "March third, twenty twenty six".
pub(super) fn date(month: u64, day: u64, of_year: Option<u64>) -> Option<String> {
    let name = MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    if !(1..=31).contains(&day) {
        return None;
    }
    let said = format!("{name} {}", ordinal(day));
    Some(of_year.map_or(said.clone(), |number| format!("{said}, {}", year(number))))
}

/// The time at the capture groups, where they hold one. `half` is `a`, `p` or empty.
fn clock_or_hour(
    captures: &Captures<'_>,
    hour: usize,
    minute: usize,
    half: Option<&str>,
) -> Option<String> {
    let half = half.and_then(|half| half.chars().next());
    let hour = value_of(captures, hour)?;
    match (value_of(captures, minute), half) {
        (Some(minute), half) => clock(hour, minute, half),
        (None, Some(_)) => clock(hour, 0, half),
        (None, None) => (hour <= 24).then(|| cardinal(hour)),
    }
}

fn clock(hour: u64, minute: u64, half: Option<char>) -> Option<String> {
    if hour > 24 || minute > 59 || (half.is_some() && !(1..=12).contains(&hour)) {
        return None;
    }
    let (hour, half) = if hour == 0 {
        (12, Some('a'))
    } else {
        (hour, half)
    };
    let said = match (minute, half) {
        (0, Some(_)) => cardinal(hour),
        (0, None) if hour <= 12 => format!("{} o'clock", cardinal(hour)),
        (0, None) => format!("{} hundred", cardinal(hour)),
        _ => format!("{} {}", cardinal(hour), pair(minute)),
    };
    Some(match half {
        Some('a' | 'A') => format!("{said} A M"),
        Some(_) => format!("{said} P M"),
        None => said,
    })
}

fn month_number(name: &str) -> Option<u64> {
    let start = name.get(..3)?;
    let at = MONTHS.iter().position(|month| month.starts_with(start))?;
    Some(at as u64 + 1)
}

fn weekday(name: &str) -> Option<&'static str> {
    let start = name.get(..3)?;
    WEEKDAYS
        .iter()
        .find(|weekday| weekday.starts_with(start))
        .copied()
}

fn plural_of_tens(said: &str) -> String {
    said.strip_suffix('y')
        .map_or(format!("{said}s"), |stem| format!("{stem}ies"))
}

fn alone(text: &str, captures: &Captures<'_>) -> Option<Range<usize>> {
    range(captures, 0).filter(|claim| stands_alone(text, claim))
}

/// The claim with the last full stop of "p.m." where that does not end the sentence.
fn with_stop(text: &str, claim: Range<usize>, captures: &Captures<'_>) -> Range<usize> {
    let is_dotted = text_of(captures, 0).to_lowercase().ends_with(".m");
    if is_dotted && stop_is_inner(text, claim.end) {
        claim.start..claim.end + 1
    } else {
        claim
    }
}
