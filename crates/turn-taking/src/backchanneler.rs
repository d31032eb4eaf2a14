//! Shows a caller who speaks at length that the agent listens: says at which pauses, and with
//! which of the agent's words. It never takes the floor, and it does not know what the words are.

use std::time::Duration;

use crate::ending::Ending;
use crate::lexicon::Token;
use crate::policy::PolicyError;
use crate::spelling::{Spelling, digits, spelling};
use crate::standing::{Said, Standing};
use crate::wording::words;
use crate::{Instant, Reason, Timer, TurnPolicy};

/// How the agent shows that it listens. `AgentPhone` calls it `enableBackchannel` and turns it on
/// by default, Retell `enable_backchannel` and does not.
#[derive(Debug, Clone, PartialEq)]
pub struct BackchannelPolicy {
    /// Share of the pauses that are fit for it at which something is said, 0 to 1. Default 0.8.
    /// Retell calls it `backchannel_frequency`.
    pub frequency: f32,
    /// How many words the agent has to choose from, 1 to 20; they take turns. Default 3.
    pub words_listed: u32,
}

impl Default for BackchannelPolicy {
    fn default() -> Self {
        Self {
            frequency: 0.8,
            words_listed: 3,
        }
    }
}

impl BackchannelPolicy {
    pub(crate) fn validate(&self) -> Result<(), PolicyError> {
        let (frequency, listed) = (self.frequency, self.words_listed);
        if !(0.0..=1.0).contains(&frequency) {
            return Err(PolicyError {
                knob: "backchannels.frequency",
                problem: format!("{frequency} is not between 0 (never) and 1 (at every fit pause)"),
            });
        }
        if !(1..=20).contains(&listed) {
            return Err(PolicyError {
                knob: "backchannels.words_listed",
                problem: format!("{listed} words are listed; allowed are 1 to 20"),
            });
        }
        Ok(())
    }
}

/// How long the caller's turn has to have lasted: shorter ones are mostly requests.
const TURN_MIN: Duration = Duration::from_secs(4);
/// The pause before something is said into it: shorter ones are breaths.
const PAUSE_MIN: Duration = Duration::from_millis(300);
/// Later than this it would sound like a question.
const PAUSE_MAX: Duration = Duration::from_millis(900);
/// From one to the next.
const GAP_MIN: Duration = Duration::from_secs(5);
/// Sooner than this after it the agent does not take the floor.
const CLEARANCE: Duration = Duration::from_millis(500);
/// Share of the likelihood that means "finished"; below it the caller clearly goes on.
const LIKELIHOOD_SHARE: f32 = 0.5;

/// What the caller's open turn looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listening<'a> {
    pub(crate) standing: Standing,
    /// All words of the turn.
    pub(crate) text: &'a str,
    /// Whether the agent speaks, or is about to.
    pub(crate) is_floor_taken: bool,
    /// When the turn counts as over if the caller stays silent.
    pub(crate) turn_ends_at: Option<Instant>,
}

/// Something to say, by number, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DueBackchannel {
    pub(crate) clip: u32,
    pub(crate) reason: Reason,
}

/// A pause that is fit for it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pause {
    began: Instant,
    turn_since: Instant,
    likelihood: Option<f32>,
}

#[derive(Debug)]
pub(crate) struct Backchanneler {
    policy: Option<BackchannelPolicy>,
    likelihood_max: f32,
    /// Onset of the open turn.
    turn_since: Option<Instant>,
    pause: Option<Pause>,
    /// The pause that was decided on last began then.
    judged: Option<Instant>,
    /// Adds up `frequency`; each whole one is spent on a word.
    credit: f32,
    count: u32,
    said_at: Option<Instant>,
    due: Option<DueBackchannel>,
}

