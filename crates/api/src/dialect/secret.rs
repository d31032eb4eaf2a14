//! Secrets in what clients write: the text goes to the store's own place for secrets, and in the
//! document stands where it is and how it looks sealed.

use offhook_store::{SecretText, Workspace};
use serde_json::{Value, json};

use super::field::Field;
use super::path;
use crate::Refusal;

/// A table of fields.
type Fields = &'static [Field];

fn secrets_of(fields: Fields) -> impl Iterator<Item = &'static Field> {
    fields.iter().filter(|field| field.is_secret)
}

/// What became of the secrets of a body.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// By the field: what stands in the document in the secret's place.
    places: Vec<(&'static str, Value)>,
    /// Secrets in whose place others stand now.
    replaced: Vec<String>,
}

impl Kept {
    /// Puts the places into what is stored.
    pub(crate) fn enter(&self, own: &mut Value) {
        for (field, place) in &self.places {
            path::put(own, field, place.clone());
        }
    }

    /// Forgets the secrets that are no longer used.
    pub(crate) async fn forget_replaced(&self, workspace: &Workspace) -> Result<(), Refusal> {
        for id in &self.replaced {
            workspace.delete_secret(id).await?;
        }
        Ok(())
    }
}

/// Whether a body has a text in a secret's field.
pub(crate) fn has_any(fields: Fields, body: &Value) -> bool {
    secrets_of(fields).any(|field| path::at(body, field.path).is_some_and(Value::is_string))
}

/// Keeps every secret of a body. One that is the sealed text of `before` is the client's own echo,
/// and stays what it was.
pub(crate) async fn keep(
    workspace: &Workspace,
    fields: Fields,
    body: &Value,
    before: Option<&Value>,
) -> Result<Kept, Refusal> {
    let mut kept = Kept::default();
    for field in secrets_of(fields) {
        let Some(text) = path::at(body, field.path).and_then(Value::as_str) else {
            continue;
        };
        let known = before.and_then(|before| path::at(before, field.path));
        let place = match known {
            Some(known) if known["sealed"].as_str() == Some(text) => known.clone(),
            _ => {
                let id = known.and_then(|known| known["secret"].as_str());
                kept.replaced.extend(id.map(str::to_owned));
                let text = SecretText::new(text);
                let secret = workspace.create_secret(field.path, &text).await?;
                json!({ "secret": secret.id, "sealed": secret.sealed })
            }
        };
        kept.places.push((field.path, place));
    }
    Ok(kept)
}

/// Forgets the secrets of a document that is gone.
pub(crate) async fn forget(
    workspace: &Workspace,
    fields: Fields,
    own: &Value,
) -> Result<(), Refusal> {
    for field in secrets_of(fields) {
        let id = path::at(own, field.path).and_then(|place| place["secret"].as_str());
        if let Some(id) = id {
            workspace.delete_secret(id).await?;
        }
    }
    Ok(())
}

/// Shows each secret as it looks sealed.
pub(crate) fn conceal(fields: Fields, shown: &mut Value) {
    for field in secrets_of(fields) {
        let sealed = path::at(shown, field.path).and_then(|place| place.get("sealed"));
        if let Some(sealed) = sealed.cloned() {
            path::put(shown, field.path, sealed);
        }
    }
}
