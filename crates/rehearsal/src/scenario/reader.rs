//! From the TOML document to the checked scenario: every problem at once, each with its place.

use std::path::PathBuf;
use std::time::Duration;

use toml::{Table, Value};

use super::problem::{Problem, ScenarioError};
use super::section::{Section, wanted};
use super::{
    CallExpectation, CallerLine, CallerVoice, EndName, EventName, LineExpectation, Scenario, When,
    Words,
};

/// How long a line's moment is waited for where the document does not say.
const GIVE_UP: Duration = Duration::from_secs(15);

/// Silence before a line where the document does not say.
const AFTER_AGENT: Duration = Duration::from_millis(300);

/// Silence before hanging up where the document does not say.
const HANG_UP_AFTER_AGENT: Duration = Duration::from_secs(1);

/// Lines that a scenario may have.
const LINES_MAX: usize = 500;

pub(super) fn read(text: &str) -> Result<Scenario, ScenarioError> {
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| ScenarioError::NotToml {
            file: None,
            problem: error.to_string().trim_end().to_owned(),
        })?;
    let mut problems = Vec::new();
    let scenario = scenario(table, &mut problems);
    if problems.is_empty() {
        Ok(scenario)
    } else {
        Err(ScenarioError::Invalid {
            file: None,
            problems,
        })
    }
}

fn scenario(table: Table, problems: &mut Vec<Problem>) -> Scenario {
    let mut section = Section::new("", table, problems);
    let name = section.text("name");
    if name.is_none() {
        section.complain("`name` is missing; give the scenario a short name".to_owned());
    }
    let description = section.text("description").unwrap_or_default();
    let agent = section.text("agent").map(PathBuf::from);
    let language = section.text("language").unwrap_or_else(|| "en".to_owned());
    let voice = section.table("caller");
    let voice = voice
        .map(|table| caller_voice(table, section.problems()))
        .unwrap_or_default();
    let lines = lines(&mut section);
    let hang_up = section.table("hang_up");
    let is_explicit = hang_up.is_some();
    let hang_up = hang_up.and_then(|table| when("hang_up", table, section.problems()));
    let hang_up_give_up = section.duration("hang_up_give_up").unwrap_or(GIVE_UP);
    if let Some(When::IntoAgent(_)) = hang_up {
        section.complain_of(
            "hang_up",
            "a caller hangs up `after_agent`, `after_line` or `at`, not `into_agent`".to_owned(),
        );
    }
    if lines.is_empty() && !is_explicit {
        section.complain(
            "no `[[line]]` and no `hang_up`: say when the silent caller hangs up, such as \
             `hang_up = { at = \"60s\" }`"
                .to_owned(),
        );
    }
    let expect = section.table("expect");
    let expect = expect.map(|table| call_expectation(table, section.problems()));
    section.finish();
    Scenario {
        name: name.unwrap_or_default(),
        description,
        agent,
        language,
        voice,
        lines,
        hang_up: hang_up.unwrap_or(When::AfterAgent(HANG_UP_AFTER_AGENT)),
        hang_up_give_up,
        expect: expect.unwrap_or_default(),
    }
}

fn caller_voice(table: Table, problems: &mut Vec<Problem>) -> CallerVoice {
    let default = CallerVoice::default();
    let mut section = Section::new("caller", table, problems);
    let voice = CallerVoice {
        id: section.text("voice"),
        speed: section
            .number("speed", 0.5, 2.0)
            .map_or(default.speed, |speed| speed as f32),
        pitch: section
            .number("pitch", 0.7, 1.4)
            .map_or(default.pitch, |pitch| pitch as f32),
        noise_dbfs: section
            .number("noise_dbfs", -90.0, -20.0)
            .map_or(default.noise_dbfs, |level| level as f32),
        noise_seed: section
            .number("noise_seed", 0.0, 4_294_967_295.0)
            .map_or(default.noise_seed, |seed| seed as u64),
        patience: section.duration("patience").unwrap_or(default.patience),
    };
    section.finish();
    voice
}

fn lines(section: &mut Section<'_>) -> Vec<CallerLine> {
    let items = match section.take("line") {
        None => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(other) => {
            section.complain_of("line", wanted("a list: write `[[line]]`", &other));
            return Vec::new();
        }
    };
    if items.len() > LINES_MAX {
        let message = format!("{} lines are too many; at most {LINES_MAX}", items.len());
        section.complain_of("line", message);
        return Vec::new();
    }
    let mut all = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let path = format!("line[{}]", index + 1);
        match item {
            Value::Table(table) => {
                all.push(line(&path, table, index == 0, section.problems()));
            }
            other => {
                let message = wanted("a table: write `[[line]]`", &other);
                section.problems().push(Problem { path, message });
            }
        }
    }
    all
}

