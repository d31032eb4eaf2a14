//! Where calls that ring come from.

use crate::{
    Answer, Carrier, IncomingCall, SignatureProblem, Webhook, WebhookProblem, jambonz, vonage,
};

/// A service that announces calls: a carrier through which calls are placed too, or one that only
/// brings some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A carrier.
    Carrier(Carrier),
    /// Vonage, by its call control objects.
    Vonage,
    /// A jambonz server, by its verbs.
    Jambonz,
}

/// What is answered to an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its media type.
    pub content_type: &'static str,
    /// It itself.
    pub text: String,
}

impl Origin {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Carrier(Carrier::Twilio),
        Self::Carrier(Carrier::Telnyx),
        Self::Carrier(Carrier::Plivo),
        Self::Vonage,
        Self::Jambonz,
    ];

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Its name in addresses and in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Carrier(carrier) => carrier.name(),
            Self::Vonage => "vonage",
            Self::Jambonz => "jambonz",
        }
    }

    /// The variable of the environment with what its signatures are checked with.
    #[must_use]
    pub const fn key_variable(self) -> &'static str {
        match self {
            Self::Carrier(carrier) => carrier.key_variable(),
            Self::Vonage => "VONAGE_SIGNATURE_SECRET",
            Self::Jambonz => "JAMBONZ_WEBHOOK_SECRET",
        }
    }

    /// Checks that the service, which shares `key`, sent a request.
    ///
    /// # Errors
    /// [`SignatureProblem`] where it lacks a signature, or has one that does not fit it.
    pub fn verify(self, key: &str, webhook: &Webhook<'_>) -> Result<(), SignatureProblem> {
        match self {
            Self::Carrier(carrier) => carrier.verify(key, webhook),
            Self::Vonage => vonage::verify(key, webhook),
            Self::Jambonz => jambonz::verify(key, webhook),
        }
    }

    /// Reads the request with which a call is announced.
    ///
    /// # Errors
    /// [`WebhookProblem`] where it is none.
    pub fn incoming(self, webhook: &Webhook<'_>) -> Result<IncomingCall, WebhookProblem> {
        match self {
            Self::Carrier(carrier) => carrier.incoming(webhook),
            Self::Vonage => vonage::incoming(webhook),
            Self::Jambonz => jambonz::incoming(webhook),
        }
    }

    /// What the service is told to do with a call.
    #[must_use]
    pub fn document(self, answer: &Answer<'_>) -> Document {
        let (content_type, text) = match self {
            Self::Carrier(carrier) => ("application/xml", carrier.document(answer)),
            Self::Vonage => ("application/json", vonage::document(answer)),
            Self::Jambonz => ("application/json", jambonz::document(answer)),
        };
        Document { content_type, text }
    }

    /// The token of [`Answer::Stream`] as the stream brings it back; `None` for text that
    /// [`Origin::document`] did not write.
    #[must_use]
    pub fn token(self, brought: &str) -> Option<String> {
        match self {
            Self::Carrier(carrier) => carrier.token(brought),
            Self::Vonage | Self::Jambonz => Some(brought.to_owned()),
        }
    }
}

impl From<Carrier> for Origin {
    fn from(carrier: Carrier) -> Self {
        Self::Carrier(carrier)
    }
}

#[cfg(test)]
mod tests;
