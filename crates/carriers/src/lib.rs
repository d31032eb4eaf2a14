//! What telephone carriers say over HTTP, as pure code: who is calling whom, whether it is really the
//! carrier that says so, and what it is told to do with the call. A [`Carrier`] gets a file.
//!
//! No sockets, no agents: whoever serves the requests brings them here as a [`Webhook`].

mod answer;
mod form;
mod plivo;
mod signature;
mod telnyx;
mod twilio;
mod webhook;

pub use answer::Answer;
pub use signature::SignatureProblem;
pub use webhook::{IncomingCall, Webhook, WebhookProblem};

/// A carrier whose calls are answered.
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
