//! ONNX Runtime, loaded once per process from a shared library that the caller names, and the
//! models opened in it.
//!
//! Nothing here downloads: the catalogue says where the library and the models lie. What the
//! models mean is known where they are used.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offhook_contract::ProviderError;
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::SessionBuilder;

/// The oldest minor version of ONNX Runtime 1.x whose API this build speaks.
pub const MINOR_VERSION_MIN: u32 = ort::MINOR_VERSION;

/// Why ONNX Runtime or a model could not be loaded. Each message names the file and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OnnxError {
    /// There is no such file.
    #[error("{} is missing: run `offhook models pull`, or name the file that you have", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is no shared library, or not one of ONNX Runtime for this machine.
    #[error(
        "{} cannot be loaded as ONNX Runtime ({problem}): run `offhook models verify`, then `offhook models pull`",
        path.display()
    )]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// What the loader said.
        problem: String,
    },
    /// It is ONNX Runtime, and too old.
    #[error(
        "{} is ONNX Runtime {version}, at least 1.{MINOR_VERSION_MIN} is needed: take the version in the catalogue with `offhook models pull`",
        path.display()
    )]
    WrongVersion {
        /// The file.
        path: PathBuf,
        /// The version that it says it is.
        version: String,
    },
    /// Another library is loaded already; a process has one.
    #[error(
        "ONNX Runtime is loaded from {}, it cannot be loaded again from {}: restart to change it",
        loaded.display(),
        asked.display()
    )]
    LoadedElsewhere {
        /// The one in use.
        loaded: PathBuf,
        /// The one that was asked for.
        asked: PathBuf,
    },
    /// The runtime did not start.
    #[error("ONNX Runtime from {} did not start: {problem}", path.display())]
    NotStarted {
        /// The library.
        path: PathBuf,
        /// What it said.
        problem: String,
    },
    /// The file is not a model, is cut short, or is not the model that is meant.
    #[error(
        "{} is not a usable model ({problem}): run `offhook models verify`, then `offhook models pull`",
        path.display()
    )]
    BadModel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl OnnxError {
    /// The same as the contract's error, under the name of the provider that needed the file.
    #[must_use]
    pub fn for_provider(&self, provider: &str) -> ProviderError {
        ProviderError::Unavailable {
            provider: provider.to_owned(),
            problem: self.to_string(),
        }
    }
}

/// The process's ONNX Runtime. Clones share it.
#[derive(Debug, Clone)]
pub struct OnnxRuntime {
    environment: Environment,
    library: PathBuf,
}

static LOADED: Mutex<Option<OnnxRuntime>> = Mutex::new(None);

impl OnnxRuntime {
    /// Loads the shared library at `library`, or gives the runtime that was loaded from there
    /// before.
    ///
    /// # Errors
    /// [`OnnxError`] where the file is missing, no library, too old, or not the one in use.
    pub fn load(library: &Path) -> Result<Self, OnnxError> {
        let path = existing_file(library)?;
        expect_whole_library(&path)?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            if runtime.library == path {
                return Ok(runtime.clone());
            }
            return Err(OnnxError::LoadedElsewhere {
                loaded: runtime.library.clone(),
                asked: path,
            });
        }
        let environment = ort::init_from(&path)
            .map_err(|error| load_error(&path, &error))?
            .with_name("offhook")
            .with_telemetry(false)
            .with_logger(Arc::new(log))
            .build()
            .map_err(|error| OnnxError::NotStarted {
                path: path.clone(),
                problem: first_line(error.message()),
            })?;
        let runtime = Self {
            environment,
            library: path,
        };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// The library file in use.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// Opens the model at `path` (`.onnx` or `.ort`). A pass runs on the calling thread alone,
    /// and none of its threads spins.
    ///
    /// # Errors
    /// [`OnnxError`] where the file is missing or no model that the runtime can run.
    pub fn open(&self, path: &Path) -> Result<OnnxModel, OnnxError> {
        self.open_lanes(path, 1)
    }

    /// The same, `lanes` times, so that as many passes can run at once. Each lane takes the
    /// memory of the weights again.
    ///
    /// # Errors
    /// [`OnnxError`] where the file is missing or no model that the runtime can run.
    pub fn open_lanes(&self, path: &Path, lanes: usize) -> Result<OnnxModel, OnnxError> {
        let path = existing_file(path)?;
        let sessions = (0..lanes.max(1)).map(|_| self.session(&path)).collect();
        OnnxModel::new(path, sessions)
    }

