//! What people and programs elsewhere are told of a call while it runs, made from its log entries.

use std::collections::VecDeque;

use offhook_turn_taking::{Command, Decision, Fact, Instant, TurnId};
use serde::{Deserialize, Serialize};

use super::{TranscriptRole, TranscriptTurn};
use crate::{EntryKind, LogEntry};

/// Replies that are followed at a time.
const REPLIES_MAX: usize = 8;

/// Replies of which it is kept when the caller's turn before them began: those of several hours.
const BEGINNINGS_MAX: usize = 10_000;

/// Who has the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Nobody speaks, the agent listens.
    Listening,
    /// The caller speaks.
    CallerSpeaking,
    /// The caller's turn is over and nothing of the answer is heard so far.
    Thinking,
    /// The agent is heard.
    AgentSpeaking,
    /// The agent has stopped until it is clear whether the caller takes the floor.
    Held,
    /// The caller is on hold.
    OnHold,
}

/// What became of a time that the caller spoke over the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterruptionStage {
    /// The agent stopped and waits.
    Held,
    /// The agent goes on.
    Resumed,
    /// The caller took the floor.
    Committed,
}

/// Something that happened in a running call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CallEvent {
    /// Another one has the floor.
    State {
        /// Who.
        state: CallState,
    },
    /// What the caller says, as far as it is recognised; the whole of it each time.
    Interim {
        /// The text so far.
        text: String,
    },
    /// One side has said something, as it was heard.
    Turn {
        /// What, and when it began.
        turn: TranscriptTurn,
    },
    /// The caller spoke over the agent.
    Interruption {
        /// What became of it.
        stage: InterruptionStage,
        /// Which rule fired, with the numbers that it saw.
        reason: String,
    },
    /// The agent did something of its own accord, or kept silent.
    Decision {
        /// What, such as `SayFiller`.
        command: String,
        /// Which rule fired, with the numbers that it saw.
        reason: String,
    },
    /// The caller pressed a key.
    Key {
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
    },
    /// It is known who has answered a call that the agent placed.
    Answered {
        /// `machine`.
        by: String,
    },
    /// The call is being handed to somebody else, or that has come to an end.
    Transfer {
        /// Names the transfer among those of the call.
        id: String,
        /// Who is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// How it stands, such as `ringing`.
        status: String,
    },
    /// Another agent has taken over.
    AgentChanged {
        /// Its id.
        successor: String,
        /// Its name.
        name: String,
    },
    /// A provider is in trouble.
    Problem {
        /// In the words of the error.
        message: String,
    },
    /// The call is over; no event follows.
    Ended {
        /// Why, such as `caller_hung_up`.
        reason: String,
    },
}

impl CallEvent {
    /// What kind of event it is: its `type`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::State { .. } => "state",
            Self::Interim { .. } => "interim",
            Self::Turn { .. } => "turn",
            Self::Interruption { .. } => "interruption",
            Self::Decision { .. } => "decision",
            Self::Key { .. } => "key",
            Self::Answered { .. } => "answered",
            Self::Transfer { .. } => "transfer",
            Self::AgentChanged { .. } => "agent_changed",
            Self::Problem { .. } => "problem",
            Self::Ended { .. } => "ended",
        }
    }

    /// What was said, where that is what it tells.
    #[must_use]
    pub const fn turn(&self) -> Option<&TranscriptTurn> {
        match self {
            Self::Turn { turn } => Some(turn),
            _ => None,
        }
    }
}

/// Makes events of a call's log entries.
#[derive(Debug, Default)]
pub struct EventReader {
    state: Option<CallState>,
    /// The caller's first sound since its last turn ended.
    caller_began: Option<Instant>,
    replies: VecDeque<FollowedReply>,
    beginnings: Vec<(TurnId, Instant)>,
    /// What the caller has said that was not told so far, and when it began.
    untold: Option<(String, Instant)>,
    /// Words of a reply that failed or was dropped unheard before they were told.
    given_back: Option<(String, Instant)>,
    /// Words of the caller that were told and then given back, because nothing of the answer was
    /// heard.
    told: Option<String>,
    events: Vec<CallEvent>,
}

/// A reply, and the caller's turn before it.
#[derive(Debug, Default)]
struct FollowedReply {
    turn: TurnId,
    caller_text: String,
    caller_began: Option<Instant>,
    written: String,
    began: Option<Instant>,
    is_caller_told: bool,
}

