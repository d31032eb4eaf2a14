//! `docs/compatibility.md`, written from the tables of the dialects; and checks that the tables
//! leave nothing unaccounted.

use super::TABLES;
use super::field::{Acts, Field, Item, Kind, Null};
use super::mapping::Dialect;
use super::proofs;
use std::fmt::Write as _;

const INTRODUCTION: &str = "\
# Compatibility

Which fields of which platform's agents Offhook takes, what they may hold, and what they do. This \
page is written from the tables that also check and map them (`crates/api/src/dialect/`): \
`OFFHOOK_WRITE_DOCS=1 cargo test -p offhook-api matrix`.

- *sets …* names the setting of [our own agent](../configs/agent.schema.json) that the field \
becomes, and the test in which different values of it make different calls.
- *kept; … will act on it*: the field is checked, stored and shown, and changes no call so far.
- Fields that are not listed are kept and shown as they were sent.
- A model that is named `local/…` is one of this server's catalogue, `VENDOR/…` one behind a \
vendor's API. Any other name, such as `gpt-4o-mini`, is what `[models.aliases]` of \
[offhook.toml](../configs/offhook.toml) says that it stands for; where that cannot be had, for want \
of a key, the server's default models serve, or the agent is refused, as `unavailable` there says. \
Voices are those of the model that speaks; one that the embedded voice model does not have is spoken \
by the one nearest to it, or by its first.
- ElevenLabs' post-call webhooks send recordings as WAV files, where the platform sends MP3.
- ElevenLabs' `platform_settings.privacy`: `retention_days` says when, counted from the end of the \
call, and the two flags say what is deleted then; with neither flag nothing is, and the call itself \
(when, how long, why it ended) always stays. `apply_to_existing_conversations` gives earlier calls \
the same days, nothing else. In zero retention mode webhooks carry no transcript either, because \
what is sent to them is written down until they have it.
- Its `conversation_history_redaction` acts on the stored transcript and on what webhooks get of it, \
not on the audio: turn `record_voice` off beside it. Found by rule, and replaced as `[EMAIL_ADDRESS]`, \
are `email_address`, `contact_number`, `url`, `dob` and `date` (in digits or with an English month), \
`financial_id` with payment cards (number, expiry date) and bank accounts (IBAN), `unique_id` with \
`government_issued_id` (USA and United Kingdom) and `device_id` (IP, MAC). The other entities \
(`name`, `location`, `medical` and so on, the code of a payment card, a routing number) are kept and \
shown, and **nothing of them is replaced**. What is spread over several turns is not found.
- Rules of pronunciation dictionaries with an `alias` act with every voice. Those with a `phoneme` \
act with the embedded voice and with ElevenLabs' `eleven_flash_v2`, `eleven_turbo_v2` and \
`eleven_monolingual_v1`; every other voice is given the word as an English speaker would spell it. \
Numbers and the like are written out as words in English only.
- Of ElevenLabs' `supported_voices` one without a `label` has its `language` or its `voice_id` for one.
- Values outside what the engine can do, where the platform states no limit, act as the nearest \
that it can do.
";

/// The compatibility page: what each field of each dialect holds and does.
#[must_use]
pub fn compatibility_page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for dialect in TABLES {
        let fields = (dialect.fields)();
        let (acting, kept) = counts(dialect, fields);
        let title = dialect.title;
        let _ = write!(
            page,
            "\n## {title}\n\n{acting} fields act, {kept} are kept for parts of the product that \
             will act on them.\n\n| Field | Holds | Default | Does |\n|---|---|---|---|\n"
        );
        rows(dialect, "", fields, &mut page);
    }
    page
}

fn counts(dialect: &Dialect, fields: &[Field]) -> (usize, usize) {
    let values = || fields.iter().filter(|field| !is_section(field));
    let kept = values()
        .filter(|field| lens_of(dialect, field.path).is_none())
        .filter(|field| matches!(field.acts, Acts::Later(_)))
        .count();
    (values().count() - kept, kept)
}

