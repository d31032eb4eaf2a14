//! What is kept of a promise beside when it is due: what is wanted of its calls, when it is tried
//! again, and in which hours.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_agent::{CallbackSettings, is_only_for_headers};
use offhook_store::{StoredAgent, StoredPromise, Workspace};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::gap::Gap;
use crate::Refusal;
use crate::dialect::Wishes;
use crate::dialect::calling::CallerWish;
use crate::outgoing_calls::CallWishes;

/// The shortest time between two attempts.
const GAP_MIN: Duration = Duration::from_secs(60);

/// Why a call was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PromiseKind {
    /// Nobody was reached.
    Missed,
    /// Somebody asked for it.
    Asked,
    /// It is one of many.
    Batch,
}

/// What is kept of a promise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PromiseDocument {
    pub(crate) kind: PromiseKind,
    pub(crate) gaps: Vec<Gap>,
    /// The name of the time zone, where it is not the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) time_zone: Option<String>,
    /// Hours of its own, within the operator's; empty: those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hours: Vec<String>,
    pub(crate) wishes: KeptWishes,
    /// In words, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// Whether it is kept once it is over.
    #[serde(default = "yes")]
    pub(crate) is_kept: bool,
    /// What one dialect alone has.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) own: Value,
}

/// What is wanted of a promise's calls.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct KeptWishes {
    /// The id of the number that calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_id: Option<String>,
    /// The number that calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_number: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) overrides: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) extra_body: Map<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) variables: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_max_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_recorded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ring_max_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detects_machines: Option<bool>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) own: Map<String, Value>,
    /// The agent's document, where the call had another than the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<Value>,
}

const fn yes() -> bool {
    true
}

impl PromiseDocument {
    pub(crate) fn of(promise: &StoredPromise) -> Result<Self, Refusal> {
        let read = Self::deserialize(&promise.of.document);
        read.map_err(|problem| {
            tracing::error!(promise = promise.id, %problem, "a promise cannot be read");
            Refusal::not_found("promise that can be read")
        })
    }

    /// To whoever a call does not reach.
    pub(crate) fn after_a_miss(
        callbacks: &CallbackSettings,
        wishes: KeptWishes,
        is_kept: bool,
    ) -> Self {
        Self {
            kind: PromiseKind::Missed,
            gaps: gaps_of(callbacks),
            time_zone: None,
            hours: Vec::new(),
            wishes,
            note: None,
            is_kept,
            own: Value::Null,
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The gaps of an agent's own.
pub(crate) fn gaps_of(callbacks: &CallbackSettings) -> Vec<Gap> {
    let gaps = callbacks.gaps.iter();
    gaps.map(|gap| {
        let hours = Duration::from_secs(u64::from(gap.hours) * 3_600);
        match gap.days {
            0 => Gap::of(0, hours.max(GAP_MIN)),
            days => Gap::of(days, hours),
        }
    })
    .collect()
}

impl KeptWishes {
    /// What is kept of what is wanted of a call, to be wanted again. Secrets that came with the call
    /// are left out.
    pub(crate) async fn of(
        workspace: &Workspace,
        wishes: &CallWishes<'_>,
    ) -> Result<Self, Refusal> {
        let (from_id, from_number) = match wishes.from.1 {
            CallerWish::OfAgent => (None, None),
            CallerWish::Id(id) => (Some(id.to_owned()), None),
            CallerWish::Number(number) => (None, Some(number.to_owned())),
        };
        let stored = workspace.agent(&wishes.agent.id).await?;
        let own_document = wishes.agent.document != stored.document;
        let mut variables = wishes.opening.variables.clone();
        variables.retain(|name, _| !is_only_for_headers(name));
        let ms = |duration: Option<Duration>| duration.map(|it| it.as_millis() as u64);
        Ok(Self {
            from_id,
            from_number,
            overrides: wishes.opening.overrides.clone(),
            extra_body: wishes.opening.extra_body.clone(),
            variables,
            metadata: wishes.metadata.clone(),
            duration_max_ms: ms(wishes.duration_max),
            is_recorded: wishes.is_recorded,
            ring_max_ms: ms(wishes.ring_max),
            detects_machines: wishes.detects_machines,
            own: wishes.own.clone(),
            document: own_document.then(|| wishes.agent.document.clone()),
        })
    }

    /// Which number calls.
    pub(crate) fn from(&self) -> CallerWish<'_> {
        match (&self.from_id, &self.from_number) {
            (Some(id), _) => CallerWish::Id(id),
            (None, Some(number)) => CallerWish::Number(number),
            (None, None) => CallerWish::OfAgent,
        }
    }

    /// What is wanted of the next call.
    pub(crate) fn wishes<'w>(&'w self, mut agent: StoredAgent, to: &'w str) -> CallWishes<'w> {
        if let Some(document) = &self.document {
            agent.document = document.clone();
        }
        CallWishes {
            from: ("from", self.from()),
            opening: Wishes {
                overrides: self.overrides.clone(),
                extra_body: self.extra_body.clone(),
                variables: self.variables.clone(),
            },
            metadata: self.metadata.clone(),
            duration_max: self.duration_max_ms.map(Duration::from_millis),
            is_recorded: self.is_recorded,
            ring_max: self.ring_max_ms.map(Duration::from_millis),
            detects_machines: self.detects_machines,
            own: self.own.clone(),
            ..CallWishes::new(agent, ("to", to))
        }
    }
}
