//! Why a request is refused, in no API's shape yet: the door of the API gives it one.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use offhook_store::StoreError;

/// A request that is not done. As a response it is empty; the [`Door`](crate::Door) that it leaves
/// by writes its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable word for programs, such as `not_found`.
    pub code: &'static str,
    /// What is wrong and what is allowed, for people.
    pub message: String,
    /// What is wrong with which field; empty where it is about no field.
    pub problems: Vec<Problem>,
    /// When the same may work.
    pub retry_after: Option<Duration>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, such as `silence.reprompts[1]`; empty for the document as a whole.
    pub path: String,
    /// What is wrong and what is allowed.
    pub message: String,
    /// What kind of wrong it is: a stable word for programs, such as `missing`.
    pub kind: &'static str,
}

impl Refusal {
    /// A refusal about no field.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            problems: Vec::new(),
            retry_after: None,
        }
    }

    /// 422: the request is understood, and these of its fields cannot be.
    #[must_use]
    pub fn invalid(problems: Vec<Problem>) -> Self {
        let message = match problems.as_slice() {
            [one] if one.path.is_empty() => one.message.clone(),
            [one] => format!("{}: {}", one.path, one.message),
            many => format!("{} fields have problems", many.len()),
        };
        Self {
            problems,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
        }
    }

    /// 404: there is no such thing in this workspace.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        let message = format!("there is no such {what}");
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 401: no key, or one that opens nothing.
    #[must_use]
    pub fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// The same, and when to come back.
    #[must_use]
    pub fn after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }
}

impl Problem {
    /// A problem at a path.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            kind: "value_error",
        }
    }
}

impl From<StoreError> for Refusal {
    /// What the client may know; the rest goes to the log.
    fn from(problem: StoreError) -> Self {
        match problem {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Conflict { .. } => {
                Self::new(StatusCode::CONFLICT, "conflict", problem.to_string())
            }
            StoreError::Taken => Self::new(StatusCode::CONFLICT, "taken", problem.to_string()),
            StoreError::Nul => Self::invalid(vec![Problem::new("", problem.to_string())]),
            StoreError::Unavailable(cause) => {
                tracing::warn!(%cause, "the database cannot be reached");
                let message = "the database cannot be reached now";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
                    .after(Duration::from_secs(1))
            }
            StoreError::Refused(_)
            | StoreError::Damaged(_)
            | StoreError::Sealed(_)
            | StoreError::Unsupported(_)
            | StoreError::Random(_) => {
                let cause = std::error::Error::source(&problem).map(ToString::to_string);
                tracing::error!(%problem, cause, "a request failed");
                let message = "the server failed; its log says why, by the id of this request";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}
