//! The platform's built-in tools as far as they say something of telephone calls: whom a call may be
//! transferred to, and what a machine that answers hears.

use offhook_store::StoredAgent;
use serde_json::{Value, json};

use super::DIALECT;
use crate::dialect::lens::{Way, set};
use crate::dialect::path;
use crate::transfers::{NamedSide, TransferType};

pub(super) const TRANSFER: &str =
    "conversation_config.agent.prompt.built_in_tools.transfer_to_number";
pub(super) const VOICEMAIL: &str =
    "conversation_config.agent.prompt.built_in_tools.voicemail_detection";
/// Where the tool has the words for a machine.
const MESSAGE: &str = "params.voicemail_message";

/// Those whom the agent's `transfer_to_number` names by a telephone number; `None` where the agent
/// has no such tool. SIP addresses and variables are left out.
pub(crate) fn named_sides(agent: &StoredAgent) -> Option<Vec<NamedSide>> {
    let own = agent.dialects.get(DIALECT.name)?;
    let tool = path::at(own, TRANSFER).filter(|it| it.is_object())?;
    let transfers = path::at(tool, "params.transfers").and_then(Value::as_array);
    let sides = transfers.into_iter().flatten().filter_map(|transfer| {
        let destination = &transfer["transfer_destination"];
        let number = [&destination["phone_number"], &transfer["phone_number"]];
        let number = number.into_iter().find_map(Value::as_str)?;
        let is_phone = matches!(destination["type"].as_str(), None | Some("phone"));
        is_phone.then(|| NamedSide {
            number: number.to_owned(),
            name: None,
            kind: match transfer["transfer_type"].as_str() {
                Some("blind") => Some(TransferType::Blind),
                Some("conference") => Some(TransferType::Conference),
                _ => None,
            },
            message_to_caller: None,
            message_to_human: None,
        })
    });
    Some(sides.collect())
}

/// What a machine hears; an agent without the tool talks to it as to anybody, one whose tool has no
/// words hangs up.
pub(super) const VOICEMAIL_MESSAGE: Way = Way::Document {
    read: |document| {
        let tool = path::at(document, VOICEMAIL)?;
        let words = path::at(tool, MESSAGE).and_then(Value::as_str);
        let words = words.map(offhook_agent::template_of).unwrap_or_default();
        Some(match tool.is_object() {
            true => json!(words),
            false => Value::Null,
        })
    },
    write: |message, document| {
        let Some(message) = message.as_str() else {
            if path::at(document, VOICEMAIL).is_some() {
                path::put(document, VOICEMAIL, Value::Null);
            }
            return;
        };
        let tool = path::at(document, VOICEMAIL).cloned();
        let mut tool = tool.filter(Value::is_object).unwrap_or_else(|| {
            json!({
                "name": "voicemail_detection", "type": "system",
                "params": { "system_tool_type": "voicemail_detection" },
            })
        });
        let words = offhook_agent::text_of_template(message);
        set(&mut tool, MESSAGE, json!(words));
        path::put(document, VOICEMAIL, tool);
    },
};
