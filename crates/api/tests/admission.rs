//! Who may begin a conversation over ElevenLabs' WebSocket, and how it begins.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something is not as it must be"
)]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Request, Uri};
use offhook_api::dialect::{Admitted, Opening, OpeningProblem, Wishes};
use offhook_api::{Api, ApiSettings, Refusal, router};
use offhook_store::{NewKey, Role, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

struct Server {
    api: Api,
    router: Router,
    key: String,
    _folder: TempDir,
}

async fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_in(folder.path(), None).await.unwrap();
    let workspace = store.create_workspace("one").await.unwrap();
    let key = NewKey {
        workspace: workspace.id,
        dialect: None,
        role: Role::Editor,
    };
    let key = store.create_key(key).await.unwrap().key;
    let api = Api::new(store, ApiSettings::default());
    Server {
        router: router(api.clone()),
        api,
        key: key.expose().to_owned(),
        _folder: folder,
    }
}

impl Server {
    async fn done(&self, line: &str, body: Value) -> Value {
        let (method, path) = line.split_once(' ').unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "voice.example:8080")
            .header("xi-api-key", &self.key)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let answer = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(status, 200, "{line}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    async fn agent(&self, body: Value) -> String {
        let made = self.done("POST /v1/convai/agents/create", body).await;
        made["agent_id"].as_str().unwrap().to_owned()
    }

