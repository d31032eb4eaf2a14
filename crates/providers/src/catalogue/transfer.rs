//! One round of downloads: fetch each origin, check it, and put its pieces where they belong.
//!
//! A few origins are fetched at a time and used in order, so that the pieces of a big file are
//! appended as they arrive and at most a few wheels lie on the disk. Each is deleted when used.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use futures::StreamExt as _;

use super::archive::Member;
use super::checksum;
use super::entry::{ModelFile, Package};
use super::error::SourceError;
use super::fetch::{FetchError, Fetcher, Order};
use super::index::Index;
use super::plan::{Job, Origin, Piece, Use, Wanted};
use super::progress::Progress;
use super::stamp::Stamps;

const AT_A_TIME: usize = 3;

/// The downloads of one round.
pub(super) struct Transfer<'a> {
    wanted: &'a [Wanted<'a>],
    index: Index,
    downloads: PathBuf,
    progress: &'a Progress,
    failed: Mutex<BTreeMap<usize, SourceError>>,
}

impl<'a> Transfer<'a> {
    /// Asks the package index, once, where the wheels of `jobs` lie.
    pub(super) async fn prepare(
        wanted: &'a [Wanted<'a>],
        jobs: &[Job<'_>],
        downloads: PathBuf,
        progress: &'a Progress,
    ) -> Self {
        let packages: Vec<&Package> = jobs
            .iter()
            .filter_map(|job| match job.origin {
                Origin::Package(package) => Some(package),
                Origin::Url(_) | Origin::Path(_) => None,
            })
            .collect();
        let index = Index::locate(&packages, &downloads).await;
        Self {
            wanted,
            index,
            downloads,
            progress,
            failed: Mutex::default(),
        }
    }

