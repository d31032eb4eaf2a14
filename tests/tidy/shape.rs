//! The shape of a Rust file: its length, its functions' length, its name, its first line.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = [
    "utils", "util", "common", "helpers", "helper", "types", "misc", "shared",
];

/// What the Rust file at `path`, a path from the root, breaks.
pub(crate) fn problems(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push(format!(
            "{path}: {lines} lines, {FILE_LINES_MAX} are the most"
        ));
    }
    if !text.starts_with("//!") {
        found.push(format!(
            "{path}: begins without `//!`, which says what it is and is not"
        ));
    }
    let steps = path.split('/').map(|step| step.trim_end_matches(".rs"));
    for step in steps.filter(|step| EMPTY_NAMES.contains(step)) {
        found.push(format!(
            "{path}: `{step}` names nothing; name the noun that is inside"
        ));
    }
    match syn::parse_file(text) {
        Ok(file) => {
            let mut reader = Reader {
                path,
                found: &mut found,
            };
            reader.visit_file(&file);
        }
        Err(error) => found.push(format!("{path}: {error}")),
    }
    found
}

struct Reader<'a> {
    path: &'a str,
    found: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let lines = block.brace_token.span.close().end().line + 1 - first;
        if lines > FUNCTION_LINES_MAX {
            let (path, name) = (self.path, &signature.ident);
            self.found.push(format!(
                "{path}:{first}: fn {name} has {lines} lines, {FUNCTION_LINES_MAX} are the most"
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        // A module in a file of its own is caught by the file's name.
        if item.content.is_some() && EMPTY_NAMES.contains(&name.as_str()) {
            self.found
                .push(format!("{}: mod `{name}` names nothing", self.path));
        }
        visit::visit_item_mod(self, item);
    }
}

fn function_of(lines: usize) -> String {
    format!("fn long() {{\n{}}}\n", "    work();\n".repeat(lines - 2))
}

#[test]
fn each_wrong_shape_is_caught() {
    let in_impl = format!("impl Thing {{\n{}}}\n", function_of(71));
    let in_trait = format!("trait Thing {{\n{}}}\n", function_of(71));
    let inner = format!("fn outer() {{ {} }}\n", function_of(71));
    let cases = [
        ("a.rs", "//! A.\n".repeat(501), "501 lines"),
        ("a.rs", "// A.\n".to_owned(), "begins without"),
        ("media/src/utils.rs", "//! A.\n".to_owned(), "`utils`"),
        ("media/src/common/mod.rs", "//! A.\n".to_owned(), "`common`"),
        (
            "a.rs",
            "//! A.\nmod helpers {}\n".to_owned(),
            "mod `helpers`",
        ),
        (
            "a.rs",
            format!("//! A.\n{}", function_of(71)),
            "fn long has 71 lines",
        ),
        ("a.rs", format!("//! A.\n{in_impl}"), "fn long has 71 lines"),
        (
            "a.rs",
            format!("//! A.\n{in_trait}"),
            "fn long has 71 lines",
        ),
        ("a.rs", format!("//! A.\n{inner}"), "fn long has 71 lines"),
        ("a.rs", "//! A.\nfn broken( {}\n".to_owned(), "a.rs"),
    ];
    for (path, text, word) in cases {
        let found = problems(path, &text);
        assert!(
            found.iter().any(|problem| problem.contains(word)),
            "{word}: {found:?}"
        );
    }
}

#[test]
fn a_good_shape_is_let_through() {
    let text = format!(
        "//! A.\n\n/// Docs do not count.\n#[inline]\n{}",
        function_of(70)
    );
    assert!(problems("media/src/frame.rs", &text).is_empty());
}
