//! The native API as an OpenAPI 3.1 document: for programs what `NATIVE_API.md` is for people. The
//! document is committed as `openapi/native.json`; a test holds it against this.

mod calls;
mod orders;
mod promised;
mod transfers;

use offhook_agent::agent_schema;
use serde_json::{Map, Value, json};

use super::listing::{LIMIT_DEFAULT, LIMIT_MAX};

/// The whole document.
pub(crate) fn document() -> Value {
    let (agent, mut schemas) = agent_schemas();
    schemas.insert("AgentDocument".into(), agent);
    schemas.extend(own_schemas());
    schemas.extend(calls::schemas());
    schemas.extend(promised::schemas());
    schemas.extend(transfers::schemas());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Offhook",
            "version": "1",
            "description": "Agents that answer calls, and the calls. Every write gives an agent its \
                            next revision.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/offhook/v1" }],
        "security": [{ "key": [] }],
        "paths": {
            "/agents": {
                "get": list(),
                "post": create(),
            },
            "/agents/{id}": {
                "parameters": [{ "$ref": "#/components/parameters/id" }],
                "get": operation("readAgent", "Read an agent", &[("200", agent_answer())]),
                "put": replace(),
                "patch": patch(),
                "delete": delete(),
            },
            "/agents/{id}/revisions": {
                "parameters": [{ "$ref": "#/components/parameters/id" }],
                "get": operation(
                    "listRevisions",
                    "List the latest 200 revisions of an agent",
                    &[("200", answer("The revisions, newest first", "Revisions"))],
                ),
            },
            "/agents/{id}/revisions/{revision}": {
                "parameters": [
                    { "$ref": "#/components/parameters/id" },
                    {
                        "name": "revision",
                        "in": "path",
                        "required": true,
                        "schema": { "type": "integer", "minimum": 1 },
                    },
                ],
                "get": operation(
                    "readRevision",
                    "Read an agent as it was at a revision",
                    &[("200", agent_answer())],
                ),
            },
        },
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
            "parameters": parameters(),
            "schemas": schemas,
        },
    });
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.extend(calls::paths());
        paths.extend(promised::paths());
        paths.extend(transfers::paths());
    }
    document
}

fn list() -> Value {
    let mut list = operation(
        "listAgents",
        "List agents, newest first",
        &[("200", answer("A page of agents", "AgentPage"))],
    );
    let limit = json!({
        "type": "integer",
        "minimum": 1,
        "maximum": LIMIT_MAX,
        "default": LIMIT_DEFAULT,
    });
    list["parameters"] = json!([
        {
            "name": "search",
            "in": "query",
            "description": "A part of the name, letter case aside",
            "schema": { "type": "string" },
        },
        { "name": "limit", "in": "query", "schema": limit },
        {
            "name": "cursor",
            "in": "query",
            "description": "`next_cursor` of the page before",
            "schema": { "type": "string" },
        },
    ]);
    list
}

fn create() -> Value {
    let made = [("201", agent_answer())];
    let mut create = operation("createAgent", "Make an agent", &made);
    create["parameters"] = json!([parameter("idempotencyKey")]);
    create["requestBody"] = body("application/json", &reference("AgentDocument"));
    create
}

fn replace() -> Value {
    let done = [("200", agent_answer())];
    let mut replace = operation("replaceAgent", "Put another document in its place", &done);
    replace["parameters"] = json!([parameter("ifMatch"), parameter("idempotencyKey")]);
    replace["requestBody"] = body("application/json", &reference("AgentDocument"));
    replace
}

fn patch() -> Value {
    let summary = "Lay a JSON merge patch (RFC 7396) over the document";
    let mut patch = operation("patchAgent", summary, &[("200", agent_answer())]);
    patch["parameters"] = json!([parameter("ifMatch"), parameter("idempotencyKey")]);
    let any_object = json!({ "type": "object" });
    patch["requestBody"] = body("application/merge-patch+json", &any_object);
    patch["requestBody"]["content"]["application/json"] = json!({ "schema": any_object });
    patch
}

fn delete() -> Value {
    let done = [("204", json!({ "description": "It is deleted" }))];
    let mut delete = operation("deleteAgent", "Delete an agent", &done);
    delete["parameters"] = json!([parameter("ifMatch"), parameter("idempotencyKey")]);
    delete
}

fn operation(id: &str, summary: &str, answers: &[(&str, Value)]) -> Value {
    let mut responses: Map<String, Value> = answers
        .iter()
        .map(|(status, answer)| ((*status).to_owned(), answer.clone()))
        .collect();
    let refused = answer(
        "It is refused: `error.code` says why, `error.problems` where",
        "Refusal",
    );
    responses.insert("4XX".into(), refused);
    responses.insert(
        "503".into(),
        answer("The database cannot be reached now", "Refusal"),
    );
    json!({ "operationId": id, "summary": summary, "responses": responses })
}

