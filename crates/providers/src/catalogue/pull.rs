//! Fetching what is missing: each file from the first of its sources that brings it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::Catalogue;
use super::directory::ModelDirectory;
use super::entry::{Model, Source};
use super::error::{Failure, FileState, PullError, SourceError};
use super::fetch::Fetcher;
use super::lock::FolderLock;
use super::plan::{self, Origin, Wanted};
use super::progress::{Display, Progress};
use super::stamp::Stamps;
use super::transfer::Transfer;

/// Fetches the files of models.
#[derive(Debug, Clone, Copy)]
pub struct Pull<'a> {
    /// The list of models.
    pub catalogue: &'a Catalogue,
    /// The folder that they go to.
    pub directory: &'a ModelDirectory,
    /// How progress is shown.
    pub display: Display,
}

/// What a pull did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullSummary {
    /// Files that were there and whole.
    pub present_files: usize,
    /// Files that were fetched.
    pub fetched_files: usize,
    /// The size of the fetched files together.
    pub fetched_bytes: u64,
}

impl Pull<'_> {
    /// Fetches every file of `models` that is missing or damaged. A second process that pulls
    /// into the same folder waits for the first.
    ///
    /// # Errors
    /// See [`PullError`]. What has arrived is kept, and the next pull goes on from there.
    pub async fn run(&self, models: &[&str]) -> Result<PullSummary, PullError> {
        let models: Vec<&Model> = models
            .iter()
            .map(|name| self.catalogue.model(name))
            .collect::<Result<_, _>>()?;
        self.make_folders(&models)?;
        let _lock = self.lock().await?;
        let files = models.iter().map(|model| model.files.len()).sum::<usize>();
        let wanted = self.wanted(&models);
        let fetched_bytes = wanted.iter().map(|wanted| wanted.file.bytes).sum();
        if !wanted.is_empty() {
            let result = self.fetch(&wanted).await;
            // It stays if something in it is not finished.
            let _ = std::fs::remove_dir(self.downloads());
            result?;
        }
        let fetched_files = wanted.len();
        Ok(PullSummary {
            present_files: files - fetched_files,
            fetched_files,
            fetched_bytes,
        })
    }

    fn downloads(&self) -> PathBuf {
        self.directory.root().join(".download")
    }

    fn make_folders(&self, models: &[&Model]) -> Result<(), PullError> {
        let folders = models
            .iter()
            .map(|model| self.directory.root().join(&model.name));
        for folder in folders.chain([self.downloads()]) {
            std::fs::create_dir_all(&folder).map_err(|error| folder_error(&folder, error))?;
        }
        Ok(())
    }

    async fn lock(&self) -> Result<FolderLock, PullError> {
        let root = self.directory.root().to_owned();
        let display = self.display;
        let waiting = tokio::task::spawn_blocking(move || {
            FolderLock::acquire(&root, || {
                let folder = root.display();
                display.say(&format!(
                    "another pull is at work in {folder}; waiting for it"
                ));
            })
        });
        let lock = waiting
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        lock.map_err(|error| folder_error(&self.directory.root().join(".lock"), error))
    }

    fn wanted<'c>(&self, models: &[&'c Model]) -> Vec<Wanted<'c>> {
        let mut wanted = Vec::new();
        for model in models {
            let mut stamps = Stamps::read(&self.directory.root().join(&model.name));
            for file in &model.files {
                let path = self.directory.file(&model.name, &file.name);
                if stamps.check(file, &path) != FileState::Whole {
                    wanted.push(Wanted { model, file, path });
                }
            }
            stamps.save();
        }
        wanted
    }

    /// Round after round, each with the next source of every file that is still open.
    async fn fetch(&self, wanted: &[Wanted<'_>]) -> Result<(), PullError> {
        let mut failures: BTreeMap<usize, Vec<SourceError>> = BTreeMap::new();
        let mut open: Vec<usize> = (0..wanted.len()).collect();
        for round in 0.. {
            let sources: Vec<(usize, &Source)> = open
                .iter()
                .filter_map(|&number| Some((number, wanted[number].file.sources.get(round)?)))
                .collect();
            if sources.is_empty() {
                break;
            }
            let failed = self.round(wanted, &sources).await?;
            open.retain(|number| {
                failed.contains_key(number) || wanted[*number].file.sources.len() <= round
            });
            for (number, error) in failed {
                if wanted[number].file.sources.len() > round + 1 {
                    let label = wanted[number].label();
                    self.display
                        .say(&format!("{label}: {error}; trying the next source"));
                }
                failures.entry(number).or_default().push(error);
            }
        }
        let failures: Vec<Failure> = open
            .into_iter()
            .flat_map(|number| {
                let causes = failures.remove(&number).unwrap_or_default();
                let label = wanted[number].label();
                causes.into_iter().map(move |cause| Failure {
                    file: label.clone(),
                    cause,
                })
            })
            .collect();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(PullError::Incomplete { failures })
        }
    }

    async fn round(
        &self,
        wanted: &[Wanted<'_>],
        sources: &[(usize, &Source)],
    ) -> Result<BTreeMap<usize, SourceError>, PullError> {
        let jobs = plan::jobs(wanted, sources, &self.catalogue.packages);
        let total = jobs
            .iter()
            .map(|job| match job.origin {
                Origin::Package(package) => package.bytes,
                Origin::Url(_) => wanted[job.uses[0].wanted].file.bytes,
                Origin::Path(_) => 0,
            })
            .sum();
        let progress = Progress::new(self.display, total);
        let transfer = Transfer::prepare(wanted, &jobs, self.downloads(), &progress).await;
        let failed = transfer.run(&jobs, &Fetcher::new()).await;
        progress.finish();
        if let Some(full) = failed.values().find_map(SourceError::full_disk) {
            return Err(PullError::NoSpace {
                path: full.to_owned(),
                needed_bytes: wanted.iter().map(|wanted| wanted.file.bytes).sum(),
                source: io::ErrorKind::StorageFull.into(),
            });
        }
        Ok(failed)
    }
}