impl EventReader {
    /// What an entry tells, in order.
    pub fn read(&mut self, entry: &LogEntry) -> Vec<CallEvent> {
        let at = entry.at;
        match &entry.kind {
            EntryKind::Fact(fact) => self.read_fact(fact, at),
            EntryKind::Decision(decision) => self.read_decision(decision, at),
            EntryKind::AgentChanged { id, name } => self.tell(CallEvent::AgentChanged {
                successor: id.clone(),
                name: name.clone(),
            }),
            EntryKind::ReplyText { turn, text } => self.reply(*turn).written.push_str(text),
            EntryKind::ReplyHeard {
                turn,
                heard_text,
                is_interrupted,
            } => self.reply_ended(*turn, heard_text.as_deref(), *is_interrupted, at),
            EntryKind::Problem(message) => self.tell(CallEvent::Problem {
                message: message.clone(),
            }),
            EntryKind::MachineAnswered => self.tell(CallEvent::Answered {
                by: "machine".to_owned(),
            }),
            EntryKind::Timer | EntryKind::EchoIgnored { .. } => {}
        }
        std::mem::take(&mut self.events)
    }

    /// What the caller said last and no reply has answered, once the call is over.
    pub fn finish(&mut self) -> Vec<CallEvent> {
        if let Some((text, began)) = self.untold.take() {
            self.tell_words(&text, began);
        }
        std::mem::take(&mut self.events)
    }

    /// When the caller's turn before a reply began.
    #[must_use]
    pub fn caller_began(&self, turn: TurnId) -> Option<Instant> {
        let found = self.beginnings.iter().rev().find(|(of, _)| *of == turn);
        found.map(|(_, at)| *at)
    }

    fn read_fact(&mut self, fact: &Fact, at: Instant) {
        match fact {
            Fact::CallAnswered => self.becomes(CallState::Listening),
            Fact::SpeechStarted { onset_ago, .. } => {
                self.caller_began.get_or_insert(at - *onset_ago);
                if self.state != Some(CallState::Held) {
                    self.becomes_unless(CallState::AgentSpeaking, CallState::CallerSpeaking);
                }
            }
            Fact::SpeechStopped { .. } if self.state == Some(CallState::CallerSpeaking) => {
                self.becomes(CallState::Listening);
            }
            Fact::TranscriptInterim { text, .. } => {
                self.tell(CallEvent::Interim { text: text.clone() });
            }
            Fact::PlayoutStarted { turn } | Fact::FillerStarted { turn } => {
                let mut reply = self.take_reply(*turn);
                reply.began.get_or_insert(at);
                self.tell_caller(&mut reply, at);
                self.replies.push_back(reply);
                self.becomes(CallState::AgentSpeaking);
            }
            Fact::PlayoutFinished { .. } => self.becomes(CallState::Listening),
            Fact::DtmfPressed { digit } => self.tell(CallEvent::Key { digit: *digit }),
            Fact::UserMessage { .. } => {
                self.caller_began.get_or_insert(at);
            }
            _ => {}
        }
    }

    fn read_decision(&mut self, decision: &Decision, at: Instant) {
        let Decision { command, reason } = decision;
        let interruption = |stage| CallEvent::Interruption {
            stage,
            reason: reason.to_string(),
        };
        match command {
            Command::PrimeReply { caller_text } => self.caller_said(caller_text, at),
            Command::StartReply { turn, caller_text } => {
                self.caller_said(caller_text, at);
                let began = self.caller_began;
                let reply = self.reply(*turn);
                reply.caller_text.clone_from(caller_text);
                reply.caller_began = began;
            }
            Command::CommitReply { turn } => {
                let began = self.caller_began.take();
                let reply = self.reply(*turn);
                let began = began.or(reply.caller_began);
                reply.caller_began = began;
                self.note_beginning(*turn, began);
                self.becomes(CallState::Thinking);
            }
            Command::LeaveUnanswered { turn, caller_text } => {
                self.caller_said(caller_text, at);
                let began = self.caller_began.take();
                let reply = self.reply(*turn);
                reply.caller_text.clone_from(caller_text);
                reply.caller_began = began;
                self.note_beginning(*turn, began);
            }
            Command::BeginHold => self.becomes(CallState::OnHold),
            Command::EndHold => self.becomes(CallState::Listening),
            Command::HoldPlayout { .. } => {
                self.tell(interruption(InterruptionStage::Held));
                self.becomes(CallState::Held);
            }
            Command::ResumePlayout { .. } => {
                self.tell(interruption(InterruptionStage::Resumed));
                self.caller_began = None;
                self.becomes(CallState::AgentSpeaking);
            }
            Command::CancelReply { .. } if reason.is_interruption() => {
                self.tell(interruption(InterruptionStage::Committed));
                self.becomes(CallState::CallerSpeaking);
            }
            Command::Say { .. }
            | Command::SayFiller { .. }
            | Command::Backchannel { .. }
            | Command::StaySilent { .. }
            | Command::ChangeAgent
            | Command::HangUp { .. } => self.tell(CallEvent::Decision {
                command: command.name().to_owned(),
                reason: reason.to_string(),
            }),
            Command::CancelReply { .. } | Command::FinaliseTranscript { .. } => {}
        }
    }

