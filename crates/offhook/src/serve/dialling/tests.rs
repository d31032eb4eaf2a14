//! What the carriers' simulated REST APIs are asked after a crash, and what is made of their answers.

use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;

/// 31 August 2026, 20:36:28 UTC.
const SINCE_MS: i64 = 1_788_208_588_000;
const NOW: &str = "Mon, 31 Aug 2026 20:36:30 +0000";
const BEFORE: &str = "Mon, 31 Aug 2026 20:20:00 +0000";

/// What a carrier answers at an address with a query; what it is not told of it refuses with 404.
type Answers = Vec<(&'static str, Value)>;
type Served = Arc<(Answers, Mutex<Vec<String>>)>;

async fn answer(State(served): State<Served>, uri: Uri) -> (StatusCode, String) {
    let asked = uri.to_string();
    let found = served.0.iter().find(|(address, _)| *address == asked);
    if let Ok(mut all) = served.1.lock() {
        all.push(asked);
    }
    match found {
        Some((_, body)) => (StatusCode::OK, body.to_string()),
        None => (StatusCode::NOT_FOUND, "{}".to_owned()),
    }
}

/// What a carrier that answers so is found to know of a call, and what it was asked.
async fn found(
    carrier: Carrier,
    answers: Answers,
    known: &[String],
) -> (Result<FoundCall, DialProblem>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let served: Served = Arc::new((answers, Mutex::default()));
    let router = Router::new().fallback(answer).with_state(served.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let account = OwnAccount {
        id: "A1".into(),
        key: SecretText::new("k"),
        application: None,
    };
    let carriers = Carriers {
        client: Client::new(),
        public_url: "https://voice.example".into(),
        preferred: None,
        accounts: HashMap::from([(carrier, account)]),
        rest_urls: HashMap::from([(carrier, url)]),
        has_audio_socket: false,
    };
    let dialling = Dialling {
        carrier: carrier.name(),
        account: None,
        uuid: None,
        workspace: "w",
        order: "o",
        from: "+15550111",
        to: "+14155550100",
        ring_max: Duration::from_secs(40),
        duration_max: Duration::from_secs(60),
        detects_machines: false,
    };
    let found = carriers.find(&dialling, SINCE_MS, known).await;
    let asked = served.1.lock().expect("free").clone();
    (found, asked)
}

fn call(id: &str, made: &str) -> Value {
    json!({ "sid": id, "from": "+15550111", "to": "+14155550100", "date_created": made })
}

#[tokio::test]
async fn a_carrier_that_has_the_call_tells_its_id() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let query = "?To=%2B14155550100&From=%2B15550111&PageSize=20";
    for (carrier, path) in [
        (Carrier::Twilio, "/2010-04-01/Accounts/A1/Calls.json"),
        (Carrier::Telnyx, "/v2/texml/Accounts/A1/Calls"),
    ] {
        let address: &'static str = format!("{path}{query}").leak();
        let list = json!({ "calls": [call("C2", NOW), call("C1", BEFORE)] });
        let answers = || vec![(address, list.clone())];
        let (known, _) = found(carrier, answers(), &[]).await;
        assert_eq!(known, Ok(FoundCall::Call("C2".into())));
        let (other, asked) = found(carrier, answers(), &["C2".into()]).await;
        assert_eq!((other, asked.len()), (Ok(FoundCall::Nothing), 1));
        let (unsaid, _) = found(carrier, vec![(address, json!({}))], &[]).await;
        assert_eq!(unsaid, Ok(FoundCall::Unknown));
        let (problem, _) = found(carrier, Vec::new(), &[]).await;
        assert_eq!(problem, Err(DialProblem::Gone));
    }
}

#[tokio::test]
async fn a_carrier_that_tells_ids_alone_is_asked_for_each() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let base = "/v1/Account/A1/Call/";
    let at = |rest: &str| -> &'static str { format!("{base}{rest}").leak() };
    let list = |queued: &[&str], live: &[&str], over: Value| {
        vec![
            (at("?status=queued&limit=20"), json!({ "calls": queued })),
            (at("?status=live&limit=20"), json!({ "calls": live })),
            (
                at("?from_number=15550111&to_number=14155550100&limit=20"),
                json!({ "objects": over }),
            ),
        ]
    };
    let whole = |to: &str| json!({ "from": "15550111", "to": to });
    let mut answers = list(&[], &["7a", "7b"], json!([]));
    answers.push((at("7a/?status=live"), whole("4420")));
    answers.push((at("7b/?status=live"), whole("14155550100")));
    let (known, asked) = found(Carrier::Plivo, answers, &[]).await;
    assert_eq!(known, Ok(FoundCall::Call("7b".into())), "{asked:?}");
    assert_eq!(asked.len(), 7);

    let over = json!([{
        "call_uuid": "7c", "from_number": "15550111", "to_number": "14155550100",
        "initiation_time": "2026-08-31 20:36:31+00:00",
    }]);
    let (known, _) = found(Carrier::Plivo, list(&[], &[], over), &[]).await;
    assert_eq!(known, Ok(FoundCall::Call("7c".into())));
    let (known, _) = found(Carrier::Plivo, list(&[], &[], json!([])), &[]).await;
    assert_eq!(known, Ok(FoundCall::Nothing));
    // One that has ended while it was looked for may have been it.
    let (known, _) = found(Carrier::Plivo, list(&["7d"], &[], json!([])), &[]).await;
    assert_eq!(known, Ok(FoundCall::Unknown));
}

#[tokio::test]
async fn what_a_carrier_s_lists_cannot_tell_is_not_known() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (known, asked) = found(Carrier::Exotel, Vec::new(), &[]).await;
    assert_eq!((known, asked.len()), (Ok(FoundCall::Unknown), 0));
    let id = "offhook.w.o";
    let up = vec![("/ari/channels/offhook.w.o", json!({ "id": id }))];
    let (known, _) = found(Carrier::Asterisk, up, &[]).await;
    assert_eq!(known, Ok(FoundCall::Call(id.into())));
    let (known, _) = found(Carrier::Asterisk, Vec::new(), &[]).await;
    assert_eq!(known, Ok(FoundCall::Unknown));
}
