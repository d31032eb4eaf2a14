//! From the text of `models.toml` to a [`Catalogue`]: every problem at once, each with its path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use toml::{Table, Value};

use super::Catalogue;
use super::entry::{Model, ModelFile, Package, Part, Purpose, Source};
use super::error::Problem;

/// The catalogue in `text`, or everything that is wrong with it.
pub(super) fn catalogue(text: &str) -> Result<Catalogue, Vec<Problem>> {
    let document: Table = text.parse().map_err(|error: toml::de::Error| {
        vec![Problem {
            path: "the text".into(),
            message: error.to_string().trim_end().to_owned(),
        }]
    })?;
    let mut reader = Reader::default();
    reader.only(&document, "", &["models", "packages"]);
    reader.packages(&document);
    let models = reader.tables(&document, "", "models");
    let models: Vec<Model> = models
        .into_iter()
        .filter_map(|(path, table)| reader.model(table, &path))
        .collect();
    reader.whole_list(&models);
    if reader.problems.is_empty() {
        Ok(Catalogue {
            models,
            packages: reader.packages,
        })
    } else {
        Err(reader.problems)
    }
}

#[derive(Default)]
struct Reader {
    packages: BTreeMap<String, Package>,
    problems: Vec<Problem>,
}

impl Reader {
    fn packages(&mut self, document: &Table) {
        let Some(value) = document.get("packages") else {
            return;
        };
        let Value::Table(table) = value else {
            return self.problem("packages", "must be a table of packages");
        };
        for (name, value) in table {
            let path = format!("packages.{name}");
            let Value::Table(table) = value else {
                self.problem(
                    &path,
                    "must be { version = \"…\", bytes = …, sha256 = \"…\" }",
                );
                continue;
            };
            self.only(table, &path, &["version", "bytes", "sha256"]);
            let version = self.text(table, &path, "version");
            let bytes = self.bytes(table, &path);
            let sha256 = self.sha256(table, &path);
            // A package that is itself wrong is still known, so that its users are not also wrong.
            let package = Package {
                name: name.clone(),
                version: version.unwrap_or_default(),
                bytes: bytes.unwrap_or_default(),
                sha256: sha256.unwrap_or_default(),
            };
            self.packages.insert(name.clone(), package);
        }
    }

    fn model(&mut self, table: &Table, path: &str) -> Option<Model> {
        let keys = [
            "name", "title", "purpose", "licence", "upstream", "note", "default", "files",
        ];
        self.only(table, path, &keys);
        let name = self.file_name(table, path);
        let title = self.text(table, path, "title");
        let purpose = self.text(table, path, "purpose").and_then(|word| {
            let parsed = word.parse::<Purpose>();
            parsed
                .map_err(|message| self.problem(&join(path, "purpose"), &message))
                .ok()
        });
        let licence = self.text(table, path, "licence");
        let upstream = self.address(table, path, "upstream");
        let note = table
            .get("note")
            .and_then(|_| self.text(table, path, "note"));
        let is_default = match table.get("default") {
            None => false,
            Some(Value::Boolean(value)) => *value,
            Some(_) => {
                self.problem(&join(path, "default"), "must be true or false");
                false
            }
        };
        let files = self.tables(table, path, "files");
        let files: Vec<ModelFile> = files
            .into_iter()
            .filter_map(|(path, table)| self.file(table, &path))
            .collect();
        let names = files.iter().map(|file| file.name.as_str());
        self.unique(names, &join(path, "files"));
        Some(Model {
            name: name?,
            title: title?,
            purpose: purpose?,
            licence: licence?,
            upstream: upstream?,
            note,
            is_default,
            files,
        })
    }

    fn file(&mut self, table: &Table, path: &str) -> Option<ModelFile> {
        self.only(table, path, &["name", "bytes", "sha256", "sources"]);
        let name = self.file_name(table, path);
        let bytes = self.bytes(table, path);
        let sha256 = self.sha256(table, path);
        let sources = self.tables(table, path, "sources");
        let sources: Vec<Source> = sources
            .into_iter()
            .filter_map(|(path, table)| self.source(table, &path, bytes))
            .collect();
        Some(ModelFile {
            name: name?,
            bytes: bytes?,
            sha256: sha256?,
            sources,
        })
    }

    fn source(&mut self, table: &Table, path: &str, bytes: Option<u64>) -> Option<Source> {
        if table.contains_key("parts") {
            self.only(table, path, &["parts"]);
            return self.parts(table, path, bytes).map(Source::Parts);
        }
        if table.contains_key("url") {
            self.only(table, path, &["url"]);
            return self.address(table, path, "url").map(Source::Url);
        }
        if table.contains_key("package") {
            self.only(table, path, &["package", "path"]);
            let package = self.package(table, path);
            let inside = self.inside(table, path);
            return Some(Source::Package {
                package: package?,
                path: inside?,
            });
        }
        if table.contains_key("path") {
            self.only(table, path, &["path"]);
            return self
                .text(table, path, "path")
                .map(|path| Source::Path(PathBuf::from(path)));
        }
        self.problem(
            path,
            "names no source: package and path, parts, url, or path",
        );
        None
    }

