//! Requests and answers of those that speak JSON, as they document them. The signed
//! requests were taken by Vonage's `vonage-jwt` 1.1.5 and jambonz' `jambonz-python-sdk` 0.4.0.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::hmac;
use serde_json::{Value, json};

use super::*;

const NOW_S: i64 = 1_700_000_000;
const SECRET: &str = "XsA09z2MhUxYcdbXaUX3aTT7TzGHnCQfJOl9";
const VONAGE: &str = "{\"from\":\"15550100\",\"to\":\"15550111\",\"uuid\":\"aaaaaaaa-bbbb\",\
                      \"conversation_uuid\":\"CON-1\"}";
const TOKEN: &str = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3MDAwMDAwMDAsImp0aSI6\
                     ImM1YmE4ZjI0IiwiaXNzIjoiVm9uYWdlIiwicGF5bG9hZF9oYXNoIjoiZWViYzdhM2U3MzRjZjcz\
                     OTdhYTZhYjhlZmY0NGEzNGUxYWQ2Y2EzMDMzYjA2MzQ0Yzc5YWMxZTY5YzFlMWM3YiIsImFwaV9r\
                     ZXkiOiJhYmNkMTIzNCJ9.Itbfgl8_1JILFBlQFNtcD_rhHSyMVDkze-0dM0JZ07c";
const JAMBONZ: &str = "{\"call_sid\":\"ff09e8b5\",\"direction\":\"inbound\",\"from\":\"+15550100\",\
                       \"to\":\"+15550111\",\"call_status\":\"trying\"}";
const SIGNATURE: &str =
    "t=1700000000,v1=d1d94e824bc811fd69ddae3e7567c709f1491f6b6ffa09e2ace42cf59ab2f045";

fn verified(
    carrier: Carrier,
    key: &str,
    header: &str,
    body: &str,
    now_s: i64,
) -> Result<(), SignatureProblem> {
    let name = match carrier {
        Carrier::Vonage => "authorization",
        _ => "jambonz-signature",
    };
    let webhook = Webhook {
        url: "https://voice.example/v1/carriers/any/incoming",
        headers: &[(name, header)],
        body: body.as_bytes(),
        now_s,
    };
    carrier.verify(key, &webhook)
}

/// A token of these claims, signed with the secret.
fn token(head: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(head), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("Bearer {signed}.{signature}")
}

#[test]
fn what_their_own_packages_take_is_taken() {
    let vonage = verified(Carrier::Vonage, SECRET, TOKEN, VONAGE, NOW_S + 200);
    assert_eq!(vonage, Ok(()));
    let jambonz = verified(
        Carrier::Jambonz,
        "wh_secret_7",
        SIGNATURE,
        JAMBONZ,
        NOW_S - 299,
    );
    assert_eq!(jambonz, Ok(()));
    let older = format!("{SIGNATURE},v1=00");
    let both = verified(Carrier::Jambonz, "wh_secret_7", &older, JAMBONZ, NOW_S);
    assert_eq!(both, Ok(()));
}

#[test]
fn what_was_changed_is_not() {
    for (carrier, key, header, body) in [
        (Carrier::Vonage, SECRET, TOKEN, VONAGE),
        (Carrier::Jambonz, "wh_secret_7", SIGNATURE, JAMBONZ),
    ] {
        let other = body.replace("5550100", "5550199");
        let wrong = Err(SignatureProblem::Wrong);
        assert_eq!(verified(carrier, key, header, &other, NOW_S), wrong);
        assert_eq!(verified(carrier, "another", header, body, NOW_S), wrong);
        let stale = Err(SignatureProblem::Stale { max_s: 300 });
        assert_eq!(verified(carrier, key, header, body, NOW_S + 301), stale);
        for nothing in [
            "",
            "Bearer",
            "Bearer a.b.c",
            "Bearer ..",
            "t=1",
            "v1=00",
            "t=,v1=",
        ] {
            assert!(verified(carrier, key, nothing, body, NOW_S).is_err());
        }
        let cut = &header[..header.len() - 2];
        assert_eq!(verified(carrier, key, cut, body, NOW_S), wrong);
    }
}

#[test]
fn a_token_says_when_it_was_made_of_which_body_and_by_which_algorithm() {
    let head = json!({ "alg": "HS256", "typ": "JWT" });
    let digest = "eebc7a3e734cf7397aa6ab8eff44a34e1ad6ca3033b06344c79ac1e69c1e1c7b";
    let whole = json!({ "iat": NOW_S, "payload_hash": digest });
    let is_taken = |header: &str| verified(Carrier::Vonage, SECRET, header, VONAGE, NOW_S).is_ok();
    assert!(is_taken(&token(&head, &whole)));
    for (head, claims) in [
        (json!({ "alg": "none" }), whole.clone()),
        (json!({ "alg": "HS512" }), whole.clone()),
        (json!([]), whole),
        (head.clone(), json!({ "iat": NOW_S })),
        (head.clone(), json!({ "iat": NOW_S, "payload_hash": "00" })),
        (head.clone(), json!({ "payload_hash": digest })),
        (head, json!({ "iat": i64::MIN, "payload_hash": digest })),
    ] {
        assert!(!is_taken(&token(&head, &claims)), "{head} {claims}");
    }
}

