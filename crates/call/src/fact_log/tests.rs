//! The log against itself: what is written is read, what is read replays, what is damaged is named.

use std::io::Cursor;
use std::time::Duration;

use offhook_turn_taking::{
    BackchannelPolicy, Command, Decision, Fact, FillerOrder, HeardText, Instant,
    InterruptionProfile, InterruptionProfiles, Opening, Order, OrderedSpeech, ReplyFailure,
    SoftTimeout, SpeechOrder, SpellingPatience, TurnId, TurnManager, TurnMode, UtteranceId,
};
use proptest::prelude::*;
use tokio::sync::mpsc;

use super::samples::{commands, reasons};
use super::wire::{WireEntry, WireHeader};
use super::*;
use crate::{EntryKind, LogEntry};

fn header() -> LogHeader {
    LogHeader {
        call_id: "c1".into(),
        agent: "Ava".into(),
        policy: TurnPolicy::default(),
    }
}

/// The log as text.
fn written(entries: &[LogEntry]) -> String {
    let mut text = serde_json::to_string(&WireHeader::from(&header())).unwrap();
    for entry in entries {
        text.push('\n');
        text.push_str(&serde_json::to_string(&WireEntry::from(entry)).unwrap());
    }
    text.push('\n');
    text
}

fn reader(text: &str) -> Result<LogReader<Cursor<String>>, ReadLogError> {
    LogReader::new(Cursor::new(text.to_owned()))
}

fn entries(text: &str) -> Vec<LogEntry> {
    reader(text)
        .unwrap()
        .map(|entry| entry.unwrap().1)
        .collect()
}

fn any_turn() -> impl Strategy<Value = TurnId> {
    (0..4_u32).prop_map(TurnId)
}

fn any_utterance() -> impl Strategy<Value = UtteranceId> {
    (0..4_u32).prop_map(UtteranceId)
}

fn any_time() -> impl Strategy<Value = Duration> {
    (0..3_000_000_000_u64).prop_map(Duration::from_nanos)
}

fn any_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        Just(Fact::CallAnswered),
        (any_utterance(), any_time()).prop_map(|(utterance, onset_ago)| Fact::SpeechStarted {
            utterance,
            onset_ago
        }),
        (0.0..1.0_f32).prop_map(|probability| Fact::SpeechProbability { probability }),
        (any_utterance(), any_time())
            .prop_map(|(utterance, silence)| Fact::SpeechStopped { utterance, silence }),
        (any_utterance(), "[a-z \"\\\\é]{0,12}")
            .prop_map(|(utterance, text)| Fact::TranscriptInterim { utterance, text }),
        (any_utterance(), "[a-z ]{0,12}")
            .prop_map(|(utterance, text)| Fact::TranscriptFinal { utterance, text }),
        any_utterance().prop_map(|utterance| Fact::TranscriptSettled { utterance }),
        Just(Fact::TranscriptFailed),
        (any_utterance(), any::<f32>()).prop_map(|(utterance, likelihood)| {
            Fact::EndOfTurnLikelihood {
                utterance,
                likelihood,
            }
        }),
        (any_utterance(), any::<f32>(), any::<bool>()).prop_map(
            |(utterance, likeness, is_caller)| Fact::VoiceJudged {
                utterance,
                likeness,
                is_caller,
            }
        ),
        any_turn().prop_map(|turn| Fact::ReplyToken { turn }),
        any_turn().prop_map(|turn| Fact::ReplyReady { turn }),
        any_turn().prop_map(|turn| Fact::ReplyFailed {
            turn,
            cause: ReplyFailure::Voice
        }),
        (any_turn(), prop::option::of("[a-z]{0,5}")).prop_map(|(turn, heard)| {
            let heard = heard.map_or(HeardText::Unknown, HeardText::Known);
            Fact::ReplyCancelled { turn, heard }
        }),
        any_turn().prop_map(|turn| Fact::ToolStarted { turn }),
        any_turn().prop_map(|turn| Fact::ToolFinished { turn }),
        any_turn().prop_map(|turn| Fact::FillerStarted { turn }),
        any_turn().prop_map(|turn| Fact::PlayoutRanDry { turn }),
        any_turn().prop_map(|turn| Fact::PlayoutStarted { turn }),
        (any_turn(), any_time()).prop_map(|(turn, heard)| Fact::PlayoutProgress { turn, heard }),
        any_turn().prop_map(|turn| Fact::PlayoutFinished { turn }),
        (any_turn(), prop::option::of(any_time()))
            .prop_map(|(turn, wait)| Fact::TurnSkipped { turn, wait }),
        Just(Fact::DtmfPressed { digit: '#' }),
        "[a-z]{0,5}".prop_map(|text| Fact::UserMessage { text }),
        Just(Fact::UserActivity),
        any_order().prop_map(Fact::Ordered),
        any_opening().prop_map(|opening| Fact::SuccessorReady {
            policy: Box::new(header().policy),
            opening,
        }),
    ]
}

