//! Calls while they run in this process: what happens in them, for whoever watches, and orders to
//! them. Nothing here ever holds a call up: a watcher that falls behind misses events.

mod afar;
mod call;
mod follow;
mod line;
mod registry;

pub(crate) use afar::afar;
pub use call::{CallOver, LiveCall, ToldEvent, Watched};
pub use follow::{Followed, ended_events};
pub(crate) use line::{CallLine, Lanes};
pub use registry::{LiveCallEntry, LiveCalls};
