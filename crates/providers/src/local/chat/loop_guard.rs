//! Tells when a model goes in circles, so that no caller hears it.

use llama_cpp_2::token::LlamaToken;

/// Longest circle that is looked for, in tokens.
const PERIOD_MAX: usize = 40;
/// How often a circle must be gone round.
const ROUNDS: usize = 3;
/// Shortest stretch of circles that counts: a phone number of ten zeros is none.
const STRETCH_MIN: usize = 14;

/// The tokens of one reply.
#[derive(Debug, Default)]
pub(super) struct LoopGuard {
    written: Vec<LlamaToken>,
}

impl LoopGuard {
    /// The tokens written so far.
    pub(super) fn written(&self) -> &[LlamaToken] {
        &self.written
    }

    /// Takes the next token and tells whether the reply now goes in circles.
    pub(super) fn push(&mut self, token: LlamaToken) -> bool {
        self.written.push(token);
        (1..=PERIOD_MAX).any(|period| self.is_circling(period))
    }

    fn is_circling(&self, period: usize) -> bool {
        let stretch = (period * ROUNDS).max(STRETCH_MIN);
        let Some(start) = self.written.len().checked_sub(stretch) else {
            return false;
        };
        let tail = &self.written[start..];
        tail[period..]
            .iter()
            .zip(tail)
            .all(|(later, earlier)| later == earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles_after(ids: impl IntoIterator<Item = i32>) -> Option<usize> {
        let mut guard = LoopGuard::default();
        ids.into_iter().position(|id| guard.push(LlamaToken(id)))
    }

    #[test]
    fn the_third_round_of_a_sentence_is_a_circle() {
        let rounds = (0..100).map(|index| index % 8);
        assert_eq!(circles_after(rounds), Some(23));
    }

    #[test]
    fn one_word_over_and_over_is_a_circle() {
        assert_eq!(circles_after(std::iter::repeat_n(7, 50)), Some(13));
    }

    #[test]
    fn a_beginning_does_not_hide_the_circle() {
        let text = (100..130).chain((0..60).map(|index| index % 10));
        assert_eq!(circles_after(text), Some(59));
    }

    #[test]
    fn ordinary_text_and_digits_are_none() {
        assert_eq!(circles_after(0..300), None);
        assert_eq!(
            circles_after([5, 5, 5, 1, 5, 5, 5, 0, 1, 0, 0, 5, 5, 5, 1, 5, 5, 5]),
            None
        );
        assert_eq!(circles_after(std::iter::repeat_n(0, 10)), None);
        assert_eq!(circles_after((0..16).map(|index| index % 8)), None);
    }
}
