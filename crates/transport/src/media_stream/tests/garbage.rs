//! Frames that no carrier would send, by the thousand: at each dialect's reader, and at sockets beside
//! which another call goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::*;

/// Frames that each reader gets.
const FRAMES: u64 = 10_000;
/// Sockets of each carrier, and what comes over each of them.
const SOCKETS: u64 = 30;
const FRAMES_EACH: u64 = 30;
/// Lines that a socket may write into the log from INFO up.
const LINES_MAX: usize = 1;

/// A frame.
enum Garbage {
    Text(String),
    /// Bytes of a text that are none.
    NoText(Vec<u8>),
    Binary(Vec<u8>),
}

/// Numbers out of a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// Values that belong nowhere, as they stand in JSON.
const ODD: [&str; 14] = [
    "null",
    "true",
    "-1",
    "18446744073709551616",
    "1e308",
    "-9223372036854775809",
    "\"%%%%\"",
    "\"\"",
    "\"AAA=\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "[[[]]]",
    "{\"payload\":[]}",
    "\"99999999999999999999\"",
];

/// Puts `odd` in the place of one of the values of a message, as deep as it is.
fn with_odd(dice: &mut Dice, value: &Value, odd: &str) -> String {
    match value {
        Value::Object(fields) if !fields.is_empty() && dice.below(8) > 0 => {
            let chosen = dice.below(fields.len());
            let fields = fields.iter().enumerate().map(|(at, (name, it))| {
                let it = match at == chosen {
                    true => with_odd(dice, it, odd),
                    false => it.to_string(),
                };
                format!("{}:{it}", Value::from(name.as_str()))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        _ => odd.to_owned(),
    }
}

fn garbage(tongue: Tongue, dice: &mut Dice) -> Garbage {
    let samples = tongue.samples();
    let sample = samples[dice.below(samples.len())].clone();
    let value: Value = serde_json::from_str(&sample).unwrap();
    Garbage::Text(match dice.below(12) {
        0 => sample.chars().take(dice.below(sample.len())).collect(),
        // One more start, or audio before any, or what is right.
        1 => sample,
        2 => {
            let odd = dice.of(&ODD);
            format!("{},{}", &sample[..sample.len() - 1], &format!("{odd}}}"))
        }
        3 => {
            let twice = sample[1..].to_owned();
            format!("{{\"event\":7,\"event\":\"start\",\"type\":[],{twice}")
        }
        4 => dice.of(&["[", "{\"a\":", "[{\"event\":"]).repeat(10_000),
        5 => format!(
            "{{\"event\":{}1{}}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        ),
        6 => {
            let length = [0, 1, 3, 321, 10_001][dice.below(5)];
            return Garbage::Binary(vec![0x80; length]);
        }
        7 => {
            let mut bytes = sample.into_bytes();
            let at = dice.below(bytes.len());
            bytes[at] = 0xff;
            return Garbage::NoText(bytes);
        }
        8 => "\u{0}\u{feff}\u{202e}".repeat(dice.below(50)),
        9 => format!(
            "{} {}",
            dice.of(&["MEDIA_START", "DTMF_END", "STATUS"]),
            sample
        ),
        _ => {
            let odd = dice.of(&ODD);
            with_odd(dice, &value, odd)
        }
    })
}

fn is_read(tongue: Tongue, text: &str) -> bool {
    match tongue {
        Tongue::Twilio => Twilio::read(text).is_ok(),
        Tongue::Telnyx => Telnyx::read(text).is_ok(),
        Tongue::Plivo => Plivo::read(text).is_ok(),
        Tongue::Vonage => Vonage::read(text).is_ok(),
        Tongue::Jambonz => Jambonz::read(text).is_ok(),
        Tongue::Exotel => Exotel::read(text).is_ok(),
        Tongue::FreeSwitch => FreeSwitch::read(text).is_ok(),
        Tongue::Genesys => AudioHook::read(text).is_ok(),
        Tongue::Asterisk => Asterisk::read(text).is_ok(),
    }
}

const TONGUES: [Tongue; 9] = [
    Tongue::Twilio,
    Tongue::Telnyx,
    Tongue::Plivo,
    Tongue::Vonage,
    Tongue::Jambonz,
    Tongue::Exotel,
    Tongue::FreeSwitch,
    Tongue::Genesys,
    Tongue::Asterisk,
];

#[test]
fn ten_thousand_frames_break_no_reader() {
    for tongue in TONGUES {
        let mut refused = 0;
        for seed in 0..FRAMES {
            let mut dice = Dice(seed);
            if let Garbage::Text(text) = garbage(tongue, &mut dice) {
                refused += u64::from(!is_read(tongue, &text));
            }
        }
        // Some of it is right, most is not.
        assert!(
            (FRAMES / 4..FRAMES).contains(&refused),
            "{tongue:?} {refused}"
        );
        let long = format!(
            r#"{{"event":"media","media":{{"payload":"{}"}}}}"#,
            "A".repeat(1 << 20)
        );
        let _ = is_read(tongue, &long);
    }
}

/// Counts what is logged from INFO up.
struct Lines(Arc<AtomicUsize>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

async fn garbage_closes_its_own_socket_at_most(tongue: Tongue) {
    let lines = Arc::new(AtomicUsize::new(0));
    let _counting = tracing::subscriber::set_default(Lines(lines.clone()));
    let mut server = serve(tongue, SocketLimits::default());
    let (mut other, mut other_near) = server.started().await;
    for seed in 0..SOCKETS {
        let mut dice = Dice(seed * 7_919);
        let mut carrier = server.carrier().await;
        let mut near = None;
        if seed % 3 > 0 {
            carrier.start("right").await;
            near = server.streams.recv().await;
        }
        for _ in 0..FRAMES_EACH {
            match garbage(tongue, &mut dice) {
                Garbage::Text(text) => carrier.text(text).await,
                Garbage::NoText(bytes) => carrier.no_text(bytes).await,
                Garbage::Binary(bytes) => carrier.binary(bytes).await,
            }
        }
        carrier.stop().await;
        if let Some((mut near, _)) = near {
            let mut last = None;
            while let Some(event) = near.events.recv().await {
                last = Some(event);
            }
            // Were anything broken by a panic, no word of a hang-up would come.
            assert_eq!(last, Some(LegEvent::HungUp), "seed {seed}");
        }
        while server.streams.try_recv().is_ok() {}
    }
    other.speak(&[0x80; 160]).await;
    let heard = other_near.audio_in.recv().await.unwrap();
    assert!(heard.samples()[0] > 30_000);
    other_near.audio_out.send(outbound(0, 1_000)).await.unwrap();
    other.go_on(Duration::from_secs(1)).await;
    assert_eq!(other.close_code(), None);
    let lines = lines.load(Ordering::Relaxed);
    assert!(lines <= SOCKETS as usize * LINES_MAX, "{lines} lines");
    other.say(json!({})).await;
}

for_each_carrier!(garbage_closes_its_own_socket_at_most);
for_each_carrier!(freeswitch: FreeSwitch: garbage_closes_its_own_socket_at_most);
for_each_carrier!(genesys: Genesys: garbage_closes_its_own_socket_at_most);
