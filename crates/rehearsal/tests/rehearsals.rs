//! A whole rehearsed call on paused time: a scenario acted out against a session with scripted
//! providers, judged, reported, logged and replayed.

#![allow(clippy::expect_used, reason = "a test may fail")]

use std::sync::Arc;
use std::time::Duration;

use offhook_agent::{Agent, CallVariables};
use offhook_call::fact_log::{LogHeader, LogReader, LogWriter, replay};
use offhook_call::report::{Report, ReportTable};
use offhook_call::timeline::{Timeline, Track};
use offhook_call::{CallSetup, LogEntry, Persona, Providers, Session};
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedUtterance,
    ScriptedVoice,
};
use offhook_contract::{LegDescription, leg};
use offhook_media::SampleRate;
use offhook_rehearsal::{Scenario, SimulatedCaller, report};
use offhook_transport::{HandsetEnd, HandsetOptions, HandsetReport, call_with};
use offhook_turn_taking::Instant;
use tokio::sync::mpsc;

const RATE: SampleRate = SampleRate::HZ_16000;
const LEAD: Duration = Duration::from_millis(60);

/// Both voices are made of the same tones here, which an echo canceller takes for an echo.
const AGENT: &str = r#"{
    "name": "Ava",
    "prompt": "Be brief.",
    "first_message": "Hello there, this is Ava.",
    "echo_cancellation": "off",
    "silence": { "reprompt_after": "8s", "reprompts_max": 1 }
}"#;

/// A rehearsed call and all that is left of it.
struct Rehearsed {
    report: Report,
    handset: HandsetReport,
    entries: Vec<LogEntry>,
    replayed: String,
    svg: String,
}

/// Lets the scenario play against an agent that recognises and answers in this order.
async fn rehearse(
    scenario: &str,
    likelihoods: &[f32],
    heard: Vec<ScriptedUtterance>,
    answers: &[&str],
) -> Rehearsed {
    let scenario = Scenario::parse(scenario).expect("a valid scenario");
    let voice = ScriptedVoice::default();
    let mut caller = SimulatedCaller::prepare(&scenario, &voice, RATE)
        .await
        .expect("a voice");
    let ledger = caller.ledger();
    let agent = Arc::new(Agent::from_json(AGENT).expect("a valid agent"));
    let description = LegDescription {
        transport: "handset".into(),
        rate: RATE,
        lead: LEAD,
    };
    let (near, far) = leg(description);
    let (log, mut log_entries) = mpsc::channel(4_096);
    let (_control, control) = mpsc::channel(1);
    let replies = answers
        .iter()
        .map(|answer| ScriptedReply::new(answer))
        .collect();
    let policy = agent.turn_policy().clone();
    let session = Session::open(CallSetup {
        call_id: "rehearsal-1".into(),
        persona: Persona::new(agent, CallVariables::new()),
        leg: near,
        providers: Providers {
            detector: Arc::new(ScriptedDetector::with_likelihoods(likelihoods)),
            recognition: Arc::new(ScriptedRecognition::new(heard)),
            chat: Arc::new(ScriptedChat::new(replies)),
            voice: Arc::new(voice),
        },
        log: Some(log),
        control,
    })
    .await
    .expect("every stage opens");
    let options = HandsetOptions::new(RATE, LEAD);
    let (record, handset) = tokio::join!(session.run(), call_with(far, &mut caller, options));
    let mut entries = Vec::new();
    while let Ok(entry) = log_entries.try_recv() {
        entries.push(entry);
    }
    let track = |samples| Track {
        samples,
        rate: RATE,
    };
    let svg = Timeline {
        record: &record,
        entries: &entries,
        caller: track(&handset.caller),
        agent: track(&handset.agent),
        tracks_began: Instant::START,
    }
    .svg();
    Rehearsed {
        report: report(&scenario, &ledger.snapshot(), &record, Instant::START),
        handset,
        replayed: logged_and_replayed(policy, &entries).await,
        entries,
        svg,
    }
}

/// Writes the log, reads it back, and says what the replay made of it.
async fn logged_and_replayed(
    policy: offhook_turn_taking::TurnPolicy,
    entries: &[LogEntry],
) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("facts.jsonl");
    let header = LogHeader {
        call_id: "rehearsal-1".into(),
        agent: "Ava".into(),
        policy,
    };
    let (sender, receiver) = mpsc::channel(8);
    let writer = LogWriter::start(&path, &header, receiver)
        .await
        .expect("a file");
    for entry in entries {
        sender
            .send(entry.clone())
            .await
            .expect("the writer takes it");
    }
    drop(sender);
    writer.finish().await.expect("a complete log");
    let log = LogReader::open(&path).expect("a log");
    replay(log).expect("a whole log").to_string()
}

