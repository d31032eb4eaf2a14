//! `offhook bench`: what calls cost, measured with simulated callers and providers. This executable
//! serves as a process of its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use offhook_agent::parse_duration;
use offhook_load::{LevelReport, LoadDelays, LoadLeg, LoadMode, LoadPlan, picture, table};

use crate::arguments::{BenchArguments, BenchDelays, BenchLeg, BenchMode};
use crate::outcome::{Complaint, Outcome};

/// The program that simulates providers.
const SIMULATORS: &str = "simulate-providers";

/// Measures, and writes the report, its tables and its picture.
pub(crate) async fn run(arguments: BenchArguments) -> anyhow::Result<Outcome> {
    let offhook = std::env::current_exe().context("this executable cannot be found")?;
    let modes = arguments.modes.iter().map(|mode| match mode {
        BenchMode::Echo => LoadMode::Echo,
        BenchMode::Full => LoadMode::Full,
        BenchMode::Typical => LoadMode::Typical,
    });
    let modes: Vec<LoadMode> = modes.collect();
    let simulators = arguments
        .simulators
        .unwrap_or_else(|| offhook.with_file_name(SIMULATORS));
    if modes.iter().any(|it| *it != LoadMode::Echo) && !simulators.is_file() {
        let at = simulators.display();
        return Err(Complaint::bad_input(format!(
            "{at} is not there; build it with `cargo build --release -p offhook-simulators`, or name \
             it with --simulators"
        )));
    }
    let hold = parse_duration(&arguments.hold)
        .map_err(|problem| Complaint::bad_input(format!("--hold: {problem}")))?;
    let json = arguments.json;
    let folder = json.with_extension("server");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let leg = match arguments.leg {
        BenchLeg::Twilio => LoadLeg::Twilio,
        BenchLeg::Telnyx => LoadLeg::Telnyx,
        BenchLeg::Plivo => LoadLeg::Plivo,
        BenchLeg::Vonage => LoadLeg::Vonage,
        BenchLeg::Jambonz => LoadLeg::Jambonz,
        BenchLeg::Exotel => LoadLeg::Exotel,
        BenchLeg::Genesys => LoadLeg::Genesys,
        BenchLeg::Asterisk => LoadLeg::Asterisk,
        BenchLeg::Freeswitch => LoadLeg::FreeSwitch,
        BenchLeg::AudioSocket => LoadLeg::AudioSocket,
        BenchLeg::Session => LoadLeg::Session,
    };
    if !leg.has_echo() && modes.contains(&LoadMode::Echo) {
        let name = leg.name();
        let problem = format!("--leg {name} has no echo; add --modes full");
        return Err(Complaint::bad_input(problem));
    }
    let plan = LoadPlan {
        leg,
        modes,
        calls: arguments.calls,
        hold,
        delays: match arguments.delays {
            BenchDelays::Zero => LoadDelays::ZERO,
            BenchDelays::Typical => LoadDelays::TYPICAL,
        },
        faults_per_mille: arguments.faults_per_mille,
        profile: arguments.profile.then(|| json.with_extension("flame.svg")),
        offhook,
        simulators,
        clips: arguments.clips.unwrap_or_else(packaged_clips),
        folder: folder.clone(),
    };
    let report = offhook_load::run(&plan, |mode, level| eprintln!("{}", line(mode, level))).await;
    fs::remove_dir_all(&folder).ok();
    let report = report?;
    let text = table(&report);
    write(&json, &(serde_json::to_string_pretty(&report)? + "\n"))?;
    write(&json.with_extension("md"), &text)?;
    write(&json.with_extension("svg"), &picture(&report))?;
    println!("{text}\n{}", json.display());
    Ok(Outcome::Done)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Recordings of people, as `.ci/setup bench` fetches them.
fn packaged_clips() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"),
        PathBuf::from,
    );
    cache.join("offhook/clips")
}

/// What is told of a level while others are to come.
fn line(mode: LoadMode, level: &LevelReport) -> String {
    format!(
        "{} {} calls: p50 {:.1} p95 {:.1} ms, {:.4} CPU s a call-minute, server {:.2} callers {:.2} \
         providers {:.2}, failed {}",
        mode.name(),
        level.calls,
        level.voice_to_voice_ms.p50,
        level.voice_to_voice_ms.p95,
        level.cpu_seconds_per_call_minute,
        level.cpu_server,
        level.cpu_callers,
        level.cpu_simulators,
        level.failed_calls
    )
}
