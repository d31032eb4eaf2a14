//! Where the server spends its time: `perf` looks at its process, and inferno draws what it saw as a
//! flame graph. Both are programs of their own, which a measurement without a picture does not need.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::LoadError;

/// Looks a second: seldom enough that looking costs little.
const LOOKS: &str = "199";
/// Each look copies so much of a thread's stack, by which it is unwound later.
const STACK: &str = "dwarf,16384";

/// A look that lasts.
pub(crate) struct Profile {
    perf: Result<Child, LoadError>,
    looks: PathBuf,
    picture: PathBuf,
}

impl Profile {
    /// Begins to look at a process.
    pub(crate) fn begin(pid: u32, picture: &Path) -> Self {
        let looks = picture.with_extension("perf");
        let perf = Command::new("perf")
            .args(["record", "--quiet", "-F", LOOKS, "--call-graph", STACK])
            .args(["-p", &pid.to_string(), "-o"])
            .arg(&looks)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(LoadError::system(
                "starting perf (Debian: apt-get install linux-perf)",
            ));
        Self {
            perf,
            looks,
            picture: picture.to_owned(),
        }
    }

    /// Ends it, and draws what was seen.
    pub(crate) async fn end(self) -> Result<(), LoadError> {
        let mut perf = self.perf?;
        // It writes what it has when it is interrupted, as by a keyboard.
        let pid = perf.id().and_then(|pid| Pid::from_raw(pid as i32));
        if let Some(pid) = pid {
            // One that has ended by itself says so below.
            kill_process(pid, Signal::INT).ok();
        }
        perf.wait()
            .await
            .map_err(LoadError::system("waiting for perf"))?;
        let script = self.looks.with_extension("script");
        let stacks = self.looks.with_extension("stacks");
        run(Command::new("perf")
            .args(["script", "-i"])
            .arg(&self.looks)
            .stdout(created(&script)?))
        .await?;
        run(Command::new("inferno-collapse-perf")
            .arg(&script)
            .stdout(created(&stacks)?))
        .await?;
        run(Command::new("inferno-flamegraph")
            .args(["--title", "Processor time of offhook serve"])
            .arg(&stacks)
            .stdout(created(&self.picture)?))
        .await?;
        for file in [&self.looks, &script, &stacks] {
            std::fs::remove_file(file).ok();
        }
        Ok(())
    }
}

fn created(path: &Path) -> Result<File, LoadError> {
    File::create(path).map_err(LoadError::system(format!("writing {}", path.display())))
}

/// Runs a program to its end.
async fn run(command: &mut Command) -> Result<(), LoadError> {
    let program = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let status = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .map_err(LoadError::system(format!(
            "starting {program} (`make bench ARGS=--profile` installs it)"
        )))?;
    if status.success() {
        return Ok(());
    }
    let problem = format!("it ended with {status}");
    Err(LoadError::Program { program, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let missing = run(&mut Command::new("offhook-no-such-program")).await;
        let problem = missing.unwrap_err().to_string();
        assert!(problem.contains("offhook-no-such-program"), "{problem}");
        let failing = run(&mut Command::new("false")).await;
        assert!(failing.unwrap_err().to_string().starts_with("false: "));
    }
}
