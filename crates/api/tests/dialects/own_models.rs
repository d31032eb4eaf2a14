//! Servers and keys that agents bring, as the source of a call's stages sees them.

use std::sync::{Arc, Mutex};

use offhook_agent::{Agent, CallVariables, ModelChoices, ModelId, ServedModels, StageModels};
use offhook_api::{Api, ApiSettings};
use offhook_call::{Brought, ModelKeys, ProviderSource, Providers};
use offhook_store::{Store, WorkspaceId};
use serde_json::{Value, json};

use crate::server::{Server, over, server_with};

/// What it was asked for.
type Asked = Arc<Mutex<Vec<(ModelChoices, ModelKeys)>>>;

/// A source that notes what it is asked for, and has nothing.
struct Noting(Asked);

impl ProviderSource for Noting {
    fn providers(&self, models: &ModelChoices, keys: &ModelKeys) -> Result<Providers, String> {
        let asked = (models.clone(), keys.clone());
        self.0.lock().unwrap().push(asked);
        Err("it has nothing".to_owned())
    }
}

async fn server(allows_private: bool) -> (Server, Asked) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_in(folder.path(), None).await.unwrap();
    let settings = ApiSettings {
        is_loopback: true,
        allows_private_webhooks: allows_private,
        ..ApiSettings::default()
    };
    let asked = Asked::default();
    let api = Api::with_providers(store, settings, Noting(asked.clone()));
    (over(api, folder), asked)
}

impl Server {
    /// The canonical document of an agent.
    async fn canonical(&self, id: &str) -> Value {
        let agent = self.store.agent_for_call(id).await.unwrap();
        agent.document
    }

    /// Asks for the stages of a call with the agent; gives why there are none.
    async fn call_begins(&self, id: &str) -> String {
        let agent = self.store.agent_for_call(id).await.unwrap();
        let workspace = self
            .store
            .workspace(&WorkspaceId::new(agent.workspace.as_str()));
        let agent = Agent::from_json(&agent.document.to_string()).unwrap();
        let given = CallVariables::from([("secret__token".to_owned(), "t0p".to_owned())]);
        let brought = Brought::to(&agent, &given);
        let refused = self.api.providers_of(&workspace, agent.models(), brought);
        let refused = refused.await;
        refused.err().unwrap().message
    }
}

#[tokio::test]
async fn a_custom_llm_writes_the_replies_with_the_workspaces_secrets() {
    let (server, asked) = server(false).await;
    let secret = json!({ "type": "new", "name": "llm", "value": "sk-own" });
    let secret = server.done("POST /v1/convai/secrets", secret).await;
    let id = &secret["secret_id"];
    let prompt = json!({
        "prompt": "Be brief.",
        "llm": "custom-llm",
        "custom_llm": {
            "url": "https://models.example.com/v1",
            "model_id": "ours-7b",
            "api_key": { "secret_id": id },
            "request_headers": {
                "x-team": "voice", "x-token": { "secret_id": id },
                "x-caller": { "variable_name": "secret__token" },
            },
            "api_version": "2025-01-01-preview",
            "api_type": "responses",
        },
        "backup_llm_config": { "preference": "override", "order": ["gpt-4o-mini", "not a name"] },
        "cascade_timeout_seconds": 3,
    });
    let document = json!({ "conversation_config": { "agent": { "prompt": prompt } } });
    let made = server.done("POST /v1/convai/agents/create", document).await;
    let agent = made["agent_id"].as_str().unwrap();
    let models = server.canonical(agent).await["models"].clone();
    let expected = json!({
        "url": "https://models.example.com/v1", "model": "ours-7b", "api": "responses",
        "key": id, "headers": { "x-team": "voice" }, "secret_headers": { "x-token": id },
        "variable_headers": { "x-caller": "secret__token" }, "api_version": "2025-01-01-preview",
    });
    assert_eq!(models["chat_server"], expected);
    assert_eq!(models["chat_standby"], json!(["gpt-4o-mini"]));
    assert_eq!(models["chat_patience"], "3s");
    assert_eq!(server.call_begins(agent).await, "it has nothing");
    let (models, keys) = asked.lock().unwrap().pop().unwrap();
    assert_eq!(models.chat_server.unwrap().model, "ours-7b");
    assert_eq!(keys.get(id.as_str().unwrap()), Some("sk-own"));
    assert_eq!(keys.variable("secret__token"), Some("t0p"));
    // Another model is none of its business.
    let change = json!({ "conversation_config": { "agent": { "prompt": { "llm": "gpt-4o" } } } });
    let line = format!("PATCH /v1/convai/agents/{agent}");
    server.done(&line, change).await;
    let models = server.canonical(agent).await["models"].clone();
    assert_eq!(
        (&models["chat"], &models["chat_server"]),
        (&json!("gpt-4o"), &Value::Null)
    );
}

