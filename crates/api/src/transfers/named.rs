//! Whom an agent names for transfers, as its dialects say: one who is called where nobody else is
//! named, or several beside whom nobody may be.

use offhook_store::StoredAgent;

use super::ask::{TransferWishes, at};
use super::record::TransferType;
use crate::Refusal;
use crate::dialect::{agentphone, elevenlabs_sides, trillet_transfers};
use crate::phone_number::e164;

/// Somebody whom calls of an agent are transferred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedSide {
    /// Their number, as it was written.
    pub(crate) number: String,
    /// What they are called.
    pub(crate) name: Option<String>,
    /// How a call is transferred to them.
    pub(crate) kind: Option<TransferType>,
    /// What the agent says to the caller first.
    pub(crate) message_to_caller: Option<String>,
    /// What they are told before they talk to the caller.
    pub(crate) message_to_human: Option<String>,
}

/// The wishes with what the agent says of whom is to be called, and who that is.
///
/// # Errors
/// 422 where nobody is named at all, and where the agent's calls are for others alone.
pub(super) fn with_named(
    mut wishes: TransferWishes,
    agent: &StoredAgent,
) -> Result<(String, TransferWishes), Refusal> {
    let only = trillet_transfers::named_sides(agent);
    let is_only = only.is_some();
    let mut sides = only.unwrap_or_else(|| usual_sides(agent)).into_iter();
    let wanted = wishes.to.take();
    let side = match &wanted {
        None => sides.next(),
        Some(wanted) => sides.find(|it| it.is_meant(wanted)),
    };
    let Some(side) = side else {
        return match wanted {
            None => Err(at(
                "to",
                "it has to be given: the agent names nobody for transfers",
            )),
            Some(_) if is_only => Err(at(
                "to",
                "the agent's call flow names whom its calls may be transferred to, and this is none \
                 of them",
            )),
            Some(wanted) => Ok((wanted, wishes)),
        };
    };
    wishes.kind = wishes.kind.or(side.kind);
    let caller = &mut wishes.message_to_caller;
    *caller = caller.take().or(side.message_to_caller);
    let human = &mut wishes.message_to_human;
    *human = human.take().or(side.message_to_human);
    Ok((side.number, wishes))
}

/// Those whom an agent names beside whom anybody may be called.
fn usual_sides(agent: &StoredAgent) -> Vec<NamedSide> {
    let own = agent.dialects.get(agentphone::DIALECT.name);
    let number = own.and_then(|own| own["transferNumber"].as_str());
    let mut sides: Vec<NamedSide> = number.map(NamedSide::of_number).into_iter().collect();
    sides.extend(elevenlabs_sides(agent).into_iter().flatten());
    sides
}

impl NamedSide {
    fn of_number(number: &str) -> Self {
        Self {
            number: number.to_owned(),
            name: None,
            kind: None,
            message_to_caller: None,
            message_to_human: None,
        }
    }

    /// Whether that is their name or their number.
    fn is_meant(&self, wanted: &str) -> bool {
        let wanted = wanted.trim();
        let name = self.name.as_deref().map(str::trim);
        let is_name = name.is_some_and(|it| it.to_lowercase() == wanted.to_lowercase());
        let number = e164(wanted);
        is_name || number.is_some() && number == e164(&self.number)
    }
}
