//! Tickets: texts that let somebody without a key do one thing once, for a while.

use offhook_store::{PageQuery, StoreError, Workspace, WorkspaceId, new_id, now_ms};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Api, Refusal};

/// What tickets are for.
pub(crate) struct TicketKind {
    /// Its key in the store.
    pub(crate) name: &'static str,
    /// How ids begin.
    pub(crate) id_prefix: &'static str,
}

/// A ticket that was taken: it opens nothing more.
pub(crate) struct Ticket {
    pub(crate) workspace: Workspace,
    /// What was written on it.
    pub(crate) document: Value,
}

impl TicketKind {
    /// Makes a ticket with a document, which is an object; gives its text. Those that nobody has
    /// used in time leave no trace.
    pub(crate) async fn issue(
        &self,
        workspace: &Workspace,
        mut document: Value,
        lifetime_ms: i64,
    ) -> Result<String, Refusal> {
        self.forget_expired(workspace).await?;
        let secret = new_id("ticket").map_err(StoreError::from)?;
        document["digest"] = json!(digest(&secret));
        document["expires_at_ms"] = json!(now_ms() + lifetime_ms);
        let ticket = workspace.create_object(self.name, self.id_prefix, document);
        let ticket = ticket.await?;
        Ok(format!("{}.{}.{secret}", workspace.id(), ticket.id))
    }

    /// Takes a ticket whose document is meant: of all that come with it, one is let in.
    pub(crate) async fn redeem(
        &self,
        api: &Api,
        text: &str,
        is_meant: impl Fn(&Value) -> bool,
    ) -> Result<Ticket, Refusal> {
        let refused = || Refusal::unauthorized("the token is used, too old or none of this server");
        let parts: Vec<&str> = text.split('.').collect();
        let [workspace, id, secret] = parts.as_slice() else {
            return Err(refused());
        };
        let workspace = api.store().workspace(&WorkspaceId::new(*workspace));
        let document = match workspace.object(self.name, id).await {
            Ok(kept) => kept.document,
            Err(StoreError::NotFound(_)) => return Err(refused()),
            Err(problem) => return Err(problem.into()),
        };
        let is_right = document["digest"] == digest(secret).as_str()
            && is_meant(&document)
            && document["expires_at_ms"].as_i64() > Some(now_ms());
        if !is_right {
            return Err(refused());
        }
        match workspace.delete_object(self.name, id, None).await {
            Ok(()) => Ok(Ticket {
                workspace,
                document,
            }),
            Err(StoreError::NotFound(_)) => Err(refused()),
            Err(problem) => Err(problem.into()),
        }
    }

    async fn forget_expired(&self, workspace: &Workspace) -> Result<(), Refusal> {
        let query = PageQuery {
            limit: 1_000,
            ..PageQuery::default()
        };
        for ticket in workspace.objects(self.name, &query).await?.items {
            if ticket.document["expires_at_ms"].as_i64() <= Some(now_ms()) {
                workspace
                    .delete_object(self.name, &ticket.id, None)
                    .await
                    .ok();
            }
        }
        Ok(())
    }
}

/// SHA-256, so that the database opens nothing.
pub(crate) fn digest(secret: &str) -> String {
    let digest = Sha256::digest(secret.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