fn rows(dialect: &Dialect, before: &str, fields: &[Field], page: &mut String) {
    for field in fields.iter().filter(|field| !is_section(field)) {
        let path = format!("{before}{}", field.path);
        let does = match (lens_of(dialect, &path), field.acts) {
            (Some(canonical), acts) => {
                let mut does = format!("sets `{canonical}`");
                if let Some(test) = proofs::of_setting(canonical) {
                    let _ = write!(does, "; shown by `{test}`");
                }
                // What else it does.
                if let Acts::Shown(what, test) = acts {
                    let _ = write!(does, "; {what}; shown by `{test}`");
                }
                does
            }
            (None, Acts::Here(what)) => what.to_owned(),
            (None, Acts::Shown(what, test)) => format!("{what}; shown by `{test}`"),
            (None, Acts::Later(room)) => format!("kept; {room} will act on it"),
            (None, Acts::Mapped) => String::new(),
        };
        let required = if field.is_required { ", required" } else { "" };
        let default = field.default.map_or_else(String::new, code);
        let holds = holds(&field.kind);
        let null = if field.null == Null::Refused {
            ""
        } else {
            " or null"
        };
        let _ = writeln!(
            page,
            "| `{path}` | {holds}{null}{required} | {default} | {does} |"
        );
        if let Kind::List {
            of: Item::Objects(fields),
            ..
        } = field.kind
        {
            rows(dialect, &format!("{path}[]."), fields, page);
        }
    }
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn holds(kind: &Kind) -> String {
    let off = |off: &Option<f64>| off.map_or_else(String::new, |off| format!(", {off} is off"));
    match kind {
        Kind::Text { min, max } => format!("text of {min} to {max} characters"),
        Kind::Https { max } => format!("`https` address of at most {max} characters"),
        Kind::Telephone => "telephone number (E.164)".to_owned(),
        Kind::Checked { what, .. } => (*what).to_owned(),
        Kind::Word(words) if words.len() > 12 => format!("one of {} words", words.len()),
        Kind::Word(words) => words.join(", "),
        Kind::Number { min, max, off: it } => format!("number {min} to {max}{}", off(it)),
        Kind::Whole { min, max, off: it } => format!("whole number {min} to {max}{}", off(it)),
        Kind::Flag => "true or false".to_owned(),
        Kind::Section => "object".to_owned(),
        Kind::Map { entries_max } => format!("object of at most {entries_max} entries"),
        Kind::List { items_max, of } => {
            let of = match of {
                Item::Of(kind) => holds(kind),
                Item::Objects(_) => "objects".to_owned(),
            };
            format!("list of at most {items_max}: {of}")
        }
        Kind::Any => "anything".to_owned(),
    }
}

fn is_section(field: &Field) -> bool {
    matches!(field.kind, Kind::Section)
}

fn lens_of(dialect: &Dialect, path: &str) -> Option<&'static str> {
    let lens = dialect
        .lenses
        .iter()
        .find(|lens| lens.fields.contains(&path));
    lens.map(|lens| lens.canonical)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_compatibility_page_is_current() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
        let current = compatibility_page();
        if std::env::var_os("OFFHOOK_WRITE_DOCS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &current).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == current,
            "docs/compatibility.md is not what the tables say; write it with \
             OFFHOOK_WRITE_DOCS=1 cargo test -p offhook-api matrix"
        );
    }

    #[test]
    fn every_field_is_accounted_for() {
        for dialect in TABLES {
            let fields = (dialect.fields)();
            for field in fields.iter().filter(|field| !is_section(field)) {
                let is_mapped = lens_of(dialect, field.path).is_some();
                let is_told = !matches!(field.acts, Acts::Mapped);
                // One that sets something may do something else besides.
                let does_more = is_mapped && matches!(field.acts, Acts::Shown(..));
                assert!(
                    is_mapped != is_told || does_more,
                    "{}: {}",
                    dialect.name,
                    field.path
                );
            }
            for path in dialect.lenses.iter().flat_map(|lens| lens.fields) {
                let is_known = fields.iter().any(|field| field.path == *path);
                assert!(is_known, "{}: no field {path}", dialect.name);
            }
        }
    }

    #[test]
    fn every_field_has_a_parent_and_a_default_that_fits() {
        for dialect in TABLES {
            let fields = (dialect.fields)();
            for field in fields {
                if let Some((parent, _)) = field.path.rsplit_once('.') {
                    let is_known = fields.iter().any(|it| it.path == parent && is_section(it));
                    assert!(is_known, "{}: no section {parent}", dialect.name);
                }
                let same = fields.iter().filter(|it| it.path == field.path).count();
                assert_eq!(same, 1, "{} stands twice", field.path);
                if let Some(default) = field.default {
                    let value: Value = serde_json::from_str(default).unwrap();
                    let name = field.path.rsplit('.').next().unwrap();
                    let alone = Field {
                        path: name,
                        ..*field
                    };
                    let body = serde_json::json!({ name: value });
                    assert_eq!(crate::dialect::check::problems(&[alone], &body, false), []);
                }
            }
        }
    }

    #[test]
    fn every_lens_ends_in_a_setting_of_the_agent() {
        let schema = offhook_agent::agent_schema();
        for lens in TABLES.iter().flat_map(|dialect| dialect.lenses) {
            let mut place = &schema;
            for name in lens.canonical.split('.') {
                place = resolved(&schema, &place["properties"][name]);
                assert!(place.is_object(), "no setting {}", lens.canonical);
            }
        }
    }

    fn resolved<'s>(schema: &'s Value, place: &'s Value) -> &'s Value {
        let first = place["anyOf"].get(0).unwrap_or(place);
        match first["$ref"].as_str() {
            Some(reference) => &schema["$defs"][reference.rsplit('/').next().unwrap_or_default()],
            None => first,
        }
    }
}
