//! Pictures of made-up calls, parsed back as XML.

use std::time::Duration;

use offhook_media::SampleRate;
use offhook_turn_taking::{
    Command, Decision, Fact, HangUpCause, Instant, Line, Patience, Reason, TurnId, UtteranceId,
};

use super::*;
use crate::{
    BargeInOutcome, BargeInRecord, EntryKind, PacingRecord, TurnKind, TurnRecord, TurnTimings,
};

const RATE: SampleRate = SampleRate::HZ_16000;

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A made-up call of `rounds` questions and answers, 8 s each; every third answer is interrupted,
/// every fourth acknowledged.
struct Made {
    record: CallRecord,
    entries: Vec<LogEntry>,
    caller: Vec<i16>,
    agent: Vec<i16>,
}

impl Made {
    fn new(rounds: u64, caller_text: &str) -> Self {
        let length = 5_000 + rounds * 8_000;
        let silence = vec![0; RATE.samples_in(ms(length)) as usize];
        let record = CallRecord {
            agent_changes: Vec::new(),
            call_id: "made-1".into(),
            agent_name: "Ava".into(),
            transport: "file".into(),
            duration: ms(length),
            ended: HangUpCause::CallerHungUp,
            turns: vec![],
            backchannels: vec![],
            barge_ins: vec![],
            pacing: PacingRecord {
                lateness_micros: vec![300; 50],
                underruns: 0,
            },
            discarded_drafts: 0,
            dropped_caller_frames: 0,
            problems: vec![],
        };
        let mut made = Self {
            record,
            entries: vec![],
            caller: silence.clone(),
            agent: silence,
        };
        made.greet();
        for round in 0..rounds {
            made.round(round, caller_text);
        }
        made.decide(
            length - 10,
            Command::HangUp {
                cause: HangUpCause::CallerHungUp,
            },
            Reason::CallerHungUp,
        );
        made
    }

    fn log(&mut self, millis: u64, kind: EntryKind) {
        self.entries.push(LogEntry {
            at: at(millis),
            kind,
        });
    }

    fn fact(&mut self, millis: u64, fact: Fact) {
        self.log(millis, EntryKind::Fact(fact));
    }

    fn decide(&mut self, millis: u64, command: Command, reason: Reason) {
        self.log(millis, EntryKind::Decision(Decision { command, reason }));
    }

    fn speech(track: &mut [i16], from: u64, to: u64, pitch: f64) {
        let range = RATE.samples_in(ms(from)) as usize..RATE.samples_in(ms(to)) as usize;
        for index in range.start..range.end.min(track.len()) {
            let seconds = index as f64 / 16_000.0;
            let syllable = (seconds * 4.3 * std::f64::consts::PI).sin().powi(2);
            let word = 0.35 + 0.65 * (seconds * 1.7 + pitch).sin().abs();
            let voice = (seconds * pitch * std::f64::consts::TAU).sin();
            track[index] = (9_000.0 * syllable * word * voice) as i16;
        }
    }

    fn greet(&mut self) {
        let turn = TurnId(1);
        self.fact(0, Fact::CallAnswered);
        self.decide(
            0,
            Command::Say {
                turn,
                line: Line::Greeting,
            },
            Reason::CallAnswered,
        );
        self.fact(60, Fact::PlayoutStarted { turn });
        self.fact(3_600, Fact::PlayoutFinished { turn });
        Self::speech(&mut self.agent, 60, 3_600, 190.0);
        let text = "Thank you for calling Bright Smile Dental, this is Ava. How can I help you?";
        self.record.turns.push(TurnRecord {
            turn,
            kind: TurnKind::Line(Line::Greeting),
            caller_text: String::new(),
            generated_text: text.into(),
            fillers: vec![],
            heard_text: Some(text.into()),
            is_interrupted: false,
            timings: TurnTimings {
                first_frame_sent: Some(at(60)),
                ..TurnTimings::default()
            },
        });
    }

