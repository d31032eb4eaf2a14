//! Audio as carriers code it beside µ-law, and audio that comes out of order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_contract::LegControl;
use offhook_media::{Codec, Decoder, Encoder, Packet};
use serde_json::{Value, json};

use super::carrier::Came;
use super::*;

/// A stream of this carrier whose start says otherwise.
async fn started(tongue: Tongue, change: impl FnOnce(&mut Value)) -> (Server, Carrier, Leg) {
    let mut server = serve(tongue, SocketLimits::default());
    let mut carrier = server.carrier().await;
    let mut start = tongue.start(&json!({ "token": "right" }));
    change(&mut start);
    carrier.say(start).await;
    let (near, _) = server.streams.recv().await.unwrap();
    (server, carrier, near)
}

fn coded(codec: Codec, rate: SampleRate, value: i16) -> Vec<u8> {
    let mut packet = Packet::empty();
    let frame = Frame::padded(rate, &vec![value; rate.frame_samples()]);
    let mut encoder = Encoder::new(codec, rate).unwrap();
    encoder.encode(&frame, &mut packet).unwrap();
    packet.payload().to_vec()
}

/// That both directions are coded so, at the leg's rate: one frame goes each way.
async fn passes(carrier: Carrier, near: Leg, here: Codec, back: Codec) {
    let rate = near.description.rate;
    passes_from(carrier, near, (here, rate), back).await;
}

async fn passes_from(
    mut carrier: Carrier,
    mut near: Leg,
    (here, rate_heard): (Codec, SampleRate),
    back: Codec,
) {
    let rate = near.description.rate;
    let mut encoder = Encoder::new(here, rate_heard).unwrap();
    let mut packet = Packet::empty();
    // The first of them may still be settling.
    for _ in 0..4 {
        let frame = Frame::padded(rate_heard, &vec![8_000; rate_heard.frame_samples()]);
        encoder.encode(&frame, &mut packet).unwrap();
        carrier.speak(packet.payload()).await;
    }
    near.audio_in.recv().await.unwrap();
    near.audio_in.recv().await.unwrap();
    let heard = near.audio_in.recv().await.unwrap();
    assert!((7_700..8_300).contains(&heard.samples()[20]), "{here}");
    let frame = Frame::padded(rate, &vec![4_000; rate.frame_samples()]);
    let spoken = OutboundFrame {
        generation: 0,
        turn: TurnId(1),
        frame,
    };
    near.audio_out.send(spoken).await.unwrap();
    near.control.send(LegControl::HangUp).await.unwrap();
    carrier.go_on(Duration::from_secs(5)).await;
    let bytes = back.frame_bytes(rate).unwrap();
    assert_eq!(carrier.count(|came| *came == Came::Media(bytes)), 1);
    let mut samples = Vec::new();
    let mut decoder = Decoder::new(back, rate).unwrap();
    decoder.decode(&carrier.heard[..160], &mut samples).unwrap();
    let last = samples[samples.len() - 20];
    assert!((3_850..4_150).contains(&last), "{back}: {last}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_s_a_law_is_answered_in_mu_law() {
    let change = |start: &mut Value| start["start"]["media_format"]["encoding"] = json!("PCMA");
    let (_server, carrier, near) = started(Tongue::Telnyx, change).await;
    passes(carrier, near, Codec::ALaw, Codec::MuLaw).await;
}

#[tokio::test(start_paused = true)]
async fn wide_audio_passes_both_ways() {
    let telnyx = |start: &mut Value| {
        start["start"]["media_format"] = json!({ "encoding": "L16", "sample_rate": 16_000 });
    };
    let (_server, carrier, near) = started(Tongue::Telnyx, telnyx).await;
    assert_eq!(near.description.rate, SampleRate::HZ_16000);
    let l16 = Codec::L16BigEndian;
    passes(carrier, near, l16, l16).await;
    let plivo = |start: &mut Value| {
        start["start"]["mediaFormat"] = json!({ "encoding": "audio/x-l16", "sampleRate": 16_000 });
    };
    let (_server, carrier, near) = started(Tongue::Plivo, plivo).await;
    let l16 = Codec::L16LittleEndian;
    passes(carrier, near, l16, l16).await;
}

#[tokio::test(start_paused = true)]
async fn g722_passes_both_ways_and_beside_another_codec() {
    let g722 = |start: &mut Value| {
        start["start"]["media_format"] = json!({ "encoding": "G722", "sample_rate": 8_000 });
    };
    let (_server, carrier, near) = started(Tongue::Telnyx, g722).await;
    assert_eq!(near.description.rate, SampleRate::HZ_16000);
    passes(carrier, near, Codec::G722, Codec::G722).await;
    // What the call has where it was asked for otherwise, at another rate.
    let a_law = |start: &mut Value| {
        start["start"]["media_format"] = json!({ "encoding": "PCMA", "sample_rate": 8_000 });
        start["start"]["custom_parameters"]["codec"] = json!("G722");
    };
    let (_server, carrier, near) = started(Tongue::Telnyx, a_law).await;
    assert_eq!(near.description.rate, SampleRate::HZ_16000);
    let a_law = (Codec::ALaw, SampleRate::HZ_8000);
    passes_from(carrier, near, a_law, Codec::G722).await;
}

#[tokio::test(start_paused = true)]
async fn chunks_out_of_order_are_heard_in_order() {
    let (_server, mut carrier, mut near) = started(Tongue::Telnyx, |_| {}).await;
    let values = [0_i16, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000];
    for number in [2_usize, 1, 4, 3, 3, 5, 7, 6, 2] {
        let audio = coded(Codec::MuLaw, SampleRate::HZ_8000, values[number]);
        let payload = STANDARD.encode(audio);
        let media = json!({ "track": "inbound", "chunk": number.to_string(), "payload": payload });
        carrier
            .say(json!({ "event": "media", "media": media }))
            .await;
    }
    tokio::spawn(async move { carrier.go_on(Duration::from_secs(5)).await });
    for value in &values[1..] {
        let heard = i32::from(near.audio_in.recv().await.unwrap().samples()[20]);
        assert!(
            (heard - i32::from(*value)).abs() < 200,
            "{heard} for {value}"
        );
    }
}
