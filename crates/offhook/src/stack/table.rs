//! The stages of calls by the models that agents name: the embedded ones, which are loaded once, and
//! the hosted ones, which are made when an agent first names them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use offhook_agent::{ModelChoices, ModelId, ServedModels};
use offhook_call::{ModelKeys, ProviderSource, Providers};
use offhook_contract::{ChatModel, SpeechToText, TextToSpeech, TurnDetector};
use offhook_providers::hosted::ApiKey;
use offhook_providers::phrases::{PhraseShelf, PhraseVoice};
use offhook_providers::standby::{
    StandbyChat, StandbyLimits, StandbyRecognition, StandbyVoice, VoiceMember,
};

use super::{OwnServers, own, vendors};

/// Room for the sound of phrases: some ten minutes of speech.
const PHRASE_BYTES_MAX: usize = 32 << 20;

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
    own: OwnServers,
    chat: Made<dyn ChatModel>,
    recognition: Made<dyn SpeechToText>,
    voice: Made<dyn TextToSpeech>,
    /// What agents say again and again, of all voices.
    phrases: PhraseShelf,
}

/// What was made, by the models that it is made of. The lock is held for a look, before a call
/// begins.
type Made<Stage> = Mutex<HashMap<Parts, Arc<Stage>>>;

/// The models of a stage, and how long the first may take where an agent says so.
type Parts = (Vec<ModelId>, Option<Duration>);

impl ModelTable {
    pub(super) fn new(served: ServedModels, local: LocalStages, own: OwnServers) -> Self {
        let inside = Inside {
            served,
            local,
            own,
            chat: Mutex::default(),
            recognition: Mutex::default(),
            voice: Mutex::default(),
            phrases: PhraseShelf::new(PHRASE_BYTES_MAX),
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
    fn providers(&self, models: &ModelChoices, keys: &ModelKeys) -> Result<Providers, String> {
        let Inside { served, local, .. } = &*self.inside;
        let wanted = Wanted { models, keys };
        let recognition = served.recognition.keyed(&models.keys);
        let recognition = recognition.resolve(models.recognition.as_ref())?;
        let voice = served.voice.keyed(&models.keys);
        let voice = voice.resolve(models.voice.as_ref())?;
        let made = &self.inside;
        Ok(Providers {
            detector: local.detector.clone(),
            recognition: wanted.made(&made.recognition, (recognition, None), |id, key| {
                one(id, Some(&local.recognition), |id| {
                    vendors::recognition(id, key)
                })
            })?,
            chat: self.chat(wanted)?,
            voice: wanted.made(&made.voice, (voice, None), |id, key| {
                let voice = one(id, local.voice.as_ref(), |id| vendors::voice(id, key))?;
                Ok(Arc::new(PhraseVoice::new(
                    voice,
                    &wanted.name_of(id),
                    made.phrases.clone(),
                )))
            })?,
        })
    }
}

/// What an agent asks for, with what it brings.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    models: &'a ModelChoices,
    keys: &'a ModelKeys,
}

impl Wanted<'_> {
    /// What tells the model of an agent that brings its own key from those of others.
    fn name_of(&self, model: &ModelId) -> String {
        let key = model.vendor().and_then(|it| self.models.keys.get(it));
        key.map_or_else(|| model.to_string(), |key| format!("{model} by {key}"))
    }

    fn key_to(&self, model: &ModelId) -> Result<Option<ApiKey>, String> {
        own::key_to(model, self.models, self.keys)
    }

    /// The stage of these models. Where the agent brings a key to none of them it is the same
    /// whenever it is asked for: what one call finds out about a model all others know.
    fn made<Stage: ?Sized + Joined>(
        &self,
        made: &Made<Stage>,
        parts: Parts,
        one: impl Fn(&ModelId, Option<ApiKey>) -> Result<Arc<Stage>, String>,
    ) -> Result<Arc<Stage>, String> {
        let (models, patience) = &parts;
        let is_own = |model: &ModelId| {
            let vendor = model.vendor();
            vendor.is_some_and(|vendor| self.models.keys.contains_key(vendor))
        };
        let new = || {
            let stages = models.iter().map(|model| one(model, self.key_to(model)?));
            let stages = stages.collect::<Result<_, _>>()?;
            let is_hosted = models.iter().any(|it| it.vendor().is_some());
            joined(stages, limits(*patience), is_hosted)
        };
        if models.iter().any(is_own) {
            return new();
        }
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stage) = made.get(&parts) {
            return Ok(stage.clone());
        }
        let stage = new()?;
        made.insert(parts, stage.clone());
        Ok(stage)
    }
}

