//! Sets knobs of a logged policy by name, as `offhook replay --set` does: `eagerness=patient`,
//! `no_input_timeout=5s`, `interruption_profiles.greeting.sensitivity=0.2`.

use offhook_agent::parse_duration;
use offhook_turn_taking::{PolicyError, TurnPolicy};
use serde_json::{Map, Number, Value};

use super::policy::WirePolicy;

/// What marks a duration's name in a log.
const DURATION: &str = "_ns";

/// Why a knob cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum KnobError {
    /// It is not written as an assignment.
    #[error("`{assignment}` is not NAME=VALUE, such as interruption_sensitivity=0.3")]
    NoAssignment {
        /// As written.
        assignment: String,
    },
    /// There is no such knob.
    #[error("there is no knob `{name}`; there are {known}")]
    Unknown {
        /// As written.
        name: String,
        /// The knobs of its place.
        known: String,
    },
    /// The value does not fit the knob.
    #[error("{name}: `{value}` does not fit: {problem}")]
    Value {
        /// The knob.
        name: String,
        /// As written.
        value: String,
        /// What is wrong.
        problem: String,
    },
    /// The value is out of range.
    #[error("a value is out of range")]
    Range(#[from] PolicyError),
}

/// `policy` with every `NAME=VALUE` of `assignments` set. Durations are written with their unit;
/// lists with commas; `none` takes a value away.
///
/// # Errors
/// [`KnobError`] with the first assignment that cannot be carried out.
pub fn set_knobs(policy: &TurnPolicy, assignments: &[String]) -> Result<TurnPolicy, KnobError> {
    let mut changed = policy.clone();
    for assignment in assignments {
        changed = set_knob(&changed, assignment)?;
    }
    changed.validate()?;
    Ok(changed)
}

fn set_knob(policy: &TurnPolicy, assignment: &str) -> Result<TurnPolicy, KnobError> {
    let (name, value) = assignment
        .split_once('=')
        .map(|(name, value)| (name.trim(), value.trim()))
        .ok_or_else(|| KnobError::NoAssignment {
            assignment: assignment.to_owned(),
        })?;
    let misfit = |problem: String| KnobError::Value {
        name: name.to_owned(),
        value: value.to_owned(),
        problem,
    };
    let policy = with_group_of(name, policy);
    let mut document = serde_json::to_value(WirePolicy::from(&policy))
        .map_err(|error| misfit(error.to_string()))?;
    let (place, is_duration) = place(&mut document, name)?;
    *place = read(value, is_duration, place).map_err(misfit)?;
    let wire: WirePolicy =
        serde_json::from_value(document).map_err(|error| misfit(error.to_string()))?;
    Ok(wire.into())
}

/// Turns on what the knob `name` belongs to, where that is off.
fn with_group_of(name: &str, policy: &TurnPolicy) -> TurnPolicy {
    let mut policy = policy.clone();
    match name.split_once('.') {
        Some(("soft_timeout", _)) => {
            policy.soft_timeout.get_or_insert_default();
        }
        Some(("backchannels", _)) => {
            policy.backchannels.get_or_insert_default();
        }
        _ => {}
    }
    policy
}

/// Where the knob `name` (dotted, where knobs lie in groups) has its value, and whether that is a
/// duration.
fn place<'v>(document: &'v mut Value, name: &str) -> Result<(&'v mut Value, bool), KnobError> {
    let mut place = document;
    let mut is_duration = false;
    for part in name.split('.') {
        let group = match place {
            Value::Object(group) => group,
            _ => return Err(unknown(name, &Map::new())),
        };
        let in_nanoseconds = format!("{part}{DURATION}");
        is_duration = group.contains_key(&in_nanoseconds);
        let key = if is_duration { &in_nanoseconds } else { part };
        if !group.contains_key(key) {
            return Err(unknown(name, group));
        }
        place = &mut group[key];
    }
    Ok((place, is_duration))
}

