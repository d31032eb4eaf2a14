//! A whole measurement: programs are started, levels are held, one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::child::Program;
use crate::figures::{in_millis, rounded};
use crate::level::{Configured, LEAD, Line, SETTLING, Simulators, measure};
use crate::profile::Profile;
use crate::speech::Speech;
use crate::{
    LevelReport, LoadError, LoadLeg, LoadMode, LoadPlan, LoadReport, MachineReport, ModeReport,
    door, process,
};

/// The silence after which the agent takes its turn, whatever the models say.
const ENDPOINT_WAIT: Duration = Duration::from_millis(200);
/// Speech over the agent after which it pauses, at the sensitivity of the agent.
const SPEECH_TO_PAUSE: Duration = Duration::from_millis(300);
/// Waits that have grown by so many milliseconds are those of a machine that is full.
const GROWTH: f64 = 100.0;
/// How long a server is left alone before its idle memory is read.
const IDLE: Duration = Duration::from_secs(2);

/// Measures what the plan says; `told` hears of each level as it is done.
///
/// # Errors
/// [`LoadError`] where a program cannot be started or there is no speech. Calls that fail are in the
/// report.
pub async fn run(
    plan: &LoadPlan,
    mut told: impl FnMut(LoadMode, &LevelReport),
) -> Result<LoadReport, LoadError> {
    let speech = Arc::new(Speech::read(&plan.clips, plan.leg)?);
    let (processor, processors, kernel) = process::machine();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().and_then(|it| it.parse().ok());
    let mut modes = BTreeMap::new();
    for mode in &plan.modes {
        let report = match mode {
            LoadMode::Echo => echo(plan, &speech, &mut told).await?,
            LoadMode::Full | LoadMode::Typical => pipeline(plan, *mode, &speech, &mut told).await?,
        };
        modes.insert(mode.name().to_owned(), report);
    }
    Ok(LoadReport {
        machine: MachineReport {
            processor,
            processors,
            kernel,
            load_before: load.unwrap_or_default(),
        },
        leg: plan.leg.name().to_owned(),
        faults_per_mille: plan.faults_per_mille,
        hold_seconds: plan.hold.as_secs_f64(),
        modes,
    })
}

async fn echo(
    plan: &LoadPlan,
    speech: &Arc<Speech>,
    told: &mut impl FnMut(LoadMode, &LevelReport),
) -> Result<ModeReport, LoadError> {
    let config = settings(plan)?;
    let mut arguments = served(&config);
    arguments.push("--echo".to_owned());
    let mut server = Program::start(&plan.offhook, &arguments, &[])?;
    let (address, start_up) = server.ready("echo").await?;
    sleep(IDLE).await;
    let line = Line {
        address,
        calls: address,
        leg: plan.leg,
        agent: None,
        speech: Arc::clone(speech),
        server: server.pid(),
        simulators: None,
        memory_idle: process::memory(server.pid())?,
        settling: SETTLING,
        configured: Configured::default(),
    };
    levels(plan, LoadMode::Echo, &line, start_up, told).await
}

async fn pipeline(
    plan: &LoadPlan,
    mode: LoadMode,
    speech: &Arc<Speech>,
    told: &mut impl FnMut(LoadMode, &LevelReport),
) -> Result<ModeReport, LoadError> {
    let delays = plan.delays_of(mode);
    let millis = |duration: Duration| duration.as_millis().to_string();
    let simulated = [
        ("--transcript-ms", millis(delays.transcript)),
        ("--first-token-ms", millis(delays.first_token)),
        ("--first-audio-ms", millis(delays.first_audio)),
        ("--tokens-per-second", delays.tokens_per_second.to_string()),
        ("--faults-per-mille", plan.faults_per_mille.to_string()),
    ];
    let simulated: Vec<String> = simulated
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect();
    let mut simulators = Program::start(&plan.simulators, &simulated, &[])?;
    let (deepgram, _) = simulators.ready("deepgram").await?;
    let (openai, _) = simulators.ready("openai").await?;
    let (elevenlabs, _) = simulators.ready("elevenlabs").await?;
    let key = || "simulated".to_owned();
    let variables = [
        ("DEEPGRAM_API_KEY", key()),
        ("DEEPGRAM_BASE_URL", format!("http://{deepgram}/v1")),
        ("OPENAI_API_KEY", key()),
        ("OPENAI_BASE_URL", format!("http://{openai}/v1")),
        ("ELEVENLABS_API_KEY", key()),
        ("ELEVENLABS_BASE_URL", format!("http://{elevenlabs}")),
    ];
    let config = settings(plan)?;
    let mut server = Program::start(&plan.offhook, &served(&config), &variables)?;
    let (address, start_up) = server.ready("listening").await?;
    let calls = match plan.leg {
        LoadLeg::AudioSocket => server.ready("audio sockets").await?.0,
        _ => address,
    };
    let agent = door::create_agent(address, &agent()).await?;
    sleep(IDLE).await;
    let line = Line {
        address,
        calls,
        leg: plan.leg,
        agent: Some(agent),
        speech: Arc::clone(speech),
        server: server.pid(),
        simulators: Some(Simulators {
            pid: simulators.pid(),
            chat: openai,
        }),
        memory_idle: process::memory(server.pid())?,
        settling: SETTLING,
        configured: Configured {
            answer: ENDPOINT_WAIT + delays.first_token + delays.first_audio,
            cut: SPEECH_TO_PAUSE,
        },
    };
    levels(plan, mode, &line, start_up, told).await
}

