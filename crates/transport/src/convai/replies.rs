//! Replies as a conversation's client is told of them: what was written once it begins to be heard,
//! and what was heard of it once it was cut. Drafts that nobody hears are not told. Pure.

use std::collections::VecDeque;

use offhook_contract::TurnId;

use super::ServerFrame;
use super::event_ids::EventIds;

/// Replies that are followed at a time.
const REPLIES_MAX: usize = 16;

/// What becomes of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyNews {
    /// A piece of it was written.
    Written {
        /// Which reply.
        turn: TurnId,
        /// The new piece.
        text: String,
    },
    /// It begins to be heard.
    Begun {
        /// Which reply.
        turn: TurnId,
    },
    /// It is written to its end.
    Complete {
        /// Which reply.
        turn: TurnId,
    },
    /// It is over.
    Ended {
        /// Which reply.
        turn: TurnId,
        /// What of it was heard; `None` where that cannot be known.
        heard: Option<String>,
        /// Whether the caller cut it short.
        is_interrupted: bool,
    },
}

#[derive(Debug)]
struct Reply {
    turn: TurnId,
    text: String,
    /// How much of the text went out in pieces.
    sent: usize,
    is_begun: bool,
    is_complete: bool,
    is_told: bool,
}

/// The replies of a conversation.
#[derive(Debug, Default)]
pub(super) struct Replies {
    followed: VecDeque<Reply>,
}

impl Replies {
    /// What the client is told of the news.
    pub(super) fn take(&mut self, news: ReplyNews, ids: &mut EventIds) -> Vec<ServerFrame> {
        let mut frames = Vec::new();
        match news {
            ReplyNews::Written { turn, text } => {
                let reply = self.of(turn);
                reply.text.push_str(&text);
                reply.tell_pieces(ids, &mut frames);
            }
            ReplyNews::Begun { turn } => {
                let reply = self.of(turn);
                reply.is_begun = true;
                reply.tell_pieces(ids, &mut frames);
                reply.tell(ids, &mut frames);
            }
            ReplyNews::Complete { turn } => {
                let reply = self.of(turn);
                reply.is_complete = true;
                reply.tell(ids, &mut frames);
            }
            ReplyNews::Ended {
                turn,
                heard,
                is_interrupted,
            } => {
                let at = self.followed.iter().position(|reply| reply.turn == turn);
                let reply = at.and_then(|at| self.followed.remove(at));
                if let Some(mut reply) = reply.filter(|reply| reply.is_begun) {
                    reply.is_complete = true;
                    reply.tell(ids, &mut frames);
                    reply.correct(heard.filter(|_| is_interrupted), ids, &mut frames);
                }
            }
        }
        frames
    }

    fn of(&mut self, turn: TurnId) -> &mut Reply {
        let at = self.followed.iter().position(|reply| reply.turn == turn);
        let at = at.unwrap_or_else(|| {
            if self.followed.len() == REPLIES_MAX {
                self.followed.pop_front();
            }
            self.followed.push_back(Reply {
                turn,
                text: String::new(),
                sent: 0,
                is_begun: false,
                is_complete: false,
                is_told: false,
            });
            self.followed.len() - 1
        });
        &mut self.followed[at]
    }
}

impl Reply {
    /// Tells the whole text once it is written and heard.
    fn tell(&mut self, ids: &mut EventIds, frames: &mut Vec<ServerFrame>) {
        let text = self.text.trim();
        if !self.is_begun || !self.is_complete || self.is_told || text.is_empty() {
            return;
        }
        let (event_id, text) = (ids.text(self.turn), text.to_owned());
        self.is_told = true;
        if self.sent > 0 {
            frames.push(ServerFrame::ResponsePart {
                event_id,
                part: "stop",
                text: String::new(),
            });
        }
        frames.push(ServerFrame::Response { event_id, text });
    }

