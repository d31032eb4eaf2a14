//! The objects beside agents (call flows, tools, webhooks, numbers): the same verbs for all, over a
//! table of fields.

use offhook_store::{PageQuery, StoreError, StoredObject, Workspace};
use serde_json::Value;

use super::agents::invalid;
use super::field::Field;
use super::{check, mapping};
use crate::Refusal;

/// A kind of object.
pub(crate) struct ObjectKind {
    /// Its key in the store.
    pub(crate) name: &'static str,
    /// How ids begin.
    pub(crate) id_prefix: &'static str,
    /// What clients call it.
    pub(crate) title: &'static str,
    pub(crate) fields: &'static [Field],
}

/// How often a change is laid over an object that others change at the same time.
const TRIES: usize = 256;

/// Most objects of a kind that are shown where a list has no pages.
const LISTED_MAX: u32 = 1_000;

impl ObjectKind {
    /// Refuses a body with problems.
    pub(crate) fn check(&self, body: &Value, is_partial: bool) -> Result<(), Refusal> {
        let problems = check::problems(self.fields, body, is_partial);
        if problems.is_empty() {
            Ok(())
        } else {
            Err(invalid(problems))
        }
    }

    pub(crate) async fn create(
        &self,
        workspace: &Workspace,
        body: Value,
    ) -> Result<StoredObject, Refusal> {
        self.check(&body, false)?;
        let created = workspace.create_object(self.name, self.id_prefix, body);
        Ok(created.await?)
    }

    pub(crate) async fn find(
        &self,
        workspace: &Workspace,
        id: &str,
    ) -> Result<StoredObject, Refusal> {
        match workspace.object(self.name, id).await {
            Err(StoreError::NotFound(_)) => Err(Refusal::not_found(self.title)),
            found => Ok(found?),
        }
    }

    /// The first thousand, newest first.
    pub(crate) async fn all(&self, workspace: &Workspace) -> Result<Vec<StoredObject>, Refusal> {
        let query = PageQuery {
            limit: LISTED_MAX,
            ..PageQuery::default()
        };
        Ok(workspace.objects(self.name, &query).await?.items)
    }

    /// Lays a change over an object: sections field by field, everything else whole.
    pub(crate) async fn update(
        &self,
        workspace: &Workspace,
        id: &str,
        body: &Value,
    ) -> Result<StoredObject, Refusal> {
        self.check(body, true)?;
        self.lay_over(workspace, id, body).await
    }

    /// The same with a change that is checked already, and may hold what no client can send.
    pub(crate) async fn lay_over(
        &self,
        workspace: &Workspace,
        id: &str,
        body: &Value,
    ) -> Result<StoredObject, Refusal> {
        for _ in 0..TRIES {
            let current = self.find(workspace, id).await?;
            let mut document = current.document;
            mapping::merge(self.fields, "", &mut document, body);
            let expected = Some(current.revision);
            match workspace
                .update_object(self.name, id, expected, document)
                .await
            {
                Ok(object) => return Ok(object),
                Err(StoreError::Conflict { .. }) => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        let message = "others change this object all the time";
        let status = axum::http::StatusCode::CONFLICT;
        Err(Refusal::new(status, "conflict", message))
    }

    pub(crate) async fn delete(
        &self,
        workspace: &Workspace,
        id: &str,
    ) -> Result<StoredObject, Refusal> {
        let object = self.find(workspace, id).await?;
        workspace.delete_object(self.name, id, None).await?;
        Ok(object)
    }
}

/// What a client is shown of an object, with its defaults.
pub(crate) fn filled(kind: &ObjectKind, object: &StoredObject) -> Value {
    let mut document = object.document.clone();
    mapping::fill(kind.fields, &mut document);
    document
}
