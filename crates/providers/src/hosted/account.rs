//! Where a vendor's server is and what opens it.

use std::fmt;

use reqwest::header::HeaderMap;

/// A key, which is written nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// A key without the white space around it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// For the request that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// A server and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What errors and logs call it, such as `openai`.
    pub provider: String,
    /// The address below which its paths are, without a slash at the end.
    pub base_url: String,
    /// `None` for servers that ask for none.
    pub key: Option<ApiKey>,
    /// Headers of each request beyond those that are always set.
    pub headers: HeaderMap,
    /// Written into the address of each request as `api-version`, where there is one: letters,
    /// digits, `-`, `.` and `_`.
    pub api_version: Option<String>,
}

impl Account {
    /// An account; slashes at the end of the address are left out.
    #[must_use]
    pub fn new(provider: &str, base_url: &str, key: Option<ApiKey>) -> Self {
        Self {
            provider: provider.to_owned(),
            base_url: base_url.trim_end_matches('/').to_owned(),
            key,
            headers: HeaderMap::new(),
            api_version: None,
        }
    }

    /// The address of a path, which begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        match &self.api_version {
            Some(version) => format!("{}{path}?api-version={version}", self.base_url),
            None => format!("{}{path}", self.base_url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_shown() {
        let account = Account::new("openai", "https://a.test/v1/", Some(ApiKey::new(" sk-1\n")));
        assert_eq!(account.url("/models"), "https://a.test/v1/models");
        assert_eq!(account.key.as_ref().map(ApiKey::expose), Some("sk-1"));
        assert!(!format!("{account:?}").contains("sk-1"));
        let versioned = Account {
            api_version: Some("2025-01-01".to_owned()),
            ..account
        };
        let address = "https://a.test/v1/models?api-version=2025-01-01";
        assert_eq!(versioned.url("/models"), address);
    }
}
