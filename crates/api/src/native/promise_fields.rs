//! Fields that callbacks and batches have alike: how often and when somebody is tried, and with what.

use std::time::Duration;

use offhook_agent::{is_only_for_headers, is_time_zone};
use serde_json::{Map, Value, json};

use super::placed_calls::DURATION_MS;
use super::web_calls::variable_problems;
use crate::Problem;
use crate::promised_calls::{CallingHours, Gap, KeptWishes};

/// Most attempts.
pub(super) const ATTEMPTS_MAX: u64 = 100;
/// Most gaps between them.
const GAPS_MAX: usize = 100;
/// Longest note, in characters.
const NOTE_CHARS_MAX: usize = 1_000;
/// Most entries of hours.
const HOURS_MAX: usize = 50;

/// What is wrong with a field that both have; `None` where it is right, or none of these.
pub(super) fn problem_of(name: &str, value: &Value) -> Option<Problem> {
    let is_text = value.as_str().is_some_and(|it| !it.is_empty());
    let message = match name {
        "agent" if !is_text => "the id of an agent",
        "from" if !is_text => "a number of this workspace in E.164",
        "variables" | "metadata" if !value.is_object() => "an object",
        "duration_max_ms" if !value.as_u64().is_some_and(|it| DURATION_MS.contains(&it)) => {
            "a whole number from 10000 to 86400000"
        }
        "is_recorded" if !value.is_boolean() => "true or false",
        "attempts_max"
            if !value
                .as_u64()
                .is_some_and(|it| (1..=ATTEMPTS_MAX).contains(&it)) =>
        {
            "a whole number from 1 to 100"
        }
        "gaps" if read_gaps(value).is_none() => {
            "a list of at most 100 objects with days (0 to 30), hours (0 to 23) and minutes (0 to \
             59), each of a minute or more"
        }
        "due_at_ms" if value.as_i64().is_none_or(|it| it < 0) => "milliseconds since 1970",
        "time_zone" if !value.as_str().is_some_and(is_time_zone) => {
            "the name of a time zone, such as \"Europe/Berlin\""
        }
        "calling_hours" => return hours_problem(value),
        "note"
            if value
                .as_str()
                .is_none_or(|it| it.chars().count() > NOTE_CHARS_MAX) =>
        {
            "a text of at most 1000 characters"
        }
        _ => return None,
    };
    Some(Problem::new(name, message))
}

fn hours_problem(value: &Value) -> Option<Problem> {
    let entries = value.as_array().filter(|it| it.len() <= HOURS_MAX);
    let texts: Option<Vec<&str>> = entries.and_then(|it| it.iter().map(Value::as_str).collect());
    let Some(texts) = texts else {
        let message = "a list of at most 50 texts such as \"Mon-Fri 09:00-17:00\"";
        return Some(Problem::new("calling_hours", message));
    };
    let problems = CallingHours::read(&texts).err()?;
    let (at, message) = problems.into_iter().next()?;
    Some(Problem::new(format!("calling_hours[{at}]"), message))
}

/// The gaps of a body; `None` where they are none.
pub(super) fn read_gaps(value: &Value) -> Option<Vec<Gap>> {
    let gaps = value.as_array().filter(|it| it.len() <= GAPS_MAX)?;
    gaps.iter().map(read_gap).collect()
}

fn read_gap(value: &Value) -> Option<Gap> {
    let fields = value.as_object()?;
    let known = [("days", 30), ("hours", 23), ("minutes", 59)];
    let is_known = |name: &String| known.iter().any(|(it, _)| it == name);
    if !fields.keys().all(is_known) {
        return None;
    }
    let mut parts = [0; 3];
    for (part, (name, most)) in parts.iter_mut().zip(known) {
        *part = match fields.get(name) {
            None => 0,
            Some(value) => value.as_u64().filter(|it| *it <= most)?,
        };
    }
    let [days, hours, minutes] = parts;
    let more = Duration::from_secs(hours * 3_600 + minutes * 60);
    let gap = Gap::of(u32::try_from(days).ok()?, more);
    (days > 0 || !more.is_zero()).then_some(gap)
}

/// A gap as it is shown.
pub(super) fn shown_gap(gap: &Gap) -> Value {
    let minutes = gap.ms / 60_000;
    json!({ "days": gap.days, "hours": minutes / 60, "minutes": minutes % 60 })
}

