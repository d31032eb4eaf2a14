//! The documents of ElevenLabs' knowledge base as they are stored: what is known of each, its place
//! in the tree of folders, and its content as an object of its own, which lists do not read.

use axum::Extension;
use axum::Json;
use axum::extract::Multipart;
use axum::extract::multipart::Field as Part;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use offhook_store::{PageQuery, PageStart, StoredObject, Workspace};
use serde_json::{Value, json};

use super::routes::Answer;
use crate::dialect::agents::invalid;
use crate::dialect::field::{Field, KNOWLEDGE, Kind, field, flag, name, text, whole};
use crate::dialect::objects::ObjectKind;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::{Access, Refusal};

pub(super) static DOCUMENT: ObjectKind = ObjectKind {
    name: "elevenlabs.document",
    id_prefix: "doc",
    title: "document",
    fields: FIELDS,
};

pub(super) const FIELDS: &[Field] = &[
    name("name").or_null().acts(KNOWLEDGE),
    name("parent_folder_id").or_null().acts(KNOWLEDGE),
    field(
        "url",
        Kind::Checked {
            what: "`http` or `https` address",
            is_right: |text| {
                let rest = text
                    .strip_prefix("https://")
                    .or_else(|| text.strip_prefix("http://"));
                rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
                    && text.len() <= 2_048
            },
        },
    )
    .acts(KNOWLEDGE),
    text("text").at_most(2_000_000).acts(KNOWLEDGE),
    text("content").at_most(2_000_000).or_null().acts(KNOWLEDGE),
    flag("enable_auto_sync").or_null().acts(KNOWLEDGE),
    flag("auto_remove").or_null().acts(KNOWLEDGE),
    whole("minimum_frequency_days", 1.0, 365.0)
        .or_null()
        .acts(KNOWLEDGE),
];

/// Where contents are; the document names its own.
static CONTENT: ObjectKind = ObjectKind {
    name: "elevenlabs.document-content",
    id_prefix: "content",
    title: "content",
    fields: &[],
};

