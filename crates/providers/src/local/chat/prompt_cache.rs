//! What the model has read for a call, token by token, and how to get from there to another
//! prompt with the least reading. Knows nothing of llama.cpp's memory: it mirrors it.

use std::ops::Range;

use llama_cpp_2::token::LlamaToken;

/// Shortest stretch that is worth moving, and that must agree to be taken for the same one.
const MOVE_MIN: usize = 48;

/// The tokens that the model's memory holds for a call, by position.
#[derive(Debug, Default)]
pub(super) struct PromptCache {
    tokens: Vec<LlamaToken>,
    /// Whether what follows the last token is known (its logits are at hand).
    knows_next: bool,
}

/// How to bring the cache to a wanted prompt; carried out in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// A stretch of the cache that is kept and moves down to `moved_to`: what lies between goes.
    pub moved: Option<(Range<usize>, usize)>,
    /// How many tokens stay, counted after the move; everything behind goes.
    pub keep: usize,
}

impl PromptCache {
    pub(super) fn tokens(&self) -> &[LlamaToken] {
        &self.tokens
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn knows_next(&self) -> bool {
        self.knows_next
    }

    /// Tokens were read behind the others; `knows_next` tells whether logits were asked for.
    pub(super) fn extend(&mut self, tokens: &[LlamaToken], knows_next: bool) {
        self.tokens.extend_from_slice(tokens);
        self.knows_next = knows_next;
    }

    /// The memory was replaced as a whole.
    pub(super) fn replace(&mut self, tokens: &[LlamaToken]) {
        self.tokens.clear();
        self.tokens.extend_from_slice(tokens);
        self.knows_next = false;
    }

    /// What must go so that only tokens of `wanted` are left to read. With `needs_next`, at least
    /// one token is left to read unless what follows is known already.
    pub(super) fn plan(&self, wanted: &[LlamaToken], needs_next: bool, can_move: bool) -> Plan {
        let same = common_prefix(&self.tokens, wanted);
        let moved = if can_move {
            self.movable(wanted, same)
        } else {
            None
        };
        let mut keep = moved.as_ref().map_or(same, |(range, _)| same + range.len());
        let is_all_there = keep == wanted.len();
        let is_untouched = moved.is_none() && keep == self.tokens.len();
        if needs_next && is_all_there && !(is_untouched && self.knows_next) {
            keep = keep.saturating_sub(1);
        }
        Plan { moved, keep }
    }

    /// The plan was carried out in the model's memory.
    pub(super) fn apply(&mut self, plan: &Plan) {
        if let Some((range, to)) = &plan.moved {
            self.tokens.truncate(range.end);
            self.tokens.drain(*to..range.start);
        }
        if plan.moved.is_some() || plan.keep < self.tokens.len() {
            self.knows_next = false;
        }
        self.tokens.truncate(plan.keep);
    }

    /// A later stretch of the cache that is what `wanted` goes on with at `same`: when the oldest
    /// turns were dropped, all the rest of the conversation.
    fn movable(&self, wanted: &[LlamaToken], same: usize) -> Option<(Range<usize>, usize)> {
        let sought = wanted.get(same..same + MOVE_MIN)?;
        let behind = self.tokens.get(same + 1..)?;
        let offset = behind
            .windows(MOVE_MIN)
            .position(|window| window == sought)?;
        let start = same + 1 + offset;
        let length = common_prefix(&self.tokens[start..], &wanted[same..]);
        Some((start..start + length, same))
    }
}

/// How many tokens `one` and `other` have in common from the start.
pub(super) fn common_prefix(one: &[LlamaToken], other: &[LlamaToken]) -> usize {
    one.iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(ids: impl IntoIterator<Item = i32>) -> Vec<LlamaToken> {
        ids.into_iter().map(LlamaToken).collect()
    }

    fn cache(ids: impl IntoIterator<Item = i32>, knows_next: bool) -> PromptCache {
        let mut cache = PromptCache::default();
        cache.extend(&tokens(ids), knows_next);
        cache
    }

    #[test]
    fn only_the_tail_that_differs_is_read_anew() {
        let mut cache = cache([1, 2, 3, 4, 5], true);
        let plan = cache.plan(&tokens([1, 2, 3, 9, 9, 9]), true, true);
        assert_eq!(
            plan,
            Plan {
                moved: None,
                keep: 3
            }
        );
        cache.apply(&plan);
        assert_eq!(cache.tokens(), tokens([1, 2, 3]));
        assert!(!cache.knows_next());
    }

    #[test]
    fn a_prompt_that_was_read_to_its_end_needs_nothing() {
        let mut cache = cache([1, 2, 3], true);
        let plan = cache.plan(&tokens([1, 2, 3]), true, true);
        cache.apply(&plan);
        assert_eq!((cache.len(), cache.knows_next()), (3, true));
    }

    #[test]
    fn the_last_token_is_read_again_where_what_follows_is_not_known() {
        assert_eq!(
            cache([1, 2, 3], false)
                .plan(&tokens([1, 2, 3]), true, true)
                .keep,
            2
        );
        assert_eq!(
            cache([1, 2, 3, 4], true)
                .plan(&tokens([1, 2, 3]), true, true)
                .keep,
            2
        );
        assert_eq!(
            cache([1, 2, 3], false)
                .plan(&tokens([1, 2, 3]), false, true)
                .keep,
            3
        );
    }

    #[test]
    fn a_shorter_prompt_drops_the_rest() {
        assert_eq!(
            cache([1, 2, 3, 4], true)
                .plan(&tokens([1, 2]), false, true)
                .keep,
            2
        );
        assert_eq!(cache([], false).plan(&tokens([1, 2]), true, true).keep, 0);
        assert_eq!(cache([1], true).plan(&[], true, true).keep, 0);
    }

    #[test]
    fn the_conversation_behind_dropped_turns_is_moved_and_not_read_again() {
        let mut cache = cache((0..10).chain(100..140).chain(200..300), true);
        let wanted = tokens((0..10).chain(200..300).chain(400..403));
        let plan = cache.plan(&wanted, true, true);
        assert_eq!(
            plan,
            Plan {
                moved: Some((50..150, 10)),
                keep: 110
            }
        );
        cache.apply(&plan);
        assert_eq!(cache.tokens(), &wanted[..110]);
        assert!(!cache.knows_next());
    }

    #[test]
    fn nothing_is_moved_where_the_memory_cannot_or_little_would_be_saved() {
        let cache = cache((0..10).chain(100..140).chain(200..300), true);
        let wanted = tokens((0..10).chain(200..300));
        assert_eq!(
            cache.plan(&wanted, true, false),
            Plan {
                moved: None,
                keep: 10
            }
        );
        let wanted = tokens((0..10).chain(280..300));
        assert_eq!(
            cache.plan(&wanted, true, true),
            Plan {
                moved: None,
                keep: 10
            }
        );
    }

    #[test]
    fn a_move_that_fills_the_prompt_leaves_its_last_token_to_read() {
        let mut cache = cache((0..10).chain(100..140).chain(200..300), true);
        let wanted = tokens((0..10).chain(200..300));
        let plan = cache.plan(&wanted, true, true);
        assert_eq!(plan.keep, 109);
        cache.apply(&plan);
        assert_eq!(cache.tokens(), &wanted[..109]);
    }
}
