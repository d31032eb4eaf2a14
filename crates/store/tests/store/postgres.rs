//! What only PostgreSQL can do to a store.

use offhook_store::{CallWriter, Keyring, Store};

use crate::{Place, writer};

pub(crate) use crate::postgres_server::Server;

impl Server {
    /// A new database; `name` tells which test it is for.
    pub(crate) fn place(&self, name: &str) -> Place {
        Place {
            address: self.database(name),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }
}

#[tokio::test]
async fn a_stopped_postgresql_costs_no_record_of_a_call() {
    let server = Server::start();
    let place = server.place("stopped");
    let workspace = place.workspace().await;
    let store = place.open().await;
    let spill = place.folder.path().join("calls.jsonl");
    let (calls, task) = CallWriter::start(store, &spill).unwrap();
    server.stop();
    for number in 0..3 {
        calls.try_record(writer::call(&workspace, number)).unwrap();
    }
    calls.flush().await;
    assert_eq!(calls.report().spilled, 3);
    assert!(
        workspace
            .call("call_0")
            .await
            .is_err_and(|it| it.is_passing())
    );
    server.resume();
    calls.flush().await;
    assert_eq!((calls.report().written, calls.report().lost), (3, 0));
    for number in 0..3 {
        let call = workspace.call(&format!("call_{number}")).await.unwrap();
        assert_eq!(call, writer::call(&workspace, number));
    }
    drop(calls);
    task.await.unwrap();
}

#[tokio::test]
async fn nothing_that_is_no_database_is_opened() {
    let keyring = Keyring::from_text(crate::MASTER_KEY, "the test").unwrap();
    let problem = Store::open("mysql://me:word@host/x", keyring.clone()).await;
    let problem = problem.unwrap_err().to_string();
    assert!(problem.contains("is no database address") && !problem.contains("word"));
    let nowhere = "postgres://postgres@localhost/x?host=/nonexistent";
    let problem = Store::open(nowhere, keyring).await.unwrap_err().to_string();
    assert_eq!(problem, "the database cannot be opened");
}
