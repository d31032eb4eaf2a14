//! Whether a canonical document is an agent that this server can answer calls with.

use offhook_agent::{Agent, AgentProblem, AgentProblems, ServedModels};
use serde_json::{Value, json};

use crate::{Problem, Refusal};

/// A document that is no agent here: all of its problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRefused(pub Vec<AgentProblem>);

/// Reads the canonical document and checks that the models which it names are `served`.
///
/// # Errors
/// All problems at once, each with its path.
pub fn read_agent(document: &Value, served: &ServedModels) -> Result<Agent, AgentRefused> {
    match Agent::from_json(&document.to_string()) {
        Ok(agent) => match agent.models().check_served(served) {
            Ok(()) => Ok(agent),
            Err(problems) => Err(AgentRefused(problems.0)),
        },
        Err(AgentProblems(mut problems)) => {
            problems.extend(unserved_models(document, served));
            Err(AgentRefused(problems))
        }
    }
}

/// What of the models of a document with other problems is not served: its models are read by
/// themselves, in an agent that has no other problem.
fn unserved_models(document: &Value, served: &ServedModels) -> Vec<AgentProblem> {
    let models = document.get("models").cloned().unwrap_or_else(|| json!({}));
    let probe = json!({ "name": "probe", "prompt": "probe", "models": models });
    let agent = Agent::from_json(&probe.to_string());
    let unserved = agent
        .ok()
        .and_then(|it| it.models().check_served(served).err());
    unserved.map_or_else(Vec::new, |problems| problems.0)
}

impl From<AgentRefused> for Refusal {
    fn from(refused: AgentRefused) -> Self {
        let problems = refused.0.into_iter();
        Self::invalid(
            problems
                .map(|problem| Problem::new(problem.path, problem.problem))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use offhook_agent::{ModelId, StageModels};

    use super::*;

    #[test]
    fn models_that_are_not_served_are_named_beside_all_other_problems() {
        let served = ServedModels {
            voice: StageModels::local(ModelId::Local("hibari".into())),
            ..ServedModels::default()
        };
        let paths = |document: Value| {
            let refused = read_agent(&document, &served).unwrap_err().0;
            refused.into_iter().map(|it| it.path).collect::<Vec<_>>()
        };
        let voice = json!({ "voice": "local/parrot" });
        let named = json!({ "name": "Ann", "prompt": "Help.", "models": voice });
        assert_eq!(paths(named), ["models.voice"]);
        let broken = json!({ "name": 7, "prompt": "Help.", "temperature": 9, "models": voice });
        assert_eq!(paths(broken), ["name", "temperature", "models.voice"]);
        let good = json!({ "name": "Ann", "prompt": "Help." });
        assert_eq!(read_agent(&good, &served).unwrap().name(), "Ann");
    }
}
