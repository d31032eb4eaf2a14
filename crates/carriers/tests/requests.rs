//! Requests as the carriers' own Python packages make them: ours ask for the same, of the same address,
//! with the same key. `.ci/setup test` installs them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use offhook_carriers::{Account, Carrier, Method, Outgoing, Request};
use serde_json::{Value, json};

/// What Plivo's package sends beside what it is asked for: the API's own defaults, and an id that
/// stands in the address.
const DEFAULTS: [&str; 5] = [
    "fallback_method",
    "machine_detection_time",
    "machine_detection_method",
    "error_if_parent_not_found",
    "call_uuid",
];

/// Where the packages are that `.ci/setup` has put into the cache.
fn installed() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
    let folder = cache.unwrap_or_else(home).join("offhook/clients/current");
    let place = folder.display();
    assert!(folder.is_dir(), "{place} is not there; run .ci/setup test");
    folder
}

/// What the packages would send.
fn made() -> Vec<Value> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/requests/made.py");
    let run = Command::new("python3")
        .env("PYTHONPATH", installed())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(script)
        .output()
        .unwrap();
    let trouble = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{trouble}");
    let lines = String::from_utf8(run.stdout).unwrap();
    let read = |line: &str| serde_json::from_str(line).unwrap();
    lines.lines().map(read).collect()
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let mut found = request.headers.iter().filter(|(header, _)| *header == name);
    found.next().map(|(_, value)| value.as_str())
}

/// The fields of a body, each with all of its values.
fn fields(request: &Request) -> BTreeMap<String, Vec<Value>> {
    let mut fields: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    if request.body.starts_with('{') {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        for (name, value) in body.as_object().unwrap() {
            fields.insert(name.clone(), vec![value.clone()]);
        }
    } else {
        for (name, value) in form_urlencoded::parse(request.body.as_bytes()) {
            let values = fields.entry(name.into_owned()).or_default();
            values.push(Value::from(value.as_ref()));
        }
    }
    fields
}

fn ours(carrier: Carrier, what: &str) -> Request {
    let id = match carrier {
        Carrier::Plivo => "MA000000000000000001",
        Carrier::Twilio | Carrier::Telnyx => "AC1",
    };
    let account = Account {
        id,
        key: "token",
        application: Some("12"),
    };
    let url = carrier.rest_url();
    let call = Outgoing {
        from: "+15550111",
        to: "+14155550100",
        answer_url: "https://voice.example/a/answer",
        status_url: "https://voice.example/a/status",
        ring_max_s: 40,
        duration_max_s: 630,
        detects_machines: what == "place, detecting",
    };
    match what {
        "hang up" => carrier.hang_up(url, &account, "CA1", true),
        "take back" => carrier.hang_up(url, &account, "CA1", false),
        _ => carrier.place(url, &account, &call),
    }
}

#[test]
fn what_is_asked_for_is_what_the_carriers_own_packages_ask_for() {
    let made = made();
    assert_eq!(made.len(), 10);
    for theirs in &made {
        let text = |name: &str| theirs[name].as_str().unwrap();
        let mut carriers = Carrier::ALL.into_iter();
        let carrier = carriers.find(|it| it.name() == text("carrier")).unwrap();
        let ours = ours(carrier, text("what"));
        let method = match ours.method {
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        assert_eq!((method, &*ours.url), (text("method"), text("url")));
        let authorization = header(&ours, "authorization");
        assert_eq!(authorization, Some(text("authorization")), "{theirs}");
        if ours.method == Method::Post {
            assert_eq!(header(&ours, "content-type"), Some(text("content_type")));
        }
        let mut wanted: BTreeMap<String, Vec<Value>> =
            serde_json::from_value(theirs["fields"].clone()).unwrap();
        let mut sent = fields(&ours);
        for name in DEFAULTS {
            wanted.remove(name);
            sent.remove(name);
        }
        assert_eq!(json!(sent), json!(wanted), "{theirs}");
    }
}

#[test]
fn keys_are_in_no_debug_text() {
    for carrier in Carrier::ALL {
        let request = ours(carrier, "place");
        let text = format!("{request:?}");
        assert!(!text.contains("token") && !text.contains("Basic"), "{text}");
    }
}
