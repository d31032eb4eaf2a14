//! What the request for a socket brings along, beside what its messages say: fields of its address,
//! and an agent with a key.

use axum::http::{HeaderMap, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_transport::media_stream::wire::StreamStart;

const API_KEY: &str = "x-api-key";
/// Most fields of an address, and the longest name and value of one in bytes.
const FIELDS_MAX: usize = 50;
const FIELD_BYTES_MAX: usize = 2_000;

/// What a request brings.
#[derive(Debug, Default)]
pub(super) struct Brought {
    fields: Vec<(String, String)>,
    /// An agent's name or id, and a key to its workspace, as user and password (RFC 7617): they stand
    /// before the host of an address.
    agent: Option<(String, String)>,
    /// A key alone, in a header of its own.
    key: Option<String>,
    /// The headers that tell a page of a browser, from which a server without keys is shut.
    pub(super) whence: HeaderMap,
}

impl Brought {
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let query = uri.query().unwrap_or_default();
        let is_short = |text: &str| text.len() <= FIELD_BYTES_MAX;
        let fields = form_urlencoded::parse(query.as_bytes()).into_owned();
        Self {
            fields: fields
                .filter(|(name, value)| is_short(name) && is_short(value))
                .take(FIELDS_MAX)
                .collect(),
            agent: headers
                .get(header::AUTHORIZATION)
                .and_then(|it| user_and_password(it.to_str().ok()?)),
            key: headers
                .get(API_KEY)
                .and_then(|it| Some(it.to_str().ok()?.to_owned())),
            whence: [header::HOST, header::ORIGIN]
                .into_iter()
                .filter_map(|name| Some((name.clone(), headers.get(name)?.clone())))
                .collect(),
        }
    }

    /// An agent's name or id with a key to its workspace; `named` is one that the stream names.
    pub(super) fn agent(&mut self, named: Option<String>) -> Option<(String, String)> {
        self.agent.take().or_else(|| named.zip(self.key.take()))
    }

    /// Adds the fields to the parameters of a stream that does not have them.
    pub(super) fn complete(&mut self, start: &mut StreamStart) {
        for (name, value) in self.fields.drain(..) {
            start.parameters.entry(name).or_insert(value);
        }
    }
}

fn user_and_password(header: &str) -> Option<(String, String)> {
    let (scheme, text) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
