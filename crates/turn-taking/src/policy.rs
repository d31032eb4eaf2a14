//! Every knob of turn-taking, typed, with its default and its range. The numbers that the rules
//! work with are derived in `thresholds`.

use std::time::Duration;

use crate::backchanneler::BackchannelPolicy;
use crate::phrases::{acknowledgements, interrupting_phrases};
use crate::profiles::{InterruptionProfiles, check_minimums, check_sensitivity};
use crate::silence_watch::TurnMode;
use crate::soft_timeout::SoftTimeout;
use crate::thresholds::{EndpointThresholds, InterruptionThresholds};

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

/// Whether the agent waits longer while the caller spells or dictates (`spelling_patience` of
/// ElevenLabs).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpellingPatience {
    /// While digits, letters, an e-mail address or a date of birth are being said.
    #[default]
    Auto,
    /// Never.
    Off,
}

/// The knobs of turn-taking. `TurnPolicy::default()` holds the documented defaults;
/// [`TurnPolicy::validate`] names the first value that is out of range.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnPolicy {
    /// Whether the agent speaks first (the greeting is configured). Default true.
    pub greets_first: bool,
    /// 0 never stops the agent, 1 stops it at the first sound; between, the speech time and the
    /// words required fall smoothly. Default 0.5. (AgentPhone, Retell; Wordcab's
    /// `interruption_threshold` is 1 minus it, see [`TurnPolicy::sensitivity_of_threshold`].)
    pub interruption_sensitivity: f32,
    /// Words, acknowledgements not counted, below which nothing takes the floor, 0 to 10; 0 lets
    /// sound alone take it. `None` lets `interruption_sensitivity` say. Default `None`.
    /// (`min_interruption_words` of LiveKit Agents.)
    pub interruption_words_min: Option<u32>,
    /// Speech below which nothing takes the floor, and after which the agent pauses, 0 to 2 s.
    /// `None` lets `interruption_sensitivity` say. Default `None`. (Bland's
    /// `interruption_threshold`, Hume's `min_interruption_ms`.)
    pub interruption_speech_min: Option<Duration>,
    /// Where interruption differs by what the agent is doing. Default: nowhere.
    pub interruption_profiles: InterruptionProfiles,
    /// Whether what the caller says over an agent that cannot be stopped is kept, and answered
    /// after it. Else it is as if it had not been said. Default true. (ElevenLabs'
    /// `transcribe_on_disabled_interruptions`, Retell.)
    pub transcribes_uninterruptible: bool,
    /// How long after the answer the agent greets, up to 10 min; without effect unless
    /// `greets_first`. Whatever is said before takes the greeting's place. Default 0.
    pub greeting_delay: Duration,
    /// Whether the caller can interrupt the greeting. Default true.
    pub is_greeting_interruptible: bool,
    /// Default normal.
    pub eagerness: Eagerness,
    /// Shortest silence after which the caller's turn can be over, 0 to 10 s. `None` lets
    /// `eagerness` say.
    pub endpoint_delay_min: Option<Duration>,
    /// Silence after which the caller's turn is over whatever the models say, 50 ms to 20 s.
    /// `None` lets `eagerness` say.
    pub endpoint_delay_max: Option<Duration>,
    /// Whether the wait at pauses, where it is not plain that the turn is over, follows this
    /// caller's own pauses, within the shortest and the longest delay. Default true. (Dynamic
    /// endpointing of LiveKit Agents.)
    pub adapts_to_caller: bool,
    /// Default auto.
    pub spelling_patience: SpellingPatience,
    /// How long after the end of speech a transcript is waited for at most, 100 ms to 20 s; it
    /// falls towards the 99th percentile of what recognition needed in this call. Default 1.2 s.
    pub transcript_deadline: Duration,
    /// How long a held reply waits for words before it goes on, 100 ms to 10 s. Default 1 s.
    pub false_interruption_timeout: Duration,
    /// Whether replies start on a settled transcript before the turn is decided. Default true.
    pub is_speculation_on: bool,
    /// Replies that may be started in vain for one turn, 0 to 10; after that its end is waited for.
    /// Without effect where `is_speculation_on` is false. Default 3.
    pub speculations_max: u32,
    /// Whether the agent speaks up by itself when the caller is silent. Default
    /// [`TurnMode::Turn`]. `ElevenLabs` calls it `turn.mode`.
    pub mode: TurnMode,
    /// Silence after which the agent speaks up where it did not speak first, counted from the
    /// answer, 500 ms to 10 min; without effect where `greets_first`. `None` is
    /// `no_input_timeout`. Default `None`. `ElevenLabs` calls it `turn.initial_wait_time`.
    pub initial_wait: Option<Duration>,
    /// Silence after which the agent reminds the caller, 500 ms to 10 min. `None` never reminds.
    /// Default 8 s. `ElevenLabs` calls it `turn.turn_timeout` (7 s).
    pub no_input_timeout: Option<Duration>,
    /// Reminders without an answer before the call ends on silence, up to 20. Default 2.
    pub reprompts_max: u32,
    /// Caller silence that ends the call whatever the reminders, 1 s to 1 h, counted since the
    /// caller last spoke, or since the end of what the agent answered to that. Reminders do not
    /// count as anybody speaking. `None` never. Default `None`. `ElevenLabs` calls it
    /// `turn.silence_end_call_timeout`.
    pub silence_hang_up: Option<Duration>,
    /// Caller silence that ends the call, 10 s to 1 h, counted since anything was said, by the
    /// caller or by the agent, reminders included. `None` never. Default 10 min. `AgentPhone`
    /// calls it `maxSilenceMs`, Retell `end_call_after_silence_ms`.
    pub caller_silence_max: Option<Duration>,
    /// What is said while a reply is slow; `None` says nothing. Default `None`.
    pub soft_timeout: Option<SoftTimeout>,
    /// How the agent shows a caller who speaks at length that it listens; `None` says nothing.
    /// Default `None`.
    pub backchannels: Option<BackchannelPolicy>,
    /// How long a committed reply may stay without audio, or stop in the middle for want of more,
    /// before the agent apologises, 500 ms to 2 min. Default 8 s. Fillers do not lengthen it.
    pub reply_deadline: Duration,
    /// The same while a tool runs for the reply, 500 ms to 10 min. Default 30 s.
    pub tool_deadline: Duration,
    /// How long a reply that is being heard may go without a sign of progress before it counts as
    /// failed, 1 s to 5 min. Default 15 s. A leg that never reports progress gets 3 min.
    pub playout_stall_max: Duration,
    /// Longest caller turn: after it the agent takes the floor, 5 s to 1 h. Default 2 min.
    pub caller_turn_max: Duration,
    /// Longest call, 1 s to 24 h. Default 30 min.
    pub call_duration_max: Duration,
    /// Words and phrases that never take the floor ("mhm", "uh-huh", "right"). Case, punctuation
    /// and drawn-out letters make no difference. The default is English
    /// ([`acknowledgements`]).
    pub acknowledgements: Vec<String>,
    /// Whether `acknowledgements` count; else only `ignore_phrases` do. Default true.
    /// (`merge_with_default_ignore_terms` of ElevenLabs.)
    pub uses_default_acknowledgements: bool,
    /// The user's own phrases that never take the floor. Default none.
    /// (`interruption_ignore_terms` of ElevenLabs.)
    pub ignore_phrases: Vec<String>,
    /// Phrases that stop the agent as soon as they are recognised, whatever the words and the
    /// speech that it takes otherwise. The default is English ([`interrupting_phrases`]).
    pub interrupting_phrases: Vec<String>,
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

