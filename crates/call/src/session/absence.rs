//! The caller's connection goes away while the call goes on, because a carrier has taken the caller
//! elsewhere; and comes back, as another one.

use std::time::Duration;

use offhook_contract::Leg;
use offhook_turn_taking::{Fact, Instant};
use tokio::sync::mpsc;

use super::Session;

/// What is known of a connection that is away, or about to be.
#[derive(Debug, Default)]
pub(super) struct Absence {
    /// Until when the call goes on without one; `None` while it does not.
    until: Option<Instant>,
    /// Connections that come in its place.
    pub(super) legs: Option<mpsc::Receiver<Leg>>,
}

impl Absence {
    /// When a call without a connection is over.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.until
    }
}

impl Session {
    /// Takes connections that come in the place of one that went away: see
    /// [`Control::Part`](crate::Control::Part).
    pub fn expect_legs(&mut self, legs: mpsc::Receiver<Leg>) {
        self.absence.legs = Some(legs);
    }

    /// The connection may go away for so long.
    pub(super) fn part(&mut self, wait: Duration, now: Instant) {
        self.absence.until = Some(now + wait);
    }

    pub(super) fn leg_went_away(&mut self, now: Instant) {
        if self.is_leg_up {
            self.is_leg_up = false;
            if self.absence.until.is_none() {
                self.tell(Fact::HungUp, now);
            }
        }
    }

    /// Ends the call where no connection came back in time.
    pub(super) fn end_absence(&mut self, now: Instant) {
        if self.absence.until.is_some_and(|until| until <= now) {
            self.absence.until = None;
            if !self.is_leg_up {
                self.tell(Fact::HungUp, now);
            }
        }
    }

    /// Another connection takes the place of the one that was. One at another rate is let go: a call
    /// keeps its rate.
    pub(super) fn take_leg(&mut self, leg: Leg, now: Instant) {
        if leg.description.rate != self.mouth.rate() {
            let problem = "a connection at another rate cannot go on with the call";
            return self.chronicle.problem(now, problem.to_owned());
        }
        self.caller_audio = leg.audio_in;
        self.leg_events = leg.events;
        self.leg_control = leg.control.clone();
        self.mouth.reconnect(leg.audio_out, leg.control, now);
        self.is_leg_up = true;
        self.absence.until = None;
    }
}
