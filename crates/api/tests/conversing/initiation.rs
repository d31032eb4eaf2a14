//! Conversations whose agent asks a webhook how they begin.

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use offhook_api::ApiSettings;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::stage::{Stage, closed, told, within};

/// A webhook on this machine that answers so, and what it is asked.
async fn webhook(answer: &'static str) -> (String, mpsc::Receiver<(HeaderMap, Value)>) {
    let (sender, asked) = mpsc::channel(9);
    let route = post(move |headers: HeaderMap, body: String| async move {
        let body = serde_json::from_str(&body).unwrap();
        sender.send((headers, body)).await.unwrap();
        answer
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/begin", listener.local_addr().unwrap());
    let routes = Router::new().route("/begin", route);
    tokio::spawn(axum::serve(listener, routes).into_future());
    (url, asked)
}

async fn stage(allows_private_webhooks: bool) -> Stage {
    Stage::with(ApiSettings {
        allows_private_webhooks,
        ..ApiSettings::default()
    })
    .await
}

async fn agent(stage: &Stage, is_asked: bool, webhook: Value) -> String {
    stage
        .agent_of(json!({
            "conversation_config": { "agent": {
                "first_message": "Hello {{name}}.",
                "dynamic_variables": { "dynamic_variable_placeholders": { "name": "you" } }
            } },
            "platform_settings": {
                "overrides": {
                    "enable_conversation_initiation_client_data_from_webhook": is_asked,
                    "conversation_config_override": { "agent": { "first_message": true } }
                },
                "workspace_overrides": { "conversation_initiation_client_data_webhook": webhook }
            }
        }))
        .await
}

#[tokio::test]
async fn a_webhook_says_how_a_conversation_begins() {
    let stage = stage(true).await;
    let answer = r#"{ "dynamic_variables": { "name": "Ann" } }"#;
    let (url, mut asked) = webhook(answer).await;
    let secret = stage
        .done(
            "secrets",
            json!({ "type": "new", "name": "hook", "value": "open" }),
        )
        .await;
    let own = json!({
        "url": url,
        "request_headers": { "x-shop": "7", "authorization": { "secret_id": secret["secret_id"] } }
    });
    for (is_asked, greeting) in [(true, "Hello Ann."), (false, "Hello you.")] {
        let agent = agent(&stage, is_asked, own.clone()).await;
        let mut socket = stage.socket(&agent, json!({})).await;
        let hello = told(&mut socket, "agent_response").await;
        assert_eq!(hello["agent_response_event"]["agent_response"], greeting);
        if is_asked {
            let (headers, body) = within(asked.recv()).await.unwrap();
            assert_eq!(body["agent_id"], agent);
            assert_eq!(headers["x-shop"], "7");
            assert_eq!(headers["authorization"], "open");
        } else {
            assert!(asked.try_recv().is_err());
        }
    }
    // Where the agent names none, the workspace's is asked.
    let shared = json!({ "conversation_initiation_client_data_webhook": { "url": url } });
    stage.patched("settings", shared).await;
    let agent = agent(&stage, true, Value::Null).await;
    let mut socket = stage.socket(&agent, json!({})).await;
    let hello = told(&mut socket, "agent_response").await;
    assert_eq!(
        hello["agent_response_event"]["agent_response"],
        "Hello Ann."
    );
}

#[tokio::test]
async fn a_webhook_sets_what_the_agent_allows() {
    let stage = stage(true).await;
    let allowed = r#"{ "conversation_config_override": { "agent": { "first_message": "Hi." } } }"#;
    let (url, _asked) = webhook(allowed).await;
    let agent_id = agent(&stage, true, json!({ "url": url })).await;
    let mut socket = stage.socket(&agent_id, json!({})).await;
    let hello = told(&mut socket, "agent_response").await;
    assert_eq!(hello["agent_response_event"]["agent_response"], "Hi.");
    let more = r#"{ "conversation_config_override": { "agent": { "language": "de" } } }"#;
    let (url, _asked) = webhook(more).await;
    let agent_id = agent(&stage, true, json!({ "url": url })).await;
    let mut socket = stage.socket(&agent_id, json!({})).await;
    let reason = "this agent does not allow to override agent.language";
    assert_eq!(closed(&mut socket).await, (1008, reason.to_owned()));
}

#[tokio::test]
async fn without_its_webhook_no_conversation_begins() {
    let open = stage(true).await;
    let (url, _asked) = webhook("thanks").await;
    let shut = stage(false).await;
    for (stage, webhook, named) in [
        (&open, json!({ "url": url }), "its answer is no JSON"),
        (&open, Value::Null, "none is set"),
        (
            &open,
            json!({ "url": format!("{url}/none") }),
            "it answered 404",
        ),
        (
            &open,
            json!({ "url": url, "request_headers": { "a": { "secret_id": "none" } } }),
            "the secret of its header a is gone",
        ),
        (&shut, json!({ "url": url }), "https"),
        (
            &shut,
            json!({ "url": "https://10.0.0.1/" }),
            "public address",
        ),
    ] {
        let agent = agent(stage, true, webhook).await;
        let mut socket = stage.socket(&agent, json!({})).await;
        let (code, reason) = closed(&mut socket).await;
        assert_eq!(code, 1011, "{reason}");
        assert!(reason.contains(named), "{reason}");
    }
}
