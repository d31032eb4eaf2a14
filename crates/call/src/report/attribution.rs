//! Which of the agent's replies answer which of a simulated caller's lines, by time alone.

use std::ops::Range;
use std::time::Duration;

use offhook_turn_taking::Instant;

use crate::{TurnKind, TurnRecord};

/// The caller's last sound, as the detector has it, may lie this long before the line that it
/// belongs to really began.
const SLACK: Duration = Duration::from_millis(150);

/// A line that a simulated caller said, in the call's own time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenLine {
    /// Its words, where they are known.
    pub text: Option<String>,
    /// Its first sound.
    pub began: Instant,
    /// Its last sound.
    pub ended: Instant,
    /// Whether it goes on with the turn of the line before it.
    pub continues_turn: bool,
    /// Whether it is an acknowledgement ("mhm") that asks for no reply.
    pub is_backchannel: bool,
    /// When the caller first heard the agent after it.
    pub reply_heard: Option<Instant>,
}

/// One turn of a simulated caller: one line, or several with pauses between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenTurn {
    /// Its lines.
    pub lines: Range<usize>,
    /// The replies to it, in order: more than one where the turn was cut.
    pub turns: Vec<usize>,
}

/// Puts lines that belong together into turns, and finds the replies to each. A reply answers the
/// latest turn that had begun when the caller's last sound before it was made; replies that were
/// never heard are passed over.
#[must_use]
pub fn attribute(lines: &[SpokenLine], turns: &[TurnRecord]) -> Vec<SpokenTurn> {
    let mut spoken: Vec<SpokenTurn> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        match spoken.last_mut() {
            Some(last) if line.continues_turn => last.lines.end = index + 1,
            _ => spoken.push(SpokenTurn {
                lines: index..index + 1,
                turns: Vec::new(),
            }),
        }
    }
    for (index, turn) in turns.iter().enumerate() {
        let Some(said) = turn.timings.speech_ended else {
            continue;
        };
        let is_heard = turn.timings.first_frame_sent.is_some();
        if turn.kind != TurnKind::Answer || !is_heard {
            continue;
        }
        let answered = spoken.iter_mut().rev().find(|spoken| {
            let line = lines.get(spoken.lines.start);
            line.is_some_and(|line| !line.is_backchannel && line.began <= said + SLACK)
        });
        if let Some(answered) = answered {
            answered.turns.push(index);
        }
    }
    spoken
}

impl SpokenTurn {
    /// The words said, where all of them are known; `None` for a backchannel, whose words do not
    /// belong to any turn.
    #[must_use]
    pub fn reference(&self, lines: &[SpokenLine]) -> Option<String> {
        let lines = lines.get(self.lines.clone())?;
        if lines.iter().any(|line| line.is_backchannel) {
            return None;
        }
        let words: Option<Vec<&str>> = lines.iter().map(|line| line.text.as_deref()).collect();
        words.map(|words| words.join(" "))
    }

    /// The words as recognised.
    #[must_use]
    pub fn caller_text(&self, turns: &[TurnRecord]) -> String {
        let texts = self.turns.iter().filter_map(|turn| turns.get(*turn));
        texts
            .map(|turn| turn.caller_text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// From the turn's last sound to the reply in the caller's ear.
    #[must_use]
    pub fn reply_heard_after(&self, lines: &[SpokenLine]) -> Option<Duration> {
        let last = lines.get(self.lines.clone())?.last()?;
        Some(last.reply_heard?.since(last.ended))
    }
}
