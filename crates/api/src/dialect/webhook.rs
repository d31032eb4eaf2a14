//! Webhooks: where events of calls are sent, and the secret that signs them.

use offhook_store::{SecretText, StoredObject, Workspace, new_id};
use serde_json::{Value, json};

use super::agents::invalid;
use super::field::Kind;
use super::objects::ObjectKind;
use super::path;
use super::problem::{Problem, ProblemKind};
use crate::public_address::address_problem;
use crate::{Api, Refusal};

/// The `url` of a webhook; [`check`] says which may be named here.
pub(crate) const URL: Kind = Kind::Text { min: 1, max: 2_048 };

/// Refuses a webhook with problems, and one that leads where this server sends nothing.
pub(crate) fn check(api: &Api, kind: &ObjectKind, body: &Value) -> Result<(), Refusal> {
    kind.check(body, false)?;
    check_address(api, "url", &body["url"])
}

/// Refuses an address where this server sends nothing; `place` is where the client wrote it.
pub(crate) fn check_address(api: &Api, place: &str, url: &Value) -> Result<(), Refusal> {
    let url = url.as_str().unwrap_or_default();
    match address_problem(url, api.deliveries().allows_private()) {
        None => Ok(()),
        Some(problem) => Err(invalid(vec![Problem::at(
            place,
            ProblemKind::Form,
            problem,
        )])),
    }
}

/// Makes a webhook with a new secret, which is also given back.
pub(crate) async fn create(
    api: &Api,
    workspace: &Workspace,
    kind: &ObjectKind,
    mut body: Value,
) -> Result<(StoredObject, String), Refusal> {
    check(api, kind, &body)?;
    let (secret, text) = new_secret(workspace, kind).await?;
    body["secret"] = json!(secret);
    Ok((kind.create(workspace, body).await?, text))
}

/// Puts another webhook, with a new secret, in the place of one, under its id.
pub(crate) async fn replace(
    api: &Api,
    workspace: &Workspace,
    kind: &ObjectKind,
    before: &StoredObject,
    mut body: Value,
) -> Result<StoredObject, Refusal> {
    check(api, kind, &body)?;
    let (secret, _) = new_secret(workspace, kind).await?;
    body["secret"] = json!(secret);
    let written = workspace
        .update_object(kind.name, &before.id, None, body)
        .await?;
    if let Some(old) = before.document["secret"].as_str() {
        workspace.delete_secret(old).await?;
    }
    Ok(written)
}

/// The id of a new secret, and its text.
async fn new_secret(workspace: &Workspace, kind: &ObjectKind) -> Result<(String, String), Refusal> {
    let text = signing_secret()?;
    let secret = SecretText::new(text.clone());
    let kept = workspace.create_secret(kind.name, &secret).await?;
    Ok((kept.id, text))
}

/// The secret of a webhook.
pub(crate) async fn secret(
    workspace: &Workspace,
    webhook: &StoredObject,
) -> Result<String, Refusal> {
    let id = webhook.document["secret"].as_str().unwrap_or_default();
    Ok(workspace.secret_text(id).await?.expose().to_owned())
}

/// Deletes a webhook and forgets its secret.
pub(crate) async fn delete(
    workspace: &Workspace,
    kind: &ObjectKind,
    id: &str,
) -> Result<(), Refusal> {
    let mut webhook = kind.delete(workspace, id).await?;
    if let Some(secret) = path::take(&mut webhook.document, "secret") {
        let id = secret.as_str().unwrap_or_default();
        workspace.delete_secret(id).await?;
    }
    Ok(())
}

/// Two ids' worth of randomness: 160 bits.
fn signing_secret() -> Result<String, Refusal> {
    let random = || new_id("whsec").map_err(offhook_store::StoreError::from);
    let (first, second) = (random()?, random()?);
    Ok(format!("{first}{}", second.trim_start_matches("whsec_")))
}