    /// Carries out `jobs`; gives the number of each wanted file that failed, and why.
    pub(super) async fn run(
        self,
        jobs: &[Job<'_>],
        fetcher: &Result<Fetcher, FetchError>,
    ) -> BTreeMap<usize, SourceError> {
        let this = &self;
        futures::stream::iter(jobs)
            .map(|job| async move { (job, this.bring(job, fetcher).await) })
            .buffered(AT_A_TIME)
            .for_each(|(job, arrival)| this.arrived(job, arrival))
            .await;
        self.failed
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Uses what was fetched for `job`, and deletes it.
    async fn arrived(&self, job: &Job<'_>, arrival: Result<PathBuf, SourceError>) {
        let path = match arrival {
            Ok(path) => path,
            Err(error) => {
                return job
                    .uses
                    .iter()
                    .for_each(|piece| self.fail(piece.wanted, error.clone()));
            }
        };
        for piece in &job.uses {
            if !self.has_failed(piece.wanted)
                && let Err(error) = self.place(job, piece, &path).await
            {
                self.fail(piece.wanted, error);
            }
        }
        let is_disk_full = self
            .failures()
            .values()
            .any(|error| error.full_disk().is_some());
        if !matches!(job.origin, Origin::Path(_)) && !is_disk_full {
            // A file over HTTP has been moved away if it was right.
            let _ = fs::remove_file(&path);
        }
    }

    fn has_failed(&self, wanted: usize) -> bool {
        self.failures().contains_key(&wanted)
    }

    /// The first failure of a file is the one to tell.
    fn fail(&self, wanted: usize, error: SourceError) {
        self.failures().entry(wanted).or_insert(error);
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, SourceError>> {
        self.failed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Fetches one origin to the disk and checks it.
    async fn bring(
        &self,
        job: &Job<'_>,
        fetcher: &Result<Fetcher, FetchError>,
    ) -> Result<PathBuf, SourceError> {
        let is_given_up = {
            let failures = self.failures();
            let full = failures.values().any(|error| error.full_disk().is_some());
            full || job
                .uses
                .iter()
                .all(|piece| failures.contains_key(&piece.wanted))
        };
        if is_given_up {
            return Err(SourceError::EarlierPiece);
        }
        match job.origin {
            Origin::Path(path) => Ok(path.to_owned()),
            Origin::Url(url) => {
                let wanted = &self.wanted[job.uses[0].wanted];
                let path = self.downloads.join(&wanted.file.sha256);
                let order = Order {
                    url,
                    path: &path,
                    bytes: wanted.file.bytes,
                };
                let meter = self.progress.item(&wanted.label(), order.bytes);
                let fetched = fetcher
                    .as_ref()
                    .map_err(FetchError::clone)?
                    .fetch(order, &meter);
                let result = fetched.await;
                meter.finish();
                result.map(|()| path).map_err(SourceError::from)
            }
            Origin::Package(package) => self.bring_package(package, fetcher).await,
        }
    }

    async fn bring_package(
        &self,
        package: &Package,
        fetcher: &Result<Fetcher, FetchError>,
    ) -> Result<PathBuf, SourceError> {
        let name = format!("{}-{}.whl", package.name, package.version);
        let path = self.downloads.join(name);
        let label = format!("{} {}", package.name, package.version);
        let meter = self.progress.item(&label, package.bytes);
        let direct = match (self.index.address(package), fetcher) {
            (Some(url), Ok(fetcher)) if url.starts_with("http") => {
                let order = Order {
                    url,
                    path: &path,
                    bytes: package.bytes,
                };
                let is_continued = path.exists();
                let mut fetched = fetcher.fetch(order, &meter).await;
                if is_continued && fetched.is_ok() && checked_package(package, &path).await.is_err()
                {
                    // What an earlier run left was of another file.
                    fetched = fetcher.fetch(order, &meter).await;
                }
                fetched
            }
            _ => Err(FetchError::NoAddress),
        };
        let result = match direct {
            Err(error @ FetchError::Write { .. }) => Err(error.into()),
            Ok(()) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, package = %package.name, "pip downloads instead");
                self.index.download(package, &self.downloads, &path).await
            }
        };
        meter.finish();
        result?;
        checked_package(package, &path).await?;
        meter.set(package.bytes);
        Ok(path)
    }

    /// Puts one piece of `path` where it belongs; the last piece finishes its file.
    async fn place(&self, job: &Job<'_>, piece: &Use<'_>, path: &Path) -> Result<(), SourceError> {
        let wanted = &self.wanted[piece.wanted];
        let package = match job.origin {
            Origin::Package(package) => package.name.clone(),
            Origin::Url(_) | Origin::Path(_) => String::new(),
        };
        let placing = Placing {
            origin: path.to_owned(),
            is_ours: matches!(job.origin, Origin::Url(_)),
            package,
            file: wanted.file.clone(),
            path: wanted.path.clone(),
            draft: wanted.draft(),
        };
        let (member, offset_bytes, bytes) = match piece.piece {
            Piece::Whole => (None, 0, wanted.file.bytes),
            Piece::Member(member) => (Some(member.to_owned()), 0, wanted.file.bytes),
            Piece::Part {
                path,
                offset_bytes,
                bytes,
            } => (Some(path.to_owned()), offset_bytes, bytes),
        };
        let work = move || match member {
            None => placing.whole(),
            Some(member) => placing.member(&member, offset_bytes, bytes),
        };
        off_the_workers(work).await
    }
}

/// The work on the disk for one piece, free of borrows so that it can leave the async workers.
struct Placing {
    origin: PathBuf,
    is_ours: bool,
    package: String,
    file: ModelFile,
    path: PathBuf,
    draft: PathBuf,
}

impl Placing {
    fn whole(&self) -> Result<(), SourceError> {
        if self.is_ours {
            fs::rename(&self.origin, &self.draft)
        } else {
            fs::copy(&self.origin, &self.draft).map(|_| ())
        }
        .map_err(|error| SourceError::disk("copy", &self.origin, &error))?;
        self.finish()
    }

    fn member(&self, member: &str, offset_bytes: u64, bytes: u64) -> Result<(), SourceError> {
        let write = |error: std::io::Error| SourceError::disk("write", &self.draft, &error);
        let mut options = File::options();
        options.create(true).write(true).truncate(false);
        let mut output = options.open(&self.draft).map_err(write)?;
        if output.metadata().map_err(write)?.len() < offset_bytes {
            return Err(SourceError::EarlierPiece);
        }
        output.set_len(offset_bytes).map_err(write)?;
        output.seek(SeekFrom::Start(offset_bytes)).map_err(write)?;
        let member = Member {
            archive: &self.origin,
            package: &self.package,
            path: member,
            bytes,
        };
        member.copy(&mut output, &self.draft)?;
        if offset_bytes + bytes < self.file.bytes {
            return Ok(());
        }
        output.sync_all().map_err(write)?;
        self.finish()
    }

    fn finish(&self) -> Result<(), SourceError> {
        let what = format!("the file from {}", self.origin.display());
        check(&self.draft, &what, &self.file.sha256)?;
        fs::rename(&self.draft, &self.path)
            .map_err(|error| SourceError::disk("rename", &self.draft, &error))?;
        if let Some(folder) = self.path.parent() {
            let mut stamps = Stamps::read(folder);
            stamps.record(&self.file, &self.path);
            stamps.save();
        }
        Ok(())
    }
}

async fn checked_package(package: &Package, path: &Path) -> Result<(), SourceError> {
    let path = path.to_owned();
    let what = format!("package {} {}", package.name, package.version);
    let expected = package.sha256.clone();
    off_the_workers(move || check(&path, &what, &expected)).await
}

/// Deletes the file at `path` if its SHA-256 is not `expected`.
fn check(path: &Path, what: &str, expected: &str) -> Result<(), SourceError> {
    let found =
        checksum::sha256(path, &|_| ()).map_err(|error| SourceError::disk("read", path, &error))?;
    if found == expected {
        return Ok(());
    }
    fs::remove_file(path).map_err(|error| SourceError::disk("delete", path, &error))?;
    Err(SourceError::Checksum {
        what: what.to_owned(),
        found,
        expected: expected.to_owned(),
    })
}

async fn off_the_workers(
    work: impl FnOnce() -> Result<(), SourceError> + Send + 'static,
) -> Result<(), SourceError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(SourceError::Stopped))
}
