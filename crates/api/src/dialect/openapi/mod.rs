//! The dialects as OpenAPI 3.1 documents, from their tables of fields and lists of operations. They
//! are committed beside our own API's, and served.

mod schema;

use serde_json::{Map, Value, json};

pub(crate) use schema::{nullable, object, of_table, text, with};

/// A dialect's document.
pub(crate) struct Description {
    /// The platform.
    pub(crate) title: &'static str,
    /// Where it is mounted.
    pub(crate) server: &'static str,
    /// How keys are sent: a scheme by the rules of OpenAPI.
    pub(crate) security: fn() -> Value,
    /// In groups.
    pub(crate) operations: &'static [&'static [Operation]],
    /// The schemas that operations name, with what refusals look like as `Refusal`.
    pub(crate) schemas: fn() -> Vec<(&'static str, Value)>,
    /// Headers of every request beside the key.
    pub(crate) headers: &'static [&'static str],
}

/// One thing that can be asked for.
pub(crate) struct Operation {
    /// Method and path, such as `GET /agents/{id}`.
    pub(crate) line: &'static str,
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) query: &'static [Query],
    pub(crate) body: Body,
    pub(crate) answer: Answer,
}

/// A field of an address's query.
pub(crate) struct Query {
    pub(crate) name: &'static str,
    pub(crate) schema: fn() -> Value,
}

/// What is sent.
pub(crate) enum Body {
    None,
    /// JSON of a schema.
    Json(&'static str),
    /// JSON of a schema, or nothing.
    MaybeJson(&'static str),
    /// A form with a file.
    Form(&'static str),
}

/// What is answered with 200.
pub(crate) enum Answer {
    /// JSON of a schema.
    Json(&'static str),
    /// Whatever the media types say.
    Bytes(&'static [&'static str]),
    /// JSON of a schema, or a stream of events.
    JsonOrEvents(&'static str),
    /// Nothing is ever done: it is always refused.
    Refused,
}

/// An operation without a query and a body.
pub(crate) const fn get(
    line: &'static str,
    id: &'static str,
    summary: &'static str,
    answer: &'static str,
) -> Operation {
    Operation {
        line,
        id,
        summary,
        query: &[],
        body: Body::None,
        answer: Answer::Json(answer),
    }
}

/// An operation with a body.
pub(crate) const fn send(
    line: &'static str,
    id: &'static str,
    summary: &'static str,
    body: &'static str,
    answer: &'static str,
) -> Operation {
    Operation {
        body: Body::Json(body),
        ..get(line, id, summary, answer)
    }
}

impl Operation {
    pub(crate) const fn asked_by(mut self, query: &'static [Query]) -> Self {
        self.query = query;
        self
    }

    pub(crate) const fn answered(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    pub(crate) const fn sent(mut self, body: Body) -> Self {
        self.body = body;
        self
    }
}

impl Description {
    /// The whole document.
    pub(crate) fn document(&self) -> Value {
        let mut paths: Map<String, Value> = Map::new();
        for operation in self.operations.iter().copied().flatten() {
            let (method, path) = operation.line.split_once(' ').unwrap_or(("GET", ""));
            let of_path = paths.entry(path).or_insert_with(|| json!({}));
            of_path[method.to_ascii_lowercase()] = self.operation(operation, path);
        }
        let schemas = (self.schemas)().into_iter();
        let schemas: Map<String, Value> = schemas
            .map(|(name, schema)| (name.to_owned(), schema))
            .collect();
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": format!("Offhook, as {} has it", self.title),
                "version": "1",
                "description": "What of this platform's API this server answers.",
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            },
            "servers": [{ "url": self.server }],
            "security": [{ "key": [] }],
            "paths": paths,
            "components": {
                "securitySchemes": { "key": (self.security)() },
                "schemas": schemas,
            },
        })
    }

    fn operation(&self, operation: &Operation, path: &str) -> Value {
        let mut parameters: Vec<Value> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| parameter(name, "path", true, &json!({ "type": "string" })))
            .collect();
        let query = operation.query.iter();
        parameters.extend(query.map(|it| parameter(it.name, "query", false, &(it.schema)())));
        let headers = self.headers.iter();
        parameters.extend(headers.map(|it| parameter(it, "header", false, &text())));
        let mut shown = json!({
            "operationId": operation.id,
            "summary": operation.summary,
            "responses": responses(&operation.answer),
        });
        if !parameters.is_empty() {
            shown["parameters"] = parameters.into();
        }
        let (kind, schema, is_required) = match operation.body {
            Body::None => return shown,
            Body::Json(schema) => ("application/json", schema, true),
            Body::MaybeJson(schema) => ("application/json", schema, false),
            Body::Form(schema) => ("multipart/form-data", schema, true),
        };
        let content = json!({ kind: { "schema": reference(schema) } });
        shown["requestBody"] = json!({ "required": is_required, "content": content });
        shown
    }
}

fn parameter(name: &str, place: &str, is_required: bool, schema: &Value) -> Value {
    json!({ "name": name, "in": place, "required": is_required, "schema": schema })
}

fn responses(answer: &Answer) -> Value {
    let refused = json!({
        "description": "It is refused, with the reason",
        "content": { "application/json": { "schema": reference("Refusal") } },
    });
    let mut responses = json!({ "4XX": refused, "5XX": refused });
    let mut content = Map::new();
    match answer {
        Answer::Refused => return responses,
        Answer::Json(schema) => {
            content.insert(
                "application/json".into(),
                json!({ "schema": reference(schema) }),
            );
        }
        Answer::JsonOrEvents(schema) => {
            content.insert(
                "application/json".into(),
                json!({ "schema": reference(schema) }),
            );
            content.insert("text/event-stream".into(), json!({}));
        }
        Answer::Bytes(kinds) => {
            for kind in *kinds {
                content.insert((*kind).to_owned(), json!({}));
            }
        }
    }
    responses["200"] = json!({ "description": "It is done", "content": content });
    responses
}

pub(crate) fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{agentphone, elevenlabs, trillet, wordcab};
    use super::*;

    fn descriptions() -> [(&'static str, &'static Description); 4] {
        [
            ("agentphone", &agentphone::openapi::DESCRIPTION),
            ("elevenlabs", &elevenlabs::openapi::DESCRIPTION),
            ("trillet", &trillet::openapi::DESCRIPTION),
            ("wordcab", &wordcab::openapi::DESCRIPTION),
        ]
    }

    #[test]
    fn the_committed_openapi_documents_of_dialects_are_up_to_date() {
        for (name, description) in descriptions() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("openapi/{name}.json"));
            let mut text = serde_json::to_string_pretty(&description.document()).unwrap();
            text.push('\n');
            if std::env::var_os("OFFHOOK_WRITE_OPENAPI").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                committed == text,
                "openapi/{name}.json is stale; run: OFFHOOK_WRITE_OPENAPI=1 cargo test -p \
                 offhook-api openapi"
            );
        }
    }

    #[test]
    fn every_reference_of_a_dialect_leads_somewhere() {
        for (name, description) in descriptions() {
            let document = description.document();
            let text = document.to_string();
            let targets = text.split("\"$ref\":\"").skip(1);
            for target in targets.filter_map(|rest| rest.split('"').next()) {
                let pointer = target.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{name}: {target}");
            }
        }
    }
}
