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

use offhook_carriers::{Account, Carrier, Dial, Handover, Method, Outgoing, Request, Sought};
use serde_json::{Value, json};

/// What Plivo's package sends beside what it is asked for: the API's own defaults, and an id that
/// stands in the address.
const DEFAULTS: [&str; 6] = [
    "offset",
    "fallback_method",
    "machine_detection_time",
    "machine_detection_method",
    "error_if_parent_not_found",
    "call_uuid",
];

/// The private key of an application, which was made for tests.
const KEY: &str = include_str!("requests/application.pem");

/// Where the packages are that `.ci/setup` has put into the cache.
fn installed() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
    let folder = cache.unwrap_or_else(home).join("offhook/clients/current");
    let place = folder.display();
    assert!(folder.is_dir(), "{place} is not there; run .ci/setup test");
    folder
}

/// What a script makes of the packages, a line each.
fn run(script: &str) -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/requests");
    let script = folder.join(script);
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
    if let Some((_, query)) = request.url.split_once('?') {
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let values = fields.entry(name.into_owned()).or_default();
            values.push(Value::from(value.as_ref()));
        }
    } else if request.body.starts_with('{') {
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
        _ => "AC1",
    };
    let secret = match carrier.has_private_key() {
        true => KEY,
        false => "token",
    };
    let pass = carrier.pass(id, secret, 1_700_000_000, "nonce").unwrap();
    let account = Account {
        id,
        key: &pass,
        application: Some("12"),
    };
    let url = carrier.rest_url().unwrap_or("https://jambonz.example");
    let call = Outgoing {
        from: "+15550111",
        to: "+14155550100",
        answer_url: "https://voice.example/a/answer",
        status_url: "https://voice.example/a/status",
        ring_max_s: 40,
        duration_max_s: 630,
        detects_machines: what == "place, detecting",
        id: "o",
        uuid: "",
        stream_url: "wss://voice.example/a",
    };
    let sought = Sought {
        from: call.from,
        to: call.to,
        since_s: 0,
        id: "o",
        known: &[],
    };
    let (kind, at) = what.split_once(' ').unwrap_or((what, "0"));
    let nth = |mut all: Vec<Request>| all.swap_remove(at.parse().unwrap());
    match kind {
        "seek" => return nth(carrier.seek(url, &account, &sought)),
        "look" => return nth(carrier.look(url, &account, "CA1")),
        _ => {}
    }
    match what {
        "hang up" => carrier.hang_up(url, &account, "CA1", true).unwrap(),
        "redirect" => {
            let next = "https://voice.example/a/next";
            carrier.redirect(url, &account, "CA1", next).unwrap()
        }
        "take back" => carrier.hang_up(url, &account, "CA1", false).unwrap(),
        _ => carrier.place(url, &account, &call),
    }
}

#[test]
fn what_is_asked_for_is_what_the_carriers_own_packages_ask_for() {
    let made = run("made.py");
    assert_eq!(made.len(), 28);
    for theirs in &made {
        let text = |name: &str| theirs[name].as_str().unwrap();
        let mut carriers = Carrier::ALL.into_iter();
        let carrier = carriers.find(|it| it.name() == text("carrier")).unwrap();
        let ours = ours(carrier, text("what"));
        let method = match ours.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        };
        let path = ours.url.split('?').next().unwrap();
        assert_eq!((method, path), (text("method"), text("url")));
        let authorization = header(&ours, "authorization");
        assert_eq!(authorization, Some(text("authorization")), "{theirs}");
        if matches!(ours.method, Method::Post | Method::Put) {
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

/// A document as a tree: names, attributes whatever their order, texts.
fn tree(node: roxmltree::Node<'_, '_>) -> Value {
    let attributes = node.attributes();
    let attributes = attributes.map(|it| (it.name().to_owned(), json!(it.value())));
    let attributes: serde_json::Map<_, _> = attributes.collect();
    let children = node.children().filter(|it| it.is_element() || it.is_text());
    json!({
        "name": node.tag_name().name(),
        "attributes": attributes,
        "text": node.is_text().then(|| node.text()),
        "children": children.map(tree).collect::<Vec<_>>(),
    })
}

#[test]
fn documents_are_those_that_the_carriers_own_packages_write() {
    let written = run("documents.py");
    assert_eq!(written.len(), 9);
    for theirs in &written {
        let text = |name: &str| theirs[name].as_str().unwrap();
        let mut carriers = Carrier::ALL.into_iter();
        let carrier = carriers.find(|it| it.name() == text("carrier")).unwrap();
        let next_url = "https://voice.example/a/next?b=1&c=2";
        let ours = carrier.handover(&match text("what") {
            "dial" => Handover::Dial(Dial {
                from: "+15550111",
                to: "+14155550100",
                ring_max_s: 30,
                duration_max_s: 3_600,
                next_url,
                status_url: "https://voice.example/a/status",
            }),
            "say" => Handover::Say {
                text: "Ann & \"Bob\" <3 é",
                next_url,
            },
            _ => Handover::Join {
                conference: "call7",
            },
        });
        let read = |text: &str| match carrier {
            Carrier::Vonage => serde_json::from_str(text).unwrap(),
            _ => tree(roxmltree::Document::parse(text).unwrap().root()),
        };
        assert_eq!(read(&ours.text), read(text("document")), "{theirs}");
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
