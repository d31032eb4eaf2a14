//! The dialects: the agents of four platforms, each in that platform's own words, over the one
//! canonical agent. A dialect is a table of fields, a list of lenses onto the canonical agent and a
//! few rules; `docs/compatibility.md` is written from these tables.

mod agentphone;
mod canonical;
mod check;
mod elevenlabs;
mod field;
mod lens;
mod mapping;
mod matrix;
#[cfg(test)]
mod pages;
mod path;
mod problem;
mod prompt;
#[cfg(test)]
mod properties;
mod trillet;
mod variables;
mod voices;
mod wordcab;

pub use mapping::{Dialect, Draft, Stored};
pub use matrix::compatibility_page;
pub use problem::{Problem, ProblemKind, Step};

/// Every dialect.
pub static DIALECTS: [&Dialect; 4] = [
    &elevenlabs::DIALECT,
    &trillet::DIALECT,
    &wordcab::DIALECT,
    &agentphone::DIALECT,
];
