//! The office hours of a telephone number: hours by the day of the week, on the clock of one place. The
//! platform's pages have two forms of them: days in `schedule`, beside `enabled` and `timezone`, and
//! days by themselves.

use serde_json::{Value, json};

use super::hours::is_time_of_day;
use crate::dialect::problem::{Problem, ProblemKind};

/// The field of a number.
pub(super) const FIELD: &str = "officeHours";
const END_OF_DAY: &str = "24:00";
/// Days of the week, as the engine and as people name them.
const DAYS: [(&str, &str); 7] = [
    ("Mon", "monday"),
    ("Tue", "tuesday"),
    ("Wed", "wednesday"),
    ("Thu", "thursday"),
    ("Fri", "friday"),
    ("Sat", "saturday"),
    ("Sun", "sunday"),
];
/// The names of when hours of a day begin, and end.
const FROM: [&str; 4] = ["start", "open", "from", "startTime"];
const TO: [&str; 4] = ["end", "close", "to", "endTime"];
/// Most entries of a day.
const SPANS_MAX: usize = 6;

/// What is wrong with them.
pub(super) fn problems(hours: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    if !hours.is_object() {
        return found;
    }
    let wrong = |place: String, kind, message: &str| Problem::at(&place, kind, message);
    if !(hours["enabled"].is_null() || hours["enabled"].is_boolean()) {
        let place = format!("{FIELD}.enabled");
        found.push(wrong(place, ProblemKind::Form, "true or false"));
    }
    let zone = &hours["timezone"];
    let is_zone = zone.as_str().is_some_and(offhook_agent::is_time_zone);
    if !(zone.is_null() || is_zone) {
        let place = format!("{FIELD}.timezone");
        let message = "a time zone such as Europe/Berlin";
        found.push(wrong(place, ProblemKind::Value, message));
    }
    let (place, days) = days_of(hours);
    for (name, day) in days {
        let place = format!("{place}.{name}");
        if day_of(&name).is_none() {
            let message = "a day of the week such as monday";
            found.push(wrong(place, ProblemKind::Value, message));
        } else if spans(&day).is_none_or(|spans| spans.len() > SPANS_MAX) {
            let message = "hours such as [\"09:00-17:00\"], or { \"start\": \"09:00\", \"end\": \
                           \"17:00\" }; up to six a day";
            found.push(wrong(place, ProblemKind::Value, message));
        }
    }
    if found.is_empty() && is_on(hours) && times(hours).is_empty() {
        let message = "the number is never open; to leave its hours out, set enabled to false";
        found.push(wrong(FIELD.to_owned(), ProblemKind::Value, message));
    }
    found
}

/// As the opening hours of an agent, whose words for callers outside them stay; `None` where the
/// number has none that hold.
pub(super) fn opening_hours(hours: &Value, of_agent: &Value) -> Option<Value> {
    if !is_on(hours) {
        return None;
    }
    let times = times(hours);
    if times.is_empty() {
        return None;
    }
    let message = of_agent["closed_message"].as_str().unwrap_or_default();
    let mut read = json!({ "times": times, "closed_message": message });
    if let Some(zone) = hours["timezone"].as_str() {
        read["time_zone"] = json!(zone);
    }
    Some(read)
}

/// Whether they hold: they say so, or say nothing and name days.
fn is_on(hours: &Value) -> bool {
    match hours["enabled"].as_bool() {
        Some(is_on) => is_on && !days_of(hours).1.is_empty(),
        None => !days_of(hours).1.is_empty(),
    }
}

/// The days, and where they stand.
fn days_of(hours: &Value) -> (String, Vec<(String, Value)>) {
    let (place, days) = match hours["schedule"].as_object() {
        Some(schedule) => (format!("{FIELD}.schedule"), Some(schedule)),
        None => (FIELD.to_owned(), hours.as_object()),
    };
    let known = ["enabled", "timezone", "schedule"];
    let days = days.into_iter().flatten();
    let days = days.filter(|(name, _)| !known.contains(&name.as_str()));
    let days = days.map(|(name, day)| (name.clone(), day.clone()));
    (place, days.collect())
}

/// The place in the week of a day of that name.
fn day_of(name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let mut days = DAYS.iter();
    days.position(|(short, long)| name == *long || name == short.to_lowercase())
}

