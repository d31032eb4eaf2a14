//! Lists of calls as the carriers document them, and nonsense.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// 31 August 2026, 20:36:28 UTC.
const SINCE_S: i64 = 1_788_208_588;

fn sought(known: &[String]) -> Sought<'_> {
    Sought {
        from: "+15550111",
        to: "+14155550100",
        since_s: SINCE_S,
        id: "offhook.w.o",
        known,
    }
}

fn found(carrier: Carrier, body: &Value, known: &[String]) -> Finding {
    let body = body.to_string();
    carrier
        .sought(200, body.as_bytes(), &sought(known))
        .unwrap()
}

fn call(id: &str, made: &str) -> Value {
    json!({
        "sid": id, "from": "+15550111", "to": "+14155550100", "date_created": made,
        "status": "queued",
    })
}

const NOW: &str = "Mon, 31 Aug 2026 20:36:40 +0000";
const BEFORE: &str = "Mon, 31 Aug 2026 20:30:00 +0000";

#[test]
fn the_call_between_the_two_numbers_since_then_is_found() {
    for carrier in [Carrier::Twilio, Carrier::Telnyx] {
        let other =
            json!({ "sid": "CA9", "from": "+15550111", "to": "+4420", "date_created": NOW });
        let list = json!({ "calls": [other, call("CA1", NOW), call("CA0", BEFORE)] });
        assert_eq!(found(carrier, &list, &[]), Finding::Call("CA1".into()));
        // Another call of ours between them is none.
        assert_eq!(found(carrier, &list, &["CA1".into()]), Finding::Nothing);
        let list = json!({ "calls": [call("CA0", BEFORE)] });
        assert_eq!(found(carrier, &list, &[]), Finding::Nothing);
        assert_eq!(
            found(carrier, &json!({ "calls": [] }), &[]),
            Finding::Nothing
        );
    }
    let over = json!({ "objects": [{
        "call_uuid": "7a", "from_number": "15550111", "to_number": "14155550100",
        "initiation_time": "2026-09-01 02:06:40+05:30",
    }] });
    assert_eq!(
        found(Carrier::Plivo, &over, &[]),
        Finding::Call("7a".into())
    );
}

#[test]
fn lists_in_the_words_of_others_are_read_too() {
    let party = |number: &str| json!({ "type": "phone", "number": number });
    let vonage = |status: &str, at: Value| {
        json!({ "count": 1, "_embedded": { "calls": [{
            "uuid": "7a", "to": party("14155550100"), "from": party("15550111"),
            "status": status, "direction": "outbound", "start_time": at,
        }] } })
    };
    let call = Finding::Call("7a".into());
    let at = |text: &str| Value::from(text);
    for (status, at, finding) in [
        ("completed", at("2026-08-31 20:36:40"), &call),
        ("completed", at("2026-08-31T20:36:40.000Z"), &call),
        ("completed", at("2026-08-31 20:30:00"), &Finding::Nothing),
        ("completed", Value::Null, &Finding::Unknown),
        ("ringing", Value::Null, &call),
        ("started", Value::Null, &call),
    ] {
        let list = vonage(status, at);
        assert_eq!(found(Carrier::Vonage, &list, &[]), *finding, "{list}");
    }
    let live = json!([{
        "call_sid": "7a", "from": "+15550111", "to": "+14155550100", "call_status": "ringing",
        "direction": "outbound",
    }]);
    assert_eq!(found(Carrier::Jambonz, &live, &[]), call);
    assert_eq!(
        found(Carrier::Jambonz, &live, &["7a".into()]),
        Finding::Nothing
    );
    for (at, finding) in [
        (json!((SINCE_S + 9) * 1_000), &call),
        (json!((SINCE_S - 900) * 1_000), &Finding::Nothing),
        (json!("2026-08-31T20:36:40.000Z"), &call),
    ] {
        let over = json!({ "total": 1, "page": "1", "data": [{
            "call_sid": "7a", "from": "+15550111", "to": "+14155550100", "answered": false,
            "attempted_at": at, "direction": "outbound",
        }] });
        assert_eq!(found(Carrier::Jambonz, &over, &[]), *finding, "{over}");
    }
}

