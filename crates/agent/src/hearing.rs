//! How the caller is heard: what is taken out of the caller's audio, as people write it and as a
//! call goes by it.

use offhook_media::{Denoising, EchoCancellation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AgentDocument;

/// What of the sound around the caller is taken out before it is decided who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DenoisingDocument {
    /// Nothing.
    Off,
    /// Noise: traffic, fans, typing, a door.
    #[default]
    NoiseCancellation,
    /// Noise, and the speech of others: television, people farther from the telephone.
    NoiseAndBackgroundSpeechCancellation,
}

/// Whether the agent's own voice, sent back by the caller's line, is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EchoCancellationDocument {
    /// Never.
    Off,
    /// Whenever the agent is heard.
    On,
    /// Whenever the agent is heard, except on a line that has sent nothing back for ten seconds
    /// of the agent's speech.
    #[default]
    Auto,
}

/// How the caller is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HearingSettings {
    /// What is taken out before it is decided who speaks.
    pub denoising: Denoising,
    /// Whether the agent's own voice is taken out.
    pub echo_cancellation: EchoCancellation,
}

impl HearingSettings {
    pub(crate) fn of(document: &AgentDocument) -> Self {
        Self {
            denoising: document.denoising.into(),
            echo_cancellation: document.echo_cancellation.into(),
        }
    }
}

impl From<DenoisingDocument> for Denoising {
    fn from(document: DenoisingDocument) -> Self {
        match document {
            DenoisingDocument::Off => Self::Off,
            DenoisingDocument::NoiseCancellation => Self::NoiseCancellation,
            DenoisingDocument::NoiseAndBackgroundSpeechCancellation => {
                Self::NoiseAndBackgroundSpeechCancellation
            }
        }
    }
}

impl From<EchoCancellationDocument> for EchoCancellation {
    fn from(document: EchoCancellationDocument) -> Self {
        match document {
            EchoCancellationDocument::Off => Self::Off,
            EchoCancellationDocument::On => Self::On,
            EchoCancellationDocument::Auto => Self::Auto,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Agent;

    fn heard(fields: &str) -> HearingSettings {
        let text = format!(r#"{{"name":"Ava","prompt":"Be brief."{fields}}}"#);
        Agent::from_json(&text).unwrap().hearing()
    }

    #[test]
    fn each_mode_is_known_by_its_name() {
        let default = heard("");
        assert_eq!(default, HearingSettings::default());
        assert_eq!(default.denoising, Denoising::NoiseCancellation);
        let loud = heard(
            r#","denoising":"noise-and-background-speech-cancellation","echo_cancellation":"on""#,
        );
        assert_eq!(
            loud.denoising,
            Denoising::NoiseAndBackgroundSpeechCancellation
        );
        assert_eq!(loud.echo_cancellation, EchoCancellation::On);
        let raw = heard(r#","denoising":"off","echo_cancellation":"off""#);
        assert_eq!(raw.denoising, Denoising::Off);
        assert_eq!(raw.echo_cancellation, EchoCancellation::Off);
    }
}
