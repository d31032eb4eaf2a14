//! A server of the agent's own that writes its replies, and the models that stand by.

use offhook_agent::ModelId;
use serde_json::{Map, Value, json};

use crate::dialect::lens::Way;
use crate::dialect::path;

const LLM: &str = "conversation_config.agent.prompt.llm";
const CUSTOM: &str = "conversation_config.agent.prompt.custom_llm";
const BACKUP: &str = "conversation_config.agent.prompt.backup_llm_config";

pub(super) const CHAT_SERVER_FIELDS: &[&str] = &[CUSTOM, LLM];
pub(super) const CHAT_STANDBY_FIELDS: &[&str] = &[BACKUP];

/// The name that stands for a server of the agent's own.
const OWN: &str = "custom-llm";

/// How a header names a secret, and a variable.
const BY_SECRET: &str = "secret_id";
const BY_VARIABLE: &str = "variable_name";

/// Its server writes the replies of an agent whose `llm` says so.
pub(super) const CHAT_SERVER: Way = Way::Document {
    read: |document| {
        let custom = path::at(document, CUSTOM).filter(|it| it.is_object());
        let is_own = path::at(document, LLM).is_some_and(|llm| llm == OWN);
        Some(match custom {
            Some(custom) if is_own => server_of(custom),
            _ => Value::Null,
        })
    },
    write: |server, document| {
        if server.is_null() {
            return;
        }
        path::put(document, LLM, json!(OWN));
        let mut custom = path::at(document, CUSTOM).cloned();
        let custom = custom.take().filter(Value::is_object);
        path::put(document, CUSTOM, custom_of(server, custom));
    },
};

fn server_of(custom: &Value) -> Value {
    let mut server = json!({
        "url": custom["url"].as_str().unwrap_or_default(),
        "model": custom["model_id"].as_str().unwrap_or(OWN),
        "api": match custom["api_type"] == "responses" {
            true => "responses",
            false => "completions",
        },
    });
    if let Some(id) = custom["api_key"]["secret_id"].as_str() {
        server["key"] = json!(id);
    }
    if let Some(version) = custom["api_version"].as_str().filter(|it| !it.is_empty()) {
        server["api_version"] = json!(version);
    }
    let [mut plain, mut secret, mut variable] = [(); 3].map(|()| Map::new());
    for (name, value) in custom["request_headers"].as_object().into_iter().flatten() {
        if value.is_string() {
            plain.insert(name.clone(), value.clone());
        } else if let Some(id) = value[BY_SECRET].as_str() {
            secret.insert(name.clone(), json!(id));
        } else if let Some(named) = value[BY_VARIABLE].as_str() {
            variable.insert(name.clone(), json!(named));
        }
    }
    let kinds = [
        ("headers", plain),
        ("secret_headers", secret),
        ("variable_headers", variable),
    ];
    for (name, headers) in kinds {
        if !headers.is_empty() {
            server[name] = Value::Object(headers);
        }
    }
    server
}

/// What this platform's client wrote, with what the server is now.
fn custom_of(server: &Value, own: Option<Value>) -> Value {
    let mut custom = own.unwrap_or_else(|| json!({}));
    custom["url"] = server["url"].clone();
    custom["model_id"] = server["model"].clone();
    custom["api_type"] = match server["api"] == "responses" {
        true => json!("responses"),
        false => json!("chat_completions"),
    };
    custom["api_key"] = match server["key"].as_str() {
        Some(id) => json!({ "secret_id": id }),
        None => Value::Null,
    };
    let mut headers = server["headers"].as_object().cloned().unwrap_or_default();
    for (kind, field) in [
        ("secret_headers", BY_SECRET),
        ("variable_headers", BY_VARIABLE),
    ] {
        for (name, what) in server[kind].as_object().into_iter().flatten() {
            headers.insert(name.clone(), json!({ field: what }));
        }
    }
    custom["request_headers"] = Value::Object(headers);
    if custom["api_version"] != server["api_version"] {
        custom["api_version"] = server["api_version"].clone();
    }
    custom
}

/// By preference those of the server, none, or those that are named; what can be no model's name is
/// passed over.
pub(super) const CHAT_STANDBY: Way = Way::Document {
    read: |document| {
        let backup = path::at(document, BACKUP)?;
        Some(match backup["preference"].as_str() {
            Some("disabled") => json!([]),
            Some("override") => {
                let order = backup["order"].as_array().into_iter().flatten();
                let names = order.filter_map(Value::as_str);
                json!(
                    names
                        .filter(|it| it.parse::<ModelId>().is_ok())
                        .collect::<Vec<_>>()
                )
            }
            _ => Value::Null,
        })
    },
    write: |standby, document| {
        let backup = match standby.as_array().map(Vec::as_slice) {
            None => json!({ "preference": "default" }),
            Some([]) => json!({ "preference": "disabled" }),
            Some(order) => json!({ "preference": "override", "order": order }),
        };
        path::put(document, BACKUP, backup);
    },
};
