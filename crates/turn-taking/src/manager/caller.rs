//! The caller's side: speech, transcripts, typed messages, the end of the turn, and what the
//! caller's words do to the reply that is being made or heard.

use std::time::Duration;

use super::TurnManager;
use crate::barge_in::Verdict;
use crate::closed_turn::Heard;
use crate::endpointer::Endpoint;
use crate::reply_watch::{Speech, Stage};
use crate::wording::{has_words, is_beginning, is_same, words};
use crate::{Command, HangUpCause, Instant, Line, Reason, UtteranceId};

/// Words that the turn has to grow by before the prompt cache is warmed again: each word that is
/// read while the caller still speaks is one less to read before the reply.
const WORDS_TO_PRIME: usize = 1;
/// Replies that are started in vain for one turn; after that the turn's end is waited for.
const SPECULATIONS_MAX: u32 = 3;

impl TurnManager {
    pub(super) fn take_speech_start(&mut self, utterance: UtteranceId, onset: Instant) {
        if let Some(missed) = self.caller.start(utterance, onset, self.now) {
            self.finalise(
                missed,
                Reason::CallerPaused {
                    silence: Duration::ZERO,
                },
            );
        }
    }

    pub(super) fn take_speech_stop(&mut self, utterance: UtteranceId, silence: Duration) {
        if self.caller.stop(utterance, self.now - silence) {
            self.finalise(utterance, Reason::CallerPaused { silence });
        }
    }

    pub(super) fn take_transcript(&mut self, utterance: UtteranceId, text: &str, is_final: bool) {
        match self.caller.hear(utterance, text, is_final, self.now) {
            Heard::Nothing => {}
            Heard::Change => {
                if is_final {
                    self.barge_in.rejudge(utterance);
                }
                self.prime();
            }
            Heard::Revision | Heard::Orphan if self.is_answer_unheard() => {
                self.answer_again(Reason::TranscriptGrew);
            }
            Heard::Revision => {}
            Heard::Orphan => self.caller.adopt(utterance),
        }
    }

    pub(super) fn take_message(&mut self, text: &str) {
        if !has_words(text) {
            self.silence.stirred(self.now);
            return;
        }
        self.caller.type_in(text, self.now);
        self.silence.caller_answered(self.now);
        let is_yielding = match self.replies.live().map(|live| live.stage) {
            Some(Stage::Audible | Stage::Held) => self.barge_in.is_interruptible(),
            Some(Stage::Unheard) => self.is_unheard_cancellable(),
            Some(Stage::Speculative) | None => false,
        };
        if is_yielding {
            self.cancel(Reason::CallerTyped);
        }
    }

    pub(super) fn take_endpoint(&mut self) {
        match self.endpointer.poll() {
            Some(Endpoint::TurnOver(reason)) => self.end_turn(&reason),
            Some(Endpoint::TranscriptOverdue) => self.caller.give_up(),
            Some(Endpoint::TurnTooLong) => {
                if let Some(utterance) = self.caller.speaking()
                    && self.caller.stop(utterance, self.now)
                {
                    let limit = self.policy.caller_turn_max;
                    self.finalise(utterance, Reason::CallerTurnTooLong { limit });
                }
            }
            None => {}
        }
    }

    pub(super) fn take_verdict(&mut self) {
        let Some(turn) = self.replies.live().map(|live| live.turn) else {
            return;
        };
        match self.barge_in.poll() {
            Some(Verdict::Hold(reason)) => {
                self.replies.advance(Stage::Held, self.now);
                self.order(Command::HoldPlayout { turn }, reason);
            }
            Some(Verdict::Yield(reason)) => {
                self.failures = 0;
                self.cancel(reason);
                self.prime();
            }
            Some(Verdict::GoOn {
                was_held,
                through,
                reason,
            }) => {
                self.caller.acknowledge(through, self.now);
                if was_held {
                    self.replies.advance(Stage::Audible, self.now);
                    self.order(Command::ResumePlayout { turn }, reason);
                }
            }
            None => {}
        }
    }

