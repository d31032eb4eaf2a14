//! Servers that keep promises are killed at any moment, over and over: every attempt that was due is
//! dialled once, no more and no less. The carrier is simulated in this process, the servers are
//! processes of their own.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "killed/carrier.rs"]
mod carrier;
#[path = "../../store/tests/store/postgres_server.rs"]
#[expect(dead_code, reason = "here it is never stopped before the end")]
mod postgres_server;

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use offhook_api::toll::{Allowed, TollRules};
use offhook_api::{
    Api, ApiSettings, CallingCalendar, CallingHours, CallingTimes, Dialler, Telephony,
};
use offhook_store::{
    Keyring, NewAgent, NewPromise, PromiseQuery, PromiseStatus, Store, Workspace, now_ms,
};
use serde_json::json;
use tokio::sync::Semaphore;

use carrier::{Carrier, Wire};

const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// Tells a process that it is a server, with which database and which carrier.
const DATABASE: &str = "OFFHOOK_TEST_DATABASE";
const CARRIER: &str = "OFFHOOK_TEST_CARRIER";
/// People who were promised a call, and those of them who are called twice.
const PROMISED: u32 = 1_050;
const TWICE: u32 = 150;
/// When they are due, after the beginning.
const SPREAD_MS: i64 = 8_000;
/// How long a server lives, in milliseconds.
const LIVES_MS: std::ops::Range<u64> = 150..1_100;
/// The longest that it may take until everybody was called.
const PATIENCE: Duration = Duration::from_secs(150);

async fn open(address: &str) -> Store {
    let keyring = Keyring::from_text(MASTER_KEY, "the test").unwrap();
    Store::open(address, keyring).await.unwrap()
}