impl Default for TurnPolicy {
    fn default() -> Self {
        Self {
            greets_first: true,
            greeting_delay: Duration::ZERO,
            interruption_sensitivity: 0.5,
            interruption_words_min: None,
            interruption_speech_min: None,
            interruption_profiles: InterruptionProfiles::default(),
            transcribes_uninterruptible: true,
            is_greeting_interruptible: true,
            eagerness: Eagerness::Normal,
            endpoint_delay_min: None,
            endpoint_delay_max: None,
            adapts_to_caller: true,
            spelling_patience: SpellingPatience::Auto,
            transcript_deadline: Duration::from_millis(1_200),
            false_interruption_timeout: Duration::from_secs(1),
            is_speculation_on: true,
            speculations_max: 3,
            mode: TurnMode::Turn,
            initial_wait: None,
            no_input_timeout: Some(Duration::from_secs(8)),
            reprompts_max: 2,
            silence_hang_up: None,
            caller_silence_max: Some(Duration::from_secs(10 * 60)),
            soft_timeout: None,
            backchannels: None,
            reply_deadline: Duration::from_secs(8),
            tool_deadline: Duration::from_secs(30),
            playout_stall_max: Duration::from_secs(15),
            caller_turn_max: Duration::from_secs(120),
            call_duration_max: Duration::from_secs(30 * 60),
            acknowledgements: acknowledgements("en"),
            uses_default_acknowledgements: true,
            ignore_phrases: Vec::new(),
            interrupting_phrases: interrupting_phrases("en"),
        }
    }
}

