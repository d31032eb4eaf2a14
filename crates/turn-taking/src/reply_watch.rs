//! Keeps the one live reply: how far it has come, and until when it has to be heard or to go on.
//! What is made of a failure is decided by the manager.

use std::time::Duration;

use crate::soft_timeout::Wait;
use crate::{Fact, Instant, Line, Reason, Timer, TurnId, TurnPolicy};

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// The chat model's answer to the caller's turn.
    Answer,
    /// What the chat model says of its own accord, as somebody outside the call ordered.
    Unasked,
    /// A configured line, or one that was ordered.
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
    pub(crate) skip: Option<Skip>,
    /// Since when its own speech has been waited for: its commit, the last sign of a tool, or the
    /// end of what there was of it. Fillers do not move it.
    waiting_since: Instant,
    /// Since when nothing is heard and more is to come.
    silent_since: Option<Instant>,
    /// The last sign of progress while it is heard.
    moved_at: Instant,
    heard: Duration,
    /// What is heard is a filler.
    is_filler: bool,
    /// It failed while a filler was heard, which is not cut for that.
    has_failed: bool,
    tools_running: u32,
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

    /// Waits as another policy says from now on.
    pub(crate) fn succeed(&mut self, policy: &TurnPolicy) {
        *self = Self {
            last: self.last,
            ..Self::new(policy)
        };
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

    /// The answer that is to be skipped, where nothing of it is heard at the moment.
    pub(crate) fn silent_skip(&self) -> Option<(TurnId, Stage, Skip)> {
        let live = self.live.as_ref()?;
        let is_silent = !live.is_withheld
            && matches!(live.stage, Stage::Unheard | Stage::Audible)
            && live.silent_since.is_some()
            && matches!(live.speech, Speech::Answer | Speech::Unasked);
        let skip = live.skip.filter(|_| is_silent)?;
        Some((live.turn, live.stage, skip))
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
            skip: None,
            waiting_since: now,
            silent_since: Some(now),
            moved_at: now,
            heard: Duration::ZERO,
            is_filler: false,
            has_failed: false,
            tools_running: 0,
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
            live.moved_at = now;
            live.silent_since = live.silent_since.map(|_| now);
        }
    }

    pub(crate) fn end(&mut self) -> Option<LiveReply> {
        self.progress = None;
        self.live.take()
    }

    /// What is waited for in silence, where a filler can be of use.
    pub(crate) fn wait(&self) -> Option<Wait> {
        let live = self.live.as_ref()?;
        let is_slow_to_make = match live.speech {
            Speech::Answer | Speech::Unasked | Speech::Line(Line::Greeting) => true,
            Speech::Line(_) => false,
        };
        let is_waiting = !live.is_withheld && matches!(live.stage, Stage::Unheard | Stage::Audible);
        let since = live
            .silent_since
            .filter(|_| is_slow_to_make && is_waiting)?;
        Some(Wait {
            turn: live.turn,
            since,
            is_tool_running: live.tools_running > 0,
        })
    }

    pub(crate) fn handle(&mut self, fact: &Fact, now: Instant) {
        let Some(live) = self.live.as_mut().filter(|live| live.turn == turn_of(fact)) else {
            return;
        };
        let is_committed = live.stage != Stage::Speculative;
        let is_heard = matches!(live.stage, Stage::Audible | Stage::Held);
        match fact {
            Fact::ReplyFailed { .. } if is_heard && live.is_filler => live.has_failed = true,
            Fact::ReplyFailed { .. } | Fact::ReplyCancelled { .. } => {
                self.progress = Some(Progress::Failed(Reason::ReplyFailed));
            }
            Fact::ToolStarted { .. } => {
                live.tools_running = live.tools_running.saturating_add(1);
                live.moved(now);
            }
            Fact::ToolFinished { .. } if live.tools_running > 0 => {
                live.tools_running -= 1;
                live.moved(now);
            }
            Fact::FillerStarted { .. } | Fact::PlayoutStarted { .. } if is_committed => {
                live.is_filler = matches!(fact, Fact::FillerStarted { .. });
                live.silent_since = None;
                live.moved_at = now;
                if live.stage == Stage::Unheard {
                    live.stage = Stage::Audible;
                    self.progress = Some(Progress::BecameAudible);
                }
            }
            Fact::PlayoutRanDry { .. } if is_heard && live.silent_since.is_none() => {
                if live.has_failed {
                    self.progress = Some(Progress::Failed(Reason::ReplyFailed));
                }
                live.silent_since = Some(now);
                if !std::mem::take(&mut live.is_filler) {
                    live.waiting_since = now;
                }
            }
            Fact::PlayoutFinished { .. } if is_committed => {
                self.progress = Some(Progress::Finished);
            }
            Fact::ReplyToken { .. } | Fact::ReplyReady { .. } if is_heard => live.moved_at = now,
            Fact::PlayoutProgress { heard, .. } if is_heard => {
                // The same again is no progress.
                if live.heard != *heard || !live.has_progress {
                    live.moved_at = now;
                }
                live.heard = *heard;
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
        self.progress = Some(Progress::Failed(match timer {
            Timer::PlayoutStall => Reason::ReplyStalled {
                waited: now.since(live.moved_at),
            },
            _ => Reason::ReplyLate {
                waited: now.since(live.waiting_since),
            },
        }));
    }

    pub(crate) fn poll(&mut self) -> Option<Progress> {
        self.progress.take()
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let live = self.live.as_ref()?;
        let (since, limit, timer) = match (live.stage, live.silent_since) {
            (Stage::Speculative | Stage::Held, _) => return None,
            (Stage::Unheard, _) if live.is_withheld => return None,
            (Stage::Unheard, _) | (Stage::Audible, Some(_)) => (
                live.waiting_since,
                self.reply_deadline,
                Timer::ReplyDeadline,
            ),
            (Stage::Audible, None) => {
                let unreported = (!live.has_progress).then_some(UNREPORTED_MAX);
                let limit = self.stall_max.max(unreported.unwrap_or_default());
                (live.moved_at, limit, Timer::PlayoutStall)
            }
        };
        let limit = if live.tools_running > 0 {
            limit.max(self.tool_deadline)
        } else {
            limit
        };
        // A filler that outlasts the deadline is heard to its end.
        let earliest = live.silent_since.unwrap_or(since);
        Some(((since + limit).max(earliest), timer))
    }
}

impl LiveReply {
    /// Somebody works on it.
    fn moved(&mut self, now: Instant) {
        self.waiting_since = now;
        self.moved_at = now;
    }
}

/// The reply that a fact is about; zero, which no reply has, where it is about none.
fn turn_of(fact: &Fact) -> TurnId {
    match fact {
        Fact::ReplyToken { turn }
        | Fact::ReplyReady { turn }
        | Fact::ReplyFailed { turn, .. }
        | Fact::ReplyCancelled { turn, .. }
        | Fact::ToolStarted { turn }
        | Fact::ToolFinished { turn }
        | Fact::FillerStarted { turn }
        | Fact::PlayoutStarted { turn }
        | Fact::PlayoutRanDry { turn }
        | Fact::PlayoutProgress { turn, .. }
        | Fact::PlayoutFinished { turn } => *turn,
        _ => TurnId(0),
    }
}
