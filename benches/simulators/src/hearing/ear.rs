//! Words in audio.

use super::Script;

/// Where anything is a word: how loud it is, how short its gaps and how long it is, in milliseconds.
const LOUD: u16 = 500;
const GAP_MAX: u64 = 40;
const WORD_MAX: u64 = 350;
/// Milliseconds of the shortest word of a script: what is shorter is the edge of another.
const WORD_MIN: u64 = 8;

/// A word as it was heard, in samples since the connection began.
#[derive(Debug)]
pub(crate) struct Heard {
    number: usize,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// One connection's audio.
#[derive(Debug)]
pub(crate) struct Ear {
    script: Script,
    rate: u64,
    /// Samples that were heard.
    pub(crate) position: u64,
    pub(crate) words: Vec<Heard>,
    /// How many of the words were told of.
    told: usize,
    /// A stretch of one level that may become a word: which, and where it begins.
    run: Option<(usize, u64)>,
    /// The last word, where anything is one.
    last: Option<usize>,
}

impl Ear {
    pub(crate) fn new(script: Script, rate: u32) -> Self {
        Self {
            script,
            rate: u64::from(rate),
            position: 0,
            words: Vec::new(),
            told: 0,
            run: None,
            last: None,
        }
    }

    /// Takes 16-bit little-endian audio.
    pub(crate) fn hear(&mut self, audio: &[u8]) {
        for pair in audio.as_chunks::<2>().0 {
            self.sample(i16::from_le_bytes(*pair));
        }
    }

    pub(crate) fn sample(&mut self, level: i16) {
        self.position += 1;
        if self.script.is_any() {
            return self.any_sample(level);
        }
        let at = self.position - 1;
        let Some(number) = self.script.at_level(level) else {
            self.run = None;
            return;
        };
        let (_, from) = *self
            .run
            .take_if(|run| run.0 == number)
            .get_or_insert((number, at));
        self.run = Some((number, from));
        if self.position - from < self.samples(WORD_MIN) {
            return;
        }
        match self.words.last_mut().filter(|last| last.from == from) {
            Some(last) => last.to = self.position,
            None => self.words.push(Heard {
                number,
                from,
                to: self.position,
            }),
        }
    }

    /// Anything loud is a word, and a long stretch of it is several.
    fn any_sample(&mut self, level: i16) {
        if level.unsigned_abs() < LOUD {
            return;
        }
        let (gap, length) = (self.samples(GAP_MAX), self.samples(WORD_MAX));
        match self.words.last_mut() {
            Some(last) if self.position - last.to <= gap && self.position - last.from <= length => {
                last.to = self.position;
            }
            last => {
                let number = self.script.after(last.map(|it| it.number).or(self.last));
                self.last = Some(number);
                self.words.push(Heard {
                    number,
                    from: self.position - 1,
                    to: self.position,
                });
            }
        }
    }

    /// Where the word begins that is being said, if there is one.
    pub(crate) fn unfinished(&self) -> Option<u64> {
        let last = self.words.last().filter(|it| it.to == self.position)?;
        Some(last.from)
    }

    /// Forgets words that begin before a position.
    pub(crate) fn forget(&mut self, until: u64) {
        let count = self.words.len();
        self.words.retain(|word| word.from >= until);
        self.told = self.told.saturating_sub(count - self.words.len());
        if let Some((_, from)) = &mut self.run {
            *from = until.max(*from);
        }
    }

    /// Words that are over and were not told of, or all of those, with a space before each but the
    /// first of all.
    pub(crate) fn untold(&mut self, is_all: bool) -> String {
        let over = self.words.len() - usize::from(!is_all && self.unfinished().is_some());
        let mut text = String::new();
        for number in self.told..over {
            if number > 0 {
                text.push(' ');
            }
            text.push_str(self.text(&self.words[number]));
        }
        self.told = self.told.max(over);
        text
    }

    pub(crate) fn text(&self, word: &Heard) -> &str {
        self.script.text(word.number)
    }

    /// All words that are not forgotten.
    pub(crate) fn said(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|word| self.text(word)).collect();
        words.join(" ")
    }

    pub(crate) fn samples(&self, ms: u64) -> u64 {
        ms * self.rate / 1_000
    }

    pub(crate) fn seconds(&self, samples: u64) -> f64 {
        samples as f64 / self.rate as f64
    }
}
