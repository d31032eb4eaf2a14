//! The turn manager: hands each fact to the machine that it concerns, and makes commands of what
//! the machines find. `manager/caller` has the caller's side, `manager/reply` the agent's,
//! `manager/silence` what is done about silence, `manager/order` what others than the two want,
//! `manager/succession` another agent in the call.

mod caller;
mod order;
mod reply;
mod silence;
mod succession;

use std::collections::VecDeque;
use std::time::Duration;

use crate::backchanneler::{Backchanneler, Listening};
use crate::barge_in::BargeIn;
use crate::caller_turn::CallerTurn;
use crate::endpointer::Endpointer;
use crate::greeting_watch::GreetingWatch;
use crate::orders::Orders;
use crate::reply_watch::{ReplyWatch, Stage};
use crate::silence_watch::SilenceWatch;
use crate::soft_timeout::SoftTimeoutWatch;
use crate::standing::Standing;
use crate::{
    Command, Decision, Fact, Floor, HangUpCause, HeardText, Instant, Line, Opening, PolicyError,
    Reason, Timer, TurnId, TurnPolicy,
};

/// Decides who has the floor in one call. It reads no clock and does nothing by itself:
///
/// 1. [`TurnManager::handle`] takes each fact with the moment at which it happened,
/// 2. [`TurnManager::poll`] gives the commands, one by one, until there is none,
/// 3. [`TurnManager::poll_timeout`] says until when to wait for the next fact,
/// 4. [`TurnManager::handle_timeout`] is called when that moment has come.
///
/// A timer acts at the moment for which it was set, however late it is handed in, and due timers
/// act before a fact of the same moment. So the facts of a recorded call, with their moments, give
/// the same commands again. Time only goes up: an earlier moment counts as the latest one known.
///
/// Until [`Command::HangUp`] there is always a deadline; after it there is neither a deadline nor
/// a command.
#[derive(Debug)]
pub struct TurnManager {
    policy: TurnPolicy,
    now: Instant,
    is_answered: bool,
    is_over: bool,
    /// Recognition is gone for good.
    is_deaf: bool,
    caller: CallerTurn,
    endpointer: Endpointer,
    barge_in: BargeIn,
    greeting: GreetingWatch,
    silence: SilenceWatch,
    replies: ReplyWatch,
    soft_timeout: SoftTimeoutWatch,
    backchanneler: Backchanneler,
    orders: Orders,
    /// How the agent takes turns that is ready to take over, and what it says first.
    successor: Option<(Box<TurnPolicy>, Option<Opening>)>,
    /// Replies in a row that failed.
    failures: u32,
    /// Replies started in vain for the open turn.
    speculations: u32,
    /// Turns of the caller that ended, and replies that were begun in vain in all of them.
    turns: u32,
    vain: u32,
    /// Words of the open turn when the prompt cache was warmed last.
    words_primed: usize,
    /// The audible reply that was cancelled last, and the caller's words that it answered, until
    /// it is known what was heard of it.
    unreported: Option<(TurnId, String)>,
    last_heard: Option<(TurnId, HeardText)>,
    /// When the live reply was first heard.
    audible_since: Instant,
    /// Onset of speech into which the agent seems to have cut, and the pause before it.
    cut_in: Option<(Instant, Duration)>,
    decisions: VecDeque<Decision>,
}

impl TurnManager {
    /// A manager for a call that is not answered yet.
    ///
    /// # Errors
    /// [`PolicyError`] where a knob is out of range.
    pub fn new(policy: TurnPolicy) -> Result<Self, PolicyError> {
        policy.validate()?;
        Ok(Self {
            now: Instant::START,
            is_answered: false,
            is_over: false,
            is_deaf: false,
            caller: CallerTurn::new(&policy),
            endpointer: Endpointer::new(&policy),
            barge_in: BargeIn::new(&policy),
            greeting: GreetingWatch::new(&policy),
            silence: SilenceWatch::new(&policy),
            replies: ReplyWatch::new(&policy),
            soft_timeout: SoftTimeoutWatch::new(&policy),
            backchanneler: Backchanneler::new(&policy),
            orders: Orders::default(),
            successor: None,
            failures: 0,
            speculations: 0,
            turns: 0,
            vain: 0,
            words_primed: 0,
            unreported: None,
            last_heard: None,
            audible_since: Instant::START,
            cut_in: None,
            decisions: VecDeque::new(),
            policy,
        })
    }

