//! One table of a scenario document: its fields are taken out one by one, and what is left over
//! is unknown. Problems are collected, not returned, so that all are seen at once.

use std::time::Duration;

use toml::{Table, Value};

use super::duration;
use super::problem::{Problem, suggestion};

/// A table and its place in the document.
pub(super) struct Section<'p> {
    path: String,
    table: Table,
    known: Vec<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'p> Section<'p> {
    pub(super) fn new(path: &str, table: Table, problems: &'p mut Vec<Problem>) -> Self {
        Self {
            path: path.to_owned(),
            table,
            known: Vec::new(),
            problems,
        }
    }

    /// Says that something is wrong with the table itself.
    pub(super) fn complain(&mut self, message: String) {
        let path = if self.path.is_empty() {
            "(top level)".to_owned()
        } else {
            self.path.clone()
        };
        self.problems.push(Problem { path, message });
    }

    /// Says that something is wrong with the field `key`.
    pub(super) fn complain_of(&mut self, key: &str, message: String) {
        self.problems.push(Problem {
            path: self.place_of(key),
            message,
        });
    }

    /// Where the field `key` is.
    pub(super) fn place_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The collected problems, for a section inside this one.
    pub(super) fn problems(&mut self) -> &mut Vec<Problem> {
        self.problems
    }

    /// Takes the field `key` whatever it is.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.table.remove(key)
    }

    /// Takes the field `key` through `read`, which says what it wants where the value is wrong.
    fn take_as<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(key)?;
        match read(&value) {
            Ok(read) => Some(read),
            Err(message) => {
                self.complain_of(key, message);
                None
            }
        }
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.take_as(key, |value| match value {
            Value::String(text) if !text.trim().is_empty() => Ok(text.clone()),
            Value::String(_) => Err("must not be empty".to_owned()),
            other => Err(wanted("a text in quotes", other)),
        })
    }

    pub(super) fn question(&mut self, key: &'static str) -> Option<bool> {
        self.take_as(key, |value| {
            value
                .as_bool()
                .ok_or_else(|| wanted("`true` or `false`", value))
        })
    }

    /// A number between `min` and `max`, with or without a point.
    pub(super) fn number(&mut self, key: &'static str, min: f64, max: f64) -> Option<f64> {
        self.take_as(key, |value| {
            let number = match value {
                Value::Float(number) => *number,
                Value::Integer(number) => *number as f64,
                other => return Err(wanted("a number", other)),
            };
            if (min..=max).contains(&number) {
                Ok(number)
            } else {
                Err(format!("{number} is out of range; use {min} to {max}"))
            }
        })
    }

    /// Whole milliseconds, up to an hour.
    pub(super) fn milliseconds(&mut self, key: &'static str) -> Option<Duration> {
        self.take_as(key, |value| match value {
            Value::Integer(millis @ 0..=3_600_000) => {
                Ok(Duration::from_millis(millis.unsigned_abs()))
            }
            Value::Integer(millis) => Err(format!(
                "{millis} is out of range; use 0 to 3600000 milliseconds"
            )),
            other => Err(wanted("whole milliseconds", other)),
        })
    }

    /// A duration such as `"300ms"`.
    pub(super) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        self.take_as(key, |value| match value {
            Value::String(text) => duration::parse(text),
            other => Err(wanted("a duration such as \"300ms\" or \"1.2s\"", other)),
        })
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        self.list(key, |value| match value {
            Value::String(text) if !text.trim().is_empty() => Ok(text.clone()),
            other => Err(wanted("a text in quotes", other)),
        })
    }

    /// A list of texts or of lists of texts.
    pub(super) fn groups(&mut self, key: &'static str) -> Vec<Vec<String>> {
        self.list(key, |value| match value {
            Value::String(text) if !text.trim().is_empty() => Ok(vec![text.clone()]),
            Value::Array(any) if !any.is_empty() => any
                .iter()
                .map(|one| one.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| wanted("texts in the inner list", value)),
            other => Err(wanted(
                "a text, or a list of texts of which one is enough",
                other,
            )),
        })
    }

    /// A list of words from a closed set.
    pub(super) fn words<T: Copy>(
        &mut self,
        key: &'static str,
        all: &[T],
        word: fn(T) -> &'static str,
    ) -> Vec<T> {
        self.list(key, |value| known_word(value, all, word))
    }

    /// One word from a closed set.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        all: &[T],
        word: fn(T) -> &'static str,
    ) -> Option<T> {
        self.take_as(key, |value| known_word(value, all, word))
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&Value) -> Result<T, String>,
    ) -> Vec<T> {
        let items = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.complain_of(key, wanted("a list", &other));
                return Vec::new();
            }
        };
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match read(item) {
                Ok(item) => all.push(item),
                Err(message) => self.complain_of(&format!("{key}[{}]", index + 1), message),
            }
        }
        all
    }

    /// Takes the table `key`.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Table> {
        self.take_as(key, |value| {
            value
                .as_table()
                .cloned()
                .ok_or_else(|| wanted("a table", value))
        })
    }

    /// Complains of every field that nobody took.
    pub(super) fn finish(mut self) {
        let unknown: Vec<String> = self.table.keys().cloned().collect();
        for key in unknown {
            let message = format!("unknown word; {}", suggestion(&key, &self.known));
            self.complain_of(&key, message);
        }
    }
}

fn known_word<T: Copy>(value: &Value, all: &[T], word: fn(T) -> &'static str) -> Result<T, String> {
    let names: Vec<&str> = all.iter().map(|one| word(*one)).collect();
    let text = value
        .as_str()
        .ok_or_else(|| wanted(&format!("one of {}", names.join(", ")), value))?;
    all.iter()
        .copied()
        .find(|one| word(*one) == text)
        .ok_or_else(|| format!("unknown word `{text}`; {}", suggestion(text, &names)))
}

pub(super) fn wanted(what: &str, value: &Value) -> String {
    let article = if value.type_str().starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("must be {what}, not {article} {}", value.type_str())
}
