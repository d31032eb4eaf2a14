//! Names and texts as people and machines get to read them.

use offhook_turn_taking::{HangUpCause, Line};

use crate::TurnKind;

pub(crate) const fn end_name(cause: HangUpCause) -> &'static str {
    match cause {
        HangUpCause::Silence => "silence",
        HangUpCause::DurationLimit => "duration_limit",
        HangUpCause::ProviderUnavailable => "provider_unavailable",
        HangUpCause::CallerHungUp => "caller_hung_up",
        HangUpCause::AgentHungUp => "agent_hung_up",
    }
}

pub(super) const fn kind_name(kind: TurnKind) -> &'static str {
    match kind {
        TurnKind::Answer => "answer",
        TurnKind::Line(Line::Greeting) => "greeting",
        TurnKind::Line(Line::Reprompt(_)) => "reprompt",
        TurnKind::Line(Line::Apology) => "apology",
        TurnKind::Line(Line::Goodbye(_)) => "goodbye",
        TurnKind::Line(Line::Ordered(_)) => "ordered",
    }
}

/// `text` on one line and without control characters, which a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `width` characters of `text`, the last of them `…` where some are missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// `text` in lines of at most `width` characters, broken between words where that can be.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + rest.len() > width {
            lines.push(String::new());
            used = 0;
        }
        while rest.len() > width {
            let tail = rest.split_off(width);
            if let Some(line) = lines.last_mut() {
                line.extend(rest);
            }
            lines.push(String::new());
            rest = tail;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            used += rest.len();
            line.extend(rest);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_nothing_to_obey() {
        assert_eq!(plain("a\u{1b}[2J\r\nb\u{7}  c"), "a [2J b c");
    }

    #[test]
    fn long_texts_are_cut_and_wrapped() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(
            wrapped("one two three four", 9),
            ["one two", "three", "four"]
        );
        assert_eq!(
            wrapped("abcdefghijklmnopqrstu v", 10),
            ["abcdefghij", "klmnopqrst", "u v"]
        );
        assert_eq!(wrapped("", 10), [""]);
    }
}
