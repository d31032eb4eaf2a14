//! How long after an attempt the next is made. Pure rules.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

/// The time between two attempts: days of the calendar, which may be 23 or 25 hours long, and so
/// many milliseconds more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    pub(crate) days: u32,
    pub(crate) ms: u64,
}

impl Gap {
    pub(crate) const fn of(days: u32, more: Duration) -> Self {
        Self {
            days,
            ms: more.as_millis() as u64,
        }
    }

    /// When it is over that began at `from_ms`, in milliseconds since 1970.
    pub(crate) fn after(self, from_ms: i64, zone: &TimeZone) -> i64 {
        let more = i64::try_from(self.ms).unwrap_or(i64::MAX);
        let later = Timestamp::from_millisecond(from_ms).ok().and_then(|from| {
            let day = from.to_zoned(zone.clone());
            let day = day.checked_add(i64::from(self.days).days()).ok()?;
            Some(day.timestamp().as_millisecond())
        });
        later.unwrap_or(from_ms).saturating_add(more)
    }
}

/// The gap after the attempt of that place, from 0; the last repeats. Without any it is a day.
pub(crate) fn gap_after(gaps: &[Gap], place: usize) -> Gap {
    let day = Gap { days: 1, ms: 0 };
    let gap = gaps.get(place).or(gaps.last());
    gap.copied().unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn gap(days: u32, hours: u64) -> Gap {
        Gap {
            days,
            ms: hours * HOUR,
        }
    }

    /// A gap, a zone, when the attempt was over, and when the next is due.
    const TABLE: &[(u32, u64, &str, &str, &str)] = &[
        (0, 0, "UTC", "2026-11-27T12:00Z", "2026-11-27T12:00Z"),
        (0, 5, "UTC", "2026-11-27T12:00Z", "2026-11-27T17:00Z"),
        (1, 0, "UTC", "2026-11-27T12:00Z", "2026-11-28T12:00Z"),
        (30, 23, "UTC", "2026-11-27T12:00Z", "2026-12-28T11:00Z"),
        // A day over which clocks go forward has 23 hours, one over which they go back 25.
        (
            1,
            0,
            "Europe/Berlin",
            "2026-03-28T12:00Z",
            "2026-03-29T11:00Z",
        ),
        (
            0,
            24,
            "Europe/Berlin",
            "2026-03-28T12:00Z",
            "2026-03-29T12:00Z",
        ),
        (
            1,
            0,
            "Europe/Berlin",
            "2026-10-24T12:00Z",
            "2026-10-25T13:00Z",
        ),
        (
            7,
            2,
            "America/New_York",
            "2026-03-05T15:00Z",
            "2026-03-12T16:00Z",
        ),
        // The wall clock skips half past two: it is half past three.
        (
            1,
            0,
            "Europe/Berlin",
            "2026-03-28T01:30Z",
            "2026-03-29T01:30Z",
        ),
    ];

    #[test]
    fn days_are_of_the_calendar_and_hours_of_the_clock() {
        let ms = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        for (days, hours, zone, from, to) in TABLE {
            let zone_of = TimeZone::get(zone).unwrap();
            let due = gap(*days, *hours).after(ms(from), &zone_of);
            let shown = Timestamp::from_millisecond(due).unwrap();
            assert_eq!(
                due,
                ms(to),
                "{days} d {hours} h after {from} in {zone}: {shown}"
            );
        }
    }

    #[test]
    fn the_last_gap_repeats() {
        let gaps = [gap(0, 1), gap(1, 0), gap(2, 12)];
        let places = [0, 1, 2, 3, 99].map(|place| gap_after(&gaps, place));
        assert_eq!(places, [gaps[0], gaps[1], gaps[2], gaps[2], gaps[2]]);
        assert_eq!(gap_after(&[], 3), gap(1, 0));
    }
}