    fn note_beginning(&mut self, turn: TurnId, began: Option<Instant>) {
        if let Some(began) = began.filter(|_| self.beginnings.len() < BEGINNINGS_MAX) {
            self.beginnings.push((turn, began));
        }
    }

    fn caller_said(&mut self, text: &str, at: Instant) {
        if !text.trim().is_empty() {
            self.untold = Some((text.to_owned(), self.caller_began.unwrap_or(at)));
        }
    }

    fn reply_ended(
        &mut self,
        turn: TurnId,
        heard: Option<&str>,
        is_interrupted: bool,
        at: Instant,
    ) {
        let mut reply = self.take_reply(turn);
        let written = reply.written.trim().to_owned();
        let heard = heard.map_or(written.as_str(), str::trim);
        let is_given_back = is_interrupted && heard.is_empty();
        if is_given_back {
            let began = reply.caller_began.unwrap_or(at);
            if reply.is_caller_told {
                self.told = Some(reply.caller_text);
            } else if !reply.caller_text.is_empty() {
                self.given_back = Some((reply.caller_text.clone(), began));
                self.untold = Some((reply.caller_text, began));
            }
            return;
        }
        self.tell_caller(&mut reply, at);
        self.told = None;
        if !heard.is_empty() {
            let turn = TranscriptTurn {
                role: TranscriptRole::Agent,
                text: heard.to_owned(),
                original_text: (heard != written).then(|| written.clone()),
                interrupted: is_interrupted,
                at_ms: reply.began.unwrap_or(at).as_millis(),
                latency: None,
            };
            self.tell(CallEvent::Turn { turn });
        }
        if self.state == Some(CallState::Thinking) {
            self.becomes(CallState::Listening);
        }
    }

    /// Tells the caller's turn before a reply, once.
    fn tell_caller(&mut self, reply: &mut FollowedReply, at: Instant) {
        if std::mem::replace(&mut reply.is_caller_told, true) {
            return;
        }
        let given_back = self.given_back.take();
        if !reply.caller_text.trim().is_empty() {
            self.untold = None;
            let began = reply.caller_began.unwrap_or(at);
            self.tell_words(&reply.caller_text, began);
        } else if let Some((text, began)) = given_back {
            // A line of the agent's own, such as an apology: nothing else answers these words.
            self.untold = None;
            self.tell_words(&text, began);
            self.told = Some(text);
        }
    }

    /// Tells words of the caller, but for those that were told before.
    fn tell_words(&mut self, text: &str, began: Instant) {
        let text = text.trim();
        let told = self.told.as_deref().unwrap_or_default().trim();
        let text = text.strip_prefix(told).unwrap_or(text).trim();
        if text.is_empty() {
            return;
        }
        let turn = TranscriptTurn {
            role: TranscriptRole::Caller,
            text: text.to_owned(),
            original_text: None,
            interrupted: false,
            at_ms: began.as_millis(),
            latency: None,
        };
        self.tell(CallEvent::Turn { turn });
    }

    /// The reply of that number; a new one where none is followed.
    fn reply(&mut self, turn: TurnId) -> &mut FollowedReply {
        let reply = self.take_reply(turn);
        let index = self.replies.len();
        self.replies.push_back(reply);
        &mut self.replies[index]
    }

    fn take_reply(&mut self, turn: TurnId) -> FollowedReply {
        if let Some(index) = self.replies.iter().position(|reply| reply.turn == turn)
            && let Some(found) = self.replies.remove(index)
        {
            return found;
        }
        if self.replies.len() == REPLIES_MAX {
            self.replies.pop_front();
        }
        FollowedReply {
            turn,
            ..FollowedReply::default()
        }
    }

    fn becomes_unless(&mut self, other: CallState, state: CallState) {
        if self.state != Some(other) {
            self.becomes(state);
        }
    }

    fn becomes(&mut self, state: CallState) {
        if self.state.replace(state) != Some(state) {
            self.tell(CallEvent::State { state });
        }
    }

    fn tell(&mut self, event: CallEvent) {
        self.events.push(event);
    }
}
