//! Stretches in which a line sends nothing, as most digital ones do while nobody speaks: no model has
//! to look at those.

use super::vad::{VAD_WINDOW, level_db};

/// A window below this is nothing: ten steps of 16 bits, 40 dB below a soft voice.
const NOTHING_DB: f32 = -70.0;
/// Such windows in a row after which it is not looked at any more: 0.5 s. What models remember of
/// sound is over by then.
const WINDOWS: u32 = 16;

/// How long one call's line has sent nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stillness {
    windows: u32,
}

impl Stillness {
    /// Whether the next window need not be looked at.
    pub(super) fn has(&mut self, window: &[f32; VAD_WINDOW]) -> bool {
        self.windows = match level_db(window) < NOTHING_DB {
            true => self.windows.saturating_add(1),
            false => 0,
        };
        self.windows > WINDOWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_sends_nothing_is_left_alone_until_it_sends_something() {
        let (nothing, murmur) = ([5e-5; VAD_WINDOW], [1e-3; VAD_WINDOW]);
        let mut stillness = Stillness::default();
        let looked = (0..40).filter(|_| !stillness.has(&nothing)).count();
        assert_eq!(looked, WINDOWS as usize);
        assert!(!stillness.has(&murmur), "at once");
        assert!(!stillness.has(&nothing), "and for a while after");
    }
}
