//! Every rule of turn-taking as a script: `tests/turns/*.script`, each run through one `check`.
//!
//! After a rule was changed on purpose, `OFFHOOK_BLESS=1 cargo test -p offhook-tests --test turns`
//! writes what is ordered now into the scripts; the difference is then read like any other.

#[path = "turns/knobs.rs"]
mod knobs;
#[path = "turns/script.rs"]
mod script;

use std::path::{Path, PathBuf};
use std::{fs, io};

use script::{Script, check};

#[test]
fn every_script_holds() {
    let paths = scripts().unwrap();
    assert!(paths.len() >= 40, "only {} scripts were found", paths.len());
    let is_blessing = std::env::var_os("OFFHOOK_BLESS").is_some();
    let mut failures = Vec::new();
    for path in &paths {
        let text = fs::read_to_string(path).unwrap();
        let outcome = if is_blessing {
            bless(path, &text)
        } else {
            check(&text)
        };
        if let Err(problem) = outcome {
            failures.push(format!("{}\n{problem}", path.display()));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} scripts do not hold (- wanted, + came):\n\n{}",
        failures.len(),
        paths.len(),
        failures.join("\n")
    );
}

#[test]
fn a_wrong_script_shows_what_was_wanted_and_what_came() {
    let script = "set greets_first = no\n\
                  \x20    0 CallAnswered\n\
                  \x20  500 => Say 1 Greeting ; the call was answered\n\
                  \x20 1000 HungUp\n\
                  \x20 1500 end";
    let problem = check(script).unwrap_err();
    assert!(problem.contains("-    500 => Say 1 Greeting"), "{problem}");
    assert!(
        problem.contains("+   1000 => HangUp CallerHungUp"),
        "{problem}"
    );
}

#[test]
fn a_script_that_cannot_be_read_says_where_and_why() {
    let problem = |text: &str| check(text).unwrap_err();
    assert_eq!(
        problem("0 CallAnswered\n100 SpeechStarted 1 soon\n900 end"),
        "line 2: a duration such as 200ms is wanted: 100 SpeechStarted 1 soon"
    );
    assert_eq!(
        problem("set eagernes = patient\n9 end"),
        "line 1: no such knob: set eagernes = patient"
    );
    assert_eq!(
        problem("0 CallAnswered"),
        "the script has to close with `<ms> end`"
    );
    assert_eq!(
        problem("set interruption_sensitivity = 3\n9 end"),
        "interruption_sensitivity: 3 is not between 0 (never) and 1 (first sound)"
    );
}

fn scripts() -> io::Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("turns");
    let mut paths = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "script")
    });
    paths.sort();
    Ok(paths)
}

fn bless(path: &Path, text: &str) -> Result<(), String> {
    let lines = Script::read(text)?.play()?;
    fs::write(path, lines.join("\n") + "\n").map_err(|error| error.to_string())
}
