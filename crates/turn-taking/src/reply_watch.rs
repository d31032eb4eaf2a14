//! Keeps the one live reply: how far it has come, and until when it has to be heard or to go on.
//! What is made of a failure is decided by the manager.

use std::time::Duration;

use crate::{Fact, Instant, Line, Reason, Timer, TurnId, TurnPolicy};

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// The chat model's answer to the caller's turn.
    Answer,
    /// A configured line.
    Line(Line),
}

/// How far a reply has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Made in advance, the caller's turn is not decided.
    Speculative,
    /// To be heard, but nothing of it was yet.
    Unheard,
    /// Being heard.
    Audible,
    /// Paused because the caller speaks.
    Held,
}

/// The agent is to keep silent after the caller's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Skip {
    /// For how long at most; `None` until the caller speaks.
    pub(crate) wait: Option<Duration>,
}

/// What became of the live reply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Progress {
    /// Its first audio is out.
    BecameAudible,
    /// All of it was heard.
    Finished,
    /// It cannot be made, did not come, or stands still.
    Failed(Reason),
}

#[derive(Debug)]
pub(crate) struct LiveReply {
    pub(crate) turn: TurnId,
    pub(crate) speech: Speech,
    pub(crate) stage: Stage,
    /// Held back before it is heard, because the caller goes on.
    is_withheld: bool,
    /// What a speculative reply answers.
    pub(crate) caller_text: String,
    /// Since when it has been waited for: its commit, or the last sign of progress.
    waiting_since: Instant,
    tools_running: u32,
    pub(crate) skip: Option<Skip>,
    /// Whether the leg tells how far the reply was heard.
    has_progress: bool,
}

impl LiveReply {
    pub(crate) fn is_tool_running(&self) -> bool {
        self.tools_running > 0
    }
}

/// How long a reply may be heard for without a sign of progress where the leg gives none.
const UNREPORTED_MAX: Duration = Duration::from_secs(180);

#[derive(Debug)]
pub(crate) struct ReplyWatch {
    reply_deadline: Duration,
    tool_deadline: Duration,
    stall_max: Duration,
    last: TurnId,
    live: Option<LiveReply>,
    progress: Option<Progress>,
}

impl ReplyWatch {
    pub(crate) fn new(policy: &TurnPolicy) -> Self {
        Self {
            reply_deadline: policy.reply_deadline,
            tool_deadline: policy.tool_deadline.max(policy.reply_deadline),
            stall_max: policy.playout_stall_max,
            last: TurnId(0),
            live: None,
            progress: None,
        }
    }

    pub(crate) fn live(&self) -> Option<&LiveReply> {
        self.live.as_ref()
    }

    /// The newest reply, whatever became of it.
    pub(crate) fn last(&self) -> TurnId {
        self.last
    }

    /// Nothing is to be said in the live reply's turn, or nothing more.
    pub(crate) fn skip(&mut self, skip: Skip) {
        if let Some(live) = &mut self.live {
            live.skip = Some(skip);
        }
    }

    /// Whether a reply is heard, or will be: no caller turn ends meanwhile.
    pub(crate) fn has_floor(&self) -> bool {
        self.live
            .as_ref()
            .is_some_and(|live| live.stage != Stage::Speculative)
    }

    /// A new live reply. The one before must have ended.
    pub(crate) fn start(
        &mut self,
        speech: Speech,
        stage: Stage,
        caller_text: String,
        now: Instant,
    ) -> TurnId {
        self.last = self.last.next();
        self.progress = None;
        self.live = Some(LiveReply {
            turn: self.last,
            speech,
            stage,
            is_withheld: false,
            caller_text,
            waiting_since: now,
            tools_running: 0,
            skip: None,
            has_progress: false,
        });
        self.last
    }

    /// The unheard reply is held back.
    pub(crate) fn withhold(&mut self) {
        if let Some(live) = &mut self.live {
            live.is_withheld = true;
        }
    }

    pub(crate) fn advance(&mut self, stage: Stage, now: Instant) {
        if let Some(live) = &mut self.live {
            live.stage = stage;
            live.is_withheld = false;
            live.waiting_since = now;
        }
    }

    pub(crate) fn end(&mut self) -> Option<LiveReply> {
        self.progress = None;
        self.live.take()
    }

    pub(crate) fn handle(&mut self, fact: &Fact, now: Instant) {
        let Some(live) = &mut self.live else { return };
        let (Fact::ReplyToken { turn }
        | Fact::ReplyReady { turn }
        | Fact::ReplyFailed { turn, .. }
        | Fact::ReplyCancelled { turn, .. }
        | Fact::ToolStarted { turn }
        | Fact::ToolFinished { turn }
        | Fact::PlayoutStarted { turn }
        | Fact::PlayoutProgress { turn, .. }
        | Fact::PlayoutFinished { turn }) = fact
        else {
            return;
        };
        if *turn != live.turn {
            return;
        }
        let is_committed = live.stage != Stage::Speculative;
        let is_heard = matches!(live.stage, Stage::Audible | Stage::Held);
        match fact {
            Fact::ReplyFailed { .. } | Fact::ReplyCancelled { .. } => {
                self.progress = Some(Progress::Failed(Reason::ReplyFailed));
            }
            Fact::ToolStarted { .. } => {
                live.tools_running = live.tools_running.saturating_add(1);
                live.waiting_since = now;
            }
            Fact::ToolFinished { .. } if live.tools_running > 0 => {
                live.tools_running -= 1;
                live.waiting_since = now;
            }
            Fact::PlayoutStarted { .. } if live.stage == Stage::Unheard => {
                live.stage = Stage::Audible;
                live.waiting_since = now;
                self.progress = Some(Progress::BecameAudible);
            }
            Fact::PlayoutFinished { .. } if is_committed => {
                self.progress = Some(Progress::Finished);
            }
            Fact::ReplyToken { .. } | Fact::ReplyReady { .. } if is_heard => {
                live.waiting_since = now;
            }
            Fact::PlayoutProgress { .. } if is_heard => {
                live.waiting_since = now;
                live.has_progress = true;
            }
            _ => {}
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let Some((_, timer)) = self.poll_timeout().filter(|(at, _)| *at <= now) else {
            return;
        };
        let Some(live) = &self.live else { return };
        let waited = now.since(live.waiting_since);
        self.progress = Some(Progress::Failed(match timer {
            Timer::PlayoutStall => Reason::ReplyStalled { waited },
            _ => Reason::ReplyLate { waited },
        }));
    }

    pub(crate) fn poll(&mut self) -> Option<Progress> {
        self.progress.take()
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let live = self.live.as_ref()?;
        let (limit, timer) = match live.stage {
            Stage::Speculative | Stage::Held => return None,
            Stage::Unheard if live.is_withheld => return None,
            Stage::Unheard => (self.reply_deadline, Timer::ReplyDeadline),
            Stage::Audible if live.has_progress => (self.stall_max, Timer::PlayoutStall),
            Stage::Audible => (self.stall_max.max(UNREPORTED_MAX), Timer::PlayoutStall),
        };
        let limit = if live.tools_running > 0 {
            limit.max(self.tool_deadline)
        } else {
            limit
        };
        Some((live.waiting_since + limit, timer))
    }
}
