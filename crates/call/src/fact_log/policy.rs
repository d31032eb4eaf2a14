//! How turns were taken, as the header of a log holds it: every knob, so that a replay needs
//! nothing else.

use std::time::Duration;

use offhook_turn_taking::{Eagerness, SpellingPatience, TurnPolicy};
use serde::{Deserialize, Serialize};

use super::bridging::{WireBackchannels, WireMode, WireSoftTimeout};
use super::profiles::WireProfiles;
use super::quantity::{Fraction, nanoseconds, optional_nanoseconds};

/// [`TurnPolicy`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WirePolicy {
    greets_first: bool,
    /// Older logs have none; every agent greeted at once then.
    #[serde(with = "nanoseconds", default)]
    greeting_delay_ns: Duration,
    interruption_sensitivity: Fraction,
    interruption_words_min: Option<u32>,
    #[serde(with = "optional_nanoseconds")]
    interruption_speech_min_ns: Option<Duration>,
    interruption_profiles: WireProfiles,
    transcribes_uninterruptible: bool,
    is_greeting_interruptible: bool,
    eagerness: WireEagerness,
    #[serde(with = "optional_nanoseconds")]
    endpoint_delay_min_ns: Option<Duration>,
    #[serde(with = "optional_nanoseconds")]
    endpoint_delay_max_ns: Option<Duration>,
    adapts_to_caller: bool,
    has_spelling_patience: bool,
    #[serde(with = "nanoseconds")]
    transcript_deadline_ns: Duration,
    #[serde(with = "nanoseconds")]
    false_interruption_timeout_ns: Duration,
    is_speculation_on: bool,
    /// Older logs have none; it was a constant then.
    #[serde(default = "speculations_of_older_logs")]
    speculations_max: u32,
    mode: WireMode,
    #[serde(with = "optional_nanoseconds")]
    initial_wait_ns: Option<Duration>,
    #[serde(with = "optional_nanoseconds")]
    no_input_timeout_ns: Option<Duration>,
    reprompts_max: u32,
    #[serde(with = "optional_nanoseconds")]
    silence_hang_up_ns: Option<Duration>,
    #[serde(with = "optional_nanoseconds")]
    caller_silence_max_ns: Option<Duration>,
    soft_timeout: Option<WireSoftTimeout>,
    backchannels: Option<WireBackchannels>,
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
    #[serde(flatten)]
    phrases: WirePhrases,
}

#[derive(Debug, Serialize, Deserialize)]
struct WirePhrases {
    acknowledgements: Vec<String>,
    uses_default_acknowledgements: bool,
    ignore_phrases: Vec<String>,
    interrupting_phrases: Vec<String>,
}