#[tokio::test]
async fn a_server_in_a_private_network_is_not_spoken_to() {
    for (allows_private, reason) in [
        (
            false,
            "models.chat_server.url: URL should lead to a public address",
        ),
        (true, "it has nothing"),
    ] {
        let (server, _) = server(allows_private).await;
        let document = json!({
            "name": "Ann", "prompt": "Be brief.",
            "models": { "chat_server": { "url": "https://10.0.0.7/v1", "model": "m" } },
        });
        let line = "POST /offhook/v1/agents";
        let (status, made) = server.ask(line, &document.to_string()).await;
        assert_eq!(status, 201, "{made}");
        let refused = server.call_begins(made["id"].as_str().unwrap()).await;
        assert!(refused.starts_with(reason), "{refused}");
    }
}

#[tokio::test]
async fn a_vendor_without_the_servers_key_speaks_under_the_agents() {
    let [elevenlabs, hibari] = ["elevenlabs/eleven_flash_v2_5", "local/hibari"];
    let [elevenlabs, hibari] = [elevenlabs, hibari].map(|name| name.parse::<ModelId>().unwrap());
    let missing = Some("ELEVENLABS_API_KEY is not set".to_owned());
    let voice = StageModels {
        default: Some(hibari.clone()),
        local: Some(hibari),
        hosted: [("elevenlabs".to_owned(), missing)].into(),
        aliases: [("elevenlabs".to_owned(), vec![elevenlabs])].into(),
        ..StageModels::default()
    };
    let server = server_with(ApiSettings {
        served: ServedModels {
            voice,
            ..ServedModels::default()
        },
        is_loopback: true,
        ..ApiSettings::default()
    })
    .await;
    let model = json!({ "provider": "elevenlabs", "voiceId": "abc" });
    let mut document = json!({ "name": "Ava", "ttsModel": model });
    let line = "POST /v1/api/agents";
    let (status, refused) = server.ask(line, &document.to_string()).await;
    assert_eq!(status, 400, "{refused}");
    assert!(
        refused
            .to_string()
            .contains("ELEVENLABS_API_KEY is not set")
    );
    document["ttsModel"]["provider"] = json!("11labs_byo");
    document["ttsModel"]["elevenLabsApiKey"] = json!("xi-own");
    let made = server.done(line, document).await;
    assert_eq!(made["status"], "ready");
    let reason = made["statusReason"].as_str().unwrap();
    let speaks = "spoken by elevenlabs/eleven_flash_v2_5 as abc";
    assert!(reason.contains(speaks), "{reason}");
    let models = server.canonical(made["_id"].as_str().unwrap()).await["models"].clone();
    assert_ne!(models["keys"]["elevenlabs"], "unplaced");
}

#[tokio::test]
async fn trillets_own_key_goes_to_elevenlabs_alone() {
    let (server, asked) = server(false).await;
    let mut document: Value = serde_json::from_str(crate::TRILLET).unwrap();
    document["ttsModel"] = json!({
        "provider": "11labs_byo", "voiceId": "abc", "elevenLabsApiKey": "xi-own",
    });
    let made = server.done("POST /v1/api/agents", document).await;
    let agent = made["_id"].as_str().unwrap();
    assert_ne!(made["ttsModel"]["elevenLabsApiKey"], "xi-own");
    let models = server.canonical(agent).await["models"].clone();
    assert_eq!(models["voice"], "elevenlabs");
    let secret = models["keys"]["elevenlabs"].as_str().unwrap();
    server.call_begins(agent).await;
    let (_, keys) = asked.lock().unwrap().pop().unwrap();
    assert_eq!(keys.get(secret), Some("xi-own"));
    let rime = json!({ "ttsModel": { "provider": "rime" } });
    let line = format!("PATCH /v1/api/agents/{agent}");
    let shown = server.done(&line, rime).await;
    assert_eq!(shown["ttsModel"]["provider"], "rime");
    let models = server.canonical(agent).await["models"].clone();
    assert_eq!(
        (&models["voice"], &models["keys"]),
        (&json!("rime"), &Value::Null)
    );
}
