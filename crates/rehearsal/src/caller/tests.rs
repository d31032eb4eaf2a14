//! The simulated caller against agents who sound at set times.

use std::time::Duration;

use offhook_contract::ProviderError;
use offhook_contract::scripted::ScriptedVoice;
use offhook_media::{Frame, SampleRate, write_wav};

use super::*;

const RATE: SampleRate = SampleRate::HZ_16000;

/// Calls with scripted agents: `agent` says at which ticks it sounds, given the ticks at which
/// the caller spoke so far.
struct Rehearsed {
    ledger: CallerLedger,
    ended_at: Option<u64>,
}

fn tone(millis: u64) -> RenderedLine {
    let samples = vec![4_000; RATE.samples_in(Duration::from_millis(millis)) as usize];
    RenderedLine::trimmed(&samples, RATE).unwrap()
}

fn rehearse(text: &str, lines_ms: &[u64], ticks: u64, agent: impl Fn(u64) -> bool) -> Rehearsed {
    let scenario = Scenario::parse(&format!("name = \"t\"\n{text}")).unwrap();
    let audio = lines_ms.iter().map(|millis| tone(*millis)).collect();
    let mut caller = SimulatedCaller::new(&scenario, audio, RATE);
    let loud = Frame::padded(RATE, &[3_000; 320]);
    let mut ended_at = None;
    for tick in 0..ticks {
        let heard = agent(tick).then_some(&loud);
        if caller.speak_next(heard, tick).is_none() {
            ended_at.get_or_insert(tick);
        }
    }
    Rehearsed {
        ledger: caller.ledger().snapshot(),
        ended_at,
    }
}

fn began_ms(rehearsed: &Rehearsed, line: usize) -> u128 {
    rehearsed.ledger.line(line).unwrap().began.as_millis()
}

#[test]
fn a_line_waits_for_the_end_of_the_greeting_and_not_for_its_pauses() {
    // Sounds 1.0–2.0 s and 2.3–3.0 s: the gap is shorter than the caller's patience.
    let agent = |tick| (50..100).contains(&tick) || (115..150).contains(&tick);
    let text = "[[line]]\nsay = \"a\"\nwhen = { after_agent = \"300ms\" }";
    let rehearsed = rehearse(text, &[500], 300, agent);
    assert_eq!(began_ms(&rehearsed, 0), 3_380);
    assert_eq!(rehearsed.ledger.line(0).unwrap().fate, LineFate::OnTime);
    assert_eq!(rehearsed.ledger.agent_speech.len(), 1);
}

#[test]
fn the_next_line_waits_for_the_reply_to_the_last() {
    let agent = |tick| tick < 20 || (150..200).contains(&tick);
    let text = "[[line]]\nsay = \"a\"\n[[line]]\nsay = \"b\"\n";
    let rehearsed = rehearse(text, &[500, 500], 400, agent);
    assert_eq!(began_ms(&rehearsed, 0), 780);
    assert_eq!(began_ms(&rehearsed, 1), 4_380);
    assert_eq!(
        rehearsed.ledger.reply_heard(0),
        Some(Duration::from_secs(3))
    );
    assert_eq!(rehearsed.ledger.reply_heard(1), None);
}

#[test]
fn an_interruption_comes_at_its_offset_and_the_stop_is_heard() {
    let agent = |tick| (50..180).contains(&tick);
    let text = "[[line]]\nsay = \"wait\"\nwhen = { into_agent = \"1.2s\" }";
    let rehearsed = rehearse(text, &[800], 300, agent);
    assert_eq!(began_ms(&rehearsed, 0), 2_200);
    assert_eq!(
        rehearsed.ledger.agent_stopped(0),
        Some(Duration::from_millis(1_400))
    );
}

