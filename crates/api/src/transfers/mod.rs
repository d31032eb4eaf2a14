//! Calls are handed to somebody else. With a conference, which is the rule, the agent stays with the
//! caller while the other side is called; once it has answered and heard what it is told, both are
//! brought together and the agent leaves. Blind, the carrier calls the other side, and gives the
//! caller back where nobody is reached.
//!
//! The other side's call has a record and an order of its own, so that whatever counts calls counts
//! it; what its carrier asks and tells any process can answer (`other_side`). The process that holds
//! the caller's call sees the transfer through (`course`).

mod ask;
mod course;
mod named;
mod orders;
mod other_side;
mod paper;
mod record;

pub use ask::TransferWishes;
pub(crate) use named::NamedSide;
pub use other_side::TransferStep;
pub(crate) use paper::TRANSFER_OF;
pub use record::{Transfer, TransferStatus, TransferType};
