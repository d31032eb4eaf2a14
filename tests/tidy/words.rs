//! Words that may not stand in any file of the tree.

/// Marks of work left undone. Written in two halves, so that this list does not find itself.
const UNDONE: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!("),
    concat!("unimple", "mented!("),
    concat!("not yet imple", "mented"),
];

/// Hosts of package registries: packages are named by name and version, and come through the
/// registries' own clients, whose configuration says where from.
const HOSTS: [&str; 6] = [
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("crates", ".io"),
    concat!("npm", "js.com"),
    concat!("npm", "js.org"),
    concat!("deb.", "debian.org"),
];

/// Places that exist on one machine only.
const PLACES: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/tmp/", "dl"),
    concat!("/fa", "rm/"),
];

/// What the file at `path`, a path from the root, says that it may not.
pub(crate) fn problems(path: &str, text: &str) -> Vec<String> {
    // Written by cargo, which names the registry of every crate.
    if path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words = UNDONE.iter().chain(&HOSTS).chain(&PLACES);
        for word in words.filter(|word| line.contains(**word)) {
            found.push(format!(
                "{path}:{}: `{word}` may not stand here",
                number + 1
            ));
        }
    }
    found
}

#[test]
fn each_kind_of_word_is_caught_with_its_line() {
    for word in UNDONE.iter().chain(&HOSTS).chain(&PLACES) {
        let found = problems("README.md", &format!("first\nsee {word} here\n"));
        assert_eq!(found.len(), 1, "{word}");
        assert!(found[0].starts_with("README.md:2:"), "{found:?}");
    }
}

#[test]
fn plain_text_and_the_lock_file_are_let_through() {
    assert!(problems("README.md", "Crates come from the default registry.\n").is_empty());
    assert!(problems("Cargo.lock", HOSTS[2]).is_empty());
}
