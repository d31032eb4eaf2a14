//! Many clients at once.

use std::sync::Arc;

use offhook_api::ApiSettings;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_patches_none_is_lost() {
    let settings = ApiSettings {
        burst: 1000,
        ..ApiSettings::default()
    };
    let server = Arc::new(Server::with(settings).await);
    let document = json!({ "name": "Ann", "prompt": "Help." });
    let made = server.send("POST", "/agents", document).await;
    let path = format!("/agents/{}", made.body["id"].as_str().unwrap());
    let mut clients = JoinSet::new();
    for number in 0..100 {
        let (server, path) = (server.clone(), path.clone());
        clients.spawn(async move {
            let change = json!({ "variables": { format!("client_{number}"): number } });
            server.send("PATCH", &path, change).await.status
        });
    }
    assert!(clients.join_all().await.iter().all(|status| *status == 200));
    let agent = server.send("GET", &path, Value::Null).await.body;
    assert_eq!(agent["revision"], 101);
    for number in 0..100 {
        assert_eq!(
            agent["agent"]["variables"][format!("client_{number}")],
            number
        );
    }
}
