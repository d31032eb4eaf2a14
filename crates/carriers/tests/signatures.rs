//! Signatures as the carriers' own Python packages make and check them: what they take is taken here,
//! and each request that was changed is refused on both sides. `.ci/setup test` installs them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::path::PathBuf;
use std::process::Command;

use offhook_carriers::{Carrier, Webhook};
use serde_json::Value;

/// Requests of each carrier, each of them also changed in ten ways.
const REQUESTS: usize = 40;

/// Where the packages are that `.ci/setup` has put into the cache.
fn installed() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
    let folder = cache.unwrap_or_else(home).join("offhook/clients/current");
    let place = folder.display();
    assert!(folder.is_dir(), "{place} is not there; run .ci/setup test");
    folder
}

/// What the script tells of each request.
fn told(seed: &str) -> Vec<Value> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/signatures/signed.py");
    let run = Command::new("python3")
        .env("PYTHONPATH", installed())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(script)
        .args([seed, &REQUESTS.to_string()])
        .output()
        .unwrap();
    let trouble = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{trouble}");
    let lines = String::from_utf8(run.stdout).unwrap();
    let read = |line: &str| serde_json::from_str(line).unwrap();
    lines.lines().map(read).collect()
}

#[test]
fn what_the_carriers_own_packages_take_is_taken_and_nothing_else() {
    let told = told("7");
    assert_eq!(told.len(), REQUESTS * 3 * 11);
    let mut taken = 0;
    for request in &told {
        let text = |name: &str| request[name].as_str().unwrap();
        let mut carriers = Carrier::ALL.into_iter();
        let carrier = carriers.find(|it| it.name() == text("carrier")).unwrap();
        let headers = request["headers"].as_object().unwrap();
        let headers = headers
            .iter()
            .map(|(name, it)| (&**name, it.as_str().unwrap()));
        let headers: Vec<(&str, &str)> = headers.collect();
        let body: Vec<u8> = serde_json::from_value(request["body"].clone()).unwrap();
        let webhook = Webhook {
            url: text("url"),
            headers: &headers,
            body: &body,
            now_s: request["now"].as_i64().unwrap(),
        };
        let ours = carrier.verify(text("key"), &webhook);
        let is_taken = request["is_taken"] == true;
        assert_eq!(ours.is_ok(), is_taken, "{ours:?} of {request}");
        taken += usize::from(is_taken);
    }
    assert_eq!(taken, REQUESTS * 3);
}
