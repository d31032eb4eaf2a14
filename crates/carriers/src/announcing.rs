//! Calls that ring at a carrier: who it is that announces them, and what it is told to do with them.

use crate::{
    Answer, Carrier, IncomingCall, SignatureProblem, Webhook, WebhookProblem, exotel, jambonz,
    plivo, telnyx, twilio, vonage,
};

/// What a carrier is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its media type.
    pub content_type: &'static str,
    /// It itself.
    pub text: String,
}

impl Carrier {
    /// Checks that the carrier, which shares `key`, sent a request.
    ///
    /// # Errors
    /// [`SignatureProblem`] where it lacks a signature, or has one that does not fit it.
    pub fn verify(self, key: &str, webhook: &Webhook<'_>) -> Result<(), SignatureProblem> {
        match self {
            Self::Twilio => twilio::verify(key, webhook),
            Self::Telnyx => telnyx::verify(key, webhook),
            Self::Plivo => plivo::verify(key, webhook),
            Self::Vonage => vonage::verify(key, webhook),
            Self::Jambonz => jambonz::verify(key, webhook),
            Self::Exotel => exotel::verify(key, webhook),
            Self::Asterisk => Err(SignatureProblem::Key),
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
            Self::Vonage => vonage::incoming(webhook),
            Self::Jambonz => jambonz::incoming(webhook),
            Self::Asterisk | Self::Exotel => Err(WebhookProblem::Unannounced),
        }
    }

    /// What the carrier is told to do with a call; nothing, where it does not ask.
    #[must_use]
    pub fn document(self, answer: &Answer<'_>) -> Document {
        self.told(match self {
            Self::Twilio => twilio::document(answer),
            Self::Telnyx => telnyx::document(answer),
            Self::Plivo => plivo::document(answer),
            Self::Vonage => vonage::document(answer),
            Self::Jambonz => jambonz::document(answer),
            Self::Asterisk | Self::Exotel => String::new(),
        })
    }

    /// A document of this text.
    pub(crate) const fn told(self, text: String) -> Document {
        let content_type = match self {
            Self::Twilio | Self::Telnyx | Self::Plivo => "application/xml",
            Self::Vonage | Self::Jambonz => "application/json",
            Self::Asterisk | Self::Exotel => "text/plain",
        };
        Document { content_type, text }
    }

    /// The token of [`Answer::Stream`] as the carrier's stream brings it back; `None` for text that
    /// [`Carrier::document`] did not write.
    #[must_use]
    pub fn token(self, brought: &str) -> Option<String> {
        match self {
            Self::Plivo => plivo::token(brought),
            _ => Some(brought.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
