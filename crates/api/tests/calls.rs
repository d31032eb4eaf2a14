//! Calls over HTTP: real sessions on scripted providers, found, followed and ended by clients, and
//! on record afterwards.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "calls/agentphone.rs"]
mod agentphone;
#[path = "calls/hours.rs"]
mod hours;
#[path = "calls/native.rs"]
mod native;
#[path = "calls/nodes.rs"]
mod nodes;
#[path = "../../store/tests/store/postgres_server.rs"]
#[expect(dead_code, reason = "here no server is stopped while it is used")]
mod postgres_server;
#[path = "calls/records.rs"]
mod records;
#[path = "calls/stage.rs"]
mod stage;
#[path = "calls/succession.rs"]
mod succession;
