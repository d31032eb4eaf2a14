//! A call to a running server: a handset here, a WebSocket between.

use std::collections::BTreeMap;

use offhook_contract::TextToSpeech as _;
use offhook_media::StereoWav;
use offhook_providers::catalogue::ModelDirectory;
use offhook_providers::local::onnx::OnnxRuntime;
use offhook_providers::local::voice::{LocalVoice, VoiceFiles};
use offhook_rehearsal::{Scenario, SimulatedCaller};
use offhook_transport::websocket::connect;
use offhook_transport::websocket::wire::EndCause;
use offhook_transport::{CallerAudio, HandsetOptions, HandsetReport, call_with};
use serde::Serialize;

use super::{LEAD, RATE, open_recording};
use crate::arguments::CallArguments;
use crate::outcome::{Complaint, Outcome, chain};

/// What this side of the call can tell.
#[derive(Debug, Serialize)]
struct RemoteReport {
    call_id: String,
    duration_ms: u64,
    ended: String,
    agent_speech_ms: u64,
    pacing_ms: RemotePacing,
    errors: Vec<String>,
}

/// How exactly the agent's frames arrived, against a 20 ms schedule.
#[derive(Debug, Serialize)]
struct RemotePacing {
    frames: usize,
    p50: f64,
    p99: f64,
    max: f64,
    within_5_ms: f64,
    underruns: usize,
}

pub(super) async fn call(
    url: &str,
    arguments: &CallArguments,
    scenario: Option<Scenario>,
    variables: &BTreeMap<String, String>,
) -> anyhow::Result<Outcome> {
    let mut caller: Box<dyn CallerAudio> = match (&arguments.caller, scenario) {
        (Some(path), _) => Box::new(open_recording(path)?),
        (None, Some(scenario)) => Box::new(simulated(&scenario).await?),
        (None, None) => return Err(Complaint::bad_input("--caller or --scenario is needed")),
    };
    let call = connect(url, RATE, arguments.key.as_deref(), variables)
        .await
        .map_err(|problem| Complaint::bad_input(chain(&problem)))?;
    let mut options = HandsetOptions::new(call.description.rate, call.description.lead.max(LEAD));
    options.recording = arguments
        .out
        .as_deref()
        .map(|path| StereoWav::create(path, call.description.rate))
        .transpose()
        .map_err(|problem| Complaint::bad_input(chain(&problem)))?;
    let bridge = tokio::spawn(call.bridge.run());
    let handset = call_with(call.far_end, caller.as_mut(), options).await;
    let end = bridge.await?;
    let ended = end
        .cause
        .map_or("connection_lost", EndCause::name)
        .to_owned();
    let errors = end.errors.iter().map(ToString::to_string).collect();
    let report = RemoteReport::new(call.call_id, ended, errors, &handset);
    let text = serde_json::to_string_pretty(&report)?;
    if let Some(path) = &arguments.report {
        std::fs::write(path, text.clone() + "\n")?;
    }
    if arguments.json {
        println!("{text}");
    } else {
        report.print();
    }
    Ok(Outcome::Done)
}

/// The caller's voice is made here; the server hears only audio.
async fn simulated(scenario: &Scenario) -> anyhow::Result<SimulatedCaller> {
    let directory = ModelDirectory::from_environment();
    let voice = tokio::task::spawn_blocking(move || {
        let runtime = OnnxRuntime::load(&directory.file("onnxruntime", "libonnxruntime.so"))
            .map_err(|problem| Complaint::no_models(chain(&problem)))?;
        LocalVoice::load(&runtime, &VoiceFiles::within(&directory), 1)
            .map_err(|problem| Complaint::no_models(chain(&problem)))
    })
    .await??;
    tracing::debug!(voices = ?voice.capabilities().voices, "the caller's voice is loaded");
    SimulatedCaller::prepare(scenario, &voice, RATE)
        .await
        .map_err(|problem| Complaint::bad_input(chain(&problem)))
}

impl RemoteReport {
    fn new(call_id: String, ended: String, errors: Vec<String>, handset: &HandsetReport) -> Self {
        let pacing = handset.pacing();
        let millis = |duration: std::time::Duration| duration.as_secs_f64() * 1_000.0;
        Self {
            call_id,
            duration_ms: handset.duration.as_millis() as u64,
            ended,
            agent_speech_ms: handset.arrivals.len() as u64 * 20,
            pacing_ms: RemotePacing {
                frames: pacing.frames,
                p50: millis(pacing.deviation_p50),
                p99: millis(pacing.deviation_p99),
                max: millis(pacing.deviation_max),
                within_5_ms: pacing.on_time_share,
                underruns: pacing.underruns,
            },
            errors,
        }
    }

    fn print(&self) {
        let pacing = &self.pacing_ms;
        println!(
            "Call {}: {:.1} s, ended: {}; the agent spoke {:.1} s",
            self.call_id,
            self.duration_ms as f64 / 1_000.0,
            self.ended,
            self.agent_speech_ms as f64 / 1_000.0
        );
        println!(
            "Pacing over {} frames: median {:.1} ms, p99 {:.1} ms, worst {:.1} ms off schedule; \
             {:.1} % within 5 ms; {} underruns",
            pacing.frames,
            pacing.p50,
            pacing.p99,
            pacing.max,
            pacing.within_5_ms * 100.0,
            pacing.underruns
        );
        for error in &self.errors {
            println!("the server complained: {error}");
        }
    }
}
