//! What all simulated recognisers share: a script of what is said, how its words are found in audio,
//! and the connection on which results go out in their time, on good days and on bad ones.

mod connection;
mod ear;
mod script;

use serde_json::{Map, Value, json};

pub(crate) use connection::{Listener, Silence, Told, run};
pub(crate) use ear::{Ear, Heard};
pub use script::Script;

/// The fields of an address; those that come several times have all that they come with.
pub(crate) fn asked(fields: Vec<(String, String)>) -> Value {
    let mut query = Map::new();
    for (name, value) in fields {
        match query.get_mut(&name) {
            Some(Value::Array(values)) => values.push(json!(value)),
            Some(first) => *first = json!([first.take(), value]),
            None => {
                query.insert(name, json!(value));
            }
        }
    }
    Value::Object(query)
}
