//! A thousand agents are listed, searched and paged while fifty calls run: how long that takes, and
//! what it does to the calls. Requests are answered on threads of their own, as `offhook serve` does
//! it, and asked from outside the calls' threads. It wants the machine for itself
//! (`.config/nextest.toml`), and because others may have a part of it all the same, it may try three
//! times: `cargo test --release -p offhook-api --test load -- --nocapture`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "calls/stage.rs"]
#[expect(dead_code, reason = "nothing is followed here")]
mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use offhook_api::RequestThreads;
use offhook_call::CallRecord;
use offhook_contract::scripted::ScriptedReply;
use serde_json::json;
use stage::{Script, Stage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

const AGENTS: usize = 1_000;
const CALLS: usize = 50;
/// Who asks at the same time.
const CLIENTS: usize = 4;
/// How long each of them waits between two requests.
const PAUSE: Duration = Duration::from_millis(20);
const WORDS: usize = 150;

/// Tries until the figures hold.
const TRIES: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_fast_while_calls_run_and_the_calls_do_not_notice() {
    let stage = Stage::new().await;
    for number in 1..AGENTS {
        let name = format!("Agent {number}");
        let document = json!({ "name": name, "prompt": "Be brief.", "first_message": "Hello." });
        let made = stage.ask("POST /offhook/v1/agents", document).await;
        assert_eq!(made.status, 201);
    }
    let requests = RequestThreads::start().unwrap();
    let address = stage.serve(requests.carry(stage.router())).await;
    let mut found = Vec::new();
    for _ in 0..TRIES {
        let figures = measure(&stage, &address).await;
        println!("{figures}");
        if figures.hold() {
            return;
        }
        found.push(figures.to_string());
    }
    panic!(
        "in {TRIES} tries the figures never held:\n{}",
        found.join("\n")
    );
}

/// What was measured.
struct Figures {
    times: Vec<Duration>,
    quiet: Pacing,
    busy: Pacing,
}

impl Figures {
    fn at(&self, part: f64) -> Duration {
        self.times[((self.times.len() - 1) as f64 * part) as usize]
    }

    fn hold(&self) -> bool {
        self.at(0.99) <= Duration::from_millis(50)
            && self.busy.underruns <= self.quiet.underruns
            && self.busy.p99_ms <= self.quiet.p99_ms + 5.0
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} requests by {CLIENTS} clients over {AGENTS} agents with {CALLS} calls: p50 {:.1} \
             ms, p99 {:.1} ms, max {:.1} ms; frames late: {} without requests, {} with them",
            self.times.len(),
            millis(self.at(0.5)),
            millis(self.at(0.99)),
            millis(self.at(1.0)),
            self.quiet,
            self.busy,
        )
    }
}

/// Holds the calls once without requests and once with them.
async fn measure(stage: &Stage, address: &str) -> Figures {
    let quiet = Pacing::of(&hold_calls(stage).await);
    let stop = Arc::new(AtomicBool::new(false));
    let asking = {
        let (address, key, stop) = (address.to_owned(), stage.key.clone(), stop.clone());
        std::thread::spawn(move || ask_beside(&address, &key, &stop))
    };
    let busy = Pacing::of(&hold_calls(stage).await);
    stop.store(true, Ordering::Relaxed);
    let mut times = asking.join().unwrap();
    times.sort();
    Figures { times, quiet, busy }
}

/// All clients, on a thread of theirs: they are other machines.
fn ask_beside(address: &str, key: &str, stop: &AtomicBool) -> Vec<Duration> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let clients = (0..CLIENTS).map(|client| ask_on(address, key, client, stop));
    runtime.block_on(join_all(clients)).concat()
}

/// Lists, searches and pages, again and again; gives how long each took.
async fn ask_on(address: &str, key: &str, client: usize, stop: &AtomicBool) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut cursor = String::new();
    for round in client.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let path = match round % 4 {
            0 => "/offhook/v1/agents?limit=50".to_owned(),
            1 => format!("/offhook/v1/agents?limit=50&search=agent%20{}", round % 100),
            2 => format!("/offhook/v1/agents?limit=50{cursor}"),
            _ => format!("/agentphone/v1/agents?limit=50&offset={}", round % 900),
        };
        let began = Instant::now();
        let answer = ask(address, key, &path).await;
        times.push(began.elapsed());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let next = answer.split("\"next_cursor\":\"").nth(1);
        let next = next.and_then(|rest| rest.split('"').next());
        cursor = next.map_or_else(String::new, |next| format!("&cursor={next}"));
        tokio::time::sleep(PAUSE).await;
    }
    times
}

async fn ask(address: &str, key: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         connection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Calls in which the agent speaks for nine seconds.
async fn hold_calls(stage: &Stage) -> Vec<CallRecord> {
    let answer = "word ".repeat(WORDS);
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        let script = Script {
            answers: vec![ScriptedReply::new(&answer)],
            hangs_up: Some(12_000),
            ..Script::question()
        };
        calls.push(stage.call(script).await);
    }
    let mut records = Vec::new();
    for call in calls {
        records.push(call.task.await.unwrap().expect("a record"));
    }
    records
}

/// How late frames left, over all calls.
struct Pacing {
    p99_ms: f64,
    max_ms: f64,
    underruns: u32,
}

impl Pacing {
    fn of(records: &[CallRecord]) -> Self {
        let frames = records.iter().flat_map(|it| &it.pacing.lateness_micros);
        let mut late: Vec<u32> = frames.copied().collect();
        assert!(late.len() > CALLS * WORDS, "the agents spoke");
        late.sort_unstable();
        let at = |part: f64| f64::from(late[((late.len() - 1) as f64 * part) as usize]) / 1_000.0;
        Self {
            p99_ms: at(0.99),
            max_ms: at(1.0),
            underruns: records.iter().map(|it| it.pacing.underruns).sum(),
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

impl std::fmt::Display for Pacing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (p99, max) = (self.p99_ms, self.max_ms);
        write!(
            formatter,
            "p99 {p99:.1} ms, max {max:.1} ms, {} underruns",
            self.underruns
        )
    }
}
