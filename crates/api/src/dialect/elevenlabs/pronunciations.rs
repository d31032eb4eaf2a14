//! ElevenLabs' pronunciation dictionaries, below `/v1/pronunciation-dictionaries`: rules on how words
//! are said, in versions that stay as they are. A call has the version that its agent names, or the
//! newest.

use axum::extract::{DefaultBodyLimit, Multipart, Path, Query};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use offhook_agent::{Agent, DictionaryDocument, PhonemeAlphabetDocument, PronunciationDocument};
use offhook_store::{StoredObject, Workspace, now_ms};
use serde_json::{Value, json};

use super::lexicon;
use super::listing::{asked, filtered, is_asked};
use super::routes::Answer;
use crate::dialect::agents::invalid;
use crate::dialect::field::{Acts, Field, Item, Kind, field, flag, name, text, word};
use crate::dialect::objects::ObjectKind;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::Fields;
use crate::json_body::JsonBody;
use crate::{Access, Api, Refusal};

/// Most rules of a dictionary.
const RULES_MAX: usize = 1_000;
/// Longest words of a rule, in characters.
const CHARS_MAX: usize = 500;
/// Largest file of rules.
const FILE_BYTES_MAX: usize = 1 << 20;

const SAID: Acts = Acts::Shown(
    "decides how words are said by agents that name the dictionary",
    "crates/api/tests/dialects/pronunciations.rs::calls_have_the_rules_that_their_agents_name",
);

static DICTIONARY: ObjectKind = ObjectKind {
    name: "elevenlabs.pronunciation-dictionary",
    id_prefix: "dict",
    title: "pronunciation dictionary",
    fields: FIELDS,
};

/// The rules of a version, which do not change; the dictionary names its newest.
static VERSION: ObjectKind = ObjectKind {
    name: "elevenlabs.pronunciation-version",
    id_prefix: "version",
    title: "version",
    fields: &[],
};

/// What clients may send of a dictionary.
pub(super) const FIELDS: &[Field] = &[
    name("name").acts(Acts::Here("shown in lists and answers")),
    text("description")
        .or_null()
        .acts(Acts::Here("shown in lists and answers")),
    word(
        "workspace_access",
        &["admin", "editor", "commenter", "viewer"],
    )
    .or_null()
    .acts(Acts::Here("keys of a workspace see all that is in it")),
    field(
        "rules",
        Kind::List {
            items_max: RULES_MAX,
            of: Item::Objects(RULE),
        },
    )
    .acts(SAID),
    flag("archived").or_null().acts(Acts::Here(
        "left out of lists; agents that name it still have it",
    )),
];

const RULE: &[Field] = &[
    word("type", &["alias", "phoneme"]).required().acts(SAID),
    words("string_to_replace").required().acts(SAID),
    flag("case_sensitive").or_null().acts(SAID),
    flag("word_boundaries").or_null().acts(SAID),
    words("alias").acts(SAID),
    words("phoneme").acts(SAID),
    word("alphabet", &["ipa", "cmu-arpabet", "cmu"]).acts(SAID),
];

/// What names the rules that go.
static REMOVAL: ObjectKind = ObjectKind {
    name: "elevenlabs.rule-strings",
    id_prefix: "rules",
    title: "rules",
    fields: REMOVAL_FIELDS,
};

pub(super) const REMOVAL_FIELDS: &[Field] = &[field(
    "rule_strings",
    Kind::List {
        items_max: RULES_MAX,
        of: Item::Of(&Kind::Text {
            min: 1,
            max: CHARS_MAX,
        }),
    },
)
.required()
.acts(SAID)];

const fn words(path: &'static str) -> Field {
    let (min, max) = (1, CHARS_MAX);
    field(path, Kind::Text { min, max })
}

