//! The four dialects over HTTP: the platforms' own examples, errors, lists, keys, and one agent
//! through all of them.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

#[path = "dialects/deliveries.rs"]
mod deliveries;
#[path = "dialects/history.rs"]
mod history;
#[path = "dialects/own_models.rs"]
mod own_models;
#[path = "dialects/post_call.rs"]
mod post_call;
#[path = "dialects/pronunciations.rs"]
mod pronunciations;
#[path = "dialects/receiver.rs"]
mod receiver;
#[path = "dialects/server.rs"]
mod server;
#[path = "dialects/trillet.rs"]
mod trillet;
#[path = "dialects/wordcab.rs"]
mod wordcab;

use offhook_agent::{ModelId, ServedModels, StageModels};
use offhook_api::ApiSettings;
use offhook_store::{NewKey, Role};
use serde_json::{Value, json};
use server::{server, server_with};

const TRILLET: &str = include_str!("pages/trillet.json");
const ELEVENLABS: &str = include_str!("pages/elevenlabs.json");
const AGENTPHONE: &str = include_str!("pages/agentphone.json");
const AGENTPHONE_ANSWER: &str = include_str!("pages/agentphone-answer.json");

#[tokio::test]
async fn the_pages_own_examples_are_answered_in_their_shapes() {
    let server = server().await;
    let (status, agent) = server.ask("POST /v1/api/agents", TRILLET).await;
    assert_eq!(status, 200, "{agent}");
    let sent: Value = serde_json::from_str(TRILLET).unwrap();
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(&agent[field.as_str()], value, "{field}");
    }
    for field in ["_id", "workspaceId", "userId", "createdAt", "updatedAt"] {
        assert!(agent[field].is_string(), "{field}: {agent}");
    }
    assert_eq!(agent["status"], "ready");
    assert_eq!(agent["activeSessions"], json!([]));

    let (status, made) = server
        .ask("POST /v1/voiceai/agents/create", ELEVENLABS)
        .await;
    assert_eq!(status, 200, "{made}");
    let id = made["agent_id"].as_str().unwrap();
    let sent: Value = serde_json::from_str(ELEVENLABS).unwrap();
    let agent = server
        .done(&format!("GET /v1/convai/agents/{id}"), Value::Null)
        .await;
    assert_eq!(agent["conversation_config"], sent["conversation_config"]);
    assert_eq!(agent["agent_id"], id);

    let (status, agent) = server.ask("POST /agentphone/v1/agents", AGENTPHONE).await;
    assert_eq!(status, 200, "{agent}");
    let page: Value = serde_json::from_str(AGENTPHONE_ANSWER).unwrap();
    let names = |it: &Value| it.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&agent), names(&page));

    let body = json!({ "name": "A", "system_prompt": "Help.", "voice_id": "ember" });
    let agent = server.done("POST /wordcab/v1/agents", body).await;
    assert_eq!(agent["object"], "agent");
    assert!(agent["created"].is_i64());
    assert!(agent["id"].as_str().unwrap().starts_with("agent_"));
}

