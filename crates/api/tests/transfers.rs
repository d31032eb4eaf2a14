//! Calls that are handed to somebody else: whom agents name, what is refused, and what becomes of both
//! sides.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "transfers/caps.rs"]
mod caps;
#[path = "transfers/flows.rs"]
mod flows;
#[path = "transfers/stage.rs"]
mod stage;
#[path = "transfers/taken_back.rs"]
mod taken_back;
#[path = "transfers/watched.rs"]
mod watched;
