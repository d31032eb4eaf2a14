//! Whether a call may begin: the one place that counts calls against what an agent and its
//! workspace may have, for every way in which calls begin.
//!
//! What this process holds is counted in memory, where taking a place and looking whether there is
//! one are one step; what other servers hold is read from the database, and only where there is a
//! limit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use offhook_agent::CallLimits;
use offhook_store::{StoreError, Workspace, WorkspaceId, now_ms};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::no_place::NoPlace;

/// How many times what a workspace may have its agents may burst to.
const BURST: u64 = 3;
/// Calls that may wait for one agent.
const WAITING_MAX: usize = 100;
/// How often who is first in line looks whether another server has a place again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// A call that wants to begin.
#[derive(Debug, Clone, Copy)]
pub struct PlaceAsked<'a> {
    /// The workspace that it belongs to.
    pub workspace: &'a Workspace,
    /// The id of the agent that is to answer.
    pub agent: &'a str,
    /// How many calls the agent takes.
    pub limits: CallLimits,
    /// The name of this process among those that share the database.
    pub node: &'a str,
}

/// The places of the calls that run in this process. Cloning gives another way to the same.
#[derive(Debug, Clone)]
pub struct CallPlaces {
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    /// Calls that a workspace may have at the same time; `None`: any number.
    workspace_max: Option<u32>,
    /// When this process began, in milliseconds since 1970.
    since_ms: i64,
    counts: Mutex<Counts>,
    /// Told whenever a place is free again.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    workspaces: HashMap<WorkspaceId, u64>,
    agents: HashMap<Key, OfAgent>,
    /// The day of which `begun` speaks, in days since 1970.
    day: i64,
}

type Key = (WorkspaceId, Arc<str>);

#[derive(Debug, Default)]
struct OfAgent {
    up: u64,
    begun: u64,
    waiting: usize,
    /// Who holds it is first in line; it is given in the order in which it was asked for.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What other servers hold, and what this one held before it was started again.
#[derive(Debug, Clone, Copy, Default)]
struct Elsewhere {
    of_agent: u64,
    of_workspace: u64,
    begun: u64,
}

/// A place for one call; it is free again when this is dropped.
#[derive(Debug)]
pub struct CallPlace {
    places: CallPlaces,
    key: Key,
    /// The day on which it was taken; `None` once its call has begun.
    unused_since: Option<i64>,
}

impl CallPlaces {
    /// Places for calls of workspaces that may have so many each.
    #[must_use]
    pub fn new(workspace_max: Option<u32>) -> Self {
        Self {
            inside: Arc::new(Inside {
                workspace_max,
                since_ms: now_ms(),
                counts: Mutex::default(),
                freed: Notify::new(),
            }),
        }
    }

    /// Takes a place for a call, where there is one now.
    ///
    /// # Errors
    /// [`NoPlace`], also where the database cannot be asked.
    pub async fn take(&self, asked: PlaceAsked<'_>) -> Result<CallPlace, NoPlace> {
        self.take_in_turn(asked, false).await
    }

    /// Takes a place for a call, or waits for one as long as the agent lets calls wait, behind those
    /// that came before. Who stops waiting leaves the line.
    ///
    /// # Errors
    /// As [`CallPlaces::take`]; [`NoPlace::TimedOut`].
    pub async fn take_or_wait(&self, asked: PlaceAsked<'_>) -> Result<CallPlace, NoPlace> {
        match (self.take(asked).await, asked.limits.wait_max) {
            (Err(refused), Some(wait_max)) if refused.may_pass() => {
                self.wait(asked, wait_max).await
            }
            (taken, _) => taken,
        }
    }

    /// Waits for a place at the end of the line.
    ///
    /// # Errors
    /// As [`CallPlaces::take_or_wait`].
    pub async fn wait(
        &self,
        asked: PlaceAsked<'_>,
        wait_max: Duration,
    ) -> Result<CallPlace, NoPlace> {
        let deadline = Instant::now() + wait_max;
        let waiting = Waiting::join(self, asked)?;
        let first_in_line = async {
            let _turn = waiting.turn.lock().await;
            loop {
                let freed = self.inside.freed.notified();
                tokio::pin!(freed);
                freed.as_mut().enable();
                match self.take_in_turn(asked, true).await {
                    Err(refused) if refused.may_pass() => {}
                    taken => return taken,
                }
                timeout(LOOK_EVERY, freed).await.ok();
            }
        };
        let taken = timeout_at(deadline, first_in_line).await;
        taken.unwrap_or(Err(NoPlace::TimedOut(wait_max)))
    }

    /// How many calls wait for an agent.
    #[must_use]
    pub fn waiting(&self, workspace: &WorkspaceId, agent: &str) -> usize {
        let counts = self.counts();
        let of_agent = counts.agents.get(&(workspace.clone(), agent.into()));
        of_agent.map_or(0, |it| it.waiting)
    }

