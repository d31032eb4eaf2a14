//! A PostgreSQL of our own: Debian's binaries on an empty folder, reached by a socket in it, run as
//! an unprivileged user because `initdb` refuses root. A machine without them fails the test.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// A server that lives as long as this.
pub(crate) struct Server {
    folder: TempDir,
    binaries: PathBuf,
    /// Who runs it, where we are root.
    user: Option<&'static str>,
    databases: AtomicU32,
}

impl Server {
    pub(crate) fn start() -> Self {
        // Short, because the name of a socket has at most 107 bytes.
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp");
        let folder = folder.expect("a folder");
        let is_root = output(Command::new("id").arg("-u")) == "0";
        let user = is_root.then_some("postgres");
        if let Some(user) = user {
            let id = output(Command::new("id").args(["-u", user])).parse().ok();
            chown(folder.path(), id, None).expect("the folder is the server's");
        }
        let server = Self {
            folder,
            binaries: binaries(),
            user,
            databases: AtomicU32::new(0),
        };
        let cluster = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"];
        let mut initdb = server.command("initdb");
        output(
            initdb
                .args(cluster)
                .args(["--locale=C.UTF-8", "-D"])
                .arg(server.data()),
        );
        server.resume();
        server
    }

    /// Starts it again after [`Server::stop`].
    pub(crate) fn resume(&self) {
        let folder = self.folder.path().display();
        let options = format!("-k {folder} -c listen_addresses='' -c fsync=off");
        let log = self.folder.path().join("log");
        let mut start = self.command("pg_ctl");
        start
            .args(["start", "-w", "-s", "-o", &options, "-l"])
            .arg(log);
        output(start.arg("-D").arg(self.data()));
    }

    pub(crate) fn stop(&self) {
        let mut stop = self.command("pg_ctl");
        output(
            stop.args(["stop", "-w", "-s", "-m", "immediate", "-D"])
                .arg(self.data()),
        );
    }

    /// The address of a new database; `name` tells which test it is for.
    pub(crate) fn database(&self, name: &str) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{number}_{}", &name[..name.len().min(40)]);
        output(
            self.command("createdb")
                .args(["-h"])
                .arg(self.folder.path())
                .args(["-U", "postgres", &name]),
        );
        let folder = self.folder.path().display();
        format!("postgres://postgres@localhost/{name}?host={folder}")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let program = self.binaries.join(program);
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        let stop = stop.args(["stop", "-w", "-s", "-m", "immediate", "-D"]);
        let _ = stop.arg(self.data()).output();
    }
}

/// The newest of Debian's.
fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql");
    let versions = versions.expect("Debian's package postgresql is installed; run .ci/setup test");
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    versions
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.join("bin/initdb").is_file())
        .max_by_key(|path| version(path))
        .expect("there is an initdb in /usr/lib/postgresql; run .ci/setup test")
        .join("bin")
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(
        output.status.success(),
        "{command:?}: {} {}",
        said(&output.stdout),
        said(&output.stderr)
    );
    said(&output.stdout)
}
