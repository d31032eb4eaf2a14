//! Reasons on the wire.

use std::time::Duration;

use offhook_turn_taking::{Patience, Reason};
use serde::{Deserialize, Serialize};

use super::super::quantity::{Fraction, nanoseconds, optional_nanoseconds};
use super::own_accord::{WireGoesOn, WireSlow};

/// [`Reason`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in super::super) enum WireReason {
    CallAnswered,
    GreetingDelayed {
        #[serde(with = "nanoseconds")]
        delay_ns: Duration,
    },
    EndOfTurn {
        likelihood: Option<Fraction>,
        #[serde(with = "nanoseconds")]
        silence_ns: Duration,
        #[serde(with = "nanoseconds")]
        required_ns: Duration,
        patience: WirePatience,
    },
    CallerPaused {
        #[serde(with = "nanoseconds")]
        silence_ns: Duration,
    },
    TranscriptSettled,
    TranscriptGrew,
    CallerWentOn,
    CallerTurnTooLong {
        #[serde(with = "nanoseconds")]
        limit_ns: Duration,
    },
    CallerSpokeOver {
        #[serde(with = "nanoseconds")]
        speech_ns: Duration,
        #[serde(with = "nanoseconds")]
        required_ns: Duration,
    },
    BargeIn {
        #[serde(with = "nanoseconds")]
        speech_ns: Duration,
        words: usize,
        words_required: usize,
    },
    InterruptingPhrase {
        text: String,
    },
    Acknowledgement {
        text: String,
    },
    NotAnInterruption {
        #[serde(with = "nanoseconds")]
        speech_ns: Duration,
    },
    AnotherVoice {
        likeness: Fraction,
    },
    TranscriptLate {
        #[serde(with = "nanoseconds")]
        waited_ns: Duration,
    },
    RecognitionFailed,
    CallerSilent {
        #[serde(with = "nanoseconds")]
        silence_ns: Duration,
        reprompts: u32,
    },
    SilenceTooLong {
        #[serde(with = "nanoseconds")]
        silence_ns: Duration,
    },
    TurnSkipped {
        #[serde(with = "optional_nanoseconds")]
        wait_ns: Option<Duration>,
    },
    ReplySlow(WireSlow),
    CallerGoesOn(WireGoesOn),
    ReplyLate {
        #[serde(with = "nanoseconds")]
        waited_ns: Duration,
    },
    ReplyStalled {
        #[serde(with = "nanoseconds")]
        waited_ns: Duration,
    },
    ReplyFailed,
    ReplyUnheard,
    DurationLimit {
        #[serde(with = "nanoseconds")]
        limit_ns: Duration,
    },
    GoodbyeHeard,
    CallerHungUp,
    CallerTyped,
    Ordered,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum WirePatience {
    Usual,
    CallerPace,
    Spelling,
}

impl From<Patience> for WirePatience {
    fn from(patience: Patience) -> Self {
        match patience {
            Patience::Usual => Self::Usual,
            Patience::CallerPace => Self::CallerPace,
            Patience::Spelling => Self::Spelling,
        }
    }
}

impl From<WirePatience> for Patience {
    fn from(wire: WirePatience) -> Self {
        match wire {
            WirePatience::Usual => Self::Usual,
            WirePatience::CallerPace => Self::CallerPace,
            WirePatience::Spelling => Self::Spelling,
        }
    }
}

impl WireReason {
    const fn another_voice(likeness: f32) -> Self {
        let likeness = Fraction(likeness);
        Self::AnotherVoice { likeness }
    }
}

