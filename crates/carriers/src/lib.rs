//! What telephone carriers say over HTTP, as pure code: who is calling whom, whether it is really the
//! carrier that says so, and what it is told to do with the call; and what they are asked: to place a
//! call, to hand one over, and to end one. A [`Carrier`] gets a file.
//!
//! No sockets, no agents: whoever serves the requests brings them here as a [`Webhook`], and whoever
//! can send some is given a [`Request`].

mod answer;
mod audio;
mod form;
mod jambonz;
mod lookup;
mod origin;
mod plivo;
mod progress;
mod rest;
mod signature;
mod telnyx;
mod transfer;
mod twilio;
mod upgrade;
mod vonage;
mod webhook;

pub use answer::Answer;
pub use audio::{Audio, AudioProblem};
pub use lookup::{Finding, Sought};
pub use origin::{Document, Origin};
pub use progress::{AnsweredBy, Progress, Stage};
pub use rest::{Account, Method, Outgoing, Request, RestProblem};
pub use signature::SignatureProblem;
pub use transfer::{Dial, Dialled, Handover};
pub use upgrade::verify_upgrade;
pub use webhook::{IncomingCall, Webhook, WebhookProblem};

/// A carrier whose calls are answered, and which places calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// Twilio, by `TwiML`.
    Twilio,
    /// Telnyx, by `TeXML`.
    Telnyx,
    /// Plivo, by its XML.
    Plivo,
}

