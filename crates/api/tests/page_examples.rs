//! What the platforms' pages print, sent by `curl` to a server on a socket: byte for byte but for the
//! address and the key. Every field that a page prints of the answer is there, and says what was sent.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

use offhook_api::{Api, ApiSettings, router};
use offhook_store::{NewKey, Role, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

const TRILLET: &str = include_str!("pages/trillet.json");
const ELEVENLABS: &str = include_str!("pages/elevenlabs.json");
const WORDCAB_ANSWER: &str = include_str!("pages/wordcab-answer.txt");

/// A server on a socket, and a key for one dialect.
struct Server {
    address: String,
    key: String,
    workspace: String,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Server {
    async fn of(dialect: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_in(folder.path(), None).await.unwrap();
        let workspace = store.create_workspace("one").await.unwrap().id;
        let key = NewKey {
            workspace: workspace.clone(),
            dialect: Some(dialect.to_owned()),
            role: Role::Editor,
        };
        let key = store.create_key(key).await.unwrap().key;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let routes = router(Api::new(store, ApiSettings::default()));
        Self {
            address,
            key: key.expose().to_owned(),
            workspace: workspace.as_str().to_owned(),
            task: tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() }),
            _folder: folder,
        }
    }

    /// Runs a command line as it is printed, with this server's address and key in their places:
    /// the answer's status, its headers in lower case, its body.
    async fn run(&self, printed: &str) -> (u16, String, Value) {
        let line = printed
            .replace("<base>", &self.address)
            .replace("<api-key>", &self.key)
            .replace("<workspace>", &self.workspace);
        // What is printed is a shell's; the switches that show the answer come before.
        let line = line.replacen(
            "curl ",
            "curl --silent --show-error --include --http1.1 ",
            1,
        );
        let run = Command::new("sh").args(["-c", &line]).output().await;
        let run = run.unwrap();
        let told = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "curl (.ci/setup test has it): {told}");
        let text = String::from_utf8(run.stdout).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = serde_json::from_str(body).unwrap_or_default();
        (status, head.to_ascii_lowercase(), body)
    }

    async fn answered(&self, printed: &str) -> Value {
        let (status, _, body) = self.run(printed).await;
        assert_eq!(status, 200, "{printed}: {body}");
        body
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Every field that was sent is answered as it was sent.
fn says_what_was_sent(answer: &Value, sent: &Value) {
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(&answer[field.as_str()], value, "{field}");
    }
}

fn is_moment(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == "2024-01-15T09:30:00.000Z".len() && text.ends_with('Z')
}

/// The page prints method, address, two headers and a body.
fn trillet(method: &str, path: &str, body: Option<&str>) -> String {
    let mut line = format!(
        "curl --request {method} '<base>{path}' --header 'x-api-key: <api-key>' \
         --header 'x-workspace-id: <workspace>'"
    );
    if let Some(body) = body {
        line.push_str(" --header 'Content-Type: application/json' --data-binary '");
        line.push_str(body);
        line.push('\'');
    }
    line
}

#[tokio::test]
async fn the_page_of_trillet() {
    let server = Server::of("trillet").await;
    let made = trillet("POST", "/v1/api/agents", Some(TRILLET));
    let agent = server.answered(&made).await;
    says_what_was_sent(&agent, &serde_json::from_str(TRILLET).unwrap());
    assert!(agent["_id"].as_str().unwrap().starts_with("agent_"));
    assert_eq!(agent["workspaceId"], json!(server.workspace));
    assert!(agent["userId"].is_string());
    assert_eq!(agent["phoneNumberIds"], json!([]));
    assert_eq!(agent["activeSessions"], json!([]));
    assert_eq!(agent["status"], "ready");
    assert_eq!(agent.get("currentNode"), Some(&Value::Null));
    assert_eq!(agent["variables"], json!({}));
    assert!(is_moment(&agent["createdAt"]) && is_moment(&agent["updatedAt"]));
    assert!(agent["ttsModel"].get("elevenLabsApiKey").is_none());

    let own = format!("/v1/api/agents/{}", agent["_id"].as_str().unwrap());
    assert_eq!(server.answered(&trillet("GET", &own, None)).await, agent);
    // What the page says of fields that its example leaves out.
    let mut byo: Value = serde_json::from_str(TRILLET).unwrap();
    byo["ttsModel"]["provider"] = json!("11labs_byo");
    let line = trillet("POST", "/v1/api/agents", Some(&byo.to_string()));
    let (status, _, refused) = server.run(&line).await;
    assert_eq!((status, &refused["status"]), (400, &json!("error")));
    assert_eq!(refused["errors"][0]["field"], "ttsModel.elevenLabsApiKey");
    byo["ttsModel"]["elevenLabsApiKey"] = json!("sk_plain");
    let line = trillet("POST", "/v1/api/agents", Some(&byo.to_string()));
    let agent = server.answered(&line).await;
    let sealed = agent["ttsModel"]["elevenLabsApiKey"].as_str().unwrap();
    assert!(sealed.len() > 32 && !sealed.contains("plain"));
    let gone = server.answered(&trillet("DELETE", &own, None)).await;
    assert_eq!(gone["success"], json!(true));
    let (status, _, _) = server.run(&trillet("GET", &own, None)).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn the_page_of_threetone() {
    let server = Server::of("elevenlabs").await;
    let body = ELEVENLABS.trim_end();
    let printed = format!(
        "curl --request POST \\\n--url <base>/v1/voiceai/agents/create \\\n\
         --header 'Content-Type: application/json' \\\n--header 'x-api-key: <api-key>' \\\n\
         --data '\n{body}\n'"
    );
    let made = server.answered(&printed).await;
    let fields: Vec<_> = made.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["agent_id"]);
    assert!(made["agent_id"].as_str().unwrap().starts_with("agent_"));
}