fn webhook<'r>(url: &'r str, body: &'r str) -> Webhook<'r> {
    Webhook {
        url,
        headers: &[],
        body: body.as_bytes(),
        now_s: NOW_S,
    }
}

#[test]
fn calls_are_read_with_what_the_address_says() {
    let url = "https://voice.example/in?campaign=spring+sale";
    for (carrier, body, id) in [
        (Carrier::Vonage, VONAGE, "aaaaaaaa-bbbb"),
        (Carrier::Jambonz, JAMBONZ, "ff09e8b5"),
    ] {
        let call = carrier.incoming(&webhook(url, body)).unwrap();
        assert_eq!(
            (&*call.id, &*call.from, &*call.to),
            (id, "+15550100", "+15550111")
        );
        assert_eq!(call.parameters["campaign"], "spring sale");
        for (body, problem) in [
            ("", WebhookProblem::Missing("call_sid")),
            ("[]", WebhookProblem::Missing("call_sid")),
            (r#"{"call_sid":{}}"#, WebhookProblem::Missing("call_sid")),
            (r#"{"call_sid":"a"}"#, WebhookProblem::Missing("to")),
        ] {
            let read = carrier.incoming(&webhook(url, &body.replace("call_sid", "uuid")));
            let found = Carrier::Jambonz.incoming(&webhook(url, body));
            assert_eq!(found, Err(problem));
            assert!(read.is_err());
        }
    }
    let unknown = r#"{"call_sid":"a","from":"","to":"ann@sip.example"}"#;
    let call = Carrier::Jambonz.incoming(&webhook(url, unknown)).unwrap();
    assert_eq!((&*call.from, &*call.to), ("", "ann@sip.example"));
}

fn said(carrier: Carrier, answer: &Answer<'_>) -> Value {
    let document = carrier.document(answer);
    assert_eq!(document.content_type, "application/json");
    serde_json::from_str(&document.text).unwrap()
}

#[test]
fn a_stream_is_asked_for_in_each_one_s_words() {
    let answer = Answer::Stream {
        url: "wss://voice.example/v1/media-streams/any",
        token: "ws_1",
        call_id: "CA1",
        audio: crate::Audio::L16(16_000),
    };
    let connect = said(Carrier::Vonage, &answer);
    assert_eq!(
        connect,
        json!([{ "action": "connect", "endpoint": [{
            "type": "websocket",
            "uri": "wss://voice.example/v1/media-streams/any",
            "content-type": "audio/l16;rate=16000",
            "headers": { "token": "ws_1", "call_id": "CA1" },
        }] }])
    );
    let verbs = said(Carrier::Jambonz, &answer);
    let names = verbs.as_array().unwrap().iter().map(|it| &it["verb"]);
    assert!(names.eq(["answer", "listen", "hangup"].iter()));
    let listen = &verbs[1];
    assert_eq!(listen["url"], "wss://voice.example/v1/media-streams/any");
    assert_eq!(listen["metadata"], json!({ "token": "ws_1" }));
    assert_eq!(
        listen["sampleRate"],
        listen["bidirectionalAudio"]["sampleRate"]
    );
    assert_eq!(listen["bidirectionalAudio"]["streaming"], true);
}

#[test]
fn who_is_not_connected_hears_why_or_a_busy_line() {
    let say = Answer::Say("No \"service\".");
    let spoken = said(Carrier::Vonage, &say);
    assert_eq!(
        spoken,
        json!([{ "action": "talk", "text": "No \"service\"." }])
    );
    assert_eq!(said(Carrier::Jambonz, &say)[0]["text"], "No \"service\".");
    let busy = said(Carrier::Jambonz, &Answer::Busy);
    assert_eq!(
        (&busy[0]["verb"], &busy[0]["status"]),
        (&json!("sip:decline"), &json!(486))
    );
    assert!(
        said(Carrier::Vonage, &Answer::Busy)
            .to_string()
            .contains("busy")
    );
    assert_eq!(said(Carrier::Vonage, &Answer::HangUp), json!([]));
    assert_eq!(
        said(Carrier::Jambonz, &Answer::HangUp),
        json!([{ "verb": "hangup" }])
    );
}

#[test]
fn everyone_is_found_by_name_and_has_a_variable_of_its_own() {
    for carrier in Carrier::ALL {
        assert_eq!(Carrier::named(carrier.name()), Some(carrier));
        let same = Carrier::ALL.into_iter();
        let same = same.filter(|it| it.key_variable() == carrier.key_variable());
        assert_eq!(same.count(), 1);
    }
    assert_eq!(Carrier::named("pigeon"), None);
}

proptest! {
    #[test]
    fn no_request_breaks_the_reader(body in ".{0,200}", header in ".{0,200}") {
        for carrier in [Carrier::Vonage, Carrier::Jambonz] {
            let _ = verified(carrier, SECRET, &header, &body, NOW_S);
            let _ = verified(carrier, SECRET, &format!("Bearer {header}"), &body, i64::MIN);
            let _ = carrier.incoming(&webhook("https://a", &body));
        }
    }
}
