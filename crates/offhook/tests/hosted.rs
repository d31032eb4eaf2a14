//! A call whose replies are written by a server that speaks OpenAI's API.

#![expect(
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::Path;
use std::process::{Output, Stdio};

use offhook_simulators::{Behaviour, Fault, Serving, anthropic, deepgram, elevenlabs, openai};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

const KEY: &str = "sk-test-7f3a";

/// What the variables of vendors begin with. Empty ones are none.
const VENDORS: [&str; 4] = ["ANTHROPIC", "DEEPGRAM", "ELEVENLABS", "OPENAI"];

const SCENARIO: &str = r#"
name = "hosted"
description = "One question."
agent = "AGENT"
language = "en"
caller = { pitch = 0.9, patience = "800ms" }

[expect]
events = ["greeting", "answer"]
absent = ["reprompt", "apology", "problem"]

[[line]]
say = "Are you open on Saturday?"
when = { after_agent = "300ms" }
expect = { heard = ["Saturday", ["nine", "9"]] }
"#;

fn call<'a>(agent: &'a str, scenario: &'a str) -> [&'a str; 5] {
    ["call", "--agent", agent, "--scenario", scenario]
}

async fn offhook(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(arguments)
        .envs(VENDORS.map(|name| (format!("{name}_API_KEY"), "")))
        .envs(VENDORS.map(|name| (format!("{name}_BASE_URL"), "")))
        .envs(variables.iter().copied())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("the program starts")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// An agent and the scenario of a call to it.
fn written(folder: &TempDir) -> (String, String) {
    written_with(folder, &json!({ "chat": "openai/gpt-4o-mini" }))
}

fn written_with(folder: &TempDir, models: &Value) -> (String, String) {
    let agent = folder.path().join("agent.json");
    let document = json!({
        "name": "Ann", "prompt": "Be brief.", "first_message": "Hello, Ann here.",
        "models": models, "variables": { "secret__key": format!("Bearer {KEY}") },
    });
    std::fs::write(&agent, document.to_string()).expect("a file");
    let text = SCENARIO.replace("AGENT", &agent.to_string_lossy());
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, text).expect("a file");
    let [agent, file] = [agent, file].map(|path| path.to_string_lossy().into_owned());
    (agent, file)
}

#[tokio::test]
async fn a_model_without_a_key_says_which_variable_it_needs() {
    let folder = TempDir::new().expect("a folder");
    let (agent, scenario) = written(&folder);
    let told = offhook(&call(&agent, &scenario), &[]).await;
    let text = printed(&told);
    assert_eq!(told.status.code(), Some(2), "{text}");
    assert!(
        text.contains("openai/gpt-4o-mini: OPENAI_API_KEY is not set"),
        "{text}"
    );
}

/// Whether the embedded models are on this machine; they must be where OFFHOOK_REQUIRE_MODELS says
/// so.
async fn has_models() -> bool {
    let models = offhook(&["models", "verify"], &[]).await;
    let must = std::env::var_os("OFFHOOK_REQUIRE_MODELS").is_some_and(|value| value == "1");
    let is_there = models.status.success();
    assert!(
        is_there || !must,
        "the models are not there: {}",
        printed(&models)
    );
    is_there
}

async fn serving(routes: axum::Router) -> Serving {
    let server = Serving::here(routes).await;
    server.expect("the simulator starts")
}

/// Runs with the real ears and voice. The request for the second reply fails once in passing.
#[tokio::test]
async fn a_caller_is_answered_by_the_model_that_the_agent_names() {
    if !has_models().await {
        return;
    }
    let behaviour = Behaviour::new(1);
    let server = serving(openai::routes(behaviour.clone())).await;
    let answer = "Yes, on Saturday we are open from nine until noon.";
    for _ in 0..8 {
        behaviour.answer_next(answer);
    }
    behaviour.fail_next(Fault::Refuse {
        status: 503,
        retry_after: None,
    });
    let folder = TempDir::new().expect("a folder");
    let (agent, scenario) = written(&folder);
    let base = format!("http://{}/v1", server.address);
    let variables = [("OPENAI_BASE_URL", base.as_str()), ("OPENAI_API_KEY", KEY)];
    let told = offhook(&call(&agent, &scenario), &variables).await;
    let text = printed(&told);
    assert_eq!(told.status.code(), Some(0), "{text}");
    assert!(!text.contains(KEY), "{text}");
    let seen = behaviour.seen();
    let last = seen.last().expect("a request");
    assert_eq!(last["model"], "gpt-4o-mini");
    let messages = last["messages"].to_string();
    assert!(
        messages.contains("Be brief.") && messages.contains("Saturday"),
        "{messages}"
    );
    assert!(messages.contains("Hello, Ann here."), "{messages}");
}

