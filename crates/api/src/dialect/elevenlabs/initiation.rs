//! What the owner of an agent says of a conversation that is about to begin: asked of a webhook,
//! where the agent wants that.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_store::StoreError;
use serde_json::{Map, Value, json};

use super::admission::Admitted;
use super::opening::{OpeningProblem, Wishes};
use super::{DIALECT, settings};
use crate::Api;
use crate::dialect::agents::stored;
use crate::dialect::path;

const IS_ASKED: &str =
    "platform_settings.overrides.enable_conversation_initiation_client_data_from_webhook";
const WEBHOOK: &str = "conversation_initiation_client_data_webhook";

/// How long the webhook may take: somebody waits on the line.
const PATIENCE: Duration = Duration::from_secs(5);

impl Admitted {
    /// Adds to what the client wishes what the agent's webhook says, where the agent asks one. What
    /// both say of the same is as the webhook has it: it speaks for the agent's owner.
    ///
    /// # Errors
    /// [`OpeningProblem::Webhook`] where there is no webhook, or it gives no answer that can be
    /// read in time.
    pub async fn ask_webhook(
        &self,
        api: &Api,
        conversation_id: &str,
        wishes: Wishes,
    ) -> Result<Wishes, OpeningProblem> {
        let configured = DIALECT.show(&stored(self.agent.clone()));
        if path::at(&configured, IS_ASKED) != Some(&json!(true)) {
            return Ok(wishes);
        }
        let answer = self.answer(api, conversation_id, &configured).await;
        let answer = answer.map_err(OpeningProblem::Webhook)?;
        Ok(together(wishes, answer))
    }

    async fn answer(
        &self,
        api: &Api,
        conversation_id: &str,
        configured: &Value,
    ) -> Result<Wishes, String> {
        let own = path::at(configured, "platform_settings.workspace_overrides");
        let own = own
            .and_then(|own| own.get(WEBHOOK))
            .filter(|it| it.is_object());
        let webhook = match own {
            Some(own) => own.clone(),
            None => {
                let settings = settings::stored(&self.workspace).await;
                let settings = settings.map_err(|refusal| refusal.message)?;
                settings[WEBHOOK].clone()
            }
        };
        let Some(url) = webhook["url"].as_str() else {
            return Err("the agent asks one, and none is set".to_owned());
        };
        // Over a socket there are no numbers.
        let line = &self.line;
        let asked = json!({
            "caller_id": line.caller_id,
            "agent_id": self.agent.id,
            "called_number": line.called_number,
            "call_sid": line.call_sid,
            "conversation_id": conversation_id,
        });
        let headers = self.headers(&webhook["request_headers"]).await?;
        let deliveries = api.deliveries();
        let answer = deliveries.ask(url, headers, asked.to_string(), PATIENCE);
        read(&answer.await?)
    }

    /// The headers of the request; those that name a secret have its text.
    async fn headers(&self, headers: &Value) -> Result<Vec<(String, String)>, String> {
        let mut found = Vec::new();
        for (name, value) in headers.as_object().into_iter().flatten() {
            let text = match (value.as_str(), value["secret_id"].as_str()) {
                (Some(text), _) => text.to_owned(),
                (None, Some(id)) => match self.workspace.secret_text(id).await {
                    Ok(secret) => secret.expose().to_owned(),
                    Err(StoreError::NotFound(_)) => {
                        return Err(format!("the secret of its header {name} is gone"));
                    }
                    Err(problem) => return Err(problem.to_string()),
                },
                (None, None) => return Err(format!("its header {name} has no text")),
            };
            found.push((name.clone(), text));
        }
        Ok(found)
    }
}

/// Reads what the webhook answered, which is what a client says when it begins.
fn read(answer: &str) -> Result<Wishes, String> {
    let answer: Value =
        serde_json::from_str(answer).map_err(|_| "its answer is no JSON".to_owned())?;
    if !answer.is_object() {
        return Err("its answer is no JSON object".to_owned());
    }
    let object = |name: &str| match &answer[name] {
        Value::Null => Ok(Map::new()),
        Value::Object(fields) => Ok(fields.clone()),
        _ => Err(format!("its {name} is no object")),
    };
    let variables = object("dynamic_variables")?;
    let is_flat = |value: &Value| !value.is_array() && !value.is_object();
    if let Some((name, _)) = variables.iter().find(|(_, value)| !is_flat(value)) {
        return Err(format!(
            "its dynamic variable {name} is no text, number or flag"
        ));
    }
    Ok(Wishes {
        overrides: object("conversation_config_override")?,
        extra_body: object("custom_llm_extra_body")?,
        variables: variables.into_iter().collect::<BTreeMap<_, _>>(),
    })
}

fn together(client: Wishes, owner: Wishes) -> Wishes {
    let mut overrides = Value::Object(client.overrides);
    lay(&mut overrides, Value::Object(owner.overrides));
    let mut wishes = Wishes {
        overrides: overrides.as_object().cloned().unwrap_or_default(),
        ..client
    };
    wishes.extra_body.extend(owner.extra_body);
    wishes.variables.extend(owner.variables);
    wishes
}

/// Lays one configuration over another, field by field; null says nothing.
fn lay(under: &mut Value, over: Value) {
    match (under, over) {
        (_, Value::Null) => {}
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                lay(under.entry(name).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_has_the_last_word() {
        let client = read(
            r#"{ "dynamic_variables": { "name": "Eve", "shop": "one" },
                 "conversation_config_override": { "agent": { "language": "en" } } }"#,
        );
        let owner = read(
            r#"{ "dynamic_variables": { "name": "Ann" }, "custom_llm_extra_body": { "a": 1 },
                 "conversation_config_override": { "agent": { "first_message": "Hi.",
                                                              "language": null } } }"#,
        );
        let both = together(client.unwrap(), owner.unwrap());
        let both = (both.variables, both.overrides, both.extra_body);
        let variables = json!({ "name": "Ann", "shop": "one" });
        assert_eq!(json!(both.0), variables);
        let overrides = json!({ "agent": { "language": "en", "first_message": "Hi." } });
        assert_eq!(
            (json!(both.1), json!(both.2)),
            (overrides, json!({ "a": 1 }))
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (answer, named) in [
            ("thanks", "no JSON"),
            ("[]", "no JSON object"),
            (r#"{ "dynamic_variables": [] }"#, "dynamic_variables"),
            (r#"{ "dynamic_variables": { "a": {} } }"#, "variable a"),
            (r#"{ "conversation_config_override": 7 }"#, "override"),
        ] {
            let problem = read(answer).unwrap_err();
            assert!(problem.contains(named), "{problem}");
        }
        assert_eq!(read("{}"), Ok(Wishes::default()));
    }
}
