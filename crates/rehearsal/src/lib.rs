//! Rehearsed calls: scenarios, the simulated caller that acts them out, and the judgement of what
//! came of them.

mod caller;
mod scenario;
mod verdict;

pub use caller::{
    AgentSpeech, CallerLedger, LedgerHandle, LineFate, RenderError, RenderedLine, SaidLine,
    SimulatedCaller,
};
pub use scenario::{
    CallExpectation, CallerLine, CallerVoice, EndName, EventName, LineExpectation, Problem,
    Scenario, ScenarioError, When, Words,
};
pub use verdict::{judge, report};