    fn parts(&mut self, table: &Table, path: &str, bytes: Option<u64>) -> Option<Vec<Part>> {
        let mut parts: Vec<Part> = Vec::new();
        let tables = self.tables(table, path, "parts");
        let count = tables.len();
        for (path, table) in tables {
            self.only(table, &path, &["package", "path", "bytes"]);
            let package = self.package(table, &path);
            let inside = self.inside(table, &path);
            let bytes = self.bytes(table, &path);
            if let (Some(package), Some(inside), Some(bytes)) = (package, inside, bytes) {
                parts.push(Part {
                    package,
                    path: inside,
                    bytes,
                });
            }
        }
        if parts.len() < count {
            return None;
        }
        let sum: u64 = parts.iter().map(|part| part.bytes).sum();
        if bytes.is_some_and(|bytes| bytes != sum) {
            let message = format!("the parts have {sum} bytes together, which is not the file's");
            self.problem(&join(path, "parts"), &message);
        }
        let mut packages: Vec<&str> = parts.iter().map(|part| part.package.as_str()).collect();
        packages.dedup();
        self.unique(packages.into_iter(), &join(path, "parts"));
        Some(parts)
    }

    fn package(&mut self, table: &Table, path: &str) -> Option<String> {
        let name = self.text(table, path, "package")?;
        if !self.packages.contains_key(&name) {
            let message = format!("\"{name}\" is not listed under [packages]");
            self.problem(&join(path, "package"), &message);
        }
        Some(name)
    }

    fn inside(&mut self, table: &Table, path: &str) -> Option<String> {
        let inside = self.text(table, path, "path")?;
        if inside.starts_with('/') || inside.split('/').any(|step| step == "..") {
            self.problem(&join(path, "path"), "must be a path inside the package");
        }
        Some(inside)
    }

    fn whole_list(&mut self, models: &[Model]) {
        self.unique(models.iter().map(|model| model.name.as_str()), "models");
        for purpose in Purpose::ALL {
            let of_purpose = models.iter().filter(|model| model.purpose == purpose);
            let defaults: Vec<&str> = of_purpose
                .filter(|model| model.is_default)
                .map(|model| model.name.as_str())
                .collect();
            if defaults.len() > 1 {
                let names = defaults.join(" and ");
                let message = format!("only one {purpose} model may be the default, not {names}");
                self.problem("models", &message);
            }
        }
    }

