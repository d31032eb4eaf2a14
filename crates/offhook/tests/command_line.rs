//! The program as its users run it: bad input ends in a clear message and the right exit code,
//! and the embedded models hold a real call.

#![expect(
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The root of the checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs `offhook` in the checkout.
fn offhook(arguments: &[&str], variables: &[(&str, &Path)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

/// Everything that it printed.
fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The exit code is `code`, every one of `words` is printed, and nothing panicked.
#[track_caller]
fn check(output: &Output, code: i32, words: &[&str]) {
    let text = printed(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

fn folder_with(name: &str, content: &[u8]) -> (TempDir, String) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join(name);
    std::fs::write(&file, content).expect("a file");
    let path = file.to_string_lossy().into_owned();
    (folder, path)
}

const AGENT: &str = "configs/agents/receptionist.json";

#[test]
fn an_agent_with_problems_names_them_all() {
    let text =
        r#"{ "name": "A", "prompt": "Hi {{nobody}}", "voice": { "speed": 9 }, "colour": 1 }"#;
    let (_folder, agent) = folder_with("agent.json", text.as_bytes());
    let output = offhook(&["check", &agent], &[]);
    check(&output, 2, &["voice.speed", "0.5", "colour", "nobody"]);
    let output = offhook(&["call", "--agent", &agent, "--caller", "x.wav"], &[]);
    check(&output, 2, &["voice.speed"]);
}

#[test]
fn an_agent_that_names_a_model_which_is_not_loaded_is_refused_by_the_field() {
    let text = r#"{ "name": "A", "prompt": "P", "models": { "voice": "local/parrot" } }"#;
    let (folder, agent) = folder_with("agent.json", text.as_bytes());
    let words = &["agent.json", "models.voice: local/parrot is not loaded"];
    let output = offhook(&["call", "--agent", &agent, "--caller", "x.wav"], &[]);
    check(&output, 2, words);
    let config = folder.path().join("offhook.toml");
    std::fs::write(&config, "agents = \".\"\n").expect("a file");
    let config = config.to_string_lossy();
    let output = offhook(&["serve", "--config", &config], &[]);
    check(&output, 2, words);
}

#[test]
fn everything_in_configs_is_valid() {
    let output = offhook(
        &[
            "check",
            AGENT,
            "configs/offhook.toml",
            "configs/scenarios/demo.toml",
            "configs/scenarios/greeting.toml",
            "configs/scenarios/barge-in.toml",
            "configs/scenarios/silence.toml",
        ],
        &[],
    );
    check(
        &output,
        0,
        &[
            "a valid agent",
            "a valid scenario",
            "a valid server configuration",
        ],
    );
}

#[test]
fn a_scenario_with_an_unknown_word_says_which_and_what_was_meant() {
    let text =
        "name = \"x\"\ndescription = \"x\"\n[[line]]\nsay = \"Hi.\"\nwen = { at = \"1s\" }\n";
    let (_folder, scenario) = folder_with("scenario.toml", text.as_bytes());
    let output = offhook(&["check", &scenario], &[]);
    check(&output, 2, &["wen", "when"]);
}

#[test]
fn a_recording_that_cannot_be_used_says_why() {
    let (_folder, empty) = folder_with("empty.wav", b"");
    let output = offhook(&["call", "--agent", AGENT, "--caller", &empty], &[]);
    check(&output, 2, &["empty.wav", "empty"]);
    let (_folder, text) = folder_with("text.wav", b"this is no sound at all, only text in a file");
    let output = offhook(&["call", "--agent", AGENT, "--caller", &text], &[]);
    check(&output, 2, &["text.wav"]);
    let output = offhook(&["call", "--agent", AGENT, "--caller", "/no/such.wav"], &[]);
    check(&output, 2, &["/no/such.wav"]);
}

#[test]
fn models_that_are_not_there_say_how_to_fetch_them() {
    let folder = TempDir::new().expect("a folder");
    let output = offhook(
        &[
            "call",
            "--agent",
            AGENT,
            "--caller",
            "configs/scenarios/mhm.wav",
        ],
        &[("OFFHOOK_MODELS_DIR", folder.path())],
    );
    check(&output, 3, &["silero-vad", "offhook models pull"]);
}

#[test]
fn a_damaged_model_is_named() {
    let folder = TempDir::new().expect("a folder");
    let model = folder.path().join("silero-vad");
    std::fs::create_dir(&model).expect("a folder");
    std::fs::write(model.join("silero_vad.onnx"), b"not a network").expect("a file");
    let variables: &[(&str, &Path)] = &[("OFFHOOK_MODELS_DIR", folder.path())];
    let output = offhook(&["models", "verify", "silero-vad"], variables);
    check(&output, 3, &["silero_vad.onnx"]);
}

#[test]
fn an_unknown_model_lists_the_known_ones() {
    let output = offhook(&["demo", "--chat-model", "gpt-9", "--out", "/tmp"], &[]);
    check(&output, 2, &["gpt-9", "qwen2.5-coder-1.5b-instruct"]);
}

#[test]
fn a_log_that_is_no_log_names_the_line() {
    let (_folder, log) = folder_with("facts.jsonl", b"{\"hello\": 1}\n");
    let output = offhook(&["replay", &log], &[]);
    check(&output, 2, &["line 1"]);
}

#[test]
fn a_server_that_would_be_open_to_the_world_does_not_start() {
    let data = TempDir::new().expect("a folder");
    let data = data.path().to_string_lossy();
    let output = offhook(&["serve", "--listen", "0.0.0.0:0", "--data", &data], &[]);
    check(&output, 2, &["127.0.0.1", "offhook keys create"]);
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let data = TempDir::new().expect("a folder");
    let data = data.path().to_string_lossy();
    let keys = |arguments: &[&str]| {
        let arguments = [&["keys"], arguments, &["--data", &data]].concat();
        offhook(&arguments, &[])
    };
    let made = keys(&["create", "--workspace", "acme", "--json"]);
    check(&made, 0, &["\"workspace\":\"acme\""]);
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let (id, key) = (made["id"].as_str(), made["key"].as_str());
    let (id, key) = (id.expect("an id"), key.expect("a key"));
    let list = keys(&["list"]);
    check(&list, 0, &[id, "acme", "open"]);
    assert!(!printed(&list).contains(key), "a key is shown only once");
    check(&keys(&["revoke", id]), 0, &["revoked"]);
    check(&keys(&["revoke", "key_nobody"]), 2, &["key_nobody"]);
    check(&keys(&["list"]), 0, &[id, "revoked"]);
}

#[test]
fn an_agent_that_is_neither_a_file_nor_stored_is_named() {
    let data = TempDir::new().expect("a folder");
    let data = data.path().to_string_lossy();
    let agent = "agent_nobody";
    let arguments = [
        "call", "--agent", agent, "--data", &data, "--caller", "x.wav",
    ];
    check(&offhook(&arguments, &[]), 2, &[agent, &data]);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let url = "ws://127.0.0.1:9/v1/session?agent=x";
    let output = offhook(
        &[
            "call",
            "--url",
            url,
            "--caller",
            "configs/scenarios/mhm.wav",
        ],
        &[],
    );
    check(&output, 2, &[url]);
}

/// Runs with the real models where they are on this machine; they must be where
/// OFFHOOK_REQUIRE_MODELS says so.
#[test]
fn the_embedded_models_hold_a_call_and_its_log_replays() {
    let models = offhook(&["models", "verify"], &[]);
    let must = std::env::var_os("OFFHOOK_REQUIRE_MODELS").is_some_and(|value| value == "1");
    if !models.status.success() {
        assert!(!must, "the models are not there: {}", printed(&models));
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (report, facts) = (path("report.json"), path("facts.jsonl"));
    let (wav, picture) = (path("call.wav"), path("timeline.svg"));
    let scenario = "configs/scenarios/greeting.toml";
    let output = offhook(
        &[
            "call",
            "--agent",
            AGENT,
            "--scenario",
            scenario,
            "--report",
            &report,
            "--facts",
            &facts,
            "--out",
            &wav,
            "--timeline",
            &picture,
        ],
        &[],
    );
    check(&output, 0, &["greeting: passed"]);
    let report = std::fs::read_to_string(report).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert!(
        report["turns"].as_array().expect("turns").len() >= 2,
        "{report}"
    );
    assert!(
        report["summary"]["voice_to_voice_ms"]["p50"]
            .as_f64()
            .is_some(),
        "{report}"
    );
    assert!(std::fs::metadata(wav).expect("a recording").len() > 100_000);
    assert!(
        std::fs::read_to_string(picture)
            .expect("a picture")
            .starts_with("<")
    );
    check(
        &offhook(&["replay", &facts], &[]),
        0,
        &["each the same as in the log"],
    );
}