impl ModelTable {
    fn chat(&self, wanted: Wanted<'_>) -> Result<Arc<dyn ChatModel>, String> {
        let Inside {
            served, own, local, ..
        } = &*self.inside;
        let models = wanted.models;
        let served = served.chat.keyed(&models.keys);
        let standby = models.chat_standby.as_deref();
        let one = |id: &ModelId, key| one(id, local.chat.as_ref(), |id| vendors::chat(id, key));
        let resolved = match (&models.chat_server, standby) {
            (None, Some(standby)) => served.resolve_beside(models.chat.as_ref(), standby)?,
            (None, None) => served.resolve(models.chat.as_ref())?,
            (Some(_), Some([])) => Vec::new(),
            (Some(_), Some([first, rest @ ..])) => served.resolve_beside(Some(first), rest)?,
            (Some(_), None) => served.with_standby(Vec::new()),
        };
        let patience = models.chat_patience;
        let Some(server) = &models.chat_server else {
            return wanted.made(&self.inside.chat, (resolved, patience), one);
        };
        let mut chats = vec![own.chat(server, wanted.keys)?];
        for id in &resolved {
            chats.push(one(id, wanted.key_to(id)?)?);
        }
        joined(chats, limits(patience), true)
    }
}

/// How long models may take where others stand by, and the agent may say how long the first may.
fn limits(patience: Option<Duration>) -> StandbyLimits {
    let usual = StandbyLimits::default();
    let Some(patience) = patience else {
        return usual;
    };
    StandbyLimits {
        first_text: patience,
        first_text_of_any: patience + usual.first_text_of_any,
        hedge_after_max: usual.hedge_after_max.map(|it| it.min(patience)),
        ..usual
    }
}

/// The stage of one model.
fn one<Stage: ?Sized>(
    model: &ModelId,
    loaded: Option<&Arc<Stage>>,
    make: impl FnOnce(&ModelId) -> Result<Arc<Stage>, String>,
) -> Result<Arc<Stage>, String> {
    match model {
        ModelId::Local(_) => {
            let loaded = loaded.cloned();
            loaded.ok_or_else(|| format!("{model} is not loaded"))
        }
        _ => make(model),
    }
}

fn joined<Stage: ?Sized + Joined>(
    mut stages: Vec<Arc<Stage>>,
    limits: StandbyLimits,
    is_hosted: bool,
) -> Result<Arc<Stage>, String> {
    match stages.len() {
        0 => Err("there is no model for this".to_owned()),
        1 if is_hosted => Ok(Stage::again(stages.remove(0))),
        1 => Ok(stages.remove(0)),
        _ => Ok(Stage::joined(stages, limits)),
    }
}

/// How long a vendor's model may take that nobody stands by for. One that thinks long is waited for
/// until the agent's patience ends; it is asked a second time where it is plainly slower than usual.
const ALONE: StandbyLimits = StandbyLimits {
    first_text: Duration::from_secs(120),
    first_text_of_any: Duration::from_secs(120),
    hedge_after_max: Some(Duration::from_secs(4)),
    ..StandbyLimits::USUAL
};

/// Several of a stage as one.
trait Joined {
    fn joined(stages: Vec<Arc<Self>>, limits: StandbyLimits) -> Arc<Self>;

    /// A vendor's model for which no other stands by: it stands by for itself, so that a request
    /// which hangs or fails is made once more.
    fn again(stage: Arc<Self>) -> Arc<Self> {
        Self::joined(vec![stage.clone(), stage], ALONE)
    }
}

impl Joined for dyn ChatModel {
    fn joined(stages: Vec<Arc<Self>>, limits: StandbyLimits) -> Arc<Self> {
        Arc::new(StandbyChat::new(stages, limits))
    }
}

impl Joined for dyn SpeechToText {
    fn joined(stages: Vec<Arc<Self>>, limits: StandbyLimits) -> Arc<Self> {
        Arc::new(StandbyRecognition::new(stages, limits))
    }

    /// A recogniser connects again by itself.
    fn again(stage: Arc<Self>) -> Arc<Self> {
        stage
    }
}

impl Joined for dyn TextToSpeech {
    fn joined(stages: Vec<Arc<Self>>, limits: StandbyLimits) -> Arc<Self> {
        let members = stages.into_iter().map(|voice| VoiceMember {
            voice,
            stand_in: None,
        });
        let members = members.collect();
        Arc::new(StandbyVoice::new(members, limits))
    }
}