    async fn take_in_turn(
        &self,
        asked: PlaceAsked<'_>,
        is_first: bool,
    ) -> Result<CallPlace, NoPlace> {
        let now = now_ms();
        let elsewhere = self.elsewhere(asked, now).await?;
        let limits = asked.limits;
        let key = key_of(asked);
        let day = now.div_euclid(DAY_MS);
        let mut counts = self.counts();
        counts.turn_to(day);
        let in_workspace = counts.workspaces.get(&key.0).copied().unwrap_or(0);
        let of_agent = counts.agents.entry(key.clone()).or_default();
        let would_overtake = of_agent.waiting > 0 && !is_first;
        if let Some(max) = limits.calls_per_day
            && of_agent.begun + elsewhere.begun >= u64::from(max)
        {
            let left = (day + 1) * DAY_MS - now;
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
            return Err(NoPlace::DayFull { max, left });
        }
        if let Some(max) = limits.concurrent_calls {
            let is_full = of_agent.up + elsewhere.of_agent >= u64::from(max);
            if is_full || would_overtake {
                return Err(NoPlace::AgentFull { max });
            }
        }
        if let Some(max) = self.workspace_max(limits) {
            let is_full = in_workspace + elsewhere.of_workspace >= max;
            if is_full || would_overtake {
                return Err(NoPlace::WorkspaceFull { max });
            }
        }
        of_agent.up += 1;
        of_agent.begun += 1;
        *counts.workspaces.entry(key.0.clone()).or_default() += 1;
        drop(counts);
        Ok(CallPlace {
            places: self.clone(),
            key,
            unused_since: Some(day),
        })
    }

    /// What the database knows and this process does not; nothing is read that no limit asks for.
    async fn elsewhere(&self, asked: PlaceAsked<'_>, now: i64) -> Result<Elsewhere, StoreError> {
        let PlaceAsked {
            workspace,
            agent,
            limits,
            node,
        } = asked;
        let mut elsewhere = Elsewhere::default();
        if limits.concurrent_calls.is_some_and(|max| max > 0) {
            elsewhere.of_agent = workspace.calls_up_elsewhere(node, Some(agent)).await?;
        }
        if self.inside.workspace_max.is_some() {
            elsewhere.of_workspace = workspace.calls_up_elsewhere(node, None).await?;
        }
        if limits.calls_per_day.is_some_and(|max| max > 0) {
            let midnight = now - now.rem_euclid(DAY_MS);
            let since = self.inside.since_ms;
            elsewhere.begun = workspace.calls_begun(agent, midnight, node, since).await?;
        }
        Ok(elsewhere)
    }

    fn workspace_max(&self, limits: CallLimits) -> Option<u64> {
        let max = u64::from(self.inside.workspace_max?);
        Some(if limits.bursts { max * BURST } else { max })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        let counts = self.inside.counts.lock();
        counts.unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(asked: PlaceAsked<'_>) -> Key {
    (asked.workspace.id().clone(), asked.agent.into())
}

impl Counts {
    /// On a new day nothing has begun, and who has nothing up is forgotten.
    fn turn_to(&mut self, day: i64) {
        if self.day == day {
            return;
        }
        self.day = day;
        self.agents.retain(|_, it| it.up > 0 || it.waiting > 0);
        for of_agent in self.agents.values_mut() {
            of_agent.begun = 0;
        }
    }
}

/// A place in an agent's line; it is left when this is dropped.
struct Waiting {
    places: CallPlaces,
    key: Key,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Waiting {
    fn join(places: &CallPlaces, asked: PlaceAsked<'_>) -> Result<Self, NoPlace> {
        let key = key_of(asked);
        let mut counts = places.counts();
        let of_agent = counts.agents.entry(key.clone()).or_default();
        if of_agent.waiting >= WAITING_MAX {
            return Err(NoPlace::LineFull { max: WAITING_MAX });
        }
        of_agent.waiting += 1;
        let turn = of_agent.turn.clone();
        drop(counts);
        Ok(Self {
            places: places.clone(),
            key,
            turn,
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(of_agent) = self.places.counts().agents.get_mut(&self.key) {
            of_agent.waiting = of_agent.waiting.saturating_sub(1);
        }
    }
}

impl CallPlace {
    /// Its call has begun: it counts for the day, however it goes on.
    pub(super) fn begin(&mut self) {
        self.unused_since = None;
    }
}

impl Drop for CallPlace {
    fn drop(&mut self) {
        let mut counts = self.places.counts();
        let is_today = self.unused_since == Some(counts.day);
        if let Some(of_agent) = counts.agents.get_mut(&self.key) {
            of_agent.up = of_agent.up.saturating_sub(1);
            if is_today {
                of_agent.begun = of_agent.begun.saturating_sub(1);
            }
        }
        if let Some(up) = counts.workspaces.get_mut(&self.key.0) {
            *up = up.saturating_sub(1);
            if *up == 0 {
                counts.workspaces.remove(&self.key.0);
            }
        }
        drop(counts);
        self.places.inside.freed.notify_waiters();
    }
}
