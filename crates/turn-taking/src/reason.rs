//! Why a command was given, in words that a user understands and with the numbers behind it.

use std::fmt;
use std::time::Duration;

/// What the wait at the end of a caller's turn goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patience {
    /// What the models say.
    #[default]
    Usual,
    /// How long this caller pauses.
    CallerPace,
    /// Something is being spelled or dictated.
    Spelling,
}

impl Patience {
    const fn text(self) -> &'static str {
        match self {
            Self::Usual => "",
            Self::CallerPace => " by this caller's pauses",
            Self::Spelling => " while something is spelled",
        }
    }
}

/// The rule that fired and what it saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The call was answered.
    CallAnswered,
    /// The call was answered a while ago, and nobody has said anything since.
    GreetingDelayed {
        /// How long the greeting was to wait.
        delay: Duration,
    },
    /// The caller's turn ended: the audio model said so and the caller stayed silent long enough.
    EndOfTurn {
        /// What the end-of-turn model said, if it did.
        likelihood: Option<f32>,
        /// How long the caller had been silent.
        silence: Duration,
        /// How long the rule wanted.
        required: Duration,
        /// Why it wanted more or less than usual.
        patience: Patience,
    },
    /// The caller fell silent.
    CallerPaused {
        /// How long the caller had been silent.
        silence: Duration,
    },
    /// Recognition settled the caller's words, the turn is not decided yet.
    TranscriptSettled,
    /// Recognition changed its mind or heard more.
    TranscriptGrew,
    /// The caller went on speaking before the turn was decided, or before the reply was heard.
    CallerWentOn,
    /// The caller has been speaking for long, pauses, and is not done.
    CallerGoesOn {
        /// How long the turn has lasted.
        turn: Duration,
        /// How long the pause has.
        pause: Duration,
        /// What the end-of-turn model said, if it did.
        likelihood: Option<f32>,
    },
    /// The caller's turn reached its longest.
    CallerTurnTooLong {
        /// The limit.
        limit: Duration,
    },
    /// The caller speaks while the agent is heard.
    CallerSpokeOver {
        /// How long the caller has been speaking.
        speech: Duration,
        /// How long the rule wants.
        required: Duration,
    },
    /// The caller took the floor.
    BargeIn {
        /// How long the caller has been speaking.
        speech: Duration,
        /// Words that were recognised, up to 20 for each stretch of speech.
        words: usize,
        /// Words that the rule wants.
        words_required: usize,
    },
    /// The caller asked the agent to stop, in words that always do.
    InterruptingPhrase {
        /// What was recognised.
        text: String,
    },
    /// Only an acknowledgement ("mhm"): the agent goes on.
    Acknowledgement {
        /// What was recognised.
        text: String,
    },
    /// A noise, a cough, or words too few: the agent goes on.
    NotAnInterruption {
        /// How long the sound lasted.
        speech: Duration,
    },
    /// Somebody else than the caller speaks, by the sound of the voice: it is not for the agent.
    AnotherVoice {
        /// How like the caller's voice it is: 1 is the same, 0 and less is another.
        likeness: f32,
    },
    /// The transcript did not come in time.
    TranscriptLate {
        /// How long after the end of speech.
        waited: Duration,
    },
    /// Recognition failed for good.
    RecognitionFailed,
    /// The caller has said nothing.
    CallerSilent {
        /// For how long.
        silence: Duration,
        /// Reminders so far.
        reprompts: u32,
    },
    /// Nobody has said anything for the longest time allowed.
    SilenceTooLong {
        /// For how long, since the caller or the agent spoke last.
        silence: Duration,
    },
    /// The agent was told to say nothing in this turn.
    TurnSkipped {
        /// For how long at most; `None` until the caller speaks.
        wait: Option<Duration>,
    },
    /// The reply is slow.
    ReplySlow {
        /// How long nothing of it has been heard, or nothing more.
        waited: Duration,
        /// Whether it waits for a tool.
        is_tool_running: bool,
    },
    /// The reply did not come in time.
    ReplyLate {
        /// How long after the caller's turn ended.
        waited: Duration,
    },
    /// The reply stopped in the middle and did not go on.
    ReplyStalled {
        /// For how long.
        waited: Duration,
    },
    /// The reply failed.
    ReplyFailed,
    /// A reply before this one was not heard at all, so its caller turn is answered with this one.
    ReplyUnheard,
    /// The call reached its longest duration.
    DurationLimit {
        /// The limit.
        limit: Duration,
    },
    /// The goodbye was heard.
    GoodbyeHeard,
    /// The caller hung up.
    CallerHungUp,
    /// The caller typed.
    CallerTyped,
    /// Somebody outside the call ordered it.
    Ordered,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndOfTurn {
                likelihood,
                silence,
                required,
                patience,
            } => {
                let (silence, required) = (Plain(*silence), Plain(*required));
                let patience = patience.text();
                write!(
                    formatter,
                    "caller silent for {silence} ({required} wanted{patience}), turn "
                )?;
                fmt_likelihood(*likelihood, formatter)
            }
            Self::CallerSpokeOver { speech, required } => {
                let (speech, required) = (Plain(*speech), Plain(*required));
                write!(
                    formatter,
                    "caller spoke {speech} over the agent ({required} wanted)"
                )
            }
            Self::BargeIn {
                speech,
                words,
                words_required,
            } => {
                let (speech, words) = (Plain(*speech), Count(*words, "word"));
                let wanted = format_args!("({words_required} wanted)");
                write!(
                    formatter,
                    "caller took the floor: {words} in {speech} {wanted}"
                )
            }
            Self::InterruptingPhrase { text } => {
                write!(
                    formatter,
                    "caller asked the agent to stop (\u{201c}{text}\u{201d})"
                )
            }
            Self::Acknowledgement { text } => {
                write!(
                    formatter,
                    "caller only acknowledged (\u{201c}{text}\u{201d})"
                )
            }
            Self::NotAnInterruption { speech } => {
                let speech = Plain(*speech);
                write!(
                    formatter,
                    "sound of {speech} with no words, or too few, to interrupt"
                )
            }
            Self::CallerSilent { silence, reprompts } => {
                let reprompts = usize::try_from(*reprompts).unwrap_or(usize::MAX);
                let (silence, reminders) = (Plain(*silence), Count(reprompts, "reminder"));
                write!(
                    formatter,
                    "caller said nothing for {silence}, after {reminders}"
                )
            }
            other => other.fmt_own_accord(formatter),
        }
    }
}

