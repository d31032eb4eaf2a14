//! The stages of calls by the models that agents name: the embedded ones, which are loaded once, and
//! the hosted ones, which are made when an agent first names them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use offhook_agent::{ModelChoices, ModelId, ServedModels};
use offhook_call::{ProviderSource, Providers};
use offhook_contract::{ChatModel, SpeechToText, TextToSpeech, TurnDetector};
use offhook_providers::standby::{
    StandbyChat, StandbyLimits, StandbyRecognition, StandbyVoice, VoiceMember,
};

use super::vendors;

/// The stages that run in this process.
pub(super) struct LocalStages {
    pub(super) detector: Arc<dyn TurnDetector>,
    pub(super) recognition: Arc<dyn SpeechToText>,
    /// Where one is loaded.
    pub(super) chat: Option<Arc<dyn ChatModel>>,
    pub(super) voice: Option<Arc<dyn TextToSpeech>>,
}

/// All that this process has. Cloning gives another way to the same.
#[derive(Clone)]
pub(crate) struct ModelTable {
    inside: Arc<Inside>,
}

struct Inside {
    served: ServedModels,
    local: LocalStages,
    chat: Made<dyn ChatModel>,
    recognition: Made<dyn SpeechToText>,
    voice: Made<dyn TextToSpeech>,
}

/// What was made, by the models that it is made of. The lock is held for a look, before a call
/// begins.
type Made<Stage> = Mutex<HashMap<Vec<ModelId>, Arc<Stage>>>;

impl ModelTable {
    pub(super) fn new(served: ServedModels, local: LocalStages) -> Self {
        let inside = Inside {
            served,
            local,
            chat: Mutex::default(),
            recognition: Mutex::default(),
            voice: Mutex::default(),
        };
        Self {
            inside: Arc::new(inside),
        }
    }

    /// The models that there are.
    pub(crate) fn served(&self) -> &ServedModels {
        &self.inside.served
    }

    /// The embedded voice, where one is loaded.
    pub(crate) fn local_voice(&self) -> Option<&Arc<dyn TextToSpeech>> {
        self.inside.local.voice.as_ref()
    }
}

impl ProviderSource for ModelTable {
    fn providers(&self, models: &ModelChoices) -> Result<Providers, String> {
        let Inside { served, local, .. } = &*self.inside;
        let chat = served.chat.resolve(models.chat.as_ref())?;
        let recognition = served.recognition.resolve(models.recognition.as_ref())?;
        let voice = served.voice.resolve(models.voice.as_ref())?;
        Ok(Providers {
            detector: local.detector.clone(),
            recognition: made(&self.inside.recognition, &recognition, |id| {
                one(id, Some(&local.recognition), vendors::recognition)
            })?,
            chat: made(&self.inside.chat, &chat, |id| {
                one(id, local.chat.as_ref(), vendors::chat)
            })?,
            voice: made(&self.inside.voice, &voice, |id| {
                one(id, local.voice.as_ref(), vendors::voice)
            })?,
        })
    }
}

/// The stage of one model.
fn one<Stage: ?Sized>(
    model: &ModelId,
    loaded: Option<&Arc<Stage>>,
    make: fn(&ModelId) -> Result<Arc<Stage>, String>,
) -> Result<Arc<Stage>, String> {
    match model {
        ModelId::Local(_) => {
            let loaded = loaded.cloned();
            loaded.ok_or_else(|| format!("{model} is not loaded"))
        }
        _ => make(model),
    }
}

/// The stage of these models, the same whenever it is asked for: what one call finds out about a
/// model all others know.
fn made<Stage: ?Sized + Joined>(
    made: &Made<Stage>,
    models: &[ModelId],
    one: impl Fn(&ModelId) -> Result<Arc<Stage>, String>,
) -> Result<Arc<Stage>, String> {
    let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(stage) = made.get(models) {
        return Ok(stage.clone());
    }
    let mut stages = Vec::new();
    for model in models {
        stages.push(one(model)?);
    }
    let stage = match stages.len() {
        0 => return Err("there is no model for this".to_owned()),
        1 => stages.remove(0),
        _ => Stage::joined(stages),
    };
    made.insert(models.to_vec(), stage.clone());
    Ok(stage)
}

/// Several of a stage as one.
trait Joined {
    fn joined(stages: Vec<Arc<Self>>) -> Arc<Self>;
}

impl Joined for dyn ChatModel {
    fn joined(stages: Vec<Arc<Self>>) -> Arc<Self> {
        Arc::new(StandbyChat::new(stages, StandbyLimits::default()))
    }
}

impl Joined for dyn SpeechToText {
    fn joined(stages: Vec<Arc<Self>>) -> Arc<Self> {
        Arc::new(StandbyRecognition::new(stages, StandbyLimits::default()))
    }
}

impl Joined for dyn TextToSpeech {
    fn joined(stages: Vec<Arc<Self>>) -> Arc<Self> {
        let members = stages.into_iter().map(|voice| VoiceMember {
            voice,
            stand_in: None,
        });
        let members = members.collect();
        Arc::new(StandbyVoice::new(members, StandbyLimits::default()))
    }
}
