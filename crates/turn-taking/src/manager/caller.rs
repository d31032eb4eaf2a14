//! The caller's side: speech, transcripts, typed messages, the end of the turn, and what the
//! caller's words do to the reply that is being made or heard.

use std::time::Duration;

use super::TurnManager;
use crate::barge_in::Verdict;
use crate::closed_turn::Heard;
use crate::endpointer::Endpoint;
use crate::profiles::AgentState;
use crate::reply_watch::{LiveReply, Speech, Stage};
use crate::wording::{has_words, is_beginning, is_same, words};
use crate::{Command, HangUpCause, Instant, Line, Reason, UtteranceId};

/// Words that the turn has to grow by before the prompt cache is warmed again: each word that is
/// read while the caller still speaks is one less to read before the reply.
const WORDS_TO_PRIME: usize = 1;
/// Turns of the caller for each reply that may have been begun in vain.
const TURNS_PER_VAIN_REPLY: u32 = 2;
/// Speech that begins this shortly after the agent does began without hearing it.
const TOO_SOON: Duration = Duration::from_millis(300);

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
        self.disregard(utterance);
    }

    /// What was said over an agent that cannot be stopped is dropped, where it is to be.
    fn disregard(&mut self, utterance: UtteranceId) {
        if !self.policy.transcribes_uninterruptible && self.barge_in.is_in_vain(utterance) {
            self.caller.disregard(utterance);
        }
    }

    pub(super) fn take_transcript(&mut self, utterance: UtteranceId, text: &str, is_final: bool) {
        let heard = self.caller.hear(utterance, text, is_final, self.now);
        if let Some(delay) = self.caller.take_transcript_delay() {
            self.endpointer.learn_transcript_delay(delay);
        }
        match heard {
            Heard::Nothing => {}
            Heard::Change => {
                if !self.caller.is_spoken(utterance) {
                    self.disregard(utterance);
                }
                if is_final {
                    self.barge_in.rejudge(utterance);
                    if !self.replies.has_floor() {
                        self.learn_pauses();
                    }
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

    /// What a stranger says, who is so like the caller, belongs to no turn and takes no floor.
    pub(super) fn take_voice(&mut self, utterance: UtteranceId, stranger: Option<f32>) {
        if !self.caller.attribute(utterance, stranger) {
            return;
        }
        let Some(likeness) = stranger else {
            self.barge_in.rejudge(utterance);
            self.prime();
            return;
        };
        let text = self.caller.text();
        let is_answered_already = self.replies.live().is_some_and(|live| {
            live.stage == Stage::Speculative && !is_same(&live.caller_text, text)
        });
        if is_answered_already {
            self.cancel(Reason::AnotherVoice { likeness });
        }
    }

    pub(super) fn take_message(&mut self, text: &str) {
        if !has_words(text) {
            self.silence.stirred(self.now);
            return;
        }
        self.caller.type_in(text, self.now);
        self.silence.caller_answered(self.now);
        if self.barge_in.is_interruptible() {
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
        let Some((turn, stage)) = self.replies.live().map(|live| (live.turn, live.stage)) else {
            return;
        };
        match self.barge_in.poll() {
            Some(Verdict::Hold { .. }) if stage == Stage::Unheard => {
                self.replies.withhold();
                self.order(Command::HoldPlayout { turn }, Reason::CallerWentOn);
            }
            Some(Verdict::Hold { speech, required }) => {
                self.replies.advance(Stage::Held, self.now);
                let reason = Reason::CallerSpokeOver { speech, required };
                self.order(Command::HoldPlayout { turn }, reason);
            }
            Some(Verdict::Yield {
                speech,
                words,
                words_required,
                is_demand,
                after,
            }) => {
                self.note_cut_in(after);
                let reason = if stage == Stage::Unheard {
                    Reason::CallerWentOn
                } else if is_demand {
                    let text = self.caller.overlap_text(after);
                    Reason::InterruptingPhrase { text }
                } else {
                    Reason::BargeIn {
                        speech,
                        words,
                        words_required,
                    }
                };
                if stage != Stage::Unheard {
                    self.failures = 0;
                }
                self.cancel(reason);
                self.prime();
            }
            Some(Verdict::GoOn {
                was_held,
                speech,
                is_acknowledgement,
                after,
                through,
            }) => {
                if was_held {
                    let reason = self.reason_to_go_on(speech, is_acknowledgement, after);
                    let resumed = match stage {
                        Stage::Unheard => Stage::Unheard,
                        _ => Stage::Audible,
                    };
                    self.replies.advance(resumed, self.now);
                    self.order(Command::ResumePlayout { turn }, reason);
                }
                let is_heard = stage != Stage::Unheard;
                self.caller.acknowledge(through, is_heard, self.now);
            }
            None => {}
        }
    }

    fn reason_to_go_on(
        &self,
        speech: Duration,
        is_acknowledgement: bool,
        after: UtteranceId,
    ) -> Reason {
        let stranger = self.caller.stranger_after(after);
        if is_acknowledgement {
            let text = self.caller.overlap_text(after);
            Reason::Acknowledgement { text }
        } else if let Some(likeness) = stranger.filter(|_| speech.is_zero()) {
            Reason::AnotherVoice { likeness }
        } else {
            Reason::NotAnInterruption { speech }
        }
    }

    /// What the caller's words mean for the live reply. While it is heard they can be an
    /// interruption; while it is made they belong to the turn that was thought to be over. Noise
    /// and acknowledgements change nothing.
    pub(super) fn judge_speech(&mut self) {
        match self.replies.live().map(|live| live.stage) {
            Some(Stage::Audible | Stage::Held | Stage::Unheard) => {
                let state = self.interruptible_state();
                self.barge_in.enter(state);
                let is_heard = self.is_reply_heard();
                let overlap = self.caller.overlap(self.barge_in.judged(), is_heard);
                self.barge_in.handle(overlap, self.now);
                self.take_verdict();
            }
            Some(Stage::Speculative) => self.judge_speculation(),
            None => {}
        }
    }

    fn is_reply_heard(&self) -> bool {
        let live = self.replies.live();
        live.is_some_and(|live| matches!(live.stage, Stage::Audible | Stage::Held))
    }

    /// What the agent is doing, where its live reply is one that the caller can stop at all.
    fn interruptible_state(&self) -> Option<AgentState> {
        let live = self.replies.live()?;
        let is_unheard = live.stage == Stage::Unheard;
        let is_stoppable = match live.speech {
            Speech::Answer | Speech::Line(Line::Reprompt(_)) => true,
            Speech::Unasked | Speech::Line(Line::Ordered(_)) => {
                self.live_order().is_none_or(|order| order.is_interruptible)
            }
            Speech::Line(Line::Goodbye(cause)) => cause == HangUpCause::Silence,
            Speech::Line(Line::Apology) => !self.is_deaf,
            Speech::Line(Line::Greeting) => !is_unheard,
        };
        let state = match (is_unheard, live.is_tool_running()) {
            (true, false) => AgentState::Thinking,
            (true, true) => AgentState::ThinkingWithTool,
            (false, _) if live.speech == Speech::Line(Line::Greeting) => AgentState::Greeting,
            (false, false) => AgentState::Speaking,
            (false, true) => AgentState::SpeakingWithTool,
        };
        is_stoppable.then_some(state)
    }

    /// Notes that an answer came too soon: the caller went on before it was heard, or
    /// before it can have been understood.
    fn note_cut_in(&mut self, judged: UtteranceId) {
        let is_answer = |live: &LiveReply| live.speech == Speech::Answer;
        let Some(live) = self.replies.live().filter(|live| is_answer(live)) else {
            return;
        };
        let overlap = self.caller.overlap(judged, self.is_reply_heard());
        if let Some((overlap, ended_at)) = overlap.zip(self.caller.closed_at())
            && (live.stage == Stage::Unheard || overlap.onset <= self.audible_since + TOO_SOON)
        {
            self.cut_in = Some((overlap.onset, overlap.onset.since(ended_at)));
        }
    }

    /// Learns from pauses after which the caller went on, now that it is known what were words.
    fn learn_pauses(&mut self) {
        let released_at = self.endpointer.released_at();
        let pauses = self.caller.pauses(released_at);
        self.endpointer.learn_pauses(pauses);
    }

    /// Starts the reply before the turn is decided, where that is worth it.
    pub(super) fn speculate(&mut self) {
        if !self.policy.is_speculation_on
            || self.orders.is_restrained()
            || self.replies.live().is_some()
            || self.speculations >= self.policy.speculations_max
        {
            return;
        }
        // A pause within speech is a guess: of two turns at most one may have paid for one.
        let may_guess = self.vain.saturating_mul(TURNS_PER_VAIN_REPLY) <= self.turns;
        let is_guess = may_guess && self.endpointer.is_end_conceivable();
        if !is_guess && !self.endpointer.is_end_plausible() {
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

    fn end_turn(&mut self, reason: &Reason) {
        self.learn_pauses();
        if let Some((onset, pause)) = self.cut_in.take()
            && self.caller.is_said_since(onset)
        {
            self.endpointer.learn_cut_in(pause);
        }
        let text = self.caller.text();
        let live = self.replies.live();
        let is_started = live.is_some_and(|live| is_same(&live.caller_text, text));
        let unasked = (!is_started).then(|| text.to_owned());
        self.caller.close();
        self.words_primed = 0;
        self.speculations = 0;
        self.turns = self.turns.saturating_add(1);
        self.silence.caller_answered(self.now);
        self.soft_timeout.caller_spoke();
        if self.orders.is_muted() {
            self.leave_unanswered(unasked.unwrap_or_default());
            return;
        }
        self.orders.forget_opening();
        if let Some(text) = unasked {
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
        let is_unwanted = self.is_deaf || self.orders.is_restrained();
        if self.replies.live().is_some() || self.caller.speaking().is_none() || is_unwanted {
            return;
        }
        let count = words(self.caller.text()).count();
        if count >= self.words_primed + WORDS_TO_PRIME {
            self.words_primed = count;
            let caller_text = self.caller.text().to_owned();
            self.order(Command::PrimeReply { caller_text }, Reason::TranscriptGrew);
        }
    }
}