pub(super) fn routes() -> Router<Api> {
    let upload = post(add_from_file).layer(DefaultBodyLimit::max(FILE_BYTES_MAX + (64 << 10)));
    Router::new()
        .route("/", get(show_list))
        .route("/add-from-rules", post(add_from_rules))
        .route("/add-from-file", upload)
        .route("/{id}", get(show).patch(update))
        .route("/{id}/set-rules", post(set_rules))
        .route("/{id}/add-rules", post(add_rules))
        .route("/{id}/remove-rules", post(remove_rules))
        .route("/{id}/{version}/download", get(download))
}

/// What is wrong with rules beyond the shape of each.
fn check_rules(rules: &[Value]) -> Result<(), Refusal> {
    let mut problems = Vec::new();
    if rules.len() > RULES_MAX {
        let message = format!("A dictionary has at most {RULES_MAX} rules");
        problems.push(Problem::at("rules", ProblemKind::TooMany, message));
    }
    for (index, rule) in rules.iter().enumerate() {
        let needed: &[&str] = match rule["type"] == "phoneme" {
            true => &["phoneme", "alphabet"],
            false => &["alias"],
        };
        for field in needed.iter().filter(|field| !rule[**field].is_string()) {
            let place = format!("rules[{index}].{field}");
            problems.push(Problem::at(&place, ProblemKind::Missing, "Field required"));
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(invalid(problems)),
    }
}

fn rules_in(body: &Value) -> Result<Vec<Value>, Refusal> {
    let Some(rules) = body["rules"].as_array() else {
        let problem = Problem::at("rules", ProblemKind::Missing, "Field required");
        return Err(invalid(vec![problem]));
    };
    check_rules(rules)?;
    Ok(rules.clone())
}

async fn add_from_rules(Extension(access): Extension<Access>, JsonBody(body): JsonBody) -> Answer {
    DICTIONARY.check(&body, false)?;
    let rules = rules_in(&body)?;
    create(&access.workspace, body, rules).await
}

/// Takes a lexicon from a form.
async fn add_from_file(Extension(access): Extension<Access>, mut form: Multipart) -> Answer {
    let malformed = |problem: &axum::extract::multipart::MultipartError| {
        let message = format!("the form cannot be read: {problem}");
        Refusal::new(StatusCode::BAD_REQUEST, "malformed", message)
    };
    let mut body = json!({});
    let mut file = None;
    while let Some(part) = form.next_field().await.map_err(|it| malformed(&it))? {
        let name = part.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" => file = Some(part.bytes().await.map_err(|it| malformed(&it))?),
            "name" | "description" | "workspace_access" => {
                body[name] = json!(part.text().await.map_err(|it| malformed(&it))?);
            }
            _ => {}
        }
    }
    DICTIONARY.check(&body, false)?;
    let rules = match file {
        None => Vec::new(),
        Some(file) => {
            let read = std::str::from_utf8(&file).map_err(|_| "is no UTF-8".to_owned());
            read.and_then(lexicon::read).map_err(|problem| {
                let message = format!("The file {problem}");
                invalid(vec![Problem::at("file", ProblemKind::Value, message)])
            })?
        }
    };
    check_rules(&rules)?;
    create(&access.workspace, body, rules).await
}

async fn create(workspace: &Workspace, body: Value, rules: Vec<Value>) -> Answer {
    if !body["name"].is_string() {
        let problem = Problem::at("name", ProblemKind::Missing, "Field required");
        return Err(invalid(vec![problem]));
    }
    let count = rules.len();
    let version = new_version(workspace, rules).await?;
    let document = json!({
        "name": body["name"], "description": body["description"],
        "version": version, "rules_num": count, "versions": [version],
    });
    let made = workspace.create_object(DICTIONARY.name, DICTIONARY.id_prefix, document);
    let made = made.await?;
    Ok(Json(json!({
        "id": made.id,
        "name": made.document["name"],
        "created_by": "workspace",
        "creation_time_unix": made.created_at_ms / 1_000,
        "version_id": version,
        "version_rules_num": count,
        "description": made.document["description"],
        "permission_on_resource": "admin",
    })))
}

