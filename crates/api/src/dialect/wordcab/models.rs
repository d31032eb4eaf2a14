//! Wordcab's list of models: those that serve here, and the platform's names for which they stand in.

use axum::Json;
use axum::extract::{Path, State};
use offhook_agent::{ModelChoices, ModelId};
use serde_json::{Value, json};

use crate::{Api, Refusal};

/// Which of the models that serve it is.
type Serving = fn(&ModelChoices) -> Option<&ModelId>;

/// The platform's models, and which of this server's serves in their place.
const STAND_INS: [(&str, Serving); 9] = [
    ("qwen3.5-4b", |it| it.chat.as_ref()),
    ("deepseek-v3.2", |it| it.chat.as_ref()),
    ("llama-3.3-70b", |it| it.chat.as_ref()),
    ("qwen3-asr", |it| it.recognition.as_ref()),
    ("voxtral-realtime", |it| it.recognition.as_ref()),
    ("whisper-large-v3", |it| it.recognition.as_ref()),
    ("cohere-transcribe-2b", |it| it.recognition.as_ref()),
    ("qwen3-tts", |it| it.voice.as_ref()),
    ("kokoro", |it| it.voice.as_ref()),
];

/// The name of the chat model that serves.
pub(super) fn served_chat(api: &Api) -> String {
    let chat = api.settings().served.chat.as_ref();
    chat.map_or_else(|| "local".to_owned(), ToString::to_string)
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

fn all(api: &Api) -> Vec<Value> {
    let served = &api.settings().served;
    let model = |id: String, served_by: String| {
        json!({
            "id": id, "object": "model", "created": 0, "owned_by": "offhook",
            "served_by": served_by,
        })
    };
    let own = [&served.chat, &served.recognition, &served.voice];
    let own = own.into_iter().flatten().map(ToString::to_string);
    let stand_ins = STAND_INS.iter().filter_map(|(name, by)| {
        let served_by = by(served)?.to_string();
        Some(model((*name).to_owned(), served_by))
    });
    own.map(|id| model(id.clone(), id))
        .chain(stand_ins)
        .collect()
}
