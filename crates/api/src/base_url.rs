//! Where a client reaches this server, for addresses in answers.

use axum::http::{HeaderMap, header};

/// The scheme and the host that a request was sent to, such as `https://voice.example`; empty where
/// it does not say, so that addresses are relative.
pub(crate) fn base_url(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let Some(host) = text(header::HOST.as_str()).filter(|host| !host.is_empty()) else {
        return String::new();
    };
    // A proxy in front that ends TLS says so.
    let is_secure = text("x-forwarded-proto").is_some_and(|it| it.eq_ignore_ascii_case("https"));
    let scheme = if is_secure { "https" } else { "http" };
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_client_is_told_what_it_used_itself() {
        let mut headers = HeaderMap::new();
        assert_eq!(base_url(&headers), "");
        headers.insert("host", HeaderValue::from_static("127.0.0.1:8080"));
        assert_eq!(base_url(&headers), "http://127.0.0.1:8080");
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        assert_eq!(base_url(&headers), "https://127.0.0.1:8080");
    }
}
