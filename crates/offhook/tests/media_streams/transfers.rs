//! A caller is handed to somebody else at a carrier that is simulated here: it places the other side's
//! call, asks what to do with it, puts both into a conference, ends the stream of a call that it was
//! told to take away, and tells how each call goes.

use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::caller::{Caller, TO, asks_next, carrier, posts, stage, text_of};
use crate::carrier_api::Asked;
use crate::incoming::{CARRIERS, Simulated};
use crate::next;
use crate::stage::Stage;

/// The other side's call, as its carrier was asked for it.
struct OtherSide {
    asked: Asked,
}

impl OtherSide {
    async fn rings(caller: &Caller<'_>) -> Self {
        let asked = caller.stage.carrier_api.next().await;
        let other = Self { asked };
        other.is_told(caller, "CallStatus=ringing").await;
        other
    }

    async fn is_told(&self, caller: &Caller<'_>, news: &str) {
        let form = format!("{}&{news}", caller.names.other);
        let url = &self.asked.fields[caller.names.status];
        let (code, answer) = posts(caller.stage, caller.carrier, url, &form).await;
        assert_eq!(code, 204, "{answer}");
    }

    /// It answers; gives what the carrier is told to do with it.
    async fn answers(&self, caller: &Caller<'_>) -> String {
        let form = format!("{}&CallStatus=in-progress", caller.names.other);
        let url = &self.asked.fields[caller.names.answer];
        let (code, document) = posts(caller.stage, caller.carrier, url, &form).await;
        assert_eq!(code, 200, "{document}");
        document
    }
}

