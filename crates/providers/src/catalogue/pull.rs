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
                if display != Display::Silent {
                    eprintln!(
                        "another pull is at work in {}; waiting for it",
                        root.display()
                    );
                }
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
