//! A document against the fields of its dialect: every problem at once, each with its path.

use serde_json::Value;

use super::field::{Field, Item, Kind, Null};
use super::problem::{Problem, ProblemKind, Step, steps};

/// Everything that is wrong with `body`. Where it `is_partial`, nothing is missing.
pub(crate) fn problems(fields: &[Field], body: &Value, is_partial: bool) -> Vec<Problem> {
    let mut check = Check {
        found: Vec::new(),
        is_partial,
    };
    if body.is_object() {
        check.fields(&[], fields, body);
    } else {
        check.note(&[], ProblemKind::Object, OBJECT);
    }
    check.found
}

const OBJECT: &str = "Input should be a valid object";

struct Check {
    found: Vec<Problem>,
    is_partial: bool,
}

impl Check {
    fn note(&mut self, path: &[Step], kind: ProblemKind, message: impl Into<String>) {
        self.found.push(Problem {
            path: path.to_vec(),
            message: message.into(),
            kind,
        });
    }

    fn fields(&mut self, before: &[Step], fields: &[Field], object: &Value) {
        for field in fields {
            let (parent, name) = match field.path.rsplit_once('.') {
                Some((parent, name)) => (super::path::at(object, parent), name),
                None => (Some(object), field.path),
            };
            let Some(parent) = parent.and_then(Value::as_object) else {
                continue;
            };
            let mut path = before.to_vec();
            path.extend(steps(field.path));
            match parent.get(name) {
                None if field.is_required && !self.is_partial => {
                    self.note(&path, ProblemKind::Missing, "Field required");
                }
                None => {}
                Some(Value::Null) if field.null != Null::Refused => {}
                Some(value) => self.value(&path, &field.kind, value),
            }
        }
    }

    fn value(&mut self, path: &[Step], kind: &Kind, value: &Value) {
        match (kind, value) {
            (Kind::Any, _) | (Kind::Flag, Value::Bool(_)) | (Kind::Section, Value::Object(_)) => {}
            (Kind::Flag, _) => {
                self.note(path, ProblemKind::Flag, "Input should be a valid boolean");
            }
            (Kind::Number { min, max, off }, Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                self.range(path, number, *min, *max, *off);
            }
            (Kind::Number { .. }, _) => {
                self.note(path, ProblemKind::Number, "Input should be a valid number");
            }
            (Kind::Whole { min, max, off }, Value::Number(number))
                if number.as_f64().is_some_and(|it| it.fract() == 0.0) =>
            {
                let number = number.as_f64().unwrap_or(f64::NAN);
                self.range(path, number, *min, *max, *off);
            }
            (Kind::Whole { .. }, _) => {
                self.note(path, ProblemKind::Whole, "Input should be a valid integer");
            }
            (Kind::Map { entries_max }, Value::Object(entries)) => {
                self.count(path, "Object", "entries", entries.len(), *entries_max);
            }
            (Kind::Section | Kind::Map { .. }, _) => self.note(path, ProblemKind::Object, OBJECT),
            (Kind::List { items_max, of }, Value::Array(items)) => {
                self.count(path, "List", "items", items.len(), *items_max);
                self.items(path, *of, items);
            }
            (Kind::List { .. }, _) => {
                self.note(path, ProblemKind::List, "Input should be a valid list");
            }
            (_, Value::String(text)) => self.text(path, kind, text),
            (Kind::Word(words), _) => self.note(path, ProblemKind::Word, one_of(words)),
            (_, _) => self.note(path, ProblemKind::Text, "Input should be a valid string"),
        }
    }

    fn items(&mut self, path: &[Step], of: Item, items: &[Value]) {
        let was_partial = std::mem::replace(&mut self.is_partial, false);
        for (index, item) in items.iter().enumerate() {
            let mut path = path.to_vec();
            path.push(Step::Index(index));
            match of {
                Item::Of(kind) => self.value(&path, kind, item),
                Item::Objects(fields) if item.is_object() => self.fields(&path, fields, item),
                Item::Objects(_) => self.note(&path, ProblemKind::Object, OBJECT),
            }
        }
        self.is_partial = was_partial;
    }

    fn range(&mut self, path: &[Step], value: f64, min: f64, max: f64, off: Option<f64>) {
        if off == Some(value) {
            return;
        }
        if value < min {
            let message = format!("Input should be greater than or equal to {min}");
            self.note(path, ProblemKind::TooSmall, message);
        } else if value > max {
            let message = format!("Input should be less than or equal to {max}");
            self.note(path, ProblemKind::TooLarge, message);
        }
    }

    fn count(&mut self, path: &[Step], what: &str, of: &str, count: usize, max: usize) {
        if count > max {
            let message = format!("{what} should have at most {max} {of}, not {count}");
            self.note(path, ProblemKind::TooMany, message);
        }
    }

    fn text(&mut self, path: &[Step], kind: &Kind, text: &str) {
        let count = text.chars().count();
        match kind {
            Kind::Word(words) if !words.contains(&text) => {
                self.note(path, ProblemKind::Word, one_of(words));
            }
            Kind::Text { min, max } => self.length(path, count, *min, *max),
            Kind::Https { max } => {
                if !is_https(text) {
                    let message = "URL scheme should be 'https', with a host";
                    self.note(path, ProblemKind::Form, message);
                }
                self.length(path, count, 0, *max);
            }
            Kind::Telephone if !is_telephone(text) => {
                let message = "Input should be a telephone number in E.164, such as +14155550100";
                self.note(path, ProblemKind::Form, message);
            }
            Kind::Checked { what, is_right } if !is_right(text) => {
                self.note(path, ProblemKind::Form, format!("Input should be {what}"));
            }
            _ => {}
        }
    }

    fn length(&mut self, path: &[Step], count: usize, min: usize, max: usize) {
        let many = |count: usize| if count == 1 { "" } else { "s" };
        if count < min {
            let message = format!("String should have at least {min} character{}", many(min));
            self.note(path, ProblemKind::TooShort, message);
        } else if count > max {
            let message = format!("String should have at most {max} character{}", many(max));
            self.note(path, ProblemKind::TooLong, message);
        }
    }
}

fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("Input should be {} or {last}", rest.join(", "))
        }
        _ => format!("Input should be {}", quoted.join("")),
    }
}

/// Whether `text` is an `https` address with a host.
/// Whether requests can be sent there: an address with a host, and nothing in it that a reader would
/// not see.
fn is_https(text: &str) -> bool {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '\u{feff}';
    text.starts_with("https://")
        && text.chars().all(is_plain)
        && reqwest::Url::parse(text).is_ok_and(|url| url.has_host())
}

fn is_telephone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.chars().all(|c| c.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_no_hidden_characters() {
        for right in [
            "https://a.test",
            "https://a.test:8443/b?c=d#e",
            "https://[2001:db8::1]/",
            "https://bücher.test/ä",
        ] {
            assert!(is_https(right), "{right}");
        }
        for wrong in [
            "",
            "a.test",
            "http://a.test",
            "HTTPS://a.test",
            "https://",
            "https:///",
            "https://?a",
            "https://\u{84}",
            "https://a.test/ b",
            "https://a.test/\t",
            "https://a.test/\u{feff}",
            "https://a.test:99999/",
        ] {
            assert!(!is_https(wrong), "{wrong:?}");
        }
    }
}