/// Both sides meet in a conference, and the agent is out of it.
async fn is_answered(stage: &Stage, carrier: Simulated) {
    let mut caller = Caller::calls(stage, carrier).await;
    let wishes = json!({
        "to": TO, "message_to_caller": "One moment, please.",
        "message_to_human": "A caller <about> an order.", "ring_s": 20,
    });
    let (code, answer) = caller.is_transferred(&wishes).await;
    assert_eq!(code, 202, "{answer}");
    let transfer = &answer["transfer"];
    assert_eq!(transfer["status"], "ringing", "{answer}");
    assert_eq!(
        (&transfer["to"], &transfer["type"]),
        (&json!(TO), &json!("conference"))
    );
    let (code, again) = caller.is_transferred(&wishes).await;
    assert_eq!(
        (code, &again["error"]["code"]),
        (409, &json!("transfer_at_work"))
    );

    let other = OtherSide::rings(&caller).await;
    let ring_s = ["Timeout", "ring_timeout"];
    let ring_s = ring_s.iter().find_map(|it| other.asked.fields.get(*it));
    assert_eq!(ring_s.map(String::as_str), Some("20"));
    let document = other.answers(&caller).await;
    let said = text_of(&document, caller.names.verbs.0);
    assert_eq!(said.as_deref(), Some("A caller <about> an order."));
    let join = text_of(&document, "Redirect").expect("where it asks then");
    let joined = asks_next(&caller, caller.names.other, &join).await;
    let conference = text_of(&joined, caller.names.verbs.1).expect("a conference");
    assert!(conference.bytes().all(|it| it.is_ascii_alphanumeric()));

    let turned = stage.carrier_api.next().await;
    assert_eq!(
        (&*turned.method, &*turned.path),
        ("POST", &*caller.names.turn.0)
    );
    let url = &turned.fields[caller.names.turn.1];
    let form = format!("{}&CallStatus=in-progress", caller.names.caller);
    let document = asks_next(&caller, &form, url).await;
    assert_eq!(text_of(&document, caller.names.verbs.1), Some(conference));
    caller.stream_stops().await;

    let call = caller.becomes(|it| it["status"] == "ended").await;
    assert_eq!(call["ended_reason"], "transferred", "{call}");
    assert_eq!(call["transfers"][0]["status"], "answered", "{call}");
    let id = call["transfers"][0]["id"].as_str().expect("an id");
    let path = format!("calls/{id}");
    let theirs = stage.ask("GET", &path, &json!({})).await;
    assert_eq!(
        (&theirs["status"], &theirs["to_number"]),
        (&json!("active"), &json!(TO))
    );
    assert_eq!(theirs["transfer_of"], call["id"]);
    other.is_told(&caller, "CallStatus=completed").await;
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
async fn is_missed(stage: &Stage, carrier: Simulated) {
    let mut caller = Caller::calls(stage, carrier).await;
    for (news, status) in [("busy", "busy"), ("no-answer", "no_answer")] {
        let (code, answer) = caller.is_transferred(&json!({ "to": TO })).await;
        assert_eq!(code, 202, "{answer}");
        let other = OtherSide::rings(&caller).await;
        let turns = caller.shown().await["turns"].as_array().map_or(0, Vec::len);
        other.is_told(&caller, &format!("CallStatus={news}")).await;
        caller.transfer_is(status).await;
        let heard = next(&mut caller.socket, carrier.audio).await;
        assert!(heard.is_some(), "the agent says that nobody came");
        let is_said = |call: &Value| call["turns"].as_array().map_or(0, Vec::len) > turns;
        let call = caller.becomes(is_said).await;
        assert_eq!(call["status"], "active", "{call}");
        // Whoever answers after all is hung up on.
        let document = other.answers(&caller).await;
        assert!(document.contains("<Hangup/>"), "{document}");
    }
    caller.socket.close(None).await.ok();
    let call = caller.becomes(|it| it["status"] == "ended").await;
    assert_eq!(call["ended_reason"], "caller_hung_up", "{call}");
    assert!(stage.carrier_api.is_quiet(), "nothing is left to be ended");
}

/// The caller hangs up while it rings, and somebody ends the call by its id.
async fn is_given_up(stage: &Stage, carrier: Simulated) {
    for is_by_api in [false, true] {
        let mut caller = Caller::calls(stage, carrier).await;
        let (code, answer) = caller.is_transferred(&json!({ "to": TO })).await;
        assert_eq!(code, 202, "{answer}");
        let other = OtherSide::rings(&caller).await;
        if is_by_api {
            let path = format!("calls/{}/end", caller.id);
            stage.ask("POST", &path, &json!({})).await;
        } else {
            caller.stream_stops().await;
        }
        let ended = stage.carrier_api.next().await;
        let take_back = caller.names.take_back;
        assert_eq!((&*ended.method, &*ended.path), take_back);
        let call = caller.transfer_is("cancelled").await;
        let call = match call["status"] == "ended" {
            true => call,
            false => caller.becomes(|it| it["status"] == "ended").await,
        };
        let reason = if is_by_api {
            "ended_by_api"
        } else {
            "caller_hung_up"
        };
        assert_eq!(call["ended_reason"], reason, "{call}");
        other.is_told(&caller, "CallStatus=canceled").await;
    }
}

/// A machine answers, where the carrier can tell: the caller does not hear it.
async fn meets_a_machine(stage: &Stage, carrier: Simulated) {
    let mut caller = Caller::calls(stage, carrier).await;
    let (code, answer) = caller.is_transferred(&json!({ "to": TO })).await;
    assert_eq!(code, 202, "{answer}");
    let other = OtherSide::rings(&caller).await;
    let document = other.answers(&caller).await;
    assert!(
        text_of(&document, caller.names.verbs.1).is_some(),
        "{document}"
    );
    let news = match carrier.name {
        "plivo" => "Machine=true",
        _ => "AnsweredBy=machine_end_beep",
    };
    other.is_told(&caller, news).await;
    let ended = stage.carrier_api.next().await;
    assert_eq!((&*ended.method, &*ended.path), caller.names.end);
    let call = caller.transfer_is("no_answer").await;
    let transfer = call["transfers"].as_array().and_then(|it| it.last());
    assert_eq!(transfer.expect("one")["answered_by"], "machine", "{call}");
    let heard = next(&mut caller.socket, carrier.audio).await;
    assert!(heard.is_some(), "the agent goes on");
    caller.socket.close(None).await.ok();
    caller.becomes(|it| it["status"] == "ended").await;
}

/// Who may not be called is not, and the caller notices nothing.
async fn is_refused(stage: &Stage, carrier: Simulated) {
    let mut caller = Caller::calls(stage, carrier).await;
    for (to, words) in [
        ("+442079460958", "telephony.allow"),
        ("911", "emergency"),
        ("+19005550199", "premium"),
        ("nobody", "no telephone number"),
        ("+15550111", "no numbering plan"),
    ] {
        let (code, answer) = caller.is_transferred(&json!({ "to": to })).await;
        let problem = &answer["error"]["problems"][0];
        assert_eq!((code, &problem["path"]), (422, &json!("to")), "{answer}");
        assert!(problem.to_string().contains(words), "{words}: {answer}");
    }
    let asked = json!({ "type": "cold", "ring_s": 1, "message_to_human": " ", "whom": "Ann" });
    let (code, answer) = caller.is_transferred(&asked).await;
    let problems = answer["error"]["problems"].as_array().expect("problems");
    let paths: Vec<&str> = problems
        .iter()
        .filter_map(|it| it["path"].as_str())
        .collect();
    assert_eq!(code, 422);
    assert_eq!(paths, ["message_to_human", "ring_s", "type", "whom"]);
    let (code, answer) = caller.is_transferred(&json!({})).await;
    assert_eq!(
        (code, &answer["error"]["problems"][0]["path"]),
        (422, &json!("to"))
    );
    let from = json!({ "to": TO, "from": "+14155550123" });
    let (code, answer) = caller.is_transferred(&from).await;
    assert_eq!(
        (code, &answer["error"]["problems"][0]["path"]),
        (422, &json!("from"))
    );
    assert_eq!(caller.shown().await["transfers"], json!([]));
    assert!(
        stage.carrier_api.is_quiet(),
        "no carrier is asked for anything"
    );
    caller.stream_stops().await;
    caller.becomes(|it| it["status"] == "ended").await;
}

/// Callers of one carrier are transferred in every way.
async fn transfers(name: &str) {
    let settings = "[telephony]\nallow = [\"US\"]\nhourly_max = 99\n";
    let Some(stage) = stage(&format!("{settings}carrier = \"{name}\"\n")).await else {
        return;
    };
    let carrier = carrier(name);
    is_refused(&stage, carrier).await;
    is_answered(&stage, carrier).await;
    is_missed(&stage, carrier).await;
    is_given_up(&stage, carrier).await;
}

#[tokio::test]
async fn a_caller_is_transferred_over_twilio() {
    transfers("twilio").await;
}

#[tokio::test]
async fn a_caller_is_transferred_over_telnyx() {
    transfers("telnyx").await;
}

#[tokio::test]
async fn a_caller_is_transferred_over_plivo() {
    transfers("plivo").await;
}

#[tokio::test]
async fn a_caller_does_not_hear_a_machine_that_answers() {
    let settings = "[telephony]\nallow = [\"US\"]\nhourly_max = 99\nmachine_detection = true\n";
    let Some(stage) = stage(settings).await else {
        return;
    };
    for carrier in CARRIERS {
        meets_a_machine(&stage, carrier).await;
    }
}

#[tokio::test]
async fn whom_an_agent_names_is_called() {
    let settings = "[telephony]\nallow = [\"US\"]\n";
    let Some(stage) = Stage::set_with(settings).await else {
        return;
    };
    let agent = json!({
        "name": "Ann", "voiceMode": "hosted", "systemPrompt": "Be brief.",
        "beginMessage": "Hello, this is Ann.", "transferNumber": "+14155550188",
    });
    let agent = stage.json("POST", "/agentphone/v1/agents", &agent).await;
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent["id"] });
    stage.json("POST", "/agentphone/v1/numbers", &number).await;
    let caller = Caller::calls(&stage, carrier("twilio")).await;
    let (code, answer) = caller.is_transferred(&json!({})).await;
    assert_eq!(
        (code, &answer["transfer"]["to"]),
        (202, &json!("+14155550188")),
        "{answer}"
    );
    let asked = stage.carrier_api.next().await;
    assert_eq!(asked.fields["To"], "+14155550188");
}

