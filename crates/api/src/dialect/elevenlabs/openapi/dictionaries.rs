//! The routes of pronunciation dictionaries.

use serde_json::{Value, json};

use super::queries::{CURSOR, SIZE};
use crate::dialect::elevenlabs::pronunciations;
use crate::dialect::openapi::{Answer, Body, Operation, Query, get, nullable, object, of_table};
use crate::dialect::openapi::{reference, send, text, with};

const LIST: &[Query] = &[
    SIZE,
    CURSOR,
    Query {
        name: "sort",
        schema: || json!({ "const": "creation_time_unix" }),
    },
    Query {
        name: "sort_direction",
        schema: || json!({ "enum": ["DESCENDING", "descending"] }),
    },
    Query {
        name: "include_archived",
        schema: || json!({ "type": "boolean", "default": false }),
    },
];

pub(super) const OPERATIONS: &[Operation] = &[
    get(
        "GET /pronunciation-dictionaries",
        "listDictionaries",
        "List pronunciation dictionaries",
        "DictionaryList",
    )
    .asked_by(LIST),
    send(
        "POST /pronunciation-dictionaries/add-from-rules",
        "createDictionary",
        "Add a pronunciation dictionary",
        "NewDictionary",
        "CreatedDictionary",
    ),
    get(
        "POST /pronunciation-dictionaries/add-from-file",
        "uploadDictionary",
        "Add a pronunciation dictionary from a lexicon file",
        "CreatedDictionary",
    )
    .sent(Body::Form("DictionaryFile")),
    get(
        "GET /pronunciation-dictionaries/{id}",
        "readDictionary",
        "Get a pronunciation dictionary",
        "DictionaryWithRules",
    ),
    send(
        "PATCH /pronunciation-dictionaries/{id}",
        "patchDictionary",
        "Rename or archive a pronunciation dictionary",
        "DictionaryChange",
        "Dictionary",
    ),
    send(
        "POST /pronunciation-dictionaries/{id}/set-rules",
        "setRules",
        "Set the rules of a pronunciation dictionary",
        "Rules",
        "NewVersion",
    ),
    send(
        "POST /pronunciation-dictionaries/{id}/add-rules",
        "addRules",
        "Add rules to a pronunciation dictionary",
        "Rules",
        "NewVersion",
    ),
    send(
        "POST /pronunciation-dictionaries/{id}/remove-rules",
        "removeRules",
        "Remove rules from a pronunciation dictionary",
        "RuleStrings",
        "NewVersion",
    ),
    get(
        "GET /pronunciation-dictionaries/{id}/{version}/download",
        "downloadDictionary",
        "Get a version of a pronunciation dictionary as a lexicon file",
        "Done",
    )
    .answered(Answer::Bytes(&["application/pls+xml"])),
];

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let whole = || json!({ "type": "integer" });
    let of = |needed: &[&str]| {
        let mut schema = of_table(pronunciations::FIELDS, false);
        schema["required"] = json!(needed);
        schema
    };
    let described = &[
        ("id", text()),
        ("latest_version_id", text()),
        ("latest_version_rules_num", whole()),
        ("name", text()),
        ("permission_on_resource", text()),
        ("created_by", text()),
        ("creation_time_unix", whole()),
        ("archived_time_unix", nullable(whole())),
        ("description", nullable(text())),
    ];
    let rules = json!({ "type": "array", "items": { "type": "object" } });
    let file = json!({
        "type": "object",
        "properties": {
            "file": { "type": "string", "format": "binary" },
            "name": { "type": "string", "minLength": 1, "maxLength": 1_000 },
            "description": { "type": "string" },
        },
        "required": ["name", "file"],
    });
    let list = object(&[
        (
            "pronunciation_dictionaries",
            json!({ "type": "array", "items": reference("Dictionary") }),
        ),
        ("has_more", json!({ "type": "boolean" })),
        ("next_cursor", nullable(text())),
    ]);
    let created = object(&[
        ("id", text()),
        ("name", text()),
        ("created_by", text()),
        ("creation_time_unix", whole()),
        ("version_id", text()),
        ("version_rules_num", whole()),
        ("description", nullable(text())),
    ]);
    let version = object(&[
        ("id", text()),
        ("version_id", text()),
        ("version_rules_num", whole()),
    ]);
    vec![
        ("NewDictionary", of(&["name", "rules"])),
        ("DictionaryChange", of(&[])),
        ("Rules", of(&["rules"])),
        ("DictionaryFile", file),
        (
            "RuleStrings",
            of_table(pronunciations::REMOVAL_FIELDS, false),
        ),
        ("Dictionary", object(described)),
        (
            "DictionaryWithRules",
            with(object(described), &[("rules", rules)]),
        ),
        ("DictionaryList", list),
        ("CreatedDictionary", created),
        ("NewVersion", version),
    ]
}
