//! When people may be called, and may call: days of the week and hours of the wall clock, in a time zone. Pure
//! rules; `jiff` knows the calendar and when clocks are put forward and back.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Minutes of a day.
const DAY_MIN: u16 = 24 * 60;
/// How far ahead is looked for a time at which several rules let people be called.
const LOOKED_AHEAD_MS: i64 = 35 * 24 * 3_600_000;
/// Names of the days of the week.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Hours in which people may be called, by the day of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallingHours {
    /// From Monday on: spans of minutes of the day, in order.
    days: [Vec<(u16, u16)>; 7],
}

/// Hours in which people may be called, and the time zone whose wall clock they are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallingTimes {
    /// The hours.
    pub hours: CallingHours,
    /// The time zone.
    pub zone: TimeZone,
}

impl Default for CallingHours {
    /// Every day from 8 in the morning to 9 in the evening.
    fn default() -> Self {
        Self {
            days: std::array::from_fn(|_| vec![(8 * 60, 21 * 60)]),
        }
    }
}

impl Default for CallingTimes {
    fn default() -> Self {
        Self {
            hours: CallingHours::default(),
            zone: TimeZone::UTC,
        }
    }
}

impl CallingHours {
    /// Reads entries such as `Mon-Fri 08:00-21:00`, `Sat,Sun 10:00-18:00`, and `09:00-17:00` for
    /// every day. 24:00 is the end of a day.
    ///
    /// # Errors
    /// What is none, each with its place in the list; an empty list, as its first.
    pub fn read<T: AsRef<str>>(entries: &[T]) -> Result<Self, Vec<(usize, String)>> {
        let mut days: [Vec<(u16, u16)>; 7] = std::array::from_fn(|_| Vec::new());
        let mut problems = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let entry = entry.as_ref();
            let Some((named, span)) = read_entry(entry) else {
                let problem = "is no time to call such as \"Mon-Fri 08:00-21:00\"";
                problems.push((at, format!("\"{entry}\" {problem}")));
                continue;
            };
            for day in named {
                days[day].push(span);
            }
        }
        if entries.is_empty() {
            let problem = "nobody could be called; write times such as \"Mon-Sun 08:00-21:00\"";
            problems.push((0, problem.to_owned()));
        }
        for spans in &mut days {
            spans.sort_unstable();
        }
        match problems.is_empty() {
            true => Ok(Self { days }),
            false => Err(problems),
        }
    }
}

fn read_entry(entry: &str) -> Option<(Vec<usize>, (u16, u16))> {
    let (named, span) = match entry.trim().rsplit_once(' ') {
        None => ((0..7).collect(), entry.trim()),
        Some((days, span)) => (read_days(days.trim())?, span),
    };
    let (from, to) = span.split_once('-')?;
    let (from, to) = (read_minute(from)?, read_minute(to)?);
    (from < to).then_some((named, (from, to)))
}

fn read_days(text: &str) -> Option<Vec<usize>> {
    let place = |name: &str| {
        DAYS.iter()
            .position(|it| it.eq_ignore_ascii_case(name.trim()))
    };
    let mut days = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => days.push(place(part)?),
            Some((first, last)) => {
                let (first, last) = (place(first)?, place(last)?);
                let length = (last + 7 - first) % 7;
                days.extend((0..=length).map(|day| (first + day) % 7));
            }
        }
    }
    days.sort_unstable();
    days.dedup();
    Some(days)
}

/// A time of day in minutes.
fn read_minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let is_number = text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| is_number)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY_MIN).then_some(minute)
}

impl CallingTimes {
    /// Hours on the clock of a time zone, by its IANA name.
    ///
    /// # Errors
    /// In words, where there is no such zone.
    pub fn new(hours: CallingHours, zone: &str) -> Result<Self, String> {
        match TimeZone::get(zone) {
            Ok(zone) => Ok(Self { hours, zone }),
            Err(_) => Err(format!(
                "\"{zone}\" is no time zone such as \"Europe/Berlin\""
            )),
        }
    }

