//! Lexicons as files: the W3C's Pronunciation Lexicon Specification (PLS), of which the words of
//! each lexeme and what is said for them are read, and nothing else.

use roxmltree::{Document, Node};
use serde_json::{Value, json};

/// How the two alphabets are called in such files.
const ALPHABETS: [&str; 3] = ["ipa", "x-cmu-arpabet", "cmu-arpabet"];

/// The rules of a lexicon, in the platform's shape.
pub(super) fn read(text: &str) -> Result<Vec<Value>, String> {
    let document = Document::parse(text).map_err(|problem| format!("is no XML: {problem}"))?;
    let root = document.root_element();
    if root.tag_name().name() != "lexicon" {
        return Err("is no lexicon: its outermost element should be <lexicon>".to_owned());
    }
    let usual = alphabet(&root).unwrap_or("ipa");
    let mut rules = Vec::new();
    for lexeme in children(&root, "lexeme") {
        let said = children(&lexeme, "phoneme").next();
        let alias = children(&lexeme, "alias").next();
        for grapheme in children(&lexeme, "grapheme") {
            let written = text_of(&grapheme);
            if written.is_empty() {
                return Err(format!("has an empty <grapheme> at {}", place(&grapheme)));
            }
            let rule = match (&said, &alias) {
                (Some(said), _) => {
                    let alphabet = alphabet(said).unwrap_or(usual);
                    if !ALPHABETS.contains(&alphabet) {
                        let place = place(said);
                        return Err(format!(
                            "has phonemes in the alphabet {alphabet} at {place}"
                        ));
                    }
                    json!({
                        "type": "phoneme", "string_to_replace": written,
                        "phoneme": text_of(said), "alphabet": alphabet.trim_start_matches("x-"),
                    })
                }
                (None, Some(alias)) => json!({
                    "type": "alias", "string_to_replace": written, "alias": text_of(alias),
                }),
                (None, None) => {
                    let place = place(&lexeme);
                    return Err(format!(
                        "has a lexeme without <phoneme> and <alias> at {place}"
                    ));
                }
            };
            rules.push(rule);
        }
    }
    Ok(rules)
}

fn children<'a, 'i: 'a>(
    node: &Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |it| it.tag_name().name() == name)
}

fn alphabet<'a>(node: &Node<'a, '_>) -> Option<&'a str> {
    node.attribute("alphabet")
}

fn text_of(node: &Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text);
    let text: String = texts.filter_map(|it| it.text()).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn place(node: &Node<'_, '_>) -> String {
    let at = node.document().text_pos_at(node.range().start);
    format!("line {}, column {}", at.row, at.col)
}

/// The rules as a file.
pub(super) fn written(rules: &[Value]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<lexicon version=\"1.0\" \
         xmlns=\"http://www.w3.org/2005/01/pronunciation-lexicon\" alphabet=\"ipa\" \
         xml:lang=\"en-US\">\n",
    );
    for rule in rules {
        let field = |name: &str| escaped(rule[name].as_str().unwrap_or_default());
        let said = match rule["type"] == "phoneme" {
            true if rule["alphabet"] == "ipa" => format!("<phoneme>{}</phoneme>", field("phoneme")),
            true => format!(
                "<phoneme alphabet=\"x-{}\">{}</phoneme>",
                field("alphabet"),
                field("phoneme")
            ),
            false => format!("<alias>{}</alias>", field("alias")),
        };
        let written = field("string_to_replace");
        text.push_str(&format!(
            "  <lexeme><grapheme>{written}</grapheme>{said}</lexeme>\n"
        ));
    }
    text.push_str("</lexicon>\n");
    text
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let rules = vec![
            json!({ "type": "alias", "string_to_replace": "R&D", "alias": "research" }),
            json!({
                "type": "phoneme", "string_to_replace": "Nguyen", "phoneme": "W IH1 N",
                "alphabet": "cmu-arpabet",
            }),
            json!({
                "type": "phoneme", "string_to_replace": "tomato", "phoneme": "təˈmeɪtoʊ",
                "alphabet": "ipa",
            }),
        ];
        assert_eq!(read(&written(&rules)), Ok(rules));
    }

    #[test]
    fn all_words_of_a_lexeme_are_said_so() {
        let text = r#"<lexicon version="1.0" alphabet="ipa"
            xmlns="http://www.w3.org/2005/01/pronunciation-lexicon">
            <lexeme><grapheme>colour</grapheme><grapheme>color</grapheme>
            <phoneme>ˈkʌlə</phoneme></lexeme></lexicon>"#;
        let rules = read(text).unwrap_or_default();
        let words: Vec<_> = rules.iter().map(|it| &it["string_to_replace"]).collect();
        assert_eq!(words, ["colour", "color"]);
        assert_eq!(rules[1]["phoneme"], "ˈkʌlə");
    }

    #[test]
    fn what_is_no_lexicon_says_why() {
        for (text, told) in [
            ("lexicon", "is no XML"),
            ("<words/>", "is no lexicon"),
            (
                "<lexicon><lexeme><grapheme>a</grapheme></lexeme></lexicon>",
                "without <phoneme>",
            ),
            (
                "<lexicon alphabet=\"x-sampa\"><lexeme><grapheme>a</grapheme>\
                 <phoneme>b</phoneme></lexeme></lexicon>",
                "the alphabet x-sampa at line 1",
            ),
            (
                "<!DOCTYPE a [<!ENTITY b \"c\">]><lexicon>&b;</lexicon>",
                "is no XML",
            ),
        ] {
            let problem = read(text).err().unwrap_or_default();
            assert!(problem.contains(told), "{problem}");
        }
    }
}
