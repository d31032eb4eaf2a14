//! Voices of the platforms, and those of the embedded voice model that stand in for them.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use offhook_agent::ModelId;
use offhook_contract::{
    ProviderError, SpeechRequest, SpeechStream, TextToSpeech, VoiceCapabilities,
};
use serde_json::Value;

use super::lens::Way;

/// The embedded voice model's voices.
pub(crate) const EMBEDDED: [&str; 2] = ["heart", "heart-low"];

/// Voices that the platforms' own pages name, with the embedded voice nearest to each.
const STAND_INS: [(&str, &str); 11] = [
    ("mistv2_Wildflower", "heart"),
    ("mistv2_Brook", "heart-low"),
    ("mistv2_Violet", "heart"),
    ("ember", "heart"),
    ("slate", "heart-low"),
    ("marin", "heart"),
    ("onyx", "heart-low"),
    ("brook", "heart"),
    ("ash", "heart-low"),
    ("custom_voice_ea22ba5fdfaa18f39c274851c1", "heart"),
    ("cjVigY5qzO86Huf0OWal", "heart-low"),
];

/// A field that holds a voice.
pub(crate) const VOICE: Way = Way::Same;

/// The embedded voice that speaks under a name; `None` for a name that none is known by.
pub(crate) fn named(voice: &str) -> Option<&'static str> {
    let stand_in = STAND_INS.iter().find(|(name, _)| *name == voice);
    let known = || EMBEDDED.iter().find(|name| **name == voice).copied();
    stand_in.map(|(_, stand_in)| *stand_in).or_else(known)
}

/// A field that holds a model: by its provider, as `local/NAME`, or by the name that the platform has
/// for it, of which the server says what it stands for. What can be no model's name is kept, and the
/// server's own model serves.
pub(crate) const MODEL: Way = Way::Value {
    read: model,
    write: Value::clone,
};

/// The model that a field names; null where it can be none.
pub(crate) fn model(field: &Value) -> Option<Value> {
    let named = field.as_str().filter(|it| it.parse::<ModelId>().is_ok());
    Some(named.map_or(Value::Null, Value::from))
}

/// The embedded voice under the platforms' names: it speaks for their voices, and for any other that
/// it does not have with its first.
pub struct StandIns<Voice>(pub Voice);

#[async_trait]
impl<Voice: TextToSpeech> TextToSpeech for StandIns<Voice> {
    fn capabilities(&self) -> VoiceCapabilities {
        self.0.capabilities()
    }

    fn speed_range(&self) -> RangeInclusive<f32> {
        self.0.speed_range()
    }

    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let voice = request.voice.as_deref().and_then(named);
        let voice = voice.map(str::to_owned);
        self.0.open(SpeechRequest { voice, ..request }).await
    }
}