    fn round(&mut self, round: u64, caller_text: &str) {
        let turn = TurnId(round as u32 + 2);
        let utterance = UtteranceId(round as u32 + 1);
        let start = 4_300 + round * 8_000;
        let ended = start + 2_000;
        let slow = 120 * (round % 4);
        let sent = ended + 560 + slow;
        Self::speech(&mut self.caller, start, ended, 120.0);
        self.fact(
            start + 90,
            Fact::SpeechStarted {
                utterance,
                onset_ago: ms(90),
            },
        );
        let text = format!("{caller_text} ({round})");
        self.decide(
            start + 900,
            Command::PrimeReply {
                caller_text: text.clone(),
            },
            Reason::TranscriptGrew,
        );
        self.fact(
            ended + 200,
            Fact::SpeechStopped {
                utterance,
                silence: ms(200),
            },
        );
        self.decide(
            ended + 200,
            Command::FinaliseTranscript { utterance },
            Reason::CallerPaused { silence: ms(200) },
        );
        self.fact(
            ended + 280,
            Fact::TranscriptFinal {
                utterance,
                text: text.clone(),
            },
        );
        self.decide(
            ended + 280,
            Command::StartReply {
                turn,
                caller_text: text.clone(),
            },
            Reason::TranscriptSettled,
        );
        let reason = Reason::EndOfTurn {
            likelihood: Some(0.93),
            silence: ms(320),
            required: ms(300),
            patience: Patience::Usual,
        };
        self.decide(ended + 320, Command::CommitReply { turn }, reason);
        self.fact(sent, Fact::PlayoutStarted { turn });
        self.spoken(round, turn, sent);
        self.answered(round, text, ended);
    }

    /// The record of a round.
    fn answered(&mut self, round: u64, text: String, ended: u64) {
        let turn = TurnId(round as u32 + 2);
        let slow = 120 * (round % 4);
        let sent = ended + 560 + slow;
        let is_interrupted = round % 3 == 2;
        let whole = "We accept Cigna and Delta, and we are open from Monday to Friday, 8 to 6.";
        let heard = if is_interrupted {
            "We accept Cigna and Delta,"
        } else {
            whole
        };
        self.record.turns.push(TurnRecord {
            turn,
            kind: TurnKind::Answer,
            caller_text: text,
            generated_text: whole.into(),
            fillers: vec![],
            heard_text: Some(heard.into()),
            is_interrupted,
            timings: TurnTimings {
                speech_ended: Some(at(ended)),
                pause_detected: Some(at(ended + 200)),
                transcript_settled: Some(at(ended + 280)),
                reply_asked: Some(at(ended + 284)),
                first_token: Some(at(ended + 400 + slow / 2)),
                first_sentence: Some(at(ended + 440 + slow / 2)),
                first_audio: Some(at(ended + 552 + slow)),
                turn_ended: Some(at(ended + 320)),
                filler_started: None,
                first_frame_sent: Some(at(sent)),
                finished: Some(at(sent + 3_000)),
            },
        });
    }

    /// The agent's side of a round, with its interruption or acknowledgement.
    fn spoken(&mut self, round: u64, turn: TurnId, sent: u64) {
        let over = sent + 1_400;
        let spoke = Reason::CallerSpokeOver {
            speech: ms(140),
            required: ms(120),
        };
        let outcome = match (round % 3, round % 4) {
            (2, _) => BargeInOutcome::Committed,
            (_, 1) => BargeInOutcome::Resumed,
            _ => {
                Self::speech(&mut self.agent, sent, sent + 3_300, 190.0);
                self.fact(sent + 3_300, Fact::PlayoutFinished { turn });
                return;
            }
        };
        let is_cut = outcome == BargeInOutcome::Committed;
        let said = if is_cut { 700 } else { 280 };
        Self::speech(&mut self.agent, sent, over + 220, 190.0);
        Self::speech(&mut self.caller, over, over + said, 120.0);
        self.decide(over + 200, Command::HoldPlayout { turn }, spoke);
        if is_cut {
            let reason = Reason::BargeIn {
                speech: ms(460),
                words: 2,
                words_required: 2,
            };
            self.decide(over + 500, Command::CancelReply { turn }, reason);
        } else {
            let reason = Reason::Acknowledgement { text: "mhm".into() };
            self.decide(over + 620, Command::ResumePlayout { turn }, reason);
            Self::speech(&mut self.agent, over + 620, over + 2_500, 190.0);
            self.fact(over + 2_500, Fact::PlayoutFinished { turn });
        }
        self.record.barge_ins.push(BargeInRecord {
            turn,
            onset: at(over),
            held: at(over + 200),
            last_frame_sent: Some(at(over + 210)),
            outcome,
            decided: Some(at(over + 560)),
        });
    }