fn any_opening() -> impl Strategy<Value = Option<Opening>> {
    prop::option::of(prop_oneof![Just(Opening::Greeting), Just(Opening::Reply)])
}

fn any_order() -> impl Strategy<Value = Order> {
    let speech = prop_oneof![
        (0..5_u32).prop_map(OrderedSpeech::Line),
        Just(OrderedSpeech::Reply),
    ];
    let speak = (speech, any::<bool>(), any::<bool>(), any::<bool>());
    prop_oneof![
        speak.prop_map(
            |(speech, is_urgent, is_interruptible, ends_call)| Order::Speak(SpeechOrder {
                speech,
                is_urgent,
                is_interruptible,
                ends_call,
            })
        ),
        Just(Order::Hold),
        Just(Order::EndHold),
        Just(Order::Mute),
        Just(Order::Unmute),
    ]
}

/// Runs a manager over the steps (`None` hands in the time) and logs it as a session does.
fn run(steps: &[(u64, Option<Fact>)]) -> Vec<LogEntry> {
    let mut manager = TurnManager::new(header().policy).unwrap();
    let mut log = Vec::new();
    let mut at = Instant::START;
    let answered = (0, Some(Fact::CallAnswered));
    for (gap_us, fact) in std::iter::once(&answered).chain(steps) {
        at = at + Duration::from_micros(*gap_us);
        match fact {
            Some(fact) => {
                log.push(LogEntry {
                    at,
                    kind: EntryKind::Fact(fact.clone()),
                });
                manager.handle(fact, at);
            }
            None => {
                at = manager.poll_timeout().map_or(at, |(due, _)| at.max(due));
                log.push(LogEntry {
                    at,
                    kind: EntryKind::Timer,
                });
                manager.handle_timeout(at);
            }
        }
        while let Some(decision) = manager.poll() {
            log.push(LogEntry {
                at,
                kind: EntryKind::Decision(decision),
            });
        }
    }
    log
}

fn decisions(log: &[LogEntry]) -> Vec<&Decision> {
    log.iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::Decision(decision) => Some(decision),
            _ => None,
        })
        .collect()
}

proptest! {
    #[test]
    fn any_call_replays_to_the_same_commands(
        steps in prop::collection::vec((0..900_000_u64, prop::option::of(any_fact())), 0..120)
    ) {
        let log = run(&steps);
        let outcome = replay(reader(&written(&log)).unwrap()).unwrap();
        prop_assert!(outcome.is_identical(), "{outcome}");
        prop_assert_eq!(outcome.commands.len(), decisions(&log).len());
    }

    #[test]
    fn a_damaged_log_is_an_error_or_a_difference_and_never_a_panic(
        place in 0.0..1.0_f64, byte: u8, length in 0..200_usize
    ) {
        let mut text = written(&sample()).into_bytes();
        let at = (text.len() as f64 * place) as usize;
        text[at] = byte;
        text.drain(at..(at + length).min(text.len()));
        if let Ok(log) = LogReader::new(Cursor::new(text)) {
            let _outcome = replay(log);
        }
    }
}

