//! Keys that the caller presses: those that come one after the other are said at once.

use offhook_agent::KeyInput;
use offhook_turn_taking::Instant;

/// Most keys of one entry; with the last it is over.
const KEYS_MAX: usize = 64;

/// What the caller types.
#[derive(Debug)]
pub(super) struct KeyEntry {
    input: KeyInput,
    keys: String,
    /// When it is over if no other key follows.
    ends_at: Option<Instant>,
}

impl KeyEntry {
    pub(super) const fn new(input: KeyInput) -> Self {
        Self {
            input,
            keys: String::new(),
            ends_at: None,
        }
    }

    /// A key was pressed; gives what was typed where that ends it.
    pub(super) fn press(&mut self, key: char, now: Instant) -> Option<String> {
        let is_end = key == '#' && self.input.hash_ends && !self.keys.is_empty();
        if !is_end {
            self.keys.push(key);
        }
        self.ends_at = Some(now + self.input.pause_max);
        let is_alone = key == '#' && self.input.hash_ends;
        (is_end || is_alone || self.keys.len() >= KEYS_MAX).then(|| self.finish())
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.ends_at
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<String> {
        let is_over = self.ends_at.is_some_and(|at| at <= now);
        is_over.then(|| self.finish())
    }

    fn finish(&mut self) -> String {
        self.ends_at = None;
        format!("[keys {}]", std::mem::take(&mut self.keys))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn entry(hash_ends: bool) -> KeyEntry {
        KeyEntry::new(KeyInput {
            pause_max: Duration::from_secs(2),
            hash_ends,
        })
    }

    #[test]
    fn keys_belong_together_until_none_follows() {
        let mut entry = entry(true);
        assert_eq!(entry.press('1', at(1_000)), None);
        assert_eq!(entry.press('2', at(2_500)), None);
        assert_eq!(entry.deadline(), Some(at(4_500)));
        assert_eq!(entry.handle_timeout(at(4_400)), None);
        assert_eq!(
            entry.handle_timeout(at(4_500)).as_deref(),
            Some("[keys 12]")
        );
        assert_eq!(entry.deadline(), None);
        assert_eq!(entry.press('3', at(9_000)), None);
        assert_eq!(
            entry.handle_timeout(at(11_000)).as_deref(),
            Some("[keys 3]")
        );
    }

    #[test]
    fn a_hash_ends_them_or_is_one() {
        let mut ends = entry(true);
        ends.press('1', at(0));
        assert_eq!(ends.press('#', at(500)).as_deref(), Some("[keys 1]"));
        assert_eq!(ends.press('#', at(900)).as_deref(), Some("[keys #]"));
        let mut is_one = entry(false);
        is_one.press('1', at(0));
        assert_eq!(is_one.press('#', at(500)), None);
        let typed = is_one.handle_timeout(at(2_500));
        assert_eq!(typed.as_deref(), Some("[keys 1#]"));
    }

    #[test]
    fn who_never_stops_is_heard_all_the_same() {
        let mut entry = entry(true);
        let typed = (0..KEYS_MAX).find_map(|_| entry.press('7', at(0)));
        assert_eq!(typed.map(|it| it.len()), Some(KEYS_MAX + 7));
    }
}