fn line(path: &str, table: Table, is_first: bool, problems: &mut Vec<Problem>) -> CallerLine {
    let mut section = Section::new(path, table, problems);
    let words = words(&mut section);
    let moment = section.table("when");
    let place = section.place_of("when");
    let moment = moment.and_then(|table| when(&place, table, section.problems()));
    let moment = moment.unwrap_or(When::AfterAgent(AFTER_AGENT));
    if is_first && matches!(moment, When::AfterLine(_)) {
        section.complain_of(
            "when.after_line",
            "the first line has none before it".to_owned(),
        );
    }
    let give_up = section.duration("give_up").unwrap_or(GIVE_UP);
    let expect = section.table("expect");
    let place = section.place_of("expect");
    let expect = expect
        .map(|table| line_expectation(&place, table, section.problems()))
        .unwrap_or_default();
    if is_first && expect.same_turn_as_previous {
        section.complain_of(
            "expect.same_turn_as_previous",
            "the first line has none before it".to_owned(),
        );
    }
    if expect.interrupts == Some(false) && expect.reply_within.is_some() {
        section.complain_of(
            "expect",
            "a line that must not interrupt gets no reply: drop `reply_within_ms` or `interrupts`"
                .to_owned(),
        );
    }
    section.finish();
    CallerLine {
        words,
        when: moment,
        give_up,
        expect,
    }
}

fn words(section: &mut Section<'_>) -> Words {
    let say = section.text("say");
    let wav = section.text("wav");
    let text = section.text("text");
    match (say, wav) {
        (Some(_), Some(_)) => section.complain("has both `say` and `wav`; keep one".to_owned()),
        (None, None) => section
            .complain("says nothing; add `say = \"words\"` or `wav = \"file.wav\"`".to_owned()),
        (Some(_), None) if text.is_some() => section.complain_of(
            "text",
            "only for `wav`; with `say`, use `expect.caller_words` where the words differ"
                .to_owned(),
        ),
        (Some(say), None) => return Words::Say(say),
        (None, Some(wav)) => {
            return Words::Wav {
                path: PathBuf::from(wav),
                text,
            };
        }
    }
    Words::Say(String::new())
}

fn when(path: &str, table: Table, problems: &mut Vec<Problem>) -> Option<When> {
    let is_empty = table.is_empty();
    let mut section = Section::new(path, table, problems);
    let moments: Vec<When> = [
        section.duration("after_agent").map(When::AfterAgent),
        section.duration("into_agent").map(When::IntoAgent),
        section.duration("after_line").map(When::AfterLine),
        section.duration("at").map(When::At),
    ]
    .into_iter()
    .flatten()
    .collect();
    if moments.len() > 1 {
        section.complain("has more than one moment; keep one".to_owned());
    } else if is_empty {
        section.complain(
            "names no moment; use one of after_agent, into_agent, after_line, at".to_owned(),
        );
    }
    section.finish();
    moments.first().copied()
}

fn line_expectation(path: &str, table: Table, problems: &mut Vec<Problem>) -> LineExpectation {
    let mut section = Section::new(path, table, problems);
    let expect = LineExpectation {
        reply_within: section.milliseconds("reply_within_ms"),
        heard: section.groups("heard"),
        absent: section.texts("absent"),
        caller_words: section.text("caller_words"),
        interrupts: section.question("interrupts"),
        same_turn_as_previous: section.question("same_turn_as_previous").unwrap_or(false),
    };
    section.finish();
    expect
}

