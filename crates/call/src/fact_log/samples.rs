//! One of each command and reason, for the tests of the log.

use std::time::Duration;

use offhook_turn_taking::{
    Command, FillerChoice, HangUpCause, Line, Patience, Reason, TurnId, UtteranceId,
};

/// Every command.
pub(super) fn commands() -> Vec<Command> {
    let turn = TurnId(1);
    vec![
        Command::Say {
            turn,
            line: Line::Greeting,
        },
        Command::Say {
            turn,
            line: Line::Reprompt(2),
        },
        Command::Say {
            turn,
            line: Line::Apology,
        },
        Command::Say {
            turn,
            line: Line::Goodbye(HangUpCause::Silence),
        },
        Command::Say {
            turn,
            line: Line::Ordered(4),
        },
        Command::LeaveUnanswered {
            turn,
            caller_text: "Hello?".into(),
        },
        Command::BeginHold,
        Command::EndHold,
        Command::ChangeAgent,
        Command::FinaliseTranscript {
            utterance: UtteranceId(3),
        },
        Command::PrimeReply {
            caller_text: "I \"need\"\n".into(),
        },
        Command::StartReply {
            turn,
            caller_text: "ça va".into(),
        },
        Command::CommitReply { turn },
        Command::CancelReply { turn },
        Command::StaySilent { turn },
        Command::SayFiller {
            turn,
            filler: FillerChoice::Line(2),
        },
        Command::SayFiller {
            turn,
            filler: FillerChoice::Written { fallback: 0 },
        },
        Command::Backchannel { clip: 1 },
        Command::HoldPlayout { turn },
        Command::ResumePlayout { turn },
        Command::HangUp {
            cause: HangUpCause::ProviderUnavailable,
        },
        Command::HangUp {
            cause: HangUpCause::AgentHungUp,
        },
    ]
}

/// Every reason.
pub(super) fn reasons() -> Vec<Reason> {
    caller_reasons().into_iter().chain(own_reasons()).collect()
}

fn caller_reasons() -> Vec<Reason> {
    let ms = Duration::from_millis;
    vec![
        Reason::CallAnswered,
        Reason::GreetingDelayed { delay: ms(2_000) },
        Reason::EndOfTurn {
            likelihood: Some(0.93),
            silence: ms(420),
            required: ms(400),
            patience: Patience::Usual,
        },
        Reason::EndOfTurn {
            likelihood: None,
            silence: ms(1_300),
            required: ms(1_300),
            patience: Patience::CallerPace,
        },
        Reason::EndOfTurn {
            likelihood: Some(0.8),
            silence: ms(2_000),
            required: ms(2_000),
            patience: Patience::Spelling,
        },
        Reason::CallerPaused { silence: ms(200) },
        Reason::TranscriptSettled,
        Reason::TranscriptGrew,
        Reason::CallerWentOn,
        Reason::CallerTurnTooLong { limit: ms(120_000) },
        Reason::CallerSpokeOver {
            speech: ms(140),
            required: ms(120),
        },
        Reason::BargeIn {
            speech: ms(700),
            words: 3,
            words_required: 2,
        },
        Reason::InterruptingPhrase {
            text: "wait".into(),
        },
        Reason::Acknowledgement { text: "mhm".into() },
        Reason::NotAnInterruption {
            speech: Duration::from_nanos(123_456_789),
        },
        Reason::AnotherVoice { likeness: -0.12 },
    ]
}

fn own_reasons() -> Vec<Reason> {
    let ms = Duration::from_millis;
    vec![
        Reason::TranscriptLate { waited: ms(1_200) },
        Reason::RecognitionFailed,
        Reason::CallerSilent {
            silence: ms(8_000),
            reprompts: 1,
        },
        Reason::SilenceTooLong {
            silence: ms(600_000),
        },
        Reason::TurnSkipped { wait: None },
        Reason::TurnSkipped {
            wait: Some(ms(20_000)),
        },
        Reason::ReplySlow {
            waited: ms(3_000),
            is_tool_running: true,
        },
        Reason::CallerGoesOn {
            turn: ms(6_000),
            pause: ms(300),
            likelihood: Some(0.04),
        },
        Reason::ReplyLate { waited: ms(8_000) },
        Reason::ReplyStalled { waited: ms(15_000) },
        Reason::ReplyFailed,
        Reason::ReplyUnheard,
        Reason::DurationLimit {
            limit: Duration::from_secs(1_800),
        },
        Reason::GoodbyeHeard,
        Reason::CallerHungUp,
        Reason::CallerTyped,
        Reason::Ordered,
    ]
}
