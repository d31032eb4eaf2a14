//! Which models serve the call.
//!
//! No call with scripted providers can tell models apart: the program chooses what it loads and
//! whom it connects to (`crates/offhook/src/stack/`); `crates/offhook/tests/hosted.rs` holds calls
//! with hosted ones. `offhook call` loads the embedded `models.chat` by its name; what is named and
//! is not there is refused, by `offhook serve` when it starts and again at each session. Both go by
//! the same check as the entries here.

use offhook_agent::{Agent, ModelId, ServedModels, StageModels};
use serde_json::json;

use crate::call::Call;
use crate::knob::{Knob, knob};
use crate::stage::Stage;

/// What happens where `local/loaded` is loaded for everything.
fn served(agent: &Agent) -> Result<(), String> {
    let loaded = StageModels::local(ModelId::Local("loaded".into()));
    let loaded = ServedModels {
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
