//! What only SQLite can show: kills, locks, copies, and what is in the file.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use offhook_store::{Answer, CallWriter, NewKey, PageQuery, Role, SecretText, Store, StoreError};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::{MASTER_KEY, Place, agents::named, writer};

/// Tells the process that this test starts to write and to be killed.
const VICTIM: &str = "OFFHOOK_TEST_VICTIM";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_is_there_after_a_kill() {
    if let Ok(address) = std::env::var(VICTIM) {
        return write_for_ever(address).await;
    }
    let place = Place::on_sqlite();
    let workspace = place.workspace().await;
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..20 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([
                "sqlite::every_acknowledged_write_is_there_after_a_kill",
                "--exact",
            ])
            .arg("--nocapture")
            .env(VICTIM, &place.address)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let ids = lines.map_while(Result::ok).filter_map(|line| {
            let (_, id) = line.split_once("written ")?;
            Some(id.to_owned())
        });
        for (count, id) in (1..).zip(ids) {
            acknowledged.push(id);
            if count == 3 + round {
                // SIGKILL. What it had said by then is still in the pipe.
                victim.kill().unwrap();
            }
        }
        victim.wait().unwrap();
        let began = Instant::now();
        let store = place.open().await;
        store.ping().await.unwrap();
        assert!(
            began.elapsed() < Duration::from_secs(3),
            "{:?}",
            began.elapsed()
        );
    }
    assert!(acknowledged.len() >= 250, "{}", acknowledged.len());
    for id in &acknowledged {
        let agent = workspace.agent(id).await.unwrap();
        let revision = workspace.agent_at(id, agent.revision).await.unwrap();
        assert_eq!(revision, agent);
        assert!(agent.revision >= 2, "both writings were acknowledged");
    }
}

async fn write_for_ever(address: String) {
    let keyring = offhook_store::Keyring::from_text(MASTER_KEY, "the test").unwrap();
    let store = Store::open(&address, keyring).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let workspace = crate::workspace(&store, "acme").await;
        writers.spawn(async move {
            loop {
                let agent = workspace.create_agent(named("Survivor")).await.unwrap();
                let update = workspace.update_agent(&agent.id, Some(1), json!({}), agent.dialects);
                update.await.unwrap();
                println!("written {}", agent.id);
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test]
async fn a_locked_database_costs_no_record_of_a_call() {
    let place = Place::on_sqlite();
    let workspace = place.workspace().await;
    let spill = place.folder.path().join("calls.jsonl");
    let (calls, task) = CallWriter::start(place.open().await, &spill).unwrap();
    let file = place.address.strip_prefix("sqlite:").unwrap();
    let options = SqliteConnectOptions::new().filename(file);
    let mut other = options.connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let began = Instant::now();
    for number in 0..50 {
        calls.try_record(writer::call(&workspace, number)).unwrap();
    }
    assert!(
        began.elapsed() < Duration::from_millis(100),
        "a call does not wait"
    );
    calls.flush().await;
    let report = calls.report();
    assert_eq!((report.spilled, report.written, report.lost), (50, 0, 0));
    assert_eq!(fs::read_to_string(&spill).unwrap().lines().count(), 50);
    assert_eq!(
        fs::metadata(&spill).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(workspace.call("call_7").await.is_err(), "reading goes on");
    let write = workspace.create_agent(named("Late")).await;
    assert!(write.is_err_and(|problem| problem.is_passing()));
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    calls.flush().await;
    let report = calls.report();
    assert_eq!((report.written, report.lost), (50, 0));
    assert_eq!(fs::read_to_string(&spill).unwrap(), "");
    for number in 0..50 {
        let call = workspace.call(&format!("call_{number}")).await.unwrap();
        assert_eq!(call, writer::call(&workspace, number));
    }
    drop(calls);
    task.await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_full_queue_gives_the_record_back() {
    let place = Place::on_sqlite();
    let workspace = place.workspace().await;
    let spill = place.folder.path().join("calls.jsonl");
    let (calls, task) = CallWriter::start(place.open().await, &spill).unwrap();
    // The writer does not run before this test awaits: it shares the one thread.
    let mut taken = 0;
    let returned = loop {
        match calls.try_record(writer::call(&workspace, taken)) {
            Ok(()) => taken += 1,
            Err(full) => break *full.0,
        }
    };
    assert_eq!((taken, returned), (1024, writer::call(&workspace, 1024)));
    assert_eq!(calls.report().lost, 1);
    task.abort();
}

#[tokio::test]
async fn a_copy_is_whole_while_others_write() {
    let place = Place::on_sqlite();
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let text = SecretText::new("sesame");
    let secret = workspace.create_secret("key", &text).await.unwrap();
    for number in 0..50 {
        workspace
            .create_agent(named(&number.to_string()))
            .await
            .unwrap();
    }
    let writing = workspace.clone();
    let others = tokio::spawn(async move {
        for number in 50..100 {
            writing
                .create_agent(named(&number.to_string()))
                .await
                .unwrap();
        }
    });
    let copy = place.folder.path().join("it's a copy.db");
    store.back_up(&copy).await.unwrap();
    others.await.unwrap();
    assert!(
        store.back_up(&copy).await.is_err(),
        "no copy is overwritten"
    );

    let address = format!("sqlite:{}", copy.display());
    let keyring = offhook_store::Keyring::from_text(MASTER_KEY, "the test").unwrap();
    let copied = Store::open(&address, keyring).await.unwrap();
    let copied = copied.workspace(workspace.id());
    assert_eq!(copied.secret_text(&secret.id).await.unwrap(), text);
    let agents = copied.agents(&PageQuery::default()).await.unwrap();
    assert!((50..=100).contains(&agents.total), "{}", agents.total);
}

#[tokio::test]
async fn neither_keys_nor_secrets_are_in_the_file() {
    let place = Place::on_sqlite();
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    let text = SecretText::new("sk-open-sesame");
    workspace.create_secret("voice key", &text).await.unwrap();
    let new = NewKey {
        workspace: workspace.id().clone(),
        dialect: None,
        role: Role::Editor,
    };
    let key = store.create_key(new).await.unwrap().key;
    workspace.begin_idempotent("k", "print").await.unwrap();
    let answer = Answer {
        status: 201,
        headers: Vec::new(),
        body: "whsec-shown-once".into(),
    };
    workspace.finish_idempotent("k", &answer).await.unwrap();
    store.close().await;
    let mut bytes = Vec::new();
    for entry in fs::read_dir(place.folder.path().join("data")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
        bytes.extend(fs::read(path).unwrap());
    }
    let has = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(
        has("voice key") && has(&key.expose()[..12]),
        "these are kept in the clear"
    );
    for hidden in [text.expose(), key.expose(), "whsec-shown-once", MASTER_KEY] {
        assert!(!has(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn a_data_folder_is_made_with_its_own_master_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("100% #1?");
    let store = Store::open_in(&data, None).await.unwrap();
    let workspace = crate::workspace(&store, "acme").await;
    let text = SecretText::new("sesame");
    let secret = workspace.create_secret("key", &text).await.unwrap();
    store.close().await;
    let again = Store::open_in(&data, None).await.unwrap();
    let again = again.workspace(workspace.id());
    assert_eq!(again.secret_text(&secret.id).await.unwrap(), text);
    assert!(data.join("offhook.db").is_file() && data.join("master.key").is_file());
    let closed = workspace.secrets().await;
    assert!(matches!(closed, Err(StoreError::Unavailable(_))));
}
