//! What the platforms differ in.

use std::time::Duration;

use offhook_store::{NewDelivery, StoredAgent, StoredCall, StoredObject};
use serde_json::Value;

/// A platform's way with webhooks.
pub(crate) struct Platform {
    /// The dialect's name.
    pub(crate) dialect: &'static str,
    /// The kind of the objects that are its webhooks: `url`, and `secret`, the id of the secret
    /// that signs.
    pub(crate) kind: &'static str,
    /// Where each call has a webhook of its own: its id, by the call's record.
    pub(crate) of_call: Option<fn(&StoredCall) -> Option<&str>>,
    /// The waits between attempts; after the last one a delivery is given up.
    pub(crate) waits: &'static [Duration],
    /// Whether an answer with this HTTP status is never tried again.
    pub(crate) is_final: fn(u16) -> bool,
    /// The headers of an attempt.
    pub(crate) headers: fn(&Attempt<'_>) -> Vec<(&'static str, String)>,
    /// What the workspace's webhooks are told of a call at a moment of it.
    pub(crate) deliveries: fn(&News<'_>) -> Vec<NewDelivery>,
    /// The kind of the object that holds the workspace's settings, where these and the call's agent
    /// say what is told.
    pub(crate) settings: Option<&'static str>,
    /// Whether what the webhook did not take is sent to it again.
    pub(crate) is_repeated: fn(&StoredObject, &NewDelivery) -> bool,
    /// Where in an event's body the name of a recording's file stands, in whose place its bytes are
    /// sent, as base64.
    pub(crate) recording_at: fn(&NewDelivery) -> Option<&'static str>,
}

/// What there is to tell.
pub(crate) struct News<'a> {
    /// The workspace's webhooks of the platform, or the call's own.
    pub(crate) webhooks: &'a [StoredObject],
    /// The call.
    pub(crate) call: &'a StoredCall,
    /// When in it.
    pub(crate) moment: Moment,
    /// The workspace's settings; null where there are none, or the platform reads none.
    pub(crate) settings: &'a Value,
    /// The call's agent, where the platform reads settings and the agent is still there.
    pub(crate) agent: Option<&'a StoredAgent>,
}

/// What the headers of an attempt are made of.
pub(crate) struct Attempt<'a> {
    /// What is sent.
    pub(crate) delivery: &'a NewDelivery,
    /// The secret of the webhook.
    pub(crate) secret: &'a str,
    /// Now, in seconds since 1970, as text.
    pub(crate) timestamp: &'a str,
}

/// When in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It began.
    Began,
    /// It ended.
    Ended,
}

impl Moment {
    /// The moment that a stored call shows.
    pub(super) fn of(call: &StoredCall) -> Self {
        match call.ended_at_ms {
            None => Self::Began,
            Some(_) => Self::Ended,
        }
    }

    /// What stands behind a call's id in the subject of deliveries.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Began => "/began",
            Self::Ended => "/ended",
        }
    }
}
