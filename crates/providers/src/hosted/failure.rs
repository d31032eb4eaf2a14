//! What went wrong with a request, and whether the same request may do better soon.

use std::time::Duration;

use offhook_contract::ProviderError;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;

/// Characters of a vendor's own words that an error repeats.
const WORDS_MAX: usize = 300;

/// Bytes of an error's body that are read.
const BODY_MAX: usize = 64 << 10;

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) error: ProviderError,
    /// When the same request may be made again; `None` where it will fail again.
    pub(crate) retry_after: Option<Duration>,
    /// The vendor's own name for what is wrong and the field that it names, where it says.
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
}

impl Failure {
    /// The connection failed, or the server broke off.
    pub(crate) fn of_transport(provider: &str, problem: &reqwest::Error) -> Self {
        let problem = problem.without_url_chain();
        Self::passing(ProviderError::Unavailable {
            provider: provider.to_owned(),
            problem,
        })
    }

    /// Something that may be better at once.
    pub(crate) fn passing(error: ProviderError) -> Self {
        Self {
            error,
            retry_after: Some(Duration::ZERO),
            code: None,
            param: None,
        }
    }

    /// Something that stays as it is.
    pub(crate) fn lasting(error: ProviderError) -> Self {
        Self {
            retry_after: None,
            ..Self::passing(error)
        }
    }
}

/// Nothing came in time.
pub(crate) fn too_slow(provider: &str, waited: Duration) -> ProviderError {
    ProviderError::TimedOut {
        provider: provider.to_owned(),
        waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
    }
}

/// It answered with something that makes no sense.
pub(crate) fn malformed(provider: &str, problem: String) -> ProviderError {
    ProviderError::Malformed {
        provider: provider.to_owned(),
        problem,
    }
}

/// An error with its causes and without its address, in which a key may stand.
trait WithoutUrl {
    fn without_url_chain(&self) -> String;
}

impl WithoutUrl for reqwest::Error {
    fn without_url_chain(&self) -> String {
        let mut words = if self.is_timeout() {
            "the connection timed out".to_owned()
        } else if self.is_connect() {
            "it cannot be connected to".to_owned()
        } else {
            "the connection broke".to_owned()
        };
        let mut cause = std::error::Error::source(self);
        while let Some(problem) = cause {
            words.push_str(": ");
            words.push_str(&problem.to_string());
            cause = problem.source();
        }
        words
    }
}

/// What an answer that is no success says.
pub(crate) async fn refused(provider: &str, response: Response) -> Failure {
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let body = body(response).await;
    let words = Words::read(&body);
    let problem = match words.message {
        Some(message) => format!("{status}: {message}"),
        None => status.to_string(),
    };
    let provider = provider.to_owned();
    let is_passing = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS && words.code.as_deref() != Some(NO_CREDIT)
        || status == StatusCode::REQUEST_TIMEOUT;
    let error = if is_passing {
        ProviderError::Unavailable { provider, problem }
    } else {
        ProviderError::Rejected { provider, problem }
    };
    Failure {
        error,
        retry_after: is_passing.then(|| retry_after.or(words.retry_after).unwrap_or_default()),
        code: words.code,
        param: words.param,
    }
}

/// Too many requests for ever: nothing is left to pay with.
const NO_CREDIT: &str = "insufficient_quota";

/// A vendor's own words about an error.
#[derive(Debug, Default, PartialEq, Eq)]
struct Words {
    message: Option<String>,
    code: Option<String>,
    param: Option<String>,
    /// Google says this beside its words.
    retry_after: Option<Duration>,
}

impl Words {
    /// Reads the shapes that vendors have: `error` or `detail` with a message in it or as a text,
    /// or fields at the top; else the text itself.
    fn read(body: &str) -> Self {
        let Ok(json) = serde_json::from_str::<Value>(body) else {
            return Self {
                message: short(body),
                ..Self::default()
            };
        };
        let json = match json {
            Value::Array(mut items) if !items.is_empty() => items.swap_remove(0),
            json => json,
        };
        let inner = ["error", "detail"].iter().find_map(|name| json.get(name));
        let inner = inner.unwrap_or(&json);
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| inner.get(name)?.as_str());
            found.and_then(short)
        };
        let message = inner.as_str().and_then(short);
        Self {
            message: message.or_else(|| text(&["message", "err_msg", "reason", "title"])),
            code: text(&["code", "err_code", "status", "type"]),
            param: text(&["param"]),
            retry_after: (inner.get("details").and_then(Value::as_array))
                .and_then(|details| details.iter().find_map(retry_delay)),
        }
    }
}

/// Seconds with an `s` behind them.
fn retry_delay(detail: &Value) -> Option<Duration> {
    let seconds = detail.get("retryDelay")?.as_str()?.strip_suffix('s')?;
    Duration::try_from_secs_f64(seconds.parse().ok()?).ok()
}

pub(super) fn short(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(WORDS_MAX).collect();
    (!text.is_empty()).then_some(text)
}

/// Seconds, as vendors write it; dates are not used by any of them.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let seconds: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

async fn body(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let left = BODY_MAX.saturating_sub(bytes.len());
        bytes.extend_from_slice(&chunk[..chunk.len().min(left)]);
        if left <= chunk.len() {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_words_are_found_in_their_shapes() {
        let read = |body: &str| {
            let words = Words::read(body);
            [words.message, words.code, words.param].map(Option::unwrap_or_default)
        };
        assert_eq!(
            read(
                r#"{"error":{"message":"no such model","code":"model_not_found","param":"model"}}"#
            ),
            ["no such model", "model_not_found", "model"]
        );
        assert_eq!(
            read(r#"{"detail":{"status":"invalid_api_key","message":"wrong key"}}"#),
            ["wrong key", "invalid_api_key", ""]
        );
        assert_eq!(
            read(r#"{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials."}"#),
            ["Invalid credentials.", "INVALID_AUTH", ""]
        );
        assert_eq!(read(r#"{"error":"overloaded"}"#), ["overloaded", "", ""]);
        assert_eq!(
            read(r#"[{"error":{"message":"bad","status":"INVALID_ARGUMENT"}}]"#),
            ["bad", "INVALID_ARGUMENT", ""]
        );
        let busy = r#"{"error":{"code":429,"message":"busy","status":"RESOURCE_EXHAUSTED","details":
            [{"@type":"QuotaFailure"},{"@type":"RetryInfo","retryDelay":"3.5s"}]}}"#;
        assert_eq!(read(busy), ["busy", "RESOURCE_EXHAUSTED", ""]);
        assert_eq!(
            Words::read(busy).retry_after,
            Some(Duration::from_millis(3_500))
        );
        assert_eq!(read(" busy \n"), ["busy", "", ""]);
        assert_eq!(read(""), ["", "", ""]);
        assert_eq!(
            Words::read(&"é".repeat(900))
                .message
                .unwrap()
                .chars()
                .count(),
            300
        );
    }

    #[test]
    fn seconds_to_wait_are_read() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(read("2"), Some(Duration::from_secs(2)));
        assert_eq!(read(" 0.25 "), Some(Duration::from_millis(250)));
        assert_eq!(read("-1"), None);
        assert_eq!(read("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(read("1e99"), None);
    }
}
