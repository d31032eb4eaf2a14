//! How turns were taken, as the header of a log holds it: every knob, so that a replay needs
//! nothing else.

use std::time::Duration;

use offhook_turn_taking::{Eagerness, TurnPolicy};
use serde::{Deserialize, Serialize};

use super::quantity::{Fraction, nanoseconds, optional_nanoseconds};

/// [`TurnPolicy`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WirePolicy {
    greets_first: bool,
    interruption_sensitivity: Fraction,
    is_greeting_interruptible: bool,
    eagerness: WireEagerness,
    #[serde(with = "optional_nanoseconds")]
    endpoint_delay_min_ns: Option<Duration>,
    #[serde(with = "optional_nanoseconds")]
    endpoint_delay_max_ns: Option<Duration>,
    #[serde(with = "nanoseconds")]
    transcript_deadline_ns: Duration,
    #[serde(with = "nanoseconds")]
    false_interruption_timeout_ns: Duration,
    is_speculation_on: bool,
    #[serde(with = "optional_nanoseconds")]
    no_input_timeout_ns: Option<Duration>,
    reprompts_max: u32,
    #[serde(with = "optional_nanoseconds")]
    silence_hang_up_ns: Option<Duration>,
    #[serde(with = "nanoseconds")]
    reply_deadline_ns: Duration,
    #[serde(with = "nanoseconds")]
    tool_deadline_ns: Duration,
    #[serde(with = "nanoseconds")]
    playout_stall_max_ns: Duration,
    #[serde(with = "nanoseconds")]
    caller_turn_max_ns: Duration,
    #[serde(with = "nanoseconds")]
    call_duration_max_ns: Duration,
    acknowledgements: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireEagerness {
    Patient,
    Normal,
    Eager,
}

impl From<&TurnPolicy> for WirePolicy {
    fn from(policy: &TurnPolicy) -> Self {
        // Taken apart without `..`, so that a new knob cannot be forgotten here.
        let TurnPolicy {
            greets_first,
            interruption_sensitivity,
            is_greeting_interruptible,
            eagerness,
            endpoint_delay_min,
            endpoint_delay_max,
            transcript_deadline,
            false_interruption_timeout,
            is_speculation_on,
            no_input_timeout,
            reprompts_max,
            silence_hang_up,
            reply_deadline,
            tool_deadline,
            playout_stall_max,
            caller_turn_max,
            call_duration_max,
            ref acknowledgements,
        } = *policy;
        Self {
            greets_first,
            interruption_sensitivity: Fraction(interruption_sensitivity),
            is_greeting_interruptible,
            eagerness: match eagerness {
                Eagerness::Patient => WireEagerness::Patient,
                Eagerness::Normal => WireEagerness::Normal,
                Eagerness::Eager => WireEagerness::Eager,
            },
            endpoint_delay_min_ns: endpoint_delay_min,
            endpoint_delay_max_ns: endpoint_delay_max,
            transcript_deadline_ns: transcript_deadline,
            false_interruption_timeout_ns: false_interruption_timeout,
            is_speculation_on,
            no_input_timeout_ns: no_input_timeout,
            reprompts_max,
            silence_hang_up_ns: silence_hang_up,
            reply_deadline_ns: reply_deadline,
            tool_deadline_ns: tool_deadline,
            playout_stall_max_ns: playout_stall_max,
            caller_turn_max_ns: caller_turn_max,
            call_duration_max_ns: call_duration_max,
            acknowledgements: acknowledgements.clone(),
        }
    }
}

impl From<WirePolicy> for TurnPolicy {
    fn from(wire: WirePolicy) -> Self {
        Self {
            greets_first: wire.greets_first,
            interruption_sensitivity: wire.interruption_sensitivity.0,
            is_greeting_interruptible: wire.is_greeting_interruptible,
            eagerness: match wire.eagerness {
                WireEagerness::Patient => Eagerness::Patient,
                WireEagerness::Normal => Eagerness::Normal,
                WireEagerness::Eager => Eagerness::Eager,
            },
            endpoint_delay_min: wire.endpoint_delay_min_ns,
            endpoint_delay_max: wire.endpoint_delay_max_ns,
            transcript_deadline: wire.transcript_deadline_ns,
            false_interruption_timeout: wire.false_interruption_timeout_ns,
            is_speculation_on: wire.is_speculation_on,
            no_input_timeout: wire.no_input_timeout_ns,
            reprompts_max: wire.reprompts_max,
            silence_hang_up: wire.silence_hang_up_ns,
            reply_deadline: wire.reply_deadline_ns,
            tool_deadline: wire.tool_deadline_ns,
            playout_stall_max: wire.playout_stall_max_ns,
            caller_turn_max: wire.caller_turn_max_ns,
            call_duration_max: wire.call_duration_max_ns,
            acknowledgements: wire.acknowledgements,
        }
    }
}
