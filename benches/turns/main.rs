//! `make bench-turns`: how well turns are taken, on real audio. Audio goes in, scores come out;
//! the session, the ears and the turn manager are those of the product, in virtual time.

mod caller;
mod clips;
mod corpus;
mod crew;
mod document;
mod figures;
mod labels;
mod lines;
mod measures;
mod microphone;
mod models;
mod noises;
mod outcome;
mod picture;
mod policy;
mod providers;
mod random;
mod scores;
mod section;
mod sound;
mod speech;
mod splice;
mod stage;
mod table;
mod voices;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use clap::Parser;

use crate::clips::Clips;
use crate::crew::{Crew, jobs};
use crate::document::{Run, document};
use crate::models::Models;
use crate::outcome::Outcome;
use crate::policy::{Changes, Policy};
use crate::section::Section;

/// Scores turn-taking on real audio
#[derive(Debug, Parser)]
#[command(name = "bench-turns")]
struct Arguments {
    /// What everything is drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A folder of WAV files of people, instead of the packaged recordings
    #[arg(long, value_name = "FOLDER")]
    clips: Option<PathBuf>,
    /// About a tenth of the corpus
    #[arg(long)]
    quick: bool,
    /// One section: questions, noisy, pauses, interruptions, cross-talk, backchannels, tics,
    /// asides, noise, echo or double-talk
    #[arg(long, value_name = "SECTION", value_parser = section)]
    only: Option<Section>,
    /// Where the scores go; the picture goes beside them
    #[arg(long, value_name = "PATH", default_value = "target/bench/turns.json")]
    json: PathBuf,
    /// Calls that are held at the same time; all cores if not given
    #[arg(long)]
    threads: Option<usize>,
    /// Leave out the baseline and the other eagernesses, which takes half of the time
    #[arg(long)]
    alone: bool,
    /// Fields of the agent in place of their defaults, such as '{"denoising": "off"}'
    #[arg(long, value_name = "JSON", value_parser = changes, default_value = "{}")]
    agent: Changes,
    /// Print what was known and decided in every episode that went wrong, or in all of them
    #[arg(long, value_name = "EPISODES", num_args = 0..=1, default_missing_value = "wrong")]
    explain: Option<Explained>,
}

fn changes(text: &str) -> Result<Changes, String> {
    serde_json::from_str(text).map_err(|problem| problem.to_string())
}

/// Which episodes are explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Explained {
    Wrong,
    All,
}

fn section(name: &str) -> Result<Section, String> {
    let known = Section::ALL.map(Section::name).join(", ");
    Section::by_name(name).ok_or_else(|| format!("there is no such section; there are {known}"))
}

fn main() -> anyhow::Result<()> {
    let began = Instant::now();
    let arguments = Arguments::parse();
    let threads = arguments
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let clips = match &arguments.clips {
        Some(folder) => Clips::read_folder(folder)?,
        None => Clips::read_packaged()?,
    };
    let hum = models::hum()?;
    let models = Models::load(threads)?;
    let stage = models.stage(arguments.agent.clone())?;
    let jobs = jobs(arguments.only, arguments.quick, !arguments.alone);
    let crew = Crew {
        stage: &stage,
        voice: &models.voice,
        clips: &clips,
        hum: &hum,
        seed: arguments.seed,
    };
    let outcomes = crew.hold(&jobs, threads)?;
    report(&arguments, &outcomes)?;
    println!(
        "{} calls in {:.0} s",
        jobs.len(),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Prints the table, and writes the document and the picture.
fn report(arguments: &Arguments, outcomes: &[Outcome]) -> anyhow::Result<()> {
    let ours = scores::scores(outcomes, Policy::Normal);
    let plain = scores::scores(outcomes, Policy::BASELINE);
    let points = scores::frontier(outcomes, arguments.quick);
    println!("{}", table::table(&ours, &plain, &Policy::BASELINE.name()));
    let stages = scores::stages(outcomes, Policy::Normal);
    if stages.iter().any(Option::is_some) {
        println!("{}\n", table::stages(&stages));
    }
    if !points.is_empty() {
        println!("{}", table::frontier(&points));
    }
    if let Some(explained) = arguments.explain {
        explain(outcomes, explained);
    }
    let run = Run {
        seed: arguments.seed,
        is_quick: arguments.quick,
        agent: arguments.agent.clone(),
        clips: arguments
            .clips
            .as_ref()
            .map_or_else(|| "packaged".into(), |folder| folder.display().to_string()),
    };
    let written = document(&run, &ours, &plain, &points, outcomes);
    let title = format!("Turn-taking on real audio, seed {}", arguments.seed);
    let image = arguments.json.with_extension("svg");
    write(&arguments.json, &serde_json::to_string_pretty(&written)?)?;
    write(&image, &picture::picture(&ours, &points, &title))?;
    println!("written: {}, {}", arguments.json.display(), image.display());
    Ok(())
}

fn explain(outcomes: &[Outcome], explained: Explained) {
    for outcome in outcomes {
        let is_wanted = explained == Explained::All || !outcome.is_right();
        if !is_wanted || outcome.policy != Policy::Normal {
            continue;
        }
        println!(
            "{} {}/{} at {} Hz: {}",
            outcome.section.name(),
            outcome.call,
            outcome.episode,
            outcome.rate_hz,
            outcome.label
        );
        for line in &outcome.why {
            println!("    {line}");
        }
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path
        .parent()
        .ok_or_else(|| anyhow!("{} is no file", path.display()))?;
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .with_context(|| format!("{} cannot be written", path.display()))
}