#[test]
fn a_missed_interruption_is_said_late_and_a_missed_mhm_not_at_all() {
    let agent = |tick| (50..75).contains(&tick);
    let text = "[[line]]\nsay = \"wait\"\nwhen = { into_agent = \"1.2s\" }";
    let rehearsed = rehearse(text, &[800], 400, agent);
    assert_eq!(
        rehearsed.ledger.line(0).unwrap().fate,
        LineFate::AgentHadFinished
    );
    let text = format!("{text}\nexpect = {{ interrupts = false }}");
    let rehearsed = rehearse(&text, &[300], 400, agent);
    assert_eq!(rehearsed.ledger.line(0), None);
    assert_eq!(rehearsed.ledger.skipped, [0]);
}

#[test]
fn after_an_mhm_the_held_reply_is_waited_for() {
    // Held from 2.3 s to 3.2 s, longer than the caller's patience.
    let agent = |tick| (50..115).contains(&tick) || (160..200).contains(&tick);
    let text = "[[line]]\nsay = \"mhm\"\nwhen = { into_agent = \"1.2s\" }\n\
                expect = { interrupts = false }\n[[line]]\nsay = \"and then\"";
    let rehearsed = rehearse(text, &[300, 500], 400, agent);
    assert_eq!(began_ms(&rehearsed, 0), 2_200);
    assert_eq!(began_ms(&rehearsed, 1), 4_380);
    assert_eq!(rehearsed.ledger.line(1).unwrap().fate, LineFate::OnTime);
}

#[test]
fn an_mhm_at_the_very_end_does_not_make_the_caller_wait_for_more() {
    let agent = |tick| (50..113).contains(&tick);
    let text = "[[line]]\nsay = \"mhm\"\nwhen = { into_agent = \"1.2s\" }\n\
                expect = { interrupts = false }\n[[line]]\nsay = \"and then\"";
    let rehearsed = rehearse(text, &[300, 500], 500, agent);
    let said = rehearsed.ledger.line(1).unwrap();
    assert_eq!(said.fate, LineFate::OnTime);
    assert!((5_000..6_000).contains(&said.began.as_millis()), "{said:?}");
}

#[test]
fn a_pause_inside_a_sentence_is_as_long_as_written() {
    let text = "[[line]]\nsay = \"a\"\nwhen = { at = \"1s\" }\n\
                [[line]]\nsay = \"b\"\nwhen = { after_line = \"1s\" }";
    let rehearsed = rehearse(text, &[500, 500], 300, |_| false);
    let pause = rehearsed.ledger.line(1).unwrap().began - rehearsed.ledger.line(0).unwrap().ended;
    assert_eq!(pause, Duration::from_secs(1));
}

#[test]
fn a_silent_agent_ends_in_lines_said_anyway_and_a_hang_up() {
    let text = "hang_up_give_up = \"4s\"\n[[line]]\nsay = \"a\"\ngive_up = \"2s\"";
    let rehearsed = rehearse(text, &[500], 1_000, |_| false);
    let said = rehearsed.ledger.line(0).unwrap();
    assert_eq!(
        (said.began.as_millis(), said.fate),
        (2_000, LineFate::GaveUpWaiting)
    );
    assert_eq!(rehearsed.ended_at, Some(325));
    assert_eq!(rehearsed.ledger.hung_up, Some(Duration::from_millis(6_500)));
}

#[test]
fn an_agent_that_never_stops_is_hung_up_on_too() {
    let text = "hang_up_give_up = \"1s\"\n[[line]]\nsay = \"a\"\ngive_up = \"1s\"";
    let rehearsed = rehearse(text, &[500], 1_000, |_| true);
    assert_eq!(
        rehearsed.ledger.line(0).unwrap().fate,
        LineFate::GaveUpWaiting
    );
    assert!(rehearsed.ended_at.is_some());
}

#[test]
fn the_caller_hangs_up_after_the_last_answer() {
    let agent = |tick| tick < 20 || (100..150).contains(&tick);
    let rehearsed = rehearse("[[line]]\nsay = \"bye\"", &[500], 400, agent);
    assert_eq!(rehearsed.ended_at, Some(199));
}

#[test]
fn a_silent_caller_hangs_up_at_the_time_written() {
    let rehearsed = rehearse("hang_up = { at = \"3s\" }", &[], 400, |_| true);
    assert_eq!(rehearsed.ended_at, Some(150));
}

