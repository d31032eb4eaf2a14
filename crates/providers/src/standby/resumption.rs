//! A reply that one chat model began and another ends.
//!
//! The other is given the conversation with what was told already as the agent's message, and asked
//! to begin with the sentence that was broken off, from its first word. Models do that more surely
//! than they go on in the middle of a sentence; and where they repeat more, or less, than they were
//! asked to, what they say is laid over what was told, word by word, and only what is new is passed
//! on. A sentence that comes out in other words than it was begun with is begun anew behind a dash,
//! as a speaker would.

use std::sync::Arc;

use offhook_contract::{ChatMessage, ChatRequest, Role};

/// What ends a sentence.
const MARKS: [char; 5] = ['.', '!', '?', '…', '\n'];

/// The request for the rest of the reply to `request` of which `told` was passed on.
pub(super) fn rest_of(request: &ChatRequest, told: &str) -> ChatRequest {
    let mut messages = request.messages.to_vec();
    messages.push(ChatMessage::new(Role::Agent, told.trim()));
    // As the caller's message: not every API takes instructions in the middle, nor a conversation
    // that ends with its own words.
    messages.push(ChatMessage::new(Role::Caller, instructions(told)));
    ChatRequest {
        messages: Arc::from(messages),
        options: request.options.clone(),
    }
}

fn instructions(told: &str) -> String {
    let begun = told.get(last_sentence(told)..).unwrap_or_default().trim();
    let what = if begun.is_empty() {
        "Write only what comes after it, without repeating anything of it; where nothing is left to \
         say, write nothing."
            .to_owned()
    } else {
        format!(
            "Write only its rest: begin with the unfinished sentence \u{201c}{begun}\u{201d} from its \
             first word, word for word as it stands, and finish it; repeat nothing before it."
        )
    };
    format!(
        "[Not from me: your last message was cut off on its way, and I heard it as far as it stands \
         here. {what} Do not mention this.]"
    )
}

/// Where the unfinished sentence at the end begins; the length of the text where there is none.
fn last_sentence(text: &str) -> usize {
    let mut start = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let is_end = match next {
            None => true,
            Some(next) => next.is_whitespace() || character == '\n',
        };
        if MARKS.contains(&character) && is_end {
            start = at + character.len_utf8();
        }
    }
    let is_over = !text
        .get(start..)
        .is_some_and(|rest| rest.contains(char::is_alphanumeric));
    if is_over { text.len() } else { start }
}

/// A word without case and marks, and where it ends in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    plain: String,
    start: usize,
    end: usize,
}

fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        match (character.is_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                start = None;
                let letters = text[from..at].chars().filter(|it| it.is_alphanumeric());
                let plain: String = letters.flat_map(char::to_lowercase).collect();
                if !plain.is_empty() {
                    words.push(Word {
                        plain,
                        start: from,
                        end: at,
                    });
                }
            }
            _ => {}
        }
    }
    words
}

/// Lays the text of the model that goes on over what was told.
#[derive(Debug)]
pub(super) struct Resumption {
    told: Vec<Word>,
    /// Words with which a sentence begins, the unfinished one among them.
    openings: Vec<usize>,
    /// The first word of the unfinished sentence.
    unfinished: Option<usize>,
    /// Nothing stands between the last word and what follows, which may belong to it.
    is_within_word: bool,
    ends_with_space: bool,
    held: String,
    is_decided: bool,
}

impl Resumption {
    pub(super) fn after(text: &str) -> Self {
        let told = words(text);
        let mut openings = vec![0];
        for (place, word) in told.iter().enumerate() {
            let is_last = text[word.start..word.end]
                .trim_end_matches(['"', '\'', ')', '”', '’'])
                .ends_with(MARKS);
            if is_last {
                openings.push(place + 1);
            }
        }
        let begun = last_sentence(text);
        let unfinished = told.iter().position(|word| word.start >= begun);
        Self {
            openings,
            unfinished,
            is_within_word: text.ends_with(char::is_alphanumeric),
            ends_with_space: text.is_empty() || text.ends_with(char::is_whitespace),
            told,
            held: String::new(),
            is_decided: false,
        }
    }

