//! What happens in calls while they run, as server-sent events or, where a request asks for an
//! upgrade, over a WebSocket: everything so far, then everything as it happens.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream::{BoxStream, StreamExt as _};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::live_orders;
use crate::live::{Followed, ToldEvent};
use crate::{Access, Api, Refusal};

/// How often a silent stream shows that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Longest message of a watcher.
const ORDER_BYTES_MAX: usize = 64 << 10;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;
type Events = BoxStream<'static, Followed>;

/// What happens in one call; of a call that is over, what was said and why it ended.
pub(super) async fn of_call(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    Path(id): Path<String>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    let after = headers.get("last-event-id");
    let after = after.and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
    let events = api.follow_call(&access.workspace, &id, after).await?;
    let call = OrderedCall { api, access, id };
    Ok(answer(events, upgrade, Some(call)))
}

/// What happens from now on in all calls of the workspace that this process holds.
pub(super) async fn of_workspace(
    State(api): State<Api>,
    Extension(access): Extension<Access>,
    upgrade: Upgrade,
) -> Response {
    answer(api.live().follow(access.workspace.id()), upgrade, None)
}

/// The call that a watcher can give orders to.
struct OrderedCall {
    api: Api,
    access: Access,
    id: String,
}

impl OrderedCall {
    /// What came of an order.
    async fn order(&self, text: &str) -> Message {
        let answer = live_orders::carry_out(&self.api, &self.access, &self.id, text).await;
        Message::text(answer.to_string())
    }
}

fn answer(events: Events, upgrade: Upgrade, call: Option<OrderedCall>) -> Response {
    match upgrade {
        Ok(upgrade) => {
            let upgrade = upgrade.max_message_size(ORDER_BYTES_MAX);
            upgrade.on_upgrade(|socket| send_all(socket, events, call))
        }
        Err(_) => {
            let events = events.map(|followed| Ok::<_, Infallible>(sent(&followed)));
            let alive = KeepAlive::new().interval(HEARTBEAT).text("heartbeat");
            Sse::new(events).keep_alive(alive).into_response()
        }
    }
}

fn sent(followed: &Followed) -> Event {
    let event = Event::default().data(shown(followed).to_string());
    match followed {
        Followed::Event(told) => event.id(told.number.to_string()).event(told.event.name()),
        Followed::Missed(_) => event.event("missed"),
    }
}

async fn send_all(mut socket: WebSocket, mut events: Events, call: Option<OrderedCall>) {
    let mut beats = interval(HEARTBEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            followed = events.next() => match followed {
                Some(followed) => Message::text(shown(&followed).to_string()),
                None => break,
            },
            _ = beats.tick() => Message::Ping(Default::default()),
            received = socket.recv() => match (received, &call) {
                (Some(Ok(Message::Text(order))), Some(call)) => call.order(order.as_str()).await,
                (Some(Ok(message)), _) if !matches!(message, Message::Close(_)) => continue,
                _ => return,
            },
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
    let _ = socket.send(Message::Close(None)).await;
}

fn shown(followed: &Followed) -> Value {
    match followed {
        Followed::Event(told) => told_value(told),
        Followed::Missed(count) => json!({ "type": "missed", "count": count }),
    }
}

fn told_value(told: &ToldEvent) -> Value {
    let mut value = json!(told.event);
    value["call_id"] = json!(&*told.call_id);
    value["agent"] = json!(&*told.agent);
    value["number"] = json!(told.number);
    value["at_ms"] = json!(told.at_ms);
    value
}
