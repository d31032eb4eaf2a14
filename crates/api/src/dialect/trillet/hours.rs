//! The working hours of Trillet's call flows: the same hours on every day, on the clock of one place.

use serde_json::{Value, json};

use crate::dialect::lens::Way;
use crate::dialect::path;
use crate::dialect::problem::{Problem, ProblemKind};

const HOURS: &str = "settings.responseSettings.workingHours";
const END_OF_DAY: &str = "24:00";

/// Whether a text is a time of day: hours and minutes, two digits each.
pub(super) fn is_time_of_day(text: &str) -> bool {
    let number = |text: &str, most: u32| {
        let is_number = text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit());
        is_number && text.parse::<u32>().is_ok_and(|it| it <= most)
    };
    let parts = text.split_once(':');
    text == END_OF_DAY || parts.is_some_and(|(hour, minute)| number(hour, 23) && number(minute, 59))
}

/// Hours that are turned on say from when to when, and that is some time.
pub(super) fn rules(document: &Value, found: &mut Vec<Problem>) {
    let Some(hours) = path::at(document, HOURS).filter(|it| it["enabled"] == true) else {
        return;
    };
    let names = ["start", "end"].into_iter();
    let missing: Vec<&str> = names.filter(|name| !hours[*name].is_string()).collect();
    for name in &missing {
        let message = "required where working hours are enabled";
        let place = format!("{HOURS}.{name}");
        found.push(Problem::at(&place, ProblemKind::Missing, message));
    }
    if missing.is_empty() && hours["start"] == hours["end"] {
        let message = "the end of the hours is their start: there is no time between";
        let place = format!("{HOURS}.end");
        found.push(Problem::at(&place, ProblemKind::Value, message));
    }
}

/// As the agent's opening hours. Hours of other kinds than a flow can say leave it as it is.
pub(super) const WORKING_HOURS: Way = Way::Document { read, write };

fn read(document: &Value) -> Option<Value> {
    let hours = path::at(document, HOURS)?;
    let (Some(start), Some(end)) = (hours["start"].as_str(), hours["end"].as_str()) else {
        return Some(Value::Null);
    };
    if hours["enabled"] != true {
        return Some(Value::Null);
    }
    // Hours that end on the next morning are two.
    let times = if start < end {
        vec![format!("{start}-{end}")]
    } else {
        let evening = (start != END_OF_DAY).then(|| format!("{start}-{END_OF_DAY}"));
        let morning = (end != "00:00").then(|| format!("00:00-{end}"));
        evening.into_iter().chain(morning).collect()
    };
    let message = hours["outOfHoursMessage"].as_str().unwrap_or_default();
    let mut read = json!({
        "times": times,
        "closed_message": offhook_agent::template_of(message),
    });
    if let Some(zone) = hours["timezone"].as_str() {
        read["time_zone"] = json!(zone);
    }
    Some(read)
}

fn write(value: &Value, document: &mut Value) {
    if value.is_null() {
        if path::at(document, HOURS).is_some_and(Value::is_object) {
            path::put(document, &format!("{HOURS}.enabled"), json!(false));
        }
        return;
    }
    let Some((start, end)) = span(&value["times"]) else {
        return;
    };
    let hours = path::at(document, HOURS).cloned();
    let mut hours = hours.filter(Value::is_object).unwrap_or_else(|| json!({}));
    hours["enabled"] = json!(true);
    hours["start"] = json!(start);
    hours["end"] = json!(end);
    let message = value["closed_message"].as_str().unwrap_or_default();
    hours["outOfHoursMessage"] = json!(offhook_agent::text_of_template(message));
    match value["time_zone"].as_str() {
        Some(zone) => hours["timezone"] = json!(zone),
        None => {
            path::take(&mut hours, "timezone");
        }
    }
    path::put(document, HOURS, hours);
}

/// The one span of time that hours of every day are.
fn span(times: &Value) -> Option<(&str, &str)> {
    let times = times.as_array()?.iter();
    let spans = times.map(|entry| {
        let (start, end) = entry.as_str()?.split_once('-')?;
        (is_time_of_day(start) && is_time_of_day(end)).then_some((start, end))
    });
    let spans: Option<Vec<(&str, &str)>> = spans.collect();
    match *spans?.as_slice() {
        [span] => Some(span),
        [(start, END_OF_DAY), ("00:00", end)] => Some((start, end)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(start: &str, end: &str) -> Value {
        let hours = json!({
            "enabled": true, "start": start, "end": end, "timezone": "Europe/Berlin",
            "outOfHoursMessage": "Closed."
        });
        json!({ "settings": { "responseSettings": { "workingHours": hours } } })
    }

    #[test]
    fn hours_are_those_of_every_day_and_may_end_on_the_next() {
        for (start, end, times) in [
            ("09:00", "17:00", json!(["09:00-17:00"])),
            ("22:00", "06:30", json!(["22:00-24:00", "00:00-06:30"])),
            ("18:00", "00:00", json!(["18:00-24:00"])),
        ] {
            let said = read(&of(start, end)).unwrap();
            let expected = json!({
                "times": times, "time_zone": "Europe/Berlin", "closed_message": "Closed."
            });
            assert_eq!(said, expected);
            let mut written = json!({});
            write(&said, &mut written);
            assert_eq!(read(&written).unwrap(), expected);
        }
    }

    #[test]
    fn hours_that_are_none_are_told_of() {
        let problems = |document: &Value| {
            let mut found = Vec::new();
            rules(document, &mut found);
            found.iter().map(Problem::place).collect::<Vec<_>>()
        };
        assert_eq!(problems(&of("09:00", "17:00")), Vec::<String>::new());
        assert_eq!(problems(&of("09:00", "09:00")), [format!("{HOURS}.end")]);
        let mut document = of("09:00", "17:00");
        path::take(&mut document, &format!("{HOURS}.start"));
        assert_eq!(problems(&document), [format!("{HOURS}.start")]);
        path::put(&mut document, &format!("{HOURS}.enabled"), json!(false));
        assert_eq!(problems(&document), Vec::<String>::new());
        for text in ["9:00", "24:01", "12:60", "noon", "12:00 ", "+1:00"] {
            assert!(!is_time_of_day(text), "{text}");
        }
    }
}
