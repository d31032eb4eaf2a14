//! From JSON text to the agent. The text is first held against the schema, which finds every
//! unknown field, wrong type and range by its path; what is wrong is set aside, so that the rest
//! is still checked for meaning, and one run names all problems.

use serde_json::{Map, Value};

use crate::problem::{Findings, nearest, out_of_range};
use crate::{Agent, AgentDocument, AgentProblems, agent_schema};

pub(crate) fn agent_from_json(text: &str) -> Result<Agent, AgentProblems> {
    let mut findings = Findings::default();
    let mut value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            findings.add("", syntax_problem(text, &error));
            return Err(findings.into_problems());
        }
    };
    let schema = agent_schema();
    let mut reading = Reading {
        definitions: &schema["$defs"],
        findings,
    };
    if !reading.keep("", &mut value, &schema) {
        return Err(reading.findings.into_problems());
    }
    let mut findings = reading.findings;
    match serde_json::from_value::<AgentDocument>(value) {
        Ok(document) => match Agent::try_from(document) {
            Ok(agent) if findings.is_empty() => return Ok(agent),
            Ok(_) => {}
            Err(problems) => findings.extend(problems),
        },
        Err(error) => findings.add("", error.to_string()),
    }
    Err(findings.into_problems())
}

fn syntax_problem(text: &str, error: &serde_json::Error) -> String {
    if text.trim().is_empty() {
        return "the document is empty; an agent is a JSON object with at least \"name\" and \
                \"prompt\""
            .to_owned();
    }
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = error.to_string();
    let what = message.strip_suffix(&place).unwrap_or(&message);
    format!("line {}, column {}: {what}", error.line(), error.column())
}

/// A value held against its schema.
struct Reading<'a> {
    definitions: &'a Value,
    findings: Findings,
}