    async fn admit(
        &self,
        address: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Admitted, Refusal> {
        let uri: Uri = address.parse().unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        self.api.admit_conversation(&uri, &map).await
    }

    async fn admitted(&self, agent: &str) -> Admitted {
        let address = format!("/v1/convai/conversation?agent_id={agent}");
        self.admit(&address, &[]).await.unwrap()
    }
}

fn private(is_private: bool) -> Value {
    json!({
        "conversation_config": { "agent": { "first_message": "Hi." } },
        "platform_settings": { "auth": { "enable_auth": is_private } }
    })
}

#[tokio::test]
async fn a_public_agent_is_for_all_and_a_private_one_for_keys_and_tokens() {
    let server = server().await;
    let public = server.agent(private(false)).await;
    let private = server.agent(private(true)).await;
    let address = |id: &str| format!("/v1/convai/conversation?agent_id={id}");
    assert_eq!(server.admitted(&public).await.agent.id, public);
    let refused = server.admit(&address(&private), &[]).await.unwrap_err();
    assert_eq!(refused.status, 401);
    let key = server.key.clone();
    let keyed = server
        .admit(&address(&private), &[("xi-api-key", &key)])
        .await;
    assert_eq!(keyed.unwrap().agent.id, private);
    let refused = server.admit(&address("none"), &[]).await.unwrap_err();
    assert_eq!(
        refused.status, 401,
        "strangers do not learn which agents there are"
    );
    let refused = server.admit("/v1/convai/conversation", &[]).await;
    assert_eq!(refused.unwrap_err().status, 400);
    // An agent that was never written in this dialect is nobody's but its workspace's.
    let body = json!({ "name": "Ann" });
    let other = server.done("POST /agentphone/v1/agents", body).await;
    let other = other["id"].as_str().unwrap();
    assert!(server.admit(&address(other), &[]).await.is_err());
}

#[tokio::test]
async fn a_page_is_let_in_where_it_is_on_the_list() {
    let server = server().await;
    let mut body = private(false);
    body["platform_settings"]["auth"]["allowlist"] = json!([{ "hostname": "shop.example" }]);
    let agent = server.agent(body).await;
    let address = format!("/v1/convai/conversation?agent_id={agent}");
    for (origin, is_let_in) in [
        (Some("https://shop.example"), true),
        (Some("https://shop.example:8443"), true),
        (Some("https://other.example"), false),
        (None, true),
    ] {
        let headers: Vec<_> = origin.iter().map(|it| ("origin", *it)).collect();
        let admitted = server.admit(&address, &headers).await;
        assert_eq!(admitted.is_ok(), is_let_in, "{origin:?}");
    }
}

#[tokio::test]
async fn a_signed_address_opens_one_conversation() {
    let server = server().await;
    let agent = server.agent(private(true)).await;
    let other = server.agent(private(true)).await;
    let line = format!(
        "GET /v1/convai/conversation/get-signed-url?agent_id={agent}&include_conversation_id=true"
    );
    let signed = server.done(&line, Value::Null).await;
    let address = signed["signed_url"].as_str().unwrap();
    let start = format!("ws://voice.example:8080/v1/convai/conversation?agent_id={agent}&");
    assert!(address.starts_with(&start), "{address}");
    let wrong = address.replace(&agent, &other);
    assert_eq!(server.admit(&wrong, &[]).await.unwrap_err().status, 401);
    let admitted = server.admit(address, &[]).await.unwrap();
    assert_eq!(admitted.agent.id, agent);
    let promised = address.split("conversation_id=").nth(1).unwrap();
    assert_eq!(admitted.conversation_id.as_deref(), Some(promised));
    assert_eq!(server.admit(address, &[]).await.unwrap_err().status, 401);
    let line = format!("GET /v1/voiceai/conversation/token?agent_id={agent}");
    let token = server.done(&line, Value::Null).await;
    let token = token["token"].as_str().unwrap();
    for forged in ["", "a.b.c", &token[..token.len() - 1]] {
        let address = format!("/v1/convai/conversation?token={forged}");
        assert_eq!(server.admit(&address, &[]).await.unwrap_err().status, 401);
    }
    let address = format!("/v1/convai/conversation?token={token}");
    assert_eq!(server.admit(&address, &[]).await.unwrap().agent.id, agent);
}

#[tokio::test]
async fn a_shared_token_opens_any_number_of_conversations() {
    let server = server().await;
    let mut body = private(true);
    body["platform_settings"]["auth"]["shareable_token"] = json!("for.our.shop");
    body["platform_settings"]["auth"]["allowlist"] = json!([{ "hostname": "shop.example" }]);
    let agent = server.agent(body).await;
    let unshared = server.agent(private(true)).await;
    let address =
        |agent: &str, query: &str| format!("/v1/convai/conversation?agent_id={agent}&{query}");
    for name in ["shareable_token", "token", "conversation_signature"] {
        let address = address(&agent, &format!("{name}=for.our.shop"));
        let admitted = server.admit(&address, &[]).await.unwrap();
        assert_eq!(admitted.agent.id, agent);
        let elsewhere = [("origin", "https://other.example")];
        assert!(server.admit(&address, &elsewhere).await.is_err());
    }
    for refused in [
        address(&agent, "shareable_token=for.our.sho"),
        address(&agent, "shareable_token="),
        address(&unshared, "shareable_token=for.our.shop"),
        address(&unshared, "shareable_token="),
        "/v1/convai/conversation?shareable_token=for.our.shop".to_owned(),
    ] {
        let told = server.admit(&refused, &[]).await.unwrap_err();
        assert_eq!(told.status, 401, "{refused}");
    }
}

fn opened(server: &Server, admitted: &Admitted, wishes: &Value) -> Result<Opening, OpeningProblem> {
    let object = |name: &str| wishes[name].as_object().cloned().unwrap_or_default();
    let wishes = Wishes {
        overrides: object("overrides"),
        extra_body: object("extra_body"),
        variables: object("variables").into_iter().collect(),
    };
    admitted.open(&server.api, "conv_1", &wishes)
}

fn problem(opened: Result<Opening, OpeningProblem>) -> String {
    let told = match opened {
        Err(OpeningProblem::Client(told)) => Some(told),
        Err(_) | Ok(_) => None,
    };
    told.unwrap()
}

#[tokio::test]
async fn overrides_act_where_the_agent_allows_them() {
    let server = server().await;
    let agent = server
        .agent(json!({
            "conversation_config": {
                "agent": { "first_message": "Hi.", "language": "en" },
                "tts": { "agent_output_audio_format": "pcm_24000" },
                "language_presets": { "de": {
                    "overrides": { "tts": { "speed": 1.1 } },
                    "first_message_translation": { "source_hash": "x", "text": "Hallo." }
                } }
            },
            "platform_settings": { "overrides": { "conversation_config_override": {
                "agent": { "language": true, "prompt": { "prompt": true } }
            } } }
        }))
        .await;
    let admitted = server.admitted(&agent).await;
    let plain = opened(&server, &admitted, &json!({})).unwrap();
    assert_eq!(plain.output_format, "pcm_24000");
    assert_eq!(plain.input_format, "pcm_16000");
    assert!(plain.events.contains("audio") && plain.events.contains("interruption"));
    assert!(!plain.is_text_only);
    let line = |it: &Opening| {
        let greeting = offhook_turn_taking::Line::Greeting;
        it.agent.line(greeting, &it.variables)
    };
    assert_eq!(line(&plain), "Hi.");
    let wishes = json!({ "overrides": {
        "agent": { "language": "de", "prompt": { "prompt": "Hilf." } },
        "text_only": true
    } });
    let german = opened(&server, &admitted, &wishes).unwrap();
    assert_eq!(line(&german), "Hallo.");
    assert_eq!(german.agent.voice().language, "de");
    assert!(
        german
            .agent
            .system_prompt(&german.variables)
            .contains("Hilf.")
    );
    assert!((german.agent.voice().speed - 1.1).abs() < 1e-6);
    assert!(german.is_text_only);
    for (wishes, named) in [
        (
            json!({ "overrides": { "agent": { "first_message": "Yo." } } }),
            "agent.first_message",
        ),
        (
            json!({ "overrides": { "agent": { "language": 7 } } }),
            "conversation_config.agent.language",
        ),
        (json!({ "extra_body": { "a": 1 } }), "custom_llm_extra_body"),
    ] {
        let told = problem(opened(&server, &admitted, &wishes));
        assert!(told.contains(named), "{told}");
    }
}

#[tokio::test]
async fn what_is_for_the_owners_model_reaches_it_and_no_text() {
    let server = server().await;
    let custom = json!({
        "url": "https://models.example.com/v1", "model_id": "ours-7b",
        "request_headers": { "x-caller": { "variable_name": "secret__token" } },
    });
    let prompt = json!({
        "prompt": "Be brief. {{secret__token}}", "llm": "custom-llm", "custom_llm": custom,
    });
    let agent = server
        .agent(json!({
            "conversation_config": { "agent": { "prompt": prompt } },
            "platform_settings": { "overrides": { "custom_llm_extra_body": true } },
        }))
        .await;
    let admitted = server.admitted(&agent).await;
    let told = problem(opened(&server, &admitted, &json!({})));
    assert_eq!(told, "missing dynamic variables: secret__token");
    let wishes = json!({
        "variables": { "secret__token": "t0p" }, "extra_body": { "tier": "gold" },
    });
    let opening = opened(&server, &admitted, &wishes).unwrap();
    let brought = opening.brought();
    assert_eq!(brought.variables["secret__token"], "t0p");
    let extra = json!({ "elevenlabs_extra_body": { "tier": "gold" } });
    assert_eq!(Value::Object(brought.extra_body), extra);
    let prompt = opening.agent.system_prompt(&opening.variables);
    assert_eq!(prompt.trim(), "Be brief.");
}

#[tokio::test]
async fn a_variable_without_a_value_is_missing() {
    let server = server().await;
    let agent = server
        .agent(json!({ "conversation_config": { "agent": {
            "first_message": "Hi {{name}}, this is {{company}} in {{system__conversation_id}}.",
            "dynamic_variables": { "dynamic_variable_placeholders": { "company": "Acme" } }
        } } }))
        .await;
    let admitted = server.admitted(&agent).await;
    let told = problem(opened(&server, &admitted, &json!({})));
    assert_eq!(told, "missing dynamic variables: name");
    let wishes = json!({ "variables": { "name": 7, "system__conversation_id": "forged" } });
    let opening = opened(&server, &admitted, &wishes).unwrap();
    let greeting = offhook_turn_taking::Line::Greeting;
    assert_eq!(
        opening.agent.line(greeting, &opening.variables),
        "Hi 7, this is Acme in conv_1."
    );
}

#[tokio::test]
async fn the_wire_is_as_the_agent_says() {
    let server = server().await;
    let agent = server
        .agent(json!({ "conversation_config": {
            "tts": { "agent_output_audio_format": "ulaw_8000" },
            "asr": { "user_input_audio_format": "pcm_48000" },
            "conversation": { "text_only": true, "client_events": ["agent_response"] }
        } }))
        .await;
    let admitted = server.admitted(&agent).await;
    let opening = opened(&server, &admitted, &json!({})).unwrap();
    assert_eq!(opening.output_format, "ulaw_8000");
    assert_eq!(opening.input_format, "pcm_48000");
    assert!(opening.is_text_only);
    assert_eq!(Vec::from_iter(&opening.events), ["agent_response"]);
}
