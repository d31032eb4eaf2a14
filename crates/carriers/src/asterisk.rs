//! Asterisk, over its REST interface (ARI; docs.asterisk.org: "Channels REST API", "Events"): it is asked
//! for a channel with an id of ours and the UUID of its call among its variables, which the dialplan
//! brings to the server over `AudioSocket` once somebody has answered. Requests are those of
//! `rest-api/api-docs/channels.json` in its sources.

use serde_json::{Value, json};

use crate::rest::{by_id, json_by, part, with_json};
use crate::{Account, Method, Outgoing, Progress, Request, Stage};

/// Where the number stands in the endpoint that is called.
pub(crate) const NUMBER: &str = "{number}";
/// Where the dialplan goes on once somebody has answered.
const CONTEXT: &str = "offhook";
const EXTENSION: &str = "s";
/// The channel's variable with the UUID of the call.
const UUID: &str = "OFFHOOK_UUID";
/// The channel's variable with how long it may last, in seconds from the beginning.
const LONGEST: &str = "TIMEOUT(absolute)";
/// Causes with which channels end (Q.850), by what they are here.
const BUSY: [i64; 2] = [17, 21];
const NO_ANSWER: [i64; 5] = [0, 16, 18, 19, 102];

/// The address of its channels.
pub(crate) fn channels(rest_url: &str) -> String {
    format!("{rest_url}/ari/channels")
}

/// The address of one.
pub(crate) fn channel(rest_url: &str, id: &str) -> String {
    format!("{}/{}", channels(rest_url), part(id))
}

pub(crate) fn place(rest_url: &str, account: &Account<'_>, call: &Outgoing<'_>) -> Request {
    let endpoint = account.application.unwrap_or(NUMBER);
    let longest = call.ring_max_s.saturating_add(call.duration_max_s);
    let body = json!({
        "endpoint": endpoint.replace(NUMBER, call.to),
        "context": CONTEXT,
        "extension": EXTENSION,
        "priority": 1,
        "callerId": call.from,
        "timeout": call.ring_max_s,
        "channelId": call.id,
        "variables": { UUID: call.uuid, LONGEST: longest.to_string() },
    });
    with_json(channels(rest_url), by_id(account), &body)
}

/// What rings ends so, too.
pub(crate) fn hang_up(rest_url: &str, account: &Account<'_>, id: &str) -> Request {
    Request {
        method: Method::Delete,
        url: channel(rest_url, id),
        headers: vec![by_id(account)],
        body: String::new(),
    }
}

/// The request for a channel's document.
pub(crate) fn look(rest_url: &str, account: &Account<'_>, id: &str) -> Request {
    let url = channel(rest_url, id);
    let mut asked = json_by(Method::Get, url, by_id(account), &Value::Null);
    asked.headers.truncate(1);
    asked.body.clear();
    asked
}

/// The request for the WebSocket on which all of its channels are told of, to an application of that
/// name.
#[must_use]
pub fn asterisk_events(rest_url: &str, account: &Account<'_>, application: &str) -> Request {
    let rest_url = rest_url.replacen("http", "ws", 1);
    let application = part(application);
    let url = format!("{rest_url}/ari/events?app={application}&subscribeAll=true");
    Request {
        method: Method::Get,
        url,
        headers: vec![by_id(account)],
        body: String::new(),
    }
}

/// Reads one of the texts of that WebSocket: what it tells of a channel, where that is how its call goes.
#[must_use]
pub fn asterisk_news(text: &str) -> Option<Progress> {
    let event: Value = serde_json::from_str(text).ok()?;
    let channel = &event["channel"];
    let id = channel["id"].as_str()?;
    let state = channel["state"].as_str().unwrap_or_default();
    let stage = match event["type"].as_str()? {
        "ChannelStateChange" if state == "Ringing" => Stage::Ringing,
        "ChannelStateChange" if state == "Up" => Stage::Answered,
        "ChannelDestroyed" if state == "Up" => Stage::Completed,
        "ChannelDestroyed" => match event["cause"].as_i64() {
            Some(cause) if BUSY.contains(&cause) => Stage::Busy,
            Some(cause) if !NO_ANSWER.contains(&cause) => Stage::Failed,
            _ => Stage::NoAnswer,
        },
        _ => return None,
    };
    Some(Progress {
        id: id.to_owned(),
        stage: Some(stage),
        answered_by: None,
    })
}
