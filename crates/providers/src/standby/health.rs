//! How well one provider has done lately, over all calls: whether it is passed over, and how soon it
//! usually gives something useful. Its lock is taken when a request begins and when it is decided,
//! never for a frame or a token.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::StandbyLimits;

/// Waits that are remembered.
const WAITS_KEPT: usize = 64;
/// Fewer say nothing about the slowest of them.
const WAITS_MIN: usize = 20;
/// The pause grows so many times at most.
const PAUSE_GROWTH_MAX: u32 = 8;

/// Whether a provider is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is.
    Good,
    /// Only where no other is left.
    Down,
    /// The same, and it is time to try it behind the call's back. Said once for each pause.
    Due,
}

#[derive(Debug)]
pub(super) struct Health {
    failures_max: u32,
    failures_within: Duration,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when `newest` counts; what was before it counts as well, for one span of the same
    /// length.
    since: Option<Instant>,
    newest: Tally,
    before: Tally,
    closed: Option<Closed>,
    waits: Vec<Duration>,
    next_wait: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    good: u32,
    failed: u32,
}

/// It is passed over.
#[derive(Debug, Clone, Copy)]
struct Closed {
    until: Instant,
    growth: u32,
}

impl Health {
    pub(super) fn new(limits: &StandbyLimits) -> Self {
        Self {
            failures_max: limits.failures_max.max(1),
            failures_within: limits.failures_within,
            pause: limits.pause,
            state: Mutex::default(),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        let now = Instant::now();
        let mut state = self.lock();
        match &mut state.closed {
            None => Standing::Good,
            Some(closed) if now < closed.until => Standing::Down,
            Some(closed) => {
                closed.until = now + self.pause * closed.growth;
                Standing::Due
            }
        }
    }

    pub(super) fn is_passed_over(&self) -> bool {
        self.lock().closed.is_some()
    }

    /// It gave something useful after `wait`.
    pub(super) fn succeeded(&self, wait: Duration) {
        let mut state = self.lock();
        state.turn_page(Instant::now(), self.failures_within);
        state.newest.good += 1;
        state.closed = None;
        state.note(wait);
    }

    /// Another was quicker: it would have taken longer than `wait`.
    pub(super) fn outrun(&self, wait: Duration) {
        self.lock().note(wait);
    }

    pub(super) fn failed(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        state.turn_page(now, self.failures_within);
        state.newest.failed += 1;
        if let Some(closed) = &mut state.closed {
            closed.growth = (closed.growth * 2).min(PAUSE_GROWTH_MAX);
            closed.until = now + self.pause * closed.growth;
            return;
        }
        let failed = state.newest.failed + state.before.failed;
        let good = state.newest.good + state.before.good;
        if failed >= self.failures_max && failed >= good {
            state.closed = Some(Closed {
                until: now + self.pause,
                growth: 1,
            });
            state.newest = Tally::default();
            state.before = Tally::default();
        }
    }

    /// What 95 of 100 waits were not longer than; `None` until enough are known.
    pub(super) fn p95(&self) -> Option<Duration> {
        let mut waits = {
            let state = self.lock();
            if state.waits.len() < WAITS_MIN {
                return None;
            }
            state.waits.clone()
        };
        let at = (waits.len() * 95).div_ceil(100) - 1;
        Some(*waits.select_nth_unstable(at).1)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn_page(&mut self, now: Instant, span: Duration) {
        let since = *self.since.get_or_insert(now);
        let passed = now.duration_since(since);
        if passed < span {
            return;
        }
        self.before = match passed < span * 2 {
            true => self.newest,
            false => Tally::default(),
        };
        self.newest = Tally::default();
        self.since = Some(now);
    }

    fn note(&mut self, wait: Duration) {
        if self.waits.len() < WAITS_KEPT {
            self.waits.push(wait);
        } else if let Some(oldest) = self.waits.get_mut(self.next_wait) {
            *oldest = wait;
        }
        self.next_wait = (self.next_wait + 1) % WAITS_KEPT;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn health() -> Health {
        Health::new(&StandbyLimits::default())
    }

    const fn secs(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_keeps_failing_is_passed_over_and_tried_now_and_then() {
        let health = health();
        for _ in 0..2 {
            health.failed();
            assert_eq!(health.standing(), Standing::Good);
        }
        health.failed();
        assert_eq!(health.standing(), Standing::Down);
        advance(secs(5)).await;
        assert_eq!(health.standing(), Standing::Due);
        assert_eq!(health.standing(), Standing::Down);
        health.failed();
        advance(secs(9)).await;
        assert_eq!(health.standing(), Standing::Down);
        advance(secs(1)).await;
        assert_eq!(health.standing(), Standing::Due);
        health.succeeded(secs(1));
        assert_eq!(health.standing(), Standing::Good);
    }

    #[tokio::test(start_paused = true)]
    async fn few_failures_among_many_requests_and_old_ones_do_not_count() {
        let busy = health();
        for _ in 0..10 {
            busy.succeeded(secs(1));
        }
        for _ in 0..9 {
            busy.failed();
        }
        assert_eq!(busy.standing(), Standing::Good);
        let rare = health();
        for _ in 0..9 {
            rare.failed();
            advance(secs(20)).await;
            rare.succeeded(secs(1));
        }
        assert_eq!(rare.standing(), Standing::Good);
        let old = health();
        for _ in 0..2 {
            old.failed();
        }
        advance(secs(61)).await;
        old.failed();
        assert_eq!(old.standing(), Standing::Good);
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_of_a_hundred_waits_are_known_once_there_are_enough() {
        let health = health();
        for count in 1..20 {
            health.succeeded(Duration::from_millis(count));
            assert_eq!(health.p95(), None);
        }
        for count in 20..=100 {
            health.succeeded(Duration::from_millis(count));
        }
        // Of the last 64, which are 37 to 100 ms.
        assert_eq!(health.p95(), Some(Duration::from_millis(97)));
        health.outrun(secs(2));
        assert_eq!(health.p95(), Some(Duration::from_millis(98)));
    }
}
