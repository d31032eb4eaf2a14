//! Waits with the greeting, where the agent does not greet at once. Whatever is said meanwhile takes
//! its place. It does not know what is said.

use std::time::Duration;

use crate::{Instant, Reason, Timer, TurnPolicy};

#[derive(Debug)]
pub(crate) struct GreetingWatch {
    delay: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting(Instant),
    /// It is to begin as soon as nobody speaks.
    Due,
    /// It has begun, or there is none any more.
    Over,
}

impl GreetingWatch {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        Self {
            delay: policy.greeting_delay,
            state: State::Over,
        }
    }

    /// The call was answered by an agent that greets.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.state = State::Waiting(now + self.delay);
    }

    /// Something is being said.
    pub(crate) fn forget(&mut self) {
        self.state = State::Over;
    }

    /// Whether the agent is about to speak by itself.
    pub(crate) fn is_pending(&self) -> bool {
        self.state != State::Over
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|(at, _)| at <= now) {
            self.state = State::Due;
        }
    }

    /// Why the greeting begins now, where nobody speaks.
    pub(crate) fn poll(&mut self) -> Option<Reason> {
        if self.state != State::Due {
            return None;
        }
        self.state = State::Over;
        Some(Reason::GreetingDelayed { delay: self.delay })
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        match self.state {
            State::Waiting(at) => Some((at, Timer::GreetingDelay)),
            State::Due | State::Over => None,
        }
    }
}
