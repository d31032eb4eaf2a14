//! What a carrier is told to do with the two calls of a transfer, and what it tells of the one that it
//! places in the middle of another: the caller's is turned to another document, the other side's is
//! spoken to, and both meet in a conference; or the carrier calls the other side by itself.

use std::fmt::Write as _;

use crate::answer::{escaped, response};
use crate::progress::stage;
use crate::{
    Account, Answer, Carrier, Document, Progress, Request, RestProblem, Stage, Webhook,
    WebhookProblem,
};
use crate::{jambonz, plivo, rest, telnyx, twilio, vonage};

/// What a carrier is to do with a call that is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover<'a> {
    /// To call a number and let the two talk.
    Dial(Dial<'a>),
    /// To say something, and ask then what is next.
    Say {
        /// What.
        text: &'a str,
        /// Where it asks.
        next_url: &'a str,
    },
    /// To join a conference, which is over as soon as one side leaves it.
    Join {
        /// Its name: letters and digits.
        conference: &'a str,
    },
}

/// A call that a carrier places for one that is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dial<'a> {
    /// The number that calls, in E.164.
    pub from: &'a str,
    /// The number that is called, in E.164.
    pub to: &'a str,
    /// How long it may ring, in seconds.
    pub ring_max_s: u64,
    /// How long the two may talk, in seconds.
    pub duration_max_s: u64,
    /// Where the carrier asks what is next, once that call is over.
    pub next_url: &'a str,
    /// Where it tells meanwhile how that call goes: [`Carrier::tells_where_it_asks`],
    /// [`Carrier::goes_on`].
    pub status_url: &'a str,
}

/// What came of a [`Dial`], or has come of it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialled {
    /// The carrier's id of the call that it placed, where there was one.
    pub id: Option<String>,
    /// How it ended: [`Stage::Completed`] where somebody had answered; how far it has come before.
    pub stage: Stage,
    /// Whether that call is over.
    pub is_over: bool,
    /// Whether the call for which it was placed is over too.
    pub is_caller_gone: bool,
}

impl Carrier {
    /// Whether calls that it has can be handed over.
    #[must_use]
    pub const fn hands_over(self) -> bool {
        !matches!(self, Self::Asterisk | Self::Exotel)
    }

    /// What the carrier is told to do with a call of a transfer; one that hands no calls over is told
    /// to hang up.
    #[must_use]
    pub fn handover(self, handover: &Handover<'_>) -> Document {
        self.told(match self {
            Self::Twilio => response(&twilio::handover(handover)),
            Self::Telnyx => response(&telnyx::handover(handover)),
            Self::Plivo => response(&plivo::handover(handover)),
            Self::Vonage => vonage::handover(handover),
            Self::Jambonz => jambonz::handover(handover),
            Self::Asterisk | Self::Exotel => return self.document(&Answer::HangUp),
        })
    }

    /// Whether it tells at [`Dial::next_url`] how the call goes, too. What it is answered there, where
    /// that is anything, is what it does next.
    #[must_use]
    pub const fn tells_where_it_asks(self) -> bool {
        matches!(self, Self::Vonage)
    }

    /// What a carrier is told that asks at [`Dial::status_url`] whether the two may talk, once somebody
    /// has answered; `None` of one that only tells there.
    #[must_use]
    pub fn goes_on(self) -> Option<Document> {
        matches!(self, Self::Jambonz).then(|| self.told("[]".to_owned()))
    }

    /// The request that has the carrier leave what it does with a call that is up, and ask at `to_url`
    /// what is next; `None` of one that hands no calls over.
    #[must_use]
    pub fn redirect(
        self,
        rest_url: &str,
        account: &Account<'_>,
        id: &str,
        to_url: &str,
    ) -> Option<Request> {
        match self {
            Self::Twilio => Some(twilio::redirect(rest_url, account, id, to_url)),
            Self::Telnyx => Some(telnyx::redirect(rest_url, account, id, to_url)),
            Self::Plivo => Some(plivo::redirect(rest_url, account, id, to_url)),
            Self::Vonage => Some(vonage::redirect(rest_url, account, id, to_url)),
            Self::Jambonz => Some(jambonz::redirect(rest_url, account, id, to_url)),
            Self::Asterisk | Self::Exotel => None,
        }
    }

    /// Reads the answer to [`Carrier::redirect`].
    ///
    /// # Errors
    /// [`RestProblem`] where the carrier did nothing, also because the call is over.
    pub fn redirected(self, status: u16, body: &[u8]) -> Result<(), RestProblem> {
        rest::read(status, body).map(|_| ())
    }

    /// Reads what the carrier asks with at [`Dial::next_url`].
    ///
    /// # Errors
    /// [`WebhookProblem`] where it does not say how the call ended.
    pub fn dialled(self, webhook: &Webhook<'_>) -> Result<Dialled, WebhookProblem> {
        let (status, id) = match self {
            Self::Vonage => return vonage::dialled(webhook),
            Self::Jambonz => return jambonz::dialled(webhook),
            Self::Plivo => ("DialStatus", "DialBLegUUID"),
            _ => ("DialCallStatus", "DialCallSid"),
        };
        let told = webhook.field(status);
        let told = told.ok_or(WebhookProblem::Missing(status))?;
        let of_caller = webhook.field("CallStatus");
        let of_caller = of_caller.as_deref().and_then(stage);
        Ok(Dialled {
            id: webhook.field(id),
            // What nobody knows the name of has not brought anybody to the line.
            stage: match stage(&told) {
                Some(Stage::Answered) => Stage::Completed,
                Some(Stage::Queued | Stage::Ringing) | None => Stage::Failed,
                Some(stage) => stage,
            },
            is_over: true,
            is_caller_gone: matches!(of_caller, Some(Stage::Completed | Stage::Cancelled)),
        })
    }

    /// Reads what the carrier tells at [`Dial::status_url`].
    ///
    /// # Errors
    /// [`WebhookProblem`] where it does not say of which call.
    pub fn dial_progress(self, webhook: &Webhook<'_>) -> Result<Progress, WebhookProblem> {
        match self {
            Self::Plivo => plivo::dial_progress(webhook),
            Self::Vonage => vonage::progress(webhook),
            Self::Jambonz => jambonz::progress(webhook),
            _ => webhook.progress(&["CallSid"]),
        }
    }
}

/// What two of the carriers say in the same words, `TwiML` and `TeXML`.
pub(crate) fn in_common(handover: &Handover<'_>) -> String {
    match handover {
        Handover::Dial(dial) => {
            let mut verbs = format!(
                "<Dial callerId=\"{}\" timeout=\"{}\" timeLimit=\"{}\" action=\"{}\" method=\"POST\">",
                escaped(dial.from),
                dial.ring_max_s,
                dial.duration_max_s,
                escaped(dial.next_url),
            );
            let _ = write!(
                verbs,
                "<Number statusCallback=\"{}\" statusCallbackMethod=\"POST\" \
                 statusCallbackEvent=\"initiated ringing answered completed\">{}</Number></Dial>",
                escaped(dial.status_url),
                escaped(dial.to),
            );
            verbs
        }
        Handover::Say { text, next_url } => format!(
            "<Say>{}</Say><Redirect method=\"POST\">{}</Redirect>",
            escaped(text),
            escaped(next_url)
        ),
        Handover::Join { conference } => format!(
            "<Dial><Conference beep=\"false\" startConferenceOnEnter=\"true\" \
             endConferenceOnExit=\"true\" maxParticipants=\"2\">{}</Conference></Dial><Hangup/>",
            escaped(conference)
        ),
    }
}

#[cfg(test)]
mod tests;