/// What is wanted of each call.
pub(super) fn wishes(body: &Value) -> KeptWishes {
    let object = |name: &str| body[name].as_object().cloned().unwrap_or_default();
    KeptWishes {
        from_number: body["from"].as_str().map(str::to_owned),
        variables: object("variables").into_iter().collect(),
        metadata: object("metadata"),
        duration_max_ms: body["duration_max_ms"].as_u64(),
        is_recorded: body["is_recorded"].as_bool(),
        ..KeptWishes::default()
    }
}

/// The hours of a body.
pub(super) fn hours(body: &Value) -> Vec<String> {
    let entries = body["calling_hours"].as_array().into_iter().flatten();
    let texts = entries.filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Checks the fields of an object: those that are missing, unknown or wrong.
pub(super) fn check(body: &Value, required: &[&str], known: &[&str]) -> Vec<Problem> {
    let Some(fields) = body.as_object() else {
        return vec![Problem::new("", "a JSON object")];
    };
    let missing = required.iter().filter(|name| !fields.contains_key(**name));
    let mut problems: Vec<Problem> = missing
        .map(|name| Problem::new(*name, "it has to be given"))
        .collect();
    for (name, value) in fields {
        if known.contains(&name.as_str()) {
            problems.extend(problem_of(name, value));
        } else {
            let message = format!("unknown; known here: {}", known.join(", "));
            problems.push(Problem::new(name, message));
        }
    }
    problems.extend(kept_variable_problems(&body["variables"]));
    problems
}

/// What is wrong with variables that are kept until their call is due: secrets are not kept so.
pub(super) fn kept_variable_problems(variables: &Value) -> Vec<Problem> {
    let mut problems = variable_problems(variables);
    let names = variables.as_object().into_iter().flat_map(Map::keys);
    let secrets = names.filter(|name| is_only_for_headers(name));
    problems.extend(secrets.map(|name| {
        let message = "a secret is not kept for a later call; the agent can name it instead";
        Problem::new(format!("variables.{name}"), message)
    }));
    problems
}

/// The schemas of these fields.
pub(super) fn schemas() -> Map<String, Value> {
    let number =
        |max: u64| json!({ "type": "integer", "minimum": 0, "maximum": max, "default": 0 });
    let fields = json!({
        "agent": { "type": "string", "minLength": 1, "description": "The id of the agent that calls" },
        "from": {
            "type": "string", "minLength": 1,
            "description": "Who calls: a number of the workspace; left out, the agent's own",
        },
        "variables": {
            "type": "object",
            "description": "Values for the agent's variables: texts, numbers, booleans",
            "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
            "additionalProperties": { "type": ["string", "number", "boolean"] },
        },
        "metadata": { "type": "object", "description": "Kept with each call" },
        "duration_max_ms": {
            "type": "integer", "minimum": DURATION_MS.start(), "maximum": DURATION_MS.end(),
        },
        "is_recorded": { "type": "boolean", "description": "Left out: as the agent says" },
        "attempts_max": { "type": "integer", "minimum": 1, "maximum": ATTEMPTS_MAX },
        "gaps": {
            "type": "array", "maxItems": GAPS_MAX,
            "description": "How long after one attempt the next is made; the last repeats",
            "items": {
                "type": "object",
                "properties": { "days": number(30), "hours": number(23), "minutes": number(59) },
                "additionalProperties": false,
            },
        },
        "due_at_ms": {
            "type": "integer", "minimum": 0,
            "description": "When, in milliseconds since 1970; what is over, or left out, is now",
        },
        "time_zone": {
            "type": "string",
            "description": "Whose days and hours are meant: an IANA name; left out, the server's",
        },
        "calling_hours": {
            "type": "array", "minItems": 1, "maxItems": HOURS_MAX, "items": { "type": "string" },
            "description": "Hours such as `Mon-Fri 09:00-17:00`, within those of the server",
        },
        "note": { "type": "string", "maxLength": NOTE_CHARS_MAX },
    });
    fields.as_object().cloned().unwrap_or_default()
}

/// The schema of an object with some of these fields and others.
pub(super) fn schema_of(names: &[&str], required: &[&str], own: Value) -> Value {
    let mut fields = schemas();
    fields.retain(|name, _| names.contains(&name.as_str()));
    if let Value::Object(own) = own {
        fields.extend(own);
    }
    json!({
        "type": "object",
        "properties": fields,
        "required": required,
        "additionalProperties": false,
    })
}