/// An API that places calls at a carrier. Time runs thirty times as fast as in service: what takes 40 s
/// there takes 1.3 s.
fn api(store: Store, dialler: Arc<dyn Dialler>) -> Api {
    let api = Api::new(store, ApiSettings::default());
    let hours = CallingHours::read(&["00:00-24:00"]).unwrap();
    api.connect(Telephony {
        dialler,
        rules: TollRules {
            allowed: Allowed::read(&["US".to_owned()]).unwrap(),
            calls_max: 64,
            hourly_max: 9,
            ..TollRules::default()
        },
        ring_max: Duration::from_secs(40),
        detects_machines: false,
        node: "node".to_owned(),
        lines: Arc::new(Semaphore::new(64)),
        times: CallingCalendar {
            of_all: CallingTimes::new(hours, "UTC").unwrap(),
            ..CallingCalendar::default()
        },
        doubt_after: Duration::from_millis(1_300),
    });
    api
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_dials_everybody_once() {
    if serve().await {
        return;
    }
    // In memory: what dies is the process, not the machine.
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let address = format!("sqlite:{}", folder.path().join("offhook.db").display());
    let test = "a_server_that_is_killed_dials_everybody_once";
    kill_while_promises_are_kept(&address, test, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_that_are_killed_dial_everybody_once() {
    let test = "two_servers_that_are_killed_dial_everybody_once";
    if serve().await {
        return;
    }
    let postgres = postgres_server::Server::start();
    kill_while_promises_are_kept(&postgres.database("killed"), test, 2).await;
}

/// Keeps promises until this process is killed, where it is such a one.
async fn serve() -> bool {
    let (Ok(database), Ok(carrier)) = (std::env::var(DATABASE), std::env::var(CARRIER)) else {
        return false;
    };
    let wire = Arc::new(Wire::to(&carrier));
    api(open(&database).await, wire).keep_promises().await;
    true
}

async fn kill_while_promises_are_kept(database: &str, test: &str, servers: usize) {
    let store = open(database).await;
    let workspace = store.create_workspace("one").await.unwrap().id;
    let workspace = store.workspace(&workspace);
    let due = promise_calls(&workspace).await;
    let carrier = Carrier::start(api(store, Arc::new(Wire::to("nowhere")))).await;
    let start = || start(test, database, &carrier.address);
    let mut running: Vec<(Server, Instant)> = Vec::new();
    let (mut kills, mut dice, began) = (0, 7_u64, Instant::now());
    while left(&workspace).await > 0 {
        assert!(
            began.elapsed() < PATIENCE,
            "{} are left",
            left(&workspace).await
        );
        while running.len() < servers {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let range = LIVES_MS.end - LIVES_MS.start;
            let lives = Duration::from_millis(LIVES_MS.start + (dice >> 33) % range);
            running.push((start(), Instant::now() + lives));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (count, now) = (running.len(), Instant::now());
        running.retain(|(_, until)| *until > now);
        kills += count - running.len();
    }
    drop(running);
    println!("{kills} kills, {:?}", began.elapsed());
    assert!(kills >= 5, "only {kills} kills");
    check(&workspace, &carrier, &due).await;
}

/// A server, killed at the latest with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(test: &str, database: &str, carrier: &str) -> Server {
    let mut server = Command::new(std::env::current_exe().unwrap());
    server.args([test, "--exact", "--nocapture"]);
    server.env(DATABASE, database).env(CARRIER, carrier);
    server.stdout(Stdio::null()).stderr(Stdio::null());
    Server(server.spawn().unwrap())
}

/// Promises everybody a call; gives how often each is called, by number.
async fn promise_calls(workspace: &Workspace) -> BTreeMap<String, i64> {
    let numbers = json!({ "phone_numbers": ["+14155550111"] });
    let agent = NewAgent {
        document: json!({ "name": "Ann", "prompt": "Be brief." }),
        dialects: BTreeMap::from([("wordcab".to_owned(), numbers)]),
    };
    let agent = workspace.create_agent(agent).await.unwrap().id;
    let now = now_ms();
    let mut due = BTreeMap::new();
    for number in 0..PROMISED {
        let attempts_max = 1 + i64::from(number < TWICE);
        let to_number = format!("+1415{:07}", 2_000_000 + number);
        due.insert(to_number.clone(), attempts_max);
        let new = NewPromise {
            agent: agent.clone(),
            to_number,
            due_at_ms: now + i64::from(number) * SPREAD_MS / i64::from(PROMISED),
            attempts_max,
            document: json!({
                "kind": "asked", "gaps": [{ "days": 0, "ms": 500 }], "wishes": {},
            }),
        };
        workspace.promise_call(new, now).await.unwrap();
    }
    due
}

/// How many are not over.
async fn left(workspace: &Workspace) -> u64 {
    let query = PromiseQuery {
        statuses: vec![
            PromiseStatus::Waiting,
            PromiseStatus::Claimed,
            PromiseStatus::Begun,
        ],
        limit: 1,
        ..PromiseQuery::default()
    };
    workspace.promises(&query).await.map_or(1, |it| it.total)
}

/// Every attempt that was due was dialled, with its own call, and none twice.
async fn check(workspace: &Workspace, carrier: &Carrier, due: &BTreeMap<String, i64>) {
    let dialled = carrier.dialled();
    let twice: Vec<_> = dialled.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "dialled twice: {twice:?}");
    let query = PromiseQuery {
        limit: 1_000,
        ..PromiseQuery::default()
    };
    let first = workspace.promises(&query).await.unwrap();
    let rest = PromiseQuery {
        start: offhook_store::PageStart::After(first.next.clone().unwrap()),
        ..query
    };
    let rest = workspace.promises(&rest).await.unwrap();
    let mut attempts = 0;
    for promise in first.items.iter().chain(&rest.items) {
        assert_eq!(promise.status, PromiseStatus::GivenUp, "{promise:?}");
        assert_eq!(promise.attempts, due[&promise.of.to_number]);
        for attempt in workspace.attempts(&promise.id).await.unwrap() {
            let call = workspace.call(&attempt.call).await.unwrap();
            let order = call.document["order"].as_str().map(str::to_owned);
            assert_eq!(call.document["to_number"], json!(promise.of.to_number));
            assert_eq!(
                call.status, "no_answer",
                "{:?}",
                call.document["ended_reason"]
            );
            assert!(
                order.is_some_and(|it| dialled.contains_key(&it)),
                "{call:?}"
            );
            attempts += 1;
        }
    }
    let wanted = usize::try_from(PROMISED + TWICE).unwrap();
    assert_eq!((attempts, dialled.len()), (wanted, wanted));
}