async fn new_version(workspace: &Workspace, rules: Vec<Value>) -> Result<String, Refusal> {
    let document = json!({ "rules": rules });
    let made = workspace.create_object(VERSION.name, VERSION.id_prefix, document);
    Ok(made.await?.id)
}

/// A dictionary without its rules.
fn summary(object: &StoredObject) -> Value {
    let document = &object.document;
    json!({
        "id": object.id,
        "latest_version_id": document["version"],
        "latest_version_rules_num": document["rules_num"],
        "name": document["name"],
        "permission_on_resource": "admin",
        "created_by": "workspace",
        "creation_time_unix": object.created_at_ms / 1_000,
        "archived_time_unix": document["archived_at_unix"],
        "description": document["description"],
    })
}

async fn show_list(Extension(access): Extension<Access>, Query(fields): Fields) -> Answer {
    check_order(&fields)?;
    let with_archived = is_asked(&fields, "include_archived");
    let keep = |it: &StoredObject| with_archived || it.document["archived_at_unix"].is_null();
    let listed = filtered(&access.workspace, &DICTIONARY, &fields, keep).await?;
    let next = listed.next;
    Ok(Json(json!({
        "pronunciation_dictionaries": listed.items.iter().map(summary).collect::<Vec<_>>(),
        "next_cursor": next,
        "has_more": next.is_some(),
    })))
}

