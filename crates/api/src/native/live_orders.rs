//! Orders to a call from whoever watches it over the WebSocket of its events.

use axum::http::Method;
use offhook_store::Workspace;
use serde_json::{Value, json};

use super::{change_agent, orders, transfers};
use crate::{Access, Api, Problem, Refusal};

/// What can be ordered, as it is posted too.
const KNOWN: &str = "end, skip-turn, note, say, respond, keys, hold, unhold, mute, unmute, \
                     change-agent, transfer";

/// Carries out an order that came as a text message: an object with its name in `order`, and the
/// fields that are posted. Gives what the watcher is answered.
pub(super) async fn carry_out(api: &Api, access: &Access, id: &str, text: &str) -> Value {
    let mut body: Value = match serde_json::from_str(text) {
        Ok(body) => body,
        Err(_) => return refused(None, &Refusal::invalid(vec![Problem::new("", "JSON")])),
    };
    let named = body.as_object_mut().and_then(|it| it.remove("order"));
    let Some(name) = named.as_ref().and_then(Value::as_str) else {
        let problem = Problem::new("order", format!("one of {KNOWN}"));
        return refused(None, &Refusal::invalid(vec![problem]));
    };
    // Who may only read may watch, and order nothing.
    if let Err(refusal) = access.check(&Method::POST) {
        return refused(Some(name), &refusal);
    }
    match given(api, &access.workspace, id, name, &body).await {
        Ok(()) => json!({ "type": "order_taken", "order": name }),
        Err(refusal) => refused(Some(name), &refusal),
    }
}

async fn given(
    api: &Api,
    workspace: &Workspace,
    id: &str,
    name: &str,
    body: &Value,
) -> Result<(), Refusal> {
    match name {
        "end" => return api.end_call(workspace, id).await,
        "change-agent" => {
            let wishes = change_agent::wishes_of(body)?;
            return api.hand_over_call(workspace, id, wishes).await;
        }
        "transfer" => {
            let wishes = transfers::wishes_of(body)?;
            return api.transfer_call(workspace, id, wishes).await.map(|_| ());
        }
        _ => {}
    }
    let Some(orders) = orders::read(name, body) else {
        let problem = Problem::new("order", format!("one of {KNOWN}"));
        return Err(Refusal::invalid(vec![problem]));
    };
    for order in orders? {
        api.order_call(workspace, id, order).await?;
    }
    Ok(())
}

fn refused(order: Option<&str>, refusal: &Refusal) -> Value {
    json!({ "type": "order_refused", "order": order, "error": super::error(refusal) })
}
