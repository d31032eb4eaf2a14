//! What holds for every document of every dialect: what a client wrote comes back, and no dialect
//! loses anything of another.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Map, Value, json};

use super::field::{Field, Item, Kind, Null};
use super::mapping::{Dialect, Stored, fill};
use super::{DIALECTS, canonical, path};

const TAGS: [&str; 4] = ["en", "de", "cs", "hi"];

/// A value that a field may hold.
fn value(field: &Field) -> BoxedStrategy<Value> {
    let held = match field.path {
        "language" | "ttsModel.language" | "conversation_config.agent.language"
            if !matches!(field.kind, Kind::Word(_)) =>
        {
            words(&TAGS)
        }
        "llmModel" => words(&["gpt-4o", "gemini-2.5-flash", "gpt-4.1-mini-enterprise"]),
        _ => of_kind(&field.kind),
    };
    if field.null == Null::Kept {
        prop_oneof![4 => held, 1 => Just(Value::Null)].boxed()
    } else {
        held
    }
}

fn words(words: &[&str]) -> BoxedStrategy<Value> {
    let words: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    proptest::sample::select(words).boxed()
}

fn of_kind(kind: &Kind) -> BoxedStrategy<Value> {
    match *kind {
        Kind::Text { min, .. } => {
            let least = if min > 0 { "[A-Za-z]" } else { "" };
            let rest = if min > 0 {
                "[a-z0-9]{0,8}"
            } else {
                "[a-z{} \\\\.]{0,16}"
            };
            proptest::string::string_regex(&format!("{least}{rest}"))
                .unwrap()
                .prop_map(|text| json!(text))
                .boxed()
        }
        Kind::Https { .. } => "https://[a-z]{1,8}\\.test/[a-z]{0,8}"
            .prop_map(Value::from)
            .boxed(),
        Kind::Telephone => "\\+1[2-9][0-9]{9}".prop_map(Value::from).boxed(),
        Kind::Checked { .. } => "[a-z]{2}".prop_map(Value::from).boxed(),
        Kind::Word(list) => words(list),
        Kind::Number { min, max, off } => {
            let most = max.min(50.0);
            let inside = (0..=1_000_u32)
                .prop_map(move |step| json!(min + (most - min) * f64::from(step) / 1_000.0));
            match off {
                Some(off) => prop_oneof![3 => inside, 1 => Just(json!(off))].boxed(),
                None => inside.boxed(),
            }
        }
        Kind::Whole { min, max, off } => {
            let inside = (min as i64..=max as i64).prop_map(Value::from);
            match off {
                Some(off) => prop_oneof![3 => inside, 1 => Just(json!(off as i64))].boxed(),
                None => inside.boxed(),
            }
        }
        Kind::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Section => Just(json!({})).boxed(),
        Kind::Map { .. } => {
            let entry = prop_oneof!["[a-z]{0,6}".prop_map(Value::from), Just(json!([1]))];
            proptest::collection::btree_map("[a-z][a-z-]{0,3}", entry, 0..3)
                .prop_map(|entries| json!(entries))
                .boxed()
        }
        Kind::List { of, .. } => {
            let item = match of {
                Item::Of(kind) => of_kind(kind),
                Item::Objects(fields) => object(fields),
            };
            proptest::collection::vec(item, 0..3)
                .prop_map(Value::Array)
                .boxed()
        }
        Kind::Any => Just(json!({ "free": [1, "a"] })).boxed(),
    }
}

/// An object with some of the fields, all that are required, and one that nobody knows.
fn object(fields: &'static [Field]) -> BoxedStrategy<Value> {
    let picks: Vec<BoxedStrategy<Option<(String, Value)>>> = fields
        .iter()
        .map(|field| {
            let path = field.path.to_owned();
            let given = value(field).prop_map(move |value| (path.clone(), value));
            if field.is_required {
                given.prop_map(Some).boxed()
            } else {
                proptest::option::weighted(0.4, given).boxed()
            }
        })
        .collect();
    (picks, "[a-z]{1,6}")
        .prop_map(|(picks, extra)| {
            let mut document = Value::Object(Map::new());
            for (path, value) in picks.into_iter().flatten() {
                let is_section = value == json!({});
                if !is_section || path::at(&document, &path).is_none() {
                    path::put(&mut document, &path, value);
                }
            }
            document[format!("x_{extra}")] = json!({ "kept": [extra] });
            document
        })
        .boxed()
}

/// A whole document, with what the rules between its fields ask for.
fn document(dialect: &'static Dialect) -> BoxedStrategy<Value> {
    object((dialect.fields)())
        .prop_map(|mut document| {
            bring_key(&mut document);
            if document["tools"]
                .as_array()
                .is_some_and(|it| !it.is_empty())
            {
                document["tool_url"] = json!("https://tools.test/");
            }
            if !document["customTools"].is_null() {
                document["voiceMode"] = json!("hosted");
            }
            if document["voiceMode"] == "hosted" {
                document["systemPrompt"] = json!("Be brief, {{caller}}.");
            }
            document
        })
        .boxed()
}

/// Whose own vendor it is has its key.
fn bring_key(document: &mut Value) {
    if path::at(document, "ttsModel.provider") == Some(&json!("11labs_byo")) {
        path::put(document, "ttsModel.elevenLabsApiKey", json!("key"));
    }
}

fn any_dialect() -> impl Strategy<Value = &'static Dialect> {
    proptest::sample::select(DIALECTS.to_vec())
}

