//! Calls that were promised: to whoever was not reached, to whoever asked for one, and to the many
//! of a batch. What is promised is in the database; every server that places calls keeps promises,
//! and each attempt is dialled by one of them, once.

mod batch;
mod calendar;
mod document;
mod gap;
mod keep;
mod make;
mod outcome;
mod settle;

pub(crate) use batch::{BatchStatus, BatchWish, RECIPIENTS_MAX, Recipient};
pub use calendar::CallingCalendar;
pub(crate) use document::{KeptWishes, PromiseDocument, PromiseKind};
pub(crate) use gap::Gap;
pub use keep::PromiseKeeper;
pub(crate) use make::PromiseWish;
pub use offhook_agent::{CallingHours, CallingTimes};
