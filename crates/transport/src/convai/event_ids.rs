//! The ids of a conversation's events. One client drops audio whose id is not above that of the
//! last interruption, another audio whose id is below it: an interruption's id is above those of
//! all audio before it and below those of all audio after it. Ids begin at 1. Pure.

use std::collections::VecDeque;

use offhook_contract::TurnId;

/// Replies whose ids are remembered.
const REPLIES_MAX: usize = 16;

/// Counts.
#[derive(Debug, Default)]
pub(super) struct EventIds {
    last: u64,
    /// The first id of each reply, by which its text goes.
    replies: VecDeque<(TurnId, u64)>,
    /// The reply whose audio goes now, and its id since the last interruption.
    speaking: Option<(TurnId, u64)>,
}

impl EventIds {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The id of a reply's text.
    pub(super) fn text(&mut self, turn: TurnId) -> u64 {
        if let Some((_, id)) = self.replies.iter().find(|(known, _)| *known == turn) {
            return *id;
        }
        let id = self.next();
        if self.replies.len() == REPLIES_MAX {
            self.replies.pop_front();
        }
        self.replies.push_back((turn, id));
        self.speaking = Some((turn, id));
        id
    }

    /// The id of a reply's audio.
    pub(super) fn audio(&mut self, turn: TurnId) -> u64 {
        if let Some((speaking, id)) = self.speaking
            && speaking == turn
        {
            return id;
        }
        let is_known = self.replies.iter().any(|(known, _)| *known == turn);
        let id = if is_known {
            self.next()
        } else {
            self.text(turn)
        };
        self.speaking = Some((turn, id));
        id
    }

    /// The id of an interruption.
    pub(super) fn interruption(&mut self) -> u64 {
        self.speaking = None;
        self.next()
    }

    /// The id of words of the caller.
    pub(super) fn caller(&mut self) -> u64 {
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interruption_stands_between_the_audio_before_and_after() {
        let mut ids = EventIds::default();
        let (one, two) = (TurnId(1), TurnId(2));
        assert_eq!((ids.audio(one), ids.text(one), ids.audio(one)), (1, 1, 1));
        assert_eq!(ids.caller(), 2);
        assert_eq!(ids.audio(one), 1);
        assert_eq!(ids.interruption(), 3);
        // The reply was only held, and goes on.
        assert_eq!((ids.audio(one), ids.text(one)), (4, 1));
        assert_eq!(ids.interruption(), 5);
        assert_eq!((ids.text(two), ids.audio(two)), (6, 6));
    }

    #[test]
    fn text_that_was_told_before_an_interruption_lends_its_audio_no_old_id() {
        let mut ids = EventIds::default();
        let text = ids.text(TurnId(1));
        let cut = ids.interruption();
        assert!(text < cut && cut < ids.audio(TurnId(1)));
    }
}
