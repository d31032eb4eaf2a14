//! Interruption by what the agent is doing: while it greets, speaks, thinks, or runs a tool, the
//! caller can be given other limits than the policy's own, or none.

use std::time::Duration;

use crate::TurnPolicy;
use crate::policy::PolicyError;
use crate::thresholds::InterruptionThresholds;

/// Most words that a minimum can ask for.
pub(crate) const WORDS_MIN_MAX: u32 = 10;
/// Longest speech that a minimum can ask for.
pub(crate) const SPEECH_MIN_MAX: Duration = Duration::from_secs(2);

/// What differs while the agent is in one state. What is `None` is as the policy says. Per-state
/// limits were asked for in livekit/agents #3427 and pipecat #2153.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InterruptionProfile {
    /// Whether the caller's words can stop the agent in this state at all. Default true.
    pub is_interruptible: bool,
    /// In place of `interruption_sensitivity`, 0 to 1. Default `None`.
    pub sensitivity: Option<f32>,
    /// In place of `interruption_words_min`, 0 to 10 words. Default `None`.
    pub words_min: Option<u32>,
    /// In place of `interruption_speech_min`, 0 to 2 s. Default `None`.
    pub speech_min: Option<Duration>,
}

impl Default for InterruptionProfile {
    fn default() -> Self {
        Self {
            is_interruptible: true,
            sensitivity: None,
            words_min: None,
            speech_min: None,
        }
    }
}

/// One profile for each state of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct InterruptionProfiles {
    /// While the greeting is heard.
    pub greeting: InterruptionProfile,
    /// While anything else is heard.
    pub speaking: InterruptionProfile,
    /// While the reply is made and nothing of it is heard. The caller is then only going on, so
    /// one word takes the turn back whatever the policy says; only what this profile sets counts.
    pub thinking: InterruptionProfile,
    /// While a tool runs for the reply, whether something of it is heard (then `None` is as the
    /// policy says) or not (then `None` is as while thinking).
    pub tool_running: InterruptionProfile,
}

/// What the agent is doing while the caller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentState {
    /// The greeting is heard.
    Greeting,
    /// Something else is heard.
    Speaking,
    /// A reply is heard and a tool runs for it.
    SpeakingWithTool,
    /// A reply is not heard yet.
    Thinking,
    /// A reply is not heard yet and a tool runs for it.
    ThinkingWithTool,
}

/// The limits for each state, worked out once; `None` where nothing stops the agent.
#[derive(Debug)]
pub(crate) struct ThresholdsByState {
    greeting: Option<InterruptionThresholds>,
    speaking: Option<InterruptionThresholds>,
    speaking_with_tool: Option<InterruptionThresholds>,
    thinking: Option<InterruptionThresholds>,
    thinking_with_tool: Option<InterruptionThresholds>,
}

impl ThresholdsByState {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        let profiles = &policy.interruption_profiles;
        Self {
            greeting: while_heard(policy, &profiles.greeting)
                .filter(|_| policy.is_greeting_interruptible),
            speaking: while_heard(policy, &profiles.speaking),
            speaking_with_tool: while_heard(policy, &profiles.tool_running),
            thinking: while_unheard(&profiles.thinking),
            thinking_with_tool: while_unheard(&profiles.tool_running),
        }
    }

    pub(crate) fn of(&self, state: AgentState) -> Option<InterruptionThresholds> {
        match state {
            AgentState::Greeting => self.greeting,
            AgentState::Speaking => self.speaking,
            AgentState::SpeakingWithTool => self.speaking_with_tool,
            AgentState::Thinking => self.thinking,
            AgentState::ThinkingWithTool => self.thinking_with_tool,
        }
    }
}

fn while_heard(
    policy: &TurnPolicy,
    profile: &InterruptionProfile,
) -> Option<InterruptionThresholds> {
    let sensitivity = profile
        .sensitivity
        .unwrap_or(policy.interruption_sensitivity);
    let thresholds =
        InterruptionThresholds::of(sensitivity).filter(|_| profile.is_interruptible)?;
    let words_min = profile.words_min.or(policy.interruption_words_min);
    let speech_min = profile.speech_min.or(policy.interruption_speech_min);
    Some(thresholds.with_minimums(words_min, speech_min))
}

/// Nobody hears the agent, so there is nothing to pause, and a sound without words stops nothing.
fn while_unheard(profile: &InterruptionProfile) -> Option<InterruptionThresholds> {
    let thresholds = match profile.sensitivity {
        Some(sensitivity) => InterruptionThresholds::of(sensitivity)?,
        None => InterruptionThresholds::AT_ONCE,
    };
    let words_min = profile.words_min.map(|words| words as usize);
    profile.is_interruptible.then_some(InterruptionThresholds {
        words_to_commit: words_min.unwrap_or(thresholds.words_to_commit).max(1),
        words_after_speech: words_min.unwrap_or(1).max(1),
        speech_to_commit_wordless: None,
        speech_min: profile.speech_min.unwrap_or_default(),
        ..thresholds
    })
}

impl InterruptionProfiles {
    pub(crate) fn validate(&self) -> Result<(), PolicyError> {
        let profiles = [
            ("interruption_profiles.greeting", &self.greeting),
            ("interruption_profiles.speaking", &self.speaking),
            ("interruption_profiles.thinking", &self.thinking),
            ("interruption_profiles.tool_running", &self.tool_running),
        ];
        for (knob, profile) in profiles {
            check_sensitivity(knob, profile.sensitivity.unwrap_or(0.5))?;
            check_minimums(knob, profile.words_min, knob, profile.speech_min)?;
        }
        Ok(())
    }
}

pub(crate) fn check_sensitivity(knob: &'static str, sensitivity: f32) -> Result<(), PolicyError> {
    if (0.0..=1.0).contains(&sensitivity) {
        return Ok(());
    }
    Err(PolicyError {
        knob,
        problem: format!("{sensitivity} is not between 0 (never) and 1 (first sound)"),
    })
}

pub(crate) fn check_minimums(
    words_knob: &'static str,
    words_min: Option<u32>,
    speech_knob: &'static str,
    speech_min: Option<Duration>,
) -> Result<(), PolicyError> {
    if let Some(words) = words_min.filter(|words| *words > WORDS_MIN_MAX) {
        return Err(PolicyError {
            knob: words_knob,
            problem: format!("{words} words are too many, at most {WORDS_MIN_MAX}"),
        });
    }
    if let Some(speech) = speech_min.filter(|speech| *speech > SPEECH_MIN_MAX) {
        return Err(PolicyError {
            knob: speech_knob,
            problem: format!(
                "{} ms of speech are too long, at most {} ms",
                speech.as_millis(),
                SPEECH_MIN_MAX.as_millis()
            ),
        });
    }
    Ok(())
}
