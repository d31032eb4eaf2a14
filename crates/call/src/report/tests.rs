//! Reports, tables and live transcripts of a made-up call.

use std::time::Duration;

use offhook_turn_taking::{
    Command, Decision, Fact, HangUpCause, Instant, Line, Reason, TurnId, UtteranceId,
};

use super::*;
use crate::{EntryKind, LogEntry, PacingRecord, TurnTimings};

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// A turn whose caller fell silent at `said`; the stages follow 300, 250, 260, 400, 450, 600 and
/// 620 ms later: models are what is waited for.
fn answer(turn: u32, said: u64, caller: &str, agent: &str) -> TurnRecord {
    let after = |millis| Some(at(said + millis));
    TurnRecord {
        turn: TurnId(turn),
        kind: TurnKind::Answer,
        caller_text: caller.into(),
        generated_text: agent.into(),
        fillers: vec![],
        heard_text: Some(agent.into()),
        is_interrupted: false,
        timings: TurnTimings {
            speech_ended: after(0),
            pause_detected: after(200),
            turn_ended: after(300),
            transcript_settled: after(250),
            reply_asked: after(260),
            first_token: after(400),
            first_sentence: after(450),
            first_audio: after(600),
            filler_started: None,
            first_frame_sent: after(620),
            finished: after(3_000),
        },
    }
}

fn record() -> CallRecord {
    let mut waited = answer(
        3,
        10_000,
        "How much is a cleaning?",
        "It is one hundred twenty",
    );
    waited.timings.turn_ended = Some(at(11_000));
    waited.timings.first_frame_sent = Some(at(11_008));
    waited.is_interrupted = true;
    let greeting = TurnRecord {
        kind: TurnKind::Line(Line::Greeting),
        timings: TurnTimings {
            first_frame_sent: Some(at(40)),
            ..TurnTimings::default()
        },
        ..answer(1, 0, "", "Hello, Bright Smile Dental.")
    };
    CallRecord {
        agent_changes: Vec::new(),
        call_id: "c1".into(),
        agent_name: "Ava".into(),
        transport: "file".into(),
        duration: Duration::from_millis(20_500),
        ended: HangUpCause::CallerHungUp,
        turns: vec![
            greeting,
            answer(2, 5_000, "Are you open Sunday?", "No, we are not."),
            waited,
        ],
        backchannels: vec![],
        barge_ins: vec![
            BargeInRecord {
                turn: TurnId(2),
                onset: at(6_000),
                held: at(6_150),
                last_frame_sent: Some(at(6_140)),
                outcome: BargeInOutcome::Resumed,
                decided: Some(at(6_900)),
            },
            BargeInRecord {
                turn: TurnId(3),
                onset: at(12_000),
                held: at(12_250),
                last_frame_sent: Some(at(12_240)),
                outcome: BargeInOutcome::Committed,
                decided: Some(at(12_500)),
            },
        ],
        pacing: PacingRecord {
            lateness_micros: vec![500; 100],
            underruns: 1,
        },
        discarded_drafts: 2,
        dropped_caller_frames: 0,
        problems: vec![],
    }
}

fn line(text: &str, began: u64, ended: u64) -> SpokenLine {
    SpokenLine {
        text: Some(text.into()),
        began: at(began),
        ended: at(ended),
        continues_turn: false,
        is_backchannel: false,
        reply_heard: Some(at(ended + 700)),
    }
}

fn lines() -> Vec<SpokenLine> {
    vec![
        line("Are you open on Sunday?", 4_000, 4_980),
        SpokenLine {
            is_backchannel: true,
            ..line("mhm", 6_000, 6_300)
        },
        line("How much", 8_000, 8_500),
        SpokenLine {
            continues_turn: true,
            ..line("is a cleaning?", 9_500, 9_990)
        },
    ]
}

