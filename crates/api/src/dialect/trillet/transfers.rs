//! Whom a call flow names for transfers: each a number with what both sides are told and how the call
//! is handed over.

use offhook_store::StoredAgent;
use serde_json::Value;

use super::calls::flow;
use crate::dialect::field::{Acts, Field, Item, Kind, TOOLS, field, name, text, word};
use crate::dialect::path;
use crate::dialect::problem::{Problem, ProblemKind};
use crate::transfers::{NamedSide, TransferType};

/// Where a flow names them.
pub(super) const TRANSFERS: &str = "settings.transfers";
/// By which names a number may stand.
const NUMBER: [&str; 2] = ["phoneNumber", "number"];
/// Longest text that either side is told, in characters.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// How a call is handed over, by any of its names.
const TYPES: &[&str] = &["conference", "warm", "blind", "cold"];

pub(super) const WHOM: Acts = Acts::Shown(
    "whom the agent's calls may be transferred to, and nobody else; the first is called where nobody \
     is named",
    "crates/api/tests/transfers/flows.rs::a_flow_names_whom_its_calls_may_be_transferred_to",
);
const HOW: Acts = Acts::Shown(
    "how a call is transferred to it, unless the order for it says otherwise: `warm` is `conference`, \
     `cold` is `blind`",
    "crates/api/tests/transfers/flows.rs::a_flow_says_how_and_what_both_sides_are_told",
);
const SAID: Acts = Acts::Shown(
    "what the agent says to the caller first, unless the order says otherwise",
    "crates/api/tests/transfers/flows.rs::a_flow_says_how_and_what_both_sides_are_told",
);
const WHISPERED: Acts = Acts::Shown(
    "what the other side is told before it talks to the caller, unless the order says otherwise",
    "crates/api/tests/transfers/flows.rs::a_flow_says_how_and_what_both_sides_are_told",
);
const NAMED: Acts = Acts::Shown(
    "by which an order for a transfer can name it in `to`",
    "crates/api/tests/transfers/flows.rs::a_flow_names_whom_its_calls_may_be_transferred_to",
);

/// The platform publishes that there are transfers, and not what stands in one: these are the names
/// that anybody would look for first. `phoneNumber` and `number` are the same; one is needed.
pub(super) const TRANSFER: &[Field] = &[
    field("phoneNumber", Kind::Telephone).acts(WHOM),
    field("number", Kind::Telephone).acts(WHOM),
    name("name").or_null().acts(NAMED),
    text("condition").or_null().acts(TOOLS),
    word("type", TYPES).or_null().acts(HOW),
    text("message")
        .at_most(MESSAGE_CHARS_MAX)
        .or_null()
        .acts(SAID),
    text("whisperMessage")
        .at_most(MESSAGE_CHARS_MAX)
        .or_null()
        .acts(WHISPERED),
];

/// The list of them.
pub(super) const fn list() -> Field {
    let of = Item::Objects(TRANSFER);
    let items_max = 50;
    field(TRANSFERS, Kind::List { items_max, of }).acts(WHOM)
}

/// Each has a number.
pub(super) fn rules(document: &Value, found: &mut Vec<Problem>) {
    let transfers = path::at(document, TRANSFERS).and_then(Value::as_array);
    for (at, transfer) in transfers.into_iter().flatten().enumerate() {
        if transfer.is_object() && number_of(transfer).is_none() {
            let place = format!("{TRANSFERS}[{at}].{}", NUMBER[0]);
            let message = "a transfer needs a number";
            found.push(Problem::at(&place, ProblemKind::Missing, message));
        }
    }
}

fn number_of(transfer: &Value) -> Option<&str> {
    NUMBER.iter().find_map(|name| transfer[*name].as_str())
}

/// Whom the agent's flow names; `None` where it names nobody, or there is no flow.
pub(crate) fn named_sides(agent: &StoredAgent) -> Option<Vec<NamedSide>> {
    let transfers = path::at(flow(agent)?, TRANSFERS)?.as_array()?;
    let sides: Vec<NamedSide> = transfers.iter().filter_map(side).collect();
    (!sides.is_empty()).then_some(sides)
}

fn side(transfer: &Value) -> Option<NamedSide> {
    let text = |name: &str| {
        let text = transfer[name].as_str();
        let text = text.filter(|it| !it.trim().is_empty());
        text.map(str::to_owned)
    };
    Some(NamedSide {
        number: number_of(transfer)?.to_owned(),
        name: text("name"),
        kind: match transfer["type"].as_str() {
            Some("blind" | "cold") => Some(TransferType::Blind),
            Some("conference" | "warm") => Some(TransferType::Conference),
            _ => None,
        },
        message_to_caller: text("message"),
        message_to_human: text("whisperMessage"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_without_a_number_is_told_of() {
        let transfers = json!([{ "number": "+14155550188" }, { "name": "Sales" }]);
        let mut found = Vec::new();
        rules(
            &json!({ "settings": { "transfers": transfers } }),
            &mut found,
        );
        let places: Vec<String> = found.iter().map(Problem::place).collect();
        assert_eq!(places, ["settings.transfers[1].phoneNumber"]);
    }

    #[test]
    fn what_is_left_empty_is_not_said() {
        let said = side(&json!({
            "phoneNumber": "+14155550188", "type": "cold", "message": " ", "name": "Sales"
        }));
        let expected = NamedSide {
            number: "+14155550188".to_owned(),
            name: Some("Sales".to_owned()),
            kind: Some(TransferType::Blind),
            message_to_caller: None,
            message_to_human: None,
        };
        assert_eq!(said, Some(expected));
    }
}
