//! The providers of a stage, in the order in which they are asked.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use offhook_contract::ProviderError;

use super::StandbyLimits;
use super::health::{Health, Standing};

/// Before those whose failure may pass are asked once more.
pub(super) const SECOND_ROUND_AFTER: Duration = Duration::from_millis(200);

/// The providers, by their places in the list, and how well each does.
#[derive(Debug)]
pub(super) struct Lineup<T: ?Sized> {
    members: Vec<Member<T>>,
}

#[derive(Debug)]
struct Member<T: ?Sized> {
    provider: Arc<T>,
    health: Health,
}

impl<T: ?Sized> Lineup<T> {
    pub(super) fn new(providers: Vec<Arc<T>>, limits: &StandbyLimits) -> Self {
        let member = |provider| Member {
            provider,
            health: Health::new(limits),
        };
        Self {
            members: providers.into_iter().map(member).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn provider(&self, place: usize) -> Option<&Arc<T>> {
        self.members.get(place).map(|member| &member.provider)
    }

    pub(super) fn health(&self, place: usize) -> Option<&Health> {
        self.members.get(place).map(|member| &member.health)
    }

    /// Who would be asked first now.
    pub(super) fn first(&self) -> Option<usize> {
        let is_good = |member: &Member<T>| !member.health.is_passed_over();
        let first = self.members.iter().position(is_good);
        first.or_else(|| (!self.members.is_empty()).then_some(0))
    }

    /// Who is asked for something now.
    pub(super) fn queue(&self) -> Queue {
        let mut queue = Queue::default();
        let mut down = Vec::new();
        for (place, member) in self.members.iter().enumerate() {
            match member.health.standing() {
                Standing::Good => queue.waiting.push_back(place),
                Standing::Down => down.push(place),
                Standing::Due => {
                    down.push(place);
                    queue.due.get_or_insert(place);
                }
            }
        }
        if queue.waiting.is_empty() {
            // It is asked in earnest.
            queue.due = None;
        }
        queue.waiting.extend(down);
        queue
    }

    /// Who is asked should the one of this place fail, which works now.
    pub(super) fn queue_behind(&self, place: usize) -> Queue {
        let others = (0..self.members.len()).filter(|it| *it != place);
        let is_down = |it: &usize| self.health(*it).is_some_and(Health::is_passed_over);
        let (down, good): (Vec<usize>, Vec<usize>) = others.partition(is_down);
        Queue {
            waiting: good.into_iter().chain(down).collect(),
            ..Queue::default()
        }
    }
}

/// Who is asked one after the other for one thing; those whose failure may pass come a second time.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<usize>,
    /// Who is to be tried behind the call's back.
    pub(super) due: Option<usize>,
    passing: Vec<usize>,
    is_second_round: bool,
    problem: Option<ProviderError>,
}

/// The next that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) place: usize,
    /// It failed before: not at once.
    pub(super) after: Duration,
}

impl Queue {
    /// Whether another would be asked, were the one that works now to fail.
    pub(super) fn has_next(&self) -> bool {
        !self.waiting.is_empty() || !self.is_second_round
    }

    /// Whether another is left that has not been asked yet.
    pub(super) fn has_fresh(&self) -> bool {
        !self.waiting.is_empty() && !self.is_second_round
    }

    pub(super) fn next(&mut self) -> Option<Next> {
        let mut after = Duration::ZERO;
        if self.waiting.is_empty() && !self.is_second_round {
            self.is_second_round = true;
            self.waiting.extend(self.passing.drain(..));
            after = SECOND_ROUND_AFTER;
        }
        let place = self.waiting.pop_front()?;
        Some(Next { place, after })
    }

    /// One failed.
    pub(super) fn failed(&mut self, place: usize, problem: ProviderError) {
        if !matches!(problem, ProviderError::Rejected { .. }) {
            self.passing.push(place);
        }
        self.problem.get_or_insert(problem);
    }

    /// Why nothing comes: the problem of whoever failed first.
    pub(super) fn into_problem(self) -> ProviderError {
        self.problem.unwrap_or_else(|| ProviderError::Unavailable {
            provider: "standby".to_owned(),
            problem: "no provider is configured".to_owned(),
        })
    }
}

/// A trial behind the call's back: what `trial` gives, a wait or nothing, is noted.
pub(super) fn tried_aside<T, F>(lineup: &Arc<Lineup<T>>, place: usize, limit: Duration, trial: F)
where
    T: ?Sized + Send + Sync + 'static,
    F: Future<Output = Option<()>> + Send + 'static,
{
    let lineup = lineup.clone();
    tokio::spawn(async move {
        let asked_at = tokio::time::Instant::now();
        let outcome = tokio::time::timeout(limit, trial).await;
        let Some(health) = lineup.health(place) else {
            return;
        };
        match outcome {
            Ok(Some(())) => health.succeeded(asked_at.elapsed()),
            Ok(None) | Err(_) => health.failed(),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unavailable() -> ProviderError {
        ProviderError::Unavailable {
            provider: "a".into(),
            problem: "down".into(),
        }
    }

    fn rejected() -> ProviderError {
        ProviderError::Rejected {
            provider: "b".into(),
            problem: "wrong key".into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_asked_once_more_and_what_stays_is_not() {
        let lineup = Lineup::new(vec![Arc::new(1), Arc::new(2)], &StandbyLimits::default());
        let mut queue = lineup.queue();
        let at_once = |place| Next {
            place,
            after: Duration::ZERO,
        };
        assert_eq!(queue.next(), Some(at_once(0)));
        queue.failed(0, unavailable());
        assert!(queue.has_next() && queue.has_fresh());
        assert_eq!(queue.next(), Some(at_once(1)));
        queue.failed(1, rejected());
        assert!(queue.has_next() && !queue.has_fresh());
        let again = Next {
            place: 0,
            after: SECOND_ROUND_AFTER,
        };
        assert_eq!(queue.next(), Some(again));
        queue.failed(0, unavailable());
        assert!(!queue.has_next());
        assert_eq!(queue.next(), None);
        assert_eq!(queue.into_problem(), unavailable());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_keeps_failing_comes_last() {
        let lineup = Lineup::new(vec![Arc::new(1), Arc::new(2)], &StandbyLimits::default());
        for _ in 0..3 {
            lineup.health(0).unwrap().failed();
        }
        let mut queue = lineup.queue();
        assert_eq!(queue.due, None);
        assert_eq!(queue.next().unwrap().place, 1);
        assert_eq!(queue.next().unwrap().place, 0);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(lineup.queue().due, Some(0));
        for _ in 0..3 {
            lineup.health(1).unwrap().failed();
        }
        let mut queue = lineup.queue();
        assert_eq!((queue.due, queue.next().unwrap().place), (None, 0));
    }
}
