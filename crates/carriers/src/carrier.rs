//! The carriers, and what they are called: in addresses, and in the environment.

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
}

/// The variables of the environment with an account that calls are placed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountVariables {
    /// Its id.
    pub id: &'static str,
    /// What opens it.
    pub secret: &'static str,
    /// The application that calls are placed with, where the carrier wants one beside the account.
    pub application: Option<&'static str>,
    /// The address of the REST API, where it is another or each has one of its own.
    pub rest_url: &'static str,
}

impl Carrier {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Twilio,
        Self::Telnyx,
        Self::Plivo,
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
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Plivo => "plivo",
            Self::Vonage => "vonage",
            Self::Jambonz => "jambonz",
        }
    }

    /// The variable of the environment with what its signatures are checked with: the auth token of
    /// the account, a secret of its own, or the carrier's public key in base64.
    #[must_use]
    pub const fn key_variable(self) -> &'static str {
        match self {
            Self::Twilio => "TWILIO_AUTH_TOKEN",
            Self::Telnyx => "TELNYX_PUBLIC_KEY",
            Self::Plivo => "PLIVO_AUTH_TOKEN",
            Self::Vonage => "VONAGE_SIGNATURE_SECRET",
            Self::Jambonz => "JAMBONZ_WEBHOOK_SECRET",
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
            Self::Jambonz => None,
        }
    }
}
