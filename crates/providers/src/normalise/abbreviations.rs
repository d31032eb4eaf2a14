//! Abbreviations with their full words: titles, streets, Latin, business, and letters with stops.

use std::ops::Range;

use regex::Captures;

use super::rules::{Reading, Rule, range, stop_is_inner, text_of};

/// Before a name.
const TITLES: [(&str, &str); 17] = [
    ("Mr", "Mister"),
    ("Mrs", "Missus"),
    ("Ms", "Miz"),
    ("Mx", "Mix"),
    ("Prof", "Professor"),
    ("Gen", "General"),
    ("Gov", "Governor"),
    ("Sen", "Senator"),
    ("Capt", "Captain"),
    ("Lt", "Lieutenant"),
    ("Sgt", "Sergeant"),
    ("Rev", "Reverend"),
    ("Hon", "Honorable"),
    ("Mt", "Mount"),
    ("Ft", "Fort"),
    ("Pres", "President"),
    ("Rep", "Representative"),
];

/// Anywhere, with the full stop.
const STOPPED: [(&str, &str); 38] = [
    ("Jr", "Junior"),
    ("Sr", "Senior"),
    ("Ave", "Avenue"),
    ("Blvd", "Boulevard"),
    ("Rd", "Road"),
    ("Ln", "Lane"),
    ("Ct", "Court"),
    ("Pl", "Place"),
    ("Hwy", "Highway"),
    ("Pkwy", "Parkway"),
    ("Ste", "Suite"),
    ("Apt", "Apartment"),
    ("Bldg", "Building"),
    ("Fl", "Floor"),
    ("Ltd", "Limited"),
    ("Inc", "Incorporated"),
    ("Corp", "Corporation"),
    ("Co", "Company"),
    ("Bros", "Brothers"),
    ("Dept", "Department"),
    ("Univ", "University"),
    ("Govt", "Government"),
    ("approx", "approximately"),
    ("appt", "appointment"),
    ("appts", "appointments"),
    ("est", "estimated"),
    ("etc", "et cetera"),
    ("vol", "volume"),
    ("fig", "figure"),
    ("misc", "miscellaneous"),
    ("tel", "telephone"),
    ("ext", "extension"),
    ("max", "maximum"),
    ("temp", "temperature"),
    ("avg", "average"),
    ("incl", "including"),
    ("hrs", "hours"),
    ("mins", "minutes"),
];

/// Anywhere, as they stand.
const BARE: [(&str, &str); 12] = [
    ("vs", "versus"),
    ("w/o", "without"),
    ("w/", "with"),
    ("c/o", "care of"),
    ("Blvd", "Boulevard"),
    ("Ave", "Avenue"),
    ("Hwy", "Highway"),
    ("Pkwy", "Parkway"),
    ("appt", "appointment"),
    ("appts", "appointments"),
    ("approx", "approximately"),
    ("etc", "et cetera"),
];

/// Rules for abbreviations.
pub(super) fn rules() -> Vec<Rule> {
    let names = |table: &[(&str, &str)]| {
        let names: Vec<String> = table.iter().map(|(name, _)| regex::escape(name)).collect();
        names.join("|")
    };
    vec![
        Rule::new(r"(?i)\b(e\.g\.|i\.e\.|a\.k\.a\.|p\.s\.)", read_latin),
        Rule::new(r"\b(?:[A-Za-z]\.){2,}", read_initials),
        Rule::new(r"\b(Dr|St)\b\.?", read_doctor_or_street),
        Rule::new(&format!(r"\b({})\.", names(&TITLES)), |_, captures| {
            said_for(&TITLES, captures)
        }),
        Rule::new(r"\b[Nn]o\.\s?\d", |_, captures| {
            let start = range(captures, 0)?.start;
            Reading::whole(start..start + 3, "number")
        }),
        Rule::new(&format!(r"(?i)\b({})\.", names(&STOPPED)), read_stopped),
        Rule::new(r"\b(w/o|c/o)\b|\b(w/)", |_, captures| {
            said_for(&BARE, captures)
        }),
        Rule::new(&format!(r"\b({})\b", names(&BARE)), |_, captures| {
            said_for(&BARE, captures)
        }),
        Rule::new(r"\b(and)/(or)\b", |_, captures| {
            Reading::whole(range(captures, 0)?, "and or")
        }),
    ]
}

