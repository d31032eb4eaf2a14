//! Keeps a slow reply from being dead air: says when a filler is due, and which one. It does not
//! know what fillers say, nor what makes the reply slow.

use std::time::Duration;

use crate::policy::PolicyError;
use crate::{FillerChoice, Instant, Reason, Timer, TurnId, TurnPolicy};

/// The order in which an agent's fillers are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FillerOrder {
    /// As listed, over the whole call, then from the beginning.
    #[default]
    Listed,
    /// Mixed, none twice in a row. The same turns of a replayed call get the same ones.
    Shuffled,
}

/// When a slow reply is bridged, and with what. The values are those of `ElevenLabs`'
/// `turn.soft_timeout_config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftTimeout {
    /// How long nothing of a committed reply may be heard, or nothing more of it, until a filler is
    /// spoken; 500 ms to 8 s. Default 3 s.
    pub after: Duration,
    /// Fillers in one turn at most, 1 to 10. Default 1.
    pub fillers_max: u32,
    /// How many fillers the agent has to choose from, 1 to 20. Default 1.
    pub fillers_listed: u32,
    /// Default [`FillerOrder::Listed`].
    pub order: FillerOrder,
    /// Whether the chat model is asked for the filler; a listed one is spoken where it is too slow
    /// or fails. Default false.
    pub is_written: bool,
    /// Whether replies before the caller's first words, such as a greeting, get none. Default
    /// false.
    pub waits_for_caller: bool,
}

impl Default for SoftTimeout {
    fn default() -> Self {
        Self {
            after: Duration::from_secs(3),
            fillers_max: 1,
            fillers_listed: 1,
            order: FillerOrder::Listed,
            is_written: false,
            waits_for_caller: false,
        }
    }
}

impl SoftTimeout {
    pub(crate) fn validate(&self) -> Result<(), PolicyError> {
        let (after, fillers_max, listed) = (self.after, self.fillers_max, self.fillers_listed);
        if !(Duration::from_millis(500)..=Duration::from_secs(8)).contains(&after) {
            return Err(PolicyError {
                knob: "soft_timeout.after",
                problem: format!(
                    "{} ms is out of range, allowed are 500 ms to 8000 ms",
                    after.as_millis()
                ),
            });
        }
        if !(1..=10).contains(&fillers_max) {
            return Err(PolicyError {
                knob: "soft_timeout.fillers_max",
                problem: format!("{fillers_max} fillers a turn; allowed are 1 to 10"),
            });
        }
        if !(1..=20).contains(&listed) {
            return Err(PolicyError {
                knob: "soft_timeout.fillers_listed",
                problem: format!("{listed} fillers are listed; allowed are 1 to 20"),
            });
        }
        Ok(())
    }
}

/// A stretch in which nothing of a committed reply is heard and more is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) turn: TurnId,
    pub(crate) since: Instant,
    pub(crate) is_tool_running: bool,
}

/// A filler that is due.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DueFiller {
    pub(crate) turn: TurnId,
    pub(crate) filler: FillerChoice,
    pub(crate) reason: Reason,
}

#[derive(Debug)]
pub(crate) struct SoftTimeoutWatch {
    policy: Option<SoftTimeout>,
    has_caller_spoken: bool,
    wait: Option<Wait>,
    /// The turn in which a filler was ordered last, and how many were in it.
    spoken_in: (TurnId, u32),
    /// The wait that the last filler was ordered for.
    bridged: Option<Wait>,
    /// Fillers ordered so far.
    count: u32,
    last: Option<u32>,
    due: Option<DueFiller>,
}

