//! The webhooks that call flows name, each with the secret that signs what is sent to it.

use offhook_store::{StoredObject, Workspace};
use serde_json::{Value, json};

use crate::dialect::field::{Acts, Field, field, name};
use crate::dialect::objects::ObjectKind;
use crate::dialect::webhook;
use crate::{Api, Refusal};

pub(super) static WEBHOOK: ObjectKind = ObjectKind {
    name: "trillet.webhook",
    id_prefix: "wh",
    title: "webhook",
    fields: FIELDS,
};

const FIELDS: &[Field] = &[
    field("url", webhook::URL)
        .required()
        .acts(Acts::Here("where events of calls are sent")),
    name("callFlowId")
        .required()
        .acts(Acts::Here("whose events are sent")),
    name("agentId").acts(Acts::Here("whose calls they are of")),
];

/// The field of a flow.
const FIELD: &str = "agentWebhookUrl";

/// Has the flow's webhook be as the flow says: one as long as it is active, names an agent and an
/// address. Its secret stays with the address.
pub(super) async fn keep(
    api: &Api,
    workspace: &Workspace,
    flow: &StoredObject,
    is_active: bool,
) -> Result<(), Refusal> {
    let url = flow.document[FIELD].as_str();
    let agent = flow.document["agentId"].as_str();
    let wanted = url.filter(|it| !it.is_empty()).zip(agent);
    let wanted = wanted.filter(|_| is_active);
    let body =
        wanted.map(|(url, agent)| json!({ "url": url, "agentId": agent, "callFlowId": flow.id }));
    match (of(workspace, &flow.id).await?, body) {
        (None, None) => {}
        (None, Some(body)) => {
            webhook::create(api, workspace, &WEBHOOK, body).await?;
        }
        (Some(before), None) => webhook::delete(workspace, &WEBHOOK, &before.id).await?,
        (Some(before), Some(body)) if before.document["url"] == body["url"] => {
            WEBHOOK.update(workspace, &before.id, &body).await?;
        }
        (Some(before), Some(body)) => {
            webhook::replace(api, workspace, &WEBHOOK, &before, body).await?;
        }
    }
    Ok(())
}

/// The secret that signs what a flow's webhook is sent; null where it has none.
pub(super) async fn secret(workspace: &Workspace, flow: &str) -> Result<Value, Refusal> {
    match of(workspace, flow).await? {
        None => Ok(Value::Null),
        Some(webhook) => Ok(json!(webhook::secret(workspace, &webhook).await?)),
    }
}

async fn of(workspace: &Workspace, flow: &str) -> Result<Option<StoredObject>, Refusal> {
    let mut webhooks = WEBHOOK.all(workspace).await?.into_iter();
    Ok(webhooks.find(|it| it.document["callFlowId"] == flow))
}
