//! A call whose replies are written by a server that speaks OpenAI's API.

#![expect(
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::Path;
use std::process::{Output, Stdio};

use offhook_simulators::{Behaviour, Fault, Serving, openai};
use tempfile::TempDir;
use tokio::process::Command;

const KEY: &str = "sk-test-7f3a";

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
        .env_remove("OPENAI_API_KEY")
        .env_remove("OPENAI_BASE_URL")
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
    let agent = folder.path().join("agent.json");
    let document = r#"{ "name": "Ann", "prompt": "Be brief.", "first_message": "Hello, Ann here.",
        "models": { "chat": "openai/gpt-4o-mini" } }"#;
    std::fs::write(&agent, document).expect("a file");
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

/// Runs with the real ears and voice where they are on this machine; they must be where
/// OFFHOOK_REQUIRE_MODELS says so. The request for the second reply fails once in passing.
#[tokio::test]
async fn a_caller_is_answered_by_the_model_that_the_agent_names() {
    let models = offhook(&["models", "verify"], &[]).await;
    let must = std::env::var_os("OFFHOOK_REQUIRE_MODELS").is_some_and(|value| value == "1");
    if !models.status.success() {
        assert!(!must, "the models are not there: {}", printed(&models));
        return;
    }
    let behaviour = Behaviour::new(1);
    let server = Serving::here(openai::routes(behaviour.clone())).await;
    let server = server.expect("the simulator starts");
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
