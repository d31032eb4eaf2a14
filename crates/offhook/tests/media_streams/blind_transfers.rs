//! A carrier that is simulated here puts a caller through by itself: the stream ends, and is there again
//! where nobody has answered.

use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::caller::{Caller, TO, asks_next, carrier, posts, stage, text_of};
use crate::incoming::Simulated;
use crate::next;
use crate::stage::Stage;

/// A blind transfer, up to what the carrier is told to do.
async fn is_dialled(caller: &mut Caller<'_>) -> String {
    let wishes = json!({ "to": TO, "type": "blind", "message_to_caller": "One moment, please." });
    let turns = caller.shown().await["turns"].as_array().map_or(0, Vec::len);
    let (code, answer) = caller.is_transferred(&wishes).await;
    assert_eq!(code, 202, "{answer}");
    let turned = caller.stage.carrier_api.next().await;
    assert_eq!(
        (&*turned.method, &*turned.path),
        ("POST", &*caller.names.turn.0)
    );
    let said = caller.shown().await["turns"].clone();
    let said = said.as_array().expect("turns");
    assert!(said.len() > turns, "the caller is told first: {said:?}");
    let form = format!("{}&CallStatus=in-progress", caller.names.caller);
    let url = &turned.fields[caller.names.turn.1];
    let document = asks_next(caller, &form, url).await;
    let to = text_of(&document, "Number").expect("who is called");
    assert_eq!(to.trim_start_matches('+'), TO.trim_start_matches('+'));
    caller.stream_stops().await;
    document
}

/// An attribute of an element of that name.
fn attribute(document: &str, element: &str, name: &str) -> String {
    let document = roxmltree::Document::parse(document).expect("XML");
    let mut found = document.descendants();
    let found = found.find(|it| it.has_tag_name(element) && it.has_attribute(name));
    let found = found.and_then(|it| it.attribute(name).map(str::to_owned));
    found.expect("the attribute")
}

/// The carrier asks what is next, once the call that it placed by itself is over.
async fn dial_ends(caller: &Caller<'_>, document: &str, status: &str) -> String {
    let url = attribute(document, "Dial", "action");
    let ended = match caller.carrier.name {
        "plivo" => format!("DialBLegUUID=7a7&DialStatus={status}"),
        _ => format!("DialCallSid=CA7&DialCallStatus={status}"),
    };
    let form = format!("{}&{ended}", caller.names.caller);
    asks_next(caller, &form, &url).await
}

/// The carrier puts the caller through, and the agent is out of it.
async fn is_put_through(stage: &Stage, carrier: Simulated) {
    let mut caller = Caller::calls(stage, carrier).await;
    let document = is_dialled(&mut caller).await;
    let url = match carrier.name {
        "plivo" => attribute(&document, "Dial", "callbackUrl"),
        _ => attribute(&document, "Number", "statusCallback"),
    };
    let form = match carrier.name {
        "plivo" => format!("{}&DialBLegUUID=7a7&DialAction=answer", caller.names.caller),
        _ => format!("{}&CallStatus=in-progress", caller.names.other),
    };
    assert_eq!(caller.shown().await["status"], "active", "it may come back");
    let (code, answer) = posts(stage, carrier, &url, &form).await;
    assert_eq!(code, 204, "{answer}");
    let call = caller.becomes(|it| it["status"] == "ended").await;
    assert_eq!(call["ended_reason"], "transferred", "{call}");
    assert_eq!(call["transfers"][0]["status"], "answered", "{call}");
    let form = format!("{}&CallStatus=in-progress", caller.names.caller);
    let over = dial_ends(&caller, &document, "completed").await;
    assert!(over.contains("<Hangup/>"), "{over} {form}");
    let id = call["transfers"][0]["id"].as_str().expect("an id");
    let theirs = stage.ask("GET", &format!("calls/{id}"), &json!({})).await;
    assert_eq!(theirs["status"], "ended", "{theirs}");
    assert!(
        stage.carrier_api.is_quiet(),
        "both talked as long as they wanted"
    );
}

/// Nobody answers: the caller is back in the same conversation, and the agent says so.
async fn comes_back(stage: &Stage, carrier: Simulated) {
    let mut caller = Caller::calls(stage, carrier).await;
    let document = is_dialled(&mut caller).await;
    let turns = caller.shown().await["turns"].as_array().map_or(0, Vec::len);
    let back = dial_ends(&caller, &document, "no-answer").await;
    let start = carrier.start(&back).to_string();
    let mut socket = stage.socket(carrier.name).await;
    socket.send(Message::text(start)).await.expect("sent");
    let heard = next(&mut socket, carrier.audio).await;
    assert!(heard.is_some(), "the agent says that nobody came");
    let is_said = |call: &Value| call["turns"].as_array().map_or(0, Vec::len) > turns;
    let call = caller.becomes(is_said).await;
    assert_eq!(call["status"], "active", "{call}");
    assert_eq!(call["transfers"][0]["status"], "no_answer", "{call}");
    socket.close(None).await.ok();
    let call = caller.becomes(|it| it["status"] == "ended").await;
    assert_eq!(call["ended_reason"], "caller_hung_up", "{call}");
    assert!(stage.carrier_api.is_quiet(), "nothing is left to be ended");
}

/// The caller hangs up while the carrier calls, and somebody ends the call by its id meanwhile.
async fn is_given_up(stage: &Stage, carrier: Simulated) {
    let mut caller = Caller::calls(stage, carrier).await;
    let document = is_dialled(&mut caller).await;
    let over = dial_ends(&caller, &document, "no-answer&CallStatus=completed").await;
    assert!(over.contains("<Hangup/>"), "{over}");
    let call = caller.becomes(|it| it["status"] == "ended").await;
    assert_eq!(call["ended_reason"], "caller_hung_up", "{call}");
    assert_eq!(call["transfers"][0]["status"], "cancelled", "{call}");

    let mut caller = Caller::calls(stage, carrier).await;
    is_dialled(&mut caller).await;
    let path = format!("calls/{}/end", caller.id);
    stage.ask("POST", &path, &json!({})).await;
    let ended = stage.carrier_api.next().await;
    assert_eq!(
        ended.path, caller.names.turn.0,
        "the caller's call is ended there"
    );
    let call = caller.becomes(|it| it["status"] == "ended").await;
    assert_eq!(call["ended_reason"], "ended_by_api", "{call}");
    caller.transfer_is("cancelled").await;
}

/// Callers of one carrier are put through in every way.
async fn transfers_blind(name: &str) {
    let settings = "[telephony]\nallow = [\"US\"]\nhourly_max = 99\n";
    let Some(stage) = stage(&format!("{settings}carrier = \"{name}\"\n")).await else {
        return;
    };
    let carrier = carrier(name);
    is_put_through(&stage, carrier).await;
    comes_back(&stage, carrier).await;
    is_given_up(&stage, carrier).await;
}

#[tokio::test]
async fn a_caller_is_transferred_blind_over_twilio() {
    transfers_blind("twilio").await;
}

#[tokio::test]
async fn a_caller_is_transferred_blind_over_telnyx() {
    transfers_blind("telnyx").await;
}

#[tokio::test]
async fn a_caller_is_transferred_blind_over_plivo() {
    transfers_blind("plivo").await;
}