    /// What the caller's words mean for the live reply.
    pub(super) fn judge_speech(&mut self) {
        match self.replies.live().map(|live| live.stage) {
            Some(Stage::Audible | Stage::Held) => {
                let overlap = self.caller.overlap(self.barge_in.judged());
                self.barge_in.handle(overlap, self.now);
                self.take_verdict();
            }
            Some(Stage::Unheard) => self.judge_going_on(),
            Some(Stage::Speculative) => self.judge_speculation(),
            None => {}
        }
    }

    /// Starts the reply before the turn is decided, where that is worth it.
    pub(super) fn speculate(&mut self) {
        if !self.policy.is_speculation_on
            || self.replies.live().is_some()
            || self.speculations >= SPECULATIONS_MAX
            || !self.endpointer.is_end_plausible()
        {
            return;
        }
        self.speculations += 1;
        let text = self.caller.text().to_owned();
        self.start_reply(text, Stage::Speculative, Reason::TranscriptSettled);
    }

    /// The reply was started to words that have changed since.
    fn judge_speculation(&mut self) {
        let text = self.caller.text();
        let Some(live) = self
            .replies
            .live()
            .filter(|live| !is_same(&live.caller_text, text))
        else {
            return;
        };
        let is_longer = is_beginning(&live.caller_text, text);
        self.cancel(if is_longer {
            Reason::CallerWentOn
        } else {
            Reason::TranscriptGrew
        });
    }

    /// The caller speaks while the reply is made: noise and acknowledgements change nothing, words
    /// belong to the turn that was thought to be over.
    fn judge_going_on(&mut self) {
        let Some(overlap) = self.caller.overlap(UtteranceId(0)) else {
            return;
        };
        if overlap.words > 0 {
            if self.is_unheard_cancellable() {
                self.cancel(Reason::CallerWentOn);
                self.prime();
            }
        } else if overlap.is_settled && overlap.ended_at.is_some() {
            self.caller.acknowledge(overlap.last, self.now);
        }
    }

    /// Whether what the caller says makes it pointless to speak the reply that is not heard yet.
    fn is_unheard_cancellable(&self) -> bool {
        self.replies.live().is_some_and(|live| match live.speech {
            Speech::Answer => true,
            Speech::Line(Line::Reprompt(_) | Line::Goodbye(HangUpCause::Silence)) => true,
            Speech::Line(Line::Apology) => !self.is_deaf,
            Speech::Line(Line::Greeting | Line::Goodbye(_)) => false,
        })
    }

    fn end_turn(&mut self, reason: &Reason) {
        let text = self.caller.close();
        self.words_primed = 0;
        self.speculations = 0;
        self.silence.caller_answered(self.now);
        let is_started = self
            .replies
            .live()
            .is_some_and(|live| is_same(&live.caller_text, &text));
        if !is_started {
            self.cancel(Reason::CallerWentOn);
            self.start_reply(text, Stage::Speculative, reason.clone());
        }
        self.commit(reason.clone());
    }

    /// Whether the answer to the turn that was closed last can still be replaced unnoticed.
    fn is_answer_unheard(&self) -> bool {
        self.replies
            .live()
            .is_some_and(|live| live.stage == Stage::Unheard && live.speech == Speech::Answer)
    }

    fn finalise(&mut self, utterance: UtteranceId, reason: Reason) {
        self.order(Command::FinaliseTranscript { utterance }, reason);
    }

    /// Warms the prompt cache when the caller, who has the floor, has said some words more.
    fn prime(&mut self) {
        if self.replies.live().is_some() || self.caller.speaking().is_none() || self.is_deaf {
            return;
        }
        let caller_text = self.caller.text().to_owned();
        let count = words(&caller_text).count();
        if count >= self.words_primed + WORDS_TO_PRIME {
            self.words_primed = count;
            self.order(Command::PrimeReply { caller_text }, Reason::TranscriptGrew);
        }
    }
}