    /// Whether what was told may be all of the reply.
    pub(super) fn may_be_whole(&self) -> bool {
        self.unfinished.is_none()
    }

    /// Takes more text; gives what of it is new, as far as that is certain.
    pub(super) fn push(&mut self, text: String) -> Option<String> {
        if self.is_decided {
            return Some(text);
        }
        self.held.push_str(&text);
        self.decide(false)
    }

    /// Nothing more comes.
    pub(super) fn finish(&mut self) -> Option<String> {
        if self.is_decided {
            return None;
        }
        self.decide(true)
    }

    fn decide(&mut self, is_all: bool) -> Option<String> {
        let mut said = words(&self.held);
        if !is_all && !self.held.ends_with(char::is_whitespace) {
            // More of it may come.
            said.pop();
        }
        if said.is_empty() && !is_all {
            return None;
        }
        let found = match self.laid_over(&said) {
            Laid::Open if !is_all => return None,
            found => found,
        };
        self.is_decided = true;
        let held = std::mem::take(&mut self.held);
        let new = match found {
            Laid::Whole { end, is_part } => {
                let rest = &held[end..];
                return Some(if is_part {
                    rest.to_owned()
                } else {
                    self.joined(rest)
                })
                .filter(|it| !it.is_empty());
            }
            Laid::Open => "",
            Laid::Apart { start, is_begun } => {
                let rest = held[start..].trim_start();
                if is_begun {
                    return Some(format!("— {rest}"));
                }
                rest
            }
        };
        Some(self.joined(new)).filter(|it| !it.is_empty())
    }

    /// Text that follows what was told.
    fn joined(&self, text: &str) -> String {
        if self.ends_with_space {
            return text.trim_start_matches(' ').to_owned();
        }
        match text.starts_with(char::is_alphanumeric) {
            true => format!(" {text}"),
            false => text.to_owned(),
        }
    }

    /// How what was said lies over what was told.
    fn laid_over(&self, said: &[Word]) -> Laid {
        let count = self.told.len();
        let mut is_open = false;
        let mut whole = None;
        // The place where most words are the same.
        let mut best = (0, 0);
        for place in 0..count {
            let (same, part) = self.same_from(place, said);
            let is_through = place + same == count;
            let is_certain = same > 1 || self.openings.contains(&place);
            if is_through {
                if let Some(part) = part.filter(|_| !is_certain) {
                    // "a" may be the beginning of "another", or not.
                    if part < 3 {
                        continue;
                    }
                }
                whole = whole.or(Some((same, part)));
            } else if same == said.len() {
                is_open = true;
            } else if same > best.1 {
                best = (place, same);
            }
        }
        if is_open {
            return Laid::Open;
        }
        if let Some((same, part)) = whole {
            let last = same.checked_sub(1).and_then(|last| said.get(last));
            let end = last.map_or(0, |word| match part {
                Some(letters) => word.start + letters,
                None => word.end,
            });
            return Laid::Whole {
                end,
                is_part: part.is_some(),
            };
        }
        self.apart(said, best)
    }

    /// How many words from `place` on are the same; and, where the last of what was told is only
    /// the beginning of a word, how many bytes of that word were told.
    fn same_from(&self, place: usize, said: &[Word]) -> (usize, Option<usize>) {
        let told = self.told.get(place..).unwrap_or_default();
        let pairs = told.iter().zip(said);
        let same = pairs
            .take_while(|(told, said)| told.plain == said.plain)
            .count();
        let is_last = same + 1 == told.len();
        if self.is_within_word
            && is_last
            && let (Some(told), Some(said)) = (told.get(same), said.get(same))
            && said.plain.starts_with(&told.plain)
        {
            return (same + 1, Some(told.end - told.start));
        }
        (same, None)
    }

