//! `offhook call` and `offhook demo`: a WAV file or a scenario calls an agent in this process, or
//! a running server.

mod agent_source;
mod outputs;
mod remote;
mod watcher;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use offhook_agent::{CallVariables, ModelId};
use offhook_call::fact_log::LogHeader;
use offhook_call::report::{ProcessFigures, Report};
use offhook_call::{Brought, CallRecord, CallSetup, Persona, ProviderSource as _, Session};
use offhook_contract::{LegDescription, TextToSpeech, leg};
use offhook_media::{SampleRate, StereoWav};
use offhook_rehearsal::{LedgerHandle, Scenario, SimulatedCaller};
use offhook_transport::{CallerAudio, HandsetOptions, HandsetReport, WavCaller, call_with};
use offhook_turn_taking::Instant as CallTime;
use tokio::sync::mpsc;

use crate::arguments::{CallArguments, DemoArguments};
use crate::check::read_scenario;
use crate::outcome::{Complaint, Outcome, chain};
use crate::stack::{ModelSettings, OwnServers, Stack};
use agent_source::AgentSource;
use outputs::Outputs;
use watcher::Watcher;

/// What recognition and the models hear; no conversion on the way.
const RATE: SampleRate = SampleRate::HZ_16000;

/// How far ahead of the ear a handset in this process is sent audio.
const LEAD: Duration = Duration::from_millis(60);

/// Longest call that a file or a scenario may hold.
const CALL_MAX: Duration = Duration::from_secs(30 * 60);

/// Who calls.
enum Caller {
    Recording(WavCaller),
    Simulated {
        caller: Box<SimulatedCaller>,
        scenario: Box<Scenario>,
        ledger: LedgerHandle,
    },
}

/// How long the process took until it could take a call, and until it could answer this one.
#[derive(Debug, Clone, Copy)]
struct StartUp {
    loaded: Duration,
    prompted: Duration,
}

/// What a call left.
struct Held {
    record: CallRecord,
    handset: HandsetReport,
    entries: Vec<offhook_call::LogEntry>,
}

/// Runs `offhook call`.
pub(crate) async fn run(arguments: CallArguments) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let scenario = arguments
        .scenario
        .as_deref()
        .map(read_scenario)
        .transpose()?;
    let variables = variables(&arguments.variables)?;
    if let Some(url) = &arguments.url {
        return remote::call(url, &arguments, scenario, &variables).await;
    }
    let agent = arguments
        .agent
        .as_deref()
        .context("--agent or --url is needed")?;
    let agent = match agent.exists() {
        true => AgentSource::File(agent.to_owned()),
        false => {
            let database = arguments.database.as_deref();
            AgentSource::stored(agent, &arguments.data, database).await?
        }
    };
    let plan = Plan {
        agent,
        recording: arguments.caller,
        scenario,
        variables,
        config: Some(arguments.config),
        chat_model: arguments.chat_model,
        is_json: arguments.json,
        outputs: Outputs {
            recording: arguments.out,
            report: arguments.report,
            timeline: arguments.timeline,
            facts: arguments.facts,
        },
    };
    plan.hold(started).await
}

/// Runs `offhook demo`.
pub(crate) async fn demo(arguments: DemoArguments) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    std::fs::create_dir_all(&arguments.out).map_err(|problem| {
        Complaint::bad_input(format!(
            "cannot make {}: {problem}",
            arguments.out.display()
        ))
    })?;
    let plan = Plan {
        agent: AgentSource::File(arguments.agent),
        recording: None,
        scenario: Some(read_scenario(&arguments.scenario)?),
        variables: CallVariables::new(),
        config: None,
        chat_model: arguments.chat_model,
        is_json: arguments.json,
        outputs: Outputs {
            recording: Some(arguments.out.join("call.wav")),
            report: Some(arguments.out.join("report.json")),
            timeline: Some(arguments.out.join("timeline.svg")),
            facts: Some(arguments.out.join("facts.jsonl")),
        },
    };
    plan.hold(started).await
}

/// A call that is to be held in this process.
struct Plan {
    agent: AgentSource,
    recording: Option<PathBuf>,
    scenario: Option<Scenario>,
    variables: CallVariables,
    /// Settings that say which models serve.
    config: Option<PathBuf>,
    chat_model: Option<String>,
    is_json: bool,
    outputs: Outputs,
}

