//! A caller is handed to somebody else at a carrier that speaks JSON, simulated here as its documents have
//! it: with a conference, and blind.

use serde_json::{Value, json};

use crate::caller::{TO, stage};
use crate::json_caller::{Caller, DIALLED, OTHER, OtherSide, next_url, read};
use crate::json_carriers::{Announcing, JAMBONZ, VONAGE, hears};
use crate::stage::Stage;

/// Both sides meet in a conference, and the agent is out of it.
async fn is_answered(stage: &Stage, carrier: Announcing) {
    let mut caller = Caller::calls(stage, carrier).await;
    let wishes = json!({
        "to": TO, "message_to_caller": "One moment, please.",
        "message_to_human": "A caller <about> an order.", "ring_s": 20,
    });
    let answer = caller.is_transferred(&wishes).await;
    assert_eq!(answer["transfer"]["status"], "ringing", "{answer}");
    let other = OtherSide::rings(&caller).await;
    let ring_s = match carrier.name {
        "vonage" => "ringing_timer",
        _ => "timeout",
    };
    assert_eq!(other.asked.fields[ring_s], "20");
    let document = other.answers(&caller).await;
    assert_eq!(document[0]["text"], "A caller <about> an order.");
    let join = next_url(&document[1]);
    let joined = caller.asks(&join, &caller.asked_with(OTHER)).await;
    let conference = joined[0]["name"].as_str().expect("a conference");
    assert!(conference.bytes().all(|it| it.is_ascii_alphanumeric()));
    let document = caller.is_turned().await;
    assert_eq!(document, joined, "both meet");
    caller.socket.close(None).await.ok();

    let call = caller.ends("transferred", "answered").await;
    let id = call["transfers"][0]["id"].as_str().expect("an id");
    let path = format!("calls/{id}");
    let theirs = stage.ask("GET", &path, &json!({})).await;
    assert_eq!(
        (&theirs["status"], &theirs["to_number"]),
        (&json!("active"), &json!(TO))
    );
    assert_eq!(theirs["transfer_of"], call["id"]);
    other.is_told(&caller, "completed").await;
    let theirs = stage.ask("GET", &path, &json!({})).await;
    assert_eq!(
        (&theirs["status"], &theirs["ended_reason"]),
        (&json!("ended"), &json!("hung_up"))
    );
    assert!(
        stage.carrier_api.is_quiet(),
        "both talk as long as they want"
    );
}

/// Nobody comes: the caller is with the agent as before, which says so.
async fn is_missed(stage: &Stage, carrier: Announcing) {
    let mut caller = Caller::calls(stage, carrier).await;
    let nobody = match carrier.name {
        "vonage" => "unanswered",
        _ => "no-answer",
    };
    for (news, status) in [("busy", "busy"), (nobody, "no_answer")] {
        caller.is_transferred(&json!({ "to": TO })).await;
        let other = OtherSide::rings(&caller).await;
        let turns = caller.turns().await;
        other.is_told(&caller, news).await;
        assert!(hears(&mut caller.socket).await, "the agent says so");
        let is_said = |call: &Value| call["turns"].as_array().map_or(0, Vec::len) > turns;
        let call = caller.becomes(is_said).await;
        assert_eq!(call["status"], "active", "{call}");
        let transfers = call["transfers"].as_array().expect("transfers");
        assert_eq!(transfers.last().expect("one")["status"], status, "{call}");
        // Whoever answers after all is hung up on.
        assert_eq!(other.answers(&caller).await, caller.hang_up());
    }
    caller.socket.close(None).await.ok();
    caller.ends("caller_hung_up", "no_answer").await;
    assert!(stage.carrier_api.is_quiet(), "nothing is left to be ended");
}