    /// Opens a model from `bytes`, which were read from `path` and perhaps changed.
    ///
    /// # Errors
    /// [`OnnxError::BadModel`] where the bytes are no model that the runtime can run.
    pub fn open_bytes(&self, path: &Path, bytes: &[u8]) -> Result<OnnxModel, OnnxError> {
        let session = self.builder().and_then(|mut builder| {
            builder
                .commit_from_memory(bytes)
                .map_err(|error| error.to_string())
        });
        OnnxModel::new(path.to_owned(), session.map(|session| vec![session]))
    }

    fn session(&self, path: &Path) -> Result<Session, String> {
        self.builder()?
            .commit_from_file(path)
            .map_err(|error| error.to_string())
    }

    #[expect(
        clippy::result_large_err,
        reason = "the builder of `ort` comes back in its errors"
    )]
    fn builder(&self) -> Result<SessionBuilder, String> {
        let builder = Session::builder(&self.environment).map_err(|error| error.to_string())?;
        builder
            .with_intra_threads(1)
            .and_then(|builder| builder.with_inter_threads(1))
            .and_then(|builder| builder.with_config_entry("session.intra_op.allow_spinning", "0"))
            .map_err(|error| error.to_string())
    }
}

/// One model, loaded once for all calls. A pass borrows it; what belongs to one call stays with
/// that call.
#[derive(Debug)]
pub struct OnnxModel {
    lanes: Vec<Mutex<Session>>,
    next_lane: AtomicUsize,
    inputs: Vec<String>,
    path: PathBuf,
}

impl OnnxModel {
    fn new(path: PathBuf, sessions: Result<Vec<Session>, String>) -> Result<Self, OnnxError> {
        let sessions = match sessions {
            Ok(sessions) => sessions,
            Err(problem) => {
                return Err(OnnxError::BadModel {
                    path,
                    problem: first_line(&problem),
                });
            }
        };
        let inputs = sessions.first().map(Session::inputs).unwrap_or_default();
        Ok(Self {
            inputs: inputs.iter().map(|input| input.name().to_owned()).collect(),
            lanes: sessions.into_iter().map(Mutex::new).collect(),
            next_lane: AtomicUsize::new(0),
            path,
        })
    }

    /// A session, for one pass. Waits for a pass of another thread to end where no lane is free.
    pub fn lock(&self) -> MutexGuard<'_, Session> {
        if let Some(free) = self.lanes.iter().find_map(|lane| lane.try_lock().ok()) {
            return free;
        }
        let lane = self.next_lane.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        self.lanes[lane]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that the model takes all of `inputs`, so that a wrong file is found when it is
    /// loaded and not in the middle of a call.
    ///
    /// # Errors
    /// [`OnnxError::BadModel`] with the first input that it does not take.
    pub fn expect_inputs(self, inputs: &[&str]) -> Result<Self, OnnxError> {
        match inputs
            .iter()
            .find(|name| !self.inputs.iter().any(|input| input == *name))
        {
            None => Ok(self),
            Some(name) => Err(OnnxError::BadModel {
                problem: format!("it has no input `{name}`, only {}", self.inputs.join(", ")),
                path: self.path,
            }),
        }
    }
}

/// The absolute path of a file that exists. Absolute, because the loader looks for relative names
/// beside the executable.
fn existing_file(path: &Path) -> Result<PathBuf, OnnxError> {
    match path.canonicalize() {
        Ok(found) if found.is_file() => Ok(found),
        _ => Err(OnnxError::Missing {
            path: path.to_owned(),
        }),
    }
}

