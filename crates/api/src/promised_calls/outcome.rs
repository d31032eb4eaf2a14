//! What the end of an attempt's call means for its promise. Pure rules.

use super::gap::{Gap, gap_after};
use crate::calls::{BUSY, CANCELLED, CallView, ENDED, NO_ANSWER};

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Somebody answered.
    Reached,
    /// Nobody answered.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// A machine answered.
    Voicemail,
    /// It could not be held, or broke off.
    Failed,
    /// It was taken back.
    TakenBack,
}

/// What the call is that a promise is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tried {
    /// How often it was tried; 0: the call after which it would be made.
    pub(crate) attempts: i64,
    pub(crate) attempts_max: i64,
    /// Whether the first attempt is the one that was asked for, and no repetition of a call.
    pub(crate) is_asked: bool,
}

/// What is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is tried again after this time.
    Again(Gap),
    Kept,
    GivenUp,
    Cancelled,
    /// It is not made.
    Forgotten,
}

impl Outcome {
    /// Of a call that is over.
    pub(crate) fn of(call: &CallView) -> Self {
        let by = call.document.answered_by.as_deref();
        match call.status.as_str() {
            ENDED if matches!(by, Some("machine" | "fax")) => Self::Voicemail,
            ENDED => Self::Reached,
            NO_ANSWER => Self::NoAnswer,
            BUSY => Self::Busy,
            CANCELLED => Self::TakenBack,
            _ => Self::Failed,
        }
    }

    /// In a word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Voicemail => "voicemail",
            Self::Failed => "failed",
            Self::TakenBack => "cancelled",
        }
    }

    /// What is next. A call that failed is no reason to call back, but a callback that failed is
    /// tried again.
    pub(crate) fn next(self, tried: Tried, gaps: &[Gap]) -> Next {
        let is_first_call = tried.attempts == 0;
        match self {
            Self::Reached | Self::TakenBack | Self::Failed if is_first_call => Next::Forgotten,
            Self::Reached => Next::Kept,
            Self::TakenBack => Next::Cancelled,
            _ if tried.attempts >= tried.attempts_max => Next::GivenUp,
            _ => {
                let place = tried.attempts - i64::from(tried.is_asked);
                Next::Again(gap_after(gaps, usize::try_from(place).unwrap_or(0)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Gap = Gap {
        days: 0,
        ms: 3_600_000,
    };
    const DAY: Gap = Gap { days: 1, ms: 0 };

    /// Attempts made, attempts allowed, whether asked for, how the last ended, what is next.
    const TABLE: &[(i64, i64, bool, Outcome, Next)] = &[
        // After the call itself.
        (0, 3, false, Outcome::Reached, Next::Forgotten),
        (0, 3, false, Outcome::Failed, Next::Forgotten),
        (0, 3, false, Outcome::TakenBack, Next::Forgotten),
        (0, 3, false, Outcome::NoAnswer, Next::Again(HOUR)),
        (0, 3, false, Outcome::Busy, Next::Again(HOUR)),
        (0, 3, false, Outcome::Voicemail, Next::Again(HOUR)),
        (0, 0, false, Outcome::Busy, Next::GivenUp),
        // After its callbacks; the last gap repeats.
        (1, 3, false, Outcome::Busy, Next::Again(DAY)),
        (2, 3, false, Outcome::NoAnswer, Next::Again(DAY)),
        (3, 3, false, Outcome::NoAnswer, Next::GivenUp),
        (1, 3, false, Outcome::Failed, Next::Again(DAY)),
        (3, 3, false, Outcome::Failed, Next::GivenUp),
        (2, 3, false, Outcome::Reached, Next::Kept),
        (1, 3, false, Outcome::TakenBack, Next::Cancelled),
        // One that was asked for begins with an attempt.
        (1, 2, true, Outcome::NoAnswer, Next::Again(HOUR)),
        (2, 2, true, Outcome::Voicemail, Next::GivenUp),
        (1, 1, true, Outcome::Reached, Next::Kept),
    ];

    #[test]
    fn whoever_is_not_reached_is_tried_again_as_often_as_allowed() {
        for (attempts, attempts_max, is_asked, outcome, next) in TABLE.iter().copied() {
            let tried = Tried {
                attempts,
                attempts_max,
                is_asked,
            };
            assert_eq!(
                outcome.next(tried, &[HOUR, DAY]),
                next,
                "{tried:?} {outcome:?}"
            );
        }
    }
}
