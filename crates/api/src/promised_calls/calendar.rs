//! When people may be called, by the workspace that has promised it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use offhook_agent::first_open;
use offhook_store::Workspace;

use super::{CallingHours, CallingTimes, PromiseDocument};
use crate::{Api, Refusal};

/// When people may be called who were promised a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallingCalendar {
    /// By workspaces that say nothing else.
    pub of_all: CallingTimes,
    /// By one workspace, by its name.
    pub of_workspaces: BTreeMap<String, CallingTimes>,
}

impl CallingCalendar {
    fn times(&self, workspace: &str) -> &CallingTimes {
        self.of_workspaces.get(workspace).unwrap_or(&self.of_all)
    }
}

/// The times at which a promise may be tried.
#[derive(Debug, Clone)]
pub(crate) struct PromiseTimes {
    /// The operator's hours, on the clock of the promise.
    operator: CallingTimes,
    /// Those of whoever asked for it.
    own: Option<CallingTimes>,
}

impl PromiseTimes {
    /// The first moment from `at_ms` on at which it may be tried; `None` where there is none.
    pub(crate) fn first_open(&self, at_ms: i64) -> Option<i64> {
        let own = self.own.iter();
        let times: Vec<&CallingTimes> = own.chain([&self.operator]).collect();
        first_open(&times, at_ms)
    }

    pub(crate) fn zone(&self) -> &TimeZone {
        &self.operator.zone
    }
}

impl Api {
    /// When a promise of a workspace may be tried.
    pub(crate) async fn promise_times(
        &self,
        workspace: &Workspace,
        promise: &PromiseDocument,
    ) -> Result<PromiseTimes, Refusal> {
        let connected = self.connected()?;
        let name = self.store().workspace_name(workspace.id()).await?;
        let set = connected.telephony.times.times(&name);
        let named = promise.time_zone.as_deref();
        let zone = named.and_then(|name| TimeZone::get(name).ok());
        let zone = zone.unwrap_or_else(|| set.zone.clone());
        let own = match promise.hours.as_slice() {
            [] => None,
            hours => CallingHours::read(hours).ok(),
        };
        Ok(PromiseTimes {
            operator: CallingTimes {
                hours: set.hours.clone(),
                zone: zone.clone(),
            },
            own: own.map(|hours| CallingTimes { hours, zone }),
        })
    }
}
