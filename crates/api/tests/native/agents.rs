//! Agents: made, read, listed, changed, deleted.

use offhook_agent::{ModelId, ServedModels, StageModels};
use offhook_api::ApiSettings;
use offhook_store::Role;
use serde_json::{Value, json};

use crate::server::{Server, document};

#[tokio::test]
async fn an_agent_is_made_read_changed_and_deleted() {
    let server = Server::new().await;
    let made = server.send("POST", "/agents", document("Ann")).await;
    assert_eq!((made.status, made.header("etag")), (201, "\"1\""));
    let id = made.body["id"].as_str().unwrap();
    let path = format!("/agents/{id}");
    assert_eq!(made.header("location"), format!("/offhook/v1{path}"));
    assert_eq!(made.body["agent"], document("Ann"));
    assert_eq!(made.body["dialects"], json!([]));

    let read = server.send("GET", &path, Value::Null).await;
    assert_eq!(
        (read.status, read.header("etag"), &read.body),
        (200, "\"1\"", &made.body)
    );

    let read_one = [("if-match", "\"1\"")];
    let replaced = server
        .send_with("PUT", &path, &read_one, document("Bea"))
        .await;
    assert_eq!((replaced.status, replaced.header("etag")), (200, "\"2\""));
    assert_eq!(replaced.body["agent"], document("Bea"));
    assert_eq!(replaced.body["created_at_ms"], made.body["created_at_ms"]);

    let change = json!({ "temperature": 0.2, "variables": null, "prompt": "Help." });
    let changed = server.send("PATCH", &path, change).await;
    assert_eq!((changed.status, changed.header("etag")), (200, "\"3\""));
    let expected = json!({ "name": "Bea", "prompt": "Help.", "temperature": 0.2 });
    assert_eq!(changed.body["agent"], expected);

    let revisions = server
        .send("GET", &format!("{path}/revisions"), Value::Null)
        .await;
    let numbers = revisions.body["revisions"].as_array().unwrap().iter();
    let numbers: Vec<_> = numbers.map(|it| it["revision"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [3, 2, 1]);
    let second = server
        .send("GET", &format!("{path}/revisions/2"), Value::Null)
        .await;
    assert_eq!(
        (second.status, &second.body["agent"]),
        (200, &document("Bea"))
    );
    for unknown in ["4", "0", "x"] {
        let path = format!("{path}/revisions/{unknown}");
        let answer = server.send("GET", &path, Value::Null).await;
        assert_eq!(answer.refusal(), (404, "not_found"));
    }

    let deleted = server.send("DELETE", &path, Value::Null).await;
    assert_eq!((deleted.status, &deleted.body), (204, &Value::Null));
    for (method, body) in [
        ("GET", Value::Null),
        ("PATCH", json!({})),
        ("PUT", document("Ann")),
        ("DELETE", Value::Null),
    ] {
        let answer = server
            .send_with(method, &path, &[("if-match", "*")], body)
            .await;
        assert_eq!(answer.refusal(), (404, "not_found"), "{method}");
    }
}

#[tokio::test]
async fn a_writer_who_has_read_another_revision_is_told() {
    let server = Server::new().await;
    let path = format!("/agents/{}", server.agent("Ann").await);
    let bare = server.send("PUT", &path, document("Bea")).await;
    assert_eq!(bare.refusal(), (428, "precondition_required"));
    server
        .send("PATCH", &path, json!({ "temperature": 1 }))
        .await;
    let stale = [("if-match", "\"1\"")];
    for (method, body) in [
        ("PUT", document("Bea")),
        ("PATCH", json!({ "name": "Bea" })),
        ("DELETE", Value::Null),
    ] {
        let answer = server.send_with(method, &path, &stale, body).await;
        assert_eq!(answer.refusal(), (412, "revision_conflict"), "{method}");
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert!(message.contains("at revision 2 now, not at 1"), "{message}");
    }
    let answer = server
        .send_with("DELETE", &path, &[("if-match", "2")], Value::Null)
        .await;
    assert_eq!(answer.refusal(), (400, "malformed"));
    let any = server
        .send_with("PUT", &path, &[("if-match", "*")], document("Bea"))
        .await;
    assert_eq!((any.status, any.header("etag")), (200, "\"3\""));
    let fresh = server
        .send_with("DELETE", &path, &[("if-match", "\"3\"")], Value::Null)
        .await;
    assert_eq!(fresh.status, 204);
}

#[tokio::test]
async fn all_problems_of_a_document_come_at_once_with_their_paths() {
    let served = ServedModels {
        voice: StageModels::local(ModelId::Local("hibari".into())),
        ..ServedModels::default()
    };
    let server = Server::with(ApiSettings {
        served,
        ..ApiSettings::default()
    })
    .await;
    let document = json!({
        "name": "",
        "temperature": 3,
        "eagernes": "patient",
        "silence": { "reprompts": [1] },
        "models": { "voice": "local/parrot" },
    });
    let answer = server.send("POST", "/agents", document).await;
    assert_eq!(answer.refusal(), (422, "invalid"));
    let problems = answer.body["error"]["problems"].as_array().unwrap();
    let mut paths: Vec<&str> = problems
        .iter()
        .map(|it| it["path"].as_str().unwrap())
        .collect();
    paths.sort_unstable();
    let expected = [
        "eagernes",
        "models.voice",
        "name",
        "prompt",
        "silence.reprompts[0]",
        "temperature",
    ];
    assert_eq!(paths, expected);
    let id = server.agent("Ann").await;
    let change = json!({ "prompt": null, "temperature": "hot" });
    let answer = server.send("PATCH", &format!("/agents/{id}"), change).await;
    assert_eq!(answer.refusal(), (422, "invalid"));
    assert_eq!(
        answer.body["error"]["problems"].as_array().unwrap().len(),
        2
    );
    let unchanged = server
        .send("GET", &format!("/agents/{id}"), Value::Null)
        .await;
    assert_eq!(unchanged.body["revision"], 1);
}

#[tokio::test]
async fn agents_are_listed_by_page_and_by_name() {
    let server = Server::new().await;
    for name in ["Front desk", "Back desk", "Billing"] {
        server.agent(name).await;
    }
    let names = async |query: &str| {
        let answer = server
            .send("GET", &format!("/agents{query}"), Value::Null)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let agents = answer.body["agents"].as_array().unwrap().iter();
        let mut names: Vec<String> = agents
            .map(|it| it["agent"]["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        (
            names,
            answer.body["total"].as_u64().unwrap(),
            answer.body["next_cursor"].clone(),
        )
    };
    assert_eq!(names("").await.1, 3);
    assert_eq!(names("?search=DESK").await.0, ["Back desk", "Front desk"]);
    assert_eq!(names("?search=front%20d").await.0, ["Front desk"]);
    let (first, _, next) = names("?limit=2").await;
    let next = next.as_str().unwrap().to_owned();
    let (second, total, end) = names(&format!("?limit=2&cursor={next}")).await;
    assert_eq!((second.len(), total, end), (1, 3, Value::Null));
    assert!(!first.contains(&second[0]));
    for (query, path) in [
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?cursor=first", "cursor"),
        ("?page=2", "page"),
    ] {
        let answer = server
            .send("GET", &format!("/agents{query}"), Value::Null)
            .await;
        assert_eq!(answer.refusal(), (422, "invalid"), "{query}");
        assert_eq!(answer.body["error"]["problems"][0]["path"], path);
    }
}

#[tokio::test]
async fn an_agent_of_another_workspace_is_not_found() {
    let server = Server::new().await;
    let path = format!("/agents/{}", server.agent("Ann").await);
    let other = format!("Bearer {}", server.new_key("other", Role::Editor).await);
    let headers = [("authorization", other.as_str()), ("if-match", "*")];
    for (method, path, body) in [
        ("GET", path.clone(), Value::Null),
        ("PUT", path.clone(), document("Eve")),
        ("PATCH", path.clone(), json!({ "name": "Eve" })),
        ("DELETE", path.clone(), Value::Null),
        ("GET", format!("{path}/revisions"), Value::Null),
        ("GET", format!("{path}/revisions/1"), Value::Null),
    ] {
        let answer = server.send_with(method, &path, &headers, body).await;
        assert_eq!(answer.refusal(), (404, "not_found"), "{method} {path}");
    }
    let list = server
        .send_with("GET", "/agents", &headers, Value::Null)
        .await;
    assert_eq!((list.status, &list.body["total"]), (200, &json!(0)));
    let ours = server.send("GET", &path, Value::Null).await;
    assert_eq!(
        (ours.status, &ours.body["agent"]["name"]),
        (200, &json!("Ann"))
    );
}
