//! A dialect's document against the canonical agent, both ways. Nothing of another dialect is lost:
//! a canonical value is written only where this dialect's client changed what it was shown, and a
//! client's own writing of a value is shown as long as it means what is stored.

use std::collections::BTreeMap;

use offhook_agent::AgentProblem;
use serde_json::{Map, Value};

use super::canonical;
use super::check;
use super::field::{Field, Item, Kind, Null};
use super::lens::Lens;
use super::path;
use super::problem::{Problem, ProblemKind, steps};

/// One platform's way to write agents.
pub struct Dialect {
    /// Its key in [`Stored::dialects`], and its mount.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    pub(crate) fields: fn() -> &'static [Field],
    pub(crate) lenses: &'static [Lens],
    /// The canonical agent of which its client has said nothing: what the platform does where ours
    /// would do otherwise.
    pub(crate) baseline: fn() -> Value,
    /// Rules between fields, on a document with its defaults filled in.
    pub(crate) rules: fn(&Value, &mut Vec<Problem>),
    /// What an agent made elsewhere holds here beyond the defaults.
    pub(crate) foreign: fn(&Value) -> Value,
    /// What a change to this document entails: before, body, after.
    pub(crate) entail: fn(&Value, &Value, &mut Value),
    /// What follows for the canonical agent from the secrets of what clients wrote, whether they have
    /// their places already or stand there as they came.
    pub(crate) settle: fn(&Value, &mut Value),
}

/// An agent as stored: the canonical document and what each dialect's clients wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The canonical document.
    pub document: Value,
    /// By the dialect's name, what its clients wrote.
    pub dialects: BTreeMap<String, Value>,
}

/// What is to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The canonical document.
    pub document: Value,
    /// What this dialect's clients wrote, all told.
    pub own: Value,
}

impl std::fmt::Debug for Dialect {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl Dialect {
    /// What a client's `body` makes of `current`, or of nothing: then the body is a whole document,
    /// otherwise a change.
    ///
    /// # Errors
    /// Everything that is wrong with the body, each problem with its place.
    pub fn read(&self, body: &Value, current: Option<&Stored>) -> Result<Draft, Vec<Problem>> {
        let mut found = check::problems((self.fields)(), body, current.is_some());
        if !body.is_object() {
            return Err(found);
        }
        let mut body = body.clone();
        drop_nulls((self.fields)(), &mut body);
        let before = current.map(|stored| self.written(stored));
        let mut after = before.clone().unwrap_or_else(|| Value::Object(Map::new()));
        let mut own = current.map_or_else(empty, |stored| self.own(stored));
        merge((self.fields)(), "", &mut after, &body);
        merge((self.fields)(), "", &mut own, &body);
        if let Some(before) = &before {
            (self.entail)(before, &body, &mut after);
            (self.entail)(before, &body, &mut own);
        }
        fill((self.fields)(), &mut after);
        if found.is_empty() {
            (self.rules)(&after, &mut found);
            // What was so before, by another dialect's doing, is not this client's to mend.
            let earlier = before.as_ref().map(|before| self.broken_rules(before));
            found.retain(|problem| earlier.as_ref().is_none_or(|it| !it.contains(problem)));
        }
        if !found.is_empty() {
            return Err(found);
        }
        let document = match (current, before) {
            (Some(stored), Some(mut before)) => {
                fill((self.fields)(), &mut before);
                self.changed(&stored.document, &before, &after)
            }
            _ => self.made(&after),
        };
        let found = self.refused(&document);
        if found.is_empty() {
            Ok(Draft { document, own })
        } else {
            Err(found)
        }
    }

    fn broken_rules(&self, before: &Value) -> Vec<Problem> {
        let (mut before, mut found) = (before.clone(), Vec::new());
        fill((self.fields)(), &mut before);
        (self.rules)(&before, &mut found);
        found
    }

    /// What a client is shown, defaults filled in.
    #[must_use]
    pub fn show(&self, stored: &Stored) -> Value {
        let mut shown = self.written(stored);
        fill((self.fields)(), &mut shown);
        shown
    }

    /// The canonical agent of a new document.
    fn made(&self, filled: &Value) -> Value {
        let mut document = (self.baseline)();
        for lens in self.lenses {
            if let Some(value) = lens.read(filled) {
                canonical::set(&mut document, lens.canonical, value);
            }
        }
        canonical::complete(&mut document);
        document
    }

