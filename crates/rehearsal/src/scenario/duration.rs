//! Durations as people write them: `300ms`, `1.2s`, `2m`.

use std::time::Duration;

/// Reads `300ms`, `1.2s` or `2m`; at most an hour.
///
/// # Errors
/// What is wrong and what would be right.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration; write it like \"300ms\", \"1.2s\" or \"2m\"");
    let trimmed = text.trim();
    let split = trimmed
        .find(|letter: char| letter.is_ascii_alphabetic())
        .ok_or_else(wrong)?;
    let (number, unit) = trimmed.split_at(split);
    let seconds_per_unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(wrong()),
    };
    let value: f64 = number.trim().parse().map_err(|_| wrong())?;
    let seconds = value * seconds_per_unit;
    if !(0.0..=3600.0).contains(&seconds) {
        return Err(format!("`{text}` is out of range; use 0 to 60 minutes"));
    }
    Ok(Duration::from_micros((seconds * 1e6).round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_units_are_read() {
        assert_eq!(parse("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(parse("1.2s"), Ok(Duration::from_millis(1_200)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn everything_else_is_explained() {
        for bad in ["", "5", "s", "1 hour", "1.2.3s", "ms5", "nans", "infs"] {
            assert!(parse(bad).unwrap_err().contains("write it like"), "{bad}");
        }
        assert!(parse("-1s").unwrap_err().contains("out of range"));
        assert!(parse("90m").unwrap_err().contains("out of range"));
    }
}
