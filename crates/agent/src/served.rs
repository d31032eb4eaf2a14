//! Which models a server has, and which of them serve the calls of an agent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model_id::vendor_of;
use crate::problem::Findings;
use crate::{AgentProblems, ModelChoices, ModelId};

/// The models of a server, by what they do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServedModels {
    /// Those that write replies.
    pub chat: StageModels,
    /// Those that turn speech into text.
    pub recognition: StageModels,
    /// Those that hear whether the caller has finished.
    pub turn_detection: StageModels,
    /// Those that speak.
    pub voice: StageModels,
}

/// The models that do the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageModels {
    /// The one that serves agents which name none. Where it is `None`, whatever an agent names is
    /// taken for served.
    pub default: Option<ModelId>,
    /// The one that runs in this process, where one does.
    pub local: Option<ModelId>,
    /// The providers whose API is spoken for this, and what is missing before each can be used, such
    /// as `OPENAI_API_KEY is not set`.
    pub hosted: BTreeMap<String, Option<String>>,
    /// What names without a provider stand for: the first that can be had serves, the others stand
    /// by.
    pub aliases: BTreeMap<String, Vec<ModelId>>,
    /// Those that stand by for whatever serves, as far as they can be had.
    pub standby: Vec<ModelId>,
    /// Whether the default serves agents that name what cannot be had by a name without a provider.
    /// What is named with its provider is that or nothing.
    pub is_default_for_all: bool,
    /// Whether the default serves whatever agents name.
    pub is_fixed: bool,
}

impl StageModels {
    /// Only this one, which runs in this process, for all aliases.
    #[must_use]
    pub fn local(model: ModelId) -> Self {
        Self {
            default: Some(model.clone()),
            local: Some(model),
            is_default_for_all: true,
            ..Self::default()
        }
    }

    /// The models that serve an agent which names `named`: the first serves, the others stand by.
    /// Never an alias; none only where nothing was named and there is no default.
    ///
    /// # Errors
    /// Why none can, and what could be named.
    pub fn resolve(&self, named: Option<&ModelId>) -> Result<Vec<ModelId>, String> {
        Ok(self.with_standby(self.serving(named)?))
    }

    /// The same where the agent says which models stand by, in place of those here.
    ///
    /// # Errors
    /// Why none can, and what could be named.
    pub fn resolve_beside(
        &self,
        named: Option<&ModelId>,
        standby: &[ModelId],
    ) -> Result<Vec<ModelId>, String> {
        let mut models = self.serving(named)?;
        for named in standby {
            add_new(&mut models, self.serving(Some(named))?);
        }
        Ok(models)
    }

    /// The same models for an agent with keys of its own: those of this server are not asked for
    /// then.
    #[must_use]
    pub fn keyed(&self, keys: &BTreeMap<String, String>) -> Cow<'_, Self> {
        if keys.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut keyed = self.clone();
        for (provider, missing) in &mut keyed.hosted {
            if keys.contains_key(vendor_of(provider)) {
                *missing = None;
            }
        }
        Cow::Owned(keyed)
    }

    /// What stands by here as far as it can be had; for a server of an agent's own too.
    #[must_use]
    pub fn with_standby(&self, mut models: Vec<ModelId>) -> Vec<ModelId> {
        let usable = self.standby.iter().filter(|it| self.usable(it).is_ok());
        add_new(&mut models, usable.cloned().collect());
        models
    }

    fn serving(&self, named: Option<&ModelId>) -> Result<Vec<ModelId>, String> {
        let named = named.filter(|_| !self.is_fixed);
        let Some(named) = named.or(self.default.as_ref()) else {
            return Ok(Vec::new());
        };
        let ModelId::Alias(name) = named else {
            return self.usable(named).map(|()| vec![named.clone()]);
        };
        let listed = self.aliases.get(name).map_or(&[][..], Vec::as_slice);
        let usable = listed.iter().filter(|model| self.usable(model).is_ok());
        let usable: Vec<ModelId> = usable.cloned().collect();
        if !usable.is_empty() {
            return Ok(usable);
        }
        match &self.default {
            None => Ok(vec![named.clone()]),
            Some(default) if self.is_default_for_all && default != named => {
                self.serving(Some(default))
            }
            Some(_) => Err(self.why_not(name, listed)),
        }
    }

    /// Whether a model that is named with its provider can be had.
    fn usable(&self, model: &ModelId) -> Result<(), String> {
        let Some(default) = self.default.as_ref() else {
            return Ok(());
        };
        match model {
            _ if self.local.as_ref() == Some(model) => Ok(()),
            ModelId::Local(_) => {
                let instead = self.local.as_ref().unwrap_or(default);
                Err(format!(
                    "{model} is not loaded; write {instead}, or leave it out"
                ))
            }
            ModelId::Hosted { provider, .. } => match self.hosted.get(provider) {
                Some(None) => Ok(()),
                Some(Some(missing)) => Err(format!("{model}: {missing}")),
                None => {
                    let known: Vec<&str> = self.hosted.keys().map(String::as_str).collect();
                    Err(format!(
                        "{provider} has no such models here; use local or {}, or leave it out",
                        known.join(", ")
                    ))
                }
            },
            ModelId::Alias(name) => Err(format!("{name} stands for another name")),
        }
    }

    fn why_not(&self, name: &str, listed: &[ModelId]) -> String {
        let why: Vec<String> = listed
            .iter()
            .filter_map(|model| self.usable(model).err())
            .collect();
        match (why.is_empty(), &self.default) {
            (false, _) => format!("\"{name}\" cannot be had: {}", why.join("; ")),
            (true, default) => format!(
                "no model is called \"{name}\" here; write {}, or leave it out",
                default
                    .as_ref()
                    .map_or_else(String::new, ModelId::to_string)
            ),
        }
    }
}

