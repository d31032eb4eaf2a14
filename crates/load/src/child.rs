//! The programs that a measurement needs beside this one, ended with it at the latest.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout};

use crate::LoadError;

/// How long a program may take to say that it is ready.
const READY_MAX: Duration = Duration::from_secs(120);

/// A program that runs.
pub(crate) struct Program {
    name: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    began: Instant,
}

impl Program {
    /// Starts it. What it logs goes where ours goes.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        variables: &[(&str, String)],
    ) -> Result<Self, LoadError> {
        let name = program.display().to_string();
        let began = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(LoadError::system(format!("starting {name}")))?;
        let Some(out) = child.stdout.take() else {
            let problem = "its output cannot be read".to_owned();
            return Err(LoadError::Program {
                program: name,
                problem,
            });
        };
        Ok(Self {
            name,
            child,
            lines: BufReader::new(out).lines(),
            began,
        })
    }

    /// Waits for a line that begins with `word`; gives the address in it, and how long the program
    /// took.
    pub(crate) async fn ready(&mut self, word: &str) -> Result<(SocketAddr, Duration), LoadError> {
        let problem = |problem: &str| LoadError::Program {
            program: self.name.clone(),
            problem: problem.to_owned(),
        };
        loop {
            let line = timeout(READY_MAX, self.lines.next_line()).await;
            let line = line.map_err(|_| problem("it does not become ready"))?;
            let line = line.map_err(LoadError::system(format!(
                "reading what {} says",
                self.name
            )))?;
            let line = line.ok_or_else(|| problem("it ended before it was ready"))?;
            if line.starts_with(word) {
                let address = address_in(&line);
                let address = address.ok_or_else(|| problem("it told no address"))?;
                return Ok((address, self.began.elapsed()));
            }
        }
    }

    /// Its number with the system.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let parts = line.split([' ', '/']);
    parts.filter_map(|part| part.parse().ok()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_what_programs_say() {
        let line = "listening on ws://127.0.0.1:4321/v1/session?agent=NAME (models loaded)";
        assert_eq!(address_in(line).unwrap().port(), 4_321);
        assert_eq!(
            address_in("openai http://127.0.0.1:99/v1").unwrap().port(),
            99
        );
        assert_eq!(address_in("nothing here"), None);
    }

    #[tokio::test]
    async fn a_program_that_ends_early_is_named() {
        let mut program = Program::start(Path::new("true"), &[], &[]).unwrap();
        let problem = program.ready("listening").await.unwrap_err().to_string();
        assert!(problem.contains("ended before"), "{problem}");
    }
}