impl Reason {
    /// Whether the caller took the floor from a reply that was heard.
    #[must_use]
    pub const fn is_interruption(&self) -> bool {
        matches!(self, Self::BargeIn { .. } | Self::InterruptingPhrase { .. })
    }

    /// Why the agent spoke, or did not, without taking the floor.
    fn fmt_own_accord(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallerGoesOn {
                turn,
                pause,
                likelihood,
            } => {
                let (turn, pause) = (Plain(*turn), Plain(*pause));
                write!(
                    formatter,
                    "caller has spoken for {turn}, pauses for {pause} and goes on, turn "
                )?;
                fmt_likelihood(*likelihood, formatter)
            }
            Self::SilenceTooLong { silence } => {
                write!(
                    formatter,
                    "the caller has been silent for {} since anything was said",
                    Plain(*silence)
                )
            }
            Self::TurnSkipped { wait: Some(wait) } => {
                write!(
                    formatter,
                    "the agent was told to stay silent for {}, or until the caller speaks",
                    Plain(*wait)
                )
            }
            Self::ReplySlow {
                waited,
                is_tool_running,
            } => {
                let tool = if *is_tool_running {
                    ", a tool is running"
                } else {
                    ""
                };
                write!(
                    formatter,
                    "nothing of the reply was heard for {}{tool}",
                    Plain(*waited)
                )
            }
            other => other.fmt_waits(formatter),
        }
    }

    /// Reasons that tell how long something lasted, or nothing but themselves.
    fn fmt_waits(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallerPaused { silence } => {
                write!(formatter, "caller silent for {}", Plain(*silence))
            }
            Self::GreetingDelayed { delay } => {
                write!(formatter, "call answered {} ago", Plain(*delay))
            }
            Self::AnotherVoice { likeness } => {
                write!(
                    formatter,
                    "somebody else spoke: the voice is {:.0} % like the caller's",
                    likeness.max(0.0) * 100.0
                )
            }
            Self::CallerTurnTooLong { limit } => {
                write!(
                    formatter,
                    "caller spoke for the longest turn of {}",
                    Plain(*limit)
                )
            }
            Self::TranscriptLate { waited } => {
                write!(
                    formatter,
                    "no transcript {} after the end of speech",
                    Plain(*waited)
                )
            }
            Self::ReplyLate { waited } => {
                write!(
                    formatter,
                    "nothing of the reply was heard within {}",
                    Plain(*waited)
                )
            }
            Self::ReplyStalled { waited } => {
                write!(formatter, "the reply stood still for {}", Plain(*waited))
            }
            Self::DurationLimit { limit } => {
                write!(
                    formatter,
                    "the call reached its longest duration of {}",
                    Plain(*limit)
                )
            }
            plain => formatter.write_str(plain.text()),
        }
    }

    /// The words of a reason that needs no numbers.
    const fn text(&self) -> &'static str {
        match self {
            Self::CallAnswered => "the call was answered",
            Self::TranscriptSettled => "the caller's words are settled, the turn may be over",
            Self::TranscriptGrew => "recognition heard more, or changed its mind",
            Self::CallerWentOn => "caller went on before the reply was heard",
            Self::RecognitionFailed => "speech recognition failed for good",
            Self::ReplyFailed => "the reply failed",
            Self::ReplyUnheard => "the reply before was not heard at all",
            Self::GoodbyeHeard => "the goodbye was heard",
            Self::CallerHungUp => "the caller hung up",
            Self::CallerTyped => "the caller typed a message",
            Self::Ordered => "somebody outside the call ordered it",
            Self::TurnSkipped { .. } => "the agent was told to stay silent until the caller speaks",
            Self::EndOfTurn { .. }
            | Self::CallerPaused { .. }
            | Self::CallerGoesOn { .. }
            | Self::CallerTurnTooLong { .. }
            | Self::CallerSpokeOver { .. }
            | Self::BargeIn { .. }
            | Self::InterruptingPhrase { .. }
            | Self::Acknowledgement { .. }
            | Self::NotAnInterruption { .. }
            | Self::AnotherVoice { .. }
            | Self::TranscriptLate { .. }
            | Self::CallerSilent { .. }
            | Self::SilenceTooLong { .. }
            | Self::ReplySlow { .. }
            | Self::ReplyLate { .. }
            | Self::ReplyStalled { .. }
            | Self::GreetingDelayed { .. }
            | Self::DurationLimit { .. } => "",
        }
    }
}

