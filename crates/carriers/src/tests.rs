//! Requests as the carriers document them, answers read by another parser, and nonsense.

use proptest::prelude::*;

use super::*;

fn webhook<'r>(url: &'r str, body: &'r str) -> Webhook<'r> {
    Webhook {
        url,
        headers: &[],
        body: body.as_bytes(),
        now_s: 1_700_000_000,
    }
}

/// Those that are answered in XML.
const XML: [Carrier; 3] = [Carrier::Twilio, Carrier::Telnyx, Carrier::Plivo];
const HERE: &str = "https://voice.example/v1/carriers/any/incoming";

#[test]
fn twilio_s_own_example_of_a_signature_is_right() {
    // "Webhooks security", with the port as it is written there.
    let url = "https://example.com/myapp.php?foo=1&bar=2";
    let body = "CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310\
                &To=%2B18005551212";
    let headers = [("x-twilio-signature", "L/OH5YylLD5NRKLltdqwSvS0BnU=")];
    let right = Webhook {
        headers: &headers,
        ..webhook(url, body)
    };
    let documented = Carrier::Twilio.verify("12345", &right);
    let mut other = right;
    other.body = b"CallSid=CA1";
    assert_eq!(
        Carrier::Twilio.verify("12345", &other),
        Err(SignatureProblem::Wrong)
    );
    assert_eq!(documented, Ok(()));
}

#[test]
fn calls_are_read_with_what_the_address_says() {
    let url = "https://voice.example/in?campaign=spring+sale&vip=1#part";
    let body = "CallSid=CA1&From=%2B15550100&To=%2B15550111&AccountSid=AC1&CallStatus=ringing";
    for carrier in [Carrier::Twilio, Carrier::Telnyx] {
        let call = carrier.incoming(&webhook(url, body)).unwrap();
        assert_eq!((&*call.id, &*call.from), ("CA1", "+15550100"));
        assert_eq!(call.to, "+15550111");
        assert_eq!(call.parameters["campaign"], "spring sale");
        assert_eq!(call.parameters["vip"], "1");
    }
    let body = "CallUUID=7a1&From=15550100&To=15550111&Direction=inbound&Event=StartApp";
    let call = Carrier::Plivo.incoming(&webhook(HERE, body)).unwrap();
    assert_eq!((&*call.from, &*call.to), ("+15550100", "+15550111"));
    let body = "CallUUID=7a1&From=anonymous&To=sip%3Aann%40phone.plivo.com";
    let call = Carrier::Plivo.incoming(&webhook(HERE, body)).unwrap();
    assert_eq!(
        (&*call.from, &*call.to),
        ("anonymous", "sip:ann@phone.plivo.com")
    );
}

#[test]
fn who_does_not_say_who_they_are_calls_all_the_same() {
    let call = Carrier::Twilio.incoming(&webhook(HERE, "CallSid=CA1&To=%2B15550111&From="));
    assert_eq!(call.unwrap().from, "");
    let missing = Carrier::Twilio.incoming(&webhook(HERE, "CallSid=CA1&From=%2B1"));
    assert_eq!(missing, Err(WebhookProblem::Missing("To")));
    let body = format!("CallSid=CA1&To={}", "1".repeat(300));
    let long = Carrier::Twilio.incoming(&webhook(HERE, &body));
    assert_eq!(long, Err(WebhookProblem::TooLong("To")));
}

/// The names of the elements of a document, its attributes and texts, in order.
fn read(document: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(document).unwrap();
    let mut found = Vec::new();
    for node in document.descendants().skip(1) {
        if node.is_element() {
            found.push(node.tag_name().name().to_owned());
        }
        found.extend(
            node.attributes()
                .map(|it| format!("{}={}", it.name(), it.value())),
        );
        if node.is_text() {
            found.push(node.text().unwrap_or_default().to_owned());
        }
    }
    found
}

#[test]
fn a_stream_is_asked_for_in_each_carrier_s_words() {
    let url = "wss://voice.example/v1/media-streams/any?a=1&b=2";
    let answer = Answer::Stream {
        url,
        token: "ws_1.t_2.x",
        call_id: "CA1",
        audio: Audio::Pcmu,
    };
    assert_eq!(
        Carrier::Twilio.document(&answer).text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Connect><Stream \
         url=\"wss://voice.example/v1/media-streams/any?a=1&amp;b=2\"><Parameter name=\"token\" \
         value=\"ws_1.t_2.x\"/></Stream></Connect></Response>"
    );
    let telnyx = read(&Carrier::Telnyx.document(&answer).text);
    for part in [
        "url=wss://voice.example/v1/media-streams/any?a=1&b=2",
        "bidirectionalMode=rtp",
        "bidirectionalCodec=PCMU",
        "value=ws_1.t_2.x",
    ] {
        assert!(telnyx.iter().any(|it| it == part), "{telnyx:?}");
    }
    let plivo = read(&Carrier::Plivo.document(&answer).text);
    assert_eq!(plivo.last().map(String::as_str), Some(url));
    let headers = plivo.iter().find_map(|it| it.strip_prefix("extraHeaders="));
    let (_, token) = headers.unwrap().split_once('=').unwrap();
    assert!(token.bytes().all(|it| it.is_ascii_alphanumeric()));
    assert_eq!(Carrier::Plivo.token(token).as_deref(), Some("ws_1.t_2.x"));
    for carrier in [Carrier::Twilio, Carrier::Telnyx] {
        assert_eq!(carrier.token("ws_1").as_deref(), Some("ws_1"));
    }
}

