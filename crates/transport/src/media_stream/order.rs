//! Chunks of audio in their order, from carriers that do not promise it. Pure.

use std::collections::BTreeMap;

/// Chunks that wait for one before them (100 ms of most carriers'); then that one is given up.
const HELD_MAX: usize = 5;
/// How far back a number may be that comes late; one further back begins the count anew.
const LATE_MAX: u64 = 100;

/// The chunks of one stream, which are counted from 1.
#[derive(Debug)]
pub(super) struct ChunkOrder {
    next: u64,
    held: BTreeMap<u64, Vec<u8>>,
}

impl Default for ChunkOrder {
    fn default() -> Self {
        Self {
            next: 1,
            held: BTreeMap::new(),
        }
    }
}

impl ChunkOrder {
    /// Whether it is this chunk's turn, which is over then.
    pub(super) fn is_next(&mut self, number: u64) -> bool {
        if number.saturating_add(LATE_MAX) < self.next {
            self.held.clear();
            self.next = number;
        }
        let is_next = number == self.next;
        if is_next {
            self.next = number.saturating_add(1);
        }
        is_next
    }

    /// Keeps a chunk whose turn it is not; one that comes too late, or twice, is dropped.
    pub(super) fn hold(&mut self, number: u64, chunk: &[u8]) {
        if number > self.next {
            self.held.entry(number).or_insert_with(|| chunk.to_vec());
        }
    }

    /// The next of those that were kept, once it is its turn or too many wait for what is missing.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        let first = self.held.first_entry()?;
        let number = *first.key();
        if number != self.next && self.held.len() <= HELD_MAX {
            return None;
        }
        self.next = number.saturating_add(1);
        self.held.pop_first().map(|(_, chunk)| chunk)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is heard of chunks that hold their numbers.
    fn heard(numbers: &[u64]) -> Vec<u64> {
        let mut order = ChunkOrder::default();
        let mut heard = Vec::new();
        for number in numbers {
            if order.is_next(*number) {
                heard.push(*number);
            } else {
                order.hold(*number, &number.to_be_bytes());
            }
            while let Some(chunk) = order.pop() {
                heard.push(u64::from_be_bytes(chunk.try_into().unwrap()));
            }
            assert!(order.held.len() <= HELD_MAX);
        }
        heard
    }

    #[test]
    fn chunks_are_put_in_order() {
        assert_eq!(heard(&[1, 2, 3]), [1, 2, 3]);
        assert_eq!(heard(&[2, 1, 4, 3, 5]), [1, 2, 3, 4, 5]);
        assert_eq!(heard(&[5, 4, 3, 2, 1]), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn one_that_is_lost_is_given_up_and_one_that_is_late_or_double_dropped() {
        assert_eq!(
            heard(&[1, 3, 4, 5, 6, 7, 8, 2, 9]),
            [1, 3, 4, 5, 6, 7, 8, 9]
        );
        assert_eq!(heard(&[1, 1, 3, 3, 2, 2, 4]), [1, 2, 3, 4]);
    }

    #[test]
    fn a_count_that_begins_elsewhere_or_anew_is_followed() {
        let late = [500, 501, 502, 503, 504, 505, 506];
        assert_eq!(heard(&late), late);
        assert_eq!(heard(&[0, 1, 2]), [1, 2]);
        let mut anew: Vec<u64> = (1..=200).collect();
        anew.extend(1..=3);
        assert_eq!(heard(&anew).len(), 203);
    }

    proptest! {
        #[test]
        fn numbers_of_any_kind_come_out_rising_and_once(
            numbers in prop::collection::vec(prop_oneof![1..40_u64, any::<u64>()], 0..200),
        ) {
            let heard = heard(&numbers);
            for pair in heard.windows(2) {
                prop_assert!(pair[0] < pair[1] || pair[1].saturating_add(LATE_MAX) < pair[0].saturating_add(1));
            }
        }
    }
}
