//! Finds out which voice says what: words between `<label>` and `</label>` are said by the voice of
//! that label, all others by the agent's own. The text may come in any pieces.

/// What is said by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The voice: 0 is the agent's own, the first label's is 1.
    pub(super) voice: usize,
    pub(super) text: String,
}

/// Reads a text that is being written.
#[derive(Debug)]
pub(super) struct Labels {
    labels: Vec<String>,
    voice: usize,
    /// What may become a label.
    held: String,
}

/// What a `<` turns out to be.
enum Found {
    /// A label: whose words follow it, and its length.
    Label(usize, usize),
    /// It may become one.
    Unknown,
    Text,
}

impl Labels {
    pub(super) fn new(labels: Vec<String>) -> Self {
        Self {
            labels,
            voice: 0,
            held: String::new(),
        }
    }

    /// More was written; gives what is certain.
    pub(super) fn push(&mut self, text: &str) -> Vec<Part> {
        self.held.push_str(text);
        let mut parts = Vec::new();
        while let Some(at) = self.held.find('<') {
            let rest = self.held.split_off(at);
            let before = std::mem::replace(&mut self.held, rest);
            add(&mut parts, self.voice, &before);
            match self.found() {
                Found::Label(voice, length) => {
                    self.voice = voice;
                    self.held.drain(..length);
                }
                Found::Unknown => return parts,
                Found::Text => {
                    self.held.remove(0);
                    add(&mut parts, self.voice, "<");
                }
            }
        }
        let rest = std::mem::take(&mut self.held);
        add(&mut parts, self.voice, &rest);
        parts
    }

    /// Nothing follows; gives what is left.
    pub(super) fn finish(&mut self) -> Option<Part> {
        let text = std::mem::take(&mut self.held);
        let voice = self.voice;
        (!text.is_empty()).then_some(Part { voice, text })
    }

    fn found(&self) -> Found {
        let mut is_open = false;
        for (index, label) in self.labels.iter().enumerate() {
            for (tag, voice) in [
                (format!("<{label}>"), index + 1),
                (format!("</{label}>"), 0),
            ] {
                if begins(&self.held, &tag) {
                    return Found::Label(voice, tag.len());
                }
                is_open |= begins(&tag, &self.held);
            }
        }
        match is_open {
            true => Found::Unknown,
            false => Found::Text,
        }
    }
}

fn begins(text: &str, with: &str) -> bool {
    let start = text.get(..with.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(with))
}

fn add(parts: &mut Vec<Part>, voice: usize, text: &str) {
    if text.is_empty() {
        return;
    }
    match parts.last_mut() {
        Some(last) if last.voice == voice => last.text.push_str(text),
        _ => parts.push(Part {
            voice,
            text: text.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text in pieces of so many characters.
    fn read(text: &str, size: usize) -> Vec<(usize, String)> {
        let mut labels = Labels::new(vec!["Anna".into(), "El Toro".into()]);
        let mut parts: Vec<Part> = Vec::new();
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(size) {
            let piece: String = piece.iter().collect();
            for part in labels.push(&piece) {
                add(&mut parts, part.voice, &part.text);
            }
        }
        if let Some(part) = labels.finish() {
            add(&mut parts, part.voice, &part.text);
        }
        parts.into_iter().map(|it| (it.voice, it.text)).collect()
    }

    #[test]
    fn words_go_to_the_voice_of_their_label_however_they_come() {
        let said = |voice, text: &str| (voice, text.to_owned());
        for size in [1, 2, 3, 7, 100] {
            assert_eq!(
                read(
                    "She said <Anna>Grüß Gott.</Anna> And he: <el toro>No!",
                    size
                ),
                [
                    said(0, "She said "),
                    said(1, "Grüß Gott."),
                    said(0, " And he: "),
                    said(2, "No!"),
                ]
            );
            assert_eq!(
                read("5 < 6, <b>bold</b>, <An", size),
                [said(0, "5 < 6, <b>bold</b>, <An")]
            );
            assert_eq!(
                read("<Anna>One <El Toro>two</Anna> three", size),
                [said(1, "One "), said(2, "two"), said(0, " three")]
            );
        }
    }

    #[test]
    fn nothing_waits_but_what_may_become_a_label() {
        let mut labels = Labels::new(vec!["Anna".into()]);
        let said = |voice, text: &str| Part {
            voice,
            text: text.into(),
        };
        assert_eq!(labels.push("Hello <"), [said(0, "Hello ")]);
        assert_eq!(labels.push("An"), []);
        assert_eq!(labels.push("d"), [said(0, "<And")]);
        assert_eq!(labels.push(" so"), [said(0, " so")]);
    }
}
