//! Whose a telephone number is, by what every dialect has of numbers: those that are entered and
//! given to an agent, and those that an agent names itself.

use offhook_store::{SecretText, StoreError, StoredAgent, StoredObject, Workspace, WorkspaceId};
use serde_json::Value;

use super::objects::filled;
use super::{agentphone, elevenlabs, wordcab};
use crate::phone_number::e164;
use crate::{Api, Refusal};

/// Digits at the end of a number that nobody writes apart from each other.
const LAST_DIGITS: usize = 4;

/// A number that somebody has, and who answers it.
#[derive(Debug, Clone)]
pub struct CalledNumber {
    /// Whose it is.
    pub workspace: Workspace,
    /// The id of the agent that answers, which may be deleted by now; `None` where calls to the
    /// number are not taken.
    pub agent: Option<String>,
    /// The carrier that it is of, where its owner says so.
    pub carrier: Option<String>,
    /// What that carrier signs with for the owner's own account, where it is kept with the number.
    pub account_key: Option<SecretText>,
    /// The id under which it was entered; empty where an agent names it itself.
    pub(crate) id: String,
    entered_at_ms: i64,
}

/// Everybody who has a number, which is in E.164: who has it with a key of their own account first,
/// then who had it first.
pub(crate) async fn called_numbers(api: &Api, number: &str) -> Result<Vec<CalledNumber>, Refusal> {
    let digits = &number[number.len().saturating_sub(LAST_DIGITS)..];
    let store = api.store();
    let mut found = Vec::new();
    let is_it = |text: &Value| text.as_str().and_then(e164).as_deref() == Some(number);
    let entered = agentphone::numbers::NUMBER.name;
    for object in store.objects_with_digits(entered, digits).await? {
        if is_it(&object.document["phoneNumber"]) {
            found.push(simple(api, &object));
        }
    }
    let entered = elevenlabs::numbers::NUMBER.name;
    for object in store.objects_with_digits(entered, digits).await? {
        if is_it(&object.document["phone_number"]) {
            found.push(with_account(api, &object).await?);
        }
    }
    for agent in store.agents_with_digits(digits).await? {
        let own = agent.dialects.get(wordcab::DIALECT.name);
        let named = own.and_then(|own| own["phone_numbers"].as_array());
        if named.is_some_and(|named| named.iter().any(is_it)) {
            found.push(of_agent(api, agent));
        }
    }
    found.sort_by_key(|it| (it.account_key.is_none(), it.entered_at_ms));
    Ok(found)
}

fn workspace(api: &Api, id: &str) -> Workspace {
    api.store().workspace(&WorkspaceId::new(id))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// One of `AgentPhone`'s, which other dialects may have configured.
fn simple(api: &Api, object: &StoredObject) -> CalledNumber {
    CalledNumber {
        workspace: workspace(api, &object.workspace),
        agent: text(&object.document["agentId"]),
        carrier: None,
        account_key: None,
        id: object.id.clone(),
        entered_at_ms: object.created_at_ms,
    }
}

/// One of `ElevenLabs`', with the carrier's account that it is in.
async fn with_account(api: &Api, object: &StoredObject) -> Result<CalledNumber, Refusal> {
    let number = filled(&elevenlabs::numbers::NUMBER, object);
    let workspace = workspace(api, &object.workspace);
    let account_key = match number["token"]["secret"].as_str() {
        None => None,
        Some(id) => match workspace.secret_text(id).await {
            Ok(key) => Some(key),
            Err(StoreError::NotFound(_)) => None,
            Err(problem) => return Err(problem.into()),
        },
    };
    let is_taken = number["supports_inbound"] != false;
    Ok(CalledNumber {
        workspace,
        agent: text(&number["agent_id"]).filter(|_| is_taken),
        carrier: text(&number["provider"]),
        account_key,
        id: object.id.clone(),
        entered_at_ms: object.created_at_ms,
    })
}

/// One that an agent of Wordcab's names.
fn of_agent(api: &Api, agent: StoredAgent) -> CalledNumber {
    CalledNumber {
        workspace: workspace(api, &agent.workspace),
        agent: Some(agent.id),
        carrier: None,
        account_key: None,
        id: String::new(),
        entered_at_ms: agent.created_at_ms,
    }
}
