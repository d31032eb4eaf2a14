//! The section `callbacks` of an agent document: whether whoever a call of the agent does not reach is
//! called again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::limits;

/// Whether whoever a call of the agent does not reach is called again: after a call that nobody
/// answered, that met a busy line or a machine. Who calls in before that is not called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CallbacksDocument {
    /// Whether they are.
    pub is_enabled: bool,
    /// How often, at most.
    #[schemars(range(min = limits::CALLBACKS.min, max = limits::CALLBACKS.max))]
    pub attempts_max: u32,
    /// How long after the first call, after the first callback, and so on; the last repeats. Empty:
    /// a day each. What falls outside the hours in which the server calls people waits for the next
    /// of them.
    #[schemars(length(max = limits::CALLBACK_GAPS_MAX))]
    pub gaps: Vec<CallbackGapDocument>,
}

/// How long after an attempt the next is made: at least a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CallbackGapDocument {
    /// Days of the calendar.
    #[schemars(range(min = limits::CALLBACK_DAYS.min, max = limits::CALLBACK_DAYS.max))]
    pub days: u32,
    /// Hours more.
    #[schemars(range(min = limits::CALLBACK_HOURS.min, max = limits::CALLBACK_HOURS.max))]
    pub hours: u32,
}

/// Whether whoever a call does not reach is called again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackSettings {
    /// Whether they are.
    pub is_enabled: bool,
    /// How often, at most.
    pub attempts_max: u32,
    /// Between one attempt and the next; the last repeats.
    pub gaps: Vec<CallbackGap>,
}

/// The time between two attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallbackGap {
    /// Days of the calendar.
    pub days: u32,
    /// Hours more.
    pub hours: u32,
}

impl Default for CallbacksDocument {
    fn default() -> Self {
        Self {
            is_enabled: false,
            attempts_max: 5,
            gaps: Vec::new(),
        }
    }
}

impl Default for CallbackGapDocument {
    fn default() -> Self {
        Self { days: 1, hours: 0 }
    }
}

impl Check {
    pub(crate) fn callbacks(&mut self, section: &CallbacksDocument) -> CallbackSettings {
        let most = limits::CALLBACK_GAPS_MAX;
        if section.gaps.len() > most {
            let count = section.gaps.len();
            self.refuse(
                "callbacks.gaps",
                format!("{count} are too many; at most {most}"),
            );
        }
        let gaps = section.gaps.iter().enumerate();
        let gaps = gaps.map(|(at, gap)| {
            let path = |name: &str| format!("callbacks.gaps[{at}].{name}");
            CallbackGap {
                days: self.whole(&path("days"), gap.days, limits::CALLBACK_DAYS),
                hours: self.whole(&path("hours"), gap.hours, limits::CALLBACK_HOURS),
            }
        });
        let gaps = gaps.collect();
        let path = "callbacks.attempts_max";
        CallbackSettings {
            is_enabled: section.is_enabled,
            attempts_max: self.whole(path, section.attempts_max, limits::CALLBACKS),
            gaps,
        }
    }
}
