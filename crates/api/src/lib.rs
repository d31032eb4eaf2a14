//! The REST interface: agents and what lies beside them over HTTP, for the holders of keys.
//!
//! [`router`] is all of it. Every set of routes has a [`Door`], which lets requests in (key, rate,
//! size, idempotency) and answers those that it refuses in that API's own shape; what is refused is
//! a neutral [`Refusal`]. `native` is our own API,
//! [`dialect`] those of four platforms. No SQL, no vendor's or carrier's name.

mod access;
mod agent_reading;
mod api;
mod base_url;
pub mod calls;
mod change;
mod deliveries;
pub mod dialect;
mod door;
mod idempotent;
mod incoming_calls;
mod json_body;
pub mod live;
mod merge_patch;
mod native;
mod outgoing_calls;
mod phone_number;
mod promised_calls;
mod public_address;
mod rate_limit;
mod refusal;
mod request_id;
mod request_threads;
mod speech;
mod switchboard;
mod tickets;
mod timestamp;
pub mod toll;
mod transfers;
mod web_calls;

pub use access::{Access, Credential};
pub use agent_reading::{AgentRefused, read_agent};
pub use api::{Api, ApiSettings, router, sessions};
pub use change::AgentChange;
pub use deliveries::Deliveries;
pub use dialect::called::CalledNumber;
pub use dialect::{SharedPaths, StandIns, for_calls};
pub use door::{Door, guarded, guarded_beside};
pub use incoming_calls::{CallAnswer, RingingCall};
pub use json_body::read_json;
pub use merge_patch::merge_patch;
pub use outgoing_calls::{
    CallNews, CallStage, CarrierCall, Departing, DialAccount, DialProblem, Dialler, Dialling,
    FoundCall, PlacedAnswer, PlacedCall, Telephony,
};
pub use promised_calls::{CallingCalendar, CallingHours, CallingTimes, PromiseKeeper};
pub use public_address::PublicNames;
pub use refusal::{Problem, Refusal};
pub use request_id::RequestId;
pub use request_threads::RequestThreads;
pub use switchboard::Switchboard;
pub use transfers::{Transfer, TransferStatus, TransferStep, TransferType, TransferWishes};
pub use web_calls::WebCall;
