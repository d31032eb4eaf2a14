//! What is said, as audio in which the simulator finds the words again: each word is a stretch of
//! one level of its own. So it hears the same words wherever a connection begins, and half a word
//! where it begins in the middle of one.

/// The levels of two words differ by this, and those of one by no more than that, where the audio had
/// another rate before.
const LEVEL: i16 = 200;
const BLUR: i16 = 20;

/// Words and when they are said.
#[derive(Debug, Clone, Default)]
pub struct Script {
    words: Vec<ScriptedWord>,
    is_any: bool,
}

/// What is heard where anything loud is a word: things to buy, of which each may be the last.
const ANY: &str = "coffee tea bread butter cheese apples pears plums flour sugar candles soap";

#[derive(Debug, Clone)]
struct ScriptedWord {
    text: String,
    /// Milliseconds.
    from: u32,
    to: u32,
}

impl Script {
    /// Hears words in anything that is loud, for audio that was not made for it.
    #[must_use]
    pub fn of_anything() -> Self {
        let words = ANY.split(' ').map(|word| ScriptedWord {
            text: word.to_owned(),
            from: 0,
            to: 0,
        });
        Self {
            words: words.collect(),
            is_any: true,
        }
    }

    /// A script with one more word, which is said from `from` to `to`, in milliseconds. At most 100
    /// are told apart.
    #[must_use]
    pub fn word(mut self, text: &str, from: u32, to: u32) -> Self {
        let text = text.to_owned();
        self.words.push(ScriptedWord { text, from, to });
        self
    }

    /// The samples of `length` milliseconds.
    #[must_use]
    pub fn audio(&self, hz: u32, length: u32) -> Vec<i16> {
        let at = |ms: u32| (u64::from(ms) * u64::from(hz) / 1_000) as usize;
        let mut samples = vec![0; at(length)];
        for (level, word) in (1_i16..).zip(&self.words) {
            let to = at(word.to).min(samples.len());
            if let Some(samples) = samples.get_mut(at(word.from).min(to)..to) {
                samples.fill(level.saturating_mul(LEVEL));
            }
        }
        samples
    }

    pub(crate) fn is_any(&self) -> bool {
        self.is_any
    }

    /// The word after one, in a circle.
    pub(crate) fn after(&self, number: Option<usize>) -> usize {
        number.map_or(0, |it| (it + 1) % self.words.len().max(1))
    }

    /// Which word is said at a level.
    pub(crate) fn at_level(&self, level: i16) -> Option<usize> {
        let step = level.saturating_add(LEVEL / 2) / LEVEL;
        let number = usize::try_from(step).ok()?.checked_sub(1)?;
        let is_near = (level - step * LEVEL).abs() <= BLUR;
        (is_near && number < self.words.len()).then_some(number)
    }

    pub(crate) fn text(&self, number: usize) -> &str {
        self.words.get(number).map_or("", |word| &word.text)
    }
}
