//! Takes out what is written for the eye only: Markdown marks, link targets, tags, emoji.
//!
//! The result has the same bytes in the same places, with spaces where something was taken out,
//! so that every word still lies where it lies in the reply.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// `text` with what is not said blanked out, byte for byte as long as `text`.
pub(super) fn spoken_only(text: &str) -> String {
    let mut blanks: Vec<Range<usize>> = Vec::new();
    for pattern in PATTERNS.iter() {
        for captures in pattern.captures_iter(text) {
            blanks.extend(captures.iter().skip(1).flatten().map(|found| found.range()));
        }
    }
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let is_blank = is_pictograph(character) || blanks.iter().any(|blank| blank.contains(&at));
        if is_blank || is_invisible(character) {
            out.extend(std::iter::repeat_n(' ', character.len_utf8()));
        } else {
            out.push(character);
        }
    }
    out
}

/// Each pattern's capture groups are what is blanked out.
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?m)^[ \t]*(#{1,6})[ \t]",
        r"(?m)^[ \t]*(>+)[ \t]?",
        r"(?m)^[ \t]*([-*+•])[ \t]+\S",
        r"(?m)^([ \t]*(?:```|~~~)[^\n]*)$",
        r"(?m)^[ \t]*([-*_]{3,})[ \t]*$",
        r"(!?\[)[^\]\n]*(\](?:\([^)\n]*\)|\[[^\]\n]*\]))",
        r"(\*{1,3}|~~|`+)",
        r"(?:^|[\s(])(_{1,3})[^\s_]",
        r"[^\s_](_{1,3})(?:[\s).,;:!?]|$)",
        r"(</?[A-Za-z][^<>\n]*>)",
        r"(\|)",
    ]
    .iter()
    .map(|pattern| compiled(pattern))
    .collect()
});

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, all compiled by a test"
)]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns of this file compile")
}

/// Emoji and dingbats (Unicode blocks, Unicode 16.0), which have no spoken form.
fn is_pictograph(character: char) -> bool {
    matches!(
        u32::from(character),
        0x1F000..=0x1FAFF
            | 0x2600..=0x27BF
            | 0x2B00..=0x2BFF
            | 0x2190..=0x21FF
            | 0x2300..=0x23FF
            | 0x25A0..=0x25FF
            | 0xE0000..=0xE01EF
    )
}

/// Joiners, variation selectors, direction marks, the byte-order mark, control characters.
fn is_invisible(character: char) -> bool {
    matches!(
        u32::from(character),
        0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2064 | 0xFE00..=0xFE0F | 0xFEFF | 0x00AD
    ) || (character.is_control() && !character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_words_stay_in_place() {
        for (written, words) in [
            ("**Yes**, we _do_.", "Yes , we do ."),
            ("## Hours\n- Monday\n- Tuesday", "Hours Monday Tuesday"),
            ("See [our site](https://a.b/c?d=1).", "See our site ."),
            ("Great! 🎉👍🏽 Bye ❤️", "Great! Bye"),
            ("`code` and ~~gone~~", "code and gone"),
            ("snake_case stays", "snake_case stays"),
            ("<b>Hi</b> <break time=\"1s\"/>there", "Hi there"),
            ("5 < 6", "5 < 6"),
        ] {
            let blanked = spoken_only(written);
            assert_eq!(blanked.len(), written.len(), "{written}");
            let found: Vec<_> = blanked.split_whitespace().collect();
            assert_eq!(found.join(" "), words, "{written}");
        }
    }
}
