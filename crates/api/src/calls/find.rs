//! Calls by id and in lists: from the database, and from this process as long as they run in it.

use offhook_store::{CallQuery, Page, StoreError, Workspace};
use serde_json::Value;

use super::CallView;
use crate::{Api, Refusal};

impl Api {
    /// The call of that id, as it stands now.
    ///
    /// # Errors
    /// 404 where the workspace has none; else as the database.
    pub async fn call(&self, workspace: &Workspace, id: &str) -> Result<CallView, Refusal> {
        if let Some(live) = self.live().call(workspace.id(), id) {
            return Ok(CallView::of(&live.stored()));
        }
        Ok(CallView::of(&workspace.call(id).await?))
    }

    /// A page of calls, the latest first; those that run in this process as they stand now.
    ///
    /// # Errors
    /// As the database.
    pub async fn calls(
        &self,
        workspace: &Workspace,
        query: &CallQuery,
    ) -> Result<Page<CallView>, Refusal> {
        let page = workspace.calls(query).await?;
        Ok(page.map(|call| {
            let live = self.live().call(workspace.id(), &call.id);
            CallView::of(&live.map_or(call, |live| live.stored()))
        }))
    }

    /// Writes one field of a call's document, whether it is up or over.
    ///
    /// # Errors
    /// 404 where the workspace has no such call; else as the database.
    pub async fn note_on_call(
        &self,
        workspace: &Workspace,
        id: &str,
        field: &str,
        value: Value,
    ) -> Result<(), Refusal> {
        let live = self.live().call(workspace.id(), id);
        if let Some(live) = &live {
            live.note(field, value.clone());
        }
        match workspace.note_on_call(id, field, &value).await {
            // Its first record may be on its way to the database.
            Err(StoreError::NotFound(_)) if live.is_some() => Ok(()),
            done => Ok(done?),
        }
    }
}
