//! What can be wrong with a scenario document, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong in a scenario document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: keys and positions from 1, such as `line[2].when.after_agent`.
    pub path: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.message)
    }
}

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("{} cannot be read: check the path and its permissions", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is no TOML.
    #[error("{}is no TOML: {problem}", place(file.as_deref()))]
    NotToml {
        /// Which file, where it is one.
        file: Option<PathBuf>,
        /// What the parser says, with line and column.
        problem: String,
    },
    /// The document has problems.
    #[error("{}has {}:{}", place(file.as_deref()), count(problems.len()), list(problems))]
    Invalid {
        /// Which file, where it is one.
        file: Option<PathBuf>,
        /// All of them, in the order of the document.
        problems: Vec<Problem>,
    },
}

impl ScenarioError {
    /// The same error, of the file at `path`.
    pub(super) fn of_file(self, path: &Path) -> Self {
        let file = Some(path.to_owned());
        match self {
            Self::NotToml { problem, .. } => Self::NotToml { file, problem },
            Self::Invalid { problems, .. } => Self::Invalid { file, problems },
            Self::Unreadable { .. } => self,
        }
    }
}

fn place(file: Option<&Path>) -> String {
    file.map_or_else(
        || "the scenario ".to_owned(),
        |file| format!("{} ", file.display()),
    )
}

fn count(problems: usize) -> String {
    if problems == 1 {
        "a problem".to_owned()
    } else {
        format!("{problems} problems")
    }
}

fn list(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect()
}

/// ` (did you mean "x"?)` with the known word nearest to `word`, or the list of known words.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|name| (distance(word, name), name)).min();
    match nearest {
        Some((edits, name)) if edits <= (name.len() / 2).clamp(1, 4) => {
            format!("did you mean `{name}`?")
        }
        _ => format!("known here: {}", known.join(", ")),
    }
}

/// Edits (insert, delete, replace a letter) between two words: Levenshtein distance.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, candidate) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *candidate);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_word_is_suggested() {
        let known = ["after_agent", "into_agent", "after_line", "at"];
        assert_eq!(
            suggestion("afer_agent", &known),
            "did you mean `after_agent`?"
        );
        assert_eq!(
            suggestion("intoagent", &known),
            "did you mean `into_agent`?"
        );
        assert!(suggestion("xyzzy plugh", &known).starts_with("known here: after_agent"));
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
