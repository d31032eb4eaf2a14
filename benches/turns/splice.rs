//! A pause put into an utterance: what was before it, silence, what comes after.

use std::ops::Range;

use crate::sound::{Sound, in_ms, soften_edges, span};

/// An utterance with a pause inside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spliced {
    pub(crate) sound: Sound,
    /// From the last sound before the pause to the first after it.
    pub(crate) pause: Range<usize>,
}

impl Spliced {
    /// Parts `whole` at sample `at`, so that between its sounds there are `pause_ms` of silence.
    /// `None` where one side has no sound.
    pub(crate) fn new(whole: &Sound, at: usize, pause_ms: u64) -> Option<Self> {
        if at == 0 || at >= whole.samples.len() {
            return None;
        }
        let (before, after) = whole.samples.split_at(at);
        let (mut before, mut after) = (before.to_vec(), after.to_vec());
        soften_edges(&mut before, in_ms(6));
        soften_edges(&mut after, in_ms(6));
        let (said, rest) = (span(&before)?, span(&after)?);
        let pause = said.end..said.end + in_ms(pause_ms);
        // What little sound lies beyond the bounds stays where it was.
        let begins = pause.end.saturating_sub(rest.start).max(before.len());
        let pause = pause.start..begins + rest.start;
        let mut samples = before;
        samples.resize(begins, 0.0);
        samples.extend(after);
        Some(Self {
            sound: Sound {
                span: said.start..begins + rest.end,
                samples,
            },
            pause,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::rms;

    #[test]
    fn the_pause_is_as_long_as_asked_and_nothing_else_is_lost() {
        let tone = |ms: u64| (0..in_ms(ms)).map(|at| (at as f32 * 0.3).sin() * 0.2);
        let samples: Vec<f32> = tone(600)
            .chain(std::iter::repeat_n(0.0, in_ms(60)))
            .chain(tone(500))
            .collect();
        let whole = Sound {
            span: 0..samples.len(),
            samples,
        };
        let spliced = Spliced::new(&whole, in_ms(630), 900).unwrap();
        assert_eq!(spliced.pause.end - spliced.pause.start, in_ms(900));
        assert_eq!(spliced.pause.start, in_ms(600));
        assert!(rms(&spliced.sound.samples[spliced.pause.clone()]) < 0.001);
        assert_eq!(spliced.sound.samples.len(), in_ms(600 + 900 + 500));
        assert_eq!(spliced.sound.span, 0..in_ms(2_000));
    }

    #[test]
    fn a_place_at_the_edge_parts_nothing() {
        let whole = Sound {
            samples: vec![0.1; in_ms(300)],
            span: 0..in_ms(300),
        };
        assert_eq!(Spliced::new(&whole, 0, 500), None);
        assert_eq!(Spliced::new(&whole, in_ms(300), 500), None);
    }
}
