//! How a figure is made of outcomes. Each measure gives `None` where there is nothing to measure.

use crate::outcome::Outcome;

pub(crate) fn share(outcomes: &[&Outcome], is_counted: fn(&Outcome) -> bool) -> Option<f64> {
    let counted = outcomes.iter().filter(|it| is_counted(it)).count();
    (!outcomes.is_empty()).then(|| counted as f64 / outcomes.len() as f64)
}

pub(crate) fn answered(outcomes: &[&Outcome]) -> Option<f64> {
    share(outcomes, |it| it.is_answered)
}

pub(crate) fn cut_ins(outcomes: &[&Outcome]) -> Option<f64> {
    share(outcomes, |it| it.is_cut_in)
}

pub(crate) fn yielded(outcomes: &[&Outcome]) -> Option<f64> {
    share(outcomes, |it| it.yield_ms.is_some())
}

pub(crate) fn right(outcomes: &[&Outcome]) -> Option<f64> {
    share(outcomes, Outcome::is_right)
}

pub(crate) fn paused(outcomes: &[&Outcome]) -> Option<f64> {
    share(outcomes, |it| it.is_paused)
}

pub(crate) fn median_latency(outcomes: &[&Outcome]) -> Option<f64> {
    percentile(outcomes.iter().filter_map(|it| it.latency_ms), 50)
}

pub(crate) fn late_latency(outcomes: &[&Outcome]) -> Option<f64> {
    percentile(outcomes.iter().filter_map(|it| it.latency_ms), 95)
}

pub(crate) fn median_yield(outcomes: &[&Outcome]) -> Option<f64> {
    percentile(outcomes.iter().filter_map(|it| it.yield_ms), 50)
}

pub(crate) fn late_yield(outcomes: &[&Outcome]) -> Option<f64> {
    percentile(outcomes.iter().filter_map(|it| it.yield_ms), 95)
}

pub(crate) fn in_a_minute(outcomes: &[&Outcome]) -> Option<f64> {
    let ms: u64 = outcomes.iter().map(|it| it.sound_ms).sum();
    let turns: usize = outcomes.iter().map(|it| it.false_turns).sum();
    (ms > 0).then(|| turns as f64 * 60_000.0 / ms as f64)
}

pub(crate) fn in_five_minutes(outcomes: &[&Outcome]) -> Option<f64> {
    in_a_minute(outcomes).map(|turns| turns * 5.0)
}

/// Replies that stopped because of themselves, and those that nobody asked for.
pub(crate) fn self_interruptions(outcomes: &[&Outcome]) -> Option<f64> {
    let of_one = |it: &&Outcome| it.false_turns + usize::from(it.is_answered && !it.is_kept);
    let all: usize = outcomes.iter().map(of_one).sum();
    (!outcomes.is_empty()).then(|| all as f64 * 10.0 / outcomes.len() as f64)
}

/// The smallest value that is not below so many percent of all (nearest rank).
pub(crate) fn percentile(values: impl Iterator<Item = u64>, percent: usize) -> Option<f64> {
    let mut sorted: Vec<u64> = values.collect();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map(|value| *value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        assert_eq!(percentile([30, 10, 20].into_iter(), 50), Some(20.0));
        assert_eq!(percentile(1..=100, 95), Some(95.0));
        assert_eq!(percentile([7].into_iter(), 95), Some(7.0));
        assert_eq!(percentile(std::iter::empty(), 50), None);
    }
}