/// A machine answers: the caller does not hear it.
async fn meets_a_machine(stage: &Stage, carrier: Announcing) {
    let mut caller = Caller::calls(stage, carrier).await;
    caller.is_transferred(&json!({ "to": TO })).await;
    let other = OtherSide::rings(&caller).await;
    let joined = other.answers(&caller).await;
    assert!(joined[0]["name"].is_string(), "{joined}");
    let mut news = caller.said(OTHER, "in-progress");
    match carrier.name {
        "vonage" => news["status"] = json!("machine"),
        _ => news["type"] = json!("amd_machine_detected"),
    }
    let (code, answer) = caller.posts(&other.status_url, &news).await;
    assert_eq!(code, 204, "{answer}");
    let ended = stage.carrier_api.next().await;
    let (path, field, word) = match carrier.name {
        "vonage" => ("/v1/calls/7a7-1", "action", "hangup"),
        _ => ("/v1/Accounts/AC5/Calls/7a7-1", "call_status", "completed"),
    };
    assert_eq!((&*ended.method, &*ended.path), ("PUT", path));
    assert_eq!(ended.fields[field], word);
    assert!(hears(&mut caller.socket).await, "the agent goes on");
    caller.socket.close(None).await.ok();
    let call = caller.ends("caller_hung_up", "no_answer").await;
    assert_eq!(call["transfers"][0]["answered_by"], "machine", "{call}");
}

/// The caller hangs up while it rings: the other side's call is taken back.
async fn is_given_up(stage: &Stage, carrier: Announcing) {
    let mut caller = Caller::calls(stage, carrier).await;
    caller.is_transferred(&json!({ "to": TO })).await;
    let other = OtherSide::rings(&caller).await;
    caller.socket.close(None).await.ok();
    let ended = stage.carrier_api.next().await;
    let (path, field, word) = match carrier.name {
        "vonage" => ("/v1/calls/7a7-1", "action", "hangup"),
        _ => ("/v1/Accounts/AC5/Calls/7a7-1", "call_status", "no-answer"),
    };
    assert_eq!((&*ended.method, &*ended.path), ("PUT", path));
    assert_eq!(ended.fields[field], word);
    caller.ends("caller_hung_up", "cancelled").await;
    other.is_told(&caller, "cancelled").await;
}

/// A blind transfer, up to what the carrier is told to do.
async fn is_dialled(caller: &mut Caller<'_>) -> Value {
    let wishes = json!({ "to": TO, "type": "blind", "message_to_caller": "One moment, please." });
    let turns = caller.turns().await;
    caller.is_transferred(&wishes).await;
    let document = caller.is_turned().await;
    assert!(caller.turns().await > turns, "the caller is told first");
    let number = match caller.carrier.name {
        "vonage" => format!("+{}", document[0]["from"].as_str().expect("a number")),
        _ => document[0]["callerId"].as_str().expect("one").to_owned(),
    };
    assert_eq!(number, "+15550111");
    caller.socket.close(None).await.ok();
    document
}

/// The carrier tells how the call stands that it placed by itself, or asks what is next once it is over.
async fn dial_is(caller: &Caller<'_>, document: &Value, status: &str) -> (u16, String) {
    let url = next_url(&document[0]);
    let body = match caller.carrier.name {
        "vonage" => {
            let mut body = caller.said(DIALLED, status);
            body["duration"] = json!(if status == "completed" { "31" } else { "0" });
            body
        }
        _ => {
            let mut body = caller.said(&caller.at_carrier, "in-progress");
            body["dial_call_sid"] = json!(DIALLED);
            body["dial_call_status"] = json!(status);
            body
        }
    };
    caller.posts(&url, &body).await
}

/// The carrier puts the caller through, and the agent is out of it.
async fn is_put_through(stage: &Stage, carrier: Announcing) {
    let mut caller = Caller::calls(stage, carrier).await;
    let document = is_dialled(&mut caller).await;
    assert_eq!(caller.shown().await["status"], "active", "it may come back");
    let is_over = (200, caller.hang_up().to_string());
    let nothing = (204, String::new());
    let after = if carrier.name == "vonage" {
        assert_eq!(dial_is(&caller, &document, "ringing").await, nothing);
        assert_eq!(caller.shown().await["status"], "active", "it rings");
        assert_eq!(dial_is(&caller, &document, "answered").await, nothing);
        nothing
    } else {
        let url = &document[0]["confirmHook"]["url"];
        let answered = caller.said(DIALLED, "in-progress");
        let told = caller.posts(url, &answered).await;
        assert_eq!(told, (200, "[]".to_owned()), "they may talk");
        is_over.clone()
    };
    let call = caller.ends("transferred", "answered").await;
    assert_eq!(dial_is(&caller, &document, "completed").await, is_over);
    let id = call["transfers"][0]["id"].as_str().expect("an id");
    let theirs = stage.ask("GET", &format!("calls/{id}"), &json!({})).await;
    assert_eq!(theirs["status"], "ended", "{theirs}");
    assert_eq!(theirs["ended_reason"], "hung_up", "{theirs}");
    // What comes late changes nothing.
    assert_eq!(dial_is(&caller, &document, "completed").await, after);
    assert!(
        stage.carrier_api.is_quiet(),
        "both talked as long as they wanted"
    );
}