impl Carrier {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Twilio, Self::Telnyx, Self::Plivo];

    /// Its name in addresses and in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Plivo => "plivo",
        }
    }

    /// The variable of the environment with what its signatures are checked with: the auth token of
    /// the account, or the carrier's public key in base64.
    #[must_use]
    pub const fn key_variable(self) -> &'static str {
        match self {
            Self::Twilio => "TWILIO_AUTH_TOKEN",
            Self::Telnyx => "TELNYX_PUBLIC_KEY",
            Self::Plivo => "PLIVO_AUTH_TOKEN",
        }
    }

    /// The variable of the environment with the id of the account that calls are placed with.
    #[must_use]
    pub const fn account_variable(self) -> &'static str {
        match self {
            Self::Twilio => "TWILIO_ACCOUNT_SID",
            Self::Telnyx => "TELNYX_ACCOUNT_SID",
            Self::Plivo => "PLIVO_AUTH_ID",
        }
    }

    /// The variable of the environment with what opens that account.
    #[must_use]
    pub const fn secret_variable(self) -> &'static str {
        match self {
            Self::Twilio => "TWILIO_AUTH_TOKEN",
            Self::Telnyx => "TELNYX_API_KEY",
            Self::Plivo => "PLIVO_AUTH_TOKEN",
        }
    }

    /// The variable of the environment with the application that calls are placed with, where the
    /// carrier wants one.
    #[must_use]
    pub const fn application_variable(self) -> Option<&'static str> {
        match self {
            Self::Telnyx => Some("TELNYX_APPLICATION_ID"),
            Self::Twilio | Self::Plivo => None,
        }
    }

    /// Where its REST API is, without a slash at its end.
    #[must_use]
    pub const fn rest_url(self) -> &'static str {
        match self {
            Self::Twilio => "https://api.twilio.com",
            Self::Telnyx => "https://api.telnyx.com",
            Self::Plivo => "https://api.plivo.com",
        }
    }

    /// The variable of the environment with another address of such an API.
    #[must_use]
    pub const fn rest_variable(self) -> &'static str {
        match self {
            Self::Twilio => "TWILIO_BASE_URL",
            Self::Telnyx => "TELNYX_BASE_URL",
            Self::Plivo => "PLIVO_BASE_URL",
        }
    }

    /// The request that places a call, to the API at `rest_url`.
    #[must_use]
    pub fn place(self, rest_url: &str, account: &Account<'_>, call: &Outgoing<'_>) -> Request {
        match self {
            Self::Twilio => twilio::place(rest_url, account, call),
            Self::Telnyx => telnyx::place(rest_url, account, call),
            Self::Plivo => plivo::place(rest_url, account, call),
        }
    }

    /// Reads the answer to [`Carrier::place`]: the carrier's id of the call, where it tells it now.
    ///
    /// # Errors
    /// [`RestProblem`] where no call was placed.
    pub fn placed(self, status: u16, body: &[u8]) -> Result<Option<String>, RestProblem> {
        let body = rest::read(status, body)?;
        Ok(match self {
            Self::Twilio => rest::text(&body, &["sid"]),
            Self::Telnyx => rest::text(&body, &["sid", "call_sid", "call_control_id"])
                .or_else(|| rest::text(&body["data"], &["sid", "call_sid", "call_control_id"])),
            Self::Plivo => rest::text(&body, &["request_uuid"]),
        })
    }

    /// The request that ends a call with this id, or takes it back where nobody has answered yet.
    #[must_use]
    pub fn hang_up(
        self,
        rest_url: &str,
        account: &Account<'_>,
        id: &str,
        is_answered: bool,
    ) -> Request {
        match self {
            Self::Twilio => twilio::hang_up(rest_url, account, id),
            Self::Telnyx => telnyx::hang_up(rest_url, account, id),
            Self::Plivo => plivo::hang_up(rest_url, account, id, is_answered),
        }
    }

    /// Reads the answer to [`Carrier::hang_up`].
    ///
    /// # Errors
    /// [`RestProblem`] where the carrier did nothing, also because the call is over.
    pub fn hung_up(self, status: u16, body: &[u8]) -> Result<(), RestProblem> {
        rest::read(status, body).map(|_| ())
    }

    /// Reads what the carrier tells of a call that was placed.
    ///
    /// # Errors
    /// [`WebhookProblem`] where it does not say of which.
    pub fn progress(self, webhook: &Webhook<'_>) -> Result<Progress, WebhookProblem> {
        match self {
            Self::Twilio | Self::Telnyx => webhook.progress(&["CallSid"]),
            Self::Plivo => plivo::progress(webhook),
        }
    }

    /// Checks that the carrier, which shares `key`, sent a request.
    ///
    /// # Errors
    /// [`SignatureProblem`] where it lacks a signature, or has one that does not fit it.
    pub fn verify(self, key: &str, webhook: &Webhook<'_>) -> Result<(), SignatureProblem> {
        match self {
            Self::Twilio => twilio::verify(key, webhook),
            Self::Telnyx => telnyx::verify(key, webhook),
            Self::Plivo => plivo::verify(key, webhook),
        }
    }

    /// Reads the request with which the carrier announces a call.
    ///
    /// # Errors
    /// [`WebhookProblem`] where it is none.
    pub fn incoming(self, webhook: &Webhook<'_>) -> Result<IncomingCall, WebhookProblem> {
        match self {
            Self::Twilio => twilio::incoming(webhook),
            Self::Telnyx => telnyx::incoming(webhook),
            Self::Plivo => plivo::incoming(webhook),
        }
    }

    /// The document, of type `application/xml`, that tells the carrier what to do with a call.
    #[must_use]
    pub fn document(self, answer: &Answer<'_>) -> String {
        match self {
            Self::Twilio => twilio::document(answer),
            Self::Telnyx => telnyx::document(answer),
            Self::Plivo => plivo::document(answer),
        }
    }

    /// The token of [`Answer::Stream`] as the carrier's stream brings it back; `None` for text that
    /// [`Carrier::document`] did not write.
    #[must_use]
    pub fn token(self, brought: &str) -> Option<String> {
        match self {
            Self::Twilio | Self::Telnyx => Some(brought.to_owned()),
            Self::Plivo => plivo::token(brought),
        }
    }
}

#[cfg(test)]
mod tests;
