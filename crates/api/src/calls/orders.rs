//! What is done to calls: followed, ended, ordered, deleted; and their recordings.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::stream::{self, BoxStream, StreamExt as _};
use offhook_call::Control;
use offhook_store::Workspace;
use tower_http::services::ServeFile;

use super::CallView;
use crate::live::{Followed, afar, ended_events};
use crate::{Api, Refusal};

impl Api {
    /// What happens in a call: everything so far, but for what has a number up to `after`, then
    /// everything as it happens. Of a call that is over it is what was said, and its end; of one
    /// that another process holds it is the same, as it is stored, with numbers of its own.
    ///
    /// # Errors
    /// 404 where the workspace has no such call; else as the database.
    pub async fn follow_call(
        &self,
        workspace: &Workspace,
        id: &str,
        after: Option<u64>,
    ) -> Result<BoxStream<'static, Followed>, Refusal> {
        if let Some(live) = self.live().call(workspace.id(), id) {
            let after = after.unwrap_or(0);
            let is_new = move |followed: &Followed| match followed {
                Followed::Event(told) => told.number > after,
                Followed::Missed(_) => true,
            };
            let events = live.watch().follow(self.live());
            return Ok(events
                .filter(move |followed| std::future::ready(is_new(followed)))
                .boxed());
        }
        let call = CallView::of(&workspace.call(id).await?);
        if !call.is_over() {
            return Ok(afar(workspace, &call, self.live()));
        }
        let events = ended_events(&call).into_iter().map(Followed::Event);
        Ok(stream::iter(events).boxed())
    }

    /// Ends a call; one that was placed and that nobody has answered is taken back.
    ///
    /// # Errors
    /// 404 where the workspace has no such call, 409 where it is over or runs elsewhere; else as
    /// the database.
    pub async fn end_call(&self, workspace: &Workspace, id: &str) -> Result<(), Refusal> {
        match self.live().call(workspace.id(), id) {
            Some(live) => live.hang_up("ended_by_api").map_err(|_| not_active()),
            None => {
                let call = workspace.call(id).await?;
                let is_waiting = CallView::of(&call).is_waiting();
                if is_waiting && self.take_back(workspace, &call).await? {
                    return Ok(());
                }
                Err(self.why_not_here(workspace, id).await)
            }
        }
    }

    /// Gives a call an order, which it carries out at once.
    ///
    /// # Errors
    /// 429 where the call has not come to the orders before; else as [`Api::end_call`].
    pub async fn order_call(
        &self,
        workspace: &Workspace,
        id: &str,
        order: Control,
    ) -> Result<(), Refusal> {
        match self.live().call(workspace.id(), id) {
            Some(live) => live.order(order).map_err(|_| match live.is_over() {
                true => not_active(),
                false => too_many(),
            }),
            None => Err(self.why_not_here(workspace, id).await),
        }
    }

    pub(crate) async fn why_not_here(&self, workspace: &Workspace, id: &str) -> Refusal {
        match workspace.call(id).await {
            Ok(call) if CallView::of(&call).is_active() => elsewhere(),
            Ok(_) => not_active(),
            Err(problem) => problem.into(),
        }
    }

    /// Deletes a call that is over, and its recording.
    ///
    /// # Errors
    /// 404 where the workspace has no such call, 409 where it is up; else as the database.
    pub async fn delete_call(&self, workspace: &Workspace, id: &str) -> Result<(), Refusal> {
        let call = self.call(workspace, id).await?;
        if !call.is_over() {
            let message = "the call is up; end it first";
            return Err(Refusal::new(StatusCode::CONFLICT, "active", message));
        }
        if let Some(file) = self.recording_file(&call)
            && let Err(problem) = tokio::fs::remove_file(file).await
            && problem.kind() != std::io::ErrorKind::NotFound
        {
            tracing::error!(%problem, call_id = id, "a recording cannot be deleted");
            let message = "the recording cannot be deleted; the server's log says why";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return Err(Refusal::new(status, "internal", message));
        }
        Ok(workspace.delete_call(id).await?)
    }

    /// The recording of a call as a WAV file, or the part of it that `request` asks for.
    ///
    /// # Errors
    /// 404 where none is kept here.
    pub async fn recording(&self, call: &CallView, request: Request) -> Result<Response, Refusal> {
        let file = self.recording_file(call);
        let file = file.ok_or_else(|| Refusal::not_found("recording"))?;
        let kind = "audio/wav"
            .parse()
            .map_err(|_| Refusal::not_found("kind"))?;
        let answer = ServeFile::new_with_mime(file, &kind)
            .try_call(request)
            .await;
        let mut response = answer
            .map_err(|problem| {
                tracing::error!(%problem, call_id = call.id, "a recording cannot be read");
                Refusal::not_found("recording")
            })?
            .map(Body::new);
        if response.status() == StatusCode::NOT_FOUND {
            return Err(Refusal::not_found("recording"));
        }
        let name = format!("attachment; filename=\"{}.wav\"", call.id);
        if let Ok(name) = HeaderValue::from_str(&name) {
            response
                .headers_mut()
                .insert(header::CONTENT_DISPOSITION, name);
        }
        Ok(response)
    }

    fn recording_file(&self, call: &CallView) -> Option<std::path::PathBuf> {
        let kept = call.document.recording.as_ref()?;
        let folder = self.settings().recordings.as_ref()?;
        Some(folder.join(recording_name(&kept.file)?))
    }
}

/// The name of a recording's file, where it is one within its folder.
pub(crate) fn recording_name(name: &str) -> Option<&str> {
    let is_plain = !name.is_empty() && !name.contains(['/', '\\', '\0']);
    (is_plain && name != "." && name != "..").then_some(name)
}

fn not_active() -> Refusal {
    Refusal::new(StatusCode::CONFLICT, "not_active", "the call is not active")
}

fn too_many() -> Refusal {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let message = "the call has not come to the orders before this one";
    Refusal::new(status, "too_many_orders", message).after(Duration::from_secs(1))
}

fn elsewhere() -> Refusal {
    let message = "the call does not run in this process";
    Refusal::new(StatusCode::CONFLICT, "elsewhere", message)
}