fn folder_error(path: &Path, source: io::Error) -> PullError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => PullError::NoSpace {
            path: path.to_owned(),
            needed_bytes: 0,
            source,
        },
        _ => PullError::Folder {
            path: path.to_owned(),
            source,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    /// Pulls the model `m`, whose one file is to hold "abc", from `sources`.
    async fn pulled(folder: &Path, sources: &str) -> Result<PullSummary, String> {
        let text = format!(
            "[[models]]\nname = \"m\"\ntitle = \"M\"\npurpose = \"chat\"\nlicence = \"MIT\"\n\
             upstream = \"https://example.org\"\n[[models.files]]\nname = \"abc.bin\"\n\
             bytes = 3\nsha256 = \"{ABC}\"\nsources = [{sources}]\n"
        );
        let catalogue = Catalogue::parse(&text, "a test").unwrap();
        let directory = ModelDirectory::at(folder.join("models"));
        let pull = Pull {
            catalogue: &catalogue,
            directory: &directory,
            display: Display::Silent,
        };
        pull.run(&["m"]).await.map_err(|error| error.to_string())
    }

    fn given(folder: &Path, name: &str, content: &str) -> String {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        format!("{{ path = \"{}\" }}", path.display())
    }

    #[tokio::test]
    async fn a_file_of_this_machine_is_copied_checked_and_not_fetched_twice() {
        let folder = tempfile::tempdir().unwrap();
        let source = given(folder.path(), "own", "abc");
        let summary = pulled(folder.path(), &source).await.unwrap();
        assert_eq!((summary.fetched_files, summary.fetched_bytes), (1, 3));
        let path = folder.path().join("models/m/abc.bin");
        assert_eq!(std::fs::read_to_string(path).unwrap(), "abc");
        assert!(folder.path().join("own").exists());
        let summary = pulled(folder.path(), &source).await.unwrap();
        assert_eq!((summary.fetched_files, summary.present_files), (0, 1));
    }

    #[tokio::test]
    async fn a_damaged_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let source = given(folder.path(), "own", "abc");
        pulled(folder.path(), &source).await.unwrap();
        let path = folder.path().join("models/m/abc.bin");
        std::fs::write(&path, "ab").unwrap();
        assert_eq!(
            pulled(folder.path(), &source).await.unwrap().fetched_files,
            1
        );
        assert_eq!(std::fs::read_to_string(path).unwrap(), "abc");
    }

    #[tokio::test]
    async fn the_second_source_serves_when_the_first_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = given(folder.path(), "wrong", "abd");
        let right = given(folder.path(), "right", "abc");
        let summary = pulled(folder.path(), &format!("{wrong}, {right}"))
            .await
            .unwrap();
        assert_eq!(summary.fetched_files, 1);
    }

    #[tokio::test]
    async fn wrong_content_is_refused_told_and_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = given(folder.path(), "wrong", "abd");
        let absent = "{ path = \"/nowhere/abc\" }";
        let error = pulled(folder.path(), &format!("{wrong}, {absent}"))
            .await
            .unwrap_err();
        assert!(error.contains("m/abc.bin"), "{error}");
        assert!(error.contains("and not ba7816bf"), "{error}");
        assert!(error.contains("/nowhere/abc"), "{error}");
        let model = folder.path().join("models/m");
        assert_eq!(std::fs::read_dir(model).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_names_the_variable_to_set() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("models"), "a file").unwrap();
        let error = pulled(folder.path(), "{ path = \"/nowhere\" }")
            .await
            .unwrap_err();
        assert!(error.contains("OFFHOOK_MODELS_DIR"), "{error}");
    }

    #[test]
    fn a_full_disk_has_a_message_of_its_own() {
        let path = Path::new("/models/m/abc.bin.part");
        let error = SourceError::disk("write", path, &io::ErrorKind::StorageFull.into());
        assert_eq!(error.full_disk(), Some(path));
        let error = SourceError::disk("write", path, &io::ErrorKind::PermissionDenied.into());
        assert_eq!(error.full_disk(), None);
    }
}
