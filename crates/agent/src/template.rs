//! Texts with `{{variables}}`: parsed once, rendered once per call, values never read again for
//! further variables.

use std::collections::BTreeMap;

/// A text with places for variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(pub(crate) Vec<Piece>);

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Variable(String),
}

/// A text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("the \"{{{{\" at character {0} is never closed; write \"\\{{{{\" for a literal one")]
    Unclosed(usize),
    #[error(
        "\"{{{{{name}}}}}\" at character {position} is no variable's name; use letters, digits and \"_\", not a digit first"
    )]
    Name { name: String, position: usize },
}

impl Template {
    /// Parses `text`: `{{name}}` with spaces allowed inside the braces, `\{{` for a literal `{{`,
    /// and `\\{{` for a backslash before a variable.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(open) = rest.find("{{") {
            let position = text[..text.len() - rest.len() + open].chars().count() + 1;
            let before = &rest[..open];
            rest = &rest[open + 2..];
            if let Some(unescaped) = before.strip_suffix("\\\\") {
                literal.push_str(unescaped);
                literal.push('\\');
            } else if let Some(unescaped) = before.strip_suffix('\\') {
                literal.push_str(unescaped);
                literal.push_str("{{");
                continue;
            } else {
                literal.push_str(before);
            }
            let close = rest.find("}}").ok_or(TemplateError::Unclosed(position))?;
            let name = rest[..close].trim();
            if !is_variable_name(name) {
                return Err(TemplateError::Name {
                    name: rest[..close].to_owned(),
                    position,
                });
            }
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Variable(name.to_owned()));
            rest = &rest[close + 2..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self(pieces))
    }

    /// A text in which nothing is a variable.
    pub(crate) fn literal(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// The variables that it names, in order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text with each variable replaced by its value in `given`, else in `defaults`.
    pub(crate) fn render(
        &self,
        given: &BTreeMap<String, String>,
        defaults: &BTreeMap<String, String>,
    ) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Variable(name) if is_only_for_headers(name) => {}
                Piece::Variable(name) => {
                    let value = given.get(name).or_else(|| defaults.get(name));
                    text.push_str(value.map_or("", String::as_str));
                }
            }
        }
        text
    }
}

/// Whether a variable is kept from every text: no model and no caller gets to know it.
#[must_use]
pub fn is_only_for_headers(name: &str) -> bool {
    name.starts_with("secret__")
}

/// Whether a variable can be called `name`.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, values: &[(&str, &str)]) -> String {
        let values: BTreeMap<String, String> = values
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        Template::parse(text)
            .unwrap()
            .render(&BTreeMap::new(), &values)
    }

    #[test]
    fn variables_are_filled_in_and_the_rest_stays() {
        assert_eq!(
            rendered("Hi {{name}}, {{ name }}!", &[("name", "Ann")]),
            "Hi Ann, Ann!"
        );
        assert_eq!(rendered("no braces } {", &[]), "no braces } {");
        assert_eq!(rendered("a }} b", &[]), "a }} b");
        assert_eq!(rendered("", &[]), "");
    }

    #[test]
    fn a_backslash_keeps_the_braces() {
        assert_eq!(rendered(r"write \{{name}}", &[]), "write {{name}}");
        assert_eq!(rendered(r"a \\{{name}}", &[("name", "Ann")]), r"a \Ann");
        assert_eq!(rendered(r"C:\x {{name}}", &[("name", "Ann")]), r"C:\x Ann");
    }

    #[test]
    fn a_value_is_not_read_for_further_variables() {
        assert_eq!(rendered("{{a}}", &[("a", "{{b}}"), ("b", "no")]), "{{b}}");
    }

    #[test]
    fn the_calls_value_wins_over_the_default() {
        let template = Template::parse("{{name}}").unwrap();
        let given = BTreeMap::from([("name".to_owned(), "Ann".to_owned())]);
        let defaults = BTreeMap::from([("name".to_owned(), "you".to_owned())]);
        assert_eq!(template.render(&given, &defaults), "Ann");
        assert_eq!(template.render(&BTreeMap::new(), &defaults), "you");
    }

    #[test]
    fn what_is_only_for_headers_stands_in_no_text() {
        let values = [("secret__token", "t0p"), ("name", "Ann")];
        assert_eq!(rendered("{{secret__token}}{{name}}", &values), "Ann");
    }

    #[test]
    fn what_is_no_template_says_where() {
        assert_eq!(Template::parse("é {{name"), Err(TemplateError::Unclosed(3)));
        for bad in ["{{}}", "{{a.b}}", "{{1a}}", "{{a b}}", "{{{a}}}"] {
            let problem = Template::parse(bad).unwrap_err();
            assert!(
                matches!(problem, TemplateError::Name { position: 1, .. }),
                "{bad}"
            );
        }
    }
}
