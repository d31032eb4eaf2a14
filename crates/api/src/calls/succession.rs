//! Another agent of the workspace takes a running call over.

use std::sync::Arc;
use std::time::SystemTime;

use axum::http::StatusCode;
use offhook_agent::{Agent, CallVariables};
use offhook_call::{Brought, Control, OrderedWords, Persona, SpokenOrder, Successor};
use offhook_store::{StoreError, Workspace};
use offhook_turn_taking::Opening;
use serde_json::{Map, Value};

use crate::dialect::for_calls;
use crate::live::LiveCall;
use crate::{Api, Problem, Refusal, read_agent};

/// What is wanted of an agent that takes a call over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SuccessorWishes {
    /// Its id.
    pub agent: String,
    /// What the agent that is says before.
    pub message: Option<String>,
    /// Values for its variables, beside those that the call has.
    pub variables: Map<String, Value>,
    /// What it says first.
    pub opens_with: OpensWith,
}

/// What an agent says first that has taken a call over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpensWith {
    /// Its greeting where it has one that it says first, else what the conversation calls for.
    #[default]
    AsItDoes,
    /// Its greeting.
    Greeting,
    /// What the conversation calls for.
    Reply,
    /// Nothing, before the caller speaks.
    Nothing,
}

impl Api {
    /// Has another agent take a call over, once what was ordered before has been said and nobody
    /// speaks. It knows the conversation and the call's variables. What is stored of the call is what
    /// the agent that answered wants stored. Where its stages cannot be had the one that is goes on,
    /// and the call's problems say why.
    ///
    /// # Errors
    /// 422 with `agent` where there is no such agent, where it cannot be used, and where it wants
    /// less stored than the one that answered; 409 `out_of_hours` where it takes no calls now; 503
    /// where its models cannot be had; else as [`Api::end_call`].
    pub async fn hand_over_call(
        &self,
        workspace: &Workspace,
        id: &str,
        wishes: SuccessorWishes,
    ) -> Result<(), Refusal> {
        let Some(live) = self.live().call(workspace.id(), id) else {
            return Err(self.why_not_here(workspace, id).await);
        };
        let variables = variables(&live, &wishes.variables);
        let agent = self.successor(workspace, &wishes.agent, &live, &variables);
        let agent = agent.await?;
        let brought = Brought::to(&agent, &variables);
        let providers = self.providers_of(workspace, agent.models(), brought);
        let providers = providers.await?;
        let opening = match wishes.opens_with {
            OpensWith::Greeting => Some(Opening::Greeting),
            OpensWith::Reply => Some(Opening::Reply),
            OpensWith::Nothing => None,
            OpensWith::AsItDoes if agent.turn_policy().greets_first => Some(Opening::Greeting),
            OpensWith::AsItDoes => Some(Opening::Reply),
        };
        let persona = Persona::new(Arc::new(agent), variables).at(SystemTime::now());
        let persona = match live.line().called_number {
            Some(_) => persona.calling(),
            None => persona,
        };
        if let Some(message) = wishes.message {
            let order = Control::Speak(SpokenOrder {
                words: OrderedWords::Text(message),
                is_urgent: false,
                is_interruptible: true,
                ends_call: false,
            });
            self.order_call(workspace, id, order).await?;
        }
        let successor = Successor {
            id: wishes.agent,
            persona,
            providers,
            opening,
        };
        let order = Control::ChangeAgent(Box::new(successor));
        self.order_call(workspace, id, order).await
    }

    /// The agent, where it can take the call over.
    async fn successor(
        &self,
        workspace: &Workspace,
        id: &str,
        live: &LiveCall,
        variables: &CallVariables,
    ) -> Result<Agent, Refusal> {
        let of_agent = |message: &str| Refusal::invalid(vec![Problem::new("agent", message)]);
        let stored = match workspace.agent(id).await {
            Ok(stored) => for_calls(stored),
            Err(StoreError::NotFound(_)) => return Err(of_agent("there is no such agent")),
            Err(problem) => return Err(problem.into()),
        };
        let agent = read_agent(&stored.document, &self.settings().served);
        let mut agent = agent.map_err(|refused| {
            tracing::warn!(agent = id, ?refused, "an agent cannot take a call over");
            of_agent("it cannot be used: its document has problems")
        })?;
        if let Some(stricter) = live.keeping().stricter(agent.records()) {
            let message = format!(
                "its `{stricter}` keeps less than the agent that answered: what was said is stored \
                 by the rules of that one"
            );
            return Err(of_agent(&message));
        }
        if agent
            .close_outside_hours(SystemTime::now(), variables)
            .is_some()
        {
            let message = "the agent takes no calls now";
            let refusal = Refusal::new(StatusCode::CONFLICT, "out_of_hours", message);
            return Err(refusal);
        }
        self.teach(workspace, &mut agent).await?;
        Ok(agent)
    }
}

/// The values that the call has, and those that are given beside them.
fn variables(live: &LiveCall, given: &Map<String, Value>) -> CallVariables {
    let all = live.line().variables.iter().chain(given);
    let in_words = all.filter_map(|(name, value)| match value {
        Value::String(text) => Some((name.clone(), text.clone())),
        Value::Number(_) | Value::Bool(_) => Some((name.clone(), value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    });
    in_words.collect()
}
