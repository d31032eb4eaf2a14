//! Exit codes.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 0: done.
    Done,
    /// 1: the call was held, but something that was expected of it did not come.
    Missed,
    /// 2: the input cannot be used (arguments, agent, scenario, WAV, log).
    BadInput,
    /// 3: a model file is missing or damaged.
    NoModels,
    /// 4: anything else failed.
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Missed => 1,
            Outcome::BadInput => 2,
            Outcome::NoModels => 3,
            Outcome::Failed => 4,
        })
    }
}

/// Something that the user has to mend, with the exit code that says so.
#[derive(Debug)]
pub(crate) struct Complaint {
    outcome: Outcome,
    text: String,
}

impl Complaint {
    /// The input cannot be used.
    #[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
    pub(crate) fn bad_input(text: impl ToString) -> anyhow::Error {
        Self {
            outcome: Outcome::BadInput,
            text: text.to_string(),
        }
        .into()
    }

    /// A model file is missing or damaged.
    #[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
    pub(crate) fn no_models(text: impl ToString) -> anyhow::Error {
        Self {
            outcome: Outcome::NoModels,
            text: text.to_string(),
        }
        .into()
    }
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Complaint {}

/// The exit code of an error.
pub(crate) fn of_error(problem: &anyhow::Error) -> Outcome {
    problem
        .downcast_ref::<Complaint>()
        .map_or(Outcome::Failed, |complaint| complaint.outcome)
}

/// An error with all of its causes, in one line.
pub(crate) fn chain(problem: &dyn std::error::Error) -> String {
    let mut text = problem.to_string();
    let mut cause = problem.source();
    while let Some(problem) = cause {
        text.push_str(": ");
        text.push_str(&problem.to_string());
        cause = problem.source();
    }
    text
}
