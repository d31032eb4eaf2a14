//! The dialects: the agents of four platforms, each in that platform's own words, over the one
//! canonical agent. A dialect is a table of fields, a list of lenses onto the canonical agent and a
//! few rules; `docs/compatibility.md` is written from these tables.

pub(crate) mod agentphone;
mod agents;
pub(crate) mod called;
pub(crate) mod calling;
mod canonical;
mod check;
mod detail;
mod elevenlabs;
mod field;
mod lens;
mod mapping;
mod matrix;
pub(crate) mod mounts;
mod objects;
mod openapi;
#[cfg(test)]
mod pages;
mod path;
mod problem;
mod prompt;
mod proofs;
#[cfg(test)]
mod properties;
mod query;
mod secret;
mod trillet;
mod variables;
mod voices;
pub(crate) mod webhook;
mod wordcab;

pub(crate) use elevenlabs::socket::routes as sessions;
pub use elevenlabs::{Admitted, Opening, OpeningProblem, TelephoneLine, Wishes};
pub(crate) use elevenlabs::{
    named_sides as elevenlabs_sides, settle_placed_call, settle_telephone_call,
};
pub use mapping::{Dialect, Draft, Stored};
pub use matrix::compatibility_page;
pub use mounts::SharedPaths;
pub use problem::{Problem, ProblemKind, Step};
pub(crate) use trillet::{
    ask_flow, calls as trillet_calls, number_config as trillet_numbers,
    transfers as trillet_transfers,
};
pub use voices::StandIns;

/// Every dialect.
pub static DIALECTS: [&Dialect; 4] = [
    &elevenlabs::DIALECT,
    &trillet::DIALECT,
    &wordcab::DIALECT,
    &agentphone::DIALECT,
];

/// The dialects whose webhooks are told of calls.
pub(crate) static PLATFORMS: [&crate::deliveries::Platform; 5] = [
    &elevenlabs::deliveries::PLATFORM,
    &wordcab::deliveries::PLATFORM,
    &agentphone::deliveries::PLATFORM,
    &trillet::deliveries::PLATFORM,
    &trillet::callback::PLATFORM,
];

/// Every table of fields that says something of an agent: call flows of one platform do, too.
pub(crate) static TABLES: [&Dialect; 5] = [
    &elevenlabs::DIALECT,
    &trillet::DIALECT,
    &trillet::FLOW,
    &wordcab::DIALECT,
    &agentphone::DIALECT,
];

/// An agent as it is for its calls: with what the objects beside it say, such as call flows.
#[must_use]
pub fn for_calls(agent: offhook_store::StoredAgent) -> offhook_store::StoredAgent {
    trillet_calls::with_variables(agent)
}
