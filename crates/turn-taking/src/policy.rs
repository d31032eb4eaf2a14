//! Every knob of turn-taking, typed.

use std::time::Duration;

/// How soon the agent takes the floor after the caller pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Eagerness {
    /// Waits longer at every pause.
    Patient,
    /// The balance.
    #[default]
    Normal,
    /// Speaks at the first opportunity.
    Eager,
}

/// The knobs of turn-taking. `TurnPolicy::default()` holds the documented defaults;
/// [`TurnPolicy::validate`] names the first value that is out of range.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnPolicy {
    /// Whether the agent speaks first (the greeting is configured).
    pub greets_first: bool,
    /// 0 never stops the agent, 1 stops it at the first sound; between, the speech time and the
    /// words required fall smoothly. Default 0.5.
    pub interruption_sensitivity: f32,
    /// Whether the caller can interrupt the greeting. Default true.
    pub is_greeting_interruptible: bool,
    /// Default normal.
    pub eagerness: Eagerness,
    /// Shortest silence after which the caller's turn can be over. `None` lets `eagerness` say.
    pub endpoint_delay_min: Option<Duration>,
    /// Silence after which the caller's turn is over whatever the models say. `None` lets
    /// `eagerness` say.
    pub endpoint_delay_max: Option<Duration>,
    /// How long after the end of speech a transcript is waited for. Default 1.2 s.
    pub transcript_deadline: Duration,
    /// How long a held reply waits for words before it goes on. Default 1 s.
    pub false_interruption_timeout: Duration,
    /// Whether replies start on a settled transcript before the turn is decided. Default true.
    pub is_speculation_on: bool,
    /// Silence after which the agent reminds the caller. `None` never reminds. Default 8 s.
    pub no_input_timeout: Option<Duration>,
    /// Reminders without an answer before the call ends on silence. Default 2.
    pub reprompts_max: u32,
    /// Caller silence that ends the call whatever the reminders. `None` never. Default `None`.
    pub silence_hang_up: Option<Duration>,
    /// How long a committed reply may stay without audio before the agent apologises. Default 8 s.
    pub reply_deadline: Duration,
    /// Longest call. Default 30 min.
    pub call_duration_max: Duration,
    /// Words and phrases that never take the floor, lower case ("mhm", "uh-huh", "right").
    pub acknowledgements: Vec<String>,
}

/// A knob out of range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{knob}: {problem}")]
pub struct PolicyError {
    /// The field of [`TurnPolicy`].
    pub knob: &'static str,
    /// What is wrong and what is allowed.
    pub problem: String,
}
