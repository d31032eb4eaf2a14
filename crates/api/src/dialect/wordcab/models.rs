//! Wordcab's list of models: those that serve here, and the platform's names for which they stand in.

use axum::Json;
use axum::extract::{Path, State};
use offhook_agent::{ModelId, ServedModels, StageModels};
use serde_json::{Value, json};

use crate::dialect::agents::invalid;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::{Api, Refusal};

/// What a model does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    Chat,
    Recognition,
    Voice,
}

/// The platform's models.
const NAMES: [(&str, Stage); 9] = [
    ("qwen3.5-4b", Stage::Chat),
    ("deepseek-v3.2", Stage::Chat),
    ("llama-3.3-70b", Stage::Chat),
    ("qwen3-asr", Stage::Recognition),
    ("voxtral-realtime", Stage::Recognition),
    ("whisper-large-v3", Stage::Recognition),
    ("cohere-transcribe-2b", Stage::Recognition),
    ("qwen3-tts", Stage::Voice),
    ("kokoro", Stage::Voice),
];

impl Stage {
    fn of(self, served: &ServedModels) -> &StageModels {
        match self {
            Self::Chat => &served.chat,
            Self::Recognition => &served.recognition,
            Self::Voice => &served.voice,
        }
    }
}

/// The model that a request names, as the engine knows it, and the one that serves it.
pub(super) fn named(
    api: &Api,
    place: &str,
    stage: Stage,
    name: Option<&str>,
) -> Result<(Option<ModelId>, String), Refusal> {
    let wrong = |problem: String| {
        let problem = Problem::at(place, ProblemKind::Value, problem);
        invalid(vec![problem])
    };
    let model: Option<ModelId> = match name.map(str::parse) {
        None => None,
        Some(Ok(model)) => Some(model),
        Some(Err(_)) => return Err(wrong("no model has this name".to_owned())),
    };
    let serving = stage.of(&api.settings().served).resolve(model.as_ref());
    let serving = serving.map_err(wrong)?;
    let served_by = serving.first().map(ToString::to_string);
    Ok((model, served_by.unwrap_or_else(|| "local".to_owned())))
}

pub(super) async fn list(State(api): State<Api>) -> Json<Value> {
    Json(json!({
        "object": "list", "data": all(&api), "has_more": false, "next_cursor": null
    }))
}

pub(super) async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let found = all(&api).into_iter().find(|it| it["id"] == json!(id));
    found.map(Json).ok_or_else(|| Refusal::not_found("model"))
}

/// Every name that is served, and by which model.
fn all(api: &Api) -> Vec<Value> {
    let served = &api.settings().served;
    let stages = [&served.chat, &served.recognition, &served.voice];
    let own = stages
        .iter()
        .filter_map(|stage| stage.default.as_ref())
        .map(|model| (model.to_string(), model.clone()));
    let serving = |stage: &StageModels, name: &str| {
        let named = ModelId::Alias(name.to_owned());
        let serving = stage.resolve(Some(&named)).ok()?;
        serving.into_iter().next().filter(|model| *model != named)
    };
    let aliases = stages.iter().flat_map(|stage| {
        stage
            .aliases
            .keys()
            .map(move |name| (*stage, name.as_str()))
    });
    let platform = NAMES.iter().map(|(name, stage)| (stage.of(served), *name));
    let mut all: Vec<Value> = Vec::new();
    let names = platform
        .chain(aliases)
        .filter_map(|(stage, name)| Some((name.to_owned(), serving(stage, name)?)));
    for (id, model) in own.chain(names) {
        if all.iter().all(|it| it["id"] != json!(id)) {
            all.push(json!({
                "id": id, "object": "model", "created": 0, "owned_by": "offhook",
                "served_by": model.to_string(),
            }));
        }
    }
    all
}
