//! `If-Match` and `ETag`: a revision is an entity tag (RFC 9110, section 13.1.1).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::Refusal;

/// What a writer says of the agent that it has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precondition {
    /// Nothing.
    None,
    /// It may have any revision (`*`).
    Any,
    /// It has this revision.
    Revision(i64),
}

impl Precondition {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(header) = headers.get(header::IF_MATCH) else {
            return Ok(Self::None);
        };
        let text = header.to_str().unwrap_or("").trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let revision = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        match revision.and_then(|it| it.parse().ok()) {
            Some(revision) if revision > 0 => Ok(Self::Revision(revision)),
            _ => {
                let message = "If-Match is * or one revision in quotes, such as \"3\"";
                Err(Refusal::new(StatusCode::BAD_REQUEST, "malformed", message))
            }
        }
    }

    /// The revision that a write is bound to.
    pub(super) fn revision(self) -> Option<i64> {
        match self {
            Self::Revision(revision) => Some(revision),
            Self::None | Self::Any => None,
        }
    }

    /// Refuses a write by somebody who has read another revision than the `current` one.
    pub(super) fn check(self, current: i64) -> Result<(), Refusal> {
        match self {
            Self::Revision(read) if read != current => Err(Refusal::new(
                StatusCode::PRECONDITION_FAILED,
                "revision_conflict",
                format!("the agent is at revision {current} now, not at {read}; read it again"),
            )),
            Self::Revision(_) | Self::None | Self::Any => Ok(()),
        }
    }
}

/// A revision as an entity tag.
pub(super) fn entity_tag(revision: i64) -> (header::HeaderName, HeaderValue) {
    let tag = format!("\"{revision}\"");
    let value = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("*"));
    (header::ETAG, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_read_from_its_tag() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, HeaderValue::from_static(text));
            Precondition::of(&headers)
        };
        assert_eq!(of("\"12\""), Ok(Precondition::Revision(12)));
        assert_eq!(of("*"), Ok(Precondition::Any));
        for wrong in ["", "12", "\"0\"", "W/\"1\"", "\"1\", \"2\"", "\"x\""] {
            assert_eq!(of(wrong).unwrap_err().status.as_u16(), 400, "{wrong}");
        }
        assert_eq!(Precondition::of(&HeaderMap::new()), Ok(Precondition::None));
        assert_eq!(entity_tag(12).1, "\"12\"");
    }
}
