//! On the wire: why the agent spoke without taking the floor anew.

use std::time::Duration;

use offhook_turn_taking::Reason;
use serde::{Deserialize, Serialize};

use super::super::quantity::{Fraction, nanoseconds};

/// [`Reason::ReplySlow`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct WireSlow {
    #[serde(with = "nanoseconds")]
    waited_ns: Duration,
    is_tool_running: bool,
}

/// [`Reason::CallerGoesOn`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct WireGoesOn {
    #[serde(with = "nanoseconds")]
    turn_ns: Duration,
    #[serde(with = "nanoseconds")]
    pause_ns: Duration,
    likelihood: Option<Fraction>,
}

impl WireSlow {
    pub(super) const fn new(waited: Duration, is_tool_running: bool) -> Self {
        Self {
            waited_ns: waited,
            is_tool_running,
        }
    }
}

impl WireGoesOn {
    pub(super) fn new(turn: Duration, pause: Duration, likelihood: Option<f32>) -> Self {
        Self {
            turn_ns: turn,
            pause_ns: pause,
            likelihood: likelihood.map(Fraction),
        }
    }
}

impl From<WireSlow> for Reason {
    fn from(wire: WireSlow) -> Self {
        Self::ReplySlow {
            waited: wire.waited_ns,
            is_tool_running: wire.is_tool_running,
        }
    }
}

impl From<WireGoesOn> for Reason {
    fn from(wire: WireGoesOn) -> Self {
        Self::CallerGoesOn {
            turn: wire.turn_ns,
            pause: wire.pause_ns,
            likelihood: wire.likelihood.map(|likelihood| likelihood.0),
        }
    }
}
