//! Where a call that somebody has placed is told of, where they have named an address with it: in place
//! of the webhook of its agent's flow.

use offhook_store::{NewDelivery, PageQuery, StoredCall, Workspace};
use serde_json::{Map, Value, json};

use super::deliveries;
use crate::deliveries::{News, Platform};
use crate::dialect::field::{Acts, Field, field};
use crate::dialect::objects::ObjectKind;
use crate::dialect::webhook;
use crate::tickets::digest;
use crate::{Api, Refusal};

/// The field of a request.
pub(super) const FIELD: &str = "callback_url";
/// The field of a call's record with the id of its webhook.
const WEBHOOK: &str = "callback_webhook";

/// One for each address of a workspace, named by the address' digest: its secret stays with it.
static KIND: ObjectKind = ObjectKind {
    name: "trillet.callback",
    id_prefix: "wh",
    title: "webhook",
    fields: FIELDS,
};

const FIELDS: &[Field] = &[field("url", webhook::URL)
    .required()
    .acts(Acts::Here("where events of a call are sent"))];

pub(crate) static PLATFORM: Platform = Platform {
    dialect: "trillet.callback",
    kind: KIND.name,
    of_call: Some(|call| call.document[WEBHOOK].as_str()),
    deliveries: told,
    ..deliveries::PLATFORM
};

fn told(news: &News<'_>) -> Vec<NewDelivery> {
    let webhooks = news.webhooks.iter();
    webhooks
        .map(|webhook| deliveries::delivery(PLATFORM.dialect, webhook, news))
        .collect()
}

/// Whether a call is told of to an address of its own.
pub(super) fn has_own(call: &StoredCall) -> bool {
    call.document[WEBHOOK].is_string()
}

/// What the record of a call says that is to be told of to that address, and the secret that signs
/// what is sent there.
pub(super) async fn for_url(
    api: &Api,
    workspace: &Workspace,
    url: &str,
) -> Result<(Map<String, Value>, String), Refusal> {
    webhook::check_address(api, FIELD, &json!(url))?;
    let name = digest(&format!("{} {url}", workspace.id()));
    let query = PageQuery {
        search: Some(name.clone()),
        limit: 1,
        ..PageQuery::default()
    };
    let found = workspace.objects(KIND.name, &query).await?.items.pop();
    let (webhook, secret) = match found {
        Some(webhook) => {
            let secret = webhook::secret(workspace, &webhook).await?;
            (webhook, secret)
        }
        None => {
            let body = json!({ "url": url, "name": name });
            webhook::create(api, workspace, &KIND, body).await?
        }
    };
    let own = Map::from_iter([(WEBHOOK.to_owned(), json!(webhook.id))]);
    Ok((own, secret))
}