fn call_expectation(table: Table, problems: &mut Vec<Problem>) -> CallExpectation {
    let mut section = Section::new("expect", table, problems);
    let expect = CallExpectation {
        events: section.words("events", EventName::ALL, EventName::word),
        absent: section.words("absent", EventName::ALL, EventName::word),
        ends_with: section.word("ends_with", EndName::ALL, EndName::word),
        word_error_rate_max: section.number("word_error_rate_max", 0.0, 10.0),
        voice_to_voice_median_max: section.milliseconds("voice_to_voice_ms_median_max"),
        barge_in_stop_max: section.milliseconds("barge_in_stop_ms_max"),
    };
    section.finish();
    expect
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match read(text) {
            Err(ScenarioError::Invalid { problems, .. }) => {
                problems.iter().map(ToString::to_string).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_full_document_is_read() {
        let scenario = read(
            r#"
            name = "booking"
            agent = "../agents/a.json"
            caller = { voice = "v2", speed = 1.1, pitch = 0.9, noise_dbfs = -60 }
            hang_up = { at = "60s" }
            [expect]
            events = ["greeting", "answer"]
            absent = ["reprompt"]
            ends_with = "caller_hung_up"
            word_error_rate_max = 0.15
            voice_to_voice_ms_median_max = 1000
            [[line]]
            say = "Hello."
            [[line]]
            wav = "a.wav"
            text = "on Tuesday"
            when = { after_line = "1s" }
            give_up = "5s"
            expect = { heard = ["tuesday", ["9", "nine"]], same_turn_as_previous = true, reply_within_ms = 900 }
            "#,
        )
        .unwrap();
        assert_eq!(scenario.voice.id.as_deref(), Some("v2"));
        assert_eq!(scenario.lines[0].when, When::AfterAgent(AFTER_AGENT));
        assert_eq!(
            scenario.lines[1].when,
            When::AfterLine(Duration::from_secs(1))
        );
        assert_eq!(scenario.lines[1].reference(), Some("on Tuesday"));
        assert_eq!(scenario.lines[1].expect.heard[1], ["9", "nine"]);
        assert_eq!(scenario.hang_up, When::At(Duration::from_secs(60)));
        assert_eq!(
            scenario.expect.events,
            [EventName::Greeting, EventName::Answer]
        );
    }

    #[test]
    fn all_problems_come_at_once_with_their_places() {
        let found = problems(
            r#"
            nam = "x"
            [expect]
            events = ["barge_inn"]
            [[line]]
            say = "a"
            when = { afer_agent = "1s" }
            [[line]]
            say = "b"
            wav = "b.wav"
            when = { at = 5 }
            expect = { intterupts = true, reply_within_ms = -4 }
            [[line]]
            when = { at = "1s", into_agent = "soon" }
            [[line]]
            say = "c"
            when = {}
            "#,
        );
        let expected = [
            "(top level): `name` is missing",
            "line[1].when.afer_agent: unknown word; did you mean `after_agent`?",
            "line[2]: has both `say` and `wav`",
            "line[2].when.at: must be a duration such as \"300ms\" or \"1.2s\", not an integer",
            "line[2].expect.reply_within_ms: -4 is out of range",
            "line[2].expect.intterupts: unknown word; did you mean `interrupts`?",
            "line[3]: says nothing",
            "line[3].when.into_agent: `soon` is no duration",
            "line[4].when: names no moment",
            "expect.events[1]: unknown word `barge_inn`; did you mean `barge_in`?",
            "nam: unknown word; did you mean `name`?",
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}\n{expected}");
        }
        assert_eq!(found.len(), expected.len(), "{found:#?}");
    }

    #[test]
    fn text_that_is_no_toml_says_where() {
        let error = read("name = \"a\"\nline = [").unwrap_err().to_string();
        assert!(
            error.contains("no TOML") && error.contains("line 2"),
            "{error}"
        );
    }

    #[test]
    fn a_first_line_has_none_before_it_and_a_silent_caller_must_hang_up() {
        let found = problems("name = \"a\"\n[[line]]\nsay = \"a\"\nwhen = { after_line = \"1s\" }");
        assert!(found[0].starts_with("line[1].when.after_line"), "{found:?}");
        assert!(problems("name = \"a\"")[0].contains("silent caller"));
        let found = problems("name = \"a\"\nhang_up = { into_agent = \"1s\" }");
        assert!(
            found[0].starts_with("hang_up: a caller hangs up"),
            "{found:?}"
        );
    }

    #[test]
    fn wrong_shapes_are_named_and_not_a_panic() {
        for bad in [
            "name = 1\nline = 5",
            "name = \"a\"\nline = [1, 2]",
            "name = \"a\"\ncaller = 7\nexpect = []",
            "name = \"a\"\n[caller]\nspeed = \"fast\"\npitch = 9\nnoise_dbfs = nan",
            "name = \"a\"\n[expect]\nevents = \"greeting\"\nends_with = 4",
            "name = \"a\"\n[[line]]\nsay = \" \"\nexpect = { heard = [[]], absent = [3] }",
        ] {
            assert!(!problems(bad).is_empty());
        }
    }
}
