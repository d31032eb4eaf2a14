//! How whole calls sound: beds under them, speed and volume of the voice.

use offhook_contract::scripted::{ScriptedReply, ScriptedUtterance};
use offhook_media::Level;

use crate::ms;
use crate::stage::{Performance, Stage};

/// A call with a question at 2 s, an answer of four words, and silence until 6 s.
async fn call_with(agent: &str) -> Performance {
    Stage::new()
        .agent(agent)
        .hears(ScriptedUtterance::new("When are you open?"))
        .answers(ScriptedReply::new("We open at eight."))
        .speaks(ms(2_000), ms(1_000))
        .hangs_up(ms(6_000))
        .run()
        .await
}

fn rms(samples: &[i16]) -> f32 {
    Level::of(samples).rms_dbfs
}

/// The hum of the scripted voice and what is around it: the hum is one constant.
fn without_hum(samples: &[i16], hum: i16) -> Vec<i16> {
    samples.iter().map(|sample| sample - hum).collect()
}

/// When a voice sounds: from the first to the last sample that is nearer to the hum than to
/// silence, as a count of samples, in the span given.
fn voiced_ms(samples: &[i16]) -> usize {
    samples.iter().filter(|sample| **sample > 3_000).count() / 16
}

#[tokio::test(start_paused = true)]
async fn an_office_is_heard_from_the_answer_on_and_makes_room_for_speech() {
    let call = call_with(r#""ambient_sound": {"kind": "office"}"#).await;
    // A frame for every 20 ms of the call, and two ahead.
    let frames = call.agent_time_between(ms(0), ms(6_000));
    assert!(frames >= ms(6_000) && frames <= ms(6_080), "{frames:?}");
    assert_eq!(call.record.pacing.underruns, 0);
    let quiet = rms(call.heard_between(ms(4_600), ms(5_900)));
    assert!((-52.0..-44.0).contains(&quiet), "{quiet} dBFS");
    let answer = &call.record.turns[1];
    let began = answer
        .timings
        .first_frame_sent
        .expect("it was heard")
        .as_millis();
    let speech = call.heard_between(ms(began + 140), ms(began + 740));
    let ducked = rms(&without_hum(speech, 6_000));
    assert!(
        (-10.5..-5.5).contains(&(ducked - quiet)),
        "{ducked} of {quiet} dBFS"
    );
    assert_eq!(answer.heard_text.as_deref(), Some("We open at eight."));
    let reaction = answer.timings.voice_to_voice().expect("it was heard");
    assert!(reaction < ms(700), "{reaction:?}");
}

#[tokio::test(start_paused = true)]
async fn every_kind_and_volume_is_another_call() {
    let mut quiet_parts: Vec<Vec<i16>> = Vec::new();
    for (kind, volume) in [
        ("none", 1.0),
        ("office", 0.0),
        ("office", 1.0),
        ("office", 2.0),
        ("coffee-shop", 1.0),
        ("outdoor", 1.0),
    ] {
        let agent = format!(r#""ambient_sound": {{"kind": "{kind}", "volume": {volume}}}"#);
        let call = call_with(&agent).await;
        quiet_parts.push(call.heard_between(ms(1_000), ms(1_900)).to_vec());
        if volume == 0.0 || kind == "none" {
            // Nothing is sent where nothing is said: the two words of the greeting, the four of
            // the answer.
            assert_eq!(call.agent_frames.len(), 20 + 40);
        }
    }
    let [none, silent, office, louder, coffee_shop, outdoor] = &quiet_parts[..] else {
        panic!("six calls")
    };
    assert!(none.iter().chain(silent).all(|sample| *sample == 0));
    let gain = rms(louder) - rms(office);
    assert!((gain - 6.02).abs() < 0.2, "{gain} dB");
    assert!(office != coffee_shop && coffee_shop != outdoor && outdoor != office);
}

#[tokio::test(start_paused = true)]
async fn a_barge_in_leaves_only_the_bed() {
    let long = "One two three four five six seven eight nine ten eleven twelve.";
    let call = Stage::new()
        .agent(r#""ambient_sound": {"kind": "outdoor"}"#)
        .hears(ScriptedUtterance::new("Count for me."))
        .hears(
            ScriptedUtterance::new("Stop that right now please.")
                .interim(ms(250), "Stop that right")
                .interim(ms(500), "Stop that right now"),
        )
        .answers(ScriptedReply::new(long))
        .answers(ScriptedReply::new("Fine."))
        .speaks(ms(2_000), ms(1_000))
        .speaks(ms(4_600), ms(1_200))
        .hangs_up(ms(8_000))
        .run()
        .await;
    let barge_in = call.record.barge_ins.last().expect("it was noted");
    assert!(
        barge_in.stop_time() <= ms(400),
        "{:?}",
        barge_in.stop_time()
    );
    let held = barge_in.held.as_millis();
    assert!(voiced_ms(call.heard_between(ms(held - 200), ms(held))) > 190);
    // 10 ms of fade, and then the bed alone, which has not been interrupted.
    let after = call.heard_between(ms(held + 15), ms(5_800));
    assert_eq!(voiced_ms(after), 0);
    for part in after.chunks_exact(1_600) {
        assert!((-62.0..-40.0).contains(&rms(part)), "{} dBFS", rms(part));
    }
    let cut = call.record.turns.iter().find(|turn| turn.is_interrupted);
    let heard = cut.and_then(|turn| turn.heard_text.clone()).expect("known");
    let words = heard.split_whitespace().count();
    let spoken = voiced_ms(call.heard_between(ms(3_000), ms(5_800))) / 200;
    assert!(
        words.abs_diff(spoken) <= 1,
        "{words} words, {spoken} were there"
    );
}

#[tokio::test(start_paused = true)]
async fn a_voice_without_speed_of_its_own_still_speaks_at_the_speed_that_was_asked_for() {
    for (speed, answer_ms) in [(0.5, 1_600), (1.0, 800), (2.0, 400)] {
        let call = call_with(&format!(r#""voice": {{"speed": {speed}}}"#)).await;
        let spoken = voiced_ms(call.heard_between(ms(3_000), ms(6_000)));
        assert!(
            spoken.abs_diff(answer_ms) <= answer_ms / 100,
            "{speed}: {spoken} ms"
        );
        let heard = call.record.turns[1].heard_text.as_deref();
        assert_eq!(heard, Some("We open at eight."));
    }
}

#[tokio::test(start_paused = true)]
async fn the_volume_of_the_voice_is_heard_and_the_bed_keeps_its_own() {
    let level = |call: &Performance| rms(call.heard_between(ms(3_650), ms(3_900)));
    let bed = |call: &Performance| rms(call.heard_between(ms(1_000), ms(1_900)));
    let calls = [0.5, 1.0].map(|volume| {
        format!(r#""voice": {{"volume": {volume}}}, "ambient_sound": {{"kind": "office"}}"#)
    });
    let half = call_with(&calls[0]).await;
    let whole = call_with(&calls[1]).await;
    let gain = level(&whole) - level(&half);
    assert!((gain - 6.02).abs() < 0.2, "{gain} dB");
    assert!((bed(&whole) - bed(&half)).abs() < 0.01);
}
