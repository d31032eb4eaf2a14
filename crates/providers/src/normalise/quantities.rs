//! Money, percentages, measures, ranges, fractions, ordinals and every other number.

use std::ops::Range;

use regex::Captures;

use super::numbers::{cardinal, digits, number, ordinal, pair, year};
use super::rules::{Reading, Rule, range, stands_alone, text_of, value_of};

/// Sign or code, unit and hundredth, each singular and plural.
const CURRENCIES: [(&[&str], [&str; 2], [&str; 2]); 6] = [
    (
        &["$", "USD", "US$"],
        ["dollar", "dollars"],
        ["cent", "cents"],
    ),
    (&["€", "EUR"], ["euro", "euros"], ["cent", "cents"]),
    (&["£", "GBP"], ["pound", "pounds"], ["penny", "pence"]),
    (&["¥", "JPY"], ["yen", "yen"], ["sen", "sen"]),
    (
        &["CAD", "C$"],
        ["Canadian dollar", "Canadian dollars"],
        ["cent", "cents"],
    ),
    (
        &["AUD", "A$"],
        ["Australian dollar", "Australian dollars"],
        ["cent", "cents"],
    ),
];

/// Unit as written after a number, singular and plural.
const MEASURES: [(&str, &str, &str); 41] = [
    ("km/h", "kilometer per hour", "kilometers per hour"),
    ("mph", "mile per hour", "miles per hour"),
    ("mi", "mile", "miles"),
    ("km", "kilometer", "kilometers"),
    ("cm", "centimeter", "centimeters"),
    ("mm", "millimeter", "millimeters"),
    ("m", "meter", "meters"),
    ("ft", "foot", "feet"),
    ("in.", "inch", "inches"),
    ("yd", "yard", "yards"),
    ("sq ft", "square foot", "square feet"),
    ("kg", "kilogram", "kilograms"),
    ("mg", "milligram", "milligrams"),
    ("mcg", "microgram", "micrograms"),
    ("g", "gram", "grams"),
    ("lb", "pound", "pounds"),
    ("lbs", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("ml", "milliliter", "milliliters"),
    ("mL", "milliliter", "milliliters"),
    ("L", "liter", "liters"),
    ("gal", "gallon", "gallons"),
    ("hr", "hour", "hours"),
    ("hrs", "hour", "hours"),
    ("h", "hour", "hours"),
    ("min", "minute", "minutes"),
    ("mins", "minute", "minutes"),
    ("sec", "second", "seconds"),
    ("secs", "second", "seconds"),
    ("ms", "millisecond", "milliseconds"),
    ("yr", "year", "years"),
    ("yrs", "year", "years"),
    ("KB", "kilobyte", "kilobytes"),
    ("MB", "megabyte", "megabytes"),
    ("GB", "gigabyte", "gigabytes"),
    ("TB", "terabyte", "terabytes"),
    ("Hz", "hertz", "hertz"),
    ("kHz", "kilohertz", "kilohertz"),
    ("MHz", "megahertz", "megahertz"),
    ("GHz", "gigahertz", "gigahertz"),
    ("kW", "kilowatt", "kilowatts"),
];

const MAGNITUDES: [(&str, &str); 10] = [
    ("thousand", "thousand"),
    ("million", "million"),
    ("billion", "billion"),
    ("trillion", "trillion"),
    ("k", "thousand"),
    ("K", "thousand"),
    ("M", "million"),
    ("m", "million"),
    ("bn", "billion"),
    ("B", "billion"),
];

const FRACTIONS: [(u64, &str, &str); 7] = [
    (2, "half", "halves"),
    (3, "third", "thirds"),
    (4, "quarter", "quarters"),
    (5, "fifth", "fifths"),
    (8, "eighth", "eighths"),
    (10, "tenth", "tenths"),
    (16, "sixteenth", "sixteenths"),
];

const FRACTION_SIGNS: [(&str, u64, u64); 5] = [
    ("½", 1, 2),
    ("⅓", 1, 3),
    ("⅔", 2, 3),
    ("¼", 1, 4),
    ("¾", 3, 4),
];

const SIGN: &str = r"(US\$|C\$|A\$|[$€£¥])";
const AMOUNT: &str = r"(\d[\d,]*)(?:\.(\d+))?";
const MAGNITUDE: &str = r"(?:\s?(thousand|million|billion|trillion|bn|[kKMmB])\b)?";
const STREET: &str = r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Highway|Hwy|Parkway|Pkwy)\b";