#[test]
fn a_channel_is_found_by_our_id_or_nothing_is_known_of_it() {
    let read = |status: u16, body: &str| {
        let asked = Carrier::Asterisk.sought(status, body.as_bytes(), &sought(&[]));
        asked.unwrap()
    };
    let call = Finding::Call("offhook.w.o".into());
    assert_eq!(read(200, r#"{"id":"offhook.w.o","state":"Ringing"}"#), call);
    assert_eq!(
        read(404, r#"{"message":"Channel not found"}"#),
        Finding::Unknown
    );
    let account = Account {
        id: "u",
        key: "p",
        application: None,
    };
    let asked = Carrier::Asterisk.seek("http://pbx:8088", &account, &sought(&[]));
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].url, "http://pbx:8088/ari/channels/offhook.w.o");
    assert!(
        Carrier::Exotel
            .seek("https://a", &account, &sought(&[]))
            .is_empty()
    );
}

#[test]
fn what_is_told_by_its_id_alone_is_looked_at() {
    let live = json!({ "api_id": "a", "calls": ["7a", "7b"] });
    let look = |ids: &[&str]| Finding::Look(ids.iter().map(|it| (*it).to_owned()).collect());
    assert_eq!(found(Carrier::Plivo, &live, &[]), look(&["7a", "7b"]));
    assert_eq!(found(Carrier::Plivo, &live, &["7a".into()]), look(&["7b"]));
    let many: Vec<String> = (0..PAGE).map(|it| it.to_string()).collect();
    let many = json!({ "calls": many });
    assert_eq!(found(Carrier::Plivo, &many, &[]), Finding::Unknown);
    let whole = br#"{"call_uuid":"7a","from":"15550111","to":"14155550100"}"#;
    let looked = |body: &[u8]| Carrier::Plivo.looked(200, body, &sought(&[]));
    assert_eq!(looked(whole), Ok(true));
    assert_eq!(looked(br#"{"from":"15550111","to":"1"}"#), Ok(false));
    let gone = Carrier::Plivo.looked(404, b"{}", &sought(&[]));
    assert_eq!(gone, Err(RestProblem::Gone));
}

#[test]
fn what_is_not_told_for_certain_is_not_known() {
    let list = json!({ "calls": [call("CA1", "yesterday")] });
    assert_eq!(found(Carrier::Twilio, &list, &[]), Finding::Unknown);
    // A page that does not reach back far enough.
    let known: Vec<String> = (0..PAGE).map(|it| format!("CA{it}")).collect();
    let page: Vec<Value> = known.iter().map(|it| call(it, NOW)).collect();
    let list = json!({ "calls": page });
    assert_eq!(found(Carrier::Twilio, &list, &known), Finding::Unknown);
    // An answer that was cut off, or of another kind.
    for body in [&b"{\"calls\":[{\"sid\""[..], b"", b"{}", b"[]"] {
        let read = Carrier::Twilio.sought(200, body, &sought(&[]));
        assert_eq!(read, Ok(Finding::Unknown));
    }
    let refused = Carrier::Twilio.sought(401, b"", &sought(&[]));
    assert_eq!(refused, Err(RestProblem::Key));
}

proptest! {
    #[test]
    fn no_answer_breaks_the_reader(
        body in prop::collection::vec(any::<u8>(), 0..200),
        made in ".{0,30}",
        field in "sid|call_sid|call_uuid|from|to|date_created|initiation_time",
    ) {
        let list = json!({ "calls": [call("CA1", &made), { field: 7 }, "x"], "objects": 7 });
        for carrier in Carrier::ALL {
            let _ = carrier.sought(200, &body, &sought(&[]));
            let _ = carrier.looked(200, &body, &sought(&[]));
            let _ = found(carrier, &list, &[]);
        }
    }
}