#[test]
fn the_report_has_the_fields_that_machines_look_for() {
    let report = Report::new(&record(), &lines());
    let json = serde_json::to_value(&report).unwrap();
    let turn = &json["turns"][1];
    assert_eq!(turn["caller_text"], "Are you open Sunday?");
    assert_eq!(turn["agent_text_generated"], "No, we are not.");
    assert_eq!(turn["agent_text_heard"], "No, we are not.");
    assert_eq!(turn["interrupted"], false);
    assert_eq!(turn["voice_to_voice_ms"], 620.0);
    assert_eq!(turn["runtime_share_ms"], 30.0);
    assert_eq!(turn["voice_to_voice_heard_ms"], 700.0);
    for (stage, expected) in [
        ("endpoint", 300.0),
        ("transcript", 250.0),
        ("first_token", 400.0),
        ("first_sentence", 450.0),
        ("first_audio", 600.0),
        ("first_frame", 620.0),
    ] {
        assert_eq!(turn["stages_ms"][stage], expected, "{stage}");
    }
    let summary = &json["summary"];
    assert_eq!(summary["voice_to_voice_ms"]["p50"], 620.0);
    assert_eq!(summary["voice_to_voice_ms"]["max"], 1_008.0);
    assert_eq!(summary["barge_in_stop_ms"]["max"], 240.0);
    assert_eq!(summary["runtime_share_ms"]["p95"], 30.0);
    assert_eq!(summary["pacing_ms"]["p99"], 0.5);
    // One word of ten was lost.
    assert_eq!(summary["word_error_rate"], 0.1);
    assert_eq!(json["turns"][0]["kind"], "greeting");
    assert!(json["turns"][0]["voice_to_voice_ms"].is_null());
    assert_eq!(
        json["turns"][2]["caller_reference"],
        "How much is a cleaning?"
    );
    assert_eq!(json["barge_ins"][0]["outcome"], "resumed");
    assert_eq!(json["ended"], "caller_hung_up");
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
}

#[test]
fn shares_follow_what_was_waited_for_and_add_up() {
    let report = Report::new(&record(), &[]);
    let models = report.turns[1].shares_ms.unwrap();
    assert_eq!(
        models,
        Shares {
            endpoint_wait: 0.0,
            recognition: 250.0,
            chat_model: 190.0,
            voice: 150.0,
            runtime: 30.0
        }
    );
    let waited = report.turns[2].shares_ms.unwrap();
    assert_eq!((waited.endpoint_wait, waited.runtime), (1_000.0, 8.0));
    for turn in &report.turns[1..] {
        let sum: f64 = turn
            .shares_ms
            .unwrap()
            .parts()
            .iter()
            .map(|(_, share)| share)
            .sum();
        assert_eq!(Some(sum), turn.voice_to_voice_ms);
        assert_eq!(
            turn.shares_ms.map(|shares| shares.runtime),
            turn.runtime_share_ms
        );
    }
}

#[test]
fn lines_are_attributed_to_the_replies_that_answer_them() {
    let turns = record().turns;
    let spoken = attribute(&lines(), &turns);
    assert_eq!(
        spoken,
        [
            SpokenTurn {
                lines: 0..1,
                turns: vec![1]
            },
            SpokenTurn {
                lines: 1..2,
                turns: vec![]
            },
            SpokenTurn {
                lines: 2..4,
                turns: vec![2]
            },
        ]
    );
    assert_eq!(spoken[1].reference(&lines()), None);
    // Cut at the pause: two replies to one turn.
    let cut = [
        answer(2, 8_500, "How much", "What?"),
        answer(3, 9_990, "is a cleaning", "120."),
    ];
    assert_eq!(attribute(&lines(), &cut)[2].turns, [0, 1]);
    assert_eq!(
        attribute(&lines(), &cut)[2].caller_text(&cut),
        "How much is a cleaning"
    );
}

#[test]
fn an_empty_call_has_a_report() {
    let empty = CallRecord {
        turns: vec![],
        backchannels: vec![],
        barge_ins: vec![],
        pacing: PacingRecord::default(),
        ..record()
    };
    let report = Report::new(&empty, &[]);
    assert_eq!(report.summary, Summary::default());
    let table = ReportTable {
        report: &report,
        width: 80,
    }
    .to_string();
    assert!(table.contains("voice to voice                –"), "{table}");
}

