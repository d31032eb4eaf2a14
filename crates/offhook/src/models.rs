//! `offhook models list | pull | verify`: the files of the embedded models.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use offhook_providers::catalogue::{
    Catalogue, CatalogueError, Display, FileProblem, Model, ModelDirectory, Pull, human_bytes,
};

use crate::outcome::{Complaint, Outcome};

/// Lists, fetches and checks the files of the embedded models.
#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    /// The catalogue to use instead of the built-in one [env: OFFHOOK_CATALOGUE]
    #[arg(long, global = true, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// The folder of model files [env: OFFHOOK_MODELS_DIR; default: ~/.cache/offhook/models]
    #[arg(long, global = true, value_name = "FOLDER")]
    directory: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Shows every model: purpose, size, licence, and whether its files are there
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Fetches what is missing or damaged; goes on where an earlier pull ended
    Pull {
        /// The models; without names, the default of each purpose
        models: Vec<String>,
        /// Every model of the catalogue
        #[arg(long, conflicts_with = "models")]
        all: bool,
    },
    /// Hashes every file again (exit code 3 if one is missing or damaged)
    Verify {
        /// The models; without names, the default of each purpose and every other that is there
        models: Vec<String>,
    },
}

/// Does what `arguments` ask for.
///
/// # Errors
/// A catalogue that cannot be used, a model that it does not have, or a file that no source
/// brings; the message says which and what to do.
pub(crate) async fn run(arguments: ModelsArgs) -> anyhow::Result<Outcome> {
    let catalogue = match &arguments.catalogue {
        Some(path) => Catalogue::read(path),
        None => Catalogue::from_environment(),
    }
    .map_err(|problem| bad_catalogue(&problem))?;
    let directory = arguments
        .directory
        .map_or_else(ModelDirectory::from_environment, ModelDirectory::at);
    match arguments.action {
        Action::List { json } => list(&catalogue, &directory, json),
        Action::Pull { models, all } => pull(&catalogue, &directory, &models, all).await,
        Action::Verify { models } => verify(&catalogue, &directory, &models),
    }
}

async fn pull(
    catalogue: &Catalogue,
    directory: &ModelDirectory,
    names: &[String],
    all: bool,
) -> anyhow::Result<Outcome> {
    let chosen = chosen(catalogue, names, |model| all || model.is_default);
    let display = Display::for_standard_error();
    eprintln!(
        "models: {} in {}",
        chosen.join(", "),
        directory.root().display()
    );
    let summary = Pull {
        catalogue,
        directory,
        display,
    }
    .run(&chosen)
    .await?;
    eprintln!(
        "models: {} fetched ({}), {} already there",
        summary.fetched_files,
        human_bytes(summary.fetched_bytes),
        summary.present_files
    );
    Ok(Outcome::Done)
}

fn verify(
    catalogue: &Catalogue,
    directory: &ModelDirectory,
    names: &[String],
) -> anyhow::Result<Outcome> {
    let chosen = chosen(catalogue, names, |model| {
        model.is_default || directory.root().join(&model.name).is_dir()
    });
    let problems = catalogue.verify(&chosen, directory, Display::for_standard_error());
    let problems = problems.map_err(|problem| bad_catalogue(&problem))?;
    for name in &chosen {
        let is_whole = problems.iter().all(|problem| problem.model != *name);
        println!("{name}: {}", if is_whole { "whole" } else { "NOT WHOLE" });
    }
    if problems.is_empty() {
        return Ok(Outcome::Done);
    }
    for problem in &problems {
        eprintln!("{problem}");
    }
    eprintln!(
        "to fetch what is needed: {}",
        FileProblem::command(&problems)
    );
    Ok(Outcome::NoModels)
}

fn list(catalogue: &Catalogue, directory: &ModelDirectory, json: bool) -> anyhow::Result<Outcome> {
    if json {
        let models: Vec<serde_json::Value> = catalogue
            .models()
            .iter()
            .map(|model| as_json(model, directory))
            .collect();
        println!(
            "{}",
            serde_json::to_string_pretty(&models).context("cannot write JSON")?
        );
        return Ok(Outcome::Done);
    }
    for model in catalogue.models() {
        println!(
            "{:<12} {:<28} {:>9}  {:<13} {:<8} {}{}",
            model.purpose,
            model.name,
            human_bytes(model.bytes()),
            model.licence,
            state(model, directory),
            model.title,
            if model.is_default { " (default)" } else { "" },
        );
        println!("{:<12} {}", "", model.upstream);
        if let Some(note) = &model.note {
            println!("{:<12} {note}", "");
        }
    }
    println!("in {}", directory.root().display());
    Ok(Outcome::Done)
}

fn bad_catalogue(problem: &CatalogueError) -> anyhow::Error {
    Complaint::bad_input(crate::outcome::chain(problem))
}

fn chosen<'c>(
    catalogue: &'c Catalogue,
    names: &'c [String],
    without_names: impl Fn(&Model) -> bool,
) -> Vec<&'c str> {
    if names.is_empty() {
        let models = catalogue
            .models()
            .iter()
            .filter(|model| without_names(model));
        return models.map(|model| model.name.as_str()).collect();
    }
    names.iter().map(String::as_str).collect()
}

/// By the files' sizes alone: a list must not take as long as a check.
fn state(model: &Model, directory: &ModelDirectory) -> &'static str {
    let sized = |file: &offhook_providers::catalogue::ModelFile| {
        std::fs::metadata(directory.file(&model.name, &file.name))
            .is_ok_and(|metadata| metadata.len() == file.bytes)
    };
    match model.files.iter().filter(|file| sized(file)).count() {
        0 => "absent",
        count if count == model.files.len() => "present",
        _ => "partial",
    }
}

fn as_json(model: &Model, directory: &ModelDirectory) -> serde_json::Value {
    serde_json::json!({
        "name": model.name,
        "title": model.title,
        "purpose": model.purpose.word(),
        "licence": model.licence,
        "upstream": model.upstream,
        "note": model.note,
        "default": model.is_default,
        "bytes": model.bytes(),
        "state": state(model, directory),
        "folder": directory.root().join(&model.name),
    })
}
