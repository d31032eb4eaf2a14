//! The stages of calls by the models that agents name: the embedded ones, which are loaded once, and
//! the hosted ones, which are made when an agent first names them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use offhook_agent::{ModelChoices, ModelId, ServedModels, StageModels};
use offhook_call::{ProviderSource, Providers};
use offhook_contract::{ChatModel, SpeechToText, TextToSpeech, TurnDetector};

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

/// What was made, by its model. The lock is held for a look, before a call begins.
type Made<Stage> = Mutex<HashMap<ModelId, Arc<Stage>>>;

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
        let chat = serving(&served.chat, models.chat.as_ref())?;
        let recognition = serving(&served.recognition, models.recognition.as_ref())?;
        let voice = serving(&served.voice, models.voice.as_ref())?;
        let loaded = Some(&local.recognition);
        Ok(Providers {
            detector: local.detector.clone(),
            recognition: stage(
                &self.inside.recognition,
                &recognition,
                loaded,
                vendors::recognition,
            )?,
            chat: stage(&self.inside.chat, &chat, local.chat.as_ref(), vendors::chat)?,
            voice: stage(
                &self.inside.voice,
                &voice,
                local.voice.as_ref(),
                vendors::voice,
            )?,
        })
    }
}

/// The model that serves where `named` is named.
fn serving(stage: &StageModels, named: Option<&ModelId>) -> Result<ModelId, String> {
    let models = stage.resolve(named)?.into_iter().next();
    models.ok_or_else(|| "there is no model for this".to_owned())
}

fn stage<Stage: ?Sized>(
    made: &Made<Stage>,
    model: &ModelId,
    loaded: Option<&Arc<Stage>>,
    make: fn(&ModelId) -> Result<Arc<Stage>, String>,
) -> Result<Arc<Stage>, String> {
    if matches!(model, ModelId::Local(_)) {
        return loaded
            .cloned()
            .ok_or_else(|| format!("{model} is not loaded"));
    }
    let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
    found_or_made(&mut made, model, make)
}

fn found_or_made<Key: Hash + Eq + Clone, Value: Clone>(
    made: &mut HashMap<Key, Value>,
    key: &Key,
    make: fn(&Key) -> Result<Value, String>,
) -> Result<Value, String> {
    if let Some(value) = made.get(key) {
        return Ok(value.clone());
    }
    let value = make(key)?;
    made.insert(key.clone(), value.clone());
    Ok(value)
}
