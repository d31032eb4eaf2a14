//! Verdicts on a made-up call: good, and broken in every way.

use std::time::Duration;

use offhook_call::{
    BargeInOutcome, BargeInRecord, CallRecord, PacingRecord, TurnKind, TurnRecord, TurnTimings,
};
use offhook_turn_taking::{HangUpCause, Instant, Line, TurnId};

use super::*;
use crate::{AgentSpeech, LineFate, SaidLine};

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

const SCENARIO: &str = r#"
name = "booking"
[expect]
events = ["greeting", "answer", "resume", "answer", "barge_in", "answer"]
absent = ["reprompt"]
ends_with = "caller_hung_up"
word_error_rate_max = 0.1
voice_to_voice_ms_median_max = 700
barge_in_stop_ms_max = 400

[[line]]
say = "Are you open on Saturday?"
expect = { reply_within_ms = 800, heard = ["saturday", ["nine", "9"]], absent = ["sunday"] }
[[line]]
say = "mhm"
when = { into_agent = "1s" }
expect = { interrupts = false, heard = ["noon"] }
[[line]]
say = "I would like"
[[line]]
say = "a cleaning on Tuesday."
when = { after_line = "1s" }
expect = { same_turn_as_previous = true, reply_within_ms = 800 }
[[line]]
say = "Wait, make that Wednesday."
when = { into_agent = "1s" }
expect = { interrupts = true, heard = ["wednesday"] }
"#;

fn turn(number: u32, kind: TurnKind, said: u64, caller: &str, agent: &str) -> TurnRecord {
    TurnRecord {
        turn: TurnId(number),
        kind,
        caller_text: caller.into(),
        generated_text: agent.into(),
        fillers: vec![],
        heard_text: Some(agent.into()),
        is_interrupted: false,
        timings: TurnTimings {
            speech_ended: (kind == TurnKind::Answer).then(|| at(said)),
            first_frame_sent: Some(at(said + 600)),
            finished: Some(at(said + 3_000)),
            ..TurnTimings::default()
        },
    }
}

fn barge_in(number: u32, onset: u64, outcome: BargeInOutcome) -> BargeInRecord {
    BargeInRecord {
        turn: TurnId(number),
        onset: at(onset),
        held: at(onset + 200),
        last_frame_sent: Some(at(onset + 180)),
        outcome,
        decided: Some(at(onset + 600)),
    }
}

fn record() -> CallRecord {
    let answer = TurnKind::Answer;
    let mut cut = turn(
        3,
        answer,
        14_000,
        "I would like a cleaning on Tuesday.",
        "Booked for two",
    );
    cut.generated_text = "Booked for two on Tuesday.".into();
    cut.is_interrupted = true;
    cut.timings.finished = Some(at(16_400));
    CallRecord {
        agent_changes: Vec::new(),
        call_id: "c1".into(),
        agent_name: "Ava".into(),
        transport: "file".into(),
        duration: Duration::from_secs(25),
        ended: HangUpCause::CallerHungUp,
        turns: vec![
            turn(1, TurnKind::Line(Line::Greeting), 0, "", "Hello."),
            turn(
                2,
                answer,
                4_000,
                "Are you open on Saturday",
                "Saturday, nine to noon.",
            ),
            cut,
            turn(
                4,
                answer,
                17_400,
                "Wait, make that Wednesday",
                "Wednesday it is.",
            ),
        ],
        backchannels: vec![],
        barge_ins: vec![
            barge_in(2, 5_700, BargeInOutcome::Resumed),
            barge_in(3, 16_050, BargeInOutcome::Committed),
        ],
        pacing: PacingRecord::default(),
        discarded_drafts: 0,
        dropped_caller_frames: 0,
        problems: vec![],
    }
}

fn ledger() -> CallerLedger {
    let said = |began, ended| {
        Some(SaidLine {
            began: Duration::from_millis(began),
            ended: Duration::from_millis(ended),
            fate: LineFate::OnTime,
        })
    };
    let lines = [
        (2_500, 4_000),
        (5_600, 5_900),
        (10_000, 11_000),
        (12_000, 14_000),
    ];
    CallerLedger {
        lines: lines
            .into_iter()
            .chain([(16_000, 17_400)])
            .map(|(began, ended)| said(began, ended))
            .collect(),
        skipped: vec![],
        agent_speech: vec![AgentSpeech {
            began: Duration::from_millis(4_700),
            ended: Duration::from_millis(8_000),
        }],
        hung_up: None,
    }
}

fn verdict_on(record: &CallRecord, ledger: &CallerLedger) -> ScenarioVerdict {
    let scenario = Scenario::parse(SCENARIO).unwrap();
    report(&scenario, ledger, record, Instant::START)
        .scenario
        .unwrap()
}

