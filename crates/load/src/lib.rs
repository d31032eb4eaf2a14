//! Load on a server of ours, over real sockets: simulated callers hold many calls at once and note
//! what they hear and when, and the server's process is watched from outside.
//!
//! It knows the wires as carriers do, and nothing of what is behind it. A caller is cheap, so that
//! the server is measured and not the callers: its messages are written before the call begins.

mod child;
mod door;
mod echo_caller;
mod figures;
mod level;
mod picture;
mod plan;
mod process;
mod profile;
mod report;
mod run;
mod socket;
mod speech;
mod table;
mod talking_caller;
mod wire;

pub use figures::Spread;
pub use picture::picture;
pub use plan::{LoadDelays, LoadMode, LoadPlan};
pub use report::{LevelReport, LoadReport, MachineReport, ModeReport};
pub use run::run;
pub use table::table;
pub use wire::LoadLeg;

/// Why load could not be put on a server.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Something of the system failed.
    #[error("{what}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// A program that is needed ended or said something else than it should.
    #[error("{program}: {problem}")]
    Program {
        /// Which.
        program: String,
        /// What is wrong.
        problem: String,
    },
    /// There is no speech to call with.
    #[error("{0}")]
    Speech(String),
    /// The server refused what was asked.
    #[error("the server answered {status}: {body}")]
    Refused {
        /// Of HTTP.
        status: u16,
        /// What it said.
        body: String,
    },
}

impl LoadError {
    fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}
