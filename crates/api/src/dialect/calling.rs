//! The numbers that agents call from, by what every dialect has of numbers: those that are entered and
//! given to an agent, and those that an agent names itself.

use offhook_store::{StoreError, StoredAgent, StoredObject, Workspace};
use serde_json::Value;

use super::objects::filled;
use super::{agentphone, elevenlabs, trillet, wordcab};
use crate::Refusal;
use crate::outgoing_calls::DialAccount;
use crate::phone_number::e164;

/// Which number is to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallerWish<'w> {
    /// The agent's own.
    OfAgent,
    /// The one with that id.
    Id(&'w str),
    /// That one, which the workspace has to have.
    Number(&'w str),
}

/// A number to call from.
#[derive(Debug, Clone)]
pub(crate) struct CallerNumber {
    /// The id under which it was entered; empty where an agent names it itself.
    pub(crate) id: String,
    /// The number in E.164.
    pub(crate) number: String,
    /// The carrier that it is of, where its owner says so.
    pub(crate) carrier: Option<String>,
    /// Its owner's own account there.
    pub(crate) account: Option<DialAccount>,
    /// The agent that answers at it.
    agent: Option<String>,
    /// Why it cannot call, where it cannot.
    problem: Option<&'static str>,
}

/// The number that an agent calls from; in words where there is none.
pub(crate) async fn caller_number(
    workspace: &Workspace,
    agent: &StoredAgent,
    wish: &CallerWish<'_>,
) -> Result<Result<CallerNumber, String>, Refusal> {
    let mut numbers = entered(workspace).await?;
    numbers.extend(named(agent));
    let listed = agent.dialects.get(trillet::DIALECT.name);
    let listed = listed.and_then(|own| own["phoneNumberIds"].as_array());
    let is_of_agent = |it: &CallerNumber| it.agent.as_deref() == Some(&agent.id);
    let place = |it: &CallerNumber| {
        let place = listed.and_then(|ids| ids.iter().position(|id| *id == it.id.as_str()));
        place.unwrap_or(usize::MAX)
    };
    let (found, missing) = match wish {
        CallerWish::OfAgent => {
            let mut own: Vec<CallerNumber> = numbers.into_iter().filter(is_of_agent).collect();
            // One that cannot call is told of where there is no other.
            own.sort_by_key(|it| (it.problem.is_some(), place(it)));
            let missing = "the agent has no number to call from; give it one";
            (own.into_iter().next(), missing)
        }
        CallerWish::Id(id) => {
            let found = numbers.into_iter().find(|it| it.id == *id);
            (found, "there is no such number")
        }
        CallerWish::Number(text) => {
            let number = e164(text);
            let mut same = numbers.into_iter();
            let found = same.find(|it| number.as_ref() == Some(&it.number));
            (
                found,
                "no number of this workspace; an agent calls from numbers that were entered",
            )
        }
    };
    let Some(mut found) = found else {
        return Ok(Err(missing.to_owned()));
    };
    if let Some(problem) = found.problem {
        return Ok(Err(problem.to_owned()));
    }
    if found.carrier.is_some() {
        found.account = account_of(workspace, &found.id).await?;
    }
    Ok(Ok(found))
}

/// The account that the owner of a number has with its carrier, where one is kept with it.
pub(crate) async fn account_of(
    workspace: &Workspace,
    number: &str,
) -> Result<Option<DialAccount>, Refusal> {
    let number = match workspace
        .object(elevenlabs::numbers::NUMBER.name, number)
        .await
    {
        Ok(number) => filled(&elevenlabs::numbers::NUMBER, &number),
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(problem) => return Err(problem.into()),
    };
    let (Some(id), Some(secret)) = (number["sid"].as_str(), number["token"]["secret"].as_str())
    else {
        return Ok(None);
    };
    match workspace.secret_text(secret).await {
        Ok(key) => Ok(Some(DialAccount {
            id: id.to_owned(),
            key,
        })),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(problem) => Err(problem.into()),
    }
}

/// The numbers that were entered, the oldest first.
async fn entered(workspace: &Workspace) -> Result<Vec<CallerNumber>, Refusal> {
    let mut numbers = Vec::new();
    let simple = agentphone::numbers::NUMBER.all(workspace).await?;
    numbers.extend(simple.iter().rev().filter_map(simple_number));
    let with_account = elevenlabs::numbers::NUMBER.all(workspace).await?;
    numbers.extend(with_account.iter().rev().filter_map(number_with_account));
    Ok(numbers)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// One of `AgentPhone`'s, which other dialects may have configured.
fn simple_number(object: &StoredObject) -> Option<CallerNumber> {
    Some(CallerNumber {
        id: object.id.clone(),
        number: e164(object.document["phoneNumber"].as_str()?)?,
        carrier: None,
        account: None,
        agent: text(&object.document["agentId"]),
        problem: None,
    })
}

/// One of `ElevenLabs`'. What it is reached by besides a carrier is not served.
fn number_with_account(object: &StoredObject) -> Option<CallerNumber> {
    let number = filled(&elevenlabs::numbers::NUMBER, object);
    let provider = number["provider"].as_str().unwrap_or_default();
    let problem = match provider {
        _ if number["supports_outbound"] == false => Some("This number is for incoming calls only"),
        "sip_trunk" => Some("this server places no calls over SIP trunks"),
        _ => None,
    };
    Some(CallerNumber {
        id: object.id.clone(),
        number: e164(number["phone_number"].as_str()?)?,
        carrier: Some(provider.to_owned()),
        account: None,
        agent: text(&number["agent_id"]),
        problem,
    })
}

/// Those that an agent of Wordcab's names.
fn named(agent: &StoredAgent) -> Vec<CallerNumber> {
    let own = agent.dialects.get(wordcab::DIALECT.name);
    let named = own.and_then(|own| own["phone_numbers"].as_array());
    let numbers = named.into_iter().flatten();
    let numbers = numbers.filter_map(|it| e164(it.as_str()?));
    numbers
        .map(|number| CallerNumber {
            id: String::new(),
            number,
            carrier: None,
            account: None,
            agent: Some(agent.id.clone()),
            problem: None,
        })
        .collect()
}