    fn unique<'n>(&mut self, names: impl Iterator<Item = &'n str>, path: &str) {
        let mut seen = BTreeSet::new();
        let twice: Vec<&str> = names.filter(|name| !seen.insert(*name)).collect();
        for name in twice {
            self.problem(path, &format!("\"{name}\" stands there twice"));
        }
    }

    /// The tables of the list at `key`, each with its path; a problem if there are none.
    fn tables<'t>(&mut self, table: &'t Table, path: &str, key: &str) -> Vec<(String, &'t Table)> {
        let path = join(path, key);
        let items = match table.get(key) {
            Some(Value::Array(items)) if !items.is_empty() => items,
            Some(_) => {
                self.problem(&path, "must be a list with at least one table");
                return Vec::new();
            }
            None => {
                self.problem(&path, "is missing");
                return Vec::new();
            }
        };
        let mut tables = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            match item {
                Value::Table(table) => tables.push((path, table)),
                _ => self.problem(&path, "must be a table"),
            }
        }
        tables
    }

    fn text(&mut self, table: &Table, path: &str, key: &str) -> Option<String> {
        match table.get(key) {
            Some(Value::String(text)) if !text.trim().is_empty() => return Some(text.clone()),
            Some(_) => self.problem(&join(path, key), "must be a text that is not empty"),
            None => self.problem(&join(path, key), "is missing"),
        }
        None
    }

    fn file_name(&mut self, table: &Table, path: &str) -> Option<String> {
        let name = self.text(table, path, "name")?;
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if name.starts_with('.') || !name.chars().all(plain) || name.ends_with(".part") {
            let message = "may hold letters, digits, '.', '_' and '-', may not begin with '.', \
                           and may not end in .part";
            self.problem(&join(path, "name"), message);
        }
        Some(name)
    }

    fn address(&mut self, table: &Table, path: &str, key: &str) -> Option<String> {
        let address = self.text(table, path, key)?;
        if !address.starts_with("https://") && !address.starts_with("http://") {
            self.problem(&join(path, key), "must begin with https:// or http://");
        }
        Some(address)
    }

    fn bytes(&mut self, table: &Table, path: &str) -> Option<u64> {
        match table.get("bytes") {
            Some(Value::Integer(bytes)) if *bytes > 0 => return Some(bytes.unsigned_abs()),
            Some(_) => self.problem(&join(path, "bytes"), "must be a whole number above 0"),
            None => self.problem(&join(path, "bytes"), "is missing"),
        }
        None
    }

    fn sha256(&mut self, table: &Table, path: &str) -> Option<String> {
        let text = self.text(table, path, "sha256")?;
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 64 || !text.bytes().all(digit) {
            let message = "must be 64 lower-case hexadecimal digits (see sha256sum)";
            self.problem(&join(path, "sha256"), message);
        }
        Some(text)
    }

    fn only(&mut self, table: &Table, path: &str, keys: &[&str]) {
        for key in table.keys().filter(|key| !keys.contains(&key.as_str())) {
            let message = format!("is not a known key; the keys are {}", keys.join(", "));
            self.problem(&join(path, key), &message);
        }
    }

    fn problem(&mut self, path: &str, message: &str) {
        self.problems.push(Problem {
            path: path.to_owned(),
            message: message.to_owned(),
        });
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = r#"
        [[models]]
        name = "m"
        title = "M"
        purpose = "chat"
        licence = "MIT"
        upstream = "https://example.org"
        [[models.files]]
        name = "model.gguf"
        bytes = 3
        sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        sources = [
          { parts = [{ package = "p", path = "a", bytes = 1 }, { package = "q", path = "b", bytes = 2 }] },
          { package = "p", path = "whole" },
          { url = "https://example.org/model.gguf" },
          { path = "/models/model.gguf" },
        ]
        [packages]
        p = { version = "1", bytes = 9, sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" }
        q = { version = "1", bytes = 9, sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" }
    "#;

    fn problems(text: &str) -> Vec<String> {
        catalogue(text)
            .unwrap_err()
            .iter()
            .map(Problem::to_string)
            .collect()
    }

    fn changed(from: &str, to: &str) -> Vec<String> {
        assert!(RIGHT.contains(from), "{from}");
        problems(&RIGHT.replace(from, to))
    }

    #[test]
    fn every_kind_of_source_is_read() {
        let catalogue = catalogue(RIGHT).unwrap();
        assert_eq!(catalogue.models()[0].files[0].sources.len(), 4);
        assert_eq!(catalogue.models()[0].bytes(), 3);
    }

    #[test]
    fn all_problems_come_at_once_with_their_paths() {
        let text = RIGHT
            .replace("bytes = 3", "bytes = -3")
            .replace(
                "purpose = \"chat\"",
                "purpose = \"gossip\"\ncolour = \"red\"",
            )
            .replace("package = \"q\"", "package = \"r\"");
        let found = problems(&text);
        let starts = [
            "models[0].colour: is not a known key",
            "models[0].purpose: \"gossip\" is not a purpose",
            "models[0].files[0].bytes: must be a whole number above 0",
            "models[0].files[0].sources[0].parts[1].package: \"r\" is not listed",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for start in starts {
            assert!(
                found.iter().any(|problem| problem.starts_with(start)),
                "{start}: {found:#?}"
            );
        }
    }

    #[test]
    fn each_rule_is_kept() {
        let cases = [
            ("name = \"m\"", "name = \"../m\"", "models[0].name"),
            (
                "name = \"model.gguf\"",
                "name = \".hidden\"",
                "models[0].files[0].name",
            ),
            (
                "https://example.org\"",
                "example.org\"",
                "models[0].upstream",
            ),
            (
                "path = \"whole\"",
                "path = \"../whole\"",
                "models[0].files[0].sources[1].path",
            ),
            (
                "{ path = \"/models/model.gguf\" }",
                "{ }",
                "models[0].files[0].sources[3]",
            ),
            (
                "bytes = 2",
                "bytes = 3",
                "models[0].files[0].sources[0].parts",
            ),
            ("version = \"1\"", "version = 1", "packages.p.version"),
            ("title = \"M\"", "", "models[0].title: is missing"),
        ];
        for (from, to, path) in cases {
            let found = changed(from, to);
            assert!(
                found.iter().any(|problem| problem.starts_with(path)),
                "{path}: {found:#?}"
            );
        }
    }

    #[test]
    fn two_defaults_and_a_name_given_twice_are_refused() {
        let model = RIGHT.split("[packages]").next().unwrap();
        let model = model.replace("licence", "default = true\nlicence");
        let packages = RIGHT.split("[packages]").nth(1).unwrap();
        let found = problems(&format!("{model}{model}[packages]{packages}"));
        assert!(
            found
                .iter()
                .any(|problem| problem.contains("only one chat model")),
            "{found:#?}"
        );
        assert!(
            found
                .iter()
                .any(|problem| problem.contains("\"m\" stands there twice"))
        );
    }

    #[test]
    fn text_that_is_not_toml_is_refused_with_the_line() {
        let found = problems("models = [\n");
        assert!(found[0].contains("line"), "{found:?}");
        assert_eq!(problems(""), ["models: is missing"]);
    }
}