    /// The canonical agent after a change from what was shown.
    fn changed(&self, document: &Value, before: &Value, after: &Value) -> Value {
        let mut document = document.clone();
        for lens in self.lenses {
            let value = self.meaning(lens, after);
            if !canonical::is_same(lens.canonical, &self.meaning(lens, before), &value) {
                canonical::set(&mut document, lens.canonical, value);
            }
        }
        canonical::complete(&mut document);
        document
    }

    /// The canonical value that a document says, or that it stands for where it says nothing.
    fn meaning(&self, lens: &Lens, filled: &Value) -> Value {
        let said = lens.read(filled);
        said.unwrap_or_else(|| canonical::value(&(self.baseline)(), lens.canonical))
    }

    fn own(&self, stored: &Stored) -> Value {
        let own = stored.dialects.get(self.name).cloned();
        own.unwrap_or_else(|| (self.foreign)(&stored.document))
    }

    /// What clients of this dialect wrote, with what others changed since written into it.
    fn written(&self, stored: &Stored) -> Value {
        let mut own = self.own(stored);
        let mut whole = filled((self.fields)(), &own);
        for lens in self.lenses {
            let value = canonical::value(&stored.document, lens.canonical);
            let said = self.meaning(lens, &whole);
            if canonical::is_same(lens.canonical, &said, &value) {
                continue;
            }
            let mut rewritten = own.clone();
            lens.write(&value, &mut rewritten);
            let rewritten_whole = filled((self.fields)(), &rewritten);
            let sayable = self.meaning(lens, &rewritten_whole);
            if !canonical::is_same(lens.canonical, &said, &sayable) {
                own = rewritten;
                whole = rewritten_whole;
            }
        }
        own
    }

    /// What the engine refuses.
    fn refused(&self, document: &Value) -> Vec<Problem> {
        self.placed(canonical::problems(document))
    }

    /// Problems with the canonical agent, at the fields that say it.
    pub(crate) fn placed(&self, problems: Vec<AgentProblem>) -> Vec<Problem> {
        problems
            .into_iter()
            .map(|problem| {
                let lens = self.lenses.iter().find(|lens| {
                    let rest = problem.path.strip_prefix(lens.canonical);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                });
                let place = lens.and_then(|lens| lens.fields.first().copied());
                Problem {
                    path: steps(place.unwrap_or_default()),
                    message: problem.problem,
                    kind: ProblemKind::Value,
                }
            })
            .collect()
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn filled(fields: &[Field], document: &Value) -> Value {
    let mut document = document.clone();
    fill(fields, &mut document);
    document
}

/// Fills in the defaults of what the client left out. Within a section that is null there are none.
pub(crate) fn fill(fields: &[Field], document: &mut Value) {
    for field in fields {
        if let Some(default) = field.default
            && may_hold(document, field.path)
            && path::at(document, field.path).is_none()
        {
            let default = serde_json::from_str(default).unwrap_or_default();
            path::put(document, field.path, default);
        }
        if let Kind::List {
            of: Item::Objects(fields),
            ..
        } = field.kind
        {
            let list = field
                .path
                .split('.')
                .try_fold(&mut *document, |at, name| at.get_mut(name));
            for item in list.and_then(Value::as_array_mut).into_iter().flatten() {
                fill(fields, item);
            }
        }
    }
}

/// Whether every object on the way to `path` is one, or is not there yet.
fn may_hold(document: &Value, path: &str) -> bool {
    let mut place = document;
    for name in path.split('.') {
        if !place.is_object() {
            return false;
        }
        match place.get(name) {
            Some(value) => place = value,
            None => return true,
        }
    }
    true
}

/// Lays `change` over `document`: sections field by field, everything else whole.
pub(crate) fn merge(fields: &[Field], before: &str, document: &mut Value, change: &Value) {
    let Some(changes) = change.as_object() else {
        return;
    };
    for (name, value) in changes {
        let path = match before {
            "" => name.clone(),
            before => format!("{before}.{name}"),
        };
        let is_section = fields
            .iter()
            .any(|field| field.path == path && matches!(field.kind, Kind::Section));
        if !document.is_object() {
            *document = empty();
        }
        let place = &mut document[name.as_str()];
        if is_section && value.is_object() {
            merge(fields, &path, place, value);
            if place.is_null() {
                *place = empty();
            }
        } else {
            *place = value.clone();
        }
    }
}

/// Takes nulls out that mean the same as to leave the field out.
fn drop_nulls(fields: &[Field], body: &mut Value) {
    for field in fields {
        if field.null == Null::Absent && path::at(body, field.path).is_some_and(Value::is_null) {
            path::take(body, field.path);
        }
    }
}
