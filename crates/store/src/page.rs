//! Lists in pieces: newest first, by cursor or by offset, searched by name.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The longest page, in items.
pub(crate) const LIMIT_MAX: u32 = 1000;

/// Which piece of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageQuery {
    /// Only what has this text in its name, letter case aside.
    pub search: Option<String>,
    /// How many items, from 1 to 1000; what is outside is taken as the nearest that is inside.
    pub limit: u32,
    /// Where the page begins.
    pub start: PageStart,
}

impl Default for PageQuery {
    fn default() -> Self {
        Self {
            search: None,
            limit: 100,
            start: PageStart::First,
        }
    }
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PageStart {
    /// With the newest item.
    #[default]
    First,
    /// After the last item of the page that gave this cursor.
    After(Cursor),
    /// After so many items.
    Offset(u64),
}

/// A piece of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
    /// Leads to the next page; `None` on the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(convert).collect(),
            total: self.total,
            next: self.next,
        }
    }
}

/// A place in a list. Its text is for clients to hand back, not to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    at_ms: i64,
    id: String,
}

impl Cursor {
    /// Leads to what comes after the item of that id, made at `at_ms` (milliseconds since 1970).
    #[must_use]
    pub fn after(at_ms: i64, id: &str) -> Self {
        Self {
            at_ms,
            id: id.to_owned(),
        }
    }
}

/// The text is no cursor of this server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("this is no cursor that a list has given")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}-{}", self.at_ms, self.id)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (at, id) = text.split_once('-').ok_or(CursorError)?;
        let at_ms = i64::from_str_radix(at, 16).map_err(|_| CursorError)?;
        let is_id = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
        if at_ms < 0 || id.is_empty() || !id.chars().all(is_id) {
            return Err(CursorError);
        }
        Ok(Self {
            at_ms,
            id: id.to_owned(),
        })
    }
}

/// How much of a name is searched.
const SEARCHED_CHARS: usize = 200;

/// A query in the words of the database.
pub(crate) struct Bounds {
    /// For `LIKE … ESCAPE '!'` against the folded name.
    pub(crate) pattern: String,
    pub(crate) before_ms: i64,
    pub(crate) before_id: String,
    /// One more than asked for, which tells whether there is a next page.
    pub(crate) limit: i64,
    pub(crate) offset: i64,
}

impl Bounds {
    pub(crate) fn of(query: &PageQuery) -> Self {
        let (before_ms, before_id, offset) = match &query.start {
            PageStart::First => (i64::MAX, String::new(), 0),
            PageStart::After(cursor) => (cursor.at_ms, cursor.id.clone(), 0),
            PageStart::Offset(offset) => (
                i64::MAX,
                String::new(),
                i64::try_from(*offset).unwrap_or(i64::MAX),
            ),
        };
        Self {
            pattern: pattern(query.search.as_deref().unwrap_or("")),
            before_ms,
            before_id,
            limit: i64::from(query.limit.clamp(1, LIMIT_MAX)) + 1,
            offset,
        }
    }

    /// The page that these rows make, one more than asked for where there are more.
    pub(crate) fn page<T>(
        &self,
        mut items: Vec<T>,
        total: i64,
        place: impl Fn(&T) -> (i64, &str),
    ) -> Page<T> {
        let asked = usize::try_from(self.limit - 1).unwrap_or(usize::MAX);
        let has_more = items.len() > asked;
        items.truncate(asked);
        let next = items.last().filter(|_| has_more).map(|last| {
            let (at_ms, id) = place(last);
            Cursor::after(at_ms, id)
        });
        Page {
            items,
            total: u64::try_from(total).unwrap_or(0),
            next,
        }
    }
}

/// A name as it is searched: its beginning, because an index takes no long texts, and without NUL,
/// which PostgreSQL does not keep in a text (in a document it is escaped).
pub(crate) fn folded(name: &str) -> String {
    let name = name.to_lowercase().replace('\0', "\u{fffd}");
    name.chars().take(SEARCHED_CHARS).collect()
}

fn pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for letter in folded(search).chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    if pattern.len() > 1 {
        pattern.push('%');
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_they_are_written() {
        let cursor = Cursor {
            at_ms: 1_764_000_000_000,
            id: "agent_01kazz".into(),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for wrong in ["", "-", "12", "zz-a", "-1-a", "1f-", "1f-a'b", "1f-ä"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(CursorError), "{wrong}");
        }
    }

    #[test]
    fn a_search_is_taken_by_the_letter() {
        assert_eq!(pattern(""), "%");
        assert_eq!(pattern("Front Desk"), "%front desk%");
        assert_eq!(pattern("100%_!"), "%100!%!_!!%");
    }
}