#[test]
fn a_stream_is_asked_for_the_audio_that_is_wanted() {
    let asked = |carrier: Carrier, audio| {
        let (url, token, call_id) = ("wss://a", "t", "c");
        let answer = Answer::Stream {
            url,
            token,
            call_id,
            audio,
        };
        read(&carrier.document(&answer).text)
    };
    for (audio, codec, rate, told) in [
        (Audio::Pcmu, "PCMU", 8_000, "PCMU"),
        (Audio::Pcma, "PCMA", 8_000, "PCMA"),
        (Audio::G722, "G722", 16_000, "G722"),
        (Audio::Opus, "OPUS", 16_000, "OPUS"),
        (Audio::L16(8_000), "L16", 8_000, "L16/8000"),
        (Audio::L16(16_000), "L16", 16_000, "L16/16000"),
    ] {
        let said = asked(Carrier::Telnyx, audio);
        for part in [
            format!("codec={codec}"),
            format!("bidirectionalCodec={codec}"),
            format!("bidirectionalSamplingRate={rate}"),
            format!("value={told}"),
        ] {
            assert!(said.contains(&part), "{part} is missing in {said:?}");
        }
    }
    for (audio, kind) in [
        (Audio::Pcmu, "contentType=audio/x-mulaw;rate=8000"),
        (Audio::L16(8_000), "contentType=audio/x-l16;rate=8000"),
        (Audio::L16(16_000), "contentType=audio/x-l16;rate=16000"),
    ] {
        let said = asked(Carrier::Plivo, audio);
        assert!(said.iter().any(|it| it == kind), "{said:?}");
    }
}

#[test]
fn a_busy_line_and_a_last_word_are_told_in_each_carrier_s_words() {
    let busy = |carrier: Carrier| read(&carrier.document(&Answer::Busy).text);
    assert_eq!(busy(Carrier::Twilio), ["Response", "Reject", "reason=busy"]);
    assert_eq!(busy(Carrier::Telnyx), ["Response", "Reject", "reason=busy"]);
    assert_eq!(busy(Carrier::Plivo), ["Response", "Hangup", "reason=busy"]);
    for (carrier, verb) in [
        (Carrier::Twilio, "Say"),
        (Carrier::Telnyx, "Say"),
        (Carrier::Plivo, "Speak"),
    ] {
        let said = read(&carrier.document(&Answer::Say("Ann & \"Bob\" <3")).text);
        assert_eq!(said, ["Response", verb, "Ann & \"Bob\" <3", "Hangup"]);
    }
}

#[test]
fn what_is_no_signature_is_named() {
    let unsigned = webhook(HERE, "CallSid=CA1");
    for (carrier, header) in [
        (Carrier::Twilio, "x-twilio-signature"),
        (Carrier::Telnyx, "telnyx-signature-ed25519"),
        (Carrier::Plivo, "x-plivo-signature-v3-nonce"),
    ] {
        let missing = Err(SignatureProblem::Missing(header));
        assert_eq!(carrier.verify("key", &unsigned), missing);
    }
    let headers = [
        ("telnyx-signature-ed25519", "AAAA"),
        ("telnyx-timestamp", "1700000000"),
    ];
    let signed = Webhook {
        headers: &headers,
        ..unsigned
    };
    assert_eq!(
        Carrier::Telnyx.verify("key", &signed),
        Err(SignatureProblem::Key)
    );
    let late = Webhook {
        now_s: 1_700_000_301,
        ..signed
    };
    let stale = Err(SignatureProblem::Stale { max_s: 300 });
    assert_eq!(Carrier::Telnyx.verify("key", &late), stale);
}

proptest! {
    #[test]
    fn no_request_breaks_the_reader(
        url in "(https?:)?(//)?[a-z:0-9/?#&=%é]{0,40}",
        body in prop::collection::vec(any::<u8>(), 0..200),
        signature in ".{0,60}",
        time in "[-0-9]{0,22}",
    ) {
        let headers = [
            ("x-twilio-signature", &*signature),
            ("x-plivo-signature-v3", &*signature),
            ("x-plivo-signature-v3-nonce", &*signature),
            ("telnyx-signature-ed25519", &*signature),
            ("telnyx-timestamp", &*time),
        ];
        let webhook = Webhook { url: &url, headers: &headers, body: &body, now_s: i64::MAX };
        for carrier in Carrier::ALL {
            prop_assert!(carrier.verify("key", &webhook).is_err());
            let _ = carrier.incoming(&webhook);
            let _ = carrier.token(&signature);
        }
    }

    #[test]
    fn every_text_can_be_said(text in ".{0,60}", token in "[a-z0-9_.]{1,80}") {
        for carrier in XML {
            let said = carrier.document(&Answer::Say(&text)).text;
            prop_assert!(roxmltree::Document::parse(&said).is_ok(), "{}", said);
            let stream = Answer::Stream { url: &text, token: &token, call_id: "", audio: Audio::Pcmu };
            let stream = carrier.document(&stream).text;
            prop_assert!(roxmltree::Document::parse(&stream).is_ok(), "{}", stream);
        }
        if let Some(brought) = Carrier::Plivo
            .document(&Answer::Stream { url: "wss://a", token: &token, call_id: "", audio: Audio::Pcmu })
            .text
            .split_once("token=")
            .and_then(|(_, rest)| rest.split_once('"').map(|(token, _)| token.to_owned()))
        {
            prop_assert_eq!(Carrier::Plivo.token(&brought), Some(token));
        }
    }
}
