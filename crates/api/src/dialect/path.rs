//! Dotted paths through JSON objects.

use serde_json::{Map, Value};

/// The value at `path`; null counts as a value.
pub(crate) fn at<'v>(document: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .try_fold(document, |value, name| value.get(name))
}

/// Sets the value at `path`; whatever on the way is no object becomes one.
pub(crate) fn put(document: &mut Value, path: &str, value: Value) {
    let mut place = document;
    for name in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name];
    }
    *place = value;
}

/// Takes the value at `path` out.
pub(crate) fn take(document: &mut Value, path: &str) -> Option<Value> {
    let (parent, name) = match path.rsplit_once('.') {
        Some((parent, name)) => {
            let mut place = document;
            for step in parent.split('.') {
                place = place.get_mut(step)?;
            }
            (place, name)
        }
        None => (document, path),
    };
    parent.as_object_mut()?.remove(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_put_found_and_taken() {
        let mut document = json!({ "a": 1 });
        put(&mut document, "b.c", json!(2));
        assert_eq!(at(&document, "b.c"), Some(&json!(2)));
        assert_eq!(at(&document, "b.d"), None);
        assert_eq!(take(&mut document, "b.c"), Some(json!(2)));
        assert_eq!(take(&mut document, "x.y"), None);
        assert_eq!(document, json!({ "a": 1, "b": {} }));
    }
}
