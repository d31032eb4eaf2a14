//! Sounds beside the voice. Nothing runs a tool in a call yet: what its sounds do once one runs
//! (`Fact::ToolStarted`) is shown where the session plays them, `crates/call/src/session/sound.rs`.

use offhook_media::{Level, SoundLoop};
use serde_json::json;

use crate::call::Call;
use crate::knob::{Knob, knob};
use crate::stage::{RATE, Stage};

/// A call with silence from 0.5 s on.
fn silent_call() -> Stage {
    Stage::new().hangs_up(3_000)
}

fn quiet(call: &Call) -> &[i16] {
    call.samples(1_000, 2_900)
}

pub(crate) fn knobs() -> Vec<Knob> {
    vec![
        knob(
            "ambient_sound.kind",
            [
                json!("none"),
                json!("office"),
                json!("coffee-shop"),
                json!("outdoor"),
            ],
            "between turns nothing is heard, or one of three beds about 48 dB below full scale",
            silent_call,
            |[none, beds @ ..]| {
                assert!(quiet(none).iter().all(|sample| *sample == 0));
                for bed in beds {
                    let level = bed.level(1_000, 2_900);
                    assert!((-54.0..-42.0).contains(&level), "{level} dBFS");
                }
                assert!(quiet(beds[0]) != quiet(beds[1]) && quiet(beds[1]) != quiet(beds[2]));
            },
        ),
        knob(
            "ambient_sound.volume",
            [json!(0.0), json!(1.0), json!(2.0)],
            "0 sends nothing between turns, 2 is 6 dB above 1",
            || silent_call().with("ambient_sound.kind", json!("office")),
            |[silent, normal, loud]| {
                assert_eq!(silent.frames_sent(), 20);
                assert!(normal.frames_sent() >= 150);
                let gain = loud.level(1_000, 2_900) - normal.level(1_000, 2_900);
                assert!((gain - 6.02).abs() < 0.2, "{gain} dB");
            },
        ),
        knob(
            "tool_call_sound.kind",
            [
                json!("none"),
                json!("typing"),
                json!("elevator1"),
                json!("elevator4"),
            ],
            "while a tool runs nothing is heard, or typing, or one of the melodies",
            silent_call,
            |[none, sounding @ ..]| {
                assert_eq!(none.agent.tool_call_sound(), None);
                let sounds = sounding.map(|call| {
                    let sound = call.agent.tool_call_sound().unwrap().sound;
                    let sound = SoundLoop::of_tool_sound(sound, RATE);
                    assert!(Level::of(sound.samples()).rms_dbfs > -60.0);
                    sound
                });
                let [typing, bossa_nova, swing] = sounds.each_ref().map(SoundLoop::samples);
                assert!(typing != bossa_nova && bossa_nova != swing);
            },
        ),
        knob(
            "tool_call_sound.behaviour",
            [json!("auto"), json!("always")],
            "a tool is heard only after the agent has said something, or always",
            || silent_call().with("tool_call_sound.kind", json!("typing")),
            |calls| {
                let sounds = calls.map(|call| call.agent.tool_call_sound().unwrap());
                assert_eq!(sounds.map(|sound| sound.is_always_heard), [false, true]);
            },
        ),
    ]
}
