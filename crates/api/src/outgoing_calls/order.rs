//! Orders: what this server knows of a call that it placed until it is over, and for an hour the fact
//! that it placed one to that number. Carriers name them in what they ask and tell.

use std::time::Duration;

use offhook_store::{SecretText, Store, StoreError, StoredCall, Workspace, WorkspaceId, now_ms};
use serde_json::{Map, Value, json};

use super::dialler::{DialAccount, Dialling};
use crate::dialect::calling::account_of;
use crate::tickets::digest;
use crate::{Api, Refusal};

const KIND: &str = "outgoing-call";
const ID_PREFIX: &str = "out";
/// How often a note is laid over an order that others write at the same time.
const TRIES: usize = 32;
/// How long it is known that a number was called.
const HOUR_MS: i64 = 3_600_000;
/// How the order of a call that is over is written.
const OVER: &str = "\"is_over\":true";

/// A call that was placed, as its order has it.
#[derive(Debug, Clone)]
pub struct PlacedCall {
    pub(crate) workspace: Workspace,
    pub(crate) id: String,
    pub(crate) document: Value,
}

impl PlacedCall {
    /// Writes an order down. `document` has the id of the `call`, its `carrier`, the id of the
    /// `number` whose account it is placed with, what its token will say as `ticket`, how long it may
    /// ring and last, whether the carrier listens for machines, and whether anything of it is kept in
    /// `keeps`.
    pub(crate) async fn create(
        workspace: &Workspace,
        to: &str,
        mut document: Value,
    ) -> Result<Self, Refusal> {
        document["name"] = json!(name_of(workspace, to));
        let made = workspace.create_object(KIND, ID_PREFIX, document).await?;
        Ok(Self {
            workspace: workspace.clone(),
            id: made.id,
            document: made.document,
        })
    }

    /// The order of that id.
    pub(crate) async fn find(workspace: Workspace, id: &str) -> Result<Self, StoreError> {
        let found = workspace.object(KIND, id).await?;
        Ok(Self {
            workspace,
            id: found.id,
            document: found.document,
        })
    }

    /// The order that a call's record names.
    pub(crate) async fn of(workspace: &Workspace, call: &StoredCall) -> Result<Self, StoreError> {
        let id = call.document["order"].as_str().unwrap_or_default();
        Self::find(workspace.clone(), id).await
    }

    /// What stands for the order of a call that has none any more.
    pub(crate) fn lost(workspace: Workspace, call: &StoredCall) -> Self {
        let order = call.document["order"].as_str().unwrap_or_default();
        Self {
            workspace,
            id: order.to_owned(),
            document: json!({ "call": call.id }),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.document[name].as_str()
    }

    /// The id of the call.
    #[must_use]
    pub fn call_id(&self) -> &str {
        self.text("call").unwrap_or_default()
    }

    /// The name of the carrier that has it.
    #[must_use]
    pub fn carrier(&self) -> &str {
        self.text("carrier").unwrap_or_default()
    }

    /// Whether it is the other side of a transfer.
    #[must_use]
    pub fn is_transfer(&self) -> bool {
        self.transfer().is_some()
    }

    pub(crate) fn keeps(&self) -> bool {
        self.document["keeps"] == true
    }

    /// The account that it was placed with; `None`: the server's.
    pub(crate) async fn account(&self) -> Result<Option<DialAccount>, Refusal> {
        match self.text("number") {
            Some(number) => account_of(&self.workspace, number).await,
            None => Ok(None),
        }
    }

    /// Writes fields into the order, whatever others write.
    pub(crate) async fn note(&mut self, fields: &Map<String, Value>) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let current = self.workspace.object(KIND, &self.id).await?;
            let mut document = current.document;
            if let Some(document) = document.as_object_mut() {
                document.extend(fields.clone());
            }
            let revision = Some(current.revision);
            let written = self
                .workspace
                .update_object(KIND, &self.id, revision, document);
            match written.await {
                Ok(_) => {
                    // What this side knows stays, also of one that was closed meanwhile.
                    if let Some(known) = self.document.as_object_mut() {
                        known.extend(fields.clone());
                    }
                    return Ok(());
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(problem) => return Err(problem),
            }
        }
        Err(StoreError::Unavailable(
            "an order is written all the time".into(),
        ))
    }

    /// What its carrier is asked for.
    pub(crate) fn dialling<'d>(&'d self, account: Option<&'d DialAccount>) -> Dialling<'d> {
        let ms = |name: &str| Duration::from_millis(self.document[name].as_u64().unwrap_or(0));
        let number = |name: &str| self.document["ticket"][name].as_str().unwrap_or_default();
        Dialling {
            carrier: self.carrier(),
            account,
            workspace: self.workspace.id().as_str(),
            order: &self.id,
            from: number("from"),
            to: number("to"),
            ring_max: ms("ring_max_ms"),
            duration_max: ms("duration_max_ms"),
            detects_machines: self.document["detects_machines"] == true,
            uuid: None,
        }
    }

    /// Nothing was dialled: it is as if it had never been written down.
    pub(crate) async fn undo(&self) -> Result<(), StoreError> {
        match self.workspace.delete_object(KIND, &self.id, None).await {
            Ok(()) | Err(StoreError::NotFound(_)) => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// The call is over: nothing stays of it but that there was one.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let rest = json!({
            "name": self.document["name"],
            "call": self.document["call"],
            "is_over": true,
        });
        let written = self.workspace.update_object(KIND, &self.id, None, rest);
        match written.await {
            Ok(_) | Err(StoreError::NotFound(_)) => Ok(()),
            Err(problem) => Err(problem),
        }
    }
}

impl Api {
    /// The call that a carrier names; `None` where there is none any more.
    ///
    /// # Errors
    /// As the database.
    pub async fn placed_call(
        &self,
        workspace: &str,
        order: &str,
    ) -> Result<Option<PlacedCall>, Refusal> {
        let workspace = self.store().workspace(&WorkspaceId::new(workspace));
        match PlacedCall::find(workspace, order).await {
            Ok(placed) if placed.document["is_over"] == true => Ok(None),
            Ok(placed) => Ok(Some(placed)),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(problem) => Err(problem.into()),
        }
    }

    /// What the carrier signs with that has a call: the key of its number's owner, or `None` for the
    /// server's.
    ///
    /// # Errors
    /// As the database.
    pub async fn account_key(&self, placed: &PlacedCall) -> Result<Option<SecretText>, Refusal> {
        Ok(placed.account().await?.map(|it| it.key))
    }
}

/// How many calls this workspace has placed to a number within the hour, and when the first of them
/// will be an hour ago, in milliseconds from now.
pub(super) async fn placed_within_the_hour(
    workspace: &Workspace,
    to: &str,
) -> Result<(usize, i64), Refusal> {
    let now = now_ms();
    let name = name_of(workspace, to);
    let placed = workspace.objects_made(KIND, &name, now - HOUR_MS).await?;
    let first = placed.first().copied().unwrap_or(now);
    Ok((placed.len(), (first + HOUR_MS - now).max(0)))
}

/// Forgets that numbers were called more than an hour ago.
pub(super) async fn forget_placed(store: &Store, now_ms: i64) -> Result<(), StoreError> {
    store.forget_objects(KIND, now_ms - HOUR_MS, OVER).await?;
    Ok(())
}

/// A number, as it is known after its call.
fn name_of(workspace: &Workspace, to: &str) -> String {
    digest(&format!("{} {to}", workspace.id()))
}
