//! The section `limits` of an agent document: how many calls the agent takes, and what becomes of
//! one too many.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::{DurationText, limits};

/// How many calls the agent takes, and what becomes of one too many.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsDocument {
    /// Calls that may be up at the same time, on all servers that share a database. 0 takes none.
    /// Null: as many as the servers carry.
    #[schemars(range(min = limits::CONCURRENT_CALLS.min, max = limits::CONCURRENT_CALLS.max))]
    pub concurrent_calls: Option<u32>,
    /// Calls that may begin in a day, which is one of UTC. 0 takes none. Null: any number.
    #[schemars(range(min = limits::CALLS_PER_DAY.min, max = limits::CALLS_PER_DAY.max))]
    pub calls_per_day: Option<u32>,
    /// Whether a call of this agent may begin where its workspace already has as many as it may
    /// (`workspace_calls_max` of the server), up to three times as many.
    pub bursts: bool,
    /// How long a call that finds no place may wait for one, behind those that came before it.
    /// Null: it is refused at once. A call beyond `calls_per_day` never waits.
    pub wait_max: Option<DurationText>,
}

/// How many calls an agent takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallLimits {
    /// Calls that may be up at the same time; `None`: any number.
    pub concurrent_calls: Option<u32>,
    /// Calls that may begin in a day of UTC; `None`: any number.
    pub calls_per_day: Option<u32>,
    /// Whether calls may go beyond what the workspace may have, up to three times as many.
    pub bursts: bool,
    /// How long a call may wait for a place; `None`: not at all.
    pub wait_max: Option<Duration>,
}

impl Check {
    pub(crate) fn call_limits(&mut self, section: &LimitsDocument) -> CallLimits {
        let concurrent_calls = section.concurrent_calls.map(|calls| {
            let path = "limits.concurrent_calls";
            self.whole(path, calls, limits::CONCURRENT_CALLS)
        });
        let calls_per_day = section.calls_per_day.map(|calls| {
            let path = "limits.calls_per_day";
            self.whole(path, calls, limits::CALLS_PER_DAY)
        });
        let wait_max = section.wait_max.as_ref();
        CallLimits {
            concurrent_calls,
            calls_per_day,
            bursts: section.bursts,
            wait_max: self.duration("limits.wait_max", wait_max, limits::PLACE_WAIT),
        }
    }
}
