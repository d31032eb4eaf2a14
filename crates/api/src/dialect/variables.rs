//! Variables as clients write them, of which those act that can stand in a text.

use serde_json::{Map, Value};

use super::path;

/// Those that have a name and a value that a text can hold.
pub(crate) fn usable(variables: &Value) -> Value {
    let entries = variables.as_object().into_iter().flatten();
    let usable: Map<String, Value> = entries
        .filter(|(name, value)| is_usable(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Value::Object(usable)
}

/// Replaces the usable ones at `field` by `value` and leaves the others.
pub(crate) fn write(value: &Value, document: &mut Value, field: &str) {
    let own = path::at(document, field).and_then(Value::as_object);
    let mut variables: Map<String, Value> = own
        .into_iter()
        .flatten()
        .filter(|(name, value)| !is_usable(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let usable = value.as_object().into_iter().flatten();
    variables.extend(usable.map(|(name, value)| (name.clone(), value.clone())));
    path::put(document, field, Value::Object(variables));
}

fn is_usable(name: &str, value: &Value) -> bool {
    offhook_agent::is_variable_name(name)
        && matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_no_text_can_hold_stays_where_it_is() {
        let own = json!({ "variables": { "a": 1, "b": [2], "c-d": "e" } });
        assert_eq!(usable(&own["variables"]), json!({ "a": 1 }));
        let mut changed = own;
        write(&json!({ "x": "y" }), &mut changed, "variables");
        assert_eq!(
            changed["variables"],
            json!({ "x": "y", "b": [2], "c-d": "e" })
        );
    }
}
