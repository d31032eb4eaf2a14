//! Interruption by what the agent is doing, as the header of a log holds it.

use std::time::Duration;

use offhook_turn_taking::{InterruptionProfile, InterruptionProfiles};
use serde::{Deserialize, Serialize};

use super::quantity::{Fraction, optional_nanoseconds};

/// [`InterruptionProfiles`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireProfiles {
    greeting: WireProfile,
    speaking: WireProfile,
    thinking: WireProfile,
    tool_running: WireProfile,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireProfile {
    is_interruptible: bool,
    sensitivity: Option<Fraction>,
    words_min: Option<u32>,
    #[serde(with = "optional_nanoseconds")]
    speech_min_ns: Option<Duration>,
}

impl From<&InterruptionProfiles> for WireProfiles {
    fn from(profiles: &InterruptionProfiles) -> Self {
        let InterruptionProfiles {
            greeting,
            speaking,
            thinking,
            tool_running,
        } = *profiles;
        Self {
            greeting: greeting.into(),
            speaking: speaking.into(),
            thinking: thinking.into(),
            tool_running: tool_running.into(),
        }
    }
}

impl From<WireProfiles> for InterruptionProfiles {
    fn from(wire: WireProfiles) -> Self {
        Self {
            greeting: wire.greeting.into(),
            speaking: wire.speaking.into(),
            thinking: wire.thinking.into(),
            tool_running: wire.tool_running.into(),
        }
    }
}

impl From<InterruptionProfile> for WireProfile {
    fn from(profile: InterruptionProfile) -> Self {
        let InterruptionProfile {
            is_interruptible,
            sensitivity,
            words_min,
            speech_min,
        } = profile;
        Self {
            is_interruptible,
            sensitivity: sensitivity.map(Fraction),
            words_min,
            speech_min_ns: speech_min,
        }
    }
}

impl From<WireProfile> for InterruptionProfile {
    fn from(wire: WireProfile) -> Self {
        Self {
            is_interruptible: wire.is_interruptible,
            sensitivity: wire.sensitivity.map(|sensitivity| sensitivity.0),
            words_min: wire.words_min,
            speech_min: wire.speech_min_ns,
        }
    }
}
