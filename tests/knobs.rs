//! Every knob acts: one entry for each field of the agent document and of the turn policy, with a
//! call in which the values of that field make the difference that the entry states. A field
//! without an entry fails here, and so does an entry whose field is gone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

#[path = "knobs/bridging.rs"]
mod bridging;
#[path = "knobs/call.rs"]
mod call;
#[path = "knobs/document.rs"]
mod document;
#[path = "knobs/endpointing.rs"]
mod endpointing;
#[path = "knobs/hearing.rs"]
mod hearing;
#[path = "knobs/interruption.rs"]
mod interruption;
#[path = "knobs/knob.rs"]
mod knob;
#[path = "turns/knobs.rs"]
mod knobs;
#[path = "knobs/limits.rs"]
mod limits;
#[path = "knobs/models.rs"]
mod models;
#[path = "knobs/profiles.rs"]
mod profiles;
#[path = "knobs/prompt.rs"]
mod prompt;
#[expect(dead_code, reason = "scripts are only played here, not compared")]
#[path = "turns/script.rs"]
mod script;
#[path = "knobs/silence.rs"]
mod silence;
#[path = "knobs/sounds.rs"]
mod sounds;
#[path = "knobs/stage.rs"]
mod stage;
#[path = "knobs/voice.rs"]
mod voice;

use std::collections::BTreeSet;

use knob::{Knob, Subject};

const RECORDS: &str =
    "shows after the call: crates/api/tests/calls/records.rs shows what each value leaves";

/// Fields that no call can show, and why.
const EXEMPT: [(&str, &str); 38] = [
    (
        "is_recorded",
        "nobody in the call hears it: crates/offhook/tests/serving.rs shows that it leaves a file",
    ),
    ("records.keeps_conversation", RECORDS),
    ("records.retention.transcript_days", RECORDS),
    ("records.retention.recording_days", RECORDS),
    ("records.retention.applies_to_earlier_calls", RECORDS),
    ("records.redaction", RECORDS),
    (
        "echo_cancellation",
        "needs a line that sends sound back: crates/media/tests/echo.rs shows each value on speech",
    ),
    ("callbacks.is_enabled", CALLBACKS),
    ("callbacks.attempts_max", CALLBACKS),
    ("callbacks.gaps", CALLBACKS),
    ("key_input.pause_max", KEYS),
    ("key_input.hash_ends", KEYS),
    ("key_input.is_redacted", KEYS),
    ("opening_hours.times", HOURS),
    ("opening_hours.time_zone", HOURS),
    ("opening_hours.closed_message", HOURS),
    ("voicemail_message", PLACED),
    ("call_screening.identity", PLACED),
    ("call_screening.purpose", PLACED),
    ("limits.concurrent_calls", BEGINS),
    ("limits.calls_per_day", BEGINS),
    ("limits.bursts", BEGINS),
    ("limits.wait_max", BEGINS),
    ("models.chat_server.url", OWN_MODELS),
    ("models.chat_server.model", OWN_MODELS),
    ("models.chat_server.api", OWN_MODELS),
    ("models.chat_server.key", OWN_MODELS),
    ("models.chat_server.headers", OWN_MODELS),
    ("models.chat_server.secret_headers", OWN_MODELS),
    ("models.chat_server.variable_headers", OWN_MODELS),
    ("models.chat_server.api_version", OWN_MODELS),
    (
        "voice.audio_tags",
        "for voices that take them: crates/call/tests/sessions/voices.rs shows what the model is told",
    ),
    (
        "voice.dictionaries",
        "rules of the workspace: crates/api/tests/dialects/pronunciations.rs shows that a call gets \
         them, voice.pronunciations what they do",
    ),
    ("models.chat_standby", OWN_MODELS),
    ("models.chat_patience", OWN_MODELS),
    ("models.keys", OWN_MODELS),
    ("$schema", "tells an editor where the schema is; never read"),
    ("name", "names the agent in lists and logs; never spoken"),
];

/// Calls of tests have scripted models.
const OWN_MODELS: &str = "crates/offhook/tests/hosted.rs holds a call with an agent's own server and one that stands by, \
     crates/api/tests/dialects/own_models.rs shows what secrets are handed over";

/// What comes after a call that reached nobody.
const CALLBACKS: &str =
    "decides whether and when there is another call: crates/api/tests/promised.rs shows each value";

/// Callers of tests have no keys.
const KEYS: &str =
    "acts where keys are pressed: crates/call/tests/sessions/typed.rs shows each value";

/// Calls of tests are answered by the agent.
const PLACED: &str =
    "acts in calls that the agent places: crates/call/tests/sessions/machines.rs shows each value";

/// Calls of tests begin at no time of day.
const HOURS: &str = "acts by the clock of the wall: crates/api/tests/calls/hours.rs shows what is said, \
     crates/agent/src/opening_hours.rs when";

/// A call that does not begin has nothing to show.
const BEGINS: &str = "decides whether a call begins: crates/api/tests/limits.rs shows each value";

type Section = (&'static str, fn() -> Vec<Knob>);

const SECTIONS: [Section; 11] = [
    ("hearing", hearing::knobs),
    ("interruption", interruption::knobs),
    ("profiles", profiles::knobs),
    ("endpointing", endpointing::knobs),
    ("silence", silence::knobs),
    ("bridging", bridging::knobs),
    ("voice", voice::knobs),
    ("sounds", sounds::knobs),
    ("prompt", prompt::knobs),
    ("limits", limits::knobs),
    ("models", models::knobs),
];

#[test]
fn two_values_of_every_knob_are_two_calls() {
    let sections = SECTIONS.map(|(name, knobs)| {
        std::thread::spawn(move || {
            let knobs = knobs().into_iter();
            let failures = knobs.filter_map(|knob| knob.prove().err());
            let failures: Vec<String> = failures.map(|it| format!("{name}: {it}")).collect();
            failures
        })
    });
    let failures: Vec<String> = sections
        .into_iter()
        .flat_map(|section| section.join().unwrap())
        .collect();
    assert!(
        failures.is_empty(),
        "{} entries do not hold:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

#[test]
fn no_field_of_an_agent_lacks_an_entry() {
    let entries = all_knobs().into_iter();
    let entries = entries.filter(|knob| knob.subject == Subject::Agent);
    let mut entered: BTreeSet<String> = entries.map(|knob| knob.field).collect();
    entered.extend(EXEMPT.map(|(field, _)| field.to_owned()));
    assert_same("agent document", &document::agent_fields(), &entered);
}

#[test]
fn no_field_of_the_turn_policy_lacks_an_entry() {
    let entered = all_knobs().into_iter().flat_map(|knob| knob.policy);
    assert_same(
        "turn policy",
        &document::policy_fields(),
        &entered.collect(),
    );
}

#[test]
fn no_two_entries_are_about_the_same_field() {
    let mut seen = BTreeSet::new();
    for knob in all_knobs() {
        assert!(seen.insert(knob.field.clone()), "{} twice", knob.field);
    }
}

fn all_knobs() -> Vec<Knob> {
    SECTIONS.iter().flat_map(|(_, knobs)| knobs()).collect()
}

fn assert_same(what: &str, fields: &BTreeSet<String>, entered: &BTreeSet<String>) {
    assert!(fields.len() > 20, "only {} fields were found", fields.len());
    let without: Vec<_> = fields.difference(entered).collect();
    let gone: Vec<_> = entered.difference(fields).collect();
    assert!(
        without.is_empty() && gone.is_empty(),
        "fields of the {what} without an entry: {without:?}\nentries without a field: {gone:?}"
    );
}