fn dialect_and_document() -> impl Strategy<Value = (&'static Dialect, Value)> {
    any_dialect().prop_flat_map(|dialect| (Just(dialect), document(dialect)))
}

fn create(dialect: &Dialect, body: &Value) -> Stored {
    let draft = dialect.read(body, None);
    let draft = draft.unwrap_or_else(|problems| panic!("{}: {problems:?}\n{body}", dialect.name));
    Stored {
        document: draft.document,
        dialects: BTreeMap::from([(dialect.name.to_owned(), draft.own)]),
    }
}

fn update(dialect: &Dialect, stored: &Stored, body: &Value) -> Stored {
    let draft = dialect.read(body, Some(stored));
    let draft = draft.unwrap_or_else(|problems| panic!("{}: {problems:?}\n{body}", dialect.name));
    let mut stored = stored.clone();
    stored.document = draft.document;
    stored.dialects.insert(dialect.name.to_owned(), draft.own);
    stored
}

/// Where `shown` lacks something that was `sent`.
fn lost(sent: &Value, shown: &Value, at: &str, found: &mut Vec<String>) {
    match (sent, shown) {
        (Value::Object(sent), Value::Object(_)) => {
            for (name, value) in sent {
                lost(value, &shown[name.as_str()], &format!("{at}.{name}"), found);
            }
        }
        (Value::Array(sent), Value::Array(shown)) if sent.len() == shown.len() => {
            for (index, (sent, shown)) in sent.iter().zip(shown).enumerate() {
                lost(sent, shown, &format!("{at}[{index}]"), found);
            }
        }
        _ if sent == shown => {}
        _ => found.push(format!("{at}: sent {sent}, shown {shown}")),
    }
}

#[test]
fn what_another_dialect_left_empty_is_no_fault_of_who_sends_it_back() {
    let of = |name: &str| *DIALECTS.iter().find(|it| it.name == name).unwrap();
    let (agentphone, elevenlabs) = (of("agentphone"), of("elevenlabs"));
    let hosted = json!({ "name": "a", "voiceMode": "hosted", "systemPrompt": "Be brief." });
    let stored = create(agentphone, &hosted);
    let emptied = json!({ "conversation_config": { "agent": { "prompt": { "prompt": "" } } } });
    let emptied = update(elevenlabs, &stored, &emptied);
    let back = update(agentphone, &emptied, &agentphone.show(&emptied));
    assert_eq!(back.document, emptied.document);
    let mine = json!({ "systemPrompt": null });
    assert!(agentphone.read(&mine, Some(&stored)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_created_comes_back((dialect, body) in dialect_and_document()) {
        let stored = create(dialect, &body);
        let mut found = Vec::new();
        lost(&body, &dialect.show(&stored), "", &mut found);
        prop_assert!(found.is_empty(), "{}: {found:?}\n{}", dialect.name, stored.document);
        prop_assert_eq!(canonical::problems(&stored.document), []);
    }

    #[test]
    fn a_change_in_another_dialect_changes_that_alone(
        (first, body) in dialect_and_document(),
        second in any_dialect(),
        name in "[A-Z][a-z]{2,8}",
    ) {
        let stored = create(first, &body);
        let before = first.show(&stored);
        let changed = update(second, &stored, &json!({ "name": name, "x_second": [name] }));
        let mut expected = before.clone();
        expected["name"] = json!(name);
        if first.name == second.name {
            expected["x_second"] = json!([name]);
        }
        prop_assert_eq!(first.show(&changed), expected);
        prop_assert_eq!(&second.show(&changed)["x_second"], &json!([name]));
    }

    #[test]
    fn sending_back_what_is_shown_changes_nothing(
        (first, body) in dialect_and_document(),
        second in any_dialect(),
    ) {
        let stored = create(first, &body);
        let shown = second.show(&stored);
        let again = update(second, &stored, &shown);
        prop_assert_eq!(&again.document, &stored.document, "by {}", second.name);
        prop_assert_eq!(first.show(&again), first.show(&stored));
        prop_assert_eq!(second.show(&again), shown);
    }

    #[test]
    fn the_later_of_two_writers_is_shown_by_all(
        (first, body) in dialect_and_document(),
        second in any_dialect(),
        change in any::<proptest::sample::Index>(),
        seed in any::<[u8; 8]>(),
    ) {
        let stored = create(first, &body);
        let lenses = second.lenses;
        let lens = &lenses[change.index(lenses.len())];
        let field = (second.fields)().iter().find(|it| it.path == lens.fields[0]).unwrap();
        prop_assume!(field.path != "systemPrompt");
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(
            ProptestConfig::default(),
            proptest::test_runner::TestRng::from_seed(
                proptest::test_runner::RngAlgorithm::ChaCha,
                &seed.repeat(4),
            ),
        );
        let written = value(field).new_tree(&mut runner).unwrap().current();
        prop_assume!(!written.is_null());
        let mut body = json!({});
        path::put(&mut body, field.path, written.clone());
        bring_key(&mut body);
        // What is left out of an object in a list is shown, too.
        let mut whole = body.clone();
        fill((second.fields)(), &mut whole);
        let written = path::at(&whole, field.path).cloned().unwrap_or_default();
        let changed = update(second, &stored, &body);
        let shown = second.show(&changed);
        prop_assert_eq!(path::at(&shown, field.path), Some(&written));
        let back = update(first, &changed, &first.show(&changed));
        prop_assert_eq!(&back.document, &changed.document);
        let shown = second.show(&back);
        prop_assert_eq!(path::at(&shown, field.path), Some(&written));
    }
}
