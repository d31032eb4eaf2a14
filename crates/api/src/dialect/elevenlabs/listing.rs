//! Lists of ElevenLabs' objects, filtered by what stands in them; and who depends on what.

use offhook_store::{Cursor, PageQuery, PageStart, StoredAgent, StoredObject, Workspace};
use serde_json::{Value, json};

use super::DIALECT;
use super::routes::PAGING;
use crate::Refusal;
use crate::dialect::agents::invalid;
use crate::dialect::objects::ObjectKind;
use crate::dialect::path;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::dialect::query::page;

/// How many are read at once where a list is filtered here.
const READ_AT_ONCE: u32 = 500;

/// A page of a filtered list.
pub(super) struct Listed {
    pub(super) items: Vec<StoredObject>,
    /// Leads to the next page.
    pub(super) next: Option<String>,
}

/// The page that is asked for, of those objects that `keep` keeps.
pub(super) async fn filtered(
    workspace: &Workspace,
    kind: &ObjectKind,
    fields: &[(String, String)],
    keep: impl Fn(&StoredObject) -> bool,
) -> Result<Listed, Refusal> {
    let mut query = page(fields, &PAGING)?;
    let wanted = query.limit as usize;
    query.limit = READ_AT_ONCE;
    let mut items: Vec<StoredObject> = Vec::new();
    loop {
        let read = workspace.objects(kind.name, &query).await?;
        for object in read.items.into_iter().filter(&keep) {
            if items.len() == wanted {
                let last = items.last();
                let next = last.map(|it| Cursor::after(it.created_at_ms, &it.id).to_string());
                return Ok(Listed { items, next });
            }
            items.push(object);
        }
        match read.next {
            Some(next) => query.start = PageStart::After(next),
            None => return Ok(Listed { items, next: None }),
        }
    }
}

/// The value of a field of the address.
pub(super) fn asked<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    let field = fields.iter().rfind(|(field, _)| field == name);
    field.map(|(_, value)| value.as_str())
}

/// Whether a field of the address says yes.
pub(super) fn is_asked(fields: &[(String, String)], name: &str) -> bool {
    asked(fields, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Every value of a field of the address that may stand there more than once.
pub(super) fn all_asked<'f>(fields: &'f [(String, String)], name: &str) -> Vec<&'f str> {
    let named = fields.iter().filter(|(field, _)| field == name);
    named.map(|(_, value)| value.as_str()).collect()
}

/// Refuses an order that lists do not have: all are newest first.
pub(super) fn check_order(fields: &[(String, String)]) -> Result<(), Refusal> {
    let mut problems = Vec::new();
    for (name, only) in [("sort_by", "created_at"), ("sort_direction", "desc")] {
        if asked(fields, name).is_some_and(|value| value != only) {
            let message = format!("Lists have one order here: '{only}'");
            problems.push(Problem::at(&format!("?{name}"), ProblemKind::Word, message));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(invalid(problems))
    }
}

/// Every agent that is `meant`, newest first.
pub(super) async fn agents_where(
    workspace: &Workspace,
    meant: impl Fn(&StoredAgent) -> bool,
) -> Result<Vec<StoredAgent>, Refusal> {
    let mut query = PageQuery {
        limit: READ_AT_ONCE,
        ..PageQuery::default()
    };
    let mut agents = Vec::new();
    loop {
        let read = workspace.agents(&query).await?;
        agents.extend(read.items.into_iter().filter(&meant));
        match read.next {
            Some(next) => query.start = PageStart::After(next),
            None => return Ok(agents),
        }
    }
}

/// Whether a list in this dialect's writing of an agent names `id`, in its items themselves or in
/// their `id`.
pub(super) fn names(agent: &StoredAgent, list: &str, id: &str) -> bool {
    let own = agent.dialects.get(DIALECT.name);
    let list = own
        .and_then(|own| path::at(own, list))
        .and_then(Value::as_array);
    let is_it = |item: &Value| item == id || item["id"] == id;
    list.into_iter().flatten().any(is_it)
}

/// An agent that depends on something.
pub(super) fn dependent(agent: &StoredAgent) -> Value {
    json!({
        "type": "available",
        "id": agent.id,
        "name": agent.name(),
        "created_at_unix_secs": agent.created_at_ms / 1_000,
        "access_level": "admin",
    })
}

/// A page of dependent agents; all are on the first.
pub(super) fn dependents(agents: &[StoredAgent]) -> Value {
    let agents: Vec<Value> = agents.iter().map(dependent).collect();
    json!({ "agents": agents, "branches": [], "next_cursor": null, "has_more": false })
}