/// Every kind of entry, command and reason.
fn sample() -> Vec<LogEntry> {
    let turn = TurnId(1);
    let facts = [
        Fact::CallAnswered,
        Fact::EndOfTurnLikelihood {
            utterance: UtteranceId(1),
            likelihood: 0.1,
        },
        Fact::ReplyFailed {
            turn,
            cause: ReplyFailure::Empty,
        },
        Fact::ReplyFailed {
            turn,
            cause: ReplyFailure::ChatModel,
        },
        Fact::HungUp,
    ];
    let mut kinds: Vec<EntryKind> = facts.into_iter().map(EntryKind::Fact).collect();
    kinds.push(EntryKind::Timer);
    kinds.extend(
        reasons()
            .into_iter()
            .zip(commands().into_iter().cycle())
            .map(|(reason, command)| EntryKind::Decision(Decision { command, reason })),
    );
    kinds.push(EntryKind::ReplyText {
        turn,
        text: "We open at ".into(),
    });
    for heard_text in [None, Some("We".to_owned())] {
        kinds.push(EntryKind::ReplyHeard {
            turn,
            heard_text,
            is_interrupted: true,
        });
    }
    kinds.push(EntryKind::MachineAnswered);
    kinds.push(EntryKind::AgentChanged {
        id: "agent_2".into(),
        name: "Ben".into(),
    });
    kinds.push(EntryKind::Problem("the voice is gone".into()));
    let times = (0..).map(|index| Instant::from_micros(index * 1_234_567));
    times
        .zip(kinds)
        .map(|(at, kind)| LogEntry { at, kind })
        .collect()
}

#[test]
fn every_kind_of_entry_comes_back() {
    let sample = sample();
    assert_eq!(entries(&written(&sample)), sample);
    assert_eq!(reader(&written(&[])).unwrap().header(), &header());
}

#[test]
fn an_odd_policy_comes_back() {
    let policy = TurnPolicy {
        interruption_sensitivity: 0.123_456_79,
        endpoint_delay_min: Some(Duration::from_nanos(1)),
        mode: TurnMode::Silence,
        initial_wait: Some(Duration::from_secs(12)),
        greeting_delay: Duration::from_millis(1_500),
        caller_silence_max: None,
        soft_timeout: Some(SoftTimeout {
            order: FillerOrder::Shuffled,
            is_written: true,
            waits_for_caller: true,
            ..SoftTimeout::default()
        }),
        backchannels: Some(BackchannelPolicy {
            frequency: 0.123_456_79,
            ..BackchannelPolicy::default()
        }),
        no_input_timeout: None,
        interruption_words_min: Some(3),
        interruption_profiles: InterruptionProfiles {
            greeting: InterruptionProfile {
                is_interruptible: false,
                sensitivity: Some(0.1),
                words_min: Some(0),
                speech_min: Some(Duration::from_nanos(7)),
            },
            ..InterruptionProfiles::default()
        },
        spelling_patience: SpellingPatience::Off,
        ignore_phrases: vec!["so".into()],
        interrupting_phrases: Vec::new(),
        acknowledgements: vec!["mhm".into(), "\u{1F44D}".into()],
        ..TurnPolicy::default()
    };
    let header = LogHeader { policy, ..header() };
    let text = serde_json::to_string(&WireHeader::from(&header)).unwrap();
    assert_eq!(reader(&text).unwrap().header(), &header);
}

#[test]
fn the_format_is_what_it_is() {
    let entry = LogEntry {
        at: Instant::from_millis(1_500),
        kind: EntryKind::Fact(Fact::SpeechStarted {
            utterance: UtteranceId(2),
            onset_ago: Duration::from_millis(96),
        }),
    };
    assert_eq!(
        serde_json::to_string(&WireEntry::from(&entry)).unwrap(),
        r#"{"at_us":1500000,"fact":{"speech_started":{"utterance":2,"onset_ago_ns":96000000}}}"#
    );
    let timer = LogEntry {
        kind: EntryKind::Timer,
        ..entry
    };
    assert_eq!(
        serde_json::to_string(&WireEntry::from(&timer)).unwrap(),
        r#"{"at_us":1500000,"timer":"due"}"#
    );
}

