//! Checks of the caller's side of turn-taking: interruption and the end of the caller's turn.

use std::time::Duration;

use offhook_turn_taking::{
    InterruptionProfile, InterruptionProfiles, SpellingPatience, TurnPolicy, acknowledgements,
    interrupting_phrases,
};

use super::Check;
use crate::document::{InterruptionProfileDocument, SpellingPatienceDocument};
use crate::{AgentDocument, DurationText, limits};

/// Sensitivity of an agent that says nothing about it.
const SENSITIVITY_DEFAULT: f32 = 0.5;

impl Check {
    /// `policy` with everything that the document says of the caller's side.
    pub(super) fn caller_policy(
        &mut self,
        document: &AgentDocument,
        policy: &TurnPolicy,
    ) -> TurnPolicy {
        let interruption = &document.interruption;
        let endpointing = &document.endpointing;
        let (endpoint_delay_min, endpoint_delay_max) = self.endpoint_delays(document);
        TurnPolicy {
            interruption_sensitivity: self.sensitivity(document),
            interruption_words_min: self.words_min("interruption", interruption.words_min),
            interruption_speech_min: self
                .speech_min("interruption", interruption.speech_min.as_ref()),
            interruption_profiles: InterruptionProfiles {
                greeting: self.profile("interruption.greeting", &interruption.greeting),
                speaking: self.profile("interruption.speaking", &interruption.speaking),
                thinking: self.profile("interruption.thinking", &interruption.thinking),
                tool_running: self.profile("interruption.tool_running", &interruption.tool_running),
            },
            transcribes_uninterruptible: interruption.transcribes_uninterruptible,
            is_greeting_interruptible: document.is_greeting_interruptible,
            false_interruption_timeout: self.duration_or(
                "interruption.resume_after",
                &interruption.resume_after,
                limits::RESUME_AFTER,
                policy.false_interruption_timeout,
            ),
            endpoint_delay_min,
            endpoint_delay_max,
            adapts_to_caller: endpointing.adapts_to_caller,
            spelling_patience: match endpointing.spelling_patience {
                SpellingPatienceDocument::Auto => SpellingPatience::Auto,
                SpellingPatienceDocument::Off => SpellingPatience::Off,
            },
            transcript_deadline: self.duration_or(
                "endpointing.transcript_deadline",
                &endpointing.transcript_deadline,
                limits::TRANSCRIPT_DEADLINE,
                policy.transcript_deadline,
            ),
            caller_turn_max: self.duration_or(
                "endpointing.turn_max",
                &endpointing.turn_max,
                limits::CALLER_TURN,
                policy.caller_turn_max,
            ),
            acknowledgements: self.acknowledgements(document),
            uses_default_acknowledgements: interruption.uses_default_acknowledgements,
            ignore_phrases: self
                .phrases("interruption.ignore_phrases", &interruption.ignore_phrases),
            interrupting_phrases: match &interruption.interrupting_phrases {
                Some(own) => self.phrases("interruption.interrupting_phrases", own),
                None => interrupting_phrases(&document.language),
            },
            ..policy.clone()
        }
    }

    /// Those of the agent's language, or its own, and those of other languages.
    fn acknowledgements(&mut self, document: &AgentDocument) -> Vec<String> {
        let mut all = match &document.acknowledgements {
            Some(own) => self.phrases("acknowledgements", own),
            None => acknowledgements(&document.language),
        };
        let languages = &document.interruption.acknowledgement_languages;
        for phrase in languages.iter().flat_map(|it| acknowledgements(it)) {
            if !all.contains(&phrase) {
                all.push(phrase);
            }
        }
        all
    }

    /// Given as a sensitivity or as a threshold, not as both.
    fn sensitivity(&mut self, document: &AgentDocument) -> f32 {
        let sensitivity = document.interruption_sensitivity;
        let sensitivity = sensitivity
            .map(|value| self.number("interruption_sensitivity", value, limits::SENSITIVITY));
        let threshold = document.interruption_threshold;
        let threshold = threshold
            .map(|value| self.number("interruption_threshold", value, limits::SENSITIVITY));
        if sensitivity.is_some() && threshold.is_some() {
            self.findings.add(
                "interruption_threshold",
                "contradicts interruption_sensitivity, which is 1 minus it; give one of them",
            );
        }
        sensitivity
            .or_else(|| threshold.map(TurnPolicy::sensitivity_of_threshold))
            .unwrap_or(SENSITIVITY_DEFAULT)
    }

    fn profile(
        &mut self,
        path: &str,
        document: &InterruptionProfileDocument,
    ) -> InterruptionProfile {
        let sensitivity = document.sensitivity;
        InterruptionProfile {
            is_interruptible: document.is_interruptible,
            sensitivity: sensitivity.map(|value| {
                self.number(&format!("{path}.sensitivity"), value, limits::SENSITIVITY)
            }),
            words_min: self.words_min(path, document.words_min),
            speech_min: self.speech_min(path, document.speech_min.as_ref()),
        }
    }

    fn words_min(&mut self, path: &str, words: Option<u32>) -> Option<u32> {
        words.map(|words| self.whole(&format!("{path}.words_min"), words, limits::WORDS_MIN))
    }

    fn speech_min(&mut self, path: &str, speech: Option<&DurationText>) -> Option<Duration> {
        self.duration(&format!("{path}.speech_min"), speech, limits::SPEECH_MIN)
    }

    fn endpoint_delays(
        &mut self,
        document: &AgentDocument,
    ) -> (Option<Duration>, Option<Duration>) {
        let delays = &document.endpointing;
        let shortest = self.duration(
            "endpointing.delay_min",
            delays.delay_min.as_ref(),
            limits::ENDPOINT_DELAY_MIN,
        );
        let longest = self.duration(
            "endpointing.delay_max",
            delays.delay_max.as_ref(),
            limits::ENDPOINT_DELAY_MAX,
        );
        if let (Some(min), Some(max)) = (shortest, longest)
            && min > max
        {
            self.findings.add(
                "endpointing.delay_min",
                format!("{min:?} is longer than endpointing.delay_max, {max:?}"),
            );
        }
        (shortest, longest)
    }

    fn phrases(&mut self, path: &str, phrases: &[String]) -> Vec<String> {
        if phrases.len() > limits::ACKNOWLEDGEMENTS_MAX {
            let max = limits::ACKNOWLEDGEMENTS_MAX;
            let problem = format!("has {} entries; at most {max}", phrases.len());
            self.findings.add(path, problem);
        }
        for (index, phrase) in phrases.iter().enumerate() {
            let path = format!("{path}[{index}]");
            self.length(&path, phrase, 1, limits::NAME_CHARS_MAX);
        }
        phrases
            .iter()
            .map(|phrase| phrase.trim().to_lowercase())
            .collect()
    }
}
