//! From the bytes of tokens to text that may be spoken: whole characters, nothing of a stop
//! string, no blanks in front.

/// The text of one reply, as it comes out of the model.
#[derive(Debug)]
pub(super) struct ReplyText {
    stops: Vec<String>,
    bytes: Vec<u8>,
    held: String,
    has_begun: bool,
    is_stopped: bool,
}

impl ReplyText {
    /// A reply that ends before any of `stops`.
    pub(super) fn new(stops: &[String]) -> Self {
        Self {
            stops: stops
                .iter()
                .filter(|stop| !stop.is_empty())
                .cloned()
                .collect(),
            bytes: Vec::new(),
            held: String::new(),
            has_begun: false,
            is_stopped: false,
        }
    }

    /// Takes the next token's bytes and gives the text that can be said for certain, perhaps
    /// none.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        if self.is_stopped {
            return String::new();
        }
        self.bytes.extend_from_slice(bytes);
        let characters = whole_characters(&mut self.bytes);
        self.held.push_str(&characters);
        if let Some(start) = self
            .stops
            .iter()
            .filter_map(|stop| self.held.find(stop))
            .min()
        {
            self.held.truncate(start);
            self.is_stopped = true;
            let rest = std::mem::take(&mut self.held);
            return self.begun(rest.trim_end());
        }
        let safe = self.held.len() - self.longest_begun_stop();
        let said: String = self.held.drain(..safe).collect();
        self.begun(&said)
    }

    /// The text that was held back, when the model has ended the reply itself.
    pub(super) fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.held);
        self.begun(rest.trim_end())
    }

    /// Whether a stop string has come.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Whether anything but blanks has come out.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    fn begun(&mut self, text: &str) -> String {
        let text = if self.has_begun {
            text
        } else {
            text.trim_start()
        };
        self.has_begun |= !text.is_empty();
        text.to_owned()
    }

    /// Bytes at the end of the held text that a stop string might begin with.
    fn longest_begun_stop(&self) -> usize {
        let begun = |stop: &String| {
            (1..stop.len())
                .rev()
                .filter(|length| stop.is_char_boundary(*length))
                .find(|length| self.held.ends_with(&stop[..*length]))
        };
        self.stops.iter().filter_map(begun).max().unwrap_or(0)
    }
}

/// Takes all whole characters out of `bytes`; what can never become one turns into U+FFFD.
fn whole_characters(bytes: &mut Vec<u8>) -> String {
    let mut text = String::new();
    let mut taken = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        taken += chunk.valid().len();
        let is_at_end = taken + chunk.invalid().len() == bytes.len();
        if is_at_end && could_grow(chunk.invalid()) {
            break;
        }
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        taken += chunk.invalid().len();
    }
    bytes.drain(..taken);
    text
}

/// Whether `bytes`, which are no character, are the beginning of one.
fn could_grow(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else {
        return false;
    };
    let length = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return false,
    };
    bytes.len() < length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(stops: &[&str], tokens: &[&[u8]]) -> (Vec<String>, bool) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut text = ReplyText::new(&stops);
        let mut pieces: Vec<String> = tokens.iter().map(|token| text.push(token)).collect();
        pieces.push(text.finish());
        (pieces, text.is_stopped())
    }

    #[test]
    fn a_character_in_several_tokens_comes_out_whole() {
        let (said, _) = pieces(&[], &[b"caf\xc3", b"\xa9 ", b"\xf0\x9f", b"\x98", b"\x80!"]);
        assert_eq!(said, ["caf", "é ", "", "", "😀!", ""]);
    }

    #[test]
    fn bytes_that_are_no_character_are_replaced_and_nothing_is_lost_behind_them() {
        let (said, _) = pieces(&[], &[b"a\xff", b"b", b"\xc3", b"c"]);
        assert_eq!(said.concat(), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn a_stop_string_over_several_tokens_is_never_said() {
        let (said, is_stopped) = pieces(&["\nCaller:"], &[b"Sure.", b"\n", b"Call", b"er: Hi"]);
        assert_eq!(said, ["Sure.", "", "", "", ""]);
        assert!(is_stopped);
    }

    #[test]
    fn what_only_looked_like_a_stop_string_is_said() {
        let (said, is_stopped) = pieces(&["\nCaller:"], &[b"Sure.", b"\n", b"Callie", b" is in."]);
        assert_eq!(said.concat(), "Sure.\nCallie is in.");
        assert!(!is_stopped);
        assert_eq!(pieces(&["```"], &[b"a ``"]).0.concat(), "a ``");
    }

    #[test]
    fn the_first_of_two_stop_strings_ends_the_reply() {
        let (said, _) = pieces(&["two", "one"], &[b"zero one two three", b" four"]);
        assert_eq!(said.concat(), "zero");
    }

    #[test]
    fn blanks_in_front_are_not_said() {
        let (said, _) = pieces(&[], &[b" ", b"\n", b" Yes", b", we are. "]);
        assert_eq!(said, ["", "", "Yes", ", we are. ", ""]);
    }

    #[test]
    fn stop_strings_cut_at_characters() {
        let (said, is_stopped) = pieces(&["é!"], &["caf".as_bytes(), "é".as_bytes(), b"?"]);
        assert_eq!(said, ["caf", "", "é?", ""]);
        assert!(!is_stopped);
    }
}
