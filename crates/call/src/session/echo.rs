//! Leaves the agent's own words, which the caller's line sends back, out of what the caller said.

use offhook_turn_taking::{Fact, Instant, UtteranceId};

use super::Session;
use super::ears::Ears;
use super::own_words::Sifted;
use crate::record::EntryKind;

impl Session {
    /// A transcript without the agent's own words; any other fact as it is. A transcript of
    /// nothing else becomes an empty one, which takes no floor and enters no history.
    pub(super) fn without_own_words(&mut self, fact: Fact, now: Instant) -> Fact {
        match fact {
            Fact::SpeechStarted {
                utterance,
                onset_ago,
            } => {
                self.note_own_words(now);
                let is_over_agent = self.mouth.is_speaking();
                self.own_words
                    .speech_started(utterance, now - onset_ago, is_over_agent);
                fact
            }
            Fact::TranscriptInterim { utterance, text } => {
                let text = self.sifted(utterance, text, false, now);
                Fact::TranscriptInterim { utterance, text }
            }
            Fact::TranscriptFinal { utterance, text } => {
                let text = self.sifted(utterance, text, true, now);
                Fact::TranscriptFinal { utterance, text }
            }
            other => other,
        }
    }

    fn sifted(
        &mut self,
        utterance: UtteranceId,
        text: String,
        is_final: bool,
        now: Instant,
    ) -> String {
        self.note_own_words(now);
        let is_line_echoing = self.ears.as_ref().is_some_and(Ears::has_echo);
        let kept = match self
            .own_words
            .sift(utterance, &text, is_line_echoing || !is_final)
        {
            Sifted::Kept => return text,
            Sifted::Echo => String::new(),
            Sifted::Rest(rest) => rest,
        };
        if is_final {
            self.chronicle
                .log(now, EntryKind::EchoIgnored { utterance, text });
        }
        kept
    }

    /// Takes note of what of the live reply was heard up to now.
    pub(super) fn note_own_words(&mut self, now: Instant) {
        if let Some(reply) = &self.reply {
            let end = self.mouth.heard_end(now);
            self.own_words.heard(reply.text.as_str(), end, now);
        }
    }
}
