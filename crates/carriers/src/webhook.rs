//! A carrier's request, and what it says of a call.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::form::Form;

/// Most fields of the address that go along with a call, and the longest of them in bytes.
const PARAMETERS_MAX: usize = 50;
const PARAMETER_BYTES_MAX: usize = 1_000;
/// Longest name of a party, in bytes: a SIP address may be one.
const PARTY_BYTES_MAX: usize = 256;
/// Shortest number that is taken for one of E.164 without its plus.
const DIGITS_MIN: usize = 7;

/// A request of a carrier, with POST.
#[derive(Debug, Clone, Copy)]
pub struct Webhook<'r> {
    /// The address that the carrier was told, with its query: the public one, not that behind a
    /// proxy.
    pub url: &'r str,
    /// Headers by their names in lower case.
    pub headers: &'r [(&'r str, &'r str)],
    /// The body as it came.
    pub body: &'r [u8],
    /// The time, in seconds since 1970.
    pub now_s: i64,
}

/// A call that rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingCall {
    /// The carrier's id of the call.
    pub id: String,
    /// Who calls, as the carrier writes it: mostly E.164, also a SIP address or `anonymous`.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// Fields of the address that the carrier was told, such as `?campaign=spring`.
    pub parameters: BTreeMap<String, String>,
}

/// A request that announces no call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookProblem {
    /// A field is missing.
    #[error("the request has no field {0}")]
    Missing(&'static str),
    /// The carrier announces no calls.
    #[error("this carrier announces no calls")]
    Unannounced,
    /// A field is longer than any number or address.
    #[error("the request's field {0} is too long")]
    TooLong(&'static str),
}

impl Webhook<'_> {
    /// The first header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(header, _)| *header == name);
        found.next().map(|(_, value)| *value)
    }

    /// Reads a call whose id stands in the field `id`.
    pub(crate) fn call(&self, id: &'static str) -> Result<IncomingCall, WebhookProblem> {
        let form = Form::read(self.body);
        self.call_of([id, "From", "To"], |name| form.get(name).map(str::to_owned))
    }

    /// Reads a call of which an object in JSON tells the id, who calls and who is called, in these
    /// fields.
    pub(crate) fn json_call(
        &self,
        names: [&'static str; 3],
    ) -> Result<IncomingCall, WebhookProblem> {
        let body: Value = serde_json::from_slice(self.body).unwrap_or_default();
        self.call_of(names, |name| match &body[name] {
            Value::String(text) => Some(text.clone()).filter(|it| !it.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    fn call_of(
        &self,
        [id, from, to]: [&'static str; 3],
        read: impl Fn(&'static str) -> Option<String>,
    ) -> Result<IncomingCall, WebhookProblem> {
        let field = |name: &'static str| match read(name) {
            None => Err(WebhookProblem::Missing(name)),
            Some(text) if text.len() > PARTY_BYTES_MAX => Err(WebhookProblem::TooLong(name)),
            Some(text) => Ok(text.trim().to_owned()),
        };
        let is_short = |text: &str| text.len() <= PARAMETER_BYTES_MAX;
        Ok(IncomingCall {
            id: field(id)?,
            // Some callers do not say who they are.
            from: match field(from) {
                Err(WebhookProblem::Missing(_)) => String::new(),
                read => read?,
            },
            to: field(to)?,
            parameters: Form::of_query(self.url)
                .0
                .into_iter()
                .filter(|(name, value)| is_short(name) && is_short(value))
                .take(PARAMETERS_MAX)
                .collect(),
        })
    }
}

/// A number of E.164 with its plus, where it was written without; other parties as they are.
pub(crate) fn with_plus(party: String) -> String {
    let is_number = party.len() >= DIGITS_MIN && party.bytes().all(|it| it.is_ascii_digit());
    if is_number {
        format!("+{party}")
    } else {
        party
    }
}
