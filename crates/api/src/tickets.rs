//! Tickets: texts that let somebody without a key do one thing once, for a while.

use offhook_store::{PageQuery, StoreError, StoredObject, Workspace, WorkspaceId, new_id, now_ms};
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
        document["name"] = json!(digest(&uuid(&secret)));
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
        let parts: Vec<&str> = text.split('.').collect();
        let [workspace, id, secret] = parts.as_slice() else {
            return Err(refused());
        };
        let workspace = api.store().workspace(&WorkspaceId::new(*workspace));
        let kept = workspace.object(self.name, id).await;
        let kept = kept.map_err(unknown_is_refused)?;
        if kept.document["digest"] != digest(secret).as_str() || !is_meant(&kept.document) {
            return Err(refused());
        }
        self.take(workspace, kept).await
    }

    /// Takes the ticket that has this UUID, for those who can bring no more: of all that come with
    /// it, one is let in.
    pub(crate) async fn redeem_uuid(&self, api: &Api, uuid: &str) -> Result<Ticket, Refusal> {
        let name = digest(&uuid.to_ascii_lowercase());
        let kept = api.store().object_named(self.name, &name).await;
        let kept = kept.map_err(unknown_is_refused)?;
        let workspace = WorkspaceId::new(kept.workspace.as_str());
        self.take(api.store().workspace(&workspace), kept).await
    }

    async fn take(&self, workspace: Workspace, kept: StoredObject) -> Result<Ticket, Refusal> {
        let document = kept.document;
        if document["expires_at_ms"].as_i64() <= Some(now_ms()) {
            return Err(refused());
        }
        let taken = workspace.delete_object(self.name, &kept.id, None).await;
        taken.map_err(unknown_is_refused)?;
        Ok(Ticket {
            workspace,
            document,
        })
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

fn refused() -> Refusal {
    Refusal::unauthorized("the token is used, too old or none of this server")
}

fn unknown_is_refused(problem: StoreError) -> Refusal {
    match problem {
        StoreError::NotFound(_) => refused(),
        problem => problem.into(),
    }
}

/// The UUID of a ticket by its text, which opens the same.
pub(crate) fn uuid_of(text: &str) -> Option<String> {
    let (_, secret) = text.rsplit_once('.')?;
    Some(uuid(secret))
}

/// Whether a text is a UUID.
pub(crate) fn is_uuid(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let is_hexadecimal = |it: u8| it.is_ascii_hexdigit() || it == b'-';
    groups == [8, 4, 4, 4, 12] && text.bytes().all(is_hexadecimal)
}

/// A UUID (RFC 9562, version 8) that nobody can guess who does not know the secret.
fn uuid(secret: &str) -> String {
    let digits = digest(&format!("uuid of {secret}"));
    let [a, b, c, d, e] = [0..8, 8..12, 13..16, 17..20, 20..32].map(|part| &digits[part]);
    format!("{a}-{b}-8{c}-8{d}-{e}")
}

/// SHA-256, so that the database opens nothing.
pub(crate) fn digest(secret: &str) -> String {
    let digest = Sha256::digest(secret.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
