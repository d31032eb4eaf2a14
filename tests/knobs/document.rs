//! Fields of documents by dotted path: those of the published schema, those of the logged policy.

use std::collections::BTreeSet;
use std::path::Path;

use offhook_agent::Agent;
use offhook_call::fact_log::{LOG_QUEUE, LogHeader, LogWriter};
use offhook_turn_taking::TurnPolicy;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

/// Sets a field, and makes the sections on the way to it.
pub(crate) fn put(document: &mut Value, field: &str, value: Value) {
    let mut place = document;
    for part in field.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[part];
    }
    *place = value;
}

/// The published schema of agents.
pub(crate) fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/agent.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every field of an agent that is no section of further fields.
pub(crate) fn agent_fields() -> BTreeSet<String> {
    let schema = schema();
    let mut fields = BTreeSet::new();
    collect(&schema, &schema, "", &mut fields);
    fields
}

fn collect(schema: &Value, part: &Value, path: &str, fields: &mut BTreeSet<String>) {
    let part = resolved(schema, part);
    match part.get("properties").and_then(Value::as_object) {
        Some(properties) => {
            for (name, part) in properties {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                collect(schema, part, &path, fields);
            }
        }
        None => {
            fields.insert(path.to_owned());
        }
    }
}

/// What a reference stands for, also where the field may be null.
fn resolved<'a>(schema: &'a Value, part: &'a Value) -> &'a Value {
    let choices = part["anyOf"].as_array();
    let first = choices.and_then(|choices| choices.first()).unwrap_or(part);
    match first["$ref"].as_str() {
        Some(reference) => schema.pointer(&reference[1..]).unwrap(),
        None => part,
    }
}

/// Every key of the policy as a log has it.
pub(crate) fn policy_fields() -> BTreeSet<String> {
    let logged = logged_policy(agent_with_all_sections().turn_policy());
    let mut fields = BTreeSet::new();
    flatten(&logged, "", &mut |path, _| {
        fields.insert(path.to_owned());
    });
    fields
}

/// An agent in whose policy no section is left out. None that has to have a field is about it.
fn agent_with_all_sections() -> Agent {
    let schema = schema();
    let mut document = json!({ "name": "Ava", "prompt": "Be brief." });
    for (name, part) in schema["properties"].as_object().unwrap() {
        let section = resolved(&schema, part);
        if section.get("properties").is_some() && section.get("required").is_none() {
            put(&mut document, name, json!({}));
        }
    }
    Agent::from_json(&document.to_string()).unwrap()
}

/// The policy as the header of a log has it.
pub(crate) fn logged_policy(policy: &TurnPolicy) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let header = LogHeader {
        call_id: "call-1".into(),
        agent: "Ava".into(),
        policy: policy.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        let (_, entries) = mpsc::channel(LOG_QUEUE);
        let writer = LogWriter::start(&file, &header, entries).await.unwrap();
        writer.finish().await.unwrap();
    });
    let text = std::fs::read_to_string(file).unwrap();
    let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    header["policy"].clone()
}

/// The keys whose values are not the same in both.
pub(crate) fn differing(one: &Value, other: &Value) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (left, right) in [(one, other), (other, one)] {
        flatten(left, "", &mut |path, value| {
            let pointer = format!("/{}", path.replace('.', "/"));
            if right.pointer(&pointer) != Some(value) {
                keys.insert(path.to_owned());
            }
        });
    }
    keys
}

fn flatten(value: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    match value.as_object() {
        Some(members) => {
            for (name, value) in members {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(value, &path, visit);
            }
        }
        None => visit(path, value),
    }
}
