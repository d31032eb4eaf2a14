//! One call in virtual time: the real session with the real ears, the simulated model and voice,
//! and a caller who acts by the corpus. The runtime's clock is paused: it moves on only when
//! everything that can be done has been done, so that a call takes as long as its passes take
//! and gives the same trace always.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use offhook_agent::{Agent, CallVariables};
use offhook_call::{CallRecord, CallSetup, LogEntry, Persona, Providers, Session};
use offhook_contract::{LegDescription, leg};
use offhook_media::SampleRate;
use offhook_providers::local::ears::LocalEars;
use tokio::sync::mpsc;

use crate::caller::{Caller, Heard};
use crate::corpus::Call;
use crate::policy::{Changes, Policy};
use crate::providers::{SimulatedChat, SimulatedVoice, TimedDetector, TimedRecognition};
use crate::speech::Library;

/// How far ahead of playout a leg is sent audio.
const LEAD: Duration = Duration::from_millis(60);
/// Entries of the log that may wait.
const LOG_QUEUE: usize = 16_384;

/// All that can be told of a call from outside, and its log.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) heard: Heard,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) record: CallRecord,
}

/// What calls are held with.
pub(crate) struct Stage {
    pub(crate) ears: LocalEars,
    pub(crate) narrow: Arc<Library>,
    pub(crate) wide: Arc<Library>,
    pub(crate) changes: Changes,
}

impl Stage {
    /// Holds a call on a leg of `rate`, with turns taken by `policy`.
    ///
    /// # Errors
    /// Where the policy is no valid agent, or a stage cannot be opened.
    pub(crate) fn perform(
        &self,
        call: &Call,
        rate: SampleRate,
        policy: Policy,
    ) -> anyhow::Result<Trace> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        runtime.block_on(self.hold(call, rate, policy))
    }

    async fn hold(&self, call: &Call, rate: SampleRate, policy: Policy) -> anyhow::Result<Trace> {
        let (near, far) = leg(LegDescription {
            transport: "bench".into(),
            rate,
            lead: LEAD,
        });
        let chat = SimulatedChat::default();
        let answers = Arc::clone(&chat.answers);
        let library = if rate == SampleRate::HZ_8000 {
            &self.narrow
        } else {
            &self.wide
        };
        let (log, mut entries) = mpsc::channel(LOG_QUEUE);
        let (_control, control) = mpsc::channel(1);
        let agent = Agent::from_json(&policy.agent(&self.changes))
            .map_err(|problems| anyhow!("{problems}"))?;
        let session = Session::open(CallSetup {
            call_id: format!("{}-{}", call.section.name(), call.number),
            persona: Persona::new(Arc::new(agent), CallVariables::new()),
            leg: near,
            providers: Providers {
                detector: Arc::new(TimedDetector {
                    inner: Arc::new(self.ears.turn_detector.clone()),
                    has_likelihoods: policy.has_likelihoods(),
                }),
                recognition: Arc::new(TimedRecognition {
                    inner: Arc::new(self.ears.speech_to_text.clone()),
                }),
                chat: Arc::new(chat),
                voice: Arc::new(SimulatedVoice {
                    library: Arc::clone(library),
                }),
            },
            log: Some(log),
            control,
        })
        .await
        .context("a call cannot be opened")?;
        let caller = tokio::spawn(Caller::new(call, rate, answers)?.call(far));
        let collector = tokio::spawn(async move {
            let mut log = Vec::new();
            while let Some(entry) = entries.recv().await {
                log.push(entry);
            }
            log
        });
        let record = session.run().await;
        Ok(Trace {
            heard: caller.await?,
            log: collector.await?,
            record,
        })
    }
}