impl Backchanneler {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        Self {
            policy: policy.backchannels.clone(),
            likelihood_max: policy.endpoint_thresholds().likelihood_min * LIKELIHOOD_SHARE,
            turn_since: None,
            pause: None,
            judged: None,
            credit: 0.0,
            count: 0,
            said_at: None,
            due: None,
        }
    }

    pub(crate) fn handle(&mut self, listening: &Listening<'_>) {
        if self.policy.is_none() {
            return;
        }
        let standing = listening.standing;
        if standing.turn_since.is_some() {
            self.turn_since = standing.turn_since;
        } else if standing == Standing::default() {
            self.turn_since = None;
        }
        self.pause = self.pause_in(listening);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let is_due = self.poll_timeout().is_some_and(|(at, _)| at <= now);
        let (Some(pause), Some(policy)) = (self.pause.filter(|_| is_due), &self.policy) else {
            return;
        };
        self.judged = Some(pause.began);
        if now.since(pause.began) > PAUSE_MAX {
            return;
        }
        self.credit += policy.frequency;
        // Ten tenths are a little less than one.
        if self.credit < 0.999 {
            return;
        }
        self.credit -= 1.0;
        self.said_at = Some(now);
        self.due = Some(DueBackchannel {
            clip: self.count % policy.words_listed.max(1),
            reason: Reason::CallerGoesOn {
                turn: pause.began.since(pause.turn_since),
                pause: now.since(pause.began),
                likelihood: pause.likelihood,
            },
        });
        self.count = self.count.wrapping_add(1);
    }

    pub(crate) fn poll(&mut self) -> Option<DueBackchannel> {
        self.due.take()
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let pause = self
            .pause
            .filter(|pause| self.judged != Some(pause.began))?;
        Some((pause.began + PAUSE_MIN, Timer::Backchannel))
    }

    /// The pause that the caller makes, where it is fit.
    fn pause_in(&self, listening: &Listening<'_>) -> Option<Pause> {
        let standing = listening.standing;
        if listening.is_floor_taken || standing.speaking_since.is_some() {
            return None;
        }
        let (said, turn_since) = (standing.said?, self.turn_since?);
        let began = said.ended_at;
        // The newest speech has to have words, or it may be a noise.
        let is_newest = standing.awaited_since.is_none_or(|ended| ended <= began);
        let is_long = began >= turn_since + TURN_MIN;
        let is_rested = self.said_at.is_none_or(|said| began >= said + GAP_MIN);
        let has_room = listening
            .turn_ends_at
            .is_none_or(|end| end >= began + PAUSE_MIN + CLEARANCE);
        let is_fit = is_newest && is_long && is_rested && has_room && self.goes_on(said);
        (is_fit && !is_dictating(listening.text)).then_some(Pause {
            began,
            turn_since,
            likelihood: said.likelihood,
        })
    }

    /// Whether the caller has clearly more to say.
    fn goes_on(&self, said: Said) -> bool {
        let sounds_open = said
            .likelihood
            .is_some_and(|likelihood| likelihood < self.likelihood_max);
        let sounds_finished = said
            .likelihood
            .is_some_and(|likelihood| likelihood >= self.likelihood_max * 2.0);
        let stops_short = said.ending == Ending::Open;
        !said.is_typed && (sounds_open || (stops_short && !sounds_finished))
    }
}

/// Whether the turn ends in a digit, or in something that is said piece by piece: a word in between
/// makes a caller lose count.
fn is_dictating(text: &str) -> bool {
    let last = words(text).next_back();
    last.is_some_and(|word| digits(Token::new(word)).is_some()) || spelling(text) != Spelling::None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictation_is_known_by_its_last_word() {
        for text in [
            "my number is 0171",
            "five five",
            "it is spelt B R",
            "my e-mail is ann at example",
            "meine Nummer ist null",
        ] {
            assert!(is_dictating(text), "{text}");
        }
        for text in ["I was there at five and then", "", "so I", "a table"] {
            assert!(!is_dictating(text), "{text}");
        }
    }

    #[test]
    fn a_range_is_named() {
        let policy = BackchannelPolicy {
            frequency: 1.5,
            ..BackchannelPolicy::default()
        };
        assert_eq!(
            policy.validate().unwrap_err().to_string(),
            "backchannels.frequency: 1.5 is not between 0 (never) and 1 (at every fit pause)"
        );
        let policy = BackchannelPolicy {
            words_listed: 0,
            ..BackchannelPolicy::default()
        };
        assert_eq!(
            policy.validate().unwrap_err().knob,
            "backchannels.words_listed"
        );
    }
}
