//! Conversations over sockets with bare clients: those that begin as a webhook says, those that
//! find no place, and those that are watched.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

#[path = "conversing/initiation.rs"]
mod initiation;
#[path = "conversing/limits.rs"]
mod limits;
#[path = "conversing/monitoring.rs"]
mod monitoring;
#[path = "conversing/stage.rs"]
mod stage;
