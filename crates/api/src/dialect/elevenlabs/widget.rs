//! What the widget on a web page has to know of an agent before it opens a conversation.

use axum::extract::Path;
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use super::DIALECT;
use super::routes::Answer;
use crate::dialect::{agents, path};
use crate::{Access, Api};

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/agents/{id}/widget", get(show))
}

/// The agent's own settings of its widget, over what the platform shows without them.
async fn show(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let agent = access.workspace.agent(&id).await?;
    let id = agent.id.clone();
    let shown = agents::shown(&DIALECT, agent);
    let at = |field: &str| path::at(&shown, field).cloned().unwrap_or_default();
    let mut config = json!({
        "variant": "full",
        "placement": "bottom-right",
        "expandable": "never",
        "feedback_mode": "none",
        "mic_muting_enabled": false,
        "transcript_enabled": false,
        "text_input_enabled": true,
    });
    if let Value::Object(own) = at("platform_settings.widget") {
        for (name, value) in own {
            config[name] = value;
        }
    }
    let presets = at("conversation_config.language_presets");
    let languages = presets.as_object().into_iter().flatten();
    let languages: Vec<&String> = languages.map(|(language, _)| language).collect();
    config["supported_language_overrides"] = json!(languages);
    config["language"] = at("conversation_config.agent.language");
    config["first_message"] = at("conversation_config.agent.first_message");
    config["text_only"] = at("conversation_config.conversation.text_only");
    config["supports_text_only"] = json!(true);
    config["use_rtc"] = json!(false);
    Ok(Json(json!({ "agent_id": id, "widget_config": config })))
}
