//! In which tests the settings that fields become are shown to change a call.

/// By the setting of the canonical agent: the test of the workspace in which different values of it
/// make different calls. A setting below one that stands here is shown by the same test.
const SETTINGS: &[(&str, &str)] = &[
    ("ambient_sound", "tests/knobs/sounds.rs"),
    ("backchannels", "tests/knobs/bridging.rs"),
    ("callbacks", "crates/api/tests/promised.rs"),
    ("call_duration_goodbye", "tests/knobs/limits.rs"),
    ("call_duration_max", "tests/knobs/limits.rs"),
    ("call_screening", "crates/call/tests/sessions/machines.rs"),
    ("context_window_turns", "tests/knobs/limits.rs"),
    ("denoising", "tests/knobs/hearing.rs"),
    ("eagerness", "tests/knobs/endpointing.rs"),
    ("endpointing", "tests/knobs/endpointing.rs"),
    ("first_message", "tests/knobs/prompt.rs"),
    ("first_message_delay", "tests/knobs/prompt.rs"),
    ("interruption", "tests/knobs/interruption.rs"),
    ("interruption_sensitivity", "tests/knobs/interruption.rs"),
    ("is_greeting_interruptible", "tests/knobs/interruption.rs"),
    ("is_recorded", "tests/knobs.rs"),
    ("key_input", "crates/call/tests/sessions/typed.rs"),
    ("keywords", "tests/knobs/hearing.rs"),
    ("language", "tests/knobs/prompt.rs"),
    ("limits", "crates/api/tests/limits.rs"),
    ("models.chat_patience", "tests/knobs.rs"),
    ("models.chat_server", "tests/knobs.rs"),
    ("models.chat_standby", "tests/knobs.rs"),
    ("models.keys", "tests/knobs.rs"),
    ("models", "tests/knobs/models.rs"),
    ("name", "tests/knobs.rs"),
    ("opening_hours", "crates/api/tests/calls/hours.rs"),
    ("prompt", "tests/knobs/prompt.rs"),
    ("records", "crates/api/tests/calls/records.rs"),
    ("reply_tokens_max", "tests/knobs/limits.rs"),
    ("silence", "tests/knobs/silence.rs"),
    ("soft_timeout", "tests/knobs/bridging.rs"),
    ("speculation", "tests/knobs/endpointing.rs"),
    ("temperature", "tests/knobs/prompt.rs"),
    ("thinking", "tests/knobs/prompt.rs"),
    ("time_zone", "tests/knobs/prompt.rs"),
    ("variables", "tests/knobs/prompt.rs"),
    (
        "voicemail_message",
        "crates/call/tests/sessions/machines.rs",
    ),
    ("voice.audio_tags", "tests/knobs.rs"),
    ("voice.dictionaries", "tests/knobs.rs"),
    ("voice", "tests/knobs/voice.rs"),
];

/// The test that shows a setting to act.
pub(crate) fn of_setting(canonical: &str) -> Option<&'static str> {
    let is_of = |setting: &str| {
        let rest = canonical.strip_prefix(setting);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let found = SETTINGS.iter().find(|(setting, _)| is_of(setting));
    found.map(|(_, test)| *test)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::dialect::TABLES;
    use crate::dialect::field::Acts;

    fn text_of(file: &str) -> String {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{file}: {problem}"))
    }

    #[test]
    fn every_setting_is_named_in_the_test_that_shows_it() {
        for lens in TABLES.iter().flat_map(|dialect| dialect.lenses) {
            let setting = lens.canonical;
            let file = of_setting(setting).unwrap_or_else(|| panic!("{setting} has no test"));
            let text = text_of(file);
            let is_named = ["\"", ".", "["]
                .iter()
                .any(|end| text.contains(&format!("\"{setting}{end}")));
            assert!(is_named, "{file} says nothing of {setting}");
        }
    }

    #[test]
    fn every_test_that_a_field_names_is_there() {
        let fields = TABLES.iter().flat_map(|dialect| (dialect.fields)());
        let mut seen = 0;
        for field in fields {
            let Acts::Shown(_, test) = field.acts else {
                continue;
            };
            let (file, name) = test.split_once("::").unwrap_or((test, ""));
            let is_there = text_of(file).contains(&format!("fn {name}("));
            assert!(is_there, "{}: no test {test}", field.path);
            seen += 1;
        }
        assert!(seen > 5, "only {seen} fields name a test");
    }
}
