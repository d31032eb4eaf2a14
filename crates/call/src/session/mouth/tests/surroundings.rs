//! A bed under the call and the sound of tools: always there, never in the way.

use offhook_media::SoundLoop;

use super::*;

/// A loop whose every sample tells its place, at the level of a square wave.
fn counting() -> SoundLoop {
    let samples: Vec<i16> = (0..16_000).map(|index| 8_000 + (index % 1_000)).collect();
    SoundLoop::new(RATE, &samples)
}

fn with_bed(volume: f32) -> Manner {
    Manner {
        bed: Some(BedChoice {
            sound: SoundLoop::new(RATE, &[8_000; 16_000]),
            volume,
        }),
        ..plain(1.0)
    }
}

fn with_tool_sound(is_always_heard: bool) -> Manner {
    Manner {
        tool_sound: Some(ToolSoundChoice {
            sound: SoundLoop::new(RATE, &[4_000; 16_000]),
            is_always_heard,
        }),
        ..plain(1.0)
    }
}

/// The bed of 8,000 at volume 1, and under speech.
const BED: i16 = 1_008;
const DUCKED: i16 = 403;

fn largest_step(samples: &[i16]) -> i16 {
    let steps = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    steps.max().unwrap_or(0)
}

#[test]
fn a_bed_never_stops_from_answer_to_end() {
    let mut rig = Rig::with(200, with_bed(1.0));
    rig.pass(3_000);
    assert!(rig.news.is_empty());
    assert_eq!(count(rig.between(200, 3_000), BED), 2_800 * 8);
    assert!(largest_step(&rig.heard) <= 2);
    let mut louder = Rig::with(200, with_bed(2.0));
    louder.pass(1_000);
    assert_eq!(count(louder.between(300, 1_000), 2 * BED), 700 * 8);
}

#[test]
fn a_bed_makes_room_for_speech_and_comes_back() {
    let mut rig = Rig::with(60, with_bed(1.0));
    rig.pass(500);
    rig.speak(1, "one two three", 200, 5_000);
    rig.pass(1_500);
    let begins = rig.heard.iter().position(|sample| *sample > 4_000);
    let begins = RATE
        .duration_of(begins.expect("it speaks") as u64)
        .as_millis() as u64;
    assert!((500..=540).contains(&begins), "{begins}");
    assert_eq!(
        count(rig.between(begins + 80, begins + 600), 5_000 + DUCKED),
        520 * 8
    );
    assert_eq!(
        count(rig.between(begins + 801, begins + 1_400), BED),
        599 * 8
    );
    assert_eq!(rig.news.last(), Some(&MouthNews::Finished));
    assert_eq!(rig.mouth.underruns(), 0);
}

#[test]
fn a_barge_in_leaves_only_the_bed_and_leaves_it_whole() {
    let bed = BedChoice {
        sound: counting(),
        volume: 7.937,
    };
    let mut rig = Rig::with(
        200,
        Manner {
            bed: Some(bed),
            ..plain(1.0)
        },
    );
    let text = "one two three four five six";
    rig.pass(400);
    rig.speak(1, text, 200, 0);
    rig.pass(405);
    let held = rig.mouth.hold(rig.now);
    assert!(held <= Some(rig.now) && held > Some(rig.now - Duration::from_millis(40)));
    rig.pass(500);
    let heard = rig.mouth.cancel(text, rig.now);
    // 765 ms less 40 ms of bed that was on its way before the reply.
    assert_eq!(heard, HeardText::Known("one two".into()));
    rig.pass(1_500);
    // The places of the loop, as they were heard, without a skip: each is one more than the last.
    let after = rig.between(1_200, 2_700);
    let is_next = |pair: &[i16]| matches!(pair[1] - pair[0], 0..=2 | -1_001..=-998);
    assert!(after.windows(2).all(is_next));
    let at_the_cut = rig.between(780, 900);
    assert!(
        largest_step(at_the_cut) < 1_500,
        "{}",
        largest_step(at_the_cut)
    );
}

#[test]
fn the_ledger_is_as_true_with_a_bed_as_without() {
    let text = "one two three four five six seven eight";
    for cut_ms in [150, 410, 625, 930, 1_285] {
        let mut rig = Rig::with(200, with_bed(1.0));
        rig.pass(310);
        rig.speak(1, text, 200, 5_000);
        rig.pass(cut_ms);
        let heard = rig.mouth.cancel(text, rig.now);
        let HeardText::Known(heard) = heard else {
            panic!("it is known")
        };
        let sounding = rig.heard.iter().filter(|sample| **sample > 4_000).count();
        let there = sounding as f32 / 1_600.0;
        let told = heard.split_whitespace().count() as f32;
        assert!((there - told).abs() <= 0.65, "{there} there, told {told}");
        assert!(there * 200.0 > cut_ms as f32 - 60.0, "{there}");
    }
}

#[test]
fn a_gap_in_the_reply_is_filled_and_counted_once() {
    let mut rig = Rig::with(60, with_bed(1.0));
    rig.pass(300);
    rig.mouth.begin(TurnId(1), rig.now);
    rig.mouth.push(&speech("one two", 200, 5_000), "one two");
    rig.pass(1_000);
    assert_eq!(count(rig.between(1_000, 1_300), BED), 300 * 8);
    let mut rest = speech("three", 200, 5_000);
    rest.span = TextSpan { start: 8, end: 13 };
    rest.words.clear();
    rig.mouth.push(&rest, "one two three");
    rig.mouth.finish();
    rig.pass(1_000);
    assert_eq!(rig.mouth.underruns(), 1);
    assert_eq!(rig.news.last(), Some(&MouthNews::Finished));
    let late = |news: &&MouthNews| matches!(news, MouthNews::Sent { lateness: None, .. });
    assert_eq!(rig.news.iter().filter(late).count(), 1);
}

#[test]
fn a_tool_is_heard_between_speech_and_fades_out() {
    let mut rig = Rig::with(60, with_tool_sound(false));
    rig.mouth.begin(TurnId(1), rig.now);
    rig.mouth.push(&speech("one", 200, 5_000), "one");
    rig.mouth.tool_runs(true, true);
    rig.pass(2_000);
    assert!(
        rig.between(0, 190)
            .iter()
            .all(|sample| *sample >= 5_000 || *sample == 0)
    );
    assert_eq!(count(rig.between(500, 2_000), 2_000), 1_500 * 8);
    rig.mouth.tool_runs(false, true);
    rig.pass(1_000);
    assert_eq!(count(rig.between(2_300, 3_000), 0), 700 * 8);
    assert!(largest_step(rig.between(300, 3_000)) <= 4);
    assert_eq!(rig.mouth.underruns(), 0);
    let after_the_tool = rig.mouth.deadline();
    assert_eq!(after_the_tool, None);
}

#[test]
fn whether_a_silent_start_is_filled_is_a_choice() {
    for is_always_heard in [false, true] {
        let mut rig = Rig::with(60, with_tool_sound(is_always_heard));
        rig.mouth.begin(TurnId(1), rig.now);
        rig.mouth.tool_runs(true, false);
        rig.pass(1_000);
        let is_heard = rig.heard.iter().any(|sample| *sample != 0);
        assert_eq!(is_heard, is_always_heard);
    }
}
