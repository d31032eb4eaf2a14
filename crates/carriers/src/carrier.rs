//! The carriers, and what they are called: in addresses, and in the environment.

use crate::asterisk;

/// A carrier through which calls are placed; most announce those that ring, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// Twilio, by `TwiML`.
    Twilio,
    /// Telnyx, by `TeXML`.
    Telnyx,
    /// Plivo, by its XML.
    Plivo,
    /// Vonage, by its call control objects.
    Vonage,
    /// A jambonz server, by its verbs.
    Jambonz,
    /// An Asterisk, by its REST interface and `AudioSocket`.
    Asterisk,
    /// Exotel, by the address of a stream.
    Exotel,
}

/// The variables of the environment with an account that calls are placed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountVariables {
    /// Its id.
    pub id: &'static str,
    /// What opens it.
    pub secret: &'static str,
    /// The application that calls are placed with, where the carrier wants one beside the account; of
    /// Asterisk the endpoint that is called, with `{number}` in it.
    pub application: Option<&'static str>,
    /// The address of the REST API, where it is another or each has one of its own.
    pub rest_url: &'static str,
}

impl Carrier {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Twilio,
        Self::Telnyx,
        Self::Plivo,
        Self::Vonage,
        Self::Jambonz,
        Self::Asterisk,
        Self::Exotel,
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
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Plivo => "plivo",
            Self::Vonage => "vonage",
            Self::Jambonz => "jambonz",
            Self::Asterisk => "asterisk",
            Self::Exotel => "exotel",
        }
    }

    /// Whether it announces calls that ring.
    #[must_use]
    pub const fn announces(self) -> bool {
        !matches!(self, Self::Asterisk | Self::Exotel)
    }

    /// Whether it asks what to do with a call that was placed once somebody has answered. One that does
    /// not brings the call's audio at once, with what it was given when the call was placed.
    #[must_use]
    pub const fn asks(self) -> bool {
        self.announces()
    }

    /// The variable of the environment with what its requests are checked with: the auth token of the
    /// account, a secret of its own, the carrier's public key in base64, or what our own addresses were
    /// signed with. `None` of one that sends none.
    #[must_use]
    pub const fn key_variable(self) -> Option<&'static str> {
        match self {
            Self::Twilio => Some("TWILIO_AUTH_TOKEN"),
            Self::Telnyx => Some("TELNYX_PUBLIC_KEY"),
            Self::Plivo => Some("PLIVO_AUTH_TOKEN"),
            Self::Vonage => Some("VONAGE_SIGNATURE_SECRET"),
            Self::Jambonz => Some("JAMBONZ_WEBHOOK_SECRET"),
            Self::Exotel => Some("EXOTEL_API_KEY"),
            Self::Asterisk => None,
        }
    }

    /// The variables of the environment with the account that calls are placed with.
    #[must_use]
    pub const fn account_variables(self) -> AccountVariables {
        match self {
            Self::Twilio => AccountVariables {
                id: "TWILIO_ACCOUNT_SID",
                secret: "TWILIO_AUTH_TOKEN",
                application: None,
                rest_url: "TWILIO_BASE_URL",
            },
            Self::Telnyx => AccountVariables {
                id: "TELNYX_ACCOUNT_SID",
                secret: "TELNYX_API_KEY",
                application: Some("TELNYX_APPLICATION_ID"),
                rest_url: "TELNYX_BASE_URL",
            },
            Self::Plivo => AccountVariables {
                id: "PLIVO_AUTH_ID",
                secret: "PLIVO_AUTH_TOKEN",
                application: None,
                rest_url: "PLIVO_BASE_URL",
            },
            Self::Vonage => AccountVariables {
                id: "VONAGE_APPLICATION_ID",
                secret: "VONAGE_PRIVATE_KEY",
                application: None,
                rest_url: "VONAGE_BASE_URL",
            },
            Self::Jambonz => AccountVariables {
                id: "JAMBONZ_ACCOUNT_SID",
                secret: "JAMBONZ_API_KEY",
                application: None,
                rest_url: "JAMBONZ_BASE_URL",
            },
            Self::Asterisk => AccountVariables {
                id: "ASTERISK_USERNAME",
                secret: "ASTERISK_PASSWORD",
                application: Some("ASTERISK_ENDPOINT"),
                rest_url: "ASTERISK_BASE_URL",
            },
            Self::Exotel => AccountVariables {
                id: "EXOTEL_ACCOUNT_SID",
                secret: "EXOTEL_API_KEY",
                application: None,
                rest_url: "EXOTEL_BASE_URL",
            },
        }
    }

    /// Whether what opens an account is a private key, in PEM.
    #[must_use]
    pub const fn has_private_key(self) -> bool {
        matches!(self, Self::Vonage)
    }

    /// Where its REST API is, without a slash at its end; `None` where each has a server of its own.
    #[must_use]
    pub const fn rest_url(self) -> Option<&'static str> {
        match self {
            Self::Twilio => Some("https://api.twilio.com"),
            Self::Telnyx => Some("https://api.telnyx.com"),
            Self::Plivo => Some("https://api.plivo.com"),
            Self::Vonage => Some("https://api.nexmo.com"),
            Self::Exotel => Some("https://api.exotel.com"),
            Self::Jambonz | Self::Asterisk => None,
        }
    }

    /// Whether calls can be placed with that application.
    #[must_use]
    pub fn takes_application(self, application: Option<&str>) -> bool {
        match self {
            Self::Asterisk => application.is_some_and(|it| it.contains(asterisk::NUMBER)),
            _ => true,
        }
    }
}
