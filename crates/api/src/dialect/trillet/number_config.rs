//! What a number's configuration says of its calls, whichever dialect the number was entered in: how
//! long they last, whether they are recorded, when they are taken, and which number is shown where one
//! is transferred.

use std::time::Duration;

use offhook_agent::parse_duration;
use offhook_store::{StoredAgent, StoredObject, Workspace};
use serde_json::{Value, json};

use super::office_hours;
use super::telephony::NUMBER;
use crate::Refusal;
use crate::dialect::path;

/// The configuration of the number with that id, where it has one.
pub(super) async fn of(
    workspace: &Workspace,
    number: &str,
) -> Result<Option<StoredObject>, Refusal> {
    if number.is_empty() {
        return Ok(None);
    }
    let mut found = NUMBER.all(workspace).await?.into_iter();
    Ok(found.find(|it| it.document["numberId"] == json!(number)))
}

/// The agent as it is for the calls of a number.
pub(crate) async fn for_number(
    workspace: &Workspace,
    mut agent: StoredAgent,
    number: &str,
) -> Result<StoredAgent, Refusal> {
    if let Some(found) = of(workspace, number).await? {
        lay_over(&mut agent.document, &found.document);
    }
    Ok(agent)
}

/// Whether whom a call of that number is transferred to sees the customer's number, where a carrier
/// can show it.
pub(crate) async fn shows_customer(workspace: &Workspace, number: &str) -> Result<bool, Refusal> {
    let found = of(workspace, number).await?;
    Ok(found.is_some_and(|it| it.document["transferCallerIdMode"] == "customer"))
}

fn lay_over(agent: &mut Value, number: &Value) {
    if let Some(most) = number["maxCallDuration"].as_f64() {
        let most = Duration::from_secs_f64(most.clamp(10.0, 86_400.0));
        let own = agent["call_duration_max"].as_str();
        let own = own.and_then(|text| parse_duration(text).ok());
        if own.is_none_or(|own| most < own) {
            let text = format!("{}ms", most.as_millis());
            path::put(agent, "call_duration_max", json!(text));
        }
    }
    if let Some(is_recorded) = number["recordingEnabled"].as_bool() {
        path::put(agent, "is_recorded", json!(is_recorded));
    }
    let hours = office_hours::opening_hours(&number[office_hours::FIELD], &agent["opening_hours"]);
    if let Some(hours) = hours {
        path::put(agent, "opening_hours", hours);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_of_two_limits_counts() {
        for (own, most, expected) in [
            (json!("20m"), json!(60), json!("60000ms")),
            (json!("30s"), json!(60), json!("30s")),
            (Value::Null, json!(60), json!("60000ms")),
            (json!("20m"), json!(1), json!("10000ms")),
            (json!("20m"), Value::Null, json!("20m")),
        ] {
            let mut agent = json!({ "call_duration_max": own });
            lay_over(&mut agent, &json!({ "maxCallDuration": most }));
            assert_eq!(agent["call_duration_max"], expected, "{own} {most}");
        }
    }
}