/// The page prints method, address and the object.
fn wordcab(method: &str, path: &str, body: Option<&str>) -> String {
    let mut line = format!(
        "curl --request {method} '<base>{path}' --header 'Authorization: Bearer <api-key>'"
    );
    if let Some(body) = body {
        line.push_str(" --header 'Content-Type: application/json' --data-binary '");
        line.push_str(body);
        line.push('\'');
    }
    line
}

/// The page's object with a tool where the page has three dots, and what the page says is required
/// with tools.
fn printed_agent() -> String {
    let tool = r#"{"type": "function", "function": {"name": "book", "parameters": {}}}"#;
    let printed = WORDCAB_ANSWER.replace("{...}", tool);
    printed.replacen(
        "{\n",
        "{\n  \"tool_url\": \"https://hooks.test/tools\",\n",
        1,
    )
}

#[tokio::test]
async fn the_page_of_wordcab() {
    let server = Server::of("wordcab").await;
    let printed = printed_agent();
    let line = wordcab("POST", "/v1/agents", Some(&printed));
    let (status, head, agent) = server.run(&line).await;
    assert_eq!(status, 200, "{agent}");
    for header in [
        "x-request-id",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ] {
        assert!(head.contains(&format!("\n{header}: ")), "{head}");
    }
    let mut sent: Value = serde_json::from_str(&printed).unwrap();
    let fields = sent.as_object_mut().unwrap();
    // These are the server's to say.
    fields.retain(|field, _| !matches!(field.as_str(), "id" | "created"));
    says_what_was_sent(&agent, &sent);
    let id = agent["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("agent_"));
    assert!(agent["created"].as_i64().unwrap() > 1_712_345_678);
    assert_eq!(agent["metadata"], json!({}));

    let own = format!("/v1/agents/{id}");
    assert_eq!(server.answered(&wordcab("GET", &own, None)).await, agent);
    let list = server.answered(&wordcab("GET", "/v1/agents", None)).await;
    let expected = json!({
        "object": "list", "data": [agent], "has_more": false, "next_cursor": null
    });
    assert_eq!(list, expected);
    let change = r#"{"interruption_threshold": 0.25}"#;
    let changed = server.answered(&wordcab("PATCH", &own, Some(change))).await;
    let mut expected = agent.clone();
    expected["interruption_threshold"] = json!(0.25);
    assert_eq!(changed, expected);
    let query = "limit=5&status=completed&created_after=1712345678&created_before=1912345678";
    let calls = wordcab("GET", &format!("{own}/calls?{query}"), None);
    assert_eq!(server.answered(&calls).await["data"], json!([]));
    let gone = server.answered(&wordcab("DELETE", &own, None)).await;
    assert_eq!(
        gone,
        json!({ "id": id, "object": "agent", "deleted": true })
    );
    let (status, _, refused) = server.run(&wordcab("GET", &own, None)).await;
    assert_eq!(status, 404);
    assert_eq!(refused["error"]["type"], "not_found_error");
}

#[tokio::test]
async fn what_the_page_of_wordcab_says_is_needed_and_allowed_holds() {
    let server = Server::of("wordcab").await;
    for (body, param) in [
        (
            json!({ "system_prompt": "Help.", "voice_id": "ember" }),
            "name",
        ),
        (json!({ "name": "A", "voice_id": "ember" }), "system_prompt"),
        (json!({ "name": "A", "system_prompt": "Help." }), "voice_id"),
        (
            json!({
                "name": "A", "system_prompt": "Help.", "voice_id": "ember",
                "tools": [{ "type": "function", "function": { "name": "book" } }]
            }),
            "tool_url",
        ),
    ] {
        let line = wordcab("POST", "/v1/agents", Some(&body.to_string()));
        let (status, head, refused) = server.run(&line).await;
        let error = &refused["error"];
        assert_eq!((status, &error["param"]), (422, &json!(param)), "{refused}");
        assert_eq!(error["type"], "invalid_request_error");
        assert_eq!(error["code"], "parameter_missing");
        assert!(error["message"].as_str().unwrap().contains(param));
        let request = error["request_id"].as_str().unwrap();
        assert!(head.contains(&format!("x-request-id: {request}")), "{head}");
    }
    // A write that is sent again is done once.
    let body = r#"{"name": "A", "system_prompt": "Help.", "voice_id": "ember"}"#;
    let line = wordcab("POST", "/v1/agents", Some(body)) + " --header 'Idempotency-Key: once'";
    let first = server.answered(&line).await;
    assert_eq!(server.answered(&line).await, first);
    let list = server.answered(&wordcab("GET", "/v1/agents", None)).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}