impl Plan {
    async fn hold(mut self, started: Instant) -> anyhow::Result<Outcome> {
        // Everything that can be wrong with the input is found before the models are loaded.
        let mut models = match &self.config {
            Some(file) => ModelSettings::of_file(file)?,
            None => ModelSettings::embedded(),
        };
        // An embedded chat model that the agent names is the one that is loaded.
        match (&self.chat_model, self.agent.models()?.chat) {
            (Some(name), _) => models.fix_chat(name)?,
            (None, Some(model @ ModelId::Local(_))) => models.chat.default = Some(model),
            (None, _) => {}
        }
        let served = models.served()?;
        let agent = self.agent.read(&served)?;
        let brought = Brought::to(&agent, &self.variables);
        let keys = self.agent.keys().with(brought);
        let recording = self.recording.as_deref().map(open_recording).transpose()?;
        self.outputs.check()?;
        let own = OwnServers::reached(true)?;
        let stack = tokio::task::spawn_blocking(move || Stack::load(served, None, own))
            .await
            .context("loading the models panicked")??;
        let providers = stack.models.providers(agent.models(), &keys);
        let providers = providers.map_err(Complaint::bad_input)?;
        let loaded = started.elapsed();
        let persona = Persona::new(Arc::new(agent), self.variables.clone());
        let persona = persona.at(SystemTime::now());
        let (near, far) = leg(LegDescription {
            transport: "file".into(),
            rate: RATE,
            lead: LEAD,
        });
        let (log, entries) = mpsc::channel(offhook_call::fact_log::LOG_QUEUE);
        let (_control, control) = mpsc::channel(1);
        let call_id = call_id();
        let header = LogHeader {
            call_id: call_id.clone(),
            agent: persona.agent().name().to_owned(),
            policy: persona.agent().turn_policy().clone(),
        };
        let setup = CallSetup {
            call_id,
            persona,
            leg: near,
            providers: providers.clone(),
            log: Some(log),
            control,
        };
        let session = Session::open(setup)
            .await
            .context("the call cannot begin")?;
        let times = StartUp {
            loaded,
            prompted: started.elapsed(),
        };
        self.announce(&stack, times);
        let voice = stack.models.local_voice().unwrap_or(&providers.voice);
        let caller = self.caller(recording, voice.as_ref()).await?;
        let watcher = Watcher::start(
            entries,
            self.outputs.facts.as_deref(),
            &header,
            !self.is_json,
        )
        .await?;
        let (held, caller) = self.run_call(session, far, caller, watcher).await?;
        self.conclude(held, &caller, times)
    }

    async fn caller(
        &mut self,
        recording: Option<WavCaller>,
        voice: &dyn TextToSpeech,
    ) -> anyhow::Result<Caller> {
        if let Some(recording) = recording {
            return Ok(Caller::Recording(recording));
        }
        let scenario = self
            .scenario
            .take()
            .context("a recording or a scenario is needed")?;
        let caller = SimulatedCaller::prepare(&scenario, voice, RATE)
            .await
            .map_err(|problem| Complaint::bad_input(chain(&problem)))?;
        let ledger = caller.ledger();
        Ok(Caller::Simulated {
            caller: Box::new(caller),
            scenario: Box::new(scenario),
            ledger,
        })
    }

    async fn run_call(
        &self,
        session: Session,
        far: offhook_contract::LegFarEnd,
        mut caller: Caller,
        watcher: Watcher,
    ) -> anyhow::Result<(Held, Caller)> {
        let mut options = HandsetOptions::new(RATE, LEAD);
        options.duration_max = CALL_MAX;
        options.recording = self
            .outputs
            .recording
            .as_deref()
            .map(|path| StereoWav::create(path, RATE))
            .transpose()
            .map_err(|problem| Complaint::bad_input(chain(&problem)))?;
        let audio: &mut dyn CallerAudio = match &mut caller {
            Caller::Recording(recording) => recording,
            Caller::Simulated { caller, .. } => caller.as_mut(),
        };
        let session = tokio::spawn(session.run());
        let handset = call_with(far, audio, options).await;
        let record = session.await.context("the session panicked")?;
        let entries = watcher.finish().await?;
        Ok((
            Held {
                record,
                handset,
                entries,
            },
            caller,
        ))
    }

    fn announce(&self, stack: &Stack, times: StartUp) {
        if !self.is_json {
            println!(
                "Ready after {:.2} s (chat model {}); it read its prompt in {:.2} s.\n",
                times.loaded.as_secs_f64(),
                stack.chat_model(),
                (times.prompted - times.loaded).as_secs_f64(),
            );
        }
    }

    fn conclude(&self, held: Held, caller: &Caller, times: StartUp) -> anyhow::Result<Outcome> {
        let Held {
            record,
            handset,
            entries,
        } = held;
        // The handset and the session begin at the same moment.
        let mut report = match caller {
            Caller::Recording(_) => Report::new(&record, &[]),
            Caller::Simulated {
                scenario, ledger, ..
            } => offhook_rehearsal::report(scenario, &ledger.snapshot(), &record, CallTime::START),
        };
        report.process = Some(ProcessFigures {
            start_up_ms: millis(times.loaded),
            prompt_read_ms: millis(times.prompted - times.loaded),
            rss_bytes: resident_bytes_max(),
        });
        self.outputs.write(&report, &record, &handset, &entries)?;
        outputs::print(&report, self.is_json, &self.outputs)?;
        let passed = report
            .scenario
            .as_ref()
            .is_none_or(|verdict| verdict.passed);
        Ok(if passed {
            Outcome::Done
        } else {
            Outcome::Missed
        })
    }
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

fn open_recording(path: &Path) -> anyhow::Result<WavCaller> {
    WavCaller::open(path, RATE).map_err(|problem| Complaint::bad_input(chain(&problem)))
}

/// `NAME=VALUE` pairs.
fn variables(pairs: &[String]) -> anyhow::Result<CallVariables> {
    pairs
        .iter()
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                Complaint::bad_input(format!("--variable {pair}: write it as NAME=VALUE"))
            })?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// Names the call by the time at which it began.
pub(crate) fn call_id() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!("call-{:x}", now.unwrap_or_default().as_micros())
}

/// The most memory that this process has had resident, by the kernel's account; 0 where unknown.
fn resident_bytes_max() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    kibibytes
        .and_then(|count| count.parse::<u64>().ok())
        .unwrap_or(0)
        * 1_024
}
