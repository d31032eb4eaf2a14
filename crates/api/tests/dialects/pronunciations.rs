//! Dictionaries of how words are said, and the agents that name them.

use offhook_agent::{Agent, PhonemeAlphabetDocument};
use offhook_store::WorkspaceId;
use serde_json::{Value, json};

use crate::server::{Server, server};

const BASE: &str = "/v1/pronunciation-dictionaries";

fn rules() -> Value {
    json!([
        { "type": "alias", "string_to_replace": "UN", "alias": "United Nations" },
        {
            "type": "phoneme", "string_to_replace": "Nguyen", "phoneme": "W IH1 N",
            "alphabet": "cmu-arpabet", "case_sensitive": false, "word_boundaries": false,
        },
    ])
}

impl Server {
    async fn dictionary(&self) -> Value {
        let body = json!({ "name": "Names", "description": "Of people", "rules": rules() });
        let line = format!("POST {BASE}/add-from-rules");
        self.done(&line, body).await
    }

    /// The agent as a call of it begins.
    async fn taught(&self, id: &str) -> Agent {
        let stored = self.store.agent_for_call(id).await.unwrap();
        let workspace = WorkspaceId::new(stored.workspace.as_str());
        let workspace = self.store.workspace(&workspace);
        let mut agent = Agent::from_json(&stored.document.to_string()).unwrap();
        self.api.teach(&workspace, &mut agent).await.unwrap();
        agent
    }
}

#[tokio::test]
async fn calls_have_the_rules_that_their_agents_name() {
    let server = server().await;
    let made = server.dictionary().await;
    let (id, first) = (&made["id"], &made["version_id"]);
    let locators = json!([{ "pronunciation_dictionary_id": id, "version_id": first }]);
    let config = json!({ "conversation_config": {
        "tts": { "pronunciation_dictionary_locators": locators },
    } });
    let line = "POST /v1/convai/agents/create";
    let agent = server.done(line, config).await["agent_id"].clone();
    let agent = agent.as_str().unwrap();
    let change = json!({ "rule_strings": ["UN"] });
    let line = format!("POST {BASE}/{}/remove-rules", id.as_str().unwrap());
    let second = server.done(&line, change).await;
    assert_eq!(second["version_rules_num"], 1);
    // The version that is named stays as it is.
    let taught = server.taught(agent).await;
    let learned = &taught.voice().pronunciations;
    assert_eq!(learned.len(), 2);
    assert_eq!(learned[0].alias.as_deref(), Some("United Nations"));
    assert!(learned[0].is_case_sensitive && learned[0].is_whole_word);
    assert_eq!(learned[1].phonemes.as_deref(), Some("W IH1 N"));
    assert_eq!(learned[1].alphabet, PhonemeAlphabetDocument::CmuArpabet);
    assert!(!learned[1].is_case_sensitive && !learned[1].is_whole_word);
    // Without a version it is the newest; one that is not there does no harm.
    let locators = json!([
        { "pronunciation_dictionary_id": id },
        { "pronunciation_dictionary_id": "dict_none", "version_id": null },
    ]);
    let config = json!({ "conversation_config": {
        "tts": { "pronunciation_dictionary_locators": locators },
    } });
    let shown = server
        .done(&format!("PATCH /v1/convai/agents/{agent}"), config)
        .await;
    let shown = &shown["conversation_config"]["tts"]["pronunciation_dictionary_locators"];
    assert_eq!(shown, &locators);
    assert_eq!(server.taught(agent).await.voice().pronunciations.len(), 1);
}

#[tokio::test]
async fn dictionaries_are_made_listed_changed_and_downloaded() {
    let server = server().await;
    let made = server.dictionary().await;
    assert_eq!(made["version_rules_num"], 2);
    let id = made["id"].as_str().unwrap();
    let shown = server.done(&format!("GET {BASE}/{id}"), Value::Null).await;
    assert_eq!(shown["latest_version_id"], made["version_id"]);
    assert_eq!(shown["rules"][0]["case_sensitive"], true);
    let more = json!({ "rules": [
        { "type": "alias", "string_to_replace": "UN", "alias": "you en" },
        { "type": "alias", "string_to_replace": "5G", "alias": "five gee" },
    ] });
    let added = server
        .done(&format!("POST {BASE}/{id}/add-rules"), more)
        .await;
    assert_eq!(added["version_rules_num"], 3);
    let version = added["version_id"].as_str().unwrap();
    let line = format!("GET {BASE}/{id}/{version}/download");
    let file = server.raw(&line, &[], "").await;
    assert_eq!(file.status, 200);
    assert!(
        file.text()
            .contains("<grapheme>UN</grapheme><alias>you en</alias>")
    );
    let only = json!({ "rules": [] });
    let set = server
        .done(&format!("POST {BASE}/{id}/set-rules"), only)
        .await;
    assert_eq!(set["version_rules_num"], 0);
    let change = json!({ "name": "People", "archived": true });
    let changed = server.done(&format!("PATCH {BASE}/{id}"), change).await;
    assert_eq!(changed["name"], "People");
    assert!(changed["archived_time_unix"].is_i64());
    let list = server.done(&format!("GET {BASE}"), Value::Null).await;
    assert_eq!(list["pronunciation_dictionaries"], json!([]));
    let line = format!("GET {BASE}?include_archived=true");
    let list = server.done(&line, Value::Null).await;
    assert_eq!(list["pronunciation_dictionaries"][0]["id"], id);
}

#[tokio::test]
async fn what_is_wrong_with_rules_is_named() {
    let server = server().await;
    let id = server.dictionary().await["id"].clone();
    let id = id.as_str().unwrap();
    let rule = |rule: Value| json!({ "name": "Names", "rules": [rule] });
    for (line, body, place) in [
        ("add-from-rules", json!({ "rules": [] }), "name"),
        ("add-from-rules", json!({ "name": "Names" }), "rules"),
        (
            "add-from-rules",
            rule(json!({ "type": "alias", "string_to_replace": "UN" })),
            "alias",
        ),
        (
            "add-from-rules",
            rule(json!({ "type": "phoneme", "string_to_replace": "UN", "phoneme": "a" })),
            "alphabet",
        ),
        (
            "add-from-rules",
            rule(json!({ "type": "alias", "string_to_replace": "", "alias": "x" })),
            "string_to_replace",
        ),
        (&format!("{id}/remove-rules"), json!({}), "rule_strings"),
    ] {
        let (status, told) = server
            .ask(&format!("POST {BASE}/{line}"), &body.to_string())
            .await;
        assert_eq!(status, 422, "{told}");
        let location = &told["detail"][0]["loc"];
        assert!(location.to_string().contains(place), "{told}");
    }
    let (status, _) = server.ask(&format!("GET {BASE}/dict_none"), "").await;
    assert_eq!(status, 404);
}
