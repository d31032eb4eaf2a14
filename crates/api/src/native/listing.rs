//! The query of a list: `search`, `limit`, `cursor`, and nothing else.

use offhook_store::{PageQuery, PageStart};

use crate::{Problem, Refusal};

pub(super) const LIMIT_DEFAULT: u32 = 50;
pub(super) const LIMIT_MAX: u32 = 200;

/// What the query of a list's address asks for.
pub(super) fn page_query(fields: Vec<(String, String)>) -> Result<PageQuery, Refusal> {
    let mut query = PageQuery {
        search: None,
        limit: LIMIT_DEFAULT,
        start: PageStart::First,
    };
    let mut problems = Vec::new();
    for (name, value) in fields {
        match name.as_str() {
            "search" => query.search = Some(value),
            "limit" => match limit(&value) {
                Ok(limit) => query.limit = limit,
                Err(message) => problems.push(Problem::new("limit", message)),
            },
            "cursor" => match value.parse() {
                Ok(cursor) => query.start = PageStart::After(cursor),
                Err(problem) => problems.push(Problem::new("cursor", format!("{problem}"))),
            },
            other => {
                let message = "unknown; known here: search, limit, cursor";
                problems.push(Problem::new(other, message));
            }
        }
    }
    if problems.is_empty() {
        Ok(query)
    } else {
        Err(Refusal::invalid(problems))
    }
}

/// The size of a page, or what it can be.
pub(super) fn limit(value: &str) -> Result<u32, String> {
    let limit = value.parse().ok();
    let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| format!("a whole number from 1 to {LIMIT_MAX}"))
}
