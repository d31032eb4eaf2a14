//! What time it is where an agent lives.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Whether `name` is that of a time zone, such as `Europe/Berlin`.
#[must_use]
pub fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// A moment as people there say it, such as `Friday, 27 November 2026, 12:33`; `None` where there is
/// no such time zone.
#[must_use]
pub fn local_time(zone: &str, moment: SystemTime) -> Option<String> {
    let moment = Timestamp::try_from(moment).ok()?;
    let moment = moment.in_tz(zone).ok()?;
    Some(moment.strftime("%A, %-d %B %Y, %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_moment_is_another_time_elsewhere() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for (zone, seconds, text) in [
            ("UTC", 0, "Thursday, 1 January 1970, 00:00"),
            ("America/New_York", 0, "Wednesday, 31 December 1969, 19:00"),
            (
                "Europe/Berlin",
                1_782_000_000,
                "Sunday, 21 June 2026, 02:00",
            ),
            ("Asia/Kolkata", 1_782_000_000, "Sunday, 21 June 2026, 05:30"),
        ] {
            assert_eq!(local_time(zone, at(seconds)).as_deref(), Some(text));
        }
        assert_eq!(local_time("Mars/Crater", at(0)), None);
        assert!(is_time_zone("Europe/Berlin") && !is_time_zone("<string>"));
    }
}
