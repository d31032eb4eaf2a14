//! One attempt: a request over HTTP.

use std::error::Error;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url, header};

use crate::public_address::{PublicNames, is_private_host};

/// How much of an answer is kept.
const ANSWER_CHARS_MAX: usize = 1_000;

/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 8 << 10;

/// The longest answer that is read to its end.
const WHOLE_BYTES_MAX: usize = 64 << 10;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Posts to receivers.
#[derive(Debug)]
pub(super) struct Poster {
    client: Client,
    allows_private: bool,
}

/// What a receiver answered.
#[derive(Debug)]
pub(super) struct Answered {
    /// The HTTP status.
    pub(super) status: u16,
    /// The beginning of the body.
    pub(super) body: String,
}

impl Poster {
    /// One that trusts the system's certificates, follows no redirect, and asks no proxy, which
    /// would look names up by itself.
    pub(super) fn new(allows_private: bool) -> Result<Self, reqwest::Error> {
        // Another part of the program may have chosen the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .no_proxy();
        if !allows_private {
            client = client.dns_resolver(PublicNames);
        }
        Ok(Self {
            client: client.build()?,
            allows_private,
        })
    }

    /// Sends `body`, which is JSON; in words where there was no answer within `timeout`.
    pub(super) async fn post(
        &self,
        url: &str,
        headers: Vec<(String, String)>,
        body: String,
        timeout: Duration,
    ) -> Result<Answered, String> {
        let headers = headers.iter().map(|(name, text)| (name.as_str(), text));
        let response = self.send(url, headers, body, timeout).await?;
        let status = response.status().as_u16();
        let body = beginning(response).await;
        Ok(Answered { status, body })
    }

    /// Sends `body`, which is JSON, and gives the whole body of an answer that takes it; in words
    /// where there was none within `timeout`.
    pub(super) async fn ask(
        &self,
        url: &str,
        headers: Vec<(String, String)>,
        body: String,
        timeout: Duration,
    ) -> Result<String, String> {
        let headers = headers.iter().map(|(name, text)| (name.as_str(), text));
        let mut response = self.send(url, headers, body, timeout).await?;
        if !response.status().is_success() {
            return Err(format!("it answered {}", response.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|it| said(&it, timeout))? {
            if bytes.len() + chunk.len() > WHOLE_BYTES_MAX {
                return Err(format!("its answer has more than {WHOLE_BYTES_MAX} bytes"));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_| "its answer is no text".to_owned())
    }

    async fn send<'a, Text: AsRef<str>>(
        &self,
        url: &str,
        headers: impl Iterator<Item = (&'a str, Text)>,
        body: String,
        timeout: Duration,
    ) -> Result<reqwest::Response, String> {
        let url = Url::parse(url).map_err(|problem| format!("the address is none: {problem}"))?;
        if !self.allows_private && is_private_host(&url) {
            return Err("the address is of a private network".into());
        }
        let mut request = self
            .client
            .post(url)
            .timeout(timeout)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body);
        for (name, value) in headers {
            request = request.header(name, value.as_ref());
        }
        request.send().await.map_err(|it| said(&it, timeout))
    }
}

/// The beginning of a body; what breaks off has said what it had to say.
async fn beginning(mut response: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_BYTES_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}");
    text.chars().take(ANSWER_CHARS_MAX).collect()
}

/// What went wrong, without the address, which may hold a token.
fn said(problem: &reqwest::Error, timeout: Duration) -> String {
    if problem.is_timeout() {
        return format!("no answer within {} s", timeout.as_secs());
    }
    let mut words = String::from(if problem.is_connect() {
        "no connection"
    } else {
        "the request failed"
    });
    let mut cause = problem.source();
    while let Some(problem) = cause {
        words.push_str(&format!(": {problem}"));
        cause = problem.source();
    }
    words.chars().take(ANSWER_CHARS_MAX).collect()
}