    /// Tells what was written since the last piece.
    fn tell_pieces(&mut self, ids: &mut EventIds, frames: &mut Vec<ServerFrame>) {
        let new = self.text.get(self.sent..).unwrap_or_default();
        if !self.is_begun || new.is_empty() {
            return;
        }
        let event_id = ids.text(self.turn);
        if self.sent == 0 {
            frames.push(ServerFrame::ResponsePart {
                event_id,
                part: "start",
                text: String::new(),
            });
        }
        frames.push(ServerFrame::ResponsePart {
            event_id,
            part: "delta",
            text: new.to_owned(),
        });
        self.sent = self.text.len();
    }

    fn correct(&self, heard: Option<String>, ids: &mut EventIds, frames: &mut Vec<ServerFrame>) {
        let original = self.text.trim();
        let Some(heard) = heard.filter(|heard| heard.trim() != original && !original.is_empty())
        else {
            return;
        };
        frames.push(ServerFrame::Correction {
            event_id: ids.text(self.turn),
            original: original.to_owned(),
            heard: heard.trim().to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: TurnId = TurnId(1);

    fn written(text: &str) -> ReplyNews {
        let text = text.to_owned();
        ReplyNews::Written { turn: ONE, text }
    }

    fn told(news: Vec<ReplyNews>) -> Vec<ServerFrame> {
        let (mut replies, mut ids) = (Replies::default(), EventIds::default());
        let frames = news.into_iter().flat_map(|it| replies.take(it, &mut ids));
        let frames = frames.filter(|it| it.name() != "agent_chat_response_part");
        frames.collect()
    }

    fn response(text: &str) -> ServerFrame {
        let text = text.to_owned();
        ServerFrame::Response { event_id: 1, text }
    }

    #[test]
    fn a_reply_is_told_once_when_it_is_written_and_heard() {
        let end = ReplyNews::Ended {
            turn: ONE,
            heard: Some("Sure, of course.".into()),
            is_interrupted: false,
        };
        let all = vec![
            written("Sure, "),
            ReplyNews::Begun { turn: ONE },
            written("of course. "),
            ReplyNews::Complete { turn: ONE },
            end,
        ];
        assert_eq!(told(all), [response("Sure, of course.")]);
    }

    #[test]
    fn a_cut_is_corrected_to_what_was_heard() {
        let end = ReplyNews::Ended {
            turn: ONE,
            heard: Some("Sure,".into()),
            is_interrupted: true,
        };
        let all = vec![written("Sure, let me"), ReplyNews::Begun { turn: ONE }, end];
        let correction = ServerFrame::Correction {
            event_id: 1,
            original: "Sure, let me".into(),
            heard: "Sure,".into(),
        };
        assert_eq!(told(all), [response("Sure, let me"), correction]);
    }

    #[test]
    fn a_draft_that_nobody_heard_is_not_told() {
        let end = ReplyNews::Ended {
            turn: ONE,
            heard: Some(String::new()),
            is_interrupted: true,
        };
        let all = vec![written("Sure."), ReplyNews::Complete { turn: ONE }, end];
        assert_eq!(told(all), []);
    }

    #[test]
    fn pieces_begin_and_stop() {
        let (mut replies, mut ids) = (Replies::default(), EventIds::default());
        let news = [
            written("Sure"),
            ReplyNews::Begun { turn: ONE },
            written("."),
            ReplyNews::Complete { turn: ONE },
        ];
        let frames = news.into_iter().flat_map(|it| replies.take(it, &mut ids));
        let parts: Vec<_> = frames
            .filter_map(|frame| match frame {
                ServerFrame::ResponsePart { part, text, .. } => Some((part, text)),
                _ => None,
            })
            .collect();
        let part = |part, text: &str| (part, text.to_owned());
        assert_eq!(
            parts,
            [
                part("start", ""),
                part("delta", "Sure"),
                part("delta", "."),
                part("stop", "")
            ]
        );
    }
}
