//! The section `opening_hours` of an agent document: when the agent takes calls, and what it says at
//! other times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::calling_hours::{CallingHours, CallingTimes, first_open};
use crate::check::Check;
use crate::template::Template;
use crate::{CallVariables, limits};

/// When the agent takes calls, and places any. A call that comes at another time hears the message,
/// and is over; none is placed then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpeningHoursDocument {
    /// Days and hours such as `Mon-Fri 09:00-17:00`, `Sat,Sun 10:00-14:00`, and `09:00-17:00` for
    /// every day; 24:00 is the end of a day.
    #[schemars(length(min = 1, max = limits::OPENING_TIMES_MAX))]
    pub times: Vec<String>,
    /// IANA name of the time zone whose clock that is. Null: the agent's `time_zone`, else UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Said at other times in place of the first message, before the agent hangs up. Empty: nothing.
    #[serde(default)]
    #[schemars(length(max = limits::LINE_CHARS_MAX))]
    pub closed_message: String,
}

/// When the agent takes calls, and what it says at other times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpeningHours {
    times: CallingTimes,
    closed_message: Template,
}

impl Agent {
    /// How long it is from `moment` on until the agent takes calls; nothing where it does then, and
    /// where it never does any more a day.
    #[must_use]
    pub fn opens_in(&self, moment: SystemTime) -> Duration {
        let Some(hours) = &self.opening_hours else {
            return Duration::ZERO;
        };
        let at = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_ms = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
        let opens = first_open(&[&hours.times], at_ms);
        let wait_ms = opens.map(|opens| opens.saturating_sub(at_ms).unsigned_abs());
        wait_ms.map_or(Duration::from_secs(24 * 3_600), Duration::from_millis)
    }

    /// What the agent says to a call that begins at `moment`, outside its hours, before it hangs up;
    /// then it greets nobody. `None` where it takes the call.
    pub fn close_outside_hours(
        &mut self,
        moment: SystemTime,
        variables: &CallVariables,
    ) -> Option<String> {
        if self.opens_in(moment).is_zero() {
            return None;
        }
        let hours = self.opening_hours.as_ref()?;
        let message = hours.closed_message.render(variables, &self.variables);
        self.greeting = None;
        self.policy.greets_first = false;
        Some(message)
    }
}

impl Check {
    pub(crate) fn opening_hours(
        &mut self,
        section: Option<&OpeningHoursDocument>,
        own_zone: Option<&str>,
    ) -> Option<OpeningHours> {
        let section = section?;
        if section.times.len() > limits::OPENING_TIMES_MAX {
            let most = limits::OPENING_TIMES_MAX;
            let problem = format!("{} are too many; at most {most}", section.times.len());
            self.refuse("opening_hours.times", problem);
        }
        let hours = CallingHours::read(&section.times).unwrap_or_else(|problems| {
            for (at, problem) in problems {
                self.refuse(format!("opening_hours.times[{at}]"), problem);
            }
            CallingHours::default()
        });
        let zone = section.time_zone.as_deref();
        let times = CallingTimes::new(hours, zone.or(own_zone).unwrap_or("UTC"));
        let closed_message = self.line("opening_hours.closed_message", &section.closed_message);
        match times {
            Ok(times) => Some(OpeningHours {
                times,
                closed_message,
            }),
            Err(problem) => {
                // The agent's own is told of where it stands.
                if zone.is_some() {
                    self.refuse("opening_hours.time_zone", problem);
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Friday, 27 November 2026, noon in UTC.
    const NOON: u64 = 1_795_780_800;

    fn agent(hours: &str) -> Result<Agent, String> {
        let text = format!(
            r#"{{"name":"Ava","prompt":"Be brief.","first_message":"Hello.","time_zone":"Asia/Tokyo",
                "variables":{{"shop":"the shop"}},"opening_hours":{hours}}}"#
        );
        Agent::from_json(&text).map_err(|problems| problems.to_string())
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn outside_its_hours_an_agent_says_so_and_greets_nobody() {
        let hours = r#"{"times":["Mon-Fri 09:00-17:00"],"time_zone":"Europe/Berlin",
            "closed_message":"{{shop}} is closed."}"#;
        let mut agent = agent(hours).unwrap();
        let nothing = CallVariables::new();
        assert_eq!(agent.close_outside_hours(at(NOON), &nothing), None);
        assert!(agent.turn_policy().greets_first);
        let evening = at(NOON + 5 * 3_600);
        assert_eq!(agent.opens_in(evening), Duration::from_secs(63 * 3_600));
        let said = agent.close_outside_hours(evening, &nothing);
        assert_eq!(said.as_deref(), Some("the shop is closed."));
        assert!(!agent.turn_policy().greets_first);
        assert_eq!(agent.greeting(&nothing), "");
    }

    #[test]
    fn the_clock_is_the_agent_s_own_where_none_is_named() {
        let hours = r#"{"times":["20:00-22:00"]}"#;
        assert!(agent(hours).unwrap().opens_in(at(NOON)).is_zero());
        let always = agent("null").unwrap();
        assert!(always.opens_in(at(NOON)).is_zero());
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let hours =
            r#"{"times":["09:00-17:00","late"],"time_zone":"Mars","closed_message":"{{who}}"}"#;
        let problems = agent(hours).unwrap_err();
        for place in ["times[1]", "time_zone", "closed_message"] {
            let place = format!("opening_hours.{place}: ");
            assert!(problems.contains(&place), "{place} in {problems}");
        }
        assert!(agent(r#"{"times":[]}"#).is_err());
    }
}
