//! Who asks: the key in a request's headers, and the workspace that it opens.

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use offhook_store::{Role, Workspace};

use crate::{Api, Refusal};

/// The workspace of a server that has no keys yet.
const DEFAULT_WORKSPACE: &str = "default";

/// Where an API's clients put their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// A header of its own; its name in lower case.
    Header(&'static str),
}

/// What a request may do and where: an extension of every request that has passed the door.
#[derive(Debug, Clone)]
pub struct Access {
    /// The rows that are open.
    pub workspace: Workspace,
    /// Whether they may be changed too.
    pub role: Role,
    /// The id of the key; `None` on a server that has no keys.
    pub key: Option<String>,
    /// The dialect that the key was made for, where that was said.
    pub dialect: Option<String>,
}

impl Credential {
    /// What a client is told to send.
    fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Authorization: Bearer KEY",
            Self::Header(name) => name,
        }
    }

    fn of(self, headers: &HeaderMap) -> Option<&str> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        match self {
            Self::Header(name) => text(name),
            Self::Bearer => {
                let (scheme, key) = text(header::AUTHORIZATION.as_str())?.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
            }
        }
    }
}

impl Api {
    /// Finds out who asks, by the first of the credentials that the request has.
    ///
    /// # Errors
    /// Where there is no key, a key that opens nothing, or no database.
    pub async fn access(
        &self,
        credentials: &[Credential],
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Access, Refusal> {
        let key = credentials.iter().find_map(|it| it.of(headers));
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            return self.open_access(credentials, uri, headers).await;
        };
        let Some(key) = self.store().key(key).await? else {
            // Official clients always send some key.
            if self.is_open().await? {
                return self.open_access(credentials, uri, headers).await;
            }
            return Err(Refusal::unauthorized(
                "the key opens nothing, or is revoked",
            ));
        };
        Ok(Access {
            workspace: self.store().workspace(&key.workspace),
            role: key.role,
            key: Some(key.id),
            dialect: key.dialect,
        })
    }

    /// Whether no key is needed.
    async fn is_open(&self) -> Result<bool, Refusal> {
        Ok(self.settings().is_loopback && !self.store().has_keys().await?)
    }

    /// A server that only this machine can reach, and that never had a key, is for local
    /// development: everybody is let in. Everybody but a page from elsewhere in a browser, which
    /// shows in its `Origin`, or in a `Host` that is made to lead here.
    async fn open_access(
        &self,
        credentials: &[Credential],
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Access, Refusal> {
        if !self.is_open().await? {
            let names: Vec<_> = credentials.iter().map(|it| it.name()).collect();
            let message = format!("a key is needed; send it as {}", names.join(" or "));
            return Err(Refusal::unauthorized(&message));
        }
        let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
        let host = host.or_else(|| uri.authority().map(|it| it.as_str()));
        let origin = headers.get(header::ORIGIN).map(|it| it.to_str());
        let is_from_here = host.is_none_or(is_loopback)
            && origin.is_none_or(|origin| {
                let address = origin.ok().and_then(|it| it.split_once("://"));
                address.is_some_and(|(_, host)| is_loopback(host))
            });
        if !is_from_here {
            let message = "without a key this server answers only pages of this machine; make one \
                           with `offhook keys create`";
            return Err(Refusal::unauthorized(message));
        }
        let workspace = self.store().workspace_or_new(DEFAULT_WORKSPACE).await?;
        Ok(Access {
            workspace: self.store().workspace(&workspace.id),
            role: Role::Editor,
            key: None,
            dialect: None,
        })
    }
}

impl Access {
    /// Refuses what the role may not do.
    pub(crate) fn check(&self, method: &Method) -> Result<(), Refusal> {
        let is_reading = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if self.role == Role::Editor || is_reading {
            return Ok(());
        }
        let message = "this key may only read";
        Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden", message))
    }

    /// What rates are counted by.
    pub(crate) fn rate_key(&self) -> &str {
        self.key.as_deref().unwrap_or("")
    }
}

/// Whether `host`, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let address = name.parse::<std::net::IpAddr>();
    address.map_or_else(
        |_| name.eq_ignore_ascii_case("localhost"),
        |address| address.is_loopback(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        for here in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:80",
            "[::1]",
        ] {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in [
            "",
            "example.com",
            "localhost.example.com:80",
            "10.0.0.1",
            "[::2]:80",
        ] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }
}
