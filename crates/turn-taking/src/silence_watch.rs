//! Watches the silence of the caller and the length of the call: reminders, the end on silence,
//! the longest call. It does not know what is said.

use std::time::Duration;

use crate::{Instant, Reason, Timer, TurnPolicy};

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
    no_input_timeout: Option<Duration>,
    reprompts_max: u32,
    hang_up: Option<Duration>,
    duration_max: Duration,
    answered_at: Instant,
    is_duration_over: bool,
    /// Since when neither side speaks nor is about to.
    quiet_since: Option<Instant>,
    /// Since when the caller has had the chance to speak and did not; reminders do not move it.
    unanswered_since: Instant,
    reprompts: u32,
    lapse: Option<Lapse>,
}

impl SilenceWatch {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        Self {
            no_input_timeout: policy.no_input_timeout,
            reprompts_max: policy.reprompts_max,
            hang_up: policy.silence_hang_up,
            duration_max: policy.call_duration_max,
            answered_at: Instant::START,
            is_duration_over: false,
            quiet_since: None,
            unanswered_since: Instant::START,
            reprompts: 0,
            lapse: None,
        }
    }

    pub(crate) fn answered(&mut self, now: Instant) {
        self.answered_at = now;
        self.unanswered_since = now;
    }

    /// The caller said something, so reminders start anew.
    pub(crate) fn caller_answered(&mut self, now: Instant) {
        self.reprompts = 0;
        self.stirred(now);
    }

    /// The caller is there, or it was the agent's turn until now.
    pub(crate) fn stirred(&mut self, now: Instant) {
        self.unanswered_since = now;
        self.quiet_since = self.quiet_since.map(|_| now);
    }

    pub(crate) fn handle(&mut self, is_quiet: bool, now: Instant) {
        self.quiet_since = is_quiet.then(|| self.quiet_since.unwrap_or(now));
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let Some((_, timer)) = self.poll_timeout().filter(|(at, _)| *at <= now) else {
            return;
        };
        if timer == Timer::CallDurationMax {
            self.is_duration_over = true;
            let reason = Reason::DurationLimit {
                limit: self.duration_max,
            };
            self.lapse = Some(Lapse::DurationOver(reason));
            return;
        }
        let since = match timer {
            Timer::SilenceHangUp => self.unanswered_since,
            _ => self.quiet_since.unwrap_or(now),
        };
        let reason = Reason::CallerSilent {
            silence: now.since(since),
            reprompts: self.reprompts,
        };
        self.quiet_since = None;
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
        let no_input = self.quiet_since.zip(self.no_input_timeout);
        let no_input = no_input.map(|(since, timeout)| (since + timeout, Timer::NoInput));
        let hang_up = self
            .quiet_since
            .zip(self.hang_up)
            .map(|(quiet_since, limit)| {
                (
                    (self.unanswered_since + limit).max(quiet_since),
                    Timer::SilenceHangUp,
                )
            });
        [duration, hang_up, no_input]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }
}