impl TurnPolicy {
    /// Checks every knob against its range.
    ///
    /// # Errors
    /// [`PolicyError`] with the first knob that is out of range, and what is allowed.
    pub fn validate(&self) -> Result<(), PolicyError> {
        check_sensitivity("interruption_sensitivity", self.interruption_sensitivity)?;
        check_minimums(
            "interruption_words_min",
            self.interruption_words_min,
            "interruption_speech_min",
            self.interruption_speech_min,
        )?;
        self.interruption_profiles.validate()?;
        self.check_durations()?;
        if self.reprompts_max > 20 {
            return Err(PolicyError {
                knob: "reprompts_max",
                problem: format!("{} reminders are too many, at most 20", self.reprompts_max),
            });
        }
        if self.speculations_max > 10 {
            return Err(PolicyError {
                knob: "speculations_max",
                problem: format!(
                    "{} replies in vain for one turn are too many, at most 10",
                    self.speculations_max
                ),
            });
        }
        if let Some(soft_timeout) = &self.soft_timeout {
            soft_timeout.validate()?;
        }
        if let Some(backchannels) = &self.backchannels {
            backchannels.validate()?;
        }
        let thresholds = self.endpoint_thresholds();
        if thresholds.delay_min > thresholds.delay_max {
            return Err(PolicyError {
                knob: "endpoint_delay_min",
                problem: format!(
                    "{} ms is longer than endpoint_delay_max, which is {} ms",
                    thresholds.delay_min.as_millis(),
                    thresholds.delay_max.as_millis()
                ),
            });
        }
        Ok(())
    }

    fn check_durations(&self) -> Result<(), PolicyError> {
        let ranges = [
            ("endpoint_delay_min", self.endpoint_delay_min, 0, 10_000),
            ("endpoint_delay_max", self.endpoint_delay_max, 50, 20_000),
            (
                "transcript_deadline",
                Some(self.transcript_deadline),
                100,
                20_000,
            ),
            (
                "false_interruption_timeout",
                Some(self.false_interruption_timeout),
                100,
                10_000,
            ),
            ("greeting_delay", Some(self.greeting_delay), 0, 600_000),
            ("no_input_timeout", self.no_input_timeout, 500, 600_000),
            ("initial_wait", self.initial_wait, 500, 600_000),
            ("silence_hang_up", self.silence_hang_up, 1_000, 3_600_000),
            (
                "caller_silence_max",
                self.caller_silence_max,
                10_000,
                3_600_000,
            ),
            ("reply_deadline", Some(self.reply_deadline), 500, 120_000),
            ("tool_deadline", Some(self.tool_deadline), 500, 600_000),
            (
                "playout_stall_max",
                Some(self.playout_stall_max),
                1_000,
                300_000,
            ),
            (
                "caller_turn_max",
                Some(self.caller_turn_max),
                5_000,
                3_600_000,
            ),
            (
                "call_duration_max",
                Some(self.call_duration_max),
                1_000,
                86_400_000,
            ),
        ];
        for (knob, value, millis_min, millis_max) in ranges {
            check_range(knob, value, millis_min, millis_max)?;
        }
        Ok(())
    }

