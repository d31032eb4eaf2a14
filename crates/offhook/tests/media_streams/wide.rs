//! Calls whose streams are asked for other audio than the carrier's usual, as the settings say: the
//! document asks for it, and the agent is heard in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::SinkExt as _;
use offhook_media::{Codec, Decoder, Encoder, Frame, Level, Packet, SampleRate};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::incoming::{CARRIERS, Simulated};
use crate::next;
use crate::stage::Stage;

/// Packets until an agent that speaks is certainly heard.
const PACKETS_MAX: usize = 150;
/// What is louder is no silence.
const VOICE_DBFS: f32 = -50.0;

/// A server whose settings ask for this audio, and an agent at the number that is called.
async fn stage(audio: &str) -> Option<Stage> {
    let stage = Stage::set_with(&format!("[telephony.audio]\n{audio}\n")).await?;
    let agent =
        json!({ "name": "Ann", "prompt": "Be brief.", "first_message": "Hello, Ann here." });
    let agent = stage.ask("POST", "agents", &agent).await;
    let number = json!({ "phoneNumber": "+15550111", "agentId": agent["id"] });
    stage.json("POST", "/agentphone/v1/numbers", &number).await;
    Some(stage)
}

/// A call rings; its stream is coded so both ways, at this rate, and the agent is heard.
async fn is_heard(stage: &Stage, name: &str, codec: Codec, rate: SampleRate) {
    let found = CARRIERS.into_iter().find(|it| it.name == name);
    let carrier: Simulated = found.expect("a carrier");
    let form = format!("{}&To={}", carrier.form, carrier.called());
    let (status, document) = carrier.rings(stage, &form, &carrier.signed(&form)).await;
    assert_eq!(status, 200, "{document}");
    let mut socket = stage.socket(name).await;
    let start = carrier.start(&document).to_string();
    socket.send(Message::text(start)).await.expect("sent");
    let mut decoder = Decoder::new(codec, rate).expect("a decoder");
    let mut encoder = Encoder::new(codec, rate).expect("an encoder");
    let mut packet = Packet::empty();
    let mut is_heard = false;
    for _ in 0..PACKETS_MAX {
        let quiet = Frame::silence(rate);
        encoder.encode(&quiet, &mut packet).expect("encoded");
        let payload = STANDARD.encode(packet.payload());
        let media = json!({ "event": "media", "media": { "payload": payload } });
        let media = Message::text(media.to_string());
        socket.send(media).await.expect("sent");
        let media = next(&mut socket, carrier.audio).await.expect("audio");
        let payload = media["media"]["payload"].as_str().expect("base64");
        let payload = STANDARD.decode(payload).expect("base64");
        if let Some(bytes) = codec.frame_bytes(rate) {
            assert_eq!(payload.len(), bytes, "{name}, {codec}");
        }
        let mut samples = Vec::new();
        decoder
            .decode(&payload, &mut samples)
            .expect("of this codec");
        assert_eq!(samples.len(), rate.frame_samples(), "{name}, {codec}");
        if Level::of(&samples).rms_dbfs > VOICE_DBFS {
            is_heard = true;
            break;
        }
    }
    assert!(is_heard, "nobody is heard over {name} in {codec}");
}

#[tokio::test]
async fn a_carrier_that_is_asked_for_16_bit_samples_at_16_khz_gets_the_same() {
    let Some(stage) = stage("telnyx = \"l16-16000\"\nplivo = \"l16-16000\"").await else {
        return;
    };
    let rate = SampleRate::HZ_16000;
    is_heard(&stage, "telnyx", Codec::L16BigEndian, rate).await;
    is_heard(&stage, "plivo", Codec::L16LittleEndian, rate).await;
}

#[tokio::test]
async fn a_carrier_that_is_asked_for_g722_gets_the_same() {
    let Some(stage) = stage("telnyx = \"g722\"").await else {
        return;
    };
    is_heard(&stage, "telnyx", Codec::G722, SampleRate::HZ_16000).await;
}

#[tokio::test]
async fn a_carrier_that_is_asked_for_opus_gets_the_same() {
    let Some(stage) = stage("telnyx = \"opus\"").await else {
        return;
    };
    is_heard(&stage, "telnyx", Codec::Opus, SampleRate::HZ_16000).await;
}

#[tokio::test]
async fn a_carrier_that_is_asked_for_a_law_gets_the_same() {
    let Some(stage) = stage("telnyx = \"pcma\"").await else {
        return;
    };
    is_heard(&stage, "telnyx", Codec::ALaw, SampleRate::HZ_8000).await;
}
