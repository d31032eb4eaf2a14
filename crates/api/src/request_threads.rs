//! Threads of their own for requests: reading, checking and writing documents takes milliseconds at
//! a time, and a call's frames are due every twenty. They step back where the processor is wanted by
//! calls.

use std::io;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;

/// How far the threads step back (`nice`).
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// Threads on which requests are answered. When it is dropped they end as soon as they can; what
/// they are at then is lost.
#[derive(Debug)]
pub struct RequestThreads {
    /// `None` while it is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl RequestThreads {
    /// Starts as many threads as there are processors.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_name("requests")
            .on_thread_start(step_back)
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// The same routes, answered on these threads. The connections stay where they are: what a
    /// route's WebSocket or stream of events sends comes from these threads all the same.
    pub fn carry(&self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self.handle.clone(), answer))
    }

    /// Where work that no call waits for belongs.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for RequestThreads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Answers a request on the threads behind `handle`. A client that goes away ends the work for it;
/// what panics ends its own connection.
async fn answer(State(handle): State<Handle>, request: Request<Body>, next: Next) -> Response {
    let answering = AbortOnDropHandle::new(handle.spawn(next.run(request)));
    match answering.await {
        Ok(response) => response,
        Err(problem) if problem.is_panic() => std::panic::resume_unwind(problem.into_panic()),
        // The threads are gone: the server ends.
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Lowers the calling thread's priority. On Linux it belongs to the thread; elsewhere it would be
/// the whole process's, which is left as it is.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "a thread for requests keeps its priority");
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::routing::get;
    use tokio::sync::oneshot;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(threads: &RequestThreads, routes: Router) -> Response {
        let request = Request::get("/").body(Body::empty()).expect("a request");
        let answer = threads.carry(routes).oneshot(request).await;
        answer.expect("an answer")
    }

    #[tokio::test]
    async fn requests_are_answered_on_their_threads() {
        let threads = RequestThreads::start().expect("threads");
        let name = || async { std::thread::current().name().unwrap_or_default().to_owned() };
        let answer = ask(&threads, Router::new().route("/", get(name))).await;
        let body = to_bytes(answer.into_body(), 100).await.expect("a body");
        assert_eq!(body, "requests");
    }

    #[tokio::test]
    async fn a_client_that_goes_away_ends_the_work_for_it() {
        let threads = RequestThreads::start().expect("threads");
        let (begun, wait) = oneshot::channel();
        let (held, gone) = oneshot::channel::<()>();
        let ends = std::sync::Mutex::new(Some((begun, held)));
        let ends = std::sync::Arc::new(ends);
        let never = move || {
            let ends = ends.lock().ok().and_then(|mut ends| ends.take());
            async move {
                let (begun, _held) = ends.expect("asked once");
                begun.send(()).expect("somebody waits");
                std::future::pending::<()>().await;
            }
        };
        let routes = Router::new().route("/", get(never));
        tokio::select! {
            _ = ask(&threads, routes) => panic!("it never answers"),
            _ = wait => {}
        }
        assert!(gone.await.is_err(), "what the work held is dropped");
    }
}