    /// The first moment from `at_ms` on, in milliseconds since 1970, at which people may be called;
    /// `None` where there is none in sight.
    fn opens(&self, at_ms: i64) -> Option<i64> {
        let at = Timestamp::from_millisecond(at_ms).ok()?;
        let mut date = at.to_zoned(self.zone.clone()).date();
        for _ in 0..=8 {
            let day = usize::try_from(date.weekday().to_monday_zero_offset()).ok()?;
            for (from, to) in &self.hours.days[day] {
                let (opens, closes) = (self.moment(date, *from)?, self.moment(date, *to)?);
                if at_ms < closes && opens < closes {
                    return Some(at_ms.max(opens));
                }
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    /// When the wall clock shows that minute of that day. What it skips is when it goes on, what it
    /// shows twice is the first.
    fn moment(&self, date: Date, minute: u16) -> Option<i64> {
        let (date, minute) = match minute {
            DAY_MIN => (date.checked_add(1.day()).ok()?, 0),
            minute => (date, minute),
        };
        let hour = i8::try_from(minute / 60).ok()?;
        let wall = date.at(hour, i8::try_from(minute % 60).ok()?, 0, 0);
        let zoned = self.zone.to_ambiguous_zoned(wall).compatible().ok()?;
        Some(zoned.timestamp().as_millisecond())
    }
}

/// The first moment from `at_ms` on, in milliseconds since 1970, at which all of `times` let people
/// be called; `None` where there is none within 35 days.
#[must_use]
pub fn first_open(times: &[&CallingTimes], at_ms: i64) -> Option<i64> {
    let mut moment = at_ms;
    while moment - at_ms <= LOOKED_AHEAD_MS {
        let mut latest = moment;
        for rule in times {
            latest = latest.max(rule.opens(moment)?);
        }
        if latest == moment {
            return Some(moment);
        }
        moment = latest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(entries: &[&str], zone: &str) -> CallingTimes {
        CallingTimes {
            hours: CallingHours::read(entries).unwrap(),
            zone: TimeZone::get(zone).unwrap(),
        }
    }

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    /// Hours, zone, a moment, and the first from it on at which people may be called.
    const TABLE: &[(&[&str], &str, &str, &str)] = &[
        // Within, at the opening, at the closing, before, after.
        (
            &["08:00-21:00"],
            "UTC",
            "2026-11-27T12:00Z",
            "2026-11-27T12:00Z",
        ),
        (
            &["08:00-21:00"],
            "UTC",
            "2026-11-27T08:00Z",
            "2026-11-27T08:00Z",
        ),
        (
            &["08:00-21:00"],
            "UTC",
            "2026-11-27T21:00Z",
            "2026-11-28T08:00Z",
        ),
        (
            &["08:00-21:00"],
            "UTC",
            "2026-11-27T20:59:59Z",
            "2026-11-27T20:59:59Z",
        ),
        (
            &["08:00-21:00"],
            "UTC",
            "2026-11-27T03:00Z",
            "2026-11-27T08:00Z",
        ),
        // Days: 27 November 2026 is a Friday.
        (
            &["Mon-Fri 09:00-17:00"],
            "UTC",
            "2026-11-27T18:00Z",
            "2026-11-30T09:00Z",
        ),
        (
            &["Mon-Fri 09:00-17:00", "Sat,Sun 11:00-13:00"],
            "UTC",
            "2026-11-27T18:00Z",
            "2026-11-28T11:00Z",
        ),
        (
            &["Wed 09:00-10:00"],
            "UTC",
            "2026-11-25T10:00Z",
            "2026-12-02T09:00Z",
        ),
        // Saturday to Monday, around the end of the week.
        (
            &["Sat-Mon 09:00-10:00"],
            "UTC",
            "2026-11-27T12:00Z",
            "2026-11-28T09:00Z",
        ),
        // Two spans of a day, written in any order.
        (
            &["14:00-18:00", "08:00-12:00"],
            "UTC",
            "2026-11-27T12:30Z",
            "2026-11-27T14:00Z",
        ),
        // The end of a day.
        (
            &["00:00-24:00"],
            "UTC",
            "2026-11-27T23:59:59Z",
            "2026-11-27T23:59:59Z",
        ),
        // Other clocks; in Sydney it is Saturday already.
        (
            &["08:00-21:00"],
            "America/New_York",
            "2026-11-27T12:00Z",
            "2026-11-27T13:00Z",
        ),
        (
            &["Mon-Fri 09:00-17:00"],
            "Australia/Sydney",
            "2026-11-27T20:00Z",
            "2026-11-29T22:00Z",
        ),
        (
            &["08:00-21:00"],
            "Asia/Kathmandu",
            "2026-11-27T00:00Z",
            "2026-11-27T02:15Z",
        ),
        // The night in which Berlin's clocks go forward: 8 o'clock comes an hour sooner.
        (
            &["08:00-21:00"],
            "Europe/Berlin",
            "2026-03-28T21:00Z",
            "2026-03-29T06:00Z",
        ),
        (
            &["08:00-21:00"],
            "Europe/Berlin",
            "2026-03-27T21:00Z",
            "2026-03-28T07:00Z",
        ),
        // And back.
        (
            &["08:00-21:00"],
            "Europe/Berlin",
            "2026-10-24T20:00Z",
            "2026-10-25T07:00Z",
        ),
        // Half past two, which there is not, is half past three; from then on there is half an hour.
        (
            &["02:30-04:00"],
            "Europe/Berlin",
            "2026-03-29T00:00Z",
            "2026-03-29T01:30Z",
        ),
        // Hours that there are not: the next night's.
        (
            &["02:00-03:00"],
            "Europe/Berlin",
            "2026-03-29T00:00Z",
            "2026-03-30T00:00Z",
        ),
        // Half past two twice: from the first on, until the second three o'clock.
        (
            &["02:30-03:00"],
            "Europe/Berlin",
            "2026-10-25T00:00Z",
            "2026-10-25T00:30Z",
        ),
        (
            &["02:30-03:00"],
            "Europe/Berlin",
            "2026-10-25T01:45Z",
            "2026-10-25T01:45Z",
        ),
    ];

    #[test]
    fn people_are_called_in_the_hours_of_their_wall_clock() {
        for (entries, zone, at, opens) in TABLE {
            let opened = first_open(&[&times(entries, zone)], ms(at));
            let shown = opened.map(|it| Timestamp::from_millisecond(it).unwrap().to_string());
            assert_eq!(
                opened,
                Some(ms(opens)),
                "{entries:?} {zone} {at}: {shown:?}"
            );
        }
    }

    #[test]
    fn where_several_rules_hold_all_of_them_do() {
        let office = times(&["Mon-Fri 09:00-17:00"], "Europe/Berlin");
        let coast = times(&["08:00-21:00"], "America/Los_Angeles");
        // Eight in Los Angeles is five in the afternoon in Berlin: never together.
        assert_eq!(
            first_open(&[&office, &coast], ms("2026-11-27T12:00Z")),
            None
        );
        let east = times(&["08:00-21:00"], "America/New_York");
        let opened = first_open(&[&office, &east], ms("2026-11-27T17:00Z"));
        assert_eq!(opened, Some(ms("2026-11-30T13:00Z")));
        assert_eq!(first_open(&[], 7), Some(7));
    }

    #[test]
    fn what_is_no_time_to_call_is_named_by_its_place() {
        let entries = [
            "Mon-Fri 08:00-21:00",
            "Mon-Fri",
            "Mo 08:00-09:00",
            "21:00-08:00",
            "08:00-24:01",
            "8:00-9:00",
            "Mon 08:60-09:00",
        ];
        let problems = CallingHours::read(&entries).unwrap_err();
        let places: Vec<usize> = problems.iter().map(|(at, _)| *at).collect();
        assert_eq!(places, [1, 2, 3, 4, 5, 6]);
        assert!(CallingHours::read::<&str>(&[]).is_err());
    }
}
