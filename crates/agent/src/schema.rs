//! The published JSON Schema of an agent document.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::AgentDocument;

/// The JSON Schema (draft 2020-12) of [`AgentDocument`], as committed in
/// `configs/agent.schema.json`.
#[must_use]
pub fn agent_schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<AgentDocument>()
        .into()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn configs() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../configs")
    }

    #[test]
    fn the_committed_schema_is_current() {
        let path = configs().join("agent.schema.json");
        let current = serde_json::to_string_pretty(&agent_schema()).unwrap() + "\n";
        if std::env::var_os("OFFHOOK_WRITE_SCHEMA").is_some() {
            std::fs::write(&path, &current).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == current,
            "configs/agent.schema.json is not what the code says; write it with \
             OFFHOOK_WRITE_SCHEMA=1 cargo test -p offhook-agent schema"
        );
    }

    #[test]
    fn every_committed_agent_is_sound() {
        let mut count = 0;
        for entry in std::fs::read_dir(configs().join("agents")).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                let read = crate::Agent::from_json(&text);
                assert!(read.is_ok(), "{}:\n{}", path.display(), read.unwrap_err());
                count += 1;
            }
        }
        assert!(count >= 1);
    }
}