    fn svg(&self) -> String {
        let track = |samples| Track {
            samples,
            rate: RATE,
        };
        Timeline {
            record: &self.record,
            entries: &self.entries,
            caller: track(&self.caller),
            agent: track(&self.agent),
            tracks_began: Instant::START,
        }
        .svg()
    }
}

fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts
        .map(|text| {
            let tspans = text.descendants().filter(roxmltree::Node::is_text);
            let shown = tspans.filter(|node| {
                node.parent()
                    .is_none_or(|parent| !parent.has_tag_name("title"))
            });
            shown.filter_map(|node| node.text()).collect()
        })
        .collect()
}

#[test]
fn the_picture_shows_words_decisions_and_latencies() {
    let svg = Made::new(6, "Are you open on Saturday?").svg();
    if let Ok(path) = std::env::var("OFFHOOK_TIMELINE_SAMPLE") {
        std::fs::write(path, &svg).unwrap();
    }
    let texts = texts(&svg);
    for expected in [
        "A call with Ava",
        "Are you open on Saturday? (0)",
        "greets: the call was answered",
        "takes the floor: caller silent for 320 ms (300 ms wanted), turn 93 % likely over",
        "We accept Cigna and Delta, and we are open from Monday to Friday, 8 to 6.",
        "0:00",
        "0:50",
        "920 ms",
    ] {
        assert!(
            texts.iter().any(|text| text == expected),
            "{expected}\n{texts:#?}"
        );
    }
    for beginning in ["holds: ", "goes on: ", "stops: ", "hangs up: "] {
        assert!(
            texts.iter().any(|text| text.starts_with(beginning)),
            "{beginning}"
        );
    }
    let document = roxmltree::Document::parse(&svg).unwrap();
    let waves = document.descendants().filter(|node| {
        node.attribute("class")
            .is_some_and(|class| class.starts_with("wave "))
    });
    assert_eq!(waves.count(), 8);
}

#[test]
fn words_cannot_break_the_picture() {
    let nasty = "</text><script>alert('x')</script> & \"q\" \u{0}\u{1b}\u{FFFF} ]]>";
    let svg = Made::new(1, nasty).svg();
    let document = roxmltree::Document::parse(&svg).unwrap();
    assert!(
        !document
            .descendants()
            .any(|node| node.has_tag_name("script"))
    );
    assert!(
        texts(&svg)
            .iter()
            .any(|text| text.starts_with("</text><script>"))
    );
}

#[test]
fn a_long_call_gives_no_endless_picture() {
    let svg = Made::new(120, "Hello").svg();
    assert!(svg.len() < 4_000_000, "{}", svg.len());
    roxmltree::Document::parse(&svg).unwrap();
    if let Ok(path) = std::env::var("OFFHOOK_TIMELINE_LONG_SAMPLE") {
        std::fs::write(path, &svg).unwrap();
    }
}

#[test]
fn an_empty_call_is_a_picture_too() {
    let made = Made::new(0, "");
    let record = CallRecord {
        turns: vec![],
        backchannels: vec![],
        barge_ins: vec![],
        pacing: PacingRecord::default(),
        duration: Duration::ZERO,
        ..made.record
    };
    let track = Track {
        samples: &[],
        rate: RATE,
    };
    let timeline = Timeline {
        record: &record,
        entries: &[],
        caller: track,
        agent: track,
        tracks_began: Instant::START,
    };
    roxmltree::Document::parse(&timeline.svg()).unwrap();
}
