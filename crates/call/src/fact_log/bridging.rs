//! What the agent says of its own accord, as the header of a log holds it: whether it speaks up,
//! the knobs of fillers and of backchannels.

use std::time::Duration;

use offhook_turn_taking::{BackchannelPolicy, FillerOrder, SoftTimeout, TurnMode};
use serde::{Deserialize, Serialize};

use super::quantity::{Fraction, nanoseconds};

/// [`TurnMode`] on the wire.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WireMode {
    Turn,
    Silence,
}

/// [`SoftTimeout`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireSoftTimeout {
    #[serde(with = "nanoseconds")]
    after_ns: Duration,
    fillers_max: u32,
    fillers_listed: u32,
    order: WireOrder,
    is_written: bool,
    waits_for_caller: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireOrder {
    Listed,
    Shuffled,
}

/// [`BackchannelPolicy`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireBackchannels {
    frequency: Fraction,
    words_listed: u32,
}

impl From<TurnMode> for WireMode {
    fn from(mode: TurnMode) -> Self {
        match mode {
            TurnMode::Turn => Self::Turn,
            TurnMode::Silence => Self::Silence,
        }
    }
}

impl From<WireMode> for TurnMode {
    fn from(wire: WireMode) -> Self {
        match wire {
            WireMode::Turn => Self::Turn,
            WireMode::Silence => Self::Silence,
        }
    }
}

impl From<&SoftTimeout> for WireSoftTimeout {
    fn from(policy: &SoftTimeout) -> Self {
        let SoftTimeout {
            after,
            fillers_max,
            fillers_listed,
            order,
            is_written,
            waits_for_caller,
        } = *policy;
        Self {
            after_ns: after,
            fillers_max,
            fillers_listed,
            order: match order {
                FillerOrder::Listed => WireOrder::Listed,
                FillerOrder::Shuffled => WireOrder::Shuffled,
            },
            is_written,
            waits_for_caller,
        }
    }
}

impl From<WireSoftTimeout> for SoftTimeout {
    fn from(wire: WireSoftTimeout) -> Self {
        Self {
            after: wire.after_ns,
            fillers_max: wire.fillers_max,
            fillers_listed: wire.fillers_listed,
            order: match wire.order {
                WireOrder::Listed => FillerOrder::Listed,
                WireOrder::Shuffled => FillerOrder::Shuffled,
            },
            is_written: wire.is_written,
            waits_for_caller: wire.waits_for_caller,
        }
    }
}

impl From<&BackchannelPolicy> for WireBackchannels {
    fn from(policy: &BackchannelPolicy) -> Self {
        let BackchannelPolicy {
            frequency,
            words_listed,
        } = *policy;
        Self {
            frequency: Fraction(frequency),
            words_listed,
        }
    }
}

impl From<WireBackchannels> for BackchannelPolicy {
    fn from(wire: WireBackchannels) -> Self {
        Self {
            frequency: wire.frequency.0,
            words_listed: wire.words_listed,
        }
    }
}
