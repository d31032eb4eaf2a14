//! `[models]` of offhook.toml: which models serve, and what other names stand for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use offhook_agent::{ModelId, ServedModels, StageModels};
use offhook_providers::catalogue::{Catalogue, Purpose};
use serde::Deserialize;

use super::vendors::{Stage, Vendor};
use crate::outcome::Complaint;
use crate::settings::Settings;

/// The section as it is written, without the folder of model files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ModelsDocument {
    pub(crate) directory: Option<PathBuf>,
    chat: Option<String>,
    recognition: Option<String>,
    voice: Option<String>,
    unavailable: UnavailableDocument,
    standby: StandbyDocument,
    aliases: AliasesDocument,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StandbyDocument {
    chat: Vec<String>,
    recognition: Vec<String>,
    voice: Vec<String>,
}

/// What happens where a name stands for nothing that can be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum UnavailableDocument {
    /// The default model serves.
    #[default]
    Default,
    /// The agent is refused.
    Refuse,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AliasesDocument {
    chat: BTreeMap<String, OneOrSeveral>,
    recognition: BTreeMap<String, OneOrSeveral>,
    voice: BTreeMap<String, OneOrSeveral>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrSeveral {
    One(String),
    Several(Vec<String>),
}

/// The section, checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModelSettings {
    pub(crate) chat: StageSettings,
    pub(crate) recognition: StageSettings,
    pub(crate) voice: StageSettings,
    is_default_for_all: bool,
}

/// Models that do the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct StageSettings {
    /// `None`: the catalogue's default.
    pub(crate) default: Option<ModelId>,
    /// Whether it serves whatever agents name.
    pub(crate) is_fixed: bool,
    aliases: BTreeMap<String, Vec<ModelId>>,
    standby: Vec<ModelId>,
}

impl ModelSettings {
    /// Where there is no file of settings: the embedded models serve whatever is named.
    pub(crate) fn embedded() -> Self {
        Self {
            is_default_for_all: true,
            ..Self::default()
        }
    }

    /// The section of the file of settings, where there is one.
    ///
    /// # Errors
    /// The file is there and has problems.
    pub(crate) fn of_file(file: &Path) -> anyhow::Result<Self> {
        match file.exists() {
            true => Ok(Settings::read(file)?.models),
            false => Ok(Self::embedded()),
        }
    }

    /// Has a model write all replies, by its name as it is given on the command line: one of the
    /// catalogue, or with its provider.
    ///
    /// # Errors
    /// No model can have that name.
    pub(crate) fn fix_chat(&mut self, name: &str) -> anyhow::Result<()> {
        let id: ModelId = name.parse().map_err(Complaint::bad_input)?;
        self.chat.default = Some(match id {
            ModelId::Alias(name) if !self.chat.aliases.contains_key(&name) => ModelId::Local(name),
            id => id,
        });
        self.chat.is_fixed = true;
        Ok(())
    }

    /// Checks the section; each problem is told to `problem` with its path.
    pub(crate) fn read(document: &ModelsDocument, mut problem: impl FnMut(String)) -> Self {
        let (aliases, standby) = (&document.aliases, &document.standby);
        let mut stage =
            |name: &str, default: &Option<String>, aliases: &BTreeMap<_, _>, standby| {
                let read = StageSettings::read(name, default.as_deref(), aliases, standby);
                let (settings, problems) = read;
                problems.into_iter().for_each(&mut problem);
                settings
            };
        Self {
            chat: stage("chat", &document.chat, &aliases.chat, &standby.chat),
            recognition: stage(
                "recognition",
                &document.recognition,
                &aliases.recognition,
                &standby.recognition,
            ),
            voice: stage("voice", &document.voice, &aliases.voice, &standby.voice),
            is_default_for_all: document.unavailable == UnavailableDocument::Default,
        }
    }

    /// The models that serve, given which there are on this machine and which keys.
    ///
    /// # Errors
    /// The catalogue cannot be read, or has no model for something.
    pub(crate) fn served(&self) -> anyhow::Result<ServedModels> {
        let catalogue = Catalogue::from_environment().map_err(Complaint::bad_input)?;
        let embedded = |purpose| {
            let model = catalogue.default_model(purpose);
            model.map(|model| ModelId::Local(model.name.clone()))
        };
        let turn_detection = embedded(Purpose::EndOfTurn);
        let stage = |settings: &StageSettings, stage, purpose| {
            settings.served(stage, embedded(purpose), self.is_default_for_all)
        };
        Ok(ServedModels {
            chat: stage(&self.chat, Stage::Chat, Purpose::Chat),
            recognition: stage(&self.recognition, Stage::Recognition, Purpose::Recognition),
            turn_detection: turn_detection.map_or_else(StageModels::default, StageModels::local),
            voice: stage(&self.voice, Stage::Voice, Purpose::Voice),
        })
    }
}

impl StageSettings {
    fn read(
        stage: &str,
        default: Option<&str>,
        listed: &BTreeMap<String, OneOrSeveral>,
        standing_by: &[String],
    ) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut model = |path: &str, text: &str| match text.parse::<ModelId>() {
            Ok(model) => Some(model),
            Err(problem) => {
                problems.push(format!("{path}: {problem}"));
                None
            }
        };
        let default = default.and_then(|text| model(&format!("models.{stage}"), text));
        let standby: Vec<ModelId> = standing_by
            .iter()
            .filter_map(|text| model(&format!("models.standby.{stage}"), text))
            .collect();
        let mut aliases = BTreeMap::new();
        let mut wrong = Vec::new();
        if standby.iter().any(|it| matches!(it, ModelId::Alias(_))) {
            let problem = "name the models themselves, written provider/name";
            wrong.push(format!("models.standby.{stage}: {problem}"));
        }
        for (name, targets) in listed {
            let path = format!("models.aliases.{stage}.\"{name}\"");
            let targets = match targets {
                OneOrSeveral::One(target) => std::slice::from_ref(target),
                OneOrSeveral::Several(targets) => targets,
            };
            let models: Vec<ModelId> = targets
                .iter()
                .filter_map(|text| model(&path, text))
                .collect();
            if models.iter().any(|it| matches!(it, ModelId::Alias(_))) {
                wrong.push(format!(
                    "{path}: a name stands for models, written provider/name"
                ));
            }
            if targets.is_empty() {
                wrong.push(format!("{path}: it stands for nothing; name a model"));
            }
            aliases.insert(name.clone(), models);
        }
        problems.extend(wrong);
        let settings = Self {
            default,
            is_fixed: false,
            aliases,
            standby,
        };
        (settings, problems)
    }

    /// One model of a kind runs in this process: the one that the settings name, else the
    /// catalogue's default where nothing else serves, or the default may be left to it.
    fn served(
        &self,
        stage: Stage,
        embedded: Option<ModelId>,
        is_default_for_all: bool,
    ) -> StageModels {
        let aliases = self.aliases.values().flatten();
        let named = self.default.iter().chain(aliases).chain(&self.standby);
        let mut named = named.filter(|model| matches!(model, ModelId::Local(_)));
        let local = named.next().cloned();
        let default = self.default.clone().or_else(|| local.clone()).or(embedded);
        let local = local.or_else(|| {
            let default = default.clone();
            default.filter(|model| matches!(model, ModelId::Local(_)))
        });
        let hosted = Vendor::of(stage).map(|vendor| (vendor.name.to_owned(), vendor.missing()));
        StageModels {
            default,
            local,
            hosted: hosted.collect(),
            aliases: self.aliases.clone(),
            standby: self.standby.clone(),
            is_default_for_all,
            is_fixed: self.is_fixed,
        }
    }
}
