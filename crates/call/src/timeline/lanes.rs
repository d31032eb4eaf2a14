//! Texts side by side: each gets the first lane in which it covers no other.

/// Width of a letter of the small font, on average, as generously as needed.
const LETTER: f64 = 5.75;

/// Space between two texts of a lane.
const GAP: f64 = 10.0;

/// Lanes that are filled from the left.
#[derive(Debug)]
pub(super) struct Lanes {
    ends: Vec<f64>,
    lanes_max: usize,
    right: f64,
}

/// Where a text came to lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// Its left edge: further left than asked for where it would run over the right edge.
    pub(super) x: f64,
    /// Its lane, from 0.
    pub(super) lane: usize,
}

impl Lanes {
    /// At most `lanes_max` lanes that end at `right`.
    pub(super) const fn new(lanes_max: usize, right: f64) -> Self {
        Self {
            ends: Vec::new(),
            lanes_max,
            right,
        }
    }

    /// Finds room for a text that would like to begin at `x`, not further left than `left`.
    /// Texts have to come from left to right. `None` where all lanes are full.
    pub(super) fn place(&mut self, x: f64, left: f64, text: &str) -> Option<Place> {
        let width = width(text);
        let x = x.min(self.right - width).max(left);
        let free = self.ends.iter().position(|end| *end + GAP <= x);
        let lane = match free {
            Some(lane) => lane,
            None if self.ends.len() < self.lanes_max => {
                self.ends.push(0.0);
                self.ends.len() - 1
            }
            None => return None,
        };
        self.ends[lane] = x + width;
        Some(Place { x, lane })
    }
}

/// How wide `text` is drawn, about.
pub(super) fn width(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}

/// `text`, cut so that it is at most `width` wide.
pub(super) fn fitting(text: &str, width: f64) -> String {
    let letters = (width / LETTER).max(1.0) as usize;
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(letters.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_do_not_cover_each_other() {
        let mut lanes = Lanes::new(2, 1_000.0);
        let text = "ten letters";
        assert_eq!(lanes.place(0.0, 0.0, text), Some(Place { x: 0.0, lane: 0 }));
        assert_eq!(
            lanes.place(20.0, 0.0, text),
            Some(Place { x: 20.0, lane: 1 })
        );
        assert_eq!(lanes.place(40.0, 0.0, text), None);
        assert_eq!(
            lanes.place(200.0, 0.0, text),
            Some(Place { x: 200.0, lane: 0 })
        );
        let last = lanes.place(990.0, 0.0, text).unwrap();
        assert!(last.x + width(text) <= 1_000.0);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        assert_eq!(fitting("abcdefghij", 4.0 * LETTER), "abc…");
        assert_eq!(fitting("abc", 400.0), "abc");
    }
}