/// Refuses an order that lists do not have: all are newest first.
fn check_order(fields: &[(String, String)]) -> Result<(), Refusal> {
    let mut problems = Vec::new();
    for (name, only) in [
        ("sort", "creation_time_unix"),
        ("sort_direction", "DESCENDING"),
    ] {
        if asked(fields, name).is_some_and(|value| !value.eq_ignore_ascii_case(only)) {
            let message = format!("Lists have one order here: '{only}'");
            problems.push(Problem::at(&format!("?{name}"), ProblemKind::Word, message));
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(invalid(problems)),
    }
}

async fn show(Extension(access): Extension<Access>, Path(id): Path<String>) -> Answer {
    let object = DICTIONARY.find(&access.workspace, &id).await?;
    let mut shown = summary(&object);
    let rules = newest(&access.workspace, &object).await?;
    shown["rules"] = rules.into_iter().map(filled).collect();
    Ok(Json(shown))
}

/// A rule with what is usual.
fn filled(mut rule: Value) -> Value {
    for field in ["case_sensitive", "word_boundaries"] {
        if rule[field].is_null() {
            rule[field] = json!(true);
        }
    }
    rule
}

async fn update(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    DICTIONARY.check(&body, true)?;
    let mut change = json!({});
    if body["name"].is_string() {
        change["name"] = body["name"].clone();
    }
    match body["archived"].as_bool() {
        Some(true) => change["archived_at_unix"] = json!(now_ms() / 1_000),
        Some(false) => change["archived_at_unix"] = Value::Null,
        None => {}
    }
    let changed = DICTIONARY.lay_over(&access.workspace, &id, &change);
    Ok(Json(summary(&changed.await?)))
}

async fn set_rules(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    DICTIONARY.check(&body, true)?;
    let rules = rules_in(&body)?;
    change(&access.workspace, &id, |_| rules).await
}

async fn add_rules(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    DICTIONARY.check(&body, true)?;
    let new = rules_in(&body)?;
    // A rule for the same words takes the place of the one that was there.
    let of = |rules: &[Value], rule: &Value| {
        let written = &rule["string_to_replace"];
        rules.iter().any(|it| it["string_to_replace"] == *written)
    };
    let add = |mut rules: Vec<Value>| {
        rules.retain(|rule| !of(&new, rule));
        rules.extend(new);
        rules
    };
    change(&access.workspace, &id, add).await
}

async fn remove_rules(
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    REMOVAL.check(&body, false)?;
    let named = body["rule_strings"].as_array().cloned().unwrap_or_default();
    let remove = |mut rules: Vec<Value>| {
        rules.retain(|rule| !named.contains(&rule["string_to_replace"]));
        rules
    };
    change(&access.workspace, &id, remove).await
}

/// Makes the version that follows.
async fn change(
    workspace: &Workspace,
    id: &str,
    change: impl FnOnce(Vec<Value>) -> Vec<Value>,
) -> Answer {
    let object = DICTIONARY.find(workspace, id).await?;
    let rules = change(newest(workspace, &object).await?);
    check_rules(&rules)?;
    let count = rules.len();
    let version = new_version(workspace, rules).await?;
    let mut versions = object.document["versions"].clone();
    if let Some(versions) = versions.as_array_mut() {
        versions.push(json!(version));
    }
    let mut document = object.document;
    document["version"] = json!(version);
    document["rules_num"] = json!(count);
    document["versions"] = versions;
    let expected = Some(object.revision);
    workspace
        .update_object(DICTIONARY.name, id, expected, document)
        .await?;
    Ok(Json(json!({
        "id": id, "version_id": version, "version_rules_num": count,
    })))
}

async fn newest(workspace: &Workspace, object: &StoredObject) -> Result<Vec<Value>, Refusal> {
    let version = object.document["version"].as_str().unwrap_or_default();
    rules(workspace, object, version).await
}

/// The rules of a version of the dictionary.
async fn rules(
    workspace: &Workspace,
    object: &StoredObject,
    version: &str,
) -> Result<Vec<Value>, Refusal> {
    let versions = object.document["versions"].as_array();
    if !versions.is_some_and(|it| it.iter().any(|it| it == version)) {
        return Err(Refusal::not_found(VERSION.title));
    }
    let version = VERSION.find(workspace, version).await?;
    let rules = version.document["rules"].as_array();
    Ok(rules.cloned().unwrap_or_default())
}

async fn download(
    Extension(access): Extension<Access>,
    Path((id, version)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let object = DICTIONARY.find(&access.workspace, &id).await?;
    let rules = rules(&access.workspace, &object, &version).await?;
    let kind = [(header::CONTENT_TYPE, "application/pls+xml; charset=utf-8")];
    Ok((kind, lexicon::written(&rules)).into_response())
}

impl Api {
    /// Lets the agent know the rules of the dictionaries that it names. One that is not there leaves
    /// the call as it is: a caller waits.
    ///
    /// # Errors
    /// As the database.
    pub async fn teach(&self, workspace: &Workspace, agent: &mut Agent) -> Result<(), Refusal> {
        let mut learned = Vec::new();
        for named in agent.voice().dictionaries.clone() {
            match rules_named(workspace, &named).await {
                Ok(rules) => learned.extend(rules.iter().filter_map(rule)),
                Err(refusal) if refusal.status == StatusCode::NOT_FOUND => {
                    tracing::warn!(id = named.id, "a pronunciation dictionary is not there");
                }
                Err(refusal) => return Err(refusal),
            }
        }
        agent.learn(learned);
        Ok(())
    }
}

async fn rules_named(
    workspace: &Workspace,
    named: &DictionaryDocument,
) -> Result<Vec<Value>, Refusal> {
    let object = DICTIONARY.find(workspace, &named.id).await?;
    match &named.version {
        Some(version) => rules(workspace, &object, version).await,
        None => newest(workspace, &object).await,
    }
}

fn rule(rule: &Value) -> Option<PronunciationDocument> {
    let text = |name: &str| rule[name].as_str().map(str::to_owned);
    let is_phoneme = rule["type"] == "phoneme";
    Some(PronunciationDocument {
        text: text("string_to_replace")?,
        alias: text("alias").filter(|_| !is_phoneme),
        phonemes: text("phoneme").filter(|_| is_phoneme),
        alphabet: match rule["alphabet"] == "ipa" {
            true => PhonemeAlphabetDocument::Ipa,
            false => PhonemeAlphabetDocument::CmuArpabet,
        },
        is_case_sensitive: rule["case_sensitive"] != false,
        is_whole_word: rule["word_boundaries"] != false,
    })
}
