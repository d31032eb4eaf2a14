//! What is heard around the agent's voice: the sections `ambient_sound` and `tool_call_sound`, and
//! what becomes of them. The sounds themselves are made in `offhook-media`.

use offhook_media::{Bed, ToolSound};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits;

/// Sound under the whole call, from answer to hang-up: it masks the silence between turns and
/// makes room for speech.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AmbientSoundDocument {
    /// What is heard.
    pub kind: AmbientSoundKindDocument,
    /// 1 is a quiet bed (48 dB below full scale), 0 is silence, 2 twice the amplitude.
    #[schemars(range(min = limits::VOLUME.min, max = limits::VOLUME.max))]
    pub volume: f64,
}

impl Default for AmbientSoundDocument {
    fn default() -> Self {
        Self {
            kind: AmbientSoundKindDocument::None,
            volume: 1.0,
        }
    }
}

/// What is heard under the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AmbientSoundKindDocument {
    /// Nothing.
    #[default]
    None,
    /// Air conditioning, typing, colleagues far away.
    Office,
    /// Many people who talk, cups, steam.
    CoffeeShop,
    /// Wind, distant traffic, birds.
    Outdoor,
}

/// Sound while a tool runs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ToolCallSoundDocument {
    /// What is heard.
    pub kind: ToolCallSoundKindDocument,
    /// Which tool calls it is heard at.
    pub behaviour: ToolCallSoundBehaviourDocument,
}

/// What is heard while a tool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ToolCallSoundKindDocument {
    /// Nothing.
    #[default]
    None,
    /// Somebody types.
    Typing,
    /// A bossa nova.
    Elevator1,
    /// A waltz.
    Elevator2,
    /// A ballad.
    Elevator3,
    /// A swing.
    Elevator4,
}

/// Which tool calls are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ToolCallSoundBehaviourDocument {
    /// Those before which the agent has said something.
    #[default]
    Auto,
    /// All.
    Always,
}

/// Sound under the whole call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AmbientSound {
    /// What is heard.
    pub bed: Bed,
    /// Above 0, up to 2; 1 is a quiet bed.
    pub volume: f32,
}

/// Sound while a tool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolCallSound {
    /// What is heard.
    pub sound: ToolSound,
    /// Also at tools before which the agent has said nothing.
    pub is_always_heard: bool,
}

/// The bed, `None` where nothing would be heard of it.
pub(crate) fn ambient_sound(kind: AmbientSoundKindDocument, volume: f32) -> Option<AmbientSound> {
    let bed = match kind {
        AmbientSoundKindDocument::None => return None,
        AmbientSoundKindDocument::Office => Bed::Office,
        AmbientSoundKindDocument::CoffeeShop => Bed::CoffeeShop,
        AmbientSoundKindDocument::Outdoor => Bed::Outdoor,
    };
    (volume > 0.0).then_some(AmbientSound { bed, volume })
}

pub(crate) fn tool_call_sound(document: &ToolCallSoundDocument) -> Option<ToolCallSound> {
    let sound = match document.kind {
        ToolCallSoundKindDocument::None => return None,
        ToolCallSoundKindDocument::Typing => ToolSound::Typing,
        ToolCallSoundKindDocument::Elevator1 => ToolSound::Elevator1,
        ToolCallSoundKindDocument::Elevator2 => ToolSound::Elevator2,
        ToolCallSoundKindDocument::Elevator3 => ToolSound::Elevator3,
        ToolCallSoundKindDocument::Elevator4 => ToolSound::Elevator4,
    };
    let is_always_heard = document.behaviour == ToolCallSoundBehaviourDocument::Always;
    Some(ToolCallSound {
        sound,
        is_always_heard,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Agent;

    fn agent(fields: &str) -> Result<Agent, Vec<String>> {
        let text = format!(r#"{{"name":"A","prompt":"P",{fields}}}"#);
        Agent::from_json(&text).map_err(|problems| {
            let problems = problems.0.iter();
            problems.map(ToString::to_string).collect()
        })
    }

    #[test]
    fn a_call_is_silent_around_the_voice_unless_told_otherwise() {
        let agent = agent(r#""language":"en""#).unwrap();
        assert_eq!(
            (agent.ambient_sound(), agent.tool_call_sound()),
            (None, None)
        );
    }

    #[test]
    fn every_word_is_a_sound() {
        for (word, bed) in [
            ("office", Bed::Office),
            ("coffee-shop", Bed::CoffeeShop),
            ("outdoor", Bed::Outdoor),
        ] {
            let agent = agent(&format!(
                r#""ambient_sound":{{"kind":"{word}","volume":1.5}}"#
            ));
            let expected = AmbientSound { bed, volume: 1.5 };
            assert_eq!(agent.unwrap().ambient_sound(), Some(expected));
        }
        for (word, sound) in [
            ("typing", ToolSound::Typing),
            ("elevator1", ToolSound::Elevator1),
            ("elevator2", ToolSound::Elevator2),
            ("elevator3", ToolSound::Elevator3),
            ("elevator4", ToolSound::Elevator4),
        ] {
            for (behaviour, is_always_heard) in [("auto", false), ("always", true)] {
                let agent = agent(&format!(
                    r#""tool_call_sound":{{"kind":"{word}","behaviour":"{behaviour}"}}"#
                ));
                let expected = ToolCallSound {
                    sound,
                    is_always_heard,
                };
                assert_eq!(agent.unwrap().tool_call_sound(), Some(expected));
            }
        }
    }

    #[test]
    fn silence_costs_nothing() {
        let silent = agent(r#""ambient_sound":{"kind":"office","volume":0}"#).unwrap();
        assert_eq!(silent.ambient_sound(), None);
        let none = agent(r#""ambient_sound":{"kind":"none","volume":2}"#).unwrap();
        assert_eq!(none.ambient_sound(), None);
    }

    #[test]
    fn what_is_no_sound_is_named() {
        let found = agent(
            r#""ambient_sound":{"kind":"offce","volume":3},
               "tool_call_sound":{"kind":"typing","behavior":"auto"}"#,
        );
        let found = found.unwrap_err();
        assert!(
            found[0]
                .starts_with("ambient_sound.kind: \"offce\" is unknown; did you mean \"office\"?")
        );
        assert_eq!(found[1], "ambient_sound.volume: 3 is out of range 0–2");
        assert_eq!(
            found[2],
            "tool_call_sound.behavior: unknown field; did you mean \"behaviour\"?"
        );
    }
}
