//! The scenario files of the house, and what becomes of their paths.

use std::path::{Path, PathBuf};

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/scenarios")
}

#[test]
fn every_scenario_of_the_house_can_be_used() {
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let scenario = Scenario::load(&path).unwrap_or_else(|error| panic!("{error}"));
            let agent = scenario.agent.expect("names its agent");
            assert!(agent.is_file(), "{} of {}", agent.display(), path.display());
            names.push(scenario.name);
        }
    }
    names.sort();
    for expected in ["barge-in", "demo", "greeting", "silence"] {
        assert!(
            names.iter().any(|name| name == expected),
            "{expected} in {names:?}"
        );
    }
}

#[test]
fn the_demo_has_all_that_a_conversation_can_trip_over() {
    let demo = Scenario::load(&folder().join("demo.toml")).unwrap();
    let turns = demo
        .lines
        .iter()
        .filter(|line| line.expect.interrupts != Some(false) && !line.expect.same_turn_as_previous);
    assert!(turns.count() >= 6);
    let has = |wanted: fn(&CallerLine) -> bool| demo.lines.iter().any(wanted);
    assert!(has(|line| line.expect.interrupts == Some(true)));
    assert!(has(|line| line.expect.interrupts == Some(false)));
    assert!(has(|line| {
        line.expect.same_turn_as_previous && line.when == When::AfterLine(Duration::from_secs(1))
    }));
}

#[test]
fn a_file_with_problems_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.toml");
    std::fs::write(&path, "name = \"x\"\nlines = []\nhang_up = { at = \"1s\" }").unwrap();
    let error = Scenario::load(&path).unwrap_err().to_string();
    assert!(error.contains("bad.toml has a problem:"), "{error}");
    assert!(
        error.contains("lines: unknown word; did you mean `line`?"),
        "{error}"
    );
    let missing = Scenario::load(&folder.path().join("none.toml")).unwrap_err();
    assert!(matches!(missing, ScenarioError::Unreadable { .. }));
}

#[test]
fn paths_are_taken_from_the_folder_of_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    std::fs::write(
        &path,
        "name = \"x\"\nagent = \"b.json\"\n[[line]]\nwav = \"c.wav\"",
    )
    .unwrap();
    let scenario = Scenario::load(&path).unwrap();
    assert_eq!(scenario.agent, Some(folder.path().join("b.json")));
    let wav = Words::Wav {
        path: folder.path().join("c.wav"),
        text: None,
    };
    assert_eq!(scenario.lines[0].words, wav);
}
