//! The query of a list's address in a dialect's own words.

use offhook_store::{PageQuery, PageStart};

use super::problem::{Problem, ProblemKind, Step};
use crate::Refusal;

/// The fields of a query, as they stand in the address.
pub(crate) type Fields = axum::extract::Query<Vec<(String, String)>>;

/// What a dialect calls the size of a page, and its bounds.
pub(crate) struct Paging {
    pub(crate) limit: &'static str,
    pub(crate) limit_default: u32,
    pub(crate) limit_max: u32,
    /// Whether a larger limit is taken as the largest, or refused.
    pub(crate) is_capped: bool,
}

/// The page that is asked for: by `cursor`, by `offset` or by `page`. Other fields are left alone.
pub(crate) fn page(fields: &[(String, String)], paging: &Paging) -> Result<PageQuery, Refusal> {
    let mut query = PageQuery {
        search: None,
        limit: paging.limit_default,
        start: PageStart::First,
    };
    let mut problems = Vec::new();
    let mut number = 1;
    for (name, value) in fields {
        match name.as_str() {
            name if name == paging.limit => match limit(value, paging) {
                Ok(limit) => query.limit = limit,
                Err((kind, message)) => problems.push(at_query(name, kind, message)),
            },
            "search" if !value.is_empty() => query.search = Some(value.clone()),
            "cursor" if !value.is_empty() => match value.parse() {
                Ok(cursor) => query.start = PageStart::After(cursor),
                Err(_) => problems.push(at_query(
                    name,
                    ProblemKind::Value,
                    "no cursor that a list has given".to_owned(),
                )),
            },
            "offset" => match value.parse() {
                Ok(offset) => query.start = PageStart::Offset(offset),
                Err(_) => problems.push(at_query(name, ProblemKind::Whole, NATURAL.to_owned())),
            },
            "page" => match value.parse::<u32>() {
                Ok(page) if page > 0 => number = page,
                _ => problems.push(at_query(name, ProblemKind::Whole, NATURAL.to_owned())),
            },
            _ => {}
        }
    }
    if number > 1 {
        query.start = PageStart::Offset(u64::from(number - 1) * u64::from(query.limit));
    }
    if problems.is_empty() {
        Ok(query)
    } else {
        Err(super::agents::invalid(problems))
    }
}

const NATURAL: &str = "Input should be a valid integer, not below 0";

fn limit(value: &str, paging: &Paging) -> Result<u32, (ProblemKind, String)> {
    let max = paging.limit_max;
    match value.parse::<u32>() {
        Err(_) => Err((ProblemKind::Whole, NATURAL.to_owned())),
        Ok(0) => Err((
            ProblemKind::TooSmall,
            "Input should be greater than or equal to 1".to_owned(),
        )),
        Ok(limit) if limit > max && !paging.is_capped => Err((
            ProblemKind::TooLarge,
            format!("Input should be less than or equal to {max}"),
        )),
        Ok(limit) => Ok(limit.min(max)),
    }
}

/// A problem with a field of the query; the place begins with a `?`.
fn at_query(name: &str, kind: ProblemKind, message: String) -> Problem {
    Problem {
        path: vec![Step::Name(format!("?{name}"))],
        message,
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGING: Paging = Paging {
        limit: "limit",
        limit_default: 20,
        limit_max: 100,
        is_capped: false,
    };

    fn asked(query: &[(&str, &str)]) -> Result<PageQuery, Vec<String>> {
        let fields: Vec<_> = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        page(&fields, &PAGING)
            .map_err(|refusal| refusal.problems.into_iter().map(|it| it.path).collect())
    }

    #[test]
    fn a_page_is_asked_for_in_three_ways() {
        assert_eq!(asked(&[]).unwrap().limit, 20);
        let second = asked(&[("page", "2"), ("limit", "10")]).unwrap();
        assert_eq!(second.start, PageStart::Offset(10));
        let offset = asked(&[("offset", "7"), ("other", "x")]).unwrap();
        assert_eq!(offset.start, PageStart::Offset(7));
        assert_eq!(
            asked(&[("limit", "101"), ("cursor", "!"), ("offset", "-1")]),
            Err(vec!["?limit".into(), "?cursor".into(), "?offset".into()])
        );
    }
}