fn add_new(models: &mut Vec<ModelId>, more: Vec<ModelId>) {
    for model in more {
        if !models.contains(&model) {
            models.push(model);
        }
    }
}

impl ModelChoices {
    /// Refuses every named model that `served` cannot serve in its place.
    ///
    /// # Errors
    /// All models that are not served, each with its path.
    pub fn check_served(&self, served: &ServedModels) -> Result<(), AgentProblems> {
        let mut findings = Findings::default();
        let (turns, recognition) = (&self.turn_detection, &self.recognition);
        let chats = served.chat.keyed(&self.keys);
        let chat = match self.chat_server {
            Some(_) => Ok(Vec::new()),
            None => chats.resolve(self.chat.as_ref()),
        };
        let recognisers = served.recognition.keyed(&self.keys);
        let voices = served.voice.keyed(&self.keys);
        let stages = [
            ("models.chat", chat),
            (
                "models.recognition",
                recognisers.resolve(recognition.as_ref()),
            ),
            (
                "models.turn_detection",
                served.turn_detection.resolve(turns.as_ref()),
            ),
            ("models.voice", voices.resolve(self.voice.as_ref())),
        ];
        for (path, resolved) in stages {
            if let Err(problem) = resolved {
                findings.add(path, problem);
            }
        }
        for (index, named) in self.chat_standby.iter().flatten().enumerate() {
            if let Err(problem) = chats.resolve(Some(named)) {
                findings.add(format!("models.chat_standby[{index}]"), problem);
            }
        }
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

    fn model(name: &str) -> ModelId {
        name.parse().unwrap()
    }

    #[test]
    fn every_model_that_is_not_served_is_named() {
        let served = ServedModels {
            recognition: StageModels::local(model("local/moonshine")),
            turn_detection: StageModels::local(model("local/smart-turn")),
            voice: StageModels::local(model("local/hibari")),
            ..ServedModels::default()
        };
        let named = ModelChoices {
            chat: Some(model("local/anything")),
            recognition: Some(model("local/whisper")),
            turn_detection: Some(model("local/smart-turn")),
            voice: Some(model("local/parrot")),
            ..ModelChoices::default()
        };
        assert_eq!(
            named.check_served(&served).unwrap_err().to_string(),
            "models.recognition: local/whisper is not loaded; write local/moonshine, or leave it \
             out\nmodels.voice: local/parrot is not loaded; write local/hibari, or leave it out"
        );
        assert_eq!(ModelChoices::default().check_served(&served), Ok(()));
    }

    fn chat() -> StageModels {
        StageModels {
            hosted: [
                ("openai".to_owned(), None),
                (
                    "google".to_owned(),
                    Some("GEMINI_API_KEY is not set".into()),
                ),
            ]
            .into(),
            aliases: [
                (
                    "gpt-4o".to_owned(),
                    vec![model("openai/gpt-4o"), model("local/qwen")],
                ),
                ("gemini".to_owned(), vec![model("google/gemini")]),
                (
                    "small".to_owned(),
                    vec![model("google/gemini"), model("local/qwen")],
                ),
            ]
            .into(),
            is_default_for_all: false,
            ..StageModels::local(model("local/qwen"))
        }
    }

    #[test]
    fn an_alias_is_what_of_its_list_can_be_had() {
        let models = |name: &str| chat().resolve(Some(&model(name)));
        assert_eq!(
            models("gpt-4o"),
            Ok(vec![model("openai/gpt-4o"), model("local/qwen")])
        );
        assert_eq!(models("small"), Ok(vec![model("local/qwen")]));
        assert_eq!(models("openai/o9"), Ok(vec![model("openai/o9")]));
        assert_eq!(chat().resolve(None), Ok(vec![model("local/qwen")]));
    }

    #[test]
    fn what_cannot_be_had_names_the_key() {
        let problem = |name: &str| chat().resolve(Some(&model(name))).unwrap_err();
        let no_key = "google/gemini: GEMINI_API_KEY is not set";
        assert_eq!(problem("google/gemini"), no_key);
        assert_eq!(
            problem("gemini"),
            format!("\"gemini\" cannot be had: {no_key}")
        );
        assert_eq!(
            problem("gpt-9"),
            "no model is called \"gpt-9\" here; write local/qwen, or leave it out"
        );
        assert!(problem("deepgram/nova-3").contains("use local or google, openai"));
    }

    #[test]
    fn the_default_stands_in_only_where_that_is_wanted_and_for_aliases() {
        let lenient = StageModels {
            is_default_for_all: true,
            ..chat()
        };
        let models = |name: &str| lenient.resolve(Some(&model(name)));
        assert_eq!(models("gemini"), Ok(vec![model("local/qwen")]));
        assert_eq!(models("gpt-9"), Ok(vec![model("local/qwen")]));
        assert!(models("google/gemini").is_err());
        assert!(models("local/other").is_err());
        let fixed = StageModels {
            is_fixed: true,
            ..chat()
        };
        assert_eq!(
            fixed.resolve(Some(&model("local/other"))),
            Ok(vec![model("local/qwen")])
        );
    }

    #[test]
    fn others_stand_by_for_whatever_serves() {
        let served = StageModels {
            standby: vec![model("google/gemini"), model("local/qwen")],
            ..chat()
        };
        let models = |name: &str| served.resolve(Some(&model(name)));
        let expected = vec![model("openai/o9"), model("local/qwen")];
        assert_eq!(models("openai/o9"), Ok(expected));
        assert_eq!(served.resolve(None), Ok(vec![model("local/qwen")]));
        assert!(
            models("google/gemini").is_err(),
            "they stand in for no wrong name"
        );
    }

    #[test]
    fn an_agent_says_which_stand_by_and_brings_its_key() {
        let served = StageModels {
            standby: vec![model("local/qwen")],
            ..chat()
        };
        let named = Some(model("openai/o9"));
        let beside = |standby: &[ModelId]| served.resolve_beside(named.as_ref(), standby);
        assert_eq!(beside(&[]), Ok(vec![model("openai/o9")]));
        let all = ["openai/o9", "openai/gpt-4o", "local/qwen"]
            .map(model)
            .to_vec();
        assert_eq!(beside(&[model("gpt-4o"), model("openai/o9")]), Ok(all));
        assert!(beside(&[model("google/gemini")]).is_err());
        let gemini = model("google/gemini");
        let keys = BTreeMap::from([("google".to_owned(), "secret_1".to_owned())]);
        let keyed = served.keyed(&keys);
        assert_eq!(keyed.resolve(Some(&gemini)).unwrap()[0], gemini);
        assert!(
            served
                .keyed(&BTreeMap::new())
                .resolve(Some(&gemini))
                .is_err()
        );
    }

    #[test]
    fn a_default_that_is_an_alias_is_what_it_stands_for() {
        let served = StageModels {
            default: Some(model("gpt-4o")),
            ..chat()
        };
        assert_eq!(served.resolve(None).unwrap()[0], model("openai/gpt-4o"));
        let broken = StageModels {
            default: Some(model("gpt-9")),
            is_default_for_all: true,
            ..chat()
        };
        assert!(broken.resolve(None).is_err(), "and no loop");
        assert!(broken.resolve(Some(&model("gpt-8"))).is_err());
    }
}