const fn speculations_of_older_logs() -> u32 {
    3
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireEagerness {
    Patient,
    Normal,
    Eager,
}

impl From<Eagerness> for WireEagerness {
    fn from(eagerness: Eagerness) -> Self {
        match eagerness {
            Eagerness::Patient => Self::Patient,
            Eagerness::Normal => Self::Normal,
            Eagerness::Eager => Self::Eager,
        }
    }
}

impl From<WireEagerness> for Eagerness {
    fn from(wire: WireEagerness) -> Self {
        match wire {
            WireEagerness::Patient => Self::Patient,
            WireEagerness::Normal => Self::Normal,
            WireEagerness::Eager => Self::Eager,
        }
    }
}

// A new knob cannot be forgotten here: the way back makes a policy of all that is written.
impl From<&TurnPolicy> for WirePolicy {
    fn from(policy: &TurnPolicy) -> Self {
        Self {
            greets_first: policy.greets_first,
            greeting_delay_ns: policy.greeting_delay,
            interruption_sensitivity: Fraction(policy.interruption_sensitivity),
            interruption_words_min: policy.interruption_words_min,
            interruption_speech_min_ns: policy.interruption_speech_min,
            interruption_profiles: WireProfiles::from(&policy.interruption_profiles),
            transcribes_uninterruptible: policy.transcribes_uninterruptible,
            is_greeting_interruptible: policy.is_greeting_interruptible,
            eagerness: WireEagerness::from(policy.eagerness),
            endpoint_delay_min_ns: policy.endpoint_delay_min,
            endpoint_delay_max_ns: policy.endpoint_delay_max,
            adapts_to_caller: policy.adapts_to_caller,
            has_spelling_patience: policy.spelling_patience == SpellingPatience::Auto,
            transcript_deadline_ns: policy.transcript_deadline,
            false_interruption_timeout_ns: policy.false_interruption_timeout,
            is_speculation_on: policy.is_speculation_on,
            speculations_max: policy.speculations_max,
            mode: policy.mode.into(),
            initial_wait_ns: policy.initial_wait,
            no_input_timeout_ns: policy.no_input_timeout,
            reprompts_max: policy.reprompts_max,
            silence_hang_up_ns: policy.silence_hang_up,
            caller_silence_max_ns: policy.caller_silence_max,
            soft_timeout: policy.soft_timeout.as_ref().map(Into::into),
            backchannels: policy.backchannels.as_ref().map(Into::into),
            reply_deadline_ns: policy.reply_deadline,
            tool_deadline_ns: policy.tool_deadline,
            playout_stall_max_ns: policy.playout_stall_max,
            caller_turn_max_ns: policy.caller_turn_max,
            call_duration_max_ns: policy.call_duration_max,
            phrases: WirePhrases::from(policy),
        }
    }
}

impl From<&TurnPolicy> for WirePhrases {
    fn from(policy: &TurnPolicy) -> Self {
        Self {
            acknowledgements: policy.acknowledgements.clone(),
            uses_default_acknowledgements: policy.uses_default_acknowledgements,
            ignore_phrases: policy.ignore_phrases.clone(),
            interrupting_phrases: policy.interrupting_phrases.clone(),
        }
    }
}

impl From<WirePolicy> for TurnPolicy {
    fn from(wire: WirePolicy) -> Self {
        Self {
            greets_first: wire.greets_first,
            greeting_delay: wire.greeting_delay_ns,
            interruption_sensitivity: wire.interruption_sensitivity.0,
            interruption_words_min: wire.interruption_words_min,
            interruption_speech_min: wire.interruption_speech_min_ns,
            interruption_profiles: wire.interruption_profiles.into(),
            transcribes_uninterruptible: wire.transcribes_uninterruptible,
            is_greeting_interruptible: wire.is_greeting_interruptible,
            eagerness: Eagerness::from(wire.eagerness),
            endpoint_delay_min: wire.endpoint_delay_min_ns,
            endpoint_delay_max: wire.endpoint_delay_max_ns,
            adapts_to_caller: wire.adapts_to_caller,
            spelling_patience: if wire.has_spelling_patience {
                SpellingPatience::Auto
            } else {
                SpellingPatience::Off
            },
            transcript_deadline: wire.transcript_deadline_ns,
            false_interruption_timeout: wire.false_interruption_timeout_ns,
            is_speculation_on: wire.is_speculation_on,
            speculations_max: wire.speculations_max,
            mode: wire.mode.into(),
            initial_wait: wire.initial_wait_ns,
            no_input_timeout: wire.no_input_timeout_ns,
            reprompts_max: wire.reprompts_max,
            silence_hang_up: wire.silence_hang_up_ns,
            caller_silence_max: wire.caller_silence_max_ns,
            soft_timeout: wire.soft_timeout.map(Into::into),
            backchannels: wire.backchannels.map(Into::into),
            reply_deadline: wire.reply_deadline_ns,
            tool_deadline: wire.tool_deadline_ns,
            playout_stall_max: wire.playout_stall_max_ns,
            caller_turn_max: wire.caller_turn_max_ns,
            call_duration_max: wire.call_duration_max_ns,
            acknowledgements: wire.phrases.acknowledgements,
            uses_default_acknowledgements: wire.phrases.uses_default_acknowledgements,
            ignore_phrases: wire.phrases.ignore_phrases,
            interrupting_phrases: wire.phrases.interrupting_phrases,
        }
    }
}