#[test]
fn the_line_that_is_heard_is_the_line_that_was_rendered() {
    let scenario = Scenario::parse(
        "name = \"t\"\n[caller]\nnoise_dbfs = -90\n[[line]]\nsay = \"a\"\nwhen = { at = \"1s\" }",
    )
    .unwrap();
    let mut caller = SimulatedCaller::new(&scenario, vec![tone(100)], RATE);
    let mut heard = Vec::new();
    for tick in 0..100 {
        heard.extend_from_slice(caller.speak_next(None, tick).unwrap().samples());
    }
    let loud: Vec<usize> = (0..heard.len())
        .filter(|index| heard[*index].unsigned_abs() > 3_000)
        .collect();
    assert_eq!((loud[0], loud[loud.len() - 1] + 1), (16_000, 17_600));
    let said = caller.ledger().snapshot().line(0).unwrap();
    assert_eq!(
        (said.began.as_millis(), said.ended.as_millis()),
        (1_000, 1_100)
    );
    assert!(
        heard[..16_000].iter().any(|sample| *sample != 0),
        "the room is never dead silent"
    );
}

#[test]
fn trimming_keeps_the_sound() {
    let mut samples = vec![0; 8_000];
    samples.extend(vec![5_000; 1_600]);
    samples.extend(vec![0; 8_000]);
    let line = RenderedLine::trimmed(&samples, RATE).unwrap();
    assert_eq!(line.sound, 320..1_920);
    assert_eq!(line.samples.len(), 2_240);
    assert_eq!(RenderedLine::trimmed(&[1; 1_000], RATE), None);
    assert_eq!(RenderedLine::trimmed(&[], RATE), None);
}

#[tokio::test(start_paused = true)]
async fn lines_are_synthesised_or_read_and_brought_to_the_rate_of_the_leg() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("line.wav");
    let samples: Vec<i16> = (0..24_000)
        .map(|index| if index % 40 < 20 { 4_000 } else { -4_000 })
        .collect();
    write_wav(&path, 24_000, &samples).unwrap();
    let text = format!("name = \"t\"\n[[line]]\nsay = \"one two three\"\n[[line]]\nwav = {path:?}");
    let scenario = Scenario::parse(&text).unwrap();
    let voice = ScriptedVoice::default();
    let caller = SimulatedCaller::prepare(&scenario, &voice, SampleRate::HZ_8000)
        .await
        .unwrap();
    let length = |line: usize| caller.script[line].audio.sound.len() as f64 / 8_000.0;
    assert!((length(0) - 0.6).abs() < 0.1, "{}", length(0));
    assert!((length(1) - 1.0).abs() < 0.05, "{}", length(1));
    let deeper = Scenario::parse(&format!("{text}\n[caller]\npitch = 0.8")).unwrap();
    let caller = SimulatedCaller::prepare(&deeper, &voice, SampleRate::HZ_8000)
        .await
        .unwrap();
    let length = caller.script[0].audio.sound.len() as f64 / 8_000.0;
    assert!((length - 0.75).abs() < 0.1, "{length}");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_cannot_be_had_is_named() {
    let scenario = Scenario::parse("name = \"t\"\n[[line]]\nwav = \"/nowhere/a.wav\"").unwrap();
    let voice = ScriptedVoice::default();
    let error = SimulatedCaller::prepare(&scenario, &voice, RATE)
        .await
        .unwrap_err();
    assert!(
        matches!(error, RenderError::Recording { line: 1, .. }),
        "{error}"
    );
    let scenario = Scenario::parse("name = \"t\"\n[[line]]\nsay = \"a\"").unwrap();
    let problem = ProviderError::TimedOut {
        provider: "voice".into(),
        waited_ms: 10,
    };
    let voice = ScriptedVoice {
        failure: Some(problem),
        ..ScriptedVoice::default()
    };
    let error = SimulatedCaller::prepare(&scenario, &voice, RATE)
        .await
        .unwrap_err();
    assert!(
        matches!(error, RenderError::Voice { line: 1, .. }),
        "{error}"
    );
}