async fn levels(
    plan: &LoadPlan,
    mode: LoadMode,
    line: &Line,
    start_up: Duration,
    told: &mut impl FnMut(LoadMode, &LevelReport),
) -> Result<ModeReport, LoadError> {
    let mut levels = Vec::new();
    let planned = plan.levels(mode);
    let profiled = profiled(plan, mode, &planned);
    for (at, (calls, hold)) in planned.into_iter().enumerate() {
        let profile = plan.profile.as_deref().filter(|_| Some(at) == profiled);
        let profile = profile.map(|picture| Profile::begin(line.server, picture));
        let level = measure(line, calls, hold).await?;
        if let Some(profile) = profile {
            profile.end().await?;
        }
        told(mode, &level);
        levels.push(level);
    }
    Ok(ModeReport {
        delays: plan.delays_of(mode).name.to_owned(),
        start_up_ms: rounded(in_millis(start_up)),
        memory_idle_bytes: line.memory_idle,
        calls_per_core: calls_per_core(&levels),
        calls_per_core_within_100_ms: within(&levels, GROWTH, process::machine().1),
        levels,
    })
}

/// The level that is looked into: the highest of the pipeline's first mode.
fn profiled(plan: &LoadPlan, mode: LoadMode, levels: &[(usize, Duration)]) -> Option<usize> {
    let first = plan.modes.iter().find(|it| **it != LoadMode::Echo);
    (first == Some(&mode)).then(|| levels.len().checked_sub(1))?
}

/// How many calls one processor carries, by the slope between the smallest and the largest level: what
/// the server does without a call does not count.
fn calls_per_core(levels: &[LevelReport]) -> Option<f64> {
    let (few, many) = (levels.first()?, levels.last()?);
    let calls = many.calls.checked_sub(few.calls).filter(|it| *it > 0)?;
    let cost = many.cpu_server - few.cpu_server;
    (cost > 0.0).then(|| rounded(calls as f64 / cost))
}

/// How many calls each processor of the machine carried until waits had grown by `growth_ms`.
fn within(levels: &[LevelReport], growth_ms: f64, processors: usize) -> Option<f64> {
    let waits_max = levels.first()?.voice_to_voice_ms.p95 + growth_ms;
    let is_quick = |level: &&LevelReport| level.voice_to_voice_ms.p95 <= waits_max;
    let most = levels.iter().take_while(is_quick).last()?;
    Some(rounded(most.calls as f64 / processors.max(1) as f64))
}

fn served(config: &str) -> Vec<String> {
    ["serve", "--config", config, "--listen", "127.0.0.1:0"]
        .map(str::to_owned)
        .to_vec()
}

/// Writes the server's settings; gives their path.
fn settings(plan: &LoadPlan) -> Result<String, LoadError> {
    let path = plan.folder.join("offhook.toml");
    let lead = LEAD.as_millis();
    let audio_socket = match plan.leg {
        LoadLeg::AudioSocket => "audio_socket = \"127.0.0.1:0\"\n",
        _ => "",
    };
    let text = format!(
        "{audio_socket}agents = \"agents\"\ndata = \"data\"\ncalls_max = 100000\n\
         [api]\nrequests_per_minute = 1000000\nburst = 1000000\n\
         [models]\nchat = \"openai/gpt-4o-mini\"\nrecognition = \"deepgram/nova-3\"\n\
         voice = \"elevenlabs/eleven_flash_v2_5\"\n\
         [session]\nlead = \"{lead}ms\"\n[log]\nlevel = \"error\"\n"
    );
    std::fs::write(&path, text)
        .map_err(LoadError::system(format!("writing {}", path.display())))?;
    Ok(path.display().to_string())
}

/// Who answers: an agent that ends every turn after the same silence, so that it is known what of an
/// answer's wait was asked for.
fn agent() -> Value {
    let wait = format!("{}ms", ENDPOINT_WAIT.as_millis());
    json!({
        "name": "Bench",
        "prompt": "Answer the caller in one sentence.",
        "first_message": "Hello, how can I help you?",
        "models": {
            "chat": "openai/gpt-4o-mini",
            "recognition": "deepgram/nova-3",
            "voice": "elevenlabs/eleven_flash_v2_5",
        },
        "interruption_sensitivity": 0.5,
        "endpointing": {
            "delay_min": wait,
            "delay_max": wait,
            "adapts_to_caller": false,
            "spelling_patience": "off",
        },
        "denoising": "off",
        "echo_cancellation": "off",
        "is_recorded": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spread;

    #[test]
    fn the_slope_leaves_out_what_the_server_does_without_calls() {
        let level = |calls, cpu_server| LevelReport {
            calls,
            cpu_server,
            ..LevelReport::default()
        };
        let levels = [level(1, 0.11), level(101, 0.51)];
        assert_eq!(calls_per_core(&levels), Some(250.0));
        assert_eq!(calls_per_core(&levels[..1]), None);
    }

    #[test]
    fn a_machine_is_full_where_waits_have_grown() {
        let level = |calls, wait| LevelReport {
            calls,
            voice_to_voice_ms: Spread::of(vec![wait]),
            ..LevelReport::default()
        };
        let levels = [level(1, 220.0), level(100, 260.0), level(300, 321.0)];
        assert_eq!(within(&levels, GROWTH, 2), Some(50.0));
        assert_eq!(within(&levels, 200.0, 2), Some(150.0));
        assert_eq!(within(&[], GROWTH, 2), None);
    }
}
