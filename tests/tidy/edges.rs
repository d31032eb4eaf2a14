//! Which crate may depend on which, as the table of the architecture document has it.

use toml::{Table, Value};

/// What one crate may use.
pub(crate) struct Room {
    name: &'static str,
    /// Crates of this workspace.
    may_use: &'static [&'static str],
    /// Crates of others that would bring in what the room must not hold.
    never: &'static [&'static str],
}

const ASYNC: [&str; 4] = ["tokio", "futures", "async-trait", "tokio-util"];
const SERDE: [&str; 4] = ["serde", "serde_json", "toml", "schemars"];
const SERVERS: [&str; 2] = ["axum", "hyper"];
const CLIENTS: [&str; 3] = ["reqwest", "hyper-util", "tokio-tungstenite"];
const DATABASES: [&str; 4] = ["sqlx", "rusqlite", "tokio-postgres", "diesel"];

/// Every crate of `crates/`.
pub(crate) const CRATES: &[Room] = &[
    Room {
        name: "media",
        may_use: &[],
        never: &["tokio", "serde"],
    },
    Room {
        name: "turn-taking",
        may_use: &[],
        never: &["tokio", "serde"],
    },
    Room {
        name: "contract",
        may_use: &["media", "turn-taking"],
        never: &["clients", "servers"],
    },
    Room {
        name: "agent",
        may_use: &["media", "turn-taking"],
        never: &["tokio", "clients", "servers", "databases"],
    },
    Room {
        name: "call",
        may_use: &["contract", "agent", "turn-taking", "media"],
        never: &["clients", "servers", "databases"],
    },
    Room {
        name: "transport",
        may_use: &["contract", "media", "turn-taking"],
        never: &["databases"],
    },
    Room {
        name: "providers",
        may_use: &["contract", "media", "turn-taking"],
        never: &["servers", "databases"],
    },
    Room {
        name: "rehearsal",
        may_use: &[
            "contract",
            "media",
            "turn-taking",
            "call",
            "transport",
            "agent",
        ],
        never: &["databases"],
    },
    Room {
        name: "load",
        may_use: &["media", "contract", "transport"],
        never: &["clients", "servers", "databases"],
    },
    Room {
        name: "store",
        may_use: &["agent"],
        never: &["clients", "servers"],
    },
    Room {
        name: "api",
        may_use: &[
            "store",
            "agent",
            "call",
            "contract",
            "transport",
            "turn-taking",
            "media",
        ],
        never: &["databases"],
    },
    Room {
        name: "carriers",
        may_use: &[],
        never: &["tokio", "clients", "servers", "databases"],
    },
    Room {
        name: "console",
        may_use: &[],
        never: &["databases", "clients"],
    },
    Room {
        name: "offhook",
        may_use: &[
            "media",
            "turn-taking",
            "contract",
            "agent",
            "call",
            "transport",
            "rehearsal",
            "load",
            "providers",
            "store",
            "api",
            "carriers",
            "console",
        ],
        never: &[],
    },
];

/// What the manifest of the crate in `crates/<name>` says that it may not.
pub(crate) fn problems(name: &str, manifest: &str) -> Vec<String> {
    let Some(room) = CRATES.iter().find(|room| room.name == name) else {
        return vec![format!("crates/{name}: the design has no such crate")];
    };
    let manifest: Table = match manifest.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("crates/{name}/Cargo.toml: {error}")],
    };
    let mut found = Vec::new();
    for dependency in dependencies(&manifest) {
        if let Some(ours) = dependency.strip_prefix("offhook-") {
            if !room.may_use.contains(&ours) {
                found.push(format!("crates/{name} may not use {ours}"));
            }
        } else if room
            .never
            .iter()
            .any(|group| members(group).contains(&dependency))
        {
            found.push(format!("crates/{name} may not use {dependency}"));
        }
    }
    found
}

/// Dependencies of the library itself, also those for one target; tests may use what they like.
fn dependencies(manifest: &Table) -> Vec<&str> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let of_targets = targets
        .into_iter()
        .flatten()
        .filter_map(|(_, table)| table.as_table());
    std::iter::once(manifest)
        .chain(of_targets)
        .flat_map(|table| ["dependencies", "build-dependencies"].map(|key| table.get(key)))
        .flatten()
        .filter_map(Value::as_table)
        .flatten()
        .map(|(name, value)| {
            value
                .get("package")
                .and_then(Value::as_str)
                .unwrap_or(name.as_str())
        })
        .collect()
}

fn members<'g>(group: &'g &'static str) -> &'g [&'static str] {
    match *group {
        "tokio" => &ASYNC,
        "serde" => &SERDE,
        "servers" => &SERVERS,
        "clients" => &CLIENTS,
        "databases" => &DATABASES,
        _ => std::slice::from_ref(group),
    }
}

#[test]
fn a_wrong_edge_is_caught() {
    let cases = [
        ("media", "[dependencies]\nserde.workspace = true", "serde"),
        (
            "media",
            "[target.'cfg(unix)'.dependencies]\ntokio = \"1\"",
            "tokio",
        ),
        (
            "turn-taking",
            "[dependencies]\nclock = { package = \"tokio\", version = \"1\" }",
            "tokio",
        ),
        (
            "turn-taking",
            "[dependencies]\noffhook-media.workspace = true",
            "media",
        ),
        (
            "providers",
            "[dependencies]\noffhook-call.workspace = true",
            "call",
        ),
        ("call", "[build-dependencies]\naxum = \"0.8\"", "axum"),
        ("store", "[dependencies]\nhyper = \"1\"", "hyper"),
        ("attic", "", "no such crate"),
    ];
    for (name, manifest, word) in cases {
        let found = problems(name, manifest);
        assert!(
            found.len() == 1 && found[0].contains(word),
            "{manifest}: {found:?}"
        );
    }
}

#[test]
fn a_right_edge_is_let_through() {
    let manifest = "[dependencies]\noffhook-media.workspace = true\ntokio.workspace = true\n\
                    [dev-dependencies]\naxum = \"0.8\"";
    assert!(problems("contract", manifest).is_empty());
}
