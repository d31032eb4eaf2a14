//! How this caller pauses: learned from pauses after which the caller went on in the same turn,
//! and, more heavily, from those into which the agent cut. It lengthens or shortens the wait at
//! pauses where it is not plain that the turn is over.

use std::time::Duration;

/// Running averages, so that a call of any length takes the same room (the idea of dynamic
/// endpointing in LiveKit Agents; the rule is ours).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CallerPace {
    /// Average pause, in microseconds.
    mean: i64,
    /// Average distance from it, in microseconds.
    spread: i64,
    /// How much was learned: a pause counts 1, a cut-in `CUT_IN_WEIGHT`.
    weight: u32,
    /// Turns that sound and words called finished, lately.
    called_finished: u32,
    /// How many of them were not.
    misled: u32,
}

/// Longer silences are not pauses of a turn.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(4);

/// Turns called finished that are remembered.
const CALLED_FINISHED_MAX: u32 = 16;
/// Turns that are taken to have been rightly called finished before the first.
const TRUST: u32 = 2;
/// A share of one in so many that misled makes the judgement worth nothing.
const MISLED_SHARE: u32 = 3;

const CUT_IN_WEIGHT: u32 = 4;
/// What has to be learned before it counts at all.
const WEIGHT_MIN: u32 = 3;
/// What has to be learned before it counts by half.
const WEIGHT_HALF: u32 = 4;
/// Waited beyond the pauses that are usual for the caller.
const MARGIN: i64 = 150_000;
/// A wait is shortened to this share at most: short pauses do not rule out a long one.
const SHORTENED_PERCENT: i64 = 80;

impl CallerPace {
    /// The caller went on in the same turn after this pause.
    pub(crate) fn paused(&mut self, pause: Duration) {
        self.learn(pause, 4, 1);
    }

    /// The agent took the floor, and the caller went on after this pause all the same.
    pub(crate) fn cut_in(&mut self, pause: Duration) {
        self.learn(pause, 2, CUT_IN_WEIGHT);
    }

    /// Sound and words agreed that the turn was over, and the agent took the floor.
    pub(crate) fn called_finished(&mut self) {
        if self.called_finished >= CALLED_FINISHED_MAX {
            self.called_finished /= 2;
            self.misled /= 2;
        }
        self.called_finished += 1;
    }

    /// They agreed wrongly: the caller went on.
    pub(crate) fn misled(&mut self) {
        self.misled = (self.misled + 1).min(self.called_finished);
    }

    /// The wait where sound and words agree that the turn is over. It is `usual` until this caller
    /// has been cut into so; then it nears what suits the caller's pauses.
    pub(crate) fn wait_if_finished(&self, usual: Duration, longest: Duration) -> Duration {
        let suits = self.wait(usual, longest).max(usual);
        let whole = self.called_finished + TRUST;
        let distrust = (self.misled * MISLED_SHARE).min(whole);
        let millis = suits.saturating_sub(usual).as_millis() * u128::from(distrust);
        usual + Duration::from_millis(u64::try_from(millis / u128::from(whole)).unwrap_or_default())
    }

    /// The wait that suits this caller where it would be `usual`, never beyond `longest`.
    pub(crate) fn wait(&self, usual: Duration, longest: Duration) -> Duration {
        if self.weight < WEIGHT_MIN || longest <= usual {
            return usual;
        }
        let (usual, longest) = (micros(usual), micros(longest));
        let wanted =
            (self.mean + 2 * self.spread + MARGIN).clamp(usual * SHORTENED_PERCENT / 100, longest);
        let weight = i64::from(self.weight);
        let wait = usual + (wanted - usual) * weight / (weight + i64::from(WEIGHT_HALF));
        // Whole milliseconds read better in a reason.
        Duration::from_millis(u64::try_from(wait / 1_000).unwrap_or_default())
    }

    fn learn(&mut self, pause: Duration, share: i64, weight: u32) {
        if pause > PAUSE_MAX {
            return;
        }
        let pause = micros(pause);
        if self.weight == 0 {
            self.mean = pause;
            self.spread = pause / 4;
        } else {
            let distance = pause - self.mean;
            self.mean += distance / share;
            self.spread += (distance.abs() - self.spread) / share;
        }
        self.weight = self.weight.saturating_add(weight).min(1_000);
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const USUAL: Duration = millis(1_300);
    const LONGEST: Duration = millis(2_000);

    fn after(pauses: &[u64]) -> Duration {
        let mut pace = CallerPace::default();
        for pause in pauses {
            pace.paused(millis(*pause));
        }
        pace.wait(USUAL, LONGEST)
    }

    #[test]
    fn nothing_is_made_of_a_pause_or_two() {
        assert_eq!(after(&[]), USUAL);
        assert_eq!(after(&[1_900, 1_800]), USUAL);
    }

    #[test]
    fn long_pauses_lengthen_and_short_ones_shorten_within_limits() {
        let slow = after(&[1_400; 10]);
        assert!(slow > millis(1_450) && slow <= LONGEST, "{slow:?}");
        let quick = after(&[300; 30]);
        assert!(quick < millis(1_120) && quick >= millis(1_040), "{quick:?}");
        assert!(after(&[3_900; 100]) <= LONGEST);
        assert_eq!(after(&[60_000; 100]), USUAL);
    }

    #[test]
    fn one_cut_in_is_enough_to_wait_longer() {
        let mut pace = CallerPace::default();
        pace.cut_in(millis(1_500));
        let once = pace.wait(USUAL, LONGEST);
        assert!(once >= millis(1_600), "{once:?}");
        pace.cut_in(millis(1_700));
        assert!(pace.wait(USUAL, LONGEST) > once);
    }

    #[test]
    fn who_was_cut_into_is_not_thought_finished_so_soon() {
        let mut pace = CallerPace::default();
        let usual = millis(250);
        pace.called_finished();
        assert_eq!(pace.wait_if_finished(usual, LONGEST), usual);
        pace.misled();
        pace.cut_in(millis(1_200));
        let after = pace.wait_if_finished(usual, LONGEST);
        assert!(after > millis(1_000), "{after:?}");
        for _ in 0..6 {
            pace.called_finished();
        }
        let later = pace.wait_if_finished(usual, LONGEST);
        assert!(later < after / 2 && later > usual, "{later:?}");
    }

    #[test]
    fn a_wait_that_is_the_longest_already_stays() {
        let mut pace = CallerPace::default();
        pace.cut_in(millis(3_000));
        assert_eq!(pace.wait(LONGEST, LONGEST), LONGEST);
        assert_eq!(pace.wait(LONGEST, USUAL), LONGEST);
    }
}
