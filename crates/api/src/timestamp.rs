//! Times as the platforms write them.

use jiff::Timestamp;

/// Milliseconds since 1970 (UTC) as RFC 3339, such as `2024-01-15T09:30:00.000Z`; what no calendar
/// has is 1970.
pub(crate) fn rfc3339(millis: i64) -> String {
    let moment = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{moment:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_right() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_705_311_000_000, "2024-01-15T09:30:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(millis), text);
        }
    }
}