fn fmt_likelihood(likelihood: Option<f32>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    match likelihood {
        Some(likelihood) => write!(formatter, "{:.0} % likely over", likelihood * 100.0),
        None => write!(formatter, "not judged by its sound"),
    }
}

/// A duration as a person would say it.
struct Plain(Duration);

impl fmt::Display for Plain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match millis {
            0..10_000 => write!(formatter, "{millis} ms"),
            10_000..120_000 => write!(formatter, "{}.{} s", millis / 1_000, millis / 100 % 10),
            _ => write!(formatter, "{}.{} min", millis / 60_000, millis / 6_000 % 10),
        }
    }
}

/// A number of things.
struct Count(usize, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(formatter, "{} {}{plural}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_reason_reads_as_a_sentence_with_its_numbers() {
        let held = Reason::CallerSpokeOver {
            speech: millis(320),
            required: millis(300),
        };
        assert_eq!(
            held.to_string(),
            "caller spoke 320 ms over the agent (300 ms wanted)"
        );

        let ended = Reason::EndOfTurn {
            likelihood: Some(0.93),
            silence: millis(260),
            required: millis(250),
            patience: Patience::Usual,
        };
        assert_eq!(
            ended.to_string(),
            "caller silent for 260 ms (250 ms wanted), turn 93 % likely over"
        );

        let dictated = Reason::EndOfTurn {
            likelihood: None,
            silence: millis(2_010),
            required: millis(2_000),
            patience: Patience::Spelling,
        };
        assert_eq!(
            dictated.to_string(),
            "caller silent for 2010 ms (2000 ms wanted while something is spelled), turn not \
             judged by its sound"
        );

        let taken = Reason::BargeIn {
            speech: millis(640),
            words: 1,
            words_required: 1,
        };
        assert_eq!(
            taken.to_string(),
            "caller took the floor: 1 word in 640 ms (1 wanted)"
        );
    }

    #[test]
    fn long_times_are_in_seconds_and_minutes() {
        let silent = Reason::CallerSilent {
            silence: millis(12_340),
            reprompts: 2,
        };
        assert_eq!(
            silent.to_string(),
            "caller said nothing for 12.3 s, after 2 reminders"
        );
        let limit = Reason::DurationLimit {
            limit: Duration::from_secs(30 * 60),
        };
        assert_eq!(
            limit.to_string(),
            "the call reached its longest duration of 30.0 min"
        );
    }
}
