//! What leads to the carriers: this crate knows them by their names alone.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use offhook_store::SecretText;

/// Reaches carriers.
#[async_trait]
pub trait Dialler: Debug + Send + Sync {
    /// The carrier of numbers that do not say theirs: one that this server has an account with.
    ///
    /// # Errors
    /// In words, which say what to set, where there is none.
    fn default_carrier(&self) -> Result<String, String>;

    /// Whether calls can be placed at that carrier, with an account of the number's owner or with the
    /// server's own.
    ///
    /// # Errors
    /// In words, which say what to set.
    fn can_dial(&self, carrier: &str, account: Option<&DialAccount>) -> Result<(), String>;

    /// Whether the carrier asks what to do with a call once somebody has answered. One that does not
    /// brings the call's audio by itself, with the UUID that it is given when the call is placed.
    fn asks(&self, carrier: &str) -> bool {
        let _ = carrier;
        true
    }

    /// Has the carrier place a call; gives its id of it, where it is known now.
    ///
    /// # Errors
    /// [`DialProblem`] where none was placed.
    async fn dial(&self, dialling: &Dialling<'_>) -> Result<Option<String>, DialProblem>;

    /// What the carrier knows of a call that it may have been asked for since `since_ms`, in
    /// milliseconds since 1970, by a process that died. `known` are its ids of other calls between
    /// the two numbers.
    ///
    /// # Errors
    /// [`DialProblem`] where it does not say.
    async fn find(
        &self,
        dialling: &Dialling<'_>,
        since_ms: i64,
        known: &[String],
    ) -> Result<FoundCall, DialProblem> {
        let _ = (dialling, since_ms, known);
        Ok(FoundCall::Unknown)
    }

    /// Whether calls that are up can be handed over at that carrier, with that account.
    ///
    /// # Errors
    /// In words where they cannot.
    fn can_hand_over(&self, carrier: &str, account: Option<&DialAccount>) -> Result<(), String> {
        let _ = (carrier, account);
        Err("it is no carrier's that hands calls over".to_owned())
    }

    /// Has the carrier leave what it does with a call that is up, and ask what is next of it.
    ///
    /// # Errors
    /// [`DialProblem`] where the carrier did nothing, also because the call is over.
    async fn hand_over(&self, call: &Departing<'_>) -> Result<(), DialProblem> {
        Err(DialProblem::Refused(format!(
            "{} hands no calls over",
            call.carrier
        )))
    }

    /// Has the carrier end a call, or take it back.
    ///
    /// # Errors
    /// [`DialProblem`] where the carrier did nothing, also because the call is over.
    async fn hang_up(&self, call: &CarrierCall<'_>) -> Result<(), DialProblem>;
}

/// What a carrier knows of a call that it may have been asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FoundCall {
    /// It has it, by this id.
    Call(String),
    /// It was never asked for it.
    Nothing,
    /// It cannot tell.
    #[default]
    Unknown,
}

/// An account of a number's owner.
#[derive(Debug, Clone)]
pub struct DialAccount {
    /// Its id with the carrier.
    pub id: String,
    /// What opens it.
    pub key: SecretText,
}

/// A call to be placed.
#[derive(Debug, Clone, Copy)]
pub struct Dialling<'d> {
    /// At which carrier.
    pub carrier: &'d str,
    /// With whose account; `None`: the server's.
    pub account: Option<&'d DialAccount>,
    /// The id of the workspace.
    pub workspace: &'d str,
    /// The id of the order, by which the carrier asks and tells.
    pub order: &'d str,
    /// The number that calls, in E.164.
    pub from: &'d str,
    /// The number that is called, in E.164.
    pub to: &'d str,
    /// How long it may ring.
    pub ring_max: Duration,
    /// How long the call may last.
    pub duration_max: Duration,
    /// Whether the carrier listens for an answering machine.
    pub detects_machines: bool,
    /// The UUID that lets the call's audio in, once, for a carrier that does not ask.
    pub uuid: Option<&'d str>,
}

/// A call that a carrier has.
#[derive(Debug, Clone, Copy)]
pub struct CarrierCall<'c> {
    /// The carrier.
    pub carrier: &'c str,
    /// Whose account it is placed with; `None`: the server's.
    pub account: Option<&'c DialAccount>,
    /// The carrier's id of it.
    pub id: &'c str,
    /// Whether somebody has answered.
    pub is_answered: bool,
}

/// A call that leaves this server while it goes on.
#[derive(Debug, Clone, Copy)]
pub struct Departing<'d> {
    /// The carrier.
    pub carrier: &'d str,
    /// Whose account it is with; `None`: the server's.
    pub account: Option<&'d DialAccount>,
    /// The carrier's id of it.
    pub id: &'d str,
    /// The id of the workspace.
    pub workspace: &'d str,
    /// The id of the order of the transfer's other side, by which the carrier asks.
    pub order: &'d str,
}

/// Why a carrier did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialProblem {
    /// It says no, in its words.
    #[error("{0}")]
    Refused(String),
    /// It does not answer.
    #[error("the carrier cannot be reached: {0}")]
    Unreachable(String),
    /// It has no such call, or no more.
    #[error("the carrier has no such call")]
    Gone,
}

impl DialProblem {
    /// The reason for the record of a call that was not placed.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::Refused(_) | Self::Gone => "carrier_refused",
            Self::Unreachable(_) => "carrier_unreachable",
        }
    }
}
