//! The house rules, read from the tree: which crate may use which, how long files and functions
//! may be, which names and words may stand. Each rule is also shown to catch what it must.
//!
//! Not here: what the compiler, clippy, rustfmt and cargo-deny already check.

#![expect(
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "tidy/edges.rs"]
mod edges;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/words.rs"]
mod words;

use std::path::{Path, PathBuf};

/// The root of the checkout.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("tests/ lies in the checkout")
        .to_owned()
}

/// Every file of the checkout that may be tracked, as a path from the root.
fn files() -> Vec<PathBuf> {
    let root = root();
    let not_ours = ["target", ".git", "node_modules", "dist"];
    walkdir::WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| !not_ours.contains(&entry.file_name().to_string_lossy().as_ref()))
        .map(|entry| entry.expect("the checkout can be read"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            entry
                .path()
                .strip_prefix(&root)
                .expect("below the root")
                .to_owned()
        })
        .collect()
}

fn rust_files() -> impl Iterator<Item = (String, String)> {
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs");
    files().into_iter().filter(is_rust).map(|path| {
        let text = std::fs::read_to_string(root().join(&path)).expect("sources are UTF-8");
        (path.display().to_string(), text)
    })
}

fn assert_none(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn crates_use_only_what_the_design_lets_them() {
    let mut problems = Vec::new();
    let mut found = 0;
    for entry in std::fs::read_dir(root().join("crates")).expect("crates/ can be read") {
        let folder = entry.expect("crates/ can be read").path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder
            .file_name()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned();
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        problems.extend(edges::problems(&name, &manifest));
        found += 1;
    }
    assert_eq!(
        found,
        edges::CRATES.len(),
        "a crate of the design is missing"
    );
    assert_none(&problems);
}

#[test]
fn files_and_functions_are_short_named_well_and_introduced() {
    let problems: Vec<String> = rust_files()
        .flat_map(|(path, text)| shape::problems(&path, &text))
        .collect();
    assert_none(&problems);
}

#[test]
fn no_forbidden_word_stands_anywhere() {
    let mut problems = Vec::new();
    for path in files() {
        let bytes = std::fs::read(root().join(&path)).expect("files can be read");
        if let Ok(text) = String::from_utf8(bytes) {
            problems.extend(words::problems(&path.display().to_string(), &text));
        }
    }
    assert_none(&problems);
}

#[test]
fn every_settings_file_is_toml() {
    let mut problems = Vec::new();
    for path in files() {
        if path.extension().is_some_and(|end| end == "toml") {
            let text = std::fs::read_to_string(root().join(&path)).expect("settings are UTF-8");
            if let Err(error) = text.parse::<toml::Table>() {
                problems.push(format!("{}: {error}", path.display()));
            }
        }
    }
    assert_none(&problems);
}
