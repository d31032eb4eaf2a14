//! The id of a request: what the client and the log call it.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use offhook_store::{new_id, now_ms};

const CHARS_MAX: usize = 64;

/// The id of a request, given back in `x-request-id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The header that carries it, both ways.
    pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

    /// The client's own where it sent one that is fit for a log, else a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get(Self::HEADER).and_then(|it| it.to_str().ok());
        let is_fit = |id: &&str| {
            let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
            (1..=CHARS_MAX).contains(&id.len()) && id.bytes().all(is_plain)
        };
        let made = || new_id("req").unwrap_or_else(|_| format!("req_{:x}", now_ms()));
        Self(sent.filter(is_fit).map_or_else(made, str::to_owned))
    }

    /// The id as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_id_of_the_client_is_kept_and_any_other_is_replaced() {
        let of = |sent: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RequestId::HEADER, HeaderValue::from_static(sent));
            RequestId::of(&headers).to_string()
        };
        assert_eq!(of("job-7.retry_2"), "job-7.retry_2");
        for unfit in ["", "two words", "a\"b", &"x".repeat(65).leak()[..]] {
            assert!(of(unfit).starts_with("req_"), "{unfit}");
        }
        let made = || RequestId::of(&HeaderMap::new());
        assert_ne!(made(), made());
    }
}
