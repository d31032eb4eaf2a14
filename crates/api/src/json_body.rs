//! JSON out of a request's body.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use crate::Refusal;

/// How deep a document may be: what is read here is kept inside other documents, and has to be
/// readable there too.
const DEPTH_MAX: usize = 100;

/// The JSON value that a request carries, for handlers that want nothing else of its body; refused
/// as by [`read_json`].
pub(crate) struct JsonBody(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|refused| refused.into_response())?;
        let value = read_json(&headers, &body);
        value.map(Self).map_err(|refusal| refusal.into_response())
    }
}

/// The JSON value that a request carries.
///
/// # Errors
/// 415 where the body is declared as something else, 400 where it is no JSON, with the place, or
/// is nested more than 100 deep.
pub fn read_json(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let declared = headers.get(header::CONTENT_TYPE).map(|it| it.to_str());
    let declared = declared.transpose().unwrap_or(None).unwrap_or("");
    let kind = declared.split(';').next().unwrap_or("").trim();
    let kind = kind.to_ascii_lowercase();
    let is_json =
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    if !is_json {
        let message = "the body must be JSON; send Content-Type: application/json";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refusal::new(status, "unsupported_media_type", message));
    }
    let malformed = |message: String| Refusal::new(StatusCode::BAD_REQUEST, "malformed", message);
    let value = serde_json::from_slice(body).map_err(|problem| {
        malformed(if body.iter().all(u8::is_ascii_whitespace) {
            "the body is empty; a JSON document is needed".to_owned()
        } else {
            format!("the body is no JSON: {problem}")
        })
    })?;
    if depth(&value) > DEPTH_MAX {
        let message = format!("the body is nested more than {DEPTH_MAX} deep");
        return Err(malformed(message));
    }
    Ok(value)
}

fn depth(value: &Value) -> usize {
    let inside = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => return 0,
    };
    1 + inside.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn read(kind: &'static str, body: &str) -> Result<Value, (u16, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        read_json(&headers, body.as_bytes())
            .map_err(|refusal| (refusal.status.as_u16(), refusal.message))
    }

    #[test]
    fn json_is_read_and_anything_else_is_refused_with_its_reason() {
        assert_eq!(read("application/json; charset=utf-8", "{}"), Ok(json!({})));
        assert_eq!(read("Application/Merge-Patch+JSON", "1.5"), Ok(json!(1.5)));
        assert_eq!(read("text/plain", "{}").unwrap_err().0, 415);
        let (status, message) = read("application/json", "{\"a\":\n}").unwrap_err();
        assert_eq!(status, 400);
        assert!(message.contains("line 2 column 1"), "{message}");
        assert!(
            read("application/json", " ")
                .unwrap_err()
                .1
                .contains("empty")
        );
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read("application/json", &nested(100)).is_ok());
        assert!(
            read("application/json", &nested(101))
                .unwrap_err()
                .1
                .contains("100 deep")
        );
        let deep = "[".repeat(100_000);
        assert_eq!(read("application/json", &deep).unwrap_err().0, 400);
    }
}