    /// It says something else than what was told: from where on it is new.
    fn apart(&self, said: &[Word], (place, same): (usize, usize)) -> Laid {
        let nothing = Laid::Apart {
            start: 0,
            is_begun: false,
        };
        if !self.openings.contains(&place) {
            return nothing;
        }
        // Whole sentences that were repeated are not new.
        let told_until = place + same;
        let sentence = self.openings.iter().rev().find(|it| **it <= told_until);
        let sentence = sentence.copied().unwrap_or(place).max(place);
        let start = said.get(sentence - place).map_or(0, |word| word.start);
        let is_begun = same > 0 && self.unfinished == Some(sentence);
        Laid::Apart { start, is_begun }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Laid {
    /// All of it so far is the same; more may be.
    Open,
    /// It repeats what was told to its end, which is here.
    Whole { end: usize, is_part: bool },
    /// It is new from here on; a sentence that was begun comes in other words.
    Apart { start: usize, is_begun: bool },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the caller gets to hear where the text comes in pieces of every length.
    fn resumed(told: &str, said: &str) -> String {
        let mut all = Vec::new();
        for size in [1, 3, 7, 400] {
            let mut resumption = Resumption::after(told);
            let mut text = told.to_owned();
            let letters: Vec<char> = said.chars().collect();
            for piece in letters.chunks(size) {
                let new = resumption.push(piece.iter().collect());
                text.push_str(&new.unwrap_or_default());
            }
            text.push_str(&resumption.finish().unwrap_or_default());
            all.push(text);
        }
        all.dedup();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[test]
    fn the_unfinished_sentence_is_ended_and_nothing_said_twice() {
        let whole = "We are closed today. We open at eight.";
        for told in [
            "We are closed today. We open at",
            "We are closed today. We open at ",
        ] {
            for said in [
                "We open at eight.",
                "eight.",
                " eight.",
                "at eight.",
                "open at eight.",
                "We are closed today. We open at eight.",
                "we open, at eight.",
            ] {
                assert_eq!(resumed(told, said), whole, "{told:?} {said:?}");
            }
        }
    }

    #[test]
    fn a_word_that_was_cut_is_ended() {
        let told = "Your appoint";
        for said in ["Your appointment is at two.", "appointment is at two."] {
            assert_eq!(resumed(told, said), "Your appointment is at two.", "{said}");
        }
        assert_eq!(
            resumed("It costs 1", "It costs 120 euros."),
            "It costs 120 euros."
        );
    }

    #[test]
    fn a_sentence_in_other_words_is_begun_anew() {
        assert_eq!(
            resumed("Sure. We open at", "We open our doors at eight."),
            "Sure. We open at— We open our doors at eight."
        );
        assert_eq!(
            resumed("Sure. We open at", "Sure. We open our doors at eight."),
            "Sure. We open at— We open our doors at eight."
        );
    }

    #[test]
    fn what_follows_whole_sentences_follows_them() {
        let told = "We are closed today.";
        let whole = "We are closed today. Come back tomorrow.";
        for said in [
            "Come back tomorrow.",
            "We are closed today. Come back tomorrow.",
            "\nCome back tomorrow.",
        ] {
            let text = resumed(told, said).replace('\n', " ");
            assert_eq!(text, whole, "{said:?}");
        }
        for said in ["", "We are closed today.", " "] {
            assert_eq!(resumed(told, said).trim_end(), told, "{said:?}");
        }
        assert!(Resumption::after(told).may_be_whole());
        assert!(Resumption::after("One. Two! ").may_be_whole());
        assert!(!Resumption::after("One. Tw").may_be_whole());
    }

    #[test]
    fn the_other_model_is_told_where_to_begin() {
        let request = ChatRequest {
            messages: Arc::new([ChatMessage::new(Role::Caller, "When?")]),
            options: offhook_contract::ChatOptions {
                thinking: offhook_contract::ThinkingOptions::LEAST,
                temperature: None,
                tokens_max: 100,
            },
        };
        let rest = rest_of(&request, "Hm. We open at ");
        assert_eq!(rest.messages.len(), 3);
        assert_eq!(
            rest.messages[1],
            ChatMessage::new(Role::Agent, "Hm. We open at")
        );
        assert_eq!(rest.messages[2].role, Role::Caller);
        assert!(rest.messages[2].text.contains("“We open at”"), "{rest:?}");
        let rest = rest_of(&request, "It is 3.50 now.");
        assert!(rest.messages[2].text.contains("after it"), "{rest:?}");
    }
}