/// Rules for whatever has a number in it, after the calendar and contact details took theirs.
pub(super) fn rules() -> Vec<Rule> {
    let measures: Vec<String> = MEASURES
        .iter()
        .map(|(written, ..)| regex::escape(written))
        .collect();
    vec![
        Rule::new(
            &format!(r"{SIGN}\s?{AMOUNT}{MAGNITUDE}\s?[-–]\s?{SIGN}?\s?{AMOUNT}{MAGNITUDE}"),
            read_money_range,
        ),
        Rule::new(&format!(r"{SIGN}\s?{AMOUNT}{MAGNITUDE}(/\w)?"), read_money),
        Rule::new(
            &format!(r"{AMOUNT}\s?(USD|EUR|GBP|JPY|CAD|AUD)\b"),
            read_coded_money,
        ),
        Rule::new(r"\b(\d+)[\s-](\d{1,2})/(\d{1,2})", read_mixed_fraction),
        Rule::new(r"\b(\d{1,2})/(\d{1,2})", read_fraction),
        Rule::new(r"(?:(\d+)\s?)?([½⅓⅔¼¾])", read_fraction_sign),
        Rule::new(
            r"([-−])?(\d[\d,]*(?:\.\d+)?)\s?[-–]\s?(\d[\d,]*(?:\.\d+)?)(\s?%)?",
            read_range,
        ),
        Rule::new(r"([-−])?(\d[\d,]*(?:\.\d+)?)\s?%", read_percent),
        Rule::new(r"([-−])?(\d+(?:\.\d+)?)\s?°\s?([FC]\b)?", read_degrees),
        Rule::new(
            &format!(
                r"(\d[\d,]*(?:\.\d+)?)(\s?)({})(?:\b|$|\s)",
                measures.join("|")
            ),
            read_measure,
        ),
        Rule::new(r"(\d[\d,]*)(?:st|nd|rd|th)\b", read_ordinal),
        Rule::new(r"\d+(?:\.\d+){2,}", read_version),
        Rule::new(r"#\s?(\d[\d,]*)", read_numbered),
        Rule::new(
            &format!(r"\b(\d{{3,4}})(?:\s[NSEW]\.?)?(?:\s[A-Z][\w'’]*){{1,3}}\s{STREET}"),
            read_house,
        ),
        Rule::new(r"([-−])?(\d[\d,]*(?:\.\d+)?|\.\d+)\s?(k|K)?", read_number),
    ]
}

fn read_money_range(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let until = money(text_of(captures, 1), captures, [6, 7, 8])?;
    let from = spoken_amount(captures, [2, 3, 4]);
    Reading::whole(claim, format!("{from} to {until}"))
}

fn read_money(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = range(captures, 0)?;
    let said = money(text_of(captures, 1), captures, [2, 3, 4])?;
    match range(captures, 5) {
        Some(slash) => Reading::whole(claim.start..slash.start + 1, format!("{said} per")),
        None => stands_alone(text, &claim).then(|| Reading::whole(claim, said))?,
    }
}

fn read_coded_money(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    Reading::whole(
        alone(text, captures)?,
        money(text_of(captures, 3), captures, [1, 2, usize::MAX])?,
    )
}

/// The money at the capture groups for whole part, fraction and magnitude.
fn money(sign: &str, captures: &Captures<'_>, groups: [usize; 3]) -> Option<String> {
    let (_, unit, hundredth) = CURRENCIES
        .iter()
        .find(|(signs, ..)| signs.contains(&sign))?;
    let fraction = text_of(captures, groups[1]);
    if !text_of(captures, groups[2]).is_empty() || !matches!(fraction.len(), 0 | 2) {
        return Some(format!("{} {}", spoken_amount(captures, groups), unit[1]));
    }
    let whole = value_of(captures, groups[0])?;
    let cents: u64 = fraction.parse().unwrap_or(0);
    let units = format!("{} {}", cardinal(whole), unit[usize::from(whole != 1)]);
    let cents_said = format!("{} {}", cardinal(cents), hundredth[usize::from(cents != 1)]);
    Some(match (whole, cents) {
        (_, 0) => units,
        (0, _) => cents_said,
        _ => format!("{units} and {cents_said}"),
    })
}

fn spoken_amount(captures: &Captures<'_>, groups: [usize; 3]) -> String {
    let fraction = text_of(captures, groups[1]);
    let written = match fraction {
        "" => text_of(captures, groups[0]).to_owned(),
        _ => format!("{}.{fraction}", text_of(captures, groups[0])),
    };
    let magnitude = text_of(captures, groups[2]);
    match MAGNITUDES.iter().find(|(written, _)| *written == magnitude) {
        Some((_, said)) => format!("{} {said}", number(&written)),
        None => number(&written),
    }
}

fn read_mixed_fraction(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let part = fraction(value_of(captures, 2)?, value_of(captures, 3)?, true)?;
    let claim = alone(text, captures)?;
    Reading::whole(
        claim,
        format!("{} and {part}", number(text_of(captures, 1))),
    )
}

/// A fraction where the numbers make a usual one, else a month and day, else one number by another.
fn read_fraction(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let (over, under) = (value_of(captures, 1)?, value_of(captures, 2)?);
    let said = fraction(over, under, false)
        .or_else(|| super::calendar::date(over, under, None))
        .unwrap_or_else(|| format!("{} over {}", cardinal(over), cardinal(under)));
    Reading::whole(claim, said)
}

fn read_fraction_sign(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let sign = text_of(captures, 2);
    let (_, over, under) = FRACTION_SIGNS
        .iter()
        .find(|(written, ..)| *written == sign)?;
    let whole = text_of(captures, 1);
    let part = fraction(*over, *under, !whole.is_empty())?;
    Reading::whole(
        claim,
        if whole.is_empty() {
            part
        } else {
            format!("{} and {part}", number(whole))
        },
    )
}