    /// The numbers by which the end of a caller's turn is decided.
    #[must_use]
    pub fn endpoint_thresholds(&self) -> EndpointThresholds {
        let mut thresholds = EndpointThresholds::of(self.eagerness);
        if let Some(delay) = self.endpoint_delay_min {
            thresholds.delay_min = delay;
        }
        if let Some(delay) = self.endpoint_delay_max {
            thresholds.delay_max = delay;
        }
        thresholds
    }

    /// Whether it makes a difference how finished the caller sounds: none where every wait is the
    /// same.
    #[must_use]
    pub fn weighs_likelihood(&self) -> bool {
        let thresholds = self.endpoint_thresholds();
        self.adapts_to_caller || thresholds.delay_min < thresholds.delay_max
    }

    /// The numbers by which an interruption is decided where no profile says otherwise; `None`
    /// where the agent is never stopped.
    #[must_use]
    pub fn interruption_thresholds(&self) -> Option<InterruptionThresholds> {
        let thresholds = InterruptionThresholds::of(self.interruption_sensitivity)?;
        let (words, speech) = (self.interruption_words_min, self.interruption_speech_min);
        Some(thresholds.with_minimums(words, speech))
    }

    /// The sensitivity where the agent gives a threshold: how much concurrent speech it takes, 0
    /// (the first sound) to 1 (never).
    #[must_use]
    pub fn sensitivity_of_threshold(threshold: f32) -> f32 {
        1.0 - threshold
    }
}

fn check_range(
    knob: &'static str,
    value: Option<Duration>,
    millis_min: u64,
    millis_max: u64,
) -> Result<(), PolicyError> {
    let Some(value) = value else { return Ok(()) };
    let range = Duration::from_millis(millis_min)..=Duration::from_millis(millis_max);
    if range.contains(&value) {
        return Ok(());
    }
    Err(PolicyError {
        knob,
        problem: format!(
            "{} ms is out of range, allowed are {millis_min} ms to {millis_max} ms",
            value.as_millis()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_at_every_eagerness() {
        for eagerness in [Eagerness::Patient, Eagerness::Normal, Eagerness::Eager] {
            let policy = TurnPolicy {
                eagerness,
                ..TurnPolicy::default()
            };
            assert_eq!(policy.validate(), Ok(()));
        }
    }

    #[test]
    fn how_finished_a_caller_sounds_is_weighed_unless_every_wait_is_the_same() {
        let wait = Some(Duration::from_millis(200));
        let fixed = TurnPolicy {
            endpoint_delay_min: wait,
            endpoint_delay_max: wait,
            adapts_to_caller: false,
            ..TurnPolicy::default()
        };
        assert!(!fixed.weighs_likelihood() && TurnPolicy::default().weighs_likelihood());
        let adapting = TurnPolicy {
            adapts_to_caller: true,
            ..fixed
        };
        assert!(adapting.weighs_likelihood());
    }

    #[test]
    fn a_knob_out_of_range_is_named_with_what_is_allowed() {
        let policy = TurnPolicy {
            interruption_sensitivity: f32::NAN,
            ..TurnPolicy::default()
        };
        assert_eq!(
            policy.validate().unwrap_err().knob,
            "interruption_sensitivity"
        );

        let policy = TurnPolicy {
            reply_deadline: Duration::from_millis(20),
            ..TurnPolicy::default()
        };
        assert_eq!(
            policy.validate().unwrap_err().to_string(),
            "reply_deadline: 20 ms is out of range, allowed are 500 ms to 120000 ms"
        );
    }

    #[test]
    fn the_shortest_delay_cannot_pass_the_longest() {
        let policy = TurnPolicy {
            endpoint_delay_min: Some(Duration::from_secs(3)),
            ..TurnPolicy::default()
        };
        assert_eq!(
            policy.validate().unwrap_err().to_string(),
            "endpoint_delay_min: 3000 ms is longer than endpoint_delay_max, which is 2000 ms"
        );
    }
}
