//! What is wrong with a document of a dialect: all of it at once, each with its place.

use std::fmt;

/// One step from the document to the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A field of an object.
    Name(String),
    /// An item of a list, from 0.
    Index(usize),
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where; empty for the document as a whole.
    pub path: Vec<Step>,
    /// What is wrong and what is allowed, in words for the client.
    pub message: String,
    /// What kind of wrong it is.
    pub kind: ProblemKind,
}

/// What kind of wrong it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// A field that must be given is not there.
    Missing,
    /// A text was expected.
    Text,
    /// A number was expected.
    Number,
    /// A whole number was expected.
    Whole,
    /// `true` or `false` was expected.
    Flag,
    /// A list was expected.
    List,
    /// An object was expected.
    Object,
    /// A number below the least.
    TooSmall,
    /// A number above the greatest.
    TooLarge,
    /// A text that is too short.
    TooShort,
    /// A text that is too long.
    TooLong,
    /// A list or a map with too many entries.
    TooMany,
    /// None of the words that are allowed.
    Word,
    /// A text of the wrong form: no URL, no telephone number.
    Form,
    /// A value that the rest of the document, or the engine, does not allow.
    Value,
}

impl ProblemKind {
    /// The name that clients of the 422 shape know it by.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Text => "string_type",
            Self::Number => "float_type",
            Self::Whole => "int_type",
            Self::Flag => "bool_type",
            Self::List => "list_type",
            Self::Object => "dict_type",
            Self::TooSmall => "greater_than_equal",
            Self::TooLarge => "less_than_equal",
            Self::TooShort => "string_too_short",
            Self::TooLong => "string_too_long",
            Self::TooMany => "too_long",
            Self::Word => "enum",
            Self::Form => "string_pattern_mismatch",
            Self::Value => "value_error",
        }
    }
}

impl Problem {
    /// A problem at a dotted path.
    #[must_use]
    pub fn at(path: &str, kind: ProblemKind, message: impl Into<String>) -> Self {
        Self {
            path: steps(path),
            message: message.into(),
            kind,
        }
    }

    /// The place as text, such as `customTools[2].url`; empty for the document as a whole.
    #[must_use]
    pub fn place(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Name(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Step::Index(index) => {
                    text.push_str(&format!("[{index}]"));
                }
            }
        }
        text
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place(), self.message)
    }
}

/// The steps of a path such as `a.b[0].c`.
pub(crate) fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
        steps.push(match part.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Name(part.to_owned()),
        });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_and_writes_the_same() {
        for place in ["", "name", "a.b", "tools[2].url"] {
            assert_eq!(Problem::at(place, ProblemKind::Text, "x").place(), place);
        }
    }
}
