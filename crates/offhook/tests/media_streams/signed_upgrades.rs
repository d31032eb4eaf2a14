//! Genesys signs its requests for sockets: a server that has its secret lets in those alone. The client
//! signs here as its documentation says, by an HTTP message signature over the whole request.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::SinkExt as _;
use ring::hmac;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::addressed::{agent, hears};
use crate::stage::Stage;

const SECRET: &str = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=";
/// What is signed of the headers.
const SIGNED: [(&str, &str); 4] = [
    (
        "audiohook-organization-id",
        "d7934305-0972-4844-938e-9060eef73d05",
    ),
    (
        "audiohook-session-id",
        "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    ),
    (
        "audiohook-correlation-id",
        "e160e428-53e2-487c-977d-96989bf5c99d",
    ),
    ("x-api-key", "any"),
];

/// The headers that sign a request for a socket at that address, by a secret.
fn signature(target: &str, secret: &str) -> [(&'static str, String); 2] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let created = now.expect("a time").as_secs();
    let names = ["@request-target", "@authority"].into_iter();
    let names = names.chain(SIGNED.map(|(name, _)| name));
    let names: Vec<String> = names.map(|it| format!("\"{it}\"")).collect();
    let input = format!(
        "({});keyid=\"any\";nonce=\"VGhpc0lzQVVuaXF1ZU5vbmNl\";alg=\"hmac-sha256\";\
         created={created};expires={}",
        names.join(" "),
        created + 10
    );
    let headers = SIGNED.map(|(name, value)| format!("\"{name}\": {value}\n"));
    let text = format!(
        "\"@request-target\": {target}\n\"@authority\": voice.example\n{}\
         \"@signature-params\": {input}",
        headers.concat()
    );
    let key = STANDARD.decode(secret).expect("base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signature = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
    [
        ("signature-input", format!("sig1={input}")),
        ("signature", format!("sig1=:{signature}:")),
    ]
}

#[tokio::test]
async fn a_server_with_genesys_secret_lets_in_what_genesys_has_signed() {
    let secret = [("GENESYS_CLIENT_SECRET", SECRET)];
    let Some(stage) = Stage::set_in("", &secret).await else {
        return;
    };
    let agent = agent(&stage).await;
    let path = format!("agents/{agent}/web-calls");
    let promised = stage.ask("POST", &path, &json!({})).await;
    let token = promised["token"].as_str().expect("a token");
    let query = format!("?token={token}");
    let target = format!("/v1/media-streams/genesys{query}");
    let with = |signature: &[(&'static str, String); 2]| {
        let signature = signature.clone();
        let (stage, query) = (&stage, query.clone());
        async move {
            let mut headers = SIGNED.to_vec();
            headers.extend(signature.iter().map(|(name, it)| (*name, it.as_str())));
            stage.asks("genesys", &query, &headers).await
        }
    };
    let other = STANDARD.encode("another's secret");
    for wrong in [
        signature(&target, &other),
        signature("/v1/media-streams/genesys?token=x", SECRET),
        [
            ("signature-input", "sig1=()".to_owned()),
            ("signature", String::new()),
        ],
    ] {
        assert_eq!(with(&wrong).await.err(), Some(403));
    }
    assert_eq!(stage.asks("genesys", &query, &[]).await.err(), Some(403));

    let mut socket = with(&signature(&target, SECRET)).await.expect("let in");
    let open = json!({
        "version": "2", "id": "S7", "type": "open", "seq": 1, "serverseq": 0, "position": "PT0S",
        "parameters": { "conversationId": "C7", "media": [
            { "type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8_000 },
        ] },
    });
    let open = Message::text(open.to_string());
    socket.send(open).await.expect("sent");
    assert!(hears(&mut socket).await);
}
