//! What a carrier is asked over its REST API: to place a call, to end one, and which it has. Requests are made and
//! answers are read here; whoever has a socket sends them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::{Carrier, asterisk, exotel, jambonz, plivo, telnyx, twilio, vonage};

/// Longest text of a carrier that is told on, in characters.
const TEXT_CHARS_MAX: usize = 300;

/// An account with a carrier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Account<'a> {
    /// Its id: Twilio's, Telnyx's and jambonz' account SID, Plivo's auth id, Vonage's application id.
    pub id: &'a str,
    /// What opens it: Twilio's and Plivo's auth token, Telnyx's and jambonz' API key, for Vonage's what
    /// [`Carrier::pass`] makes of a private key.
    pub key: &'a str,
    /// The application that calls are placed with, where the carrier wants one: Telnyx's `TeXML`
    /// application.
    pub application: Option<&'a str>,
}

impl std::fmt::Debug for Account<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told = formatter.debug_struct("Account");
        told.field("id", &self.id).finish_non_exhaustive()
    }
}

/// A call to be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// The number that calls, in E.164.
    pub from: &'a str,
    /// The number that is called, in E.164.
    pub to: &'a str,
    /// Where the carrier asks what to do once somebody answers.
    pub answer_url: &'a str,
    /// Where it tells how the call goes.
    pub status_url: &'a str,
    /// How long it may ring, in seconds.
    pub ring_max_s: u64,
    /// How long the call may last, in seconds.
    pub duration_max_s: u64,
    /// Whether the carrier is to listen whether a machine has answered, beside the conversation;
    /// Asterisk and Exotel do not.
    pub detects_machines: bool,
    /// Our id of the call, for a carrier that takes one.
    pub id: &'a str,
    /// The UUID that lets the call's audio in, once, for a carrier that does not ask; else empty.
    pub uuid: &'a str,
    /// The address of the carrier's media streams.
    pub stream_url: &'a str,
}

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `DELETE`.
    Delete,
}

/// A request to a carrier.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Its headers; one of them opens the account.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: String,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told = formatter.debug_struct("Request");
        let told = told.field("method", &self.method).field("url", &self.url);
        told.finish_non_exhaustive()
    }
}

/// Why a carrier did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestProblem {
    /// It says no.
    #[error("the carrier answered {status}: {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// In its own words.
        text: String,
    },
    /// The account is not known to it, or the key is another's.
    #[error("the carrier does not take the account's key")]
    Key,
    /// It has no such call any more.
    #[error("the carrier has no such call")]
    Gone,
    /// It has enough for now.
    #[error("the carrier takes no more requests for now")]
    TooMany,
}

/// A private key with which nothing can be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// It is no key in PEM.
    #[error("it is no private key in PEM, from -----BEGIN PRIVATE KEY----- to its end")]
    Shape,
    /// It is of another kind.
    #[error("it is no RSA key of 2048 to 8192 bits")]
    Kind,
}

impl Carrier {
    /// What opens an account in a request that is made at `now_s`, in seconds since 1970: its secret,
    /// or what is signed with that. `nonce` is told once.
    ///
    /// # Errors
    /// [`KeyProblem`] where it has to be a private key, and is none.
    pub fn pass(
        self,
        id: &str,
        secret: &str,
        now_s: i64,
        nonce: &str,
    ) -> Result<String, KeyProblem> {
        match self {
            Self::Vonage => vonage::pass(id, secret, now_s, nonce),
            _ => Ok(secret.to_owned()),
        }
    }

    /// The request that places a call, to the API at `rest_url`.
    #[must_use]
    pub fn place(self, rest_url: &str, account: &Account<'_>, call: &Outgoing<'_>) -> Request {
        match self {
            Self::Twilio => twilio::place(rest_url, account, call),
            Self::Telnyx => telnyx::place(rest_url, account, call),
            Self::Plivo => plivo::place(rest_url, account, call),
            Self::Vonage => vonage::place(rest_url, account, call),
            Self::Jambonz => jambonz::place(rest_url, account, call),
            Self::Asterisk => asterisk::place(rest_url, account, call),
            Self::Exotel => exotel::place(rest_url, account, call),
        }
    }