/// Nobody answers: the caller is back in the same conversation, and the agent says so.
async fn comes_back(stage: &Stage, carrier: Announcing) {
    let said = match carrier.name {
        "vonage" => [("unanswered", "no_answer"), ("busy", "busy")],
        // It rang until its time was over.
        _ => [("ringing", "no_answer"), ("busy", "busy")],
    };
    for (status, transfer) in said {
        let mut caller = Caller::calls(stage, carrier).await;
        let document = is_dialled(&mut caller).await;
        let turns = caller.turns().await;
        let (code, back) = dial_is(&caller, &document, status).await;
        assert_eq!(code, 200, "{back}");
        let mut socket = carrier.stream(stage, &carrier.start(&read(&back))).await;
        assert!(hears(&mut socket).await, "the agent says that nobody came");
        let is_said = |call: &Value| call["turns"].as_array().map_or(0, Vec::len) > turns;
        let call = caller.becomes(is_said).await;
        assert_eq!(call["status"], "active", "{call}");
        assert_eq!(call["transfers"][0]["status"], transfer, "{call}");
        if carrier.name == "vonage" {
            // The call that nobody answered is over now, which must not end the caller's.
            let late = dial_is(&caller, &document, "completed").await;
            assert_eq!(late, (204, String::new()));
        }
        socket.close(None).await.ok();
        caller.ends("caller_hung_up", transfer).await;
        assert!(stage.carrier_api.is_quiet(), "nothing is left to be ended");
    }
}

/// The caller hangs up while the carrier calls, and somebody ends the call by its id meanwhile.
async fn blind_is_given_up(stage: &Stage, carrier: Announcing) {
    let mut caller = Caller::calls(stage, carrier).await;
    let document = is_dialled(&mut caller).await;
    let gone = match carrier.name {
        "vonage" => caller.said(DIALLED, "cancelled"),
        _ => caller.said(&caller.at_carrier, "completed"),
    };
    let over = caller.asks(&next_url(&document[0]), &gone).await;
    assert_eq!(over, caller.hang_up());
    caller.ends("caller_hung_up", "cancelled").await;

    let mut caller = Caller::calls(stage, carrier).await;
    is_dialled(&mut caller).await;
    let path = format!("calls/{}/end", caller.id);
    stage.ask("POST", &path, &json!({})).await;
    let ended = stage.carrier_api.next().await;
    assert_eq!(ended.path, caller.path(), "the caller's call is ended");
    caller.ends("ended_by_api", "cancelled").await;
}

/// Callers of one carrier are transferred in every way.
async fn transfers(carrier: Announcing) {
    let settings = "[telephony]\nallow = [\"US\"]\nhourly_max = 99\n";
    let settings = format!("{settings}carrier = \"{}\"\n", carrier.name);
    let Some(stage) = stage(&settings).await else {
        return;
    };
    is_answered(&stage, carrier).await;
    is_missed(&stage, carrier).await;
    is_given_up(&stage, carrier).await;
    is_put_through(&stage, carrier).await;
    comes_back(&stage, carrier).await;
    blind_is_given_up(&stage, carrier).await;
}

#[tokio::test]
async fn a_caller_is_transferred_over_vonage() {
    transfers(VONAGE).await;
}

#[tokio::test]
async fn a_caller_is_transferred_over_jambonz() {
    transfers(JAMBONZ).await;
}

#[tokio::test]
async fn a_caller_does_not_hear_a_machine_that_answers_over_json() {
    let settings = "[telephony]\nallow = [\"US\"]\nhourly_max = 99\nmachine_detection = true\n";
    let Some(stage) = stage(settings).await else {
        return;
    };
    for carrier in [VONAGE, JAMBONZ] {
        meets_a_machine(&stage, carrier).await;
    }
}