fn fraction(over: u64, under: u64, is_mixed: bool) -> Option<String> {
    let (_, one, many) = FRACTIONS.iter().find(|(parts, ..)| *parts == under)?;
    match over {
        1 if is_mixed => Some(format!("a {one}")),
        1 => Some(format!("one {one}")),
        2.. if over < under => Some(format!("{} {many}", cardinal(over))),
        _ => None,
    }
}

fn read_range(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let (from, until) = (number_or_year(captures, 2), number_or_year(captures, 3));
    let sign = minus(text, captures, 1);
    let unit = if captures.get(4).is_some() {
        " percent"
    } else {
        ""
    };
    Reading::whole(claim, format!("{sign}{from} to {until}{unit}"))
}

fn read_percent(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let sign = minus(text, captures, 1);
    Reading::whole(
        claim,
        format!("{sign}{} percent", number(text_of(captures, 2))),
    )
}

fn read_degrees(_: &str, captures: &Captures<'_>) -> Option<Reading> {
    let scale = match text_of(captures, 3) {
        "F" => " Fahrenheit",
        "C" => " Celsius",
        _ => "",
    };
    let sign = if captures.get(1).is_some() {
        "minus "
    } else {
        ""
    };
    let said = format!("{sign}{} degrees{scale}", number(text_of(captures, 2)));
    let claim = range(captures, 0)?;
    Reading::whole(claim.start..claim.end, said)
}

fn read_measure(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let unit = range(captures, 3)?;
    let claim = range(captures, 0)?.start..unit.end;
    // "I have 5 in." is a preposition as often as a measure; a letter after a space may be a word.
    let is_doubtful = text_of(captures, 3).len() == 1 && !text_of(captures, 2).is_empty();
    if is_doubtful || !stands_alone(text, &claim) {
        return None;
    }
    let (_, one, many) = MEASURES
        .iter()
        .find(|(written, ..)| *written == text_of(captures, 3))?;
    let written = text_of(captures, 1);
    let unit = if written == "1" { one } else { many };
    Reading::whole(claim, format!("{} {unit}", number(written)))
}

fn read_ordinal(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    Reading::whole(alone(text, captures)?, ordinal(value_of(captures, 1)?))
}

fn read_version(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let parts: Vec<String> = text_of(captures, 0).split('.').map(number).collect();
    Reading::whole(claim, parts.join(" point "))
}

fn read_numbered(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = alone(text, captures)?;
    let written = text_of(captures, 1);
    let said = if written.len() > 3 {
        digits(written)
    } else {
        number(written)
    };
    Reading::whole(claim, format!("number {said}"))
}

/// "412 Maple Street" is "four twelve", "1200 Oak Ave" "twelve hundred".
fn read_house(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = range(captures, 1).filter(|claim| stands_alone(text, claim))?;
    let value = value_of(captures, 1).filter(|value| *value >= 100)?;
    let said = match (value / 100, value % 100) {
        (hundreds, 0) => {
            if value % 1000 == 0 {
                cardinal(value)
            } else {
                format!("{} hundred", cardinal(hundreds))
            }
        }
        (hundreds, rest) => format!("{} {}", cardinal(hundreds), pair(rest)),
    };
    Reading::whole(claim, said)
}

fn read_number(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = range(captures, 0)?;
    if captures.get(3).is_some() {
        let claim = alone(text, captures).filter(|_| !text_of(captures, 0).contains(' '))?;
        return Reading::whole(claim, format!("{} thousand", number(text_of(captures, 2))));
    }
    let written = range(captures, 2)?;
    // A comma at the end is the sentence's.
    let last = text[written.clone()].trim_end_matches(',').len();
    let claim = claim.start..written.start + last;
    if !stands_alone(text, &claim) {
        return None;
    }
    let sign = minus(text, captures, 1);
    let written = &text[written.start..claim.end];
    let is_long = written.len() >= 7 && written.bytes().all(|byte| byte.is_ascii_digit());
    let said = if is_long {
        digits(written)
    } else {
        number_or_year_text(written)
    };
    Reading::whole(claim, format!("{sign}{said}"))
}

fn number_or_year(captures: &Captures<'_>, group: usize) -> String {
    number_or_year_text(text_of(captures, group))
}

/// A bare four-digit number between 1100 and 2099 is far more often a year than a count.
fn number_or_year_text(written: &str) -> String {
    match written.parse::<u64>() {
        Ok(value @ 1100..=2099) if written.len() == 4 => year(value),
        _ => number(written),
    }
}

/// "minus " where the sign does not join two words.
fn minus(text: &str, captures: &Captures<'_>, group: usize) -> &'static str {
    let before = |sign: Range<usize>| text[..sign.start].chars().next_back();
    let is_sign = range(captures, group)
        .is_some_and(|sign| before(sign).is_none_or(|last| last.is_whitespace() || last == '('));
    if is_sign { "minus " } else { "" }
}

fn alone(text: &str, captures: &Captures<'_>) -> Option<Range<usize>> {
    range(captures, 0).filter(|claim| stands_alone(text, claim))
}
