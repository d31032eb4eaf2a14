//! Watches the silence of the caller and the length of the call: reminders, the end on silence,
//! the longest call. It does not know what is said.

use std::time::Duration;

use crate::{Instant, Reason, Timer, TurnPolicy};

/// Whether the agent speaks up by itself when the caller is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TurnMode {
    /// A silent caller is reminded.
    #[default]
    Turn,
    /// The agent only answers: no wait and no timeout makes it speak. Silence can still end the
    /// call, by its own limits.
    Silence,
}

/// What has to happen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lapse {
    /// The caller is reminded; the number counts from 1.
    Remind(u32, Reason),
    /// The call ends on silence.
    GiveUp(Reason),
    /// The call ends on its length.
    DurationOver(Reason),
}

#[derive(Debug)]
pub(crate) struct SilenceWatch {
    /// The wait for the caller's first words, where the agent left it to them to begin.
    initial_wait: Option<Duration>,
    no_input_timeout: Option<Duration>,
    reprompts_max: u32,
    hang_up: Option<Duration>,
    silence_max: Option<Duration>,
    duration_max: Duration,
    answered_at: Instant,
    is_duration_over: bool,
    /// Nobody has said anything yet.
    is_opening: bool,
    /// Since when neither side speaks nor is about to.
    quiet_since: Option<Instant>,
    /// Since when the caller has had the chance to speak and did not; reminders do not move it.
    unanswered_since: Instant,
    /// When the caller or the agent, reminders included, spoke last.
    spoken_at: Instant,
    reprompts: u32,
    /// The agent was told to wait for the caller.
    skipped: Option<Skipped>,
    lapse: Option<Lapse>,
}

/// The agent keeps silent on order.
#[derive(Debug, Clone, Copy)]
struct Skipped {
    /// `None` until the caller speaks.
    until: Option<Instant>,
}

impl SilenceWatch {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        let speaks_up = policy.mode == TurnMode::Turn;
        let no_input_timeout = policy.no_input_timeout.filter(|_| speaks_up);
        let initial_wait = policy.initial_wait.filter(|_| speaks_up);
        Self {
            initial_wait: initial_wait.or(no_input_timeout),
            no_input_timeout,
            reprompts_max: policy.reprompts_max,
            hang_up: policy.silence_hang_up,
            silence_max: policy.caller_silence_max,
            duration_max: policy.call_duration_max,
            answered_at: Instant::START,
            is_duration_over: false,
            is_opening: !policy.greets_first,
            quiet_since: None,
            unanswered_since: Instant::START,
            spoken_at: Instant::START,
            reprompts: 0,
            skipped: None,
            lapse: None,
        }
    }

    /// Watches by another policy from now on. The call has lasted as long as it has.
    pub(crate) fn succeed(&mut self, policy: &TurnPolicy, now: Instant) {
        *self = Self {
            answered_at: self.answered_at,
            is_duration_over: self.is_duration_over,
            is_opening: false,
            unanswered_since: now,
            spoken_at: now,
            ..Self::new(policy)
        };
    }

    pub(crate) fn answered(&mut self, now: Instant) {
        self.answered_at = now;
        self.unanswered_since = now;
        self.spoken_at = now;
    }

    /// The caller said something, so reminders start anew.
    pub(crate) fn caller_answered(&mut self, now: Instant) {
        self.reprompts = 0;
        self.is_opening = false;
        self.skipped = None;
        self.stirred(now);
    }

    /// The caller is there, or it was the agent's turn until now.
    pub(crate) fn stirred(&mut self, now: Instant) {
        self.unanswered_since = now;
        self.quiet_since = self.quiet_since.map(|_| now);
        self.spoken_at = now;
    }

    /// A reminder was heard.
    pub(crate) fn reminded(&mut self, now: Instant) {
        self.spoken_at = now;
    }

    /// The agent keeps silent until the caller speaks, or for `wait`: no silence counts until then.
    pub(crate) fn skip(&mut self, wait: Option<Duration>, now: Instant) {
        self.skipped = Some(Skipped {
            until: wait.map(|wait| now + wait),
        });
    }

    pub(crate) fn handle(&mut self, is_quiet: bool, now: Instant) {
        self.quiet_since = is_quiet.then(|| self.quiet_since.unwrap_or(now));
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let Some((_, timer)) = self.poll_timeout().filter(|(at, _)| *at <= now) else {
            return;
        };
        let reason = match timer {
            Timer::CallDurationMax => {
                self.is_duration_over = true;
                self.lapse = Some(Lapse::DurationOver(Reason::DurationLimit {
                    limit: self.duration_max,
                }));
                return;
            }
            Timer::SkippedTurn => {
                self.skipped = None;
                self.stirred(now);
                return;
            }
            Timer::CallerSilenceMax => Reason::SilenceTooLong {
                silence: now.since(self.spoken_at),
            },
            Timer::SilenceHangUp => self.silent_since(self.unanswered_since, now),
            _ => self.silent_since(self.quiet_since.unwrap_or(now), now),
        };
        self.quiet_since = None;
        self.is_opening = false;
        self.lapse = Some(
            if timer == Timer::NoInput && self.reprompts < self.reprompts_max {
                self.reprompts += 1;
                Lapse::Remind(self.reprompts, reason)
            } else {
                Lapse::GiveUp(reason)
            },
        );
    }

    pub(crate) fn poll(&mut self) -> Option<Lapse> {
        self.lapse.take()
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let duration = (!self.is_duration_over)
            .then(|| (self.answered_at + self.duration_max, Timer::CallDurationMax));
        let [first, second, third] = self.silence_timers();
        [duration, first, second, third]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    /// The moments at which silence has lasted too long, the gravest first.
    fn silence_timers(&self) -> [Option<(Instant, Timer)>; 3] {
        if let Some(skipped) = self.skipped {
            let until = skipped.until.map(|until| (until, Timer::SkippedTurn));
            return [until, None, None];
        }
        let Some(quiet_since) = self.quiet_since else {
            return [None; 3];
        };
        let limit = |since: Instant, limit: Option<Duration>, timer| {
            limit.map(|limit| ((since + limit).max(quiet_since), timer))
        };
        let wait = if self.is_opening {
            self.initial_wait
        } else {
            self.no_input_timeout
        };
        [
            limit(self.unanswered_since, self.hang_up, Timer::SilenceHangUp),
            limit(self.spoken_at, self.silence_max, Timer::CallerSilenceMax),
            limit(quiet_since, wait, Timer::NoInput),
        ]
    }

    fn silent_since(&self, since: Instant, now: Instant) -> Reason {
        Reason::CallerSilent {
            silence: now.since(since),
            reprompts: self.reprompts,
        }
    }
}