    /// Reads the answer to [`Carrier::place`]: the carrier's id of the call, where it tells it now.
    ///
    /// # Errors
    /// [`RestProblem`] where no call was placed.
    pub fn placed(self, status: u16, body: &[u8]) -> Result<Option<String>, RestProblem> {
        let body = read(status, body)?;
        Ok(match self {
            Self::Twilio => text(&body, &["sid"]),
            Self::Telnyx => text(&body, &["sid", "call_sid", "call_control_id"])
                .or_else(|| text(&body["data"], &["sid", "call_sid", "call_control_id"])),
            Self::Plivo => text(&body, &["request_uuid"]),
            Self::Vonage => text(&body, &["uuid"]),
            Self::Jambonz => text(&body, &["sid", "call_sid"]),
            Self::Asterisk => text(&body, &["id"]),
            Self::Exotel => exotel::placed(&body),
        })
    }

    /// The request that ends a call with this id, or takes it back where nobody has answered yet;
    /// `None` of a carrier with which the end of the stream alone ends the call.
    #[must_use]
    pub fn hang_up(
        self,
        rest_url: &str,
        account: &Account<'_>,
        id: &str,
        is_answered: bool,
    ) -> Option<Request> {
        Some(match self {
            Self::Twilio => twilio::hang_up(rest_url, account, id),
            Self::Telnyx => telnyx::hang_up(rest_url, account, id),
            Self::Plivo => plivo::hang_up(rest_url, account, id, is_answered),
            Self::Vonage => vonage::hang_up(rest_url, account, id),
            Self::Jambonz => jambonz::hang_up(rest_url, account, id, is_answered),
            Self::Asterisk => asterisk::hang_up(rest_url, account, id),
            Self::Exotel => return None,
        })
    }

    /// Reads the answer to [`Carrier::hang_up`].
    ///
    /// # Errors
    /// [`RestProblem`] where the carrier did nothing, also because the call is over.
    pub fn hung_up(self, status: u16, body: &[u8]) -> Result<(), RestProblem> {
        read(status, body).map(|_| ())
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

/// A request with a form.
pub(crate) fn with_form(
    url: String,
    authorization: (&'static str, String),
    fields: &[(&str, &str)],
) -> Request {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        form.append_pair(name, value);
    }
    Request {
        method: Method::Post,
        url,
        headers: vec![authorization, (FORM.0, FORM.1.to_owned())],
        body: form.finish(),
    }
}

/// A request with JSON.
pub(crate) fn with_json(
    url: String,
    authorization: (&'static str, String),
    body: &Value,
) -> Request {
    json_by(Method::Post, url, authorization, body)
}

/// A request with JSON, made in that way.
pub(crate) fn json_by(
    method: Method,
    url: String,
    authorization: (&'static str, String),
    body: &Value,
) -> Request {
    Request {
        method,
        url,
        headers: vec![authorization, (JSON.0, JSON.1.to_owned())],
        body: body.to_string(),
    }
}

/// A request that only asks, with these fields in its address.
pub(crate) fn with_query(
    url: &str,
    authorization: (&'static str, String),
    fields: &[(&str, &str)],
) -> Request {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        query.append_pair(name, value);
    }
    Request {
        method: Method::Get,
        url: format!("{url}?{}", query.finish()),
        headers: vec![authorization],
        body: String::new(),
    }
}

/// The authorization of an account that is opened by its id and its key.
pub(crate) fn by_id(account: &Account<'_>) -> (&'static str, String) {
    let pair = format!("{}:{}", account.id, account.key);
    ("authorization", format!("Basic {}", STANDARD.encode(pair)))
}

/// The authorization of an account that is opened by a key alone.
pub(crate) fn bearer(account: &Account<'_>) -> (&'static str, String) {
    ("authorization", format!("Bearer {}", account.key))
}

/// A part of a path: an id that a carrier or an operator wrote.
pub(crate) fn part(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

/// Reads an answer: its JSON where the carrier did as it was asked.
pub(crate) fn read(status: u16, body: &[u8]) -> Result<Value, RestProblem> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match status {
        200..=299 => Ok(body),
        401 | 403 => Err(RestProblem::Key),
        404 => Err(RestProblem::Gone),
        429 => Err(RestProblem::TooMany),
        status => Err(RestProblem::Refused {
            status,
            text: words(&body),
        }),
    }
}

/// What a carrier says is wrong, without what it says of numbers and accounts beside that.
fn words(body: &Value) -> String {
    let first = &body["errors"][0];
    let places = [
        &body["message"],
        &first["detail"],
        &first["title"],
        &body["error"],
        &body["detail"],
        &body["error_title"],
        &body["title"],
        &body["msg"],
    ];
    let text = places.into_iter().find_map(Value::as_str);
    let text = text.unwrap_or("no words");
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// The first of these fields that has a text.
pub(crate) fn text(body: &Value, names: &[&str]) -> Option<String> {
    let found = names.iter().find_map(|name| body[*name].as_str());
    found.filter(|it| !it.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests;
