//! Durations as people write them: numbers with units, parsed once.

use std::time::Duration;

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationTextError {
    /// Nothing there.
    #[error("is empty; write a duration such as \"300ms\", \"2s\" or \"30m\"")]
    Empty,
    /// A number without a unit.
    #[error("\"{0}\" has no unit; write \"{0}ms\", \"{0}s\", \"{0}m\" or \"{0}h\"")]
    NoUnit(String),
    /// A unit that is none of ours.
    #[error("\"{unit}\" in \"{text}\" is no unit; use ms, s, m or h")]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// What stands where the unit should.
        unit: String,
    },
    /// Something else.
    #[error("\"{0}\" is not a duration; write one such as \"300ms\", \"2s\" or \"1m30s\"")]
    Malformed(String),
    /// More than a duration can hold.
    #[error("\"{0}\" is too long")]
    TooLong(String),
}

/// Parses `300ms`, `2s`, `1.5s`, `30m`, `1h`, `1m30s`: decimal numbers, each with one of the units
/// `ms`, `s`, `m`, `h`, added up.
///
/// # Errors
/// [`DurationTextError`], which quotes the text and says what to write.
pub fn parse_duration(text: &str) -> Result<Duration, DurationTextError> {
    if text.trim().is_empty() {
        return Err(DurationTextError::Empty);
    }
    let malformed = || DurationTextError::Malformed(text.to_owned());
    let mut seconds = 0.0_f64;
    let mut rest = text;
    while !rest.is_empty() {
        let number_end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(after.len());
        let (unit, remainder) = after.split_at(unit_end);
        if number.is_empty() || number.starts_with('.') || number.ends_with('.') {
            return Err(malformed());
        }
        let amount: f64 = number.parse().map_err(|_| malformed())?;
        seconds += amount * seconds_in(unit, number, text)?;
        rest = remainder;
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| DurationTextError::TooLong(text.to_owned()))
}

fn seconds_in(unit: &str, number: &str, text: &str) -> Result<f64, DurationTextError> {
    match unit {
        "ms" => Ok(0.001),
        "s" => Ok(1.0),
        "m" => Ok(60.0),
        "h" => Ok(3_600.0),
        "" if number == text => Err(DurationTextError::NoUnit(text.to_owned())),
        "" => Err(DurationTextError::Malformed(text.to_owned())),
        other => Err(DurationTextError::UnknownUnit {
            text: text.to_owned(),
            unit: other.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_sums_are_read() {
        for (text, millis) in [
            ("300ms", 300),
            ("2s", 2_000),
            ("1.5s", 1_500),
            ("0.25s", 250),
            ("30m", 1_800_000),
            ("1h", 3_600_000),
            ("1m30s", 90_000),
            ("0ms", 0),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_duration_says_what_to_write() {
        for (text, expected) in [
            ("", "is empty"),
            ("300", "\"300\" has no unit; write \"300ms\""),
            ("2 s", "not a duration"),
            ("-2s", "not a duration"),
            ("2 sec", "not a duration"),
            ("2sec", "\"sec\" in \"2sec\" is no unit"),
            ("1.2.3s", "not a duration"),
            (".5s", "not a duration"),
            ("s", "not a duration"),
            ("1m30", "not a duration"),
            ("99999999999999999999999h", "too long"),
            ("٣s", "not a duration"),
        ] {
            let problem = parse_duration(text).unwrap_err().to_string();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }
}
