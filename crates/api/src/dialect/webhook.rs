//! Webhooks: where events of calls will be sent, and the secret that signs them.

use offhook_store::{SecretText, StoredObject, Workspace, new_id};
use serde_json::{Value, json};

use super::objects::ObjectKind;
use super::path;
use crate::Refusal;

/// Makes a webhook with a new secret, which is also given back.
pub(crate) async fn create(
    workspace: &Workspace,
    kind: &ObjectKind,
    mut body: Value,
) -> Result<(StoredObject, String), Refusal> {
    kind.check(&body, false)?;
    let text = signing_secret()?;
    let secret = workspace
        .create_secret(kind.name, &SecretText::new(text.clone()))
        .await?;
    body["secret"] = json!(secret.id);
    Ok((kind.create(workspace, body).await?, text))
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