impl<'a> Reading<'a> {
    /// Whether `value` has the shape that `schema` says. Parts of it that do not are noted, and
    /// removed or replaced.
    fn keep(&mut self, path: &str, value: &mut Value, schema: &'a Value) -> bool {
        let schema = self.resolved(schema);
        if let Some(choices) = schema["anyOf"].as_array() {
            let fitting = choices.iter().find(|choice| self.has_type(value, choice));
            return match fitting {
                Some(choice) => self.keep(path, value, choice),
                None => self.refuse(path, value, schema),
            };
        }
        if let Some(words) = self.words(schema) {
            return self.keep_word(path, value, &words);
        }
        if !self.has_type(value, schema) {
            return self.refuse(path, value, schema);
        }
        match value {
            Value::Object(fields) => {
                self.keep_fields(path, fields, schema);
                true
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    if !self.keep(&format!("{path}[{index}]"), item, &schema["items"]) {
                        *item = placeholder();
                    }
                }
                true
            }
            Value::Number(number) => {
                let min = schema["minimum"].as_f64().unwrap_or(f64::NEG_INFINITY);
                let max = schema["maximum"].as_f64().unwrap_or(f64::INFINITY);
                let is_inside = number
                    .as_f64()
                    .is_some_and(|value| (min..=max).contains(&value));
                if !is_inside {
                    self.findings.add(path, out_of_range(&*number, min, max));
                }
                is_inside
            }
            Value::Null | Value::Bool(_) | Value::String(_) => true,
        }
    }

    fn keep_fields(&mut self, path: &str, fields: &mut Map<String, Value>, schema: &'a Value) {
        let empty = Map::new();
        let known = schema["properties"].as_object().unwrap_or(&empty);
        let names: Vec<String> = fields.keys().cloned().collect();
        for name in names {
            let field_path = joined(path, &name);
            let Some(value) = fields.get_mut(&name) else {
                continue;
            };
            if let Some(field_schema) = schema["properties"].get(&name) {
                if !self.keep(&field_path, value, field_schema) {
                    fields.remove(&name);
                    if is_required(schema, &name) {
                        fields.insert(name, placeholder());
                    }
                }
            } else if schema["additionalProperties"].is_object() {
                if !self.keep(&field_path, value, &schema["additionalProperties"]) {
                    *value = placeholder();
                }
            } else {
                fields.remove(&name);
                let hint = match nearest(&name, known.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("known here: {}", listed(known)),
                };
                self.findings
                    .add(field_path, format!("unknown field; {hint}"));
            }
        }
        for name in required(schema) {
            if !fields.contains_key(name) {
                self.findings.add(joined(path, name), "is missing");
                fields.insert(name.to_owned(), placeholder());
            }
        }
    }

    fn keep_word(&mut self, path: &str, value: &Value, words: &[&str]) -> bool {
        let expected = || quoted(words).join(", ");
        match value.as_str() {
            Some(text) if words.contains(&text) => return true,
            Some(text) => match nearest(text, words.iter().copied()) {
                Some(near) => {
                    let problem = format!("\"{text}\" is unknown; did you mean \"{near}\"?");
                    self.findings
                        .add(path, format!("{problem} (one of {})", expected()));
                }
                None => {
                    self.findings.add(
                        path,
                        format!("\"{text}\" is unknown; one of {}", expected()),
                    );
                }
            },
            None => {
                let problem = format!("expected one of {}, found {}", expected(), found(value));
                self.findings.add(path, problem);
            }
        }
        false
    }

    fn refuse(&mut self, path: &str, value: &Value, schema: &'a Value) -> bool {
        let mut expected = Vec::new();
        self.describe(schema, &mut expected);
        let problem = format!("expected {}, found {}", expected.join(" or "), found(value));
        self.findings.add(path, problem);
        false
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let name = schema["$ref"]
            .as_str()
            .and_then(|reference| reference.rsplit('/').next());
        name.and_then(|name| self.definitions.get(name))
            .unwrap_or(schema)
    }

    /// The words of an enumeration.
    fn words(&self, schema: &'a Value) -> Option<Vec<&'a str>> {
        if let Some(choices) = schema["oneOf"].as_array() {
            return Some(
                choices
                    .iter()
                    .filter_map(|choice| choice["const"].as_str())
                    .collect(),
            );
        }
        schema["enum"]
            .as_array()
            .map(|words| words.iter().filter_map(Value::as_str).collect())
    }

    fn has_type(&self, value: &Value, schema: &'a Value) -> bool {
        let schema = self.resolved(schema);
        if let Some(choices) = schema["anyOf"].as_array() {
            return choices.iter().any(|choice| self.has_type(value, choice));
        }
        if self.words(schema).is_some() {
            return value.is_string();
        }
        type_names(schema).any(|name| is_of_type(value, name))
    }

    fn describe(&self, schema: &'a Value, expected: &mut Vec<&'static str>) {
        if schema["$ref"]
            .as_str()
            .is_some_and(|reference| reference.ends_with("/DurationText"))
            || schema["pattern"].is_string()
        {
            expected.push("a duration such as \"300ms\" or \"2s\"");
            return;
        }
        let schema = self.resolved(schema);
        if let Some(choices) = schema["anyOf"].as_array() {
            for choice in choices {
                self.describe(choice, expected);
            }
            return;
        }
        expected.extend(type_names(schema).map(type_in_words));
    }
}

/// Stands for a value that was refused where one must be; never part of an agent.
fn placeholder() -> Value {
    Value::String("?".to_owned())
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn is_required(schema: &Value, name: &str) -> bool {
    required(schema).any(|required| required == name)
}

fn listed(known: &Map<String, Value>) -> String {
    known
        .keys()
        .filter(|name| !name.starts_with('$'))
        .cloned()
        .collect::<Vec<_>>()
        .join(", ")
}

fn quoted(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| format!("\"{word}\"")).collect()
}

fn type_names(schema: &Value) -> impl Iterator<Item = &str> {
    let one = schema["type"].as_str();
    let many = schema["type"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    one.into_iter().chain(many)
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn type_in_words(name: &str) -> &'static str {
    match name {
        "null" => "null",
        "boolean" => "true or false",
        "string" => "a text",
        "number" => "a number",
        "integer" => "a whole number",
        "array" => "a list",
        _ => "an object",
    }
}

fn found(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => {
            let mut shown: String = text.chars().take(40).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            format!("the text {shown:?}")
        }
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests;