fn read_latin(_: &str, captures: &Captures<'_>) -> Option<Reading> {
    let said = match text_of(captures, 1).to_lowercase().as_str() {
        "e.g." => "for example,",
        "i.e." => "that is,",
        "a.k.a." => "also known as",
        _ => "P S,",
    };
    Reading::whole(range(captures, 0)?, said)
}

/// "U.S." and "J.R.R." letter by letter.
fn read_initials(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let claim = range(captures, 0)?;
    let letters: Vec<String> = text_of(captures, 0)
        .split_terminator('.')
        .map(|letter| letter.to_uppercase())
        .collect();
    let last_stop = claim.end - 1;
    let is_name_next = text[claim.end..].starts_with(|next: char| next.is_alphanumeric());
    let end = if stop_is_inner(text, last_stop) || is_name_next {
        claim.end
    } else {
        last_stop
    };
    Reading::whole(claim.start..end, letters.join(" "))
}

/// "Dr. Lee" is a doctor, "Maple Dr." a drive; "St. Mary" a saint, "Main St." a street.
fn read_doctor_or_street(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let name = range(captures, 1)?;
    let full = range(captures, 0)?;
    let after = text[full.end..].trim_start();
    let is_before_name = after.starts_with(|next: char| next.is_uppercase());
    let is_after_name = last_word(text, name.start).is_some_and(|word| {
        word.starts_with(|first: char| first.is_uppercase() || first.is_ascii_digit())
    }) && !text[..name.start]
        .trim_end()
        .ends_with([',', '.', '!', '?', ':']);
    let is_title = is_before_name && !(is_after_name && has_house_number(text, name.start));
    let said = match (text_of(captures, 1), is_title, is_after_name) {
        ("Dr", true, _) | ("Dr", false, false) => "Doctor",
        ("St", true, _) => "Saint",
        ("Dr", ..) => "Drive",
        (_, _, true) => "Street",
        _ => return None,
    };
    let ends_sentence = !is_title && !stop_is_inner(text, name.end);
    let claim = if ends_sentence { name } else { full };
    Reading::whole(claim, said)
}

fn read_stopped(text: &str, captures: &Captures<'_>) -> Option<Reading> {
    let name = range(captures, 1)?;
    let written = text_of(captures, 1);
    let (short, said) = STOPPED
        .iter()
        .find(|(short, _)| short.eq_ignore_ascii_case(written))?;
    // "co." or "max." in lower case where the table has a capital may be an ordinary word.
    let is_capital = |text: &str| text.starts_with(|first: char| first.is_uppercase());
    if is_capital(short) && !is_capital(written) {
        return None;
    }
    let is_inner = stop_is_inner(text, name.end);
    if !is_inner && matches!(written, "max" | "est" | "fig" | "temp") {
        return None;
    }
    Reading::whole(
        if is_inner {
            name.start..name.end + 1
        } else {
            name
        },
        *said,
    )
}

fn said_for(table: &[(&str, &str)], captures: &Captures<'_>) -> Option<Reading> {
    let written = captures.iter().skip(1).flatten().next()?.as_str();
    let (_, said) = table.iter().find(|(short, _)| *short == written)?;
    Reading::whole(range(captures, 0)?, *said)
}

fn last_word(text: &str, end: usize) -> Option<&str> {
    text[..end].split_whitespace().next_back()
}

fn has_house_number(text: &str, end: usize) -> bool {
    let clause: Range<usize> = text[..end].rfind([',', ';', '\n']).map_or(0, |at| at + 1)..end;
    text[clause]
        .split_whitespace()
        .any(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
}
