//! What a carrier is told to do with a call, and XML, in which most of them take it.

use std::fmt::Write as _;

use crate::Audio;

/// What a carrier is told to do with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// To open a media stream, both ways.
    Stream {
        /// The stream's address, `wss://…`.
        url: &'a str,
        /// The single-use token that the stream's start brings, as its parameter `token`.
        token: &'a str,
        /// The carrier's id of the call, for a stream whose start would not tell it.
        call_id: &'a str,
        /// The stream's audio, one that the carrier has.
        audio: Audio,
    },
    /// To say something and hang up.
    Say(&'a str),
    /// To give the caller the tone of a busy line.
    Busy,
    /// To hang up.
    HangUp,
}

/// Text that stands in an element, or in an attribute between double quotes. What XML 1.0 cannot
/// hold is left out.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            character => escaped.push(character),
        }
    }
    escaped
}

/// A whole document around the verbs of an answer.
pub(crate) fn response(verbs: &str) -> String {
    format!(r#"<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>"#)
}
