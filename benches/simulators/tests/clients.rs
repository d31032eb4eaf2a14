//! The vendors' own clients, as published, against the servers that simulate them: what they take for
//! the real thing is one. `.ci/setup test` installs them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::PathBuf;
use std::time::Duration;

use offhook_simulators::{
    Behaviour, Fault, Script, Serving, anthropic, assemblyai, cartesia, deepgram, elevenlabs,
    gemini, openai,
};
use tokio::process::Command;

/// Where the clients are that `.ci/setup` has put into the cache.
fn installed() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
    let folder = cache.unwrap_or_else(home).join("offhook/clients/current");
    let place = folder.display();
    assert!(folder.is_dir(), "{place} is not there; run .ci/setup test");
    folder
}

/// Runs a script, which asserts, against a server.
async fn runs(script: &str, server: &Serving, arguments: &[&str]) {
    let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let run = Command::new("python3")
        .env("PYTHONPATH", installed())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(scripts.join(script))
        .arg(format!("http://{}", server.address))
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{script}:\n{told}");
}

fn busy() -> Fault {
    Fault::Refuse {
        status: 429,
        retry_after: Some(Duration::from_secs(2)),
    }
}

fn down(status: u16) -> Fault {
    Fault::Refuse {
        status,
        retry_after: None,
    }
}

/// So many requests go well; then each fault has one of its own.
fn plan(behaviour: &Behaviour, well: usize, faults: impl IntoIterator<Item = Fault>) {
    for _ in 0..well {
        behaviour.let_pass();
    }
    for fault in faults {
        behaviour.fail_next(fault);
    }
}

#[tokio::test]
async fn openai_s_client_takes_the_simulated_platform_for_its_own() {
    let behaviour = Behaviour::new(1);
    plan(&behaviour, 3, [busy(), down(503), Fault::ErrorAfter(4)]);
    plan(&behaviour, 3, [Fault::ErrorAfter(6)]);
    let server = Serving::here(openai::routes(behaviour)).await.unwrap();
    runs("openai_client.py", &server, &["sk-1", openai::WRONG_KEY]).await;
}

#[tokio::test]
async fn openai_s_client_takes_the_simulated_live_transcription_for_its_own() {
    let behaviour = Behaviour::new(1);
    plan(&behaviour, 1, [down(503)]);
    let routes = openai::listening(behaviour, Script::of_anything());
    let server = Serving::here(routes).await.unwrap();
    let keys = ["sk-1", openai::WRONG_KEY];
    runs("openai_realtime_client.py", &server, &keys).await;
}

#[tokio::test]
async fn anthropic_s_client_takes_the_simulated_platform_for_its_own() {
    let behaviour = Behaviour::new(1);
    let faults = [busy(), down(529), down(500), Fault::ErrorAfter(4)];
    plan(&behaviour, 6, faults);
    let server = Serving::here(anthropic::routes(behaviour)).await.unwrap();
    let keys = ["sk-ant-1", anthropic::WRONG_KEY];
    runs("anthropic_client.py", &server, &keys).await;
}

#[tokio::test]
async fn google_s_client_takes_the_simulated_gemini_api_for_its_own() {
    let behaviour = Behaviour::new(1);
    plan(&behaviour, 5, [busy(), down(503), Fault::ErrorAfter(3)]);
    let server = Serving::here(gemini::routes(behaviour)).await.unwrap();
    runs("gemini_client.py", &server, &["AIza-1", gemini::WRONG_KEY]).await;
}

#[tokio::test]
async fn deepgram_s_client_takes_the_simulated_platform_for_its_own() {
    let behaviour = Behaviour::new(1);
    plan(&behaviour, 2, [down(503)]);
    let hearing = deepgram::routes(behaviour.clone(), Script::of_anything());
    let routes = hearing.merge(deepgram::voices(behaviour));
    let server = Serving::here(routes).await.unwrap();
    runs(
        "deepgram_client.py",
        &server,
        &["dg-1", deepgram::WRONG_KEY],
    )
    .await;
}

#[tokio::test]
async fn cartesia_s_client_takes_the_simulated_platform_for_its_own() {
    let behaviour = Behaviour::new(1);
    plan(&behaviour, 1, [down(503)]);
    let server = Serving::here(cartesia::routes(behaviour)).await.unwrap();
    let keys = ["sk_car_1", cartesia::WRONG_KEY];
    runs("cartesia_client.py", &server, &keys).await;
}

#[tokio::test]
async fn elevenlabs_client_takes_the_simulated_platform_for_its_own() {
    let behaviour = Behaviour::new(1);
    plan(&behaviour, 2, [down(503), Fault::CutAfter(1)]);
    // The one whose key is wrong, and two over HTTP.
    plan(&behaviour, 3, [down(503)]);
    let server = Serving::here(elevenlabs::routes(behaviour)).await.unwrap();
    let keys = ["xi-1", elevenlabs::WRONG_KEY];
    runs("elevenlabs_client.py", &server, &keys).await;
}

#[tokio::test]
async fn elevenlabs_client_takes_the_simulated_live_recognition_for_its_own() {
    let behaviour = Behaviour::new(1);
    plan(&behaviour, 4, [down(503)]);
    let routes = elevenlabs::listening(behaviour, Script::of_anything());
    let server = Serving::here(routes).await.unwrap();
    let keys = ["xi-1", elevenlabs::WRONG_KEY];
    runs("elevenlabs_scribe_client.py", &server, &keys).await;
}

#[tokio::test]
async fn assemblyai_s_client_takes_the_simulated_platform_for_its_own() {
    let behaviour = Behaviour::new(1);
    plan(&behaviour, 2, [down(503)]);
    let routes = assemblyai::routes(behaviour, Script::of_anything());
    let server = Serving::here(routes).await.unwrap();
    let keys = ["aai-1", assemblyai::WRONG_KEY];
    runs("assemblyai_client.py", &server, &keys).await;
}