    /// Takes a fact that happened at `now`. Timers due at or before `now` act first.
    pub fn handle(&mut self, fact: &Fact, now: Instant) {
        self.run_timers(now);
        self.now = self.now.max(now);
        if self.is_over {
            return;
        }
        self.take(fact);
        self.settle();
        // A pause is one only at the moment at which it is heard.
        if let Fact::TranscriptSettled { utterance } = fact {
            self.caller.go_on(*utterance);
        }
        // What the fact made due at once.
        self.run_timers(self.now);
    }

    /// Lets the timers act that are due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.run_timers(now);
        self.now = self.now.max(now);
    }

    /// The next command, in order.
    pub fn poll(&mut self) -> Option<Decision> {
        self.decisions.pop_front()
    }

    /// The moment until which nothing will happen by itself, and what is due then. `None` only
    /// after [`Command::HangUp`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        if self.is_over {
            return None;
        }
        [
            self.barge_in.poll_timeout(),
            self.endpointer.poll_timeout().filter(|_| self.is_answered),
            self.backchanneler.poll_timeout(),
            self.soft_timeout.poll_timeout(),
            self.replies.poll_timeout(),
            self.greeting.poll_timeout(),
            self.silence.poll_timeout(),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|(at, _)| *at)
    }

    /// Who has the floor.
    #[must_use]
    pub fn floor(&self) -> Floor {
        if self.is_over {
            return Floor::Over;
        }
        let is_caller_on = self.caller.standing() != Standing::default();
        match self.replies.live() {
            Some(live) if live.stage == Stage::Audible => Floor::Agent { turn: live.turn },
            Some(live) if live.stage == Stage::Held => Floor::Held { turn: live.turn },
            Some(live) if live.stage == Stage::Unheard && !is_caller_on => {
                Floor::Thinking { turn: live.turn }
            }
            _ if is_caller_on => Floor::Caller,
            _ => Floor::Nobody,
        }
    }

    /// What was heard of the reply that was cancelled last, once the session has reported it.
    #[must_use]
    pub fn last_heard(&self) -> Option<(TurnId, &HeardText)> {
        self.last_heard.as_ref().map(|(turn, heard)| (*turn, heard))
    }

    fn take(&mut self, fact: &Fact) {
        match fact {
            Fact::HungUp => self.hang_up(HangUpCause::CallerHungUp, Reason::CallerHungUp),
            Fact::CallAnswered if !self.is_answered => self.take_answer(),
            Fact::TranscriptFailed => self.is_deaf = true,
            Fact::Ordered(order) => self.take_order(*order),
            Fact::SuccessorReady { policy, opening } => self.take_successor(policy, *opening),
            _ if !self.is_answered => {}
            Fact::CallAnswered | Fact::SpeechProbability { .. } => {}
            Fact::SpeechStarted {
                utterance,
                onset_ago,
            } => {
                self.take_speech_start(*utterance, self.now - *onset_ago);
            }
            Fact::SpeechStopped { utterance, silence } => {
                self.take_speech_stop(*utterance, *silence);
            }
            Fact::TranscriptInterim { utterance, text } => {
                self.take_transcript(*utterance, text, false);
            }
            Fact::TranscriptFinal { utterance, text } => {
                self.take_transcript(*utterance, text, true);
            }
            Fact::TranscriptSettled { utterance } => self.caller.pause(*utterance),
            Fact::EndOfTurnLikelihood {
                utterance,
                likelihood,
            } => {
                self.caller.judge(*utterance, *likelihood);
            }
            Fact::VoiceJudged {
                utterance,
                likeness,
                is_caller,
            } => self.take_voice(*utterance, (!is_caller).then_some(*likeness)),
            Fact::UserMessage { text } => self.take_message(text),
            Fact::TurnSkipped { turn, wait } => self.take_skip(*turn, *wait),
            Fact::DtmfPressed { .. } => self.silence.caller_answered(self.now),
            Fact::UserActivity => self.silence.stirred(self.now),
            Fact::ReplyCancelled { turn, heard } => {
                self.take_heard(*turn, heard);
                self.take_reply_fact(fact);
            }
            Fact::ReplyToken { .. }
            | Fact::ReplyReady { .. }
            | Fact::ReplyFailed { .. }
            | Fact::ToolStarted { .. }
            | Fact::ToolFinished { .. }
            | Fact::FillerStarted { .. }
            | Fact::PlayoutStarted { .. }
            | Fact::PlayoutRanDry { .. }
            | Fact::PlayoutProgress { .. }
            | Fact::PlayoutFinished { .. } => self.take_reply_fact(fact),
        }
    }

    fn take_answer(&mut self) {
        self.is_answered = true;
        self.silence.answered(self.now);
        // One who will not hear an answer greets nobody.
        if !self.policy.greets_first || self.is_deaf || self.orders.is_muted() {
            return;
        }
        if self.policy.greeting_delay.is_zero() {
            self.say(Line::Greeting, Reason::CallAnswered);
        } else {
            self.greeting.answered(self.now);
        }
    }

    /// Greets where it is time to, nobody speaks and nothing was said yet.
    fn greet(&mut self, standing: Standing) {
        if self.replies.live().is_some() {
            self.greeting.forget();
        } else if standing == Standing::default()
            && !self.orders.is_restrained()
            && let Some(reason) = self.greeting.poll()
        {
            self.say(Line::Greeting, reason);
        }
    }

    fn run_timers(&mut self, now: Instant) {
        while let Some((at, timer)) = self.poll_timeout().filter(|(at, _)| *at <= now) {
            self.now = self.now.max(at);
            match timer {
                Timer::EndOfTurn | Timer::TranscriptDeadline | Timer::CallerTurnMax => {
                    self.endpointer.handle_timeout(self.now);
                    self.take_endpoint();
                }
                Timer::Interruption | Timer::FalseInterruption => {
                    self.barge_in.handle_timeout(self.now);
                    self.take_verdict();
                }
                Timer::GreetingDelay => self.greeting.handle_timeout(self.now),
                Timer::NoInput
                | Timer::SilenceHangUp
                | Timer::CallerSilenceMax
                | Timer::SkippedTurn
                | Timer::CallDurationMax => {
                    self.silence.handle_timeout(self.now);
                    self.take_lapse();
                }
                Timer::Backchannel => {
                    self.backchanneler.handle_timeout(self.now);
                    self.say_backchannel();
                }
                Timer::SoftTimeout => {
                    self.soft_timeout.handle_timeout(self.now);
                    self.say_filler();
                }
                Timer::ReplyDeadline | Timer::PlayoutStall => {
                    self.replies.handle_timeout(self.now);
                    self.take_progress();
                }
            }
            self.settle();
        }
    }

    /// Brings the machines up to date with each other after anything happened.
    fn settle(&mut self) {
        if self.is_over || !self.is_answered {
            return;
        }
        self.judge_speech();
        self.tell_deafness();
        self.caller.look();
        self.carry_out_orders();
        let standing = self.caller.standing();
        let is_suspended = self.replies.has_floor() || self.is_deaf || self.orders.is_on_hold();
        self.endpointer.handle(standing, is_suspended, self.now);
        self.speculate();
        self.greet(standing);
        let is_quiet = self.replies.live().is_none()
            && !self.greeting.is_pending()
            && standing == Standing::default()
            && !self.is_deaf
            && !self.orders.is_restrained()
            && !self.is_over;
        self.silence.handle(is_quiet, self.now);
        self.soft_timeout.handle(self.replies.wait());
        self.backchanneler.handle(&Listening {
            standing,
            text: self.caller.text(),
            is_floor_taken: is_suspended || self.orders.is_muted(),
            turn_ends_at: self.endpointer.poll_timeout().map(|(at, _)| at),
        });
    }

    fn order(&mut self, command: Command, reason: Reason) {
        tracing::debug!(%command, %reason, at = %self.now, "decided");
        self.decisions.push_back(Decision { command, reason });
    }
}
