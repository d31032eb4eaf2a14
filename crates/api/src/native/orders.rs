//! Orders to a call that is up: to say something, to press keys, hold and mute.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{MethodRouter, post};
use offhook_call::{Control, OrderedWords, Side, SpokenOrder};
use offhook_media::{ToolSound, is_key};
use serde_json::{Map, Value, json};

use super::calls::{note, skip_turn, taken};
use crate::{Access, Api, Problem, Refusal, read_json};

/// The longest text that the agent can be ordered to say, in characters.
pub(super) const SAID_CHARS_MAX: usize = 4_000;
/// Most keys that can be pressed at once.
pub(super) const KEYS_MAX: usize = 64;
/// What can be heard on hold.
pub(super) const HOLD_SOUNDS: [(&str, ToolSound); 4] = [
    ("elevator1", ToolSound::Elevator1),
    ("elevator2", ToolSound::Elevator2),
    ("elevator3", ToolSound::Elevator3),
    ("elevator4", ToolSound::Elevator4),
];

/// What an order's body asks for, or what is wrong with it.
type Reader = fn(&Value) -> Result<Vec<Control>, Refusal>;

/// The orders that are carried out in the call itself, by the ends of their addresses.
const READERS: [(&str, Reader); 9] = [
    ("skip-turn", skip_turn),
    ("note", note),
    ("say", say),
    ("respond", respond),
    ("keys", press),
    ("hold", hold),
    ("unhold", unhold),
    ("mute", mute),
    ("unmute", unmute),
];

/// The routes below a call's address where these orders are posted.
pub(super) fn routes() -> impl Iterator<Item = (&'static str, MethodRouter<Api>)> {
    READERS.into_iter().map(|(name, read)| (name, order(read)))
}

/// What an order of that name is, where it is one that is carried out in the call itself.
pub(super) fn read(name: &str, body: &Value) -> Option<Result<Vec<Control>, Refusal>> {
    let (_, read) = READERS.iter().find(|(known, _)| *known == name)?;
    Some(read(body))
}

/// Where an order is posted whose body is read so.
fn order(read: Reader) -> MethodRouter<Api> {
    post(
        move |State(api): State<Api>,
              Extension(access): Extension<Access>,
              Path(id): Path<String>,
              headers: HeaderMap,
              body: Bytes| async move {
            // No body is an order without fields.
            let body = match body.is_empty() {
                true => json!({}),
                false => read_json(&headers, &body)?,
            };
            for order in read(&body)? {
                api.order_call(&access.workspace, &id, order).await?;
            }
            Ok::<_, Refusal>(taken(&id))
        },
    )
}

/// Has the agent say something.
fn say(body: &Value) -> Result<Vec<Control>, Refusal> {
    let mut fields = Fields::of(body)?;
    let text = fields.text("text", SAID_CHARS_MAX);
    if text.is_none() {
        fields.wants("text");
    }
    let ends_call = fields.flag("hang_up", false);
    let order = SpokenOrder {
        words: OrderedWords::Text(text.unwrap_or_default()),
        is_urgent: fields.flag("urgent", false),
        // Last words are heard to their end.
        is_interruptible: fields.flag("interruptible", !ends_call),
        ends_call,
    };
    fields.finish(&["text", "urgent", "interruptible", "hang_up"])?;
    Ok(vec![Control::Speak(order)])
}

/// Has the agent say what there is to say, as the conversation stands.
fn respond(body: &Value) -> Result<Vec<Control>, Refusal> {
    let mut fields = Fields::of(body)?;
    let note = fields.text("note", SAID_CHARS_MAX);
    let order = SpokenOrder {
        words: OrderedWords::Reply,
        is_urgent: fields.flag("urgent", false),
        is_interruptible: true,
        ends_call: fields.flag("hang_up", false),
    };
    fields.finish(&["note", "urgent", "hang_up"])?;
    let note = note.map(|text| Control::Note { text, name: None });
    Ok(note.into_iter().chain([Control::Speak(order)]).collect())
}

/// Has the tones of keys played.
fn press(body: &Value) -> Result<Vec<Control>, Refusal> {
    let mut fields = Fields::of(body)?;
    let keys = fields.text("keys", KEYS_MAX).unwrap_or_default();
    if keys.is_empty() || !keys.chars().all(is_key) {
        fields.wants_keys();
    }
    let order = SpokenOrder {
        words: OrderedWords::Keys(keys),
        is_urgent: fields.flag("urgent", false),
        is_interruptible: false,
        ends_call: false,
    };
    fields.finish(&["keys", "urgent"])?;
    Ok(vec![Control::Speak(order)])
}