#[tokio::test]
async fn each_dialect_answers_errors_in_its_own_shape() {
    let server = server().await;
    let wrong = json!({ "name": 7 }).to_string();
    let (status, answer) = server.ask("POST /v1/api/agents", &wrong).await;
    assert_eq!(status, 400);
    assert_eq!(answer["errors"][0]["field"], "name");
    let (status, answer) = server.ask("POST /v1/convai/agents/create", &wrong).await;
    assert_eq!(status, 422);
    assert_eq!(answer["detail"][0]["loc"], json!(["body", "name"]));
    assert_eq!(answer["detail"][0]["type"], "string_type");
    let (status, answer) = server.ask("POST /api/v1/agents", &wrong).await;
    assert_eq!(status, 422);
    assert_eq!(answer["error"]["type"], "invalid_request_error");
    assert_eq!(answer["error"]["param"], "name");
    assert!(answer["error"]["request_id"].is_string());
    let (status, answer) = server.ask("POST /agentphone/v1/agents", &wrong).await;
    assert_eq!(status, 422);
    assert_eq!(answer["detail"][0]["loc"], json!(["body", "name"]));

    let (status, answer) = server.ask("GET /agentphone/v1/agents?limit=101", "").await;
    assert_eq!(status, 422);
    assert_eq!(answer["detail"][0]["loc"], json!(["query", "limit"]));
    for (line, place) in [
        ("GET /v1/api/agents/none", "/message"),
        ("GET /v1/convai/agents/none", "/detail/message"),
        ("GET /wordcab/v1/agents/none", "/error/message"),
        ("GET /agentphone/v1/agents/none", "/detail"),
    ] {
        let (status, answer) = server.ask(line, "").await;
        assert_eq!(status, 404, "{line}");
        assert!(
            answer.pointer(place).is_some_and(Value::is_string),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn an_agent_of_one_dialect_is_read_changed_and_deleted_in_the_others() {
    let server = server().await;
    let body = json!({
        "name": "Ann", "voiceMode": "hosted", "systemPrompt": "Help.", "voiceSpeed": 1.1,
        "enableMessaging": false, "x_own": { "kept": [1] }
    });
    let agent = server.done("POST /agentphone/v1/agents", body).await;
    let id = agent["id"].as_str().unwrap().to_owned();
    let own = format!("/agentphone/v1/agents/{id}");
    let change = json!({ "system_prompt": "Help {{who}}.", "interruption_threshold": 0.1 });
    let wordcab = server
        .done(&format!("PATCH /wordcab/v1/agents/{id}"), change)
        .await;
    assert_eq!(wordcab["system_prompt"], "Help {{who}}.");
    let change = json!({ "conversation_config": { "turn": { "turn_eagerness": "eager" } } });
    let line = format!("PATCH /v1/convai/agents/{id}");
    let elevenlabs = server.done(&line, change).await;
    let config = &elevenlabs["conversation_config"];
    assert_eq!(config["agent"]["prompt"]["prompt"], "Help {{who}}.");
    assert_eq!(config["turn"]["turn_eagerness"], "eager");
    let change = json!({ "settings": { "volume": 0.5 } });
    server
        .done(&format!("PUT /v1/api/agents/{id}"), change)
        .await;
    let after = server.done(&format!("GET {own}"), Value::Null).await;
    let mut expected = agent;
    expected["systemPrompt"] = json!("Help {{who}}.");
    expected["interruptionSensitivity"] = json!(0.9);
    assert_eq!(after, expected);
    let native = server
        .done(&format!("GET /offhook/v1/agents/{id}"), Value::Null)
        .await;
    assert_eq!(native["agent"]["eagerness"], "eager");
    assert_eq!(native["agent"]["voice"]["volume"], json!(0.5));
    assert_eq!(native["revision"], json!(4));
    server
        .done(&format!("DELETE /v1/api/agents/{id}"), Value::Null)
        .await;
    let (status, _) = server.ask(&format!("GET {own}"), "").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn every_dialect_pages_in_its_own_way() {
    let server = server().await;
    for number in 0..5 {
        let body = json!({ "name": format!("Agent {number}") });
        server.done("POST /agentphone/v1/agents", body).await;
    }
    let list = |line: &'static str| server.done(line, Value::Null);
    let page = list("GET /agentphone/v1/agents?limit=2&offset=2").await;
    assert_eq!(
        (&page["total"], &page["hasMore"]),
        (&json!(5), &json!(true))
    );
    assert_eq!(page["data"][0]["name"], "Agent 2");
    let page = list("GET /wordcab/v1/agents?limit=3").await;
    assert_eq!(page["data"].as_array().unwrap().len(), 3);
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let line = format!("GET /wordcab/v1/agents?limit=3&cursor={cursor}");
    let rest = server.done(&line, Value::Null).await;
    assert_eq!(rest["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&rest["has_more"], &rest["next_cursor"]),
        (&json!(false), &Value::Null)
    );
    let page = list("GET /v1/convai/agents?page_size=2&search=agent").await;
    assert_eq!(page["agents"][0]["name"], "Agent 4");
    assert_eq!(page["has_more"], json!(true));
    let all = list("GET /v1/api/agents").await;
    assert_eq!(all.as_array().unwrap().len(), 5);
    let page = list("GET /v1/api/agents?page=3&limit=2").await;
    assert_eq!(page[0]["name"], "Agent 0");
}

#[tokio::test]
async fn keys_open_their_own_workspace_by_each_dialects_header() {
    let server = server().await;
    let mut keys = Vec::new();
    for (name, dialect) in [("one", "wordcab"), ("two", "agentphone")] {
        let workspace = server.store.create_workspace(name).await.unwrap();
        let key = NewKey {
            workspace: workspace.id.clone(),
            dialect: Some(dialect.to_owned()),
            role: Role::Editor,
        };
        let key = server.store.create_key(key).await.unwrap();
        keys.push((
            workspace.id.as_str().to_owned(),
            key.key.expose().to_owned(),
        ));
    }
    let ((one, wordcab), (two, agentphone)) = (&keys[0], &keys[1]);
    let bearer = |key: &str| format!("Bearer {key}");
    let (wordcab_bearer, agentphone_bearer) = (bearer(wordcab), bearer(agentphone));
    let body = json!({ "name": "A", "system_prompt": "Help.", "voice_id": "ember" });
    let auth = [("authorization", wordcab_bearer.as_str())];
    let (status, agent) = server
        .ask_with("POST /v1/agents", &auth, &body.to_string())
        .await;
    assert_eq!((status.as_u16(), &agent["object"]), (200, &json!("agent")));
    let id = agent["id"].as_str().unwrap();
    let line = format!("GET /v1/agents/{id}");
    let foreign = [("authorization", agentphone_bearer.as_str())];
    let (status, answer) = server.ask_with(&line, &foreign, "").await;
    assert_eq!((status.as_u16(), answer["detail"].is_string()), (404, true));
    for header in ["xi-api-key", "x-api-key"] {
        let line = format!("GET /v1/convai/agents/{id}");
        let (status, _) = server.ask_with(&line, &[(header, wordcab)], "").await;
        assert_eq!(status, 200, "{header}");
    }
    let line = format!("GET /v1/api/agents/{id}");
    for (named, expected) in [(Some(one), 200), (Some(two), 403), (None, 400)] {
        let mut headers = vec![("x-api-key", wordcab.as_str())];
        headers.extend(named.map(|named| ("x-workspace-id", named.as_str())));
        let (status, _) = server.ask_with(&line, &headers, "").await;
        assert_eq!(status.as_u16(), expected, "{named:?}");
    }
    for line in [
        "GET /v1/api/agents",
        "GET /v1/convai/agents",
        "GET /wordcab/v1/agents",
        "GET /agentphone/v1/agents",
    ] {
        assert_eq!(server.ask(line, "").await.0, 401, "{line}");
    }
}

#[tokio::test]
async fn a_key_of_the_callers_own_is_kept_sealed_and_shown_sealed() {
    let server = server().await;
    let body = json!({
        "name": "A",
        "ttsModel": {
            "provider": "11labs_byo", "voiceId": "x", "language": "en",
            "elevenLabsApiKey": "sk_plain"
        },
        "llmModel": "gpt-4o"
    });
    let agent = server.done("POST /v1/api/agents", body).await;
    let sealed = agent["ttsModel"]["elevenLabsApiKey"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!agent.to_string().contains("sk_plain"));
    let id = agent["_id"].as_str().unwrap();
    let line = format!("PUT /v1/api/agents/{id}");
    let again = server.done(&line, agent.clone()).await;
    assert_eq!(again["ttsModel"]["elevenLabsApiKey"], json!(sealed));
    let change = json!({ "ttsModel": { "elevenLabsApiKey": "sk_other" } });
    let changed = server.done(&line, change).await;
    assert_ne!(changed["ttsModel"]["elevenLabsApiKey"], json!(sealed));
    let native = server
        .done(&format!("GET /offhook/v1/agents/{id}"), Value::Null)
        .await;
    assert!(!native.to_string().contains("sk_"));
}

#[tokio::test]
async fn a_call_flow_gives_its_agent_the_prompt() {
    let server = server().await;
    let agent: Value = serde_json::from_str(TRILLET).unwrap();
    let agent = server.done("POST /v1/api/agents", agent).await;
    let id = agent["_id"].as_str().unwrap();
    let flow = json!({
        "name": "Bookings", "agentId": id, "prompt": "You book tables for {{place}}.",
        "welcomeMessage": "ai_custom", "customWelcomeMessage": "Hi, {{place}} here.",
        "settings": { "callSetting": { "maxCallDuration": 300, "endCallOnSilence": 10 } }
    });
    let flow = server.done("POST /v1/api/call-flows", flow).await;
    let flow_line = format!("/v1/api/call-flows/{}", flow["_id"].as_str().unwrap());
    let native = format!("GET /offhook/v1/agents/{id}");
    let stored = server.done(&native, Value::Null).await;
    let document = &stored["agent"];
    assert_eq!(document["prompt"], "You book tables for {{place}}.");
    assert_eq!(document["first_message"], "Hi, {{place}} here.");
    assert_eq!(document["variables"], json!({ "place": "" }));
    assert_eq!(document["call_duration_max"], "300s");
    assert_eq!(document["silence"]["hang_up_after"], "10s");
    let change = json!({ "system_prompt": "You sell flowers." });
    server
        .done(&format!("PATCH /wordcab/v1/agents/{id}"), change)
        .await;
    let shown = server.done(&format!("GET {flow_line}"), Value::Null).await;
    assert_eq!(shown["prompt"], "You sell flowers.");
    assert_eq!(shown["customWelcomeMessage"], "Hi, {{place}} here.");
    let change = json!({ "prompt": "You fix bicycles." });
    server.done(&format!("PUT {flow_line}"), change).await;
    let stored = server.done(&native, Value::Null).await;
    assert_eq!(stored["agent"]["prompt"], "You fix bicycles.");
    server
        .done(&format!("DELETE {flow_line}"), Value::Null)
        .await;
}

#[tokio::test]
async fn a_duplicate_has_all_documents_and_a_name_of_its_own() {
    let server = server().await;
    let body = json!({ "name": "Ann", "voiceMode": "hosted", "systemPrompt": "Help.", "x": 1 });
    let agent = server.done("POST /agentphone/v1/agents", body).await;
    let id = agent["id"].as_str().unwrap();
    let line = format!("POST /v1/convai/agents/{id}/duplicate");
    let copy = server.done(&line, json!({ "name": "Bea" })).await;
    let copy = copy["agent_id"].as_str().unwrap();
    assert_ne!(copy, id);
    let copy = server
        .done(&format!("GET /agentphone/v1/agents/{copy}"), Value::Null)
        .await;
    let facts = (&copy["name"], &copy["systemPrompt"], &copy["x"]);
    assert_eq!(facts, (&json!("Bea"), &json!("Help."), &json!(1)));
}

#[tokio::test]
async fn objects_beside_agents_are_made_found_and_deleted() {
    let server = server().await;
    let tool = json!({ "tool_config": { "type": "webhook", "name": "book" } });
    let tool = server.done("POST /v1/convai/tools", tool).await;
    let line = format!("/v1/convai/tools/{}", tool["id"].as_str().unwrap());
    let change = json!({ "tool_config": { "description": "Books." } });
    let tool = server.done(&format!("PATCH {line}"), change).await;
    assert_eq!(tool["tool_config"]["name"], "book");
    assert_eq!(tool["tool_config"]["description"], "Books.");
    server.done(&format!("DELETE {line}"), Value::Null).await;
    assert_eq!(server.ask(&format!("GET {line}"), "").await.0, 404);

    let secret = json!({ "type": "new", "name": "crm", "value": "hush" });
    let secret = server.done("POST /v1/convai/secrets", secret).await;
    let secrets = server.done("GET /v1/convai/secrets", Value::Null).await;
    assert_eq!(secrets["secrets"][0]["secret_id"], secret["secret_id"]);
    assert!(!secrets.to_string().contains("hush"));

    let agent = server
        .done("POST /agentphone/v1/agents", json!({ "name": "A" }))
        .await;
    let id = agent["id"].as_str().unwrap();
    let number = json!({ "phoneNumber": "+14155550100" });
    let number = server.done("POST /agentphone/v1/numbers", number).await;
    let attach = json!({ "numberId": number["id"] });
    let line = format!("POST /agentphone/v1/agents/{id}/numbers");
    let attached = server.done(&line, attach).await;
    assert_eq!(attached["number"]["agentId"], json!(id));
    let agent = server
        .done(&format!("GET /agentphone/v1/agents/{id}"), Value::Null)
        .await;
    assert_eq!(agent["numbers"][0]["phoneNumber"], "+14155550100");

    let none = server
        .done("GET /agentphone/v1/webhooks", Value::Null)
        .await;
    assert_eq!(none, Value::Null);
    let hook = json!({ "url": "https://hooks.test/a", "contextLimit": 5 });
    let hook = server.done("POST /agentphone/v1/webhooks", hook).await;
    let found = server
        .done("GET /agentphone/v1/webhooks", Value::Null)
        .await;
    assert_eq!(found, hook);
    assert_eq!(hook["timeout"], json!(30));
    assert!(hook["secret"].as_str().unwrap().starts_with("whsec_"));

    let hook = json!({ "url": "https://hooks.test/b", "events": ["call.started"] });
    let hook = server.done("POST /wordcab/v1/webhooks", hook).await;
    assert!(hook["secret"].is_string());
    let line = format!("GET /wordcab/v1/webhooks/{}", hook["id"].as_str().unwrap());
    let found = server.done(&line, Value::Null).await;
    assert!(found["secret"].is_null());
    let voices = server.done("GET /wordcab/v1/voices", Value::Null).await;
    assert_eq!(voices["data"][0]["id"], "ember");
    let voices = server
        .done("GET /agentphone/v1/agents/voices", Value::Null)
        .await;
    assert!(voices["data"][0]["voice_id"].is_string());
}

#[tokio::test]
async fn parallel_changes_in_two_dialects_lose_nothing() {
    let server = server().await;
    let agent = server
        .done("POST /agentphone/v1/agents", json!({ "name": "A" }))
        .await;
    let id = agent["id"].as_str().unwrap().to_owned();
    let changes = (0..20).map(|number| {
        let server = &server;
        let id = &id;
        async move {
            if number % 2 == 0 {
                let body = json!({ format!("x_{number}"): number });
                server
                    .done(&format!("PATCH /agentphone/v1/agents/{id}"), body)
                    .await;
            } else {
                let body = json!({ format!("y_{number}"): number });
                server
                    .done(&format!("PATCH /wordcab/v1/agents/{id}"), body)
                    .await;
            }
        }
    });
    futures::future::join_all(changes).await;
    let phone = server
        .done(&format!("GET /agentphone/v1/agents/{id}"), Value::Null)
        .await;
    let cab = server
        .done(&format!("GET /wordcab/v1/agents/{id}"), Value::Null)
        .await;
    for number in (0..20).step_by(2) {
        assert_eq!(phone[format!("x_{number}")], json!(number));
        let number = number + 1;
        assert_eq!(cab[format!("y_{number}")], json!(number));
    }
}

#[tokio::test]
async fn a_status_names_what_serves_and_speaks_in_the_place_of_what_was_named() {
    let served = ServedModels {
        voice: StageModels::local(ModelId::Local("hibari".into())),
        ..ServedModels::default()
    };
    let server = server_with(ApiSettings {
        served,
        is_loopback: true,
        ..ApiSettings::default()
    })
    .await;
    let voice = json!({ "provider": "rime", "voiceId": "mistv2_Brook" });
    let agent = json!({ "name": "Ava", "ttsModel": voice, "llmModel": "gpt-4o" });
    let agent = server.done("POST /v1/api/agents", agent).await;
    assert_eq!(agent["status"], "ready");
    let reason = agent["statusReason"].as_str().unwrap();
    assert!(reason.contains("answered by gpt-4o"), "{reason}");
    assert!(
        reason.contains("spoken by local/hibari as heart-low"),
        "{reason}"
    );
}