fn answer(description: &str, schema: &str) -> Value {
    let content = json!({ "application/json": { "schema": reference(schema) } });
    json!({ "description": description, "content": content })
}

fn agent_answer() -> Value {
    let mut answer = answer("The agent", "Agent");
    answer["headers"] = json!({
        "ETag": { "description": "Its revision in quotes", "schema": { "type": "string" } },
    });
    answer
}

fn body(kind: &str, schema: &Value) -> Value {
    json!({ "required": true, "content": { kind: { "schema": schema } } })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

fn parameters() -> Value {
    json!({
        "id": {
            "name": "id",
            "in": "path",
            "required": true,
            "schema": { "type": "string" },
        },
        "ifMatch": {
            "name": "If-Match",
            "in": "header",
            "description": "The revision that was read, in quotes, or *",
            "schema": { "type": "string" },
        },
        "idempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "A request that is sent again with it within a day is done once",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        },
    })
}

fn own_schemas() -> Map<String, Value> {
    let text = json!({ "type": "string" });
    let time = json!({ "type": "integer", "description": "Milliseconds since 1970" });
    let revision = json!({ "type": "integer", "minimum": 1 });
    let list = |of: Value| json!({ "type": "array", "items": of });
    let agent = object(&[
        ("id", text.clone()),
        ("revision", revision.clone()),
        ("created_at_ms", time.clone()),
        ("updated_at_ms", time.clone()),
        ("dialects", list(text.clone())),
        ("agent", reference("AgentDocument")),
    ]);
    let page = object(&[
        ("agents", list(reference("Agent"))),
        ("total", json!({ "type": "integer", "minimum": 0 })),
        ("next_cursor", json!({ "type": ["string", "null"] })),
    ]);
    let written = object(&[("revision", revision), ("written_at_ms", time)]);
    let problem = object(&[("path", text.clone()), ("message", text.clone())]);
    let error = object(&[
        ("code", text.clone()),
        ("message", text.clone()),
        ("problems", list(problem)),
    ]);
    let schemas = [
        ("Agent", agent),
        ("AgentPage", page),
        ("Revisions", object(&[("revisions", list(written))])),
        ("Refusal", object(&[("error", error), ("request_id", text)])),
    ];
    schemas
        .map(|(name, schema)| (name.to_owned(), schema))
        .into_iter()
        .collect()
}

/// An object that has all of these fields.
fn object(fields: &[(&str, Value)]) -> Value {
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let fields: Map<_, _> = fields
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "properties": fields, "required": names })
}

/// The schema of an agent's document, and those that it refers to, where OpenAPI has them.
fn agent_schemas() -> (Value, Map<String, Value>) {
    let mut schema = agent_schema();
    point_to_components(&mut schema);
    let Some(fields) = schema.as_object_mut() else {
        return (schema, Map::new());
    };
    fields.remove("$schema");
    let definitions = fields.remove("$defs");
    let definitions = definitions.and_then(|it| it.as_object().cloned());
    (schema, definitions.unwrap_or_default())
}

fn point_to_components(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(target) if name == "$ref" => {
                        *target = target.replace("#/$defs/", "#/components/schemas/");
                    }
                    value => point_to_components(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(point_to_components),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_committed_document_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/native.json");
        let mut text = serde_json::to_string_pretty(&document()).unwrap();
        text.push('\n');
        if std::env::var_os("OFFHOOK_WRITE_OPENAPI").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "openapi/native.json is stale; run: OFFHOOK_WRITE_OPENAPI=1 cargo test -p offhook-api \
             openapi"
        );
    }

    #[test]
    fn everything_that_can_be_asked_stands_on_the_page_for_people() {
        let page = include_str!("../../../../docs/api.md");
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        for (path, item) in paths {
            for method in ["get", "post", "put", "patch", "delete"] {
                if item.get(method).is_some() {
                    let line = format!("| `{} {path}` |", method.to_uppercase());
                    assert!(page.contains(&line), "docs/api.md lacks {line}");
                }
            }
        }
        for kind in document["components"]["schemas"]["Event"]["properties"]["type"]["enum"]
            .as_array()
            .unwrap()
        {
            let line = format!("| `{}` |", kind.as_str().unwrap());
            assert!(page.contains(&line), "docs/api.md lacks {line}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let text = document.to_string();
        let targets: Vec<&str> = text
            .split("\"$ref\":\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(targets.len() > 20);
        for target in targets {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{target}");
        }
    }
}
