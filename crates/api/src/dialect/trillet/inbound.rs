//! What the webhook of a call flow says of a caller who waits while it rings. Whatever it does, the
//! call is answered: its variables keep the values that they have without it.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_store::StoredAgent;
use serde_json::{Value, json};

use super::calls::flow;
use crate::Api;
use crate::dialect::TelephoneLine;
use crate::dialect::variables::usable;

/// How long the webhook may take: somebody waits on the line.
const PATIENCE: Duration = Duration::from_secs(5);
const WEBHOOK: &str = "inboundWebhookUrl";
/// In which of its answer's fields the values may stand; else the whole answer is they.
const VARIABLES: [&str; 2] = ["variables", "dynamic_variables"];

/// Values of variables that the webhook of the agent's flow has for a call that rings; none where the
/// flow has no webhook, or it gives no answer that can be read in time.
pub(crate) async fn ask_flow(
    api: &Api,
    agent: &StoredAgent,
    call_id: &str,
    line: &TelephoneLine,
) -> BTreeMap<String, String> {
    let Some(flow) = flow(agent) else {
        return BTreeMap::new();
    };
    let Some(url) = flow[WEBHOOK].as_str().filter(|url| !url.is_empty()) else {
        return BTreeMap::new();
    };
    let asked = json!({
        "callId": call_id,
        "from": line.caller_id,
        "to": line.called_number,
        "agentId": agent.id,
        "callFlowId": flow["_id"],
        "direction": "inbound",
    });
    let deliveries = api.deliveries();
    let answer = deliveries.ask(url, Vec::new(), asked.to_string(), PATIENCE);
    match answer.await.and_then(|answer| read(&answer)) {
        Ok(variables) => variables,
        Err(problem) => {
            tracing::warn!(
                agent = agent.id,
                problem,
                "a call flow's webhook says nothing"
            );
            BTreeMap::new()
        }
    }
}

/// Reads what the webhook answered; what is no text, number or flag is left out.
fn read(answer: &str) -> Result<BTreeMap<String, String>, String> {
    let answer: Value = serde_json::from_str(answer).map_err(|_| "its answer is no JSON")?;
    let named = VARIABLES.iter().find_map(|name| answer.get(name));
    let variables = named.filter(|it| it.is_object()).unwrap_or(&answer);
    if !variables.is_object() {
        return Err("its answer is no JSON object".to_owned());
    }
    let usable = usable(variables);
    let usable = usable.as_object().into_iter().flatten();
    let in_words = usable.map(|(name, value)| {
        let text = value.as_str().map(str::to_owned);
        (name.clone(), text.unwrap_or_else(|| value.to_string()))
    });
    Ok(in_words.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_a_field_or_by_themselves() {
        let expected = BTreeMap::from([
            ("name".to_owned(), "Ann".to_owned()),
            ("visits".to_owned(), "3".to_owned()),
            ("is_member".to_owned(), "true".to_owned()),
        ]);
        let values = r#"{ "name": "Ann", "visits": 3, "is_member": true, "list": [1], "a b": 1 }"#;
        for answer in [
            values.to_owned(),
            format!(r#"{{ "variables": {values}, "other": 1 }}"#),
            format!(r#"{{ "dynamic_variables": {values} }}"#),
        ] {
            assert_eq!(read(&answer), Ok(expected.clone()), "{answer}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(read("thanks").unwrap_err(), "its answer is no JSON");
        assert_eq!(read("[]").unwrap_err(), "its answer is no JSON object");
        assert_eq!(read("{}"), Ok(BTreeMap::new()));
    }
}