#[test]
fn the_table_shows_stages_texts_and_the_worst_turn() {
    let mut report = Report::new(&record(), &lines());
    report.scenario = Some(ScenarioVerdict {
        name: "demo".into(),
        passed: false,
        checks: vec![
            Check {
                expected: "a".into(),
                found: "b".into(),
                passed: true,
            },
            Check {
                expected: "line 2 is heard".into(),
                found: "it is not".into(),
                passed: false,
            },
        ],
    });
    let table = ReportTable {
        report: &report,
        width: 90,
    }
    .to_string();
    for expected in [
        "  2  answer       5.6      300        250    400      450    600    620    30",
        "caller  Are you open Sunday?",
        "agent   It is one hundred twenty [interrupted]",
        "620 ms",
        "voice to voice              620     1008     1008",
        "worst turn: 3 with 1008 ms (endpoint wait 1000, runtime 8)",
        "word error rate of the caller's lines: 10.0 %",
        "scenario demo: FAILED 1 of 2 checks",
        "  ✗ line 2 is heard: it is not",
    ] {
        assert!(table.contains(expected), "{expected}\n{table}");
    }
    for width in [0, 60, 90, 200] {
        let table = ReportTable {
            report: &report,
            width,
        }
        .to_string();
        let longest = table.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(width.max(80)), "{width}\n{table}");
    }
}

fn shown(terminal_width: Option<usize>, kinds: Vec<EntryKind>) -> String {
    let mut live = LiveTranscript::new(Vec::new(), terminal_width);
    for (index, kind) in kinds.into_iter().enumerate() {
        live.show(&LogEntry {
            at: at(index as u64 * 500),
            kind,
        })
        .unwrap();
    }
    live.finish().unwrap();
    String::from_utf8(live.out).unwrap()
}

fn entries() -> Vec<EntryKind> {
    let turn = TurnId(2);
    let utterance = UtteranceId(1);
    let text = |text: &str| EntryKind::ReplyText {
        turn,
        text: text.into(),
    };
    vec![
        EntryKind::Fact(Fact::SpeechStarted {
            utterance,
            onset_ago: Duration::ZERO,
        }),
        EntryKind::Fact(Fact::TranscriptInterim {
            utterance,
            text: "are you".into(),
        }),
        EntryKind::Fact(Fact::TranscriptFinal {
            utterance,
            text: "Are you open?".into(),
        }),
        text("Yes, we"),
        EntryKind::Fact(Fact::PlayoutStarted { turn }),
        text(" are open."),
        EntryKind::Decision(Decision {
            command: Command::HoldPlayout { turn },
            reason: Reason::CallerSpokeOver {
                speech: Duration::ZERO,
                required: Duration::ZERO,
            },
        }),
        EntryKind::ReplyHeard {
            turn,
            heard_text: Some("Yes, we\u{1b}[2J".into()),
            is_interrupted: true,
        },
    ]
}

#[test]
fn without_a_terminal_only_settled_lines_are_printed() {
    let text = shown(None, entries());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "    1.0 s  caller  Are you open?");
    assert!(
        lines[1].starts_with("    3.0 s  agent   [holds: "),
        "{text}"
    );
    assert_eq!(lines[2], "    3.5 s  agent   Yes, we [2J [interrupted]");
    assert_eq!(lines.len(), 3);
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn on_a_terminal_the_growing_line_is_replaced() {
    let text = shown(Some(40), entries());
    assert!(
        text.contains("\r\u{1b}[2K    0.5 s  caller  are you …"),
        "{text:?}"
    );
    assert!(
        text.contains("\r\u{1b}[2K    2.0 s  agent   Yes, we …"),
        "{text:?}"
    );
    assert!(
        text.contains("\r\u{1b}[2K    2.5 s  agent   Yes, we are open. …"),
        "{text:?}"
    );
    let long = EntryKind::Fact(Fact::TranscriptInterim {
        utterance: UtteranceId(1),
        text: "one two three four five six seven eight nine ten".into(),
    });
    let text = shown(Some(40), vec![long]);
    let line = text.trim_start_matches("\r\u{1b}[2K").trim_end();
    assert!(
        line.ends_with("nine ten …") && line.chars().count() < 40,
        "{line:?}"
    );
}

#[test]
fn a_draft_that_nobody_hears_is_not_shown() {
    let turn = TurnId(5);
    let kinds = vec![
        EntryKind::ReplyText {
            turn,
            text: "secret".into(),
        },
        EntryKind::ReplyHeard {
            turn,
            heard_text: Some(String::new()),
            is_interrupted: false,
        },
    ];
    assert_eq!(shown(Some(40), kinds), "");
}
