//! What the log says of a request. Alone in its process: a log is for all threads of one.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "native/server.rs"]
#[expect(dead_code, reason = "the other tests use all of it")]
mod server;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use server::Server;

#[tokio::test]
async fn the_log_knows_the_request_and_nobody_in_it() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let server = Server::new().await;
    let id = server.agent("Ann Smith").await;
    let path = format!("/agents/{id}?search=Ann");
    let headers = [("x-request-id", "job-7")];
    let answer = server.send_with("GET", &path, &headers, Value::Null).await;
    assert_eq!(answer.header("x-request-id"), "job-7");
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line = text.lines().find(|line| line.contains("job-7")).unwrap();
    for known in [
        "INFO",
        "method=GET",
        "route=\"/offhook/v1/agents/{id}\"",
        "status=200",
        "key=\"key_",
    ] {
        assert!(line.contains(known), "{known} in {line}");
    }
    for hidden in ["Ann", "Smith", id.as_str(), server.key.as_str()] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}

/// A log that a test can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
