//! What is wrong with an agent, all of it at once, each with its place.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentProblem {
    /// Where in the document, such as `silence.reprompts[1]`; empty for the document as a whole.
    pub path: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

/// Everything that is wrong with one document; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentProblems(pub Vec<AgentProblem>);

impl fmt::Display for AgentProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            formatter.write_str(&self.problem)
        } else {
            write!(formatter, "{}: {}", self.path, self.problem)
        }
    }
}

impl fmt::Display for AgentProblems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for AgentProblems {}

/// Gathers problems while a document is read.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<AgentProblem>);

impl Findings {
    pub(crate) fn add(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.0.push(AgentProblem {
            path: path.into(),
            problem: problem.into(),
        });
    }

    pub(crate) fn extend(&mut self, problems: AgentProblems) {
        self.0.extend(problems.0);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_problems(self) -> AgentProblems {
        AgentProblems(self.0)
    }
}

/// The wording for a number outside its range.
pub(crate) fn out_of_range(value: impl fmt::Display, min: f64, max: f64) -> String {
    format!("{value} is out of range {min}–{max}")
}

/// The one of `known` that was most likely meant by `word`, where one is near.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance_max = (word.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= distance_max && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and substitutions that lead from one word to the other (Levenshtein
/// 1966), letter case aside.
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (from_index, from_char) in from.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = from_index + 1;
        for (to_index, to_char) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(from_char != *to_char);
            diagonal = row[to_index + 1];
            row[to_index + 1] = substituted.min(diagonal + 1).min(row[to_index] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_stranger_is_not() {
        let known = ["eagerness", "voice", "speed", "volume"];
        assert_eq!(nearest("eagernes", known), Some("eagerness"));
        assert_eq!(nearest("Volum", known), Some("volume"));
        assert_eq!(nearest("backchannel", known), None);
        assert_eq!(nearest("x", known), None);
    }

    #[test]
    fn distances_are_those_of_the_textbook() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("same", "same"), 0);
    }
}