impl Rehearsed {
    #[track_caller]
    fn assert_passed(&self) {
        let verdict = self.report.scenario.as_ref().expect("judged");
        let failed: Vec<_> = verdict
            .checks
            .iter()
            .filter(|check| !check.passed)
            .collect();
        let table = ReportTable {
            report: &self.report,
            width: 100,
        };
        assert!(verdict.passed, "{failed:#?}\n{table}");
        assert!(
            self.replayed.ends_with("identical to the call"),
            "{}",
            self.replayed
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_conversation_with_everything_in_it_passes_and_replays() {
    let scenario = r#"
        name = "everything"
        caller = { patience = "800ms" }
        [expect]
        events = ["greeting", "answer", "resume", "answer", "barge_in", "answer", "answer"]
        absent = ["reprompt", "apology", "problem"]
        ends_with = "caller_hung_up"
        word_error_rate_max = 0.0
        voice_to_voice_ms_median_max = 1000
        barge_in_stop_ms_max = 400
        [[line]]
        say = "Are you open on Saturday please"
        expect = { reply_within_ms = 1500, heard = ["saturday"], absent = ["sunday"] }
        [[line]]
        say = "Mhm mhm"
        when = { into_agent = "1s" }
        expect = { interrupts = false, heard = ["noon"] }
        [[line]]
        say = "Please tell me all about it"
        expect = { reply_within_ms = 1500 }
        [[line]]
        say = "Stop that right now please"
        when = { into_agent = "1.2s" }
        expect = { interrupts = true, reply_within_ms = 1500, heard = ["fine"] }
        [[line]]
        say = "I would like to come on"
        [[line]]
        say = "Tuesday at two"
        when = { after_line = "1s" }
        expect = { same_turn_as_previous = true, reply_within_ms = 1500, heard = ["tuesday"] }
    "#;
    let stop = ScriptedUtterance::new("Stop that right now please")
        .interim(Duration::from_millis(250), "Stop that right")
        .interim(Duration::from_millis(500), "Stop that right now");
    let heard = vec![
        ScriptedUtterance::new("Are you open on Saturday please"),
        ScriptedUtterance::new("Mhm"),
        ScriptedUtterance::new("Please tell me all about it"),
        stop,
        ScriptedUtterance::new("I would like to come on"),
        ScriptedUtterance::new("Tuesday at two."),
    ];
    let answers = [
        "Yes on Saturday we are open from nine in the morning until it is noon.",
        "One two three four five six seven eight nine ten eleven twelve thirteen fourteen.",
        "Fine by me.",
        "Tuesday it is.",
    ];
    let call = rehearse(
        scenario,
        &[0.99, 0.99, 0.99, 0.99, 0.02, 0.99],
        heard,
        &answers,
    )
    .await;
    call.assert_passed();
    assert_eq!(call.handset.end, HandsetEnd::CallerHungUp);
    let ear = call.report.turns[1]
        .voice_to_voice_heard_ms
        .expect("the caller heard it");
    let wire = call.report.turns[1].voice_to_voice_ms.expect("it was sent");
    assert!(
        (ear - wire).abs() < 150.0,
        "in the ear {ear} ms, on the wire {wire} ms"
    );
    assert!(call.svg.contains("stops") && call.svg.contains("goes on"));
    assert!(call.entries.len() > 50);
}

#[tokio::test(start_paused = true)]
async fn a_silent_caller_is_reminded_and_hung_up_on() {
    let scenario = r#"
        name = "silence"
        hang_up = { at = "2m" }
        [expect]
        events = ["greeting", "reprompt", "goodbye"]
        absent = ["answer", "barge_in"]
        ends_with = "silence"
    "#;
    let call = rehearse(scenario, &[], vec![], &[]).await;
    call.assert_passed();
    assert_eq!(call.handset.end, HandsetEnd::AgentHungUp);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_says_the_wrong_thing_fails_its_scenario() {
    let scenario = r#"
        name = "wrong"
        [[line]]
        say = "Are you open on Saturday"
        expect = { heard = ["saturday"], reply_within_ms = 1500 }
    "#;
    let heard = vec![ScriptedUtterance::new("Are you open on Saturday")];
    let call = rehearse(scenario, &[], heard, &["Only on Sunday."]).await;
    let verdict = call.report.scenario.expect("judged");
    assert!(!verdict.passed);
    let failed: Vec<_> = verdict
        .checks
        .iter()
        .filter(|check| !check.passed)
        .collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert!(failed[0].found.contains("Only on Sunday."));
}
