//! Which models serve the call.
//!
//! No call with scripted providers can tell models apart: the program chooses what it loads
//! (`crates/offhook/src/stack.rs`). `offhook call` loads `models.chat` by its name and refuses
//! the other three where they are not what is loaded; `offhook serve` refuses all four, when it
//! starts and again at each session. Both go by the same check as the entries here.

use offhook_agent::{Agent, ModelChoices, ModelId};
use serde_json::json;

use crate::call::Call;
use crate::knob::{Knob, knob};
use crate::stage::Stage;

/// What happens where `local/loaded` is loaded for everything.
fn served(agent: &Agent) -> Result<(), String> {
    let loaded = Some(ModelId::Local("loaded".into()));
    let loaded = ModelChoices {
        chat: loaded.clone(),
        recognition: loaded.clone(),
        turn_detection: loaded.clone(),
        voice: loaded,
    };
    let checked = agent.models().check_served(&loaded);
    checked.map_err(|problems| problems.to_string())
}

pub(crate) fn knobs() -> Vec<Knob> {
    let fields = [
        "models.chat",
        "models.recognition",
        "models.turn_detection",
        "models.voice",
    ];
    let knobs = fields.map(|field| {
        knob(
            field,
            [json!("local/loaded"), json!("local/other"), json!(null)],
            "the model that is loaded, or none, is served; another is refused by its field",
            || Stage::new().hangs_up(500),
            move |calls| compare(field, calls),
        )
    });
    knobs.into()
}

fn compare(field: &str, [loaded, other, any]: [&Call; 3]) {
    assert_eq!(served(&loaded.agent), Ok(()));
    assert_eq!(served(&any.agent), Ok(()));
    let refusal =
        format!("{field}: local/other is not loaded; write local/loaded, or leave it out");
    assert_eq!(served(&other.agent), Err(refusal));
}