/// Nobody stands by for the model, and its first answer never begins.
#[tokio::test]
async fn a_model_that_hangs_is_asked_once_more() {
    if !has_models().await {
        return;
    }
    let behaviour = Behaviour::new(1);
    let server = serving(openai::routes(behaviour.clone())).await;
    let answer = "Yes, on Saturday we are open from nine until noon.";
    for _ in 0..8 {
        behaviour.answer_next(answer);
    }
    behaviour.fail_next(Fault::HangAfter(0));
    let folder = TempDir::new().expect("a folder");
    let (agent, scenario) = written(&folder);
    let base = format!("http://{}/v1", server.address);
    let variables = [("OPENAI_BASE_URL", base.as_str()), ("OPENAI_API_KEY", KEY)];
    let told = offhook(&call(&agent, &scenario), &variables).await;
    let text = printed(&told);
    assert_eq!(told.status.code(), Some(0), "{text}");
    assert!(text.contains(answer), "{text}");
    let seen = behaviour.seen();
    assert!(seen.len() >= 2, "{}", seen.len());
    assert_eq!(seen[0]["messages"], seen[1]["messages"]);
}

/// The embedded ears only hear when somebody speaks, and the embedded voice is the caller's. The
/// first chat model is down; the one that stands by answers.
#[tokio::test]
async fn a_call_is_heard_answered_and_spoken_by_three_vendors() {
    if !has_models().await {
        return;
    }
    let [hearing, failing, thinking, speaking] = [1, 2, 3, 4].map(Behaviour::new);
    for _ in 0..100 {
        failing.fail_next(Fault::Refuse {
            status: 503,
            retry_after: None,
        });
    }
    for _ in 0..8 {
        thinking.answer_next("On Saturday we are open from nine until noon.");
    }
    let heard = deepgram::routes(hearing.clone(), deepgram::Script::of_anything());
    let heard = serving(heard).await;
    let failed = serving(openai::routes(failing.clone())).await;
    let thought = serving(anthropic::routes(thinking.clone())).await;
    let spoken = serving(elevenlabs::routes(speaking.clone())).await;
    let folder = TempDir::new().expect("a folder");
    let models = json!({
        "chat": "fancy", "recognition": "deepgram/nova-3",
        "voice": "elevenlabs/eleven_flash_v2_5",
    });
    let (agent, scenario) = written_with(&folder, &models);
    let settings = folder.path().join("offhook.toml");
    let aliases = "[models.aliases.chat]\nfancy = [\"google/none\", \"openai/gpt-4o-mini\"]\n";
    let standby = "[models.standby]\nchat = [\"anthropic/claude-haiku-4-5\"]\n";
    std::fs::write(&settings, format!("{aliases}{standby}")).expect("a file");
    let settings = settings.to_string_lossy().into_owned();
    let base = |server: &Serving| format!("http://{}", server.address);
    let [hears, fails] = [&heard, &failed].map(|it| base(it) + "/v1");
    let [thinks, speaks] = [&thought, &spoken].map(base);
    let variables = [
        ("DEEPGRAM_BASE_URL", hears.as_str()),
        ("DEEPGRAM_API_KEY", KEY),
        ("OPENAI_BASE_URL", &fails),
        ("OPENAI_API_KEY", KEY),
        ("ANTHROPIC_BASE_URL", &thinks),
        ("ANTHROPIC_API_KEY", KEY),
        ("ELEVENLABS_BASE_URL", &speaks),
        ("ELEVENLABS_API_KEY", KEY),
    ];
    let arguments = call(&agent, &scenario);
    let arguments = [&arguments[..], &["--config", &settings]].concat();
    let told = offhook(&arguments, &variables).await;
    let text = printed(&told);
    assert_eq!(told.status.code(), Some(0), "{text}");
    assert!(!text.contains(KEY), "{text}");
    assert_eq!(hearing.seen()[0]["query"]["model"], "nova-3");
    let asked = thinking.seen().last().expect("a request")["messages"].to_string();
    assert!(asked.contains("coffee tea bread"), "{asked}");
    let spoken = speaking.seen();
    let query = &spoken.first().expect("a request")["query"];
    assert_eq!(query["model_id"], "eleven_flash_v2_5");
}

/// Its server wants a key, which a header brings; in the second call nobody listens at its address, and a model that stands by writes the replies.
#[tokio::test]
async fn a_caller_is_answered_by_a_server_of_the_agents_own() {
    if !has_models().await {
        return;
    }
    let (own, standby) = (Behaviour::new(1), Behaviour::new(2));
    let own_server = serving(openai::routes(own.clone())).await;
    let standby_server = serving(openai::routes(standby.clone())).await;
    for _ in 0..8 {
        let answer = "Yes, on Saturday we are open from nine until noon.";
        own.answer_next(answer);
        standby.answer_next(answer);
    }
    let base = format!("http://{}/v1", standby_server.address);
    let variables = [("OPENAI_BASE_URL", base.as_str()), ("OPENAI_API_KEY", KEY)];
    let nobody = "127.0.0.1:9".to_owned();
    for address in [own_server.address.to_string(), nobody] {
        let folder = TempDir::new().expect("a folder");
        let models = json!({
            "chat_server": {
                "url": format!("http://{address}/v1"),
                "model": "ours-7b",
                "variable_headers": { "authorization": "secret__key" },
            },
            "chat_standby": ["openai/gpt-4o-mini"],
            "chat_patience": "2s",
        });
        let (agent, scenario) = written_with(&folder, &models);
        let told = offhook(&call(&agent, &scenario), &variables).await;
        let text = printed(&told);
        assert_eq!(told.status.code(), Some(0), "{text}");
    }
    assert_eq!(own.seen().first().expect("a request")["model"], "ours-7b");
    let last = standby.seen().pop().expect("a request");
    assert_eq!(last["model"], "gpt-4o-mini");
}