/// When a day is open, by times of day that may pass midnight; `None` where that cannot be read.
fn spans(day: &Value) -> Option<Vec<(String, String)>> {
    let is_closed = day.is_null() || *day == false || day["enabled"] == false;
    if is_closed || day["closed"] == true {
        return Some(Vec::new());
    }
    let entries = match day {
        Value::Array(entries) => entries.iter().collect(),
        one => vec![one],
    };
    entries.into_iter().map(span).collect()
}

fn span(entry: &Value) -> Option<(String, String)> {
    let named = |names: [&str; 4]| names.into_iter().find_map(|name| entry[name].as_str());
    let (from, to) = match entry.as_str() {
        Some(text) => text.split_once('-')?,
        None => (named(FROM)?, named(TO)?),
    };
    let (from, to) = (from.trim(), to.trim());
    let is_read = is_time_of_day(from) && is_time_of_day(to) && from != to;
    is_read.then(|| (from.to_owned(), to.to_owned()))
}

/// The hours of the week as the engine reads them; what passes midnight is of two days.
fn times(hours: &Value) -> Vec<String> {
    let mut times = Vec::new();
    for (name, day) in days_of(hours).1 {
        let Some(at) = day_of(&name) else { continue };
        let (today, tomorrow) = (DAYS[at].0, DAYS[(at + 1) % DAYS.len()].0);
        for (from, to) in spans(&day).unwrap_or_default() {
            if from < to {
                times.push(format!("{today} {from}-{to}"));
                continue;
            }
            if from != END_OF_DAY {
                times.push(format!("{today} {from}-{END_OF_DAY}"));
            }
            if to != "00:00" {
                times.push(format!("{tomorrow} 00:00-{to}"));
            }
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_hours_are_read() {
        let schedule = json!({
            "monday": ["09:00-12:00", "13:00-17:00"], "tue": { "start": "09:00", "end": "17:00" },
            "Friday": "20:00-02:00", "sunday": [], "saturday": { "enabled": false }
        });
        let expected = [
            "Fri 20:00-24:00",
            "Sat 00:00-02:00",
            "Mon 09:00-12:00",
            "Mon 13:00-17:00",
            "Tue 09:00-17:00",
        ];
        let whole = json!({ "enabled": true, "timezone": "Europe/Berlin", "schedule": schedule });
        let closed = json!({ "closed_message": "Closed." });
        let read = opening_hours(&whole, &closed).unwrap();
        let mut times = read["times"].as_array().unwrap().clone();
        times.sort_by_key(Value::to_string);
        let mut sorted = expected.map(|it| json!(it));
        sorted.sort_by_key(Value::to_string);
        assert_eq!(times, sorted);
        assert_eq!(read["time_zone"], "Europe/Berlin");
        assert_eq!(read["closed_message"], "Closed.");
        let read = opening_hours(&schedule, &Value::Null).unwrap();
        assert_eq!(read["times"].as_array().map(Vec::len), Some(expected.len()));
        assert!(problems(&whole).is_empty() && problems(&schedule).is_empty());
    }

    #[test]
    fn hours_that_are_off_hold_nobody_up() {
        for hours in [
            json!({}),
            json!({ "enabled": false, "schedule": { "monday": ["09:00-17:00"] } }),
            json!({ "enabled": true }),
            Value::Null,
        ] {
            assert_eq!(opening_hours(&hours, &Value::Null), None, "{hours}");
            assert_eq!(problems(&hours), Vec::new(), "{hours}");
        }
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (hours, place) in [
            (json!({ "enabled": "yes" }), "officeHours.enabled"),
            (json!({ "timezone": "Mars" }), "officeHours.timezone"),
            (json!({ "someday": [] }), "officeHours.someday"),
            (json!({ "monday": ["9-17"] }), "officeHours.monday"),
            (
                json!({ "schedule": { "monday": [{ "start": "09:00" }] } }),
                "officeHours.schedule.monday",
            ),
            (json!({ "monday": [] }), "officeHours"),
        ] {
            let places: Vec<String> = problems(&hours).iter().map(Problem::place).collect();
            assert_eq!(places, [place], "{hours}");
        }
    }
}