/// Files that are taken, by the ends of their names.
const FILES: [(&str, &str); 6] = [
    ("txt", "text/plain; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("pdf", "application/pdf"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("epub", "application/epub+zip"),
];

/// Folders within folders, at most.
const DEPTH_MAX: usize = 20;

/// What a document is: `url`, `text`, `file` or `folder`.
pub(super) fn kind_of(object: &StoredObject) -> &str {
    object.document["type"].as_str().unwrap_or("text")
}

/// Makes a document of a kind out of a client's JSON.
pub(super) async fn create(workspace: &Workspace, kind: &str, mut body: Value) -> Answer {
    DOCUMENT.check(&body, false)?;
    let needed = if kind == "folder" { "name" } else { kind };
    if !body[needed].is_string() {
        let problem = Problem::at(needed, ProblemKind::Missing, "Field required");
        return Err(invalid(vec![problem]));
    }
    let content = match body["text"].take() {
        Value::String(text) if kind == "text" => Some(("text/plain; charset=utf-8", text)),
        _ => None,
    };
    for stranger in ["text", "content"] {
        crate::dialect::path::take(&mut body, stranger);
    }
    if !body["name"].is_string() {
        body["name"] = match kind {
            "url" => body["url"].clone(),
            _ => json!("Text"),
        };
    }
    let content = content.map(|(media_type, text)| Content {
        media_type: media_type.to_owned(),
        bytes: text.into_bytes(),
    });
    keep(workspace, kind, body, content).await
}

async fn keep(
    workspace: &Workspace,
    kind: &str,
    mut body: Value,
    content: Option<Content>,
) -> Answer {
    check_folder(workspace, &body["parent_folder_id"]).await?;
    body["type"] = json!(kind);
    if let Some(content) = content {
        body["size_bytes"] = json!(content.bytes.len());
        body["content"] = json!(content.keep(workspace).await?);
    }
    let made = workspace.create_object(DOCUMENT.name, DOCUMENT.id_prefix, body);
    let made = made.await?;
    let folders = folders_of(workspace, &made).await?;
    Ok(Json(json!({
        "id": made.id, "name": made.document["name"], "folder_path": folders
    })))
}

/// Takes a file from a form.
pub(super) async fn upload(Extension(access): Extension<Access>, mut form: Multipart) -> Answer {
    let mut body = json!({});
    let mut file = None;
    while let Some(part) = form
        .next_field()
        .await
        .map_err(|problem| malformed(&problem))?
    {
        match part.name().unwrap_or_default() {
            "file" => file = Some(file_in(part).await?),
            name @ ("name" | "parent_folder_id") => {
                let name = name.to_owned();
                body[name] = json!(part.text().await.map_err(|problem| malformed(&problem))?);
            }
            _ => {}
        }
    }
    let Some((filename, content)) = file else {
        let problem = Problem::at("file", ProblemKind::Missing, "Field required");
        return Err(invalid(vec![problem]));
    };
    DOCUMENT.check(&body, false)?;
    if !body["name"].is_string() {
        body["name"] = json!(filename);
    }
    body["filename"] = json!(filename);
    keep(&access.workspace, "file", body, Some(content)).await
}

fn malformed(problem: &axum::extract::multipart::MultipartError) -> Refusal {
    let message = format!("the form cannot be read: {problem}");
    Refusal::new(StatusCode::BAD_REQUEST, "malformed", message)
}

async fn file_in(part: Part<'_>) -> Result<(String, Content), Refusal> {
    let filename = part.file_name().unwrap_or("file").to_owned();
    let ending = filename.rsplit('.').next().unwrap_or("").to_lowercase();
    let media_type = FILES.iter().find(|(name, _)| *name == ending);
    let wrong = |message: &str| {
        let problem = Problem::at("file", ProblemKind::Value, message);
        invalid(vec![problem])
    };
    let Some((_, media_type)) = media_type else {
        let message = "File should be a .txt, .md, .html, .pdf, .docx or .epub";
        return Err(wrong(message));
    };
    let bytes = part
        .bytes()
        .await
        .map_err(|problem| malformed(&problem))?
        .to_vec();
    if media_type.starts_with("text/") && std::str::from_utf8(&bytes).is_err() {
        return Err(wrong("Text files should be UTF-8"));
    }
    let content = Content {
        media_type: (*media_type).to_owned(),
        bytes,
    };
    Ok((filename, content))
}

/// Changes the name, or the words of a text.
pub(super) async fn update(
    workspace: &Workspace,
    id: &str,
    body: &Value,
) -> Result<StoredObject, Refusal> {
    DOCUMENT.check(body, true)?;
    let object = DOCUMENT.find(workspace, id).await?;
    let mut change = json!({});
    if let Some(name) = body["name"].as_str() {
        change["name"] = json!(name);
    }
    for field in ["enable_auto_sync", "auto_remove", "minimum_frequency_days"] {
        if let Some(value) = body.get(field) {
            change[field] = value.clone();
        }
    }
    let mut old = None;
    if let Some(text) = body["content"].as_str() {
        if kind_of(&object) != "text" {
            let message = "Only the content of a text can be changed";
            let problem = Problem::at("content", ProblemKind::Value, message);
            return Err(invalid(vec![problem]));
        }
        old = object.document["content"].as_str();
        let content = Content {
            media_type: "text/plain; charset=utf-8".to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        change["size_bytes"] = json!(text.len());
        change["content"] = json!(content.keep(workspace).await?);
    }
    let changed = DOCUMENT.lay_over(workspace, id, &change).await?;
    if let Some(old) = old {
        CONTENT.delete(workspace, old).await.ok();
    }
    Ok(changed)
}

/// Deletes a document and its content.
pub(super) async fn delete(workspace: &Workspace, object: &StoredObject) -> Result<(), Refusal> {
    let object = DOCUMENT.delete(workspace, &object.id).await?;
    if let Some(content) = object.document["content"].as_str() {
        CONTENT.delete(workspace, content).await?;
    }
    Ok(())
}

/// Moves a document into a folder, or to the top where `folder` is null.
pub(super) async fn put_into(
    workspace: &Workspace,
    id: &str,
    folder: &Value,
) -> Result<(), Refusal> {
    let object = DOCUMENT.find(workspace, id).await?;
    check_folder(workspace, folder).await?;
    if let Some(folder) = folder.as_str() {
        let target = DOCUMENT.find(workspace, folder).await?;
        let above = folders_of(workspace, &target).await?;
        let is_above = above.iter().any(|it| it["id"] == object.id);
        if folder == object.id || is_above {
            let message = "A folder cannot be moved into itself";
            let problem = Problem::at("move_to", ProblemKind::Value, message);
            return Err(invalid(vec![problem]));
        }
    }
    let change = json!({ "parent_folder_id": folder });
    DOCUMENT.lay_over(workspace, id, &change).await?;
    Ok(())
}

async fn check_folder(workspace: &Workspace, folder: &Value) -> Result<(), Refusal> {
    let Some(id) = folder.as_str() else {
        return Ok(());
    };
    let found = DOCUMENT.find(workspace, id).await?;
    if kind_of(&found) == "folder" {
        return Ok(());
    }
    let message = "This document is no folder";
    let problem = Problem::at("parent_folder_id", ProblemKind::Value, message);
    Err(invalid(vec![problem]))
}

/// The folders above a document, the outermost first.
pub(super) async fn folders_of(
    workspace: &Workspace,
    object: &StoredObject,
) -> Result<Vec<Value>, Refusal> {
    let mut folders = Vec::new();
    let mut parent = object.document["parent_folder_id"].clone();
    while let Some(id) = parent.as_str()
        && folders.len() < DEPTH_MAX
    {
        let Ok(folder) = DOCUMENT.find(workspace, id).await else {
            break;
        };
        folders.push(json!({ "id": folder.id, "name": folder.document["name"] }));
        parent = folder.document["parent_folder_id"].clone();
    }
    folders.reverse();
    Ok(folders)
}

/// What is directly inside a folder.
pub(super) async fn inside(
    workspace: &Workspace,
    folder: &str,
) -> Result<Vec<StoredObject>, Refusal> {
    let mut query = PageQuery {
        limit: 1_000,
        ..PageQuery::default()
    };
    let mut inside = Vec::new();
    loop {
        let read = workspace.objects(DOCUMENT.name, &query).await?;
        let found = read.items.into_iter();
        inside.extend(found.filter(|it| it.document["parent_folder_id"] == folder));
        match read.next {
            Some(next) => query.start = PageStart::After(next),
            None => return Ok(inside),
        }
    }
}

/// What a document holds.
pub(super) struct Content {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

impl Content {
    async fn keep(&self, workspace: &Workspace) -> Result<String, Refusal> {
        let bytes = match std::str::from_utf8(&self.bytes) {
            Ok(text) => json!({ "text": text }),
            Err(_) => json!({ "base64": BASE64.encode(&self.bytes) }),
        };
        let mut document = bytes;
        document["media_type"] = json!(self.media_type);
        let kept = workspace.create_object(CONTENT.name, CONTENT.id_prefix, document);
        Ok(kept.await?.id)
    }

    /// The content of a document; `None` where it has none.
    pub(super) async fn of(
        workspace: &Workspace,
        object: &StoredObject,
    ) -> Result<Option<Self>, Refusal> {
        let Some(id) = object.document["content"].as_str() else {
            return Ok(None);
        };
        let kept = CONTENT.find(workspace, id).await?.document;
        let bytes = match (&kept["text"], &kept["base64"]) {
            (Value::String(text), _) => text.clone().into_bytes(),
            (_, Value::String(text)) => BASE64.decode(text).unwrap_or_default(),
            _ => Vec::new(),
        };
        let media_type = kept["media_type"].as_str();
        let media_type = media_type.unwrap_or("application/octet-stream").to_owned();
        Ok(Some(Self { media_type, bytes }))
    }

    /// Its text, where it is one.
    pub(super) fn text(self) -> String {
        let is_text = self.media_type.starts_with("text/");
        let text = is_text.then(|| String::from_utf8(self.bytes).ok());
        text.flatten().unwrap_or_default()
    }
}