impl SoftTimeoutWatch {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        Self {
            policy: policy.soft_timeout.clone(),
            has_caller_spoken: false,
            wait: None,
            spoken_in: (TurnId(0), 0),
            bridged: None,
            count: 0,
            last: None,
            due: None,
        }
    }

    /// Bridges as another policy says from now on.
    pub(crate) fn succeed(&mut self, policy: &TurnPolicy) {
        *self = Self {
            has_caller_spoken: self.has_caller_spoken,
            ..Self::new(policy)
        };
    }

    /// The caller's first turn is over.
    pub(crate) fn caller_spoke(&mut self) {
        self.has_caller_spoken = true;
    }

    /// What is waited for; `None` while a reply is heard, or none is to come.
    pub(crate) fn handle(&mut self, wait: Option<Wait>) {
        self.wait = wait;
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let is_due = self.poll_timeout().is_some_and(|(at, _)| at <= now);
        let (Some(wait), Some(policy)) = (self.wait.filter(|_| is_due), &self.policy) else {
            return;
        };
        let listed = policy.fillers_listed.max(1);
        let index = match policy.order {
            FillerOrder::Listed => self.count % listed,
            FillerOrder::Shuffled => {
                let index = mixed(wait.turn.0, self.count) % listed;
                // The one before it was just heard.
                let is_repeated = self.last == Some(index);
                (index + u32::from(is_repeated)) % listed
            }
        };
        let filler = if policy.is_written {
            FillerChoice::Written { fallback: index }
        } else {
            FillerChoice::Line(index)
        };
        let reason = Reason::ReplySlow {
            waited: now.since(wait.since),
            is_tool_running: wait.is_tool_running,
        };
        let (turn, spoken) = self.spoken_in;
        self.spoken_in = (wait.turn, if turn == wait.turn { spoken + 1 } else { 1 });
        self.count = self.count.wrapping_add(1);
        self.last = Some(index);
        self.bridged = Some(wait);
        self.due = Some(DueFiller {
            turn: wait.turn,
            filler,
            reason,
        });
    }

    pub(crate) fn poll(&mut self) -> Option<DueFiller> {
        self.due.take()
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let (wait, policy) = (self.wait?, self.policy.as_ref()?);
        let is_bridged = self
            .bridged
            .is_some_and(|bridged| (bridged.turn, bridged.since) == (wait.turn, wait.since));
        let (turn, spoken) = self.spoken_in;
        let is_spent = turn == wait.turn && spoken >= policy.fillers_max;
        let is_too_early = policy.waits_for_caller && !self.has_caller_spoken;
        (!is_bridged && !is_spent && !is_too_early)
            .then(|| (wait.since + policy.after, Timer::SoftTimeout))
    }
}

/// A number that looks like chance and is the same for the same turn.
fn mixed(turn: u32, count: u32) -> u32 {
    let mut mixed = turn.wrapping_mul(0x9e37_79b9) ^ count.wrapping_mul(0x85eb_ca6b);
    mixed = (mixed ^ (mixed >> 16)).wrapping_mul(0x7feb_352d);
    mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x846c_a68b);
    mixed ^ (mixed >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(policy: SoftTimeout, turns: u32) -> Vec<u32> {
        let mut watch = SoftTimeoutWatch::new(&TurnPolicy {
            soft_timeout: Some(policy),
            ..TurnPolicy::default()
        });
        (1..=turns)
            .map(|turn| {
                let since = Instant::from_millis(u64::from(turn) * 10_000);
                watch.handle(Some(Wait {
                    turn: TurnId(turn),
                    since,
                    is_tool_running: false,
                }));
                watch.handle_timeout(since + Duration::from_secs(3));
                match watch.poll().unwrap().filler {
                    FillerChoice::Line(index) | FillerChoice::Written { fallback: index } => index,
                }
            })
            .collect()
    }

    #[test]
    fn listed_fillers_come_in_order_and_again() {
        let policy = SoftTimeout {
            fillers_listed: 3,
            ..SoftTimeout::default()
        };
        assert_eq!(spoken(policy, 7), [0, 1, 2, 0, 1, 2, 0]);
    }

    #[test]
    fn shuffled_fillers_do_not_repeat_and_all_come() {
        let policy = SoftTimeout {
            fillers_listed: 4,
            order: FillerOrder::Shuffled,
            ..SoftTimeout::default()
        };
        let fillers = spoken(policy.clone(), 60);
        assert!(fillers.windows(2).all(|pair| pair[0] != pair[1]));
        for filler in 0..4 {
            let count = fillers.iter().filter(|one| **one == filler).count();
            assert!((8..25).contains(&count), "{filler} came {count} times");
        }
        assert_eq!(fillers, spoken(policy, 60));
    }

    #[test]
    fn the_only_filler_may_come_twice() {
        let policy = SoftTimeout {
            order: FillerOrder::Shuffled,
            ..SoftTimeout::default()
        };
        assert_eq!(spoken(policy, 3), [0, 0, 0]);
    }

    #[test]
    fn a_range_is_named() {
        let policy = SoftTimeout {
            after: Duration::from_millis(100),
            ..SoftTimeout::default()
        };
        assert_eq!(
            policy.validate().unwrap_err().to_string(),
            "soft_timeout.after: 100 ms is out of range, allowed are 500 ms to 8000 ms"
        );
    }
}