/// Puts the caller on hold.
fn hold(body: &Value) -> Result<Vec<Control>, Refusal> {
    let mut fields = Fields::of(body)?;
    let message = fields.text("message", SAID_CHARS_MAX);
    let sound = fields.hold_sound();
    fields.finish(&["message", "sound"])?;
    let message = message.map(in_turn).into_iter();
    Ok(message.chain([Control::Hold { sound }]).collect())
}

/// Takes the caller off hold.
fn unhold(body: &Value) -> Result<Vec<Control>, Refusal> {
    let mut fields = Fields::of(body)?;
    let message = fields.text("message", SAID_CHARS_MAX);
    fields.finish(&["message"])?;
    let orders = [Control::EndHold].into_iter();
    Ok(orders.chain(message.map(in_turn)).collect())
}

/// Mutes one side.
fn mute(body: &Value) -> Result<Vec<Control>, Refusal> {
    let side = Fields::of(body)?.side()?;
    Ok(vec![Control::Mute { side, is_on: true }])
}

/// Lets it be heard again.
fn unmute(body: &Value) -> Result<Vec<Control>, Refusal> {
    let side = Fields::of(body)?.side()?;
    Ok(vec![Control::Mute { side, is_on: false }])
}

/// A line of no special kind.
fn in_turn(text: String) -> Control {
    Control::Speak(SpokenOrder {
        words: OrderedWords::Text(text),
        is_urgent: false,
        is_interruptible: true,
        ends_call: false,
    })
}

/// The fields of an order, and what is wrong with them.
struct Fields {
    fields: Map<String, Value>,
    problems: Vec<Problem>,
}

impl Fields {
    fn of(body: &Value) -> Result<Self, Refusal> {
        match body {
            Value::Object(fields) => Ok(Self {
                fields: fields.clone(),
                problems: Vec::new(),
            }),
            _ => Err(Refusal::invalid(vec![Problem::new("", "a JSON object")])),
        }
    }

    fn text(&mut self, name: &str, chars_max: usize) -> Option<String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text))
                if !text.trim().is_empty() && text.chars().count() <= chars_max =>
            {
                Some(text.clone())
            }
            Some(_) => {
                let message = format!("a text of 1 to {chars_max} characters, and not of spaces");
                self.problems.push(Problem::new(name, message));
                None
            }
        }
    }

    fn flag(&mut self, name: &str, default: bool) -> bool {
        match self.fields.get(name) {
            None | Some(Value::Null) => default,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.problems.push(Problem::new(name, "true or false"));
                default
            }
        }
    }

    /// The first where none is named; `None` where silence is.
    fn hold_sound(&mut self) -> Option<ToolSound> {
        let Some(sound) = self.fields.get("sound") else {
            return Some(HOLD_SOUNDS[0].1);
        };
        let name = sound.as_str().unwrap_or_default();
        let found = HOLD_SOUNDS.iter().find(|(known, _)| *known == name);
        if found.is_none() && !sound.is_null() {
            let known = HOLD_SOUNDS.map(|(name, _)| name).join(", ");
            let message = format!("one of {known}, or null for silence");
            self.problems.push(Problem::new("sound", message));
        }
        found.map(|(_, sound)| *sound)
    }

    /// The agent, where no side is named.
    fn side(mut self) -> Result<Side, Refusal> {
        let side = match self.fields.get("side") {
            None | Some(Value::Null) => Some(Side::Agent),
            Some(side) => match side.as_str() {
                Some("agent") => Some(Side::Agent),
                Some("caller") => Some(Side::Caller),
                _ => None,
            },
        };
        if side.is_none() {
            let problem = Problem::new("side", "\"agent\" or \"caller\"");
            self.problems.push(problem);
        }
        self.finish(&["side"])?;
        Ok(side.unwrap_or(Side::Agent))
    }

    fn wants(&mut self, name: &str) {
        if self.problems.iter().all(|problem| problem.path != name) {
            self.problems.push(Problem::new(name, "it has to be given"));
        }
    }

    fn wants_keys(&mut self) {
        self.problems.retain(|problem| problem.path != "keys");
        let message = format!(
            "1 to {KEYS_MAX} of 0 to 9, *, #, A to D; w and W are pauses of half a second and a second"
        );
        self.problems.push(Problem::new("keys", message));
    }

    fn finish(mut self, known: &[&str]) -> Result<(), Refusal> {
        let unknown = self.fields.keys();
        let unknown = unknown.filter(|name| !known.contains(&name.as_str()));
        let message = format!("unknown; known here: {}", known.join(", "));
        let unknown = unknown.map(|name| Problem::new(name, message.clone()));
        self.problems.extend(unknown);
        match self.problems.is_empty() {
            true => Ok(()),
            false => Err(Refusal::invalid(self.problems)),
        }
    }
}
