//! The native API as its clients see it: requests to the whole router, no socket.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "native/agents.rs"]
mod agents;
#[path = "native/door.rs"]
mod door;
#[path = "native/parallel.rs"]
mod parallel;
#[path = "native/server.rs"]
mod server;
#[path = "native/web_calls.rs"]
mod web_calls;
