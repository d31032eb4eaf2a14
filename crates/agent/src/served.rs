//! Whether the models that an agent names are those that serve the call.

use crate::problem::Findings;
use crate::{AgentProblems, ModelChoices, ModelId};

impl ModelChoices {
    /// Refuses every named model that is not the one `served` in its place. Where `served` names
    /// none, any may be named.
    ///
    /// # Errors
    /// All models that are not served, each with its path.
    pub fn check_served(&self, served: &Self) -> Result<(), AgentProblems> {
        let mut findings = Findings::default();
        let mut compare = |path: &str, named: &Option<ModelId>, served: &Option<ModelId>| {
            if let (Some(named), Some(served)) = (named, served)
                && named != served
            {
                let problem = format!("{named} is not loaded; write {served}, or leave it out");
                findings.add(path, problem);
            }
        };
        compare("models.chat", &self.chat, &served.chat);
        compare("models.recognition", &self.recognition, &served.recognition);
        let detection = &served.turn_detection;
        compare("models.turn_detection", &self.turn_detection, detection);
        compare("models.voice", &self.voice, &served.voice);
        if findings.is_empty() {
            Ok(())
        } else {
            Err(findings.into_problems())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_that_is_not_served_is_named() {
        let model = |name: &str| Some(ModelId::Local(name.into()));
        let served = ModelChoices {
            chat: None,
            recognition: model("moonshine"),
            turn_detection: model("smart-turn"),
            voice: model("hibari"),
        };
        let named = ModelChoices {
            chat: model("anything"),
            recognition: model("whisper"),
            turn_detection: model("smart-turn"),
            voice: model("parrot"),
        };
        assert_eq!(
            named.check_served(&served).unwrap_err().to_string(),
            "models.recognition: local/whisper is not loaded; write local/moonshine, or leave it \
             out\nmodels.voice: local/parrot is not loaded; write local/hibari, or leave it out"
        );
        assert_eq!(ModelChoices::default().check_served(&served), Ok(()));
    }
}