#[tokio::test]
async fn what_no_carrier_brings_is_not_transferred() {
    let Some(stage) = stage("[telephony]\nallow = [\"US\"]\n").await else {
        return;
    };
    let calls = stage.ask("GET", "agents", &json!({})).await;
    let agent = calls["agents"][0]["id"]
        .as_str()
        .expect("an agent")
        .to_owned();
    let promised = stage
        .ask("POST", &format!("agents/{agent}/web-calls"), &json!({}))
        .await;
    let mut socket = stage.socket("twilio").await;
    let start = json!({
        "event": "start", "streamSid": "S1",
        "start": { "streamSid": "S1", "customParameters": { "token": promised["token"] } },
    });
    socket
        .send(Message::text(start.to_string()))
        .await
        .expect("sent");
    assert!(next(&mut socket, "media").await.is_some());
    let id = promised["call_id"].as_str().expect("an id");
    let path = format!("calls/{id}/transfer");
    let answer = stage.ask("POST", &path, &json!({ "to": TO })).await;
    assert_eq!(answer["error"]["code"], "not_transferable", "{answer}");
    assert!(
        answer["error"]["message"].to_string().contains("twilio"),
        "{answer}"
    );
    let path = "calls/call_nobody/transfer";
    let answer = stage.ask("POST", path, &json!({ "to": TO })).await;
    assert_eq!(answer["error"]["code"], "not_found", "{answer}");
}
