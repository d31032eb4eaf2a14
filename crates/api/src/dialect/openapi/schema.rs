//! JSON Schema out of tables of fields.

use serde_json::{Value, json};

use crate::dialect::field::{Field, Item, Kind, Null};

/// Any text.
pub(crate) fn text() -> Value {
    json!({ "type": "string" })
}

/// The schema, or null.
pub(crate) fn nullable(mut schema: Value) -> Value {
    match schema["type"].as_str().map(str::to_owned) {
        Some(kind) if schema.get("enum").is_none() => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

/// An object that has all of these fields, and may have others.
pub(crate) fn object(fields: &[(&str, Value)]) -> Value {
    let mut object = json!({ "type": "object", "properties": {} });
    for (name, schema) in fields {
        object["properties"][*name] = schema.clone();
    }
    object["required"] = fields.iter().map(|(name, _)| *name).collect();
    object
}

/// The objects of a schema, which have all of these fields too; of its own none is required.
pub(crate) fn with(mut schema: Value, fields: &[(&str, Value)]) -> Value {
    let own = object(fields);
    for (name, field) in own["properties"].as_object().into_iter().flatten() {
        schema["properties"][name] = field.clone();
    }
    schema["required"] = own["required"].clone();
    schema
}

/// The objects of a table. Of a part of one nothing is required.
pub(crate) fn of_table(fields: &[Field], is_partial: bool) -> Value {
    let mut whole = json!({ "type": "object", "properties": {} });
    for field in fields {
        let (parent, name) = match field.path.rsplit_once('.') {
            Some((parent, name)) => (Some(parent), name),
            None => (None, field.path),
        };
        let mut place = &mut whole;
        for step in parent.into_iter().flat_map(|parent| parent.split('.')) {
            place = &mut place["properties"][step];
        }
        let mut schema = of_kind(&field.kind);
        if field.is_secret
            && let Some(schema) = schema.as_object_mut()
        {
            // It is echoed as it is kept, which is longer.
            schema.remove("maxLength");
        }
        if let Some(default) = field.default {
            schema["default"] = serde_json::from_str(default).unwrap_or_default();
        }
        if field.null != Null::Refused {
            schema = nullable_section(schema);
        }
        place["properties"][name] = schema;
        if field.is_required && !is_partial {
            match place["required"].as_array_mut() {
                Some(required) => required.push(json!(name)),
                None => place["required"] = json!([name]),
            }
        }
    }
    whole
}

/// A section stays an object to which fields can be added.
fn nullable_section(mut schema: Value) -> Value {
    if schema["type"] == "object" {
        schema["type"] = json!(["object", "null"]);
        return schema;
    }
    nullable(schema)
}

fn of_kind(kind: &Kind) -> Value {
    match kind {
        Kind::Text { min, max } => {
            json!({ "type": "string", "minLength": min, "maxLength": max })
        }
        Kind::Https { max } => json!({
            "type": "string", "pattern": "^https://\\S+$", "maxLength": max
        }),
        Kind::Telephone => json!({
            "type": "string", "pattern": "^\\+[1-9][0-9]{6,14}$",
            "description": "A telephone number in E.164"
        }),
        Kind::Checked { what, .. } => json!({ "type": "string", "description": what }),
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::Number { min, max, off } => of_range("number", *min, *max, *off),
        Kind::Whole { min, max, off } => of_range("integer", *min, *max, *off),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Section => json!({ "type": "object", "properties": {} }),
        Kind::Map { entries_max } => json!({ "type": "object", "maxProperties": entries_max }),
        Kind::List { items_max, of } => {
            let items = match of {
                Item::Of(kind) => of_kind(kind),
                Item::Objects(fields) => of_table(fields, false),
            };
            json!({ "type": "array", "maxItems": items_max, "items": items })
        }
        Kind::Any => json!({}),
    }
}

fn of_range(kind: &str, min: f64, max: f64, off: Option<f64>) -> Value {
    let number = |value: f64| {
        if value.fract() == 0.0 {
            json!(value as i64)
        } else {
            json!(value)
        }
    };
    let range = json!({ "type": kind, "minimum": number(min), "maximum": number(max) });
    match off {
        Some(off) => json!({ "anyOf": [range, { "const": number(off) }] }),
        None => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::field::{flag, name, number, objects, section, word};

    #[test]
    fn a_table_is_a_schema() {
        const FIELDS: &[Field] = &[
            name("name").required(),
            section("settings").null_is_absent(),
            number("settings.speed", 0.5, 2.0).required().default("1"),
            word("mode", &["a", "b"]).or_null(),
            objects("items", &[flag("on").required()]).at_most(3),
        ];
        let schema = of_table(FIELDS, false);
        assert_eq!(schema["required"], json!(["name"]));
        let settings = &schema["properties"]["settings"];
        assert_eq!(settings["type"], json!(["object", "null"]));
        assert_eq!(settings["required"], json!(["speed"]));
        assert_eq!(
            settings["properties"]["speed"],
            json!({ "type": "number", "minimum": 0.5, "maximum": 2, "default": 1 })
        );
        assert_eq!(schema["properties"]["mode"]["anyOf"][1]["type"], "null");
        assert_eq!(
            schema["properties"]["items"]["items"]["required"],
            json!(["on"])
        );
        assert!(of_table(FIELDS, true).get("required").is_none());
    }
}