/// A shared library that is cut short can take the process down when it is loaded, so its size is
/// checked first: the section headers of an ELF file lie at its end.
fn expect_whole_library(path: &Path) -> Result<(), OnnxError> {
    let bad = |problem: String| OnnxError::NotALibrary {
        path: path.to_owned(),
        problem,
    };
    let mut file = std::fs::File::open(path).map_err(|error| bad(error.to_string()))?;
    let size = file
        .metadata()
        .map_err(|error| bad(error.to_string()))?
        .len();
    let mut header = [0; 64];
    if std::io::Read::read_exact(&mut file, &mut header).is_err() {
        return Err(bad(format!("it has {size} bytes")));
    }
    if !header.starts_with(b"\x7fELF\x02\x01") {
        let is_elf_wanted = cfg!(all(target_os = "linux", target_pointer_width = "64"));
        return if is_elf_wanted {
            Err(bad("it is no ELF file".to_owned()))
        } else {
            Ok(())
        };
    }
    let number = |at: usize, bytes: usize| {
        header[at..at + bytes]
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    };
    // e_shoff, e_shentsize and e_shnum of the ELF specification, 64 bits, little endian.
    let expected = number(0x28, 8).saturating_add(number(0x3a, 2) * number(0x3c, 2));
    if size < expected {
        return Err(bad(format!("it is cut short: {size} of {expected} bytes")));
    }
    Ok(())
}

fn load_error(path: &Path, error: &ort::LoadDynamicError) -> OnnxError {
    let path = path.to_owned();
    match error {
        ort::LoadDynamicError::BadVersion { version_str, .. } => OnnxError::WrongVersion {
            path,
            version: version_str.clone(),
        },
        ort::LoadDynamicError::MissingApi { .. } => OnnxError::NotALibrary {
            path,
            problem: "it has no `OrtGetApiBase`".to_owned(),
        },
        ort::LoadDynamicError::InvalidVersionString => OnnxError::NotALibrary {
            path,
            problem: "it does not say its version".to_owned(),
        },
        ort::LoadDynamicError::Dlopen { error, .. } => OnnxError::NotALibrary {
            path,
            problem: first_line(&error.to_string()),
        },
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

fn log(level: LogLevel, category: &str, _id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Error | LogLevel::Fatal => {
            tracing::error!(category, location, "onnx runtime: {message}");
        }
        LogLevel::Warning => tracing::debug!(category, location, "onnx runtime: {message}"),
        _ => tracing::trace!(category, location, "onnx runtime: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_named_with_the_remedy() {
        let problem = OnnxRuntime::load(Path::new("/nowhere/libonnxruntime.so")).unwrap_err();
        let text = problem.to_string();
        assert!(text.contains("/nowhere/libonnxruntime.so"), "{text}");
        assert!(text.contains("offhook models pull"), "{text}");
    }

    #[test]
    fn a_file_that_is_no_library_is_refused() {
        let file = tempfile_with(&[b'x'; 100]);
        let problem = OnnxRuntime::load(&file).unwrap_err();
        assert!(
            matches!(problem, OnnxError::NotALibrary { .. }),
            "{problem:?}"
        );
        std::fs::write(&file, "short").unwrap();
        let problem = OnnxRuntime::load(&file).unwrap_err();
        assert!(problem.to_string().contains("it has 5 bytes"), "{problem}");
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn a_library_that_is_cut_short_is_never_loaded() {
        let mut header = [0_u8; 64];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        header[0x28..0x30].copy_from_slice(&29_000_000_u64.to_le_bytes());
        let file = std::env::temp_dir().join(format!("offhook-elf-{}", std::process::id()));
        std::fs::write(&file, header).unwrap();
        let problem = OnnxRuntime::load(&file).unwrap_err();
        assert!(
            problem.to_string().contains("cut short: 64 of 29000000"),
            "{problem}"
        );
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn a_folder_is_no_library() {
        let problem = OnnxRuntime::load(&std::env::temp_dir()).unwrap_err();
        assert!(matches!(problem, OnnxError::Missing { .. }), "{problem:?}");
    }

    #[test]
    fn errors_become_the_contract_error_with_the_path() {
        let problem = OnnxError::BadModel {
            path: "/m/x.onnx".into(),
            problem: "cut".to_owned(),
        };
        let ProviderError::Unavailable { provider, problem } = problem.for_provider("silero")
        else {
            unreachable!("a bad file is never anything but unavailable")
        };
        assert_eq!(provider, "silero");
        assert!(
            problem.contains("/m/x.onnx") && problem.contains("models verify"),
            "{problem}"
        );
    }

    fn tempfile_with(bytes: &[u8]) -> PathBuf {
        let path = std::env::temp_dir().join(format!("offhook-onnx-{}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        path
    }
}
