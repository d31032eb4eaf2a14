//! Texts of other systems, in which braces that name no variable are plain text, against our
//! templates, in which they are refused unless escaped.

use crate::default_lines::default_lines;
use crate::template::{Piece, Template};

/// The template that says the same as `text`, a text in which `{{name}}` is a variable and every
/// other brace stands for itself.
#[must_use]
pub fn template_of(text: &str) -> String {
    written(&forgiving(text))
}

/// The other way: `template` as a text in which braces that name no variable stand for themselves.
/// A literal `{{name}}` of the template cannot be said there, and becomes a variable.
#[must_use]
pub fn text_of_template(template: &str) -> String {
    let Ok(Template(pieces)) = Template::parse(template) else {
        return template.to_owned();
    };
    let mut text = String::new();
    for piece in &pieces {
        match piece {
            Piece::Text(literal) => text.push_str(literal),
            Piece::Variable(name) => push_variable(&mut text, name),
        }
    }
    text
}

/// The variables that a template names, in order; none where it is no template.
#[must_use]
pub fn template_variables(template: &str) -> Vec<String> {
    let parsed = Template::parse(template);
    parsed.map_or_else(
        |_| Vec::new(),
        |template| template.variables().map(str::to_owned).collect(),
    )
}

/// Whether `name` can be the name of a variable.
#[must_use]
pub fn is_variable_name(name: &str) -> bool {
    crate::template::is_variable_name(name)
}

/// Whether there are built-in lines (reminders, goodbyes, fillers) for a language (BCP 47).
#[must_use]
pub fn has_built_in_lines(language: &str) -> bool {
    default_lines(language).is_some()
}

/// The pieces of a text of another system.
fn forgiving(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let after = &rest[open + 2..];
        let name = after.find("}}").map(|close| &after[..close]);
        match name.filter(|name| crate::template::is_variable_name(name.trim())) {
            Some(name) => {
                literal.push_str(&rest[..open]);
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Variable(name.trim().to_owned()));
                rest = &after[name.len() + 2..];
            }
            None => {
                literal.push_str(&rest[..=open]);
                rest = &rest[open + 1..];
            }
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    pieces
}

/// The template with these pieces: whatever would be read as a variable is escaped.
fn written(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(literal) => push_literal(&mut text, literal),
            Piece::Variable(name) => {
                if text.ends_with('\\') {
                    text.push('\\');
                } else if text.ends_with('{') && !text.ends_with("\\{{") {
                    text.push(' ');
                }
                push_variable(&mut text, name);
            }
        }
    }
    text
}

fn push_variable(text: &mut String, name: &str) {
    text.push_str("{{");
    text.push_str(name);
    text.push_str("}}");
}

/// A backslash before escaped braces would escape the escape, so it is left out.
fn push_literal(text: &mut String, literal: &str) {
    let mut rest = literal;
    while let Some(open) = rest.find("{{") {
        text.push_str(rest[..open].trim_end_matches('\\'));
        text.push_str("\\{{");
        rest = &rest[open + 2..];
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_that_name_no_variable_are_plain_text() {
        for (text, template) in [
            ("Hi {{name}}.", "Hi {{name}}."),
            ("Hi {{ name }}.", "Hi {{name}}."),
            ("Hi {{user.name}}.", r"Hi \{{user.name}}."),
            ("open {{", r"open \{{"),
            ("json {\"a\":{\"b\":1}}", "json {\"a\":{\"b\":1}}"),
            (r"C:\{{name}}", r"C:\\{{name}}"),
            (r"C:\{{user.name}}", r"C:\{{user.name}}"),
            ("{{{name}}}", "{ {{name}}}"),
            ("", ""),
        ] {
            assert_eq!(template_of(text), template, "{text}");
            assert!(Template::parse(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn a_text_comes_back_as_it_was() {
        for text in [
            "Hi {{name}}.",
            "Hi {{user.name}}.",
            "open {{ and {{name}}",
            "{{a}}{{b}}",
            "three {{{ and more }}}",
        ] {
            assert_eq!(text_of_template(&template_of(text)), text);
        }
    }

    #[test]
    fn variables_are_listed() {
        assert_eq!(template_variables("{{a}} and {{ b }}"), ["a", "b"]);
        assert!(template_variables("{{a.b}}").is_empty());
        assert!(is_variable_name("caller_1") && !is_variable_name("caller-1"));
        assert!(has_built_in_lines("de-AT") && !has_built_in_lines("cs-CZ"));
    }
}
