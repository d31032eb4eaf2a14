//! Why a call may not begin now, for people and for programs.

use std::time::Duration;

use axum::http::StatusCode;
use offhook_store::StoreError;
use thiserror::Error;

use crate::Refusal;

/// When a call that found the lines taken may look again.
const SOON: Duration = Duration::from_secs(5);

/// Why there is no place for a call.
#[derive(Debug, Error)]
pub enum NoPlace {
    /// The agent has as many calls up as it takes.
    #[error("the agent already has as many calls as it takes at the same time: {max}")]
    AgentFull {
        /// How many.
        max: u32,
    },
    /// The workspace has as many calls up as it may.
    #[error("the workspace already has as many calls as it may have at the same time: {max}")]
    WorkspaceFull {
        /// How many, bursts included.
        max: u64,
    },
    /// The agent has had as many calls today as it takes in a day.
    #[error("the agent has had as many calls today (UTC) as it takes in a day: {max}")]
    DayFull {
        /// How many.
        max: u32,
        /// What is left of the day.
        left: Duration,
    },
    /// Too many wait already.
    #[error("as many calls wait for the agent as may: {max}")]
    LineFull {
        /// How many.
        max: usize,
    },
    /// It waited in vain.
    #[error("no place for the call was free within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The database cannot be asked.
    #[error("the calls that are up cannot be counted")]
    Store(#[from] StoreError),
}

impl NoPlace {
    /// Whether it is worth to wait.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::AgentFull { .. } | Self::WorkspaceFull { .. })
    }

    /// When to try again.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::DayFull { left, .. } => *left,
            _ => SOON,
        }
    }
}

impl From<NoPlace> for Refusal {
    /// 429, with the time after which the same may work.
    fn from(problem: NoPlace) -> Self {
        let code = match &problem {
            NoPlace::DayFull { .. } => "daily_limit_reached",
            _ => "concurrency_limit_reached",
        };
        match problem {
            NoPlace::Store(problem) => problem.into(),
            problem => Self::new(StatusCode::TOO_MANY_REQUESTS, code, problem.to_string())
                .after(problem.retry_after()),
        }
    }
}
