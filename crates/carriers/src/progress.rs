//! How a call that was placed goes, as the carrier tells.

use serde_json::Value;

use crate::form::Form;
use crate::rest::text;
use crate::{Carrier, Webhook, WebhookProblem, exotel, jambonz, plivo, vonage};

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The carrier has it.
    Queued,
    /// It rings.
    Ringing,
    /// Somebody, or a machine, has answered.
    Answered,
    /// It was answered, and is over.
    Completed,
    /// The line was busy.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// It could not be put through.
    Failed,
    /// It was taken back before anybody answered.
    Cancelled,
}

/// Who has answered, where the carrier listens for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnsweredBy {
    /// Somebody.
    Human,
    /// A machine, whose greeting may go on.
    Machine,
    /// A machine that has spoken its greeting, and records.
    MachineRecording,
    /// A fax.
    Fax,
    /// The carrier cannot tell.
    Unknown,
}

/// What a carrier tells of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The carrier's id of the call.
    pub id: String,
    /// How far it has come; `None` where this is not about that.
    pub stage: Option<Stage>,
    /// Who has answered, where this is about that.
    pub answered_by: Option<AnsweredBy>,
}

/// Longest id of a call, in bytes.
const ID_BYTES_MAX: usize = 256;

impl AnsweredBy {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Machine | Self::MachineRecording => "machine",
            Self::Fax => "fax",
            Self::Unknown => "unknown",
        }
    }
}

impl Carrier {
    /// Reads what the carrier tells of a call that was placed.
    ///
    /// # Errors
    /// [`WebhookProblem`] where it does not say of which.
    pub fn progress(self, webhook: &Webhook<'_>) -> Result<Progress, WebhookProblem> {
        match self {
            Self::Twilio | Self::Telnyx => webhook.progress(&["CallSid"]),
            Self::Plivo => plivo::progress(webhook),
            Self::Vonage => vonage::progress(webhook),
            Self::Jambonz => jambonz::progress(webhook),
            Self::Exotel => exotel::progress(webhook),
            Self::Asterisk => Err(WebhookProblem::Unannounced),
        }
    }

    /// Whether a carrier that counts a media stream as a call of its own tells of that one, and of
    /// nothing that concerns the call that was placed.
    #[must_use]
    pub fn is_of_stream(self, webhook: &Webhook<'_>) -> bool {
        match self {
            Self::Vonage => vonage::is_of_stream(webhook),
            _ => false,
        }
    }
}

impl Webhook<'_> {
    /// Reads what is told of a call whose id stands in the first of these fields that is there, and
    /// how far it has come in `CallStatus`, in words that the carriers with forms have.
    pub(crate) fn progress(&self, ids: &[&'static str]) -> Result<Progress, WebhookProblem> {
        let form = Form::read(self.body);
        let id = ids.iter().find_map(|name| form.get(name));
        let id = id.ok_or(WebhookProblem::Missing(ids[0]))?;
        if id.len() > ID_BYTES_MAX {
            return Err(WebhookProblem::TooLong(ids[0]));
        }
        Ok(Progress {
            id: id.to_owned(),
            stage: form.get("CallStatus").and_then(stage),
            answered_by: form.get("AnsweredBy").map(answered_by),
        })
    }

    /// Reads what an object in JSON tells of a call: its id in one of these fields, how far it has come
    /// in another.
    pub(crate) fn json_progress(
        &self,
        ids: &[&'static str],
        status: &str,
    ) -> Result<(Progress, Value), WebhookProblem> {
        let body: Value = serde_json::from_slice(self.body).unwrap_or_default();
        let id = text(&body, ids).ok_or(WebhookProblem::Missing(ids[0]))?;
        if id.len() > ID_BYTES_MAX {
            return Err(WebhookProblem::TooLong(ids[0]));
        }
        let progress = Progress {
            id,
            stage: body[status].as_str().and_then(stage),
            answered_by: None,
        };
        Ok((progress, body))
    }

    /// A field of the form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        Form::read(self.body).get(name).map(str::to_owned)
    }
}

/// How far a call has come, in the carriers' words.
pub(crate) fn stage(word: &str) -> Option<Stage> {
    Some(match word.to_ascii_lowercase().as_str() {
        "queued" | "initiated" | "started" | "trying" => Stage::Queued,
        "ringing" | "early-media" => Stage::Ringing,
        "in-progress" | "answered" => Stage::Answered,
        "completed" => Stage::Completed,
        "busy" => Stage::Busy,
        "no-answer" | "timeout" | "unanswered" => Stage::NoAnswer,
        "failed" | "rejected" => Stage::Failed,
        "canceled" | "cancelled" | "cancel" => Stage::Cancelled,
        _ => return None,
    })
}

fn answered_by(word: &str) -> AnsweredBy {
    match word.to_ascii_lowercase().as_str() {
        "human" | "human_residence" | "human_business" => AnsweredBy::Human,
        "fax" | "fax_detected" => AnsweredBy::Fax,
        word if word.starts_with("machine_end") => AnsweredBy::MachineRecording,
        word if word.starts_with("machine") => AnsweredBy::Machine,
        _ => AnsweredBy::Unknown,
    }
}