#[track_caller]
fn assert_fails(record: &CallRecord, ledger: &CallerLedger, expected: &str) {
    let verdict = verdict_on(record, ledger);
    assert!(!verdict.passed);
    let failed: Vec<String> = verdict
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| format!("{}: {}", check.expected, check.found))
        .collect();
    assert!(
        failed.iter().any(|failed| failed.contains(expected)),
        "{failed:#?}"
    );
}

#[test]
fn a_good_call_passes_every_check() {
    let verdict = verdict_on(&record(), &ledger());
    let failed: Vec<_> = verdict
        .checks
        .iter()
        .filter(|check| !check.passed)
        .collect();
    assert!(verdict.passed, "{failed:#?}");
    assert_eq!(verdict.checks.len(), 21);
}

#[test]
fn the_time_between_caller_and_call_is_made_up_for() {
    let mut early = ledger();
    for line in early.lines.iter_mut().flatten() {
        line.began -= Duration::from_millis(2_000);
        line.ended -= Duration::from_millis(2_000);
    }
    early.agent_speech[0].began -= Duration::from_millis(2_000);
    let scenario = Scenario::parse(SCENARIO).unwrap();
    let report = report(&scenario, &early, &record(), at(2_000));
    assert!(report.scenario.unwrap().passed);
    assert_eq!(report.turns[1].voice_to_voice_heard_ms, Some(700.0));
}

#[test]
fn each_broken_expectation_says_what_was_found() {
    let good = record();
    let mut late = good.clone();
    late.turns[1].timings.first_frame_sent = Some(at(5_000));
    assert_fails(
        &late,
        &ledger(),
        "a reply within 800 ms: it came after 1000 ms",
    );
    let mut wrong = good.clone();
    wrong.turns[1].heard_text = Some("We are open on Sunday.".into());
    assert_fails(
        &wrong,
        &ledger(),
        "the reply has \"nine\" or \"9\": the caller heard \"We are",
    );
    assert_fails(&wrong, &ledger(), "the reply has no \"sunday\"");
    let mut stopped = good.clone();
    stopped.barge_ins[0].outcome = BargeInOutcome::Committed;
    assert_fails(
        &stopped,
        &ledger(),
        "does not end the agent's reply: it ended",
    );
    assert_fails(
        &stopped,
        &ledger(),
        "`resume` is missing from: greeting, answer, barge_in",
    );
}

#[test]
fn a_reply_that_ends_at_the_wrong_time_fails() {
    let good = record();
    let mut deaf = good.clone();
    deaf.turns[2].is_interrupted = false;
    deaf.barge_ins.pop();
    assert_fails(
        &deaf,
        &ledger(),
        "ends the agent's reply: the agent did not even hold",
    );
    let mut invented = good.clone();
    invented.turns[2].heard_text = Some("Something else".into());
    assert_fails(&invented, &ledger(), "is no beginning of the reply");
    let mut hasty = good.clone();
    hasty
        .turns
        .insert(2, turn(9, TurnKind::Answer, 11_000, "I would like", "Yes?"));
    assert_fails(
        &hasty,
        &ledger(),
        "the agent answered \"I would like\" in the pause",
    );
    let mut misheard = good.clone();
    misheard.turns[1].caller_text = "Or you hoping on Saturday".into();
    assert_fails(
        &misheard,
        &ledger(),
        "at most 10.0 % of the caller's words wrong: 12.5 %",
    );
    let mut gone = good.clone();
    gone.ended = HangUpCause::Silence;
    assert_fails(
        &gone,
        &ledger(),
        "ends with `caller_hung_up`: it ended with `silence`",
    );
    let mut slow = good;
    slow.barge_ins[1].last_frame_sent = Some(at(16_700));
    assert_fails(
        &slow,
        &ledger(),
        "time to stop at a barge-in at most 400 ms: 650 ms",
    );
}

#[test]
fn lines_that_were_not_said_fail() {
    let mut short = ledger();
    short.lines[4] = None;
    assert_fails(
        &record(),
        &short,
        "is said at its moment: the call ended before it",
    );
    let mut skipped = ledger();
    skipped.lines[1] = None;
    skipped.skipped.push(1);
    assert_fails(
        &record(),
        &skipped,
        "line 2 \"mhm\": is said at its moment: its moment did not",
    );
}

#[test]
fn a_call_in_which_nothing_happened_fails_without_a_panic() {
    let empty = CallRecord {
        turns: vec![],
        backchannels: vec![],
        barge_ins: vec![],
        ..record()
    };
    assert_fails(
        &empty,
        &CallerLedger::default(),
        "`greeting` is missing from: nothing",
    );
}
