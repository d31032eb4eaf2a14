//! What a call flow says of the calls of its agent: which way they go, and the values that variables
//! have where a call gives none. It is read when a call is about to begin.

use offhook_store::StoredAgent;
use serde_json::{Map, Value, json};

use super::FLOW;
use crate::dialect::{path, variables};

const DIRECTION: &str = "direction";
const PUBLIC: &str = "settings.security.publicAccess";
const COLLECTIONS: &str = "dynamicVariableCollections";

/// The flow that writes to the agent, as its client wrote it.
pub(super) fn flow(agent: &StoredAgent) -> Option<&Value> {
    agent.dialects.get(FLOW.name)
}

fn direction(agent: &StoredAgent) -> Option<&str> {
    flow(agent)?[DIRECTION].as_str()
}

/// Whether calls that ring are the agent's to answer.
pub(crate) fn takes_calls(agent: &StoredAgent) -> bool {
    direction(agent) != Some("outbound")
}

/// Why the agent places no calls, in words; `None` where it does.
pub(crate) fn no_calls_out(agent: &StoredAgent) -> Option<&'static str> {
    let is_inbound = direction(agent) == Some("inbound");
    is_inbound.then_some(
        "the agent places no calls: the direction of its call flow is inbound; outbound or \
         bidirectional would do",
    )
}

/// Whether a page may begin a call with the agent without a key.
pub(super) fn is_public(agent: &StoredAgent) -> bool {
    let said = flow(agent).and_then(|flow| path::at(flow, PUBLIC));
    said == Some(&json!(true))
}

/// The agent with the values of its flow's variables in place of its own.
pub(crate) fn with_variables(mut agent: StoredAgent) -> StoredAgent {
    let values = flow(&agent).map(values_of_collections).unwrap_or_default();
    if values.is_empty() {
        return agent;
    }
    let own = agent.document["variables"].as_object_mut();
    match own {
        Some(own) => own.extend(values),
        None => path::put(&mut agent.document, "variables", Value::Object(values)),
    }
    agent
}

/// The values of the flow's default collection: the first that says that it is it, else the first.
fn values_of_collections(flow: &Value) -> Map<String, Value> {
    let Some(collections) = flow[COLLECTIONS].as_array() else {
        return Map::new();
    };
    let mut marked = collections.iter().filter(|it| it["isDefault"] == true);
    let Some(chosen) = marked.next().or(collections.first()) else {
        return Map::new();
    };
    let entries = chosen["variables"].as_array().into_iter().flatten();
    let entries = entries.filter_map(|it| Some((it["key"].as_str()?.to_owned(), &it["value"])));
    let entries: Map<String, Value> = entries.map(|(name, it)| (name, it.clone())).collect();
    let usable = variables::usable(&json!(entries));
    usable.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(collections: &Value) -> Value {
        Value::Object(values_of_collections(&json!({ COLLECTIONS: collections })))
    }

    #[test]
    fn the_default_collection_counts_else_the_first() {
        let one = json!({ "name": "One", "variables": [{ "key": "shop", "value": "one" }] });
        let two = json!({
            "name": "Two", "isDefault": true,
            "variables": [{ "key": "shop", "value": "two" }, { "key": "floor", "value": 2 }]
        });
        assert_eq!(values(&json!([one])), json!({ "shop": "one" }));
        assert_eq!(
            values(&json!([one, two])),
            json!({ "shop": "two", "floor": 2 })
        );
        assert_eq!(values(&json!([])), json!({}));
    }

    #[test]
    fn what_no_text_can_hold_is_left_out() {
        let held = json!([{ "variables": [
            { "key": "a b", "value": "x" }, { "key": "list", "value": [1] },
            { "key": "none", "value": null }, { "value": "x" }, { "key": "open", "value": true }
        ] }]);
        assert_eq!(values(&held), json!({ "open": true }));
    }
}