#[test]
fn a_changed_log_shows_its_first_difference_readably() {
    let log = run(&[]);
    assert!(!decisions(&log).is_empty(), "the greeting is decided");
    let mut changed = log.clone();
    for entry in &mut changed {
        if let EntryKind::Decision(decision) = &mut entry.kind {
            decision.command = Command::CommitReply { turn: TurnId(9) };
        }
    }
    let outcome = replay(reader(&written(&changed)).unwrap()).unwrap();
    assert!(!outcome.is_identical());
    let text = outcome.to_string();
    assert!(
        text.contains("line 3 (0.000 s)\n  the call:   CommitReply 9"),
        "{text}"
    );
    assert!(
        text.contains("the replay: Say 1 Greeting (the call was answered)"),
        "{text}"
    );
}

#[test]
fn a_missing_and_a_surplus_decision_are_one_difference_each() {
    let log = run(&[]);
    let without: Vec<LogEntry> = log
        .iter()
        .filter(|entry| !matches!(entry.kind, EntryKind::Decision(_)))
        .cloned()
        .collect();
    let outcome = replay(reader(&written(&without)).unwrap()).unwrap();
    assert_eq!(outcome.differences_count, decisions(&log).len() as u64);
    assert_eq!(outcome.differences[0].recorded, None);
    let twice: Vec<LogEntry> = log
        .iter()
        .flat_map(|entry| {
            let copies = usize::from(matches!(entry.kind, EntryKind::Decision(_))) + 1;
            std::iter::repeat_n(entry.clone(), copies)
        })
        .collect();
    let outcome = replay(reader(&written(&twice)).unwrap()).unwrap();
    assert_eq!(outcome.differences_count, decisions(&log).len() as u64);
    assert_eq!(outcome.differences[0].replayed, None);
}

#[test]
fn what_is_wrong_is_named_by_its_line() {
    let problem = |text: &str| {
        let error = match reader(text) {
            Err(error) => error,
            Ok(log) => log.filter_map(Result::err).next().unwrap(),
        };
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", source.unwrap_or_default())
    };
    let good = written(&sample());
    assert!(problem("").contains("empty"));
    assert!(problem("hello\n").contains("line 1 of the log is not its header"));
    assert!(problem("{\"version\":7}\n").contains("version 7"));
    assert!(problem("{\"version\":1,\"call_id\":\"x\"}\n").contains("missing field"));
    let cut = &good[..good.len() - 10];
    let lines = good.lines().count();
    assert!(problem(cut).contains(&format!(
        "line {lines} of the log is no entry: it is cut off"
    )));
    let unknown = good.replacen("\"call_answered\"", "\"call_anwsered\"", 1);
    assert!(problem(&unknown).contains("line 2 of the log is no entry: unknown variant"));
    let header_end = good.find('\n').unwrap();
    let endless = format!("{}\n{}", &good[..header_end], "x".repeat(2 * 1024 * 1024));
    assert!(problem(&endless).contains("line 2 of the log is longer"));
    let negative = good.replacen("\"at_us\":0", "\"at_us\":-1", 1);
    assert!(problem(&negative).contains("line 2"));
    assert!(LogReader::open(std::path::Path::new("/nowhere/x.jsonl")).is_err());
}

#[tokio::test]
async fn a_log_that_was_written_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("facts.jsonl");
    let (sender, receiver) = mpsc::channel(4);
    let writer = LogWriter::start(&path, &header(), receiver).await.unwrap();
    for entry in sample() {
        sender.send(entry).await.unwrap();
    }
    drop(sender);
    assert_eq!(writer.finish().await.unwrap(), sample().len() as u64);
    let read: Vec<LogEntry> = LogReader::open(&path)
        .unwrap()
        .map(|entry| entry.unwrap().1)
        .collect();
    assert_eq!(read, sample());
}

#[tokio::test]
async fn a_log_that_cannot_be_made_says_which() {
    let (_sender, receiver) = mpsc::channel(1);
    let path = std::path::Path::new("/nowhere/facts.jsonl");
    let error = LogWriter::start(path, &header(), receiver)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/nowhere/facts.jsonl"));
}
