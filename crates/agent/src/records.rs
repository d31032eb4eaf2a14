//! The section `records` of an agent document: what is remembered of a call once it is over.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::document::AgentDocument;
use crate::limits;

/// What is remembered of a call once it is over. Whether it is recorded says `is_recorded`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecordsDocument {
    /// Whether what is said in a call, and everything that says who called, is stored at all.
    /// Where it is not, a call leaves when it was, how long it lasted and why it ended; who watches
    /// it while it runs hears everything.
    pub keeps_conversation: bool,
    /// How long it is kept.
    pub retention: RetentionDocument,
    /// What is replaced in a transcript before it is stored, by its name in brackets, such as
    /// `[EMAIL_ADDRESS]`. It is found by rule: what is spread over several turns, or written as
    /// nobody would expect, is not.
    pub redaction: Vec<RedactedEntity>,
}

/// How long what a call leaves is kept, in days after its end. 0: until the server next looks.
/// Null: for ever.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionDocument {
    /// What was said, and everything that says who called: numbers, variables, what was sent along,
    /// what was thought of the call.
    #[schemars(range(min = limits::KEPT_DAYS.min, max = limits::KEPT_DAYS.max))]
    pub transcript_days: Option<u32>,
    /// The recording.
    #[schemars(range(min = limits::KEPT_DAYS.min, max = limits::KEPT_DAYS.max))]
    pub recording_days: Option<u32>,
    /// Whether this holds for the calls that the agent had before as well, in place of what the
    /// agent said then. It acts for agents that the server stores.
    pub applies_to_earlier_calls: bool,
}

/// A kind of personal data that is found in a transcript by rule.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RedactedEntity {
    /// An e-mail address, written or said ("ann at example dot com").
    EmailAddress,
    /// A telephone number: 7 to 15 digits, written or said one by one.
    ContactNumber,
    /// A web address, with a scheme, `www.` or a common ending.
    Url,
    /// A date with its year, in digits or with an English month.
    Dob,
    /// Any date, in digits or with an English month.
    Date,
    /// The number of a payment card, by its check digit; its expiry date, written `MM/YY`.
    PaymentCard,
    /// The number of a payment card, by its check digit.
    PaymentCardNumber,
    /// The date on which a payment card expires, written `MM/YY`.
    PaymentCardExpirationDate,
    /// An IBAN.
    BankAccount,
    /// An IBAN.
    BankAccountNumber,
    /// Everything of a payment card and of a bank account.
    FinancialId,
    /// A social security number of the USA, a national insurance number of the United Kingdom.
    GovernmentIssuedId,
    /// An address of a device in a network: IP or MAC.
    DeviceId,
    /// A number of a person at an authority, an address of a device.
    UniqueId,
    /// Keys that the caller pressed; `key_input.is_redacted` asks for it.
    #[serde(skip)]
    Keys,
}

/// What is remembered of a call once it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSettings {
    /// Whether what is said, and who called, is stored at all.
    pub keeps_conversation: bool,
    /// Days after the call's end for which that is kept; `None` is for ever.
    pub transcript_days: Option<u32>,
    /// Days after the call's end for which its recording is kept; `None` is for ever.
    pub recording_days: Option<u32>,
    /// What is replaced in the transcript before it is stored.
    pub redaction: BTreeSet<RedactedEntity>,
}

impl Default for RecordsDocument {
    fn default() -> Self {
        Self {
            keeps_conversation: true,
            retention: RetentionDocument::default(),
            redaction: Vec::new(),
        }
    }
}

impl Default for RecordSettings {
    fn default() -> Self {
        Self {
            keeps_conversation: true,
            transcript_days: None,
            recording_days: None,
            redaction: BTreeSet::new(),
        }
    }
}

impl Check {
    pub(crate) fn records(&mut self, document: &AgentDocument) -> RecordSettings {
        let section = &document.records;
        let keys = document.key_input.as_ref().is_some_and(|it| it.is_redacted);
        let keys = keys.then_some(RedactedEntity::Keys);
        let retention = &section.retention;
        let mut days = |name: &str, days: Option<u32>| {
            let path = format!("records.retention.{name}");
            days.map(|days| self.whole(&path, days, limits::KEPT_DAYS))
        };
        RecordSettings {
            keeps_conversation: section.keeps_conversation,
            transcript_days: days("transcript_days", retention.transcript_days),
            recording_days: days("recording_days", retention.recording_days),
            redaction: section.redaction.iter().copied().chain(keys).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Agent, RecordSettings, RedactedEntity};

    fn agent(fields: &str) -> Result<Agent, String> {
        let text = format!(r#"{{"name":"Ava","prompt":"Be brief."{fields}}}"#);
        Agent::from_json(&text).map_err(|problems| problems.to_string())
    }

    #[test]
    fn everything_is_kept_for_ever_unless_the_agent_says_otherwise() {
        assert_eq!(agent("").unwrap().records(), &RecordSettings::default());
        let records = r#","records":{"keeps_conversation":false,
            "retention":{"transcript_days":0,"recording_days":30},
            "redaction":["email-address","dob"]}"#;
        let expected = RecordSettings {
            keeps_conversation: false,
            transcript_days: Some(0),
            recording_days: Some(30),
            redaction: [RedactedEntity::EmailAddress, RedactedEntity::Dob].into(),
        };
        assert_eq!(agent(records).unwrap().records(), &expected);
    }

    #[test]
    fn a_call_of_which_nothing_is_kept_is_not_recorded() {
        assert!(agent("").unwrap().is_recorded());
        let nothing = agent(r#","records":{"keeps_conversation":false}"#);
        assert!(!nothing.unwrap().is_recorded());
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let wrong = agent(
            r#","records":{"retention":{"transcript_days":100001,"days":3},
            "redaction":["url","emails"]}"#,
        );
        let problems = wrong.unwrap_err();
        for problem in [
            "records.retention.transcript_days: 100001 is out of range 0–100000",
            "records.retention.days: unknown field",
            "records.redaction[1]: \"emails\" is unknown",
        ] {
            assert!(problems.contains(problem), "{problem} in {problems}");
        }
    }
}