fn unknown(name: &str, group: &Map<String, Value>) -> KnobError {
    let known: Vec<&str> = group
        .keys()
        .map(|key| key.strip_suffix(DURATION).unwrap_or(key))
        .collect();
    KnobError::Unknown {
        name: name.to_owned(),
        known: known.join(", "),
    }
}

/// The value that `text` stands for where `present` is now.
fn read(text: &str, is_duration: bool, present: &Value) -> Result<Value, String> {
    if matches!(text, "none" | "null") {
        return Ok(Value::Null);
    }
    if is_duration {
        let duration = parse_duration(text).map_err(|problem| problem.to_string())?;
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        return Ok(Value::Number(Number::from(nanoseconds)));
    }
    if present.is_array() {
        let items = text.split(',').map(str::trim);
        return Ok(items
            .filter(|item| !item.is_empty())
            .map(Value::from)
            .collect());
    }
    Ok(match (present, text) {
        (Value::String(_), _) => Value::from(text),
        (_, "yes" | "on") => Value::Bool(true),
        (_, "no" | "off") => Value::Bool(false),
        _ => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use offhook_turn_taking::{Eagerness, FillerOrder, TurnMode};

    use super::*;

    fn set(assignments: &[&str]) -> Result<TurnPolicy, String> {
        let assignments: Vec<String> = assignments.iter().map(|text| (*text).to_owned()).collect();
        set_knobs(&TurnPolicy::default(), &assignments).map_err(|problem| problem.to_string())
    }

    #[test]
    fn knobs_of_every_kind_are_set_by_name() {
        let policy = set(&[
            "interruption_sensitivity=0.3",
            "eagerness=patient",
            "no_input_timeout = 5s",
            "silence_hang_up=none",
            "reprompts_max=4",
            "is_speculation_on=no",
            "ignore_phrases=bless you, one moment",
            "interruption_profiles.greeting.speech_min=700ms",
        ])
        .unwrap();
        assert!((policy.interruption_sensitivity - 0.3).abs() < 1e-6);
        assert_eq!(policy.eagerness, Eagerness::Patient);
        assert_eq!(policy.no_input_timeout, Some(Duration::from_secs(5)));
        assert_eq!(policy.silence_hang_up, None);
        assert_eq!(policy.reprompts_max, 4);
        assert!(!policy.is_speculation_on);
        assert_eq!(policy.ignore_phrases, ["bless you", "one moment"]);
        let greeting = policy.interruption_profiles.greeting;
        assert_eq!(greeting.speech_min, Some(Duration::from_millis(700)));
    }

    #[test]
    fn knobs_of_what_is_off_turn_it_on() {
        let policy = set(&["soft_timeout.after=2s", "backchannels.frequency=0.5"]).unwrap();
        let soft_timeout = policy.soft_timeout.clone().unwrap();
        assert_eq!(soft_timeout.after, Duration::from_secs(2));
        assert_eq!(policy.backchannels.unwrap().frequency, 0.5);
        let policy = set(&["mode=silence", "soft_timeout.order=shuffled"]).unwrap();
        assert_eq!(policy.mode, TurnMode::Silence);
        assert_eq!(policy.soft_timeout.unwrap().order, FillerOrder::Shuffled);
    }

    #[test]
    fn what_cannot_be_set_is_named_with_what_can() {
        let problem = set(&["sensitivity=0.3"]).unwrap_err();
        assert!(
            problem.contains("no knob `sensitivity`") && problem.contains("no_input_timeout"),
            "{problem}"
        );
        let problem = set(&["eagerness.speed=3"]).unwrap_err();
        assert!(problem.contains("no knob `eagerness.speed`"), "{problem}");
        let problem = set(&["no_input_timeout=5"]).unwrap_err();
        assert!(problem.contains("has no unit"), "{problem}");
        let problem = set(&["eagerness=frantic"]).unwrap_err();
        assert!(problem.starts_with("eagerness: `frantic`"), "{problem}");
        assert!(set(&["reprompts_max"]).unwrap_err().contains("NAME=VALUE"));
        assert!(set(&["interruption_sensitivity=3"]).is_err());
    }
}
