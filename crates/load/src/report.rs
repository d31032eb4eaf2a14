//! What was measured, as a document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Spread;

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Where it was measured.
    pub machine: MachineReport,
    /// How callers reached the server.
    pub leg: String,
    /// Of a thousand requests to the simulated providers, how many went wrong.
    pub faults_per_mille: u32,
    /// How long a level was measured, in seconds, unless it had few calls.
    pub hold_seconds: f64,
    /// The figures of each mode by its name.
    pub modes: BTreeMap<String, ModeReport>,
}

/// Where it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MachineReport {
    /// The processor's name.
    pub processor: String,
    /// How many there are for the server, the callers and the simulated providers together.
    pub processors: usize,
    /// Linux.
    pub kernel: String,
    /// The load of the machine before the run, over one minute: what else it did.
    pub load_before: f64,
}

/// What answers the calls in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModeReport {
    /// How long the simulated providers took: `zero` or `typical`.
    pub delays: String,
    /// From the start of the program to the line that says it listens.
    pub start_up_ms: f64,
    /// Memory of the server before the first call.
    pub memory_idle_bytes: u64,
    /// Calls at once for each processor second a second: where a line through the levels leads.
    pub calls_per_core: Option<f64>,
    /// The most calls at once, of the levels in order, up to which the 95th percentile of voice to
    /// voice (in echo mode, of the round trip) is at most 100 ms above that of the first level, for
    /// each processor of the machine, which the server shares with callers and providers.
    pub calls_per_core_within_100_ms: Option<f64>,
    /// From few calls to many.
    pub levels: Vec<LevelReport>,
}

/// So many calls at once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LevelReport {
    /// How many.
    pub calls: usize,
    /// How long it was measured.
    pub seconds: f64,
    /// From the last speech of the caller to the first sound of the answer; in echo mode, from a
    /// frame to its return.
    pub voice_to_voice_ms: Spread,
    /// The same without the wait at the end of a turn that was configured and without what the
    /// simulated providers take by themselves.
    pub runtime_share_ms: Spread,
    /// From the first speech over the agent to the order to drop what was not played.
    pub barge_in_ms: Spread,
    /// The same without the speech that the agent's sensitivity asks for.
    pub barge_in_share_ms: Spread,
    /// How far the agent's frames were from their schedule; in echo mode, how far a round trip was
    /// from the call's median.
    pub pacing_ms: Spread,
    /// How late the callers themselves were to send: what of the figures is not the server's.
    pub caller_lateness_ms: Spread,
    /// Frames more than 10 ms from their schedule.
    pub late_frames: usize,
    /// Frames that were judged.
    pub frames: usize,
    /// Frames that never came back (echo).
    pub lost_frames: usize,
    /// Gaps in the middle of an answer.
    pub underruns: usize,
    /// Turns that were answered.
    pub turns: usize,
    /// Turns without an answer, turns that the agent did not wait for the end of, and cuts that did
    /// not stop it.
    pub unanswered: usize,
    /// See above.
    pub spoken_over: usize,
    /// See above.
    pub missed_cuts: usize,
    /// Answers that the chat model was asked for: those beyond the turns were asked for early and
    /// not used, or cut.
    pub generations: usize,
    /// Calls that failed, and the first reason.
    pub failed_calls: usize,
    /// See above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<String>,
    /// Processor time of the server for a minute of one call.
    pub cpu_seconds_per_call_minute: f64,
    /// Memory of the server for each call, beyond what it took before the first.
    pub memory_bytes_per_call: f64,
    /// Processor time a second of the server, the callers and the simulated providers: their sum is
    /// at most the number of processors.
    pub cpu_server: f64,
    /// See above.
    pub cpu_callers: f64,
    /// See above.
    pub cpu_simulators: f64,
}
