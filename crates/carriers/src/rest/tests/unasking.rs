//! Asterisk and Exotel, which do not ask what to do with a call, as they document what they are asked for
//! and what they tell.

use super::*;

#[test]
fn what_asterisk_tells_of_its_channels_is_read() {
    let event = |kind: &str, state: &str, cause: i64| {
        let event = json!({
            "type": kind, "application": "offhook", "cause": cause,
            "channel": { "id": "offhook.w.o", "state": state, "name": "PJSIP/trunk-1" },
        });
        asterisk_news(&event.to_string()).map(|it| (it.id, it.stage))
    };
    let told = |stage: Stage| Some(("offhook.w.o".to_owned(), Some(stage)));
    for (kind, state, cause, stage) in [
        ("ChannelStateChange", "Ringing", 0, Stage::Ringing),
        ("ChannelStateChange", "Up", 0, Stage::Answered),
        ("ChannelDestroyed", "Up", 16, Stage::Completed),
        ("ChannelDestroyed", "Ringing", 17, Stage::Busy),
        ("ChannelDestroyed", "Ringing", 21, Stage::Busy),
        ("ChannelDestroyed", "Ringing", 19, Stage::NoAnswer),
        ("ChannelDestroyed", "Down", 0, Stage::NoAnswer),
        ("ChannelDestroyed", "Down", 34, Stage::Failed),
    ] {
        assert_eq!(
            event(kind, state, cause),
            told(stage),
            "{kind} {state} {cause}"
        );
    }
    assert_eq!(event("ChannelVarset", "Up", 0), None);
    assert_eq!(asterisk_news("[]"), None);
}

const OUTGOING: Outgoing<'_> = Outgoing {
    from: "+15550111",
    to: "+14155550100",
    answer_url: "https://voice.example/a/answer",
    status_url: "https://voice.example/a/status",
    ring_max_s: 40,
    duration_max_s: 630,
    detects_machines: false,
    id: "offhook.w.o",
    uuid: "40325ec2-5efd-8bd3-805f-53576e581d13",
    stream_url: "wss://voice.example/v1/media-streams/exotel",
};

#[test]
fn asterisk_is_asked_for_a_channel_that_the_dialplan_brings() {
    let account = Account {
        id: "user",
        key: "pass",
        application: Some("PJSIP/{number}@trunk"),
    };
    let asked = Carrier::Asterisk.place("http://pbx:8088", &account, &OUTGOING);
    assert_eq!(asked.url, "http://pbx:8088/ari/channels");
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let wanted = json!({
        "endpoint": "PJSIP/+14155550100@trunk", "context": "offhook", "extension": "s",
        "priority": 1, "callerId": "+15550111", "timeout": 40, "channelId": "offhook.w.o",
        "variables": { "OFFHOOK_UUID": OUTGOING.uuid, "TIMEOUT(absolute)": "670" },
    });
    assert_eq!(body, wanted);
    let events = asterisk_events("https://pbx:8089", &account, "offhook-n 1");
    let wanted = "wss://pbx:8089/ari/events?app=offhook-n+1&subscribeAll=true";
    assert_eq!(events.url, wanted);
    let is_taken = |application| Carrier::Asterisk.takes_application(application);
    assert!(is_taken(account.application) && !is_taken(None) && !is_taken(Some("PJSIP/trunk")));
}

#[test]
fn what_exotel_tells_comes_at_addresses_that_nobody_can_guess() {
    let account = Account {
        id: "acc1",
        key: "key:token",
        application: None,
    };
    let asked = Carrier::Exotel.place("https://api.exotel.com", &account, &OUTGOING);
    let url = "https://api.exotel.com/v1/Accounts/acc1/Calls/connect.json";
    assert_eq!(asked.url, url);
    let fields: Vec<(String, String)> = form_urlencoded::parse(asked.body.as_bytes())
        .into_owned()
        .collect();
    let field = |name: &str| {
        let mut found = fields.iter().filter(|(it, _)| it == name);
        found.next().map_or("", |(_, it)| it)
    };
    assert_eq!(
        (field("From"), field("CallerId")),
        (OUTGOING.to, OUTGOING.from)
    );
    let stream = format!("{}?token={}", OUTGOING.stream_url, OUTGOING.uuid);
    assert_eq!(field("StreamUrl"), stream);
    assert_eq!((field("TimeOut"), field("TimeLimit")), ("40", "630"));
    let told = Webhook {
        url: field("StatusCallback"),
        ..webhook("")
    };
    assert_eq!(Carrier::Exotel.verify("key:token", &told), Ok(()));
    assert_eq!(
        Carrier::Exotel.verify("key:other", &told),
        Err(SignatureProblem::Wrong)
    );
    for url in [OUTGOING.status_url, &told.url.replace("/a/", "/b/")] {
        let other = Webhook { url, ..told };
        assert!(Carrier::Exotel.verify("key:token", &other).is_err());
    }
}

#[test]
fn what_exotel_tells_is_read_as_it_comes() {
    let parts = "--x\r\nContent-Disposition: form-data; name=\"CallSid\"\r\n\r\n7d\r\n--x\r\n\
                 Content-Disposition: form-data; name=\"Status\"\r\n\r\nno-answer\r\n--x--\r\n";
    for (kind, body, stage) in [
        (
            "application/json",
            r#"{"CallSid":"7d","Status":"busy","EventType":"terminal"}"#,
            Stage::Busy,
        ),
        (
            "application/json",
            r#"{"CallSid":"7d","Status":"in-progress","EventType":"ringing"}"#,
            Stage::Ringing,
        ),
        (
            "application/x-www-form-urlencoded",
            "CallSid=7d&Status=failed",
            Stage::Failed,
        ),
        ("multipart/form-data; boundary=x", parts, Stage::NoAnswer),
    ] {
        let headers = [("content-type", kind)];
        let told = Webhook {
            headers: &headers,
            ..webhook(body)
        };
        let told = Carrier::Exotel.progress(&told).unwrap();
        assert_eq!((&*told.id, told.stage), ("7d", Some(stage)), "{body}");
    }
}
