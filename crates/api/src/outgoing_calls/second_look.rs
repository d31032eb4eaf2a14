//! Attempts that were begun by a process of which nothing was heard since: the carrier is asked whether
//! it was told of the call, and only one that was not is told now.

use offhook_store::{CallQuery, StoreError, StoredPromise, WorkspaceId};
use serde_json::{Map, json};

use super::dialler::{Dialling, FoundCall};
use super::order::PlacedCall;
use crate::calls::FAILED;
use crate::{Api, Refusal};

/// Other calls to the same number that are left out.
const OTHERS_MAX: u32 = 200;

impl Api {
    /// Finds out about an attempt that this process has taken for that. What the carrier cannot tell
    /// stays open until the call is overdue: it is never dialled twice.
    pub(crate) async fn look_again(&self, begun: &StoredPromise) -> Result<(), Refusal> {
        let connected = self.connected()?;
        let workspace = self.store().workspace(&WorkspaceId::new(&begun.workspace));
        let call = begun.call.as_deref().unwrap_or_default();
        let call = match workspace.call(call).await {
            Ok(call) => call,
            Err(StoreError::NotFound(_)) => return Ok(()),
            Err(problem) => return Err(problem.into()),
        };
        let mut placed = match PlacedCall::of(&workspace, &call).await {
            Ok(placed) => placed,
            Err(StoreError::NotFound(_)) => return Ok(workspace.trust_promise(begun).await?),
            Err(problem) => return Err(problem.into()),
        };
        let view = self.call(&workspace, &call.id).await?;
        let is_known =
            placed.text("request_id").is_some() || placed.text("carrier_call_id").is_some();
        // The first call itself was asked for by somebody who has had no answer, and may ask again.
        if is_known || !view.is_waiting() || begun.attempts == 0 {
            return Ok(workspace.trust_promise(begun).await?);
        }
        let account = placed.account().await?;
        let dialling = placed.dialling(account.as_ref());
        let known = self.other_calls(&placed, &begun.of.to_number).await?;
        let dialler = &connected.telephony.dialler;
        let found = dialler.find(&dialling, call.started_at_ms, &known).await;
        let dialled = match found {
            Ok(FoundCall::Call(id)) => Ok(Some(id)),
            Ok(FoundCall::Nothing) => {
                let uuid = self.uuid_ahead(&placed).await?;
                let uuid = uuid.as_deref();
                dialler.dial(&Dialling { uuid, ..dialling }).await
            }
            Ok(FoundCall::Unknown) => return Ok(workspace.trust_promise(begun).await?),
            Err(problem) => {
                tracing::warn!(%problem, "the carrier does not tell of a call; asked again later");
                return Ok(());
            }
        };
        match dialled {
            Ok(id) => {
                if let Some(id) = id {
                    let fields = Map::from_iter([("request_id".into(), json!(id))]);
                    placed.note(&fields).await?;
                }
                Ok(workspace.trust_promise(begun).await?)
            }
            Err(problem) => {
                tracing::warn!(call_id = call.id, %problem, "a call is not placed");
                let over = self.end_unheld(&placed, FAILED, problem.reason(), Map::new());
                over.await.map(|_| ())
            }
        }
    }

    /// The carrier's ids of other calls to a number.
    async fn other_calls(&self, placed: &PlacedCall, to: &str) -> Result<Vec<String>, Refusal> {
        let query = CallQuery {
            direction: Some("outbound".to_owned()),
            search: Some(to.to_owned()),
            limit: OTHERS_MAX,
            ..CallQuery::default()
        };
        let calls = placed.workspace.calls(&query).await?.items;
        let others = calls.iter().filter(|it| it.id != placed.call_id());
        let of = ["carrier_call_id", "request_id"];
        let ids = others.flat_map(|it| of.iter().filter_map(|name| it.document[*name].as_str()));
        Ok(ids.map(str::to_owned).collect())
    }
}