impl From<&Reason> for WireReason {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::CallAnswered => Self::CallAnswered,
            Reason::GreetingDelayed { delay } => Self::GreetingDelayed { delay_ns: *delay },
            Reason::EndOfTurn {
                likelihood,
                silence,
                required,
                patience,
            } => Self::EndOfTurn {
                likelihood: likelihood.map(Fraction),
                silence_ns: *silence,
                required_ns: *required,
                patience: WirePatience::from(*patience),
            },
            Reason::CallerPaused { silence } => Self::CallerPaused {
                silence_ns: *silence,
            },
            Reason::TranscriptSettled => Self::TranscriptSettled,
            Reason::TranscriptGrew => Self::TranscriptGrew,
            Reason::CallerWentOn => Self::CallerWentOn,
            Reason::CallerTurnTooLong { limit } => Self::CallerTurnTooLong { limit_ns: *limit },
            Reason::CallerSpokeOver { speech, required } => Self::CallerSpokeOver {
                speech_ns: *speech,
                required_ns: *required,
            },
            Reason::BargeIn {
                speech,
                words,
                words_required,
            } => Self::BargeIn {
                speech_ns: *speech,
                words: *words,
                words_required: *words_required,
            },
            Reason::InterruptingPhrase { text } => Self::InterruptingPhrase { text: text.clone() },
            Reason::Acknowledgement { text } => Self::Acknowledgement { text: text.clone() },
            Reason::NotAnInterruption { speech } => Self::NotAnInterruption { speech_ns: *speech },
            Reason::AnotherVoice { likeness } => Self::another_voice(*likeness),
            Reason::TranscriptLate { waited } => Self::TranscriptLate { waited_ns: *waited },
            Reason::RecognitionFailed => Self::RecognitionFailed,
            Reason::CallerSilent { silence, reprompts } => Self::CallerSilent {
                silence_ns: *silence,
                reprompts: *reprompts,
            },
            Reason::SilenceTooLong { silence } => Self::SilenceTooLong {
                silence_ns: *silence,
            },
            Reason::TurnSkipped { wait } => Self::TurnSkipped { wait_ns: *wait },
            Reason::ReplySlow {
                waited,
                is_tool_running,
            } => Self::ReplySlow(WireSlow::new(*waited, *is_tool_running)),
            Reason::CallerGoesOn {
                turn,
                pause,
                likelihood,
            } => Self::CallerGoesOn(WireGoesOn::new(*turn, *pause, *likelihood)),
            Reason::ReplyLate { waited } => Self::ReplyLate { waited_ns: *waited },
            Reason::ReplyStalled { waited } => Self::ReplyStalled { waited_ns: *waited },
            Reason::ReplyFailed => Self::ReplyFailed,
            Reason::ReplyUnheard => Self::ReplyUnheard,
            Reason::DurationLimit { limit } => Self::DurationLimit { limit_ns: *limit },
            Reason::GoodbyeHeard => Self::GoodbyeHeard,
            Reason::CallerHungUp => Self::CallerHungUp,
            Reason::CallerTyped => Self::CallerTyped,
            Reason::Ordered => Self::Ordered,
        }
    }
}

impl From<WireReason> for Reason {
    fn from(wire: WireReason) -> Self {
        match wire {
            WireReason::CallAnswered => Self::CallAnswered,
            WireReason::GreetingDelayed { delay_ns } => Self::GreetingDelayed { delay: delay_ns },
            WireReason::EndOfTurn {
                likelihood,
                silence_ns,
                required_ns,
                patience,
            } => Self::EndOfTurn {
                likelihood: likelihood.map(|likelihood| likelihood.0),
                silence: silence_ns,
                required: required_ns,
                patience: Patience::from(patience),
            },
            WireReason::CallerPaused { silence_ns: it } => Self::CallerPaused { silence: it },
            WireReason::TranscriptSettled => Self::TranscriptSettled,
            WireReason::TranscriptGrew => Self::TranscriptGrew,
            WireReason::CallerWentOn => Self::CallerWentOn,
            WireReason::CallerTurnTooLong { limit_ns } => {
                Self::CallerTurnTooLong { limit: limit_ns }
            }
            WireReason::CallerSpokeOver {
                speech_ns,
                required_ns,
            } => Self::CallerSpokeOver {
                speech: speech_ns,
                required: required_ns,
            },
            WireReason::BargeIn {
                speech_ns,
                words,
                words_required,
            } => Self::BargeIn {
                speech: speech_ns,
                words,
                words_required,
            },
            WireReason::InterruptingPhrase { text } => Self::InterruptingPhrase { text },
            WireReason::Acknowledgement { text } => Self::Acknowledgement { text },
            WireReason::NotAnInterruption { speech_ns } => {
                Self::NotAnInterruption { speech: speech_ns }
            }
            WireReason::AnotherVoice { likeness: it } => Self::AnotherVoice { likeness: it.0 },
            WireReason::TranscriptLate { waited_ns } => Self::TranscriptLate { waited: waited_ns },
            WireReason::RecognitionFailed => Self::RecognitionFailed,
            WireReason::CallerSilent {
                silence_ns,
                reprompts,
            } => Self::CallerSilent {
                silence: silence_ns,
                reprompts,
            },
            WireReason::SilenceTooLong {
                silence_ns: silence,
            } => Self::SilenceTooLong { silence },
            WireReason::TurnSkipped { wait_ns } => Self::TurnSkipped { wait: wait_ns },
            WireReason::ReplySlow(slow) => slow.into(),
            WireReason::CallerGoesOn(goes_on) => goes_on.into(),
            WireReason::ReplyLate { waited_ns } => Self::ReplyLate { waited: waited_ns },
            WireReason::ReplyStalled { waited_ns } => Self::ReplyStalled { waited: waited_ns },
            WireReason::ReplyFailed => Self::ReplyFailed,
            WireReason::ReplyUnheard => Self::ReplyUnheard,
            WireReason::DurationLimit { limit_ns } => Self::DurationLimit { limit: limit_ns },
            WireReason::GoodbyeHeard => Self::GoodbyeHeard,
            WireReason::CallerHungUp => Self::CallerHungUp,
            WireReason::CallerTyped => Self::CallerTyped,
            WireReason::Ordered => Self::Ordered,
        }
    }
}
