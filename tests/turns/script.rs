//! Scripts of turn-taking: what happens, line by line, against what the turn manager orders.
//!
//! A script is a text file. `set KNOB = VALUE` changes the default policy; every other line starts
//! with a moment in milliseconds:
//!
//! ```text
//! set greets_first = no
//!    0 CallAnswered
//! 1100 SpeechStarted 1 100ms
//! 2200 SpeechStopped 1 200ms
//! 2200 => FinaliseTranscript 1 ; caller silent for 200 ms
//! 2300 floor caller
//! 9000 end
//! ```
//!
//! A line with `=>` is an order that must come at that moment, with its reason after `;`. Nothing
//! else may come. `floor` says who must have the floor, `end` lets the time pass.

use std::fmt::Write as _;
use std::time::Duration;

use offhook_turn_taking::{
    Decision, Eagerness, Fact, FillerOrder, HeardText, Instant, ReplyFailure, SpellingPatience,
    TurnId, TurnManager, TurnMode, TurnPolicy, UtteranceId,
};

/// A script, read.
pub(crate) struct Script {
    pub(crate) policy: TurnPolicy,
    lines: Vec<Line>,
}

struct Line {
    text: String,
    step: Step,
}

enum Step {
    /// A comment, a setting or an empty line.
    Remark,
    Fact(Instant, Fact),
    Floor(Instant),
    End(Instant),
    /// What is expected; it is compared as text.
    Order,
}

/// Runs a script and compares it with itself: the text that the turn manager's orders make of it
/// must be the text of the script, nothing missing and nothing left over. Gives a readable
/// difference where it is not.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let script = Script::read(text)?;
    let played = script.play()?;
    script.check_replay()?;
    let wanted: Vec<String> = script.lines.iter().map(|line| line.text.clone()).collect();
    if wanted == played {
        Ok(())
    } else {
        Err(difference(&wanted, &played))
    }
}

impl Script {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut policy = TurnPolicy::default();
        let mut lines = Vec::new();
        for (number, text) in text.lines().enumerate() {
            let step = read_line(text, &mut policy)
                .map_err(|problem| format!("line {}: {problem}: {text}", number + 1))?;
            lines.push(Line {
                text: text.trim_end().to_owned(),
                step,
            });
        }
        match lines
            .iter()
            .rfind(|line| !matches!(line.step, Step::Order))
            .map(|line| &line.step)
        {
            Some(Step::End(_)) => Ok(Self { policy, lines }),
            _ => Err("the script has to close with `<ms> end`".to_owned()),
        }
    }

    /// The script with the orders that the turn manager gives now.
    pub(crate) fn play(&self) -> Result<Vec<String>, String> {
        let mut manager = self.manager()?;
        let mut played = Vec::new();
        for Line { text, step } in &self.lines {
            match step {
                Step::Order => {}
                Step::Remark => played.push(text.clone()),
                Step::Fact(at, fact) => {
                    pass(&mut manager, *at, &mut played)?;
                    played.push(text.clone());
                    manager.handle(fact, *at);
                    collect(&mut manager, *at, &mut played);
                }
                Step::Floor(at) => {
                    pass(&mut manager, *at, &mut played)?;
                    played.push(format!("{:>6} floor {}", at.as_millis(), manager.floor()));
                }
                Step::End(at) => {
                    pass(&mut manager, *at, &mut played)?;
                    played.push(text.clone());
                }
            }
        }
        Ok(played)
    }

    /// The same facts give the same orders, whether timers are handed in on time, late, or only
    /// with the next fact.
    fn check_replay(&self) -> Result<(), String> {
        let on_time = self.decisions(Some(Duration::ZERO))?;
        let late = self.decisions(Some(Duration::from_millis(7)))?;
        let with_facts = self.decisions(None)?;
        if on_time != late || on_time != with_facts {
            return Err(format!(
                "the orders depend on when timers are handed in:\n{on_time:#?}\n{late:#?}\n\
                 {with_facts:#?}"
            ));
        }
        Ok(())
    }

    fn decisions(&self, lateness: Option<Duration>) -> Result<Vec<Decision>, String> {
        let mut manager = self.manager()?;
        for Line { step, .. } in &self.lines {
            let (at, fact) = match step {
                Step::Fact(at, fact) => (*at, Some(fact)),
                Step::End(at) => (*at, None),
                Step::Floor(_) | Step::Remark | Step::Order => continue,
            };
            while let Some(lateness) = lateness
                && let Some((due, _)) = manager.poll_timeout()
                && due + lateness < at
            {
                manager.handle_timeout(due + lateness);
            }
            match fact {
                Some(fact) => manager.handle(fact, at),
                None => manager.handle_timeout(at),
            }
        }
        Ok(std::iter::from_fn(|| manager.poll()).collect())
    }

    fn manager(&self) -> Result<TurnManager, String> {
        TurnManager::new(self.policy.clone()).map_err(|problem| problem.to_string())
    }
}

/// Lets the time pass, timer by timer.
fn pass(manager: &mut TurnManager, until: Instant, played: &mut Vec<String>) -> Result<(), String> {
    let mut moments = 0;
    while let Some((due, timer)) = manager.poll_timeout().filter(|(due, _)| *due <= until) {
        manager.handle_timeout(due);
        collect(manager, due, played);
        moments += 1;
        if moments > 1_000 {
            return Err(format!("timer `{timer}` comes again and again at {due}"));
        }
    }
    manager.handle_timeout(until);
    let is_over = played.iter().any(|line| line.contains("=> HangUp"));
    if manager.poll_timeout().is_none() != is_over {
        return Err(format!(
            "at {until}: a timer is held exactly until the call ends"
        ));
    }
    Ok(())
}

fn collect(manager: &mut TurnManager, at: Instant, played: &mut Vec<String>) {
    while let Some(Decision { command, reason }) = manager.poll() {
        played.push(format!("{:>6} => {command} ; {reason}", at.as_millis()));
    }
}

fn read_line(text: &str, policy: &mut TurnPolicy) -> Result<Step, String> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(Step::Remark);
    }
    if let Some(setting) = text.strip_prefix("set ") {
        let (knob, value) = setting.split_once('=').ok_or("`set` wants KNOB = VALUE")?;
        set(policy, knob.trim(), value.trim())?;
        return Ok(Step::Remark);
    }
    let (moment, rest) = text
        .split_once(' ')
        .ok_or("a moment and what happens are wanted")?;
    let at = moment
        .parse()
        .map(Instant::from_millis)
        .map_err(|_| "the moment is no number")?;
    let rest = rest.trim();
    if rest == "end" {
        return Ok(Step::End(at));
    }
    if rest.starts_with("floor ") {
        return Ok(Step::Floor(at));
    }
    if rest.starts_with("=>") {
        return Ok(Step::Order);
    }
    Ok(Step::Fact(at, read_fact(rest)?))
}

fn read_fact(text: &str) -> Result<Fact, String> {
    let mut parts = text.splitn(3, ' ');
    let name = parts.next().unwrap_or_default();
    let (first, second) = (parts.next(), parts.next());
    let whole = text.split_once(' ').map(|(_, rest)| rest);
    let turn = || number(first).map(TurnId);
    let utterance = || number(first).map(UtteranceId);
    Ok(match name {
        "CallAnswered" => Fact::CallAnswered,
        "SpeechStarted" => Fact::SpeechStarted {
            utterance: utterance()?,
            onset_ago: millis(second)?,
        },
        "SpeechProbability" => Fact::SpeechProbability {
            probability: share(first)?,
        },
        "SpeechStopped" => Fact::SpeechStopped {
            utterance: utterance()?,
            silence: millis(second)?,
        },
        "TranscriptInterim" => Fact::TranscriptInterim {
            utterance: utterance()?,
            text: quoted(second)?,
        },
        "TranscriptFinal" => Fact::TranscriptFinal {
            utterance: utterance()?,
            text: quoted(second)?,
        },
        "TranscriptFailed" => Fact::TranscriptFailed,
        "EndOfTurnLikelihood" => Fact::EndOfTurnLikelihood {
            utterance: utterance()?,
            likelihood: share(second)?,
        },
        "ReplyToken" => Fact::ReplyToken { turn: turn()? },
        "ReplyReady" => Fact::ReplyReady { turn: turn()? },
        "ReplyFailed" => Fact::ReplyFailed {
            turn: turn()?,
            cause: failure(second)?,
        },
        "ReplyCancelled" => Fact::ReplyCancelled {
            turn: turn()?,
            heard: heard(second)?,
        },
        "ToolStarted" => Fact::ToolStarted { turn: turn()? },
        "ToolFinished" => Fact::ToolFinished { turn: turn()? },
        "FillerStarted" => Fact::FillerStarted { turn: turn()? },
        "PlayoutRanDry" => Fact::PlayoutRanDry { turn: turn()? },
        "PlayoutStarted" => Fact::PlayoutStarted { turn: turn()? },
        "PlayoutProgress" => Fact::PlayoutProgress {
            turn: turn()?,
            heard: millis(second)?,
        },
        "PlayoutFinished" => Fact::PlayoutFinished { turn: turn()? },
        "TurnSkipped" => Fact::TurnSkipped {
            turn: turn()?,
            wait: second.map(|_| millis(second)).transpose()?,
        },
        "DtmfPressed" => {
            let digit = first
                .and_then(|text| text.chars().next())
                .ok_or("a digit is wanted")?;
            Fact::DtmfPressed { digit }
        }
        "UserMessage" => Fact::UserMessage {
            text: quoted(whole)?,
        },
        "UserActivity" => Fact::UserActivity,
        "HungUp" => Fact::HungUp,
        _ => return Err("nothing of that name happens".to_owned()),
    })
}

fn set(policy: &mut TurnPolicy, knob: &str, value: &str) -> Result<(), String> {
    let duration = || millis(Some(value));
    let optional = || {
        if value == "none" {
            Ok(None)
        } else {
            millis(Some(value)).map(Some)
        }
    };
    match knob {
        "greets_first" => policy.greets_first = answer(value)?,
        "interruption_sensitivity" => policy.interruption_sensitivity = share(Some(value))?,
        "interruption_words_min" => policy.interruption_words_min = optional_number(value)?,
        "interruption_speech_min" => policy.interruption_speech_min = optional()?,
        "transcribes_uninterruptible" => policy.transcribes_uninterruptible = answer(value)?,
        "is_greeting_interruptible" => policy.is_greeting_interruptible = answer(value)?,
        "eagerness" => {
            policy.eagerness = match value {
                "patient" => Eagerness::Patient,
                "normal" => Eagerness::Normal,
                "eager" => Eagerness::Eager,
                _ => return Err("eagerness is patient, normal or eager".to_owned()),
            }
        }
        "endpoint_delay_min" => policy.endpoint_delay_min = optional()?,
        "endpoint_delay_max" => policy.endpoint_delay_max = optional()?,
        "adapts_to_caller" => policy.adapts_to_caller = answer(value)?,
        "spelling_patience" => {
            policy.spelling_patience = match value {
                "auto" => SpellingPatience::Auto,
                "off" => SpellingPatience::Off,
                _ => return Err("spelling_patience is auto or off".to_owned()),
            }
        }
        "transcript_deadline" => policy.transcript_deadline = duration()?,
        "false_interruption_timeout" => policy.false_interruption_timeout = duration()?,
        "is_speculation_on" => policy.is_speculation_on = answer(value)?,
        "mode" => {
            policy.mode = match value {
                "turn" => TurnMode::Turn,
                "silence" => TurnMode::Silence,
                _ => return Err("mode is turn or silence".to_owned()),
            }
        }
        "initial_wait" => policy.initial_wait = optional()?,
        "no_input_timeout" => policy.no_input_timeout = optional()?,
        "reprompts_max" => policy.reprompts_max = number(Some(value))?,
        "silence_hang_up" => policy.silence_hang_up = optional()?,
        "caller_silence_max" => policy.caller_silence_max = optional()?,
        "reply_deadline" => policy.reply_deadline = duration()?,
        "tool_deadline" => policy.tool_deadline = duration()?,
        "playout_stall_max" => policy.playout_stall_max = duration()?,
        "caller_turn_max" => policy.caller_turn_max = duration()?,
        "call_duration_max" => policy.call_duration_max = duration()?,
        "soft_timeout"
        | "fillers_max"
        | "fillers_listed"
        | "filler_order"
        | "is_filler_written"
        | "filler_waits_for_caller" => set_soft_timeout(policy, knob, value)?,
        "backchannel_frequency" => {
            policy.backchannels.get_or_insert_default().frequency = share(Some(value))?;
        }
        "backchannels_listed" => {
            policy.backchannels.get_or_insert_default().words_listed = number(Some(value))?;
        }
        "acknowledgements" => policy.acknowledgements = list(value),
        "uses_default_acknowledgements" => {
            policy.uses_default_acknowledgements = answer(value)?;
        }
        "ignore_phrases" => policy.ignore_phrases = list(value),
        "interrupting_phrases" => policy.interrupting_phrases = list(value),
        _ => match knob.split_once('.') {
            Some((state, knob)) => set_profile(policy, state, knob, value)?,
            None => return Err("no such knob".to_owned()),
        },
    }
    Ok(())
}

/// `set greeting.words_min = 3`: how the caller interrupts while the agent is in one state.
fn set_profile(
    policy: &mut TurnPolicy,
    state: &str,
    knob: &str,
    value: &str,
) -> Result<(), String> {
    let profiles = &mut policy.interruption_profiles;
    let profile = match state {
        "greeting" => &mut profiles.greeting,
        "speaking" => &mut profiles.speaking,
        "thinking" => &mut profiles.thinking,
        "tool_running" => &mut profiles.tool_running,
        _ => return Err("no such state".to_owned()),
    };
    match knob {
        "is_interruptible" => profile.is_interruptible = answer(value)?,
        "sensitivity" => profile.sensitivity = Some(share(Some(value))?),
        "words_min" => profile.words_min = optional_number(value)?,
        "speech_min" => profile.speech_min = Some(millis(Some(value))?),
        _ => return Err("no such knob".to_owned()),
    }
    Ok(())
}

fn list(text: &str) -> Vec<String> {
    let phrases = text.split(", ").filter(|phrase| *phrase != "none");
    phrases.map(str::to_owned).collect()
}

fn optional_number(text: &str) -> Result<Option<u32>, String> {
    if text == "none" {
        return Ok(None);
    }
    number(Some(text)).map(Some)
}

/// Naming any of its knobs turns the soft timeout on.
fn set_soft_timeout(policy: &mut TurnPolicy, knob: &str, value: &str) -> Result<(), String> {
    let soft_timeout = policy.soft_timeout.get_or_insert_default();
    match knob {
        "soft_timeout" => soft_timeout.after = millis(Some(value))?,
        "fillers_max" => soft_timeout.fillers_max = number(Some(value))?,
        "fillers_listed" => soft_timeout.fillers_listed = number(Some(value))?,
        "is_filler_written" => soft_timeout.is_written = answer(value)?,
        "filler_waits_for_caller" => soft_timeout.waits_for_caller = answer(value)?,
        _ => {
            soft_timeout.order = match value {
                "listed" => FillerOrder::Listed,
                "shuffled" => FillerOrder::Shuffled,
                _ => return Err("fillers come listed or shuffled".to_owned()),
            }
        }
    }
    Ok(())
}

fn number(text: Option<&str>) -> Result<u32, String> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| "a whole number is wanted".to_owned())
}

fn share(text: Option<&str>) -> Result<f32, String> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| "a number is wanted".to_owned())
}

fn millis(text: Option<&str>) -> Result<Duration, String> {
    text.and_then(|text| text.strip_suffix("ms"))
        .and_then(|text| text.parse().ok())
        .map(Duration::from_millis)
        .ok_or_else(|| "a duration such as 200ms is wanted".to_owned())
}

fn quoted(text: Option<&str>) -> Result<String, String> {
    text.and_then(|text| text.strip_prefix('"')?.strip_suffix('"'))
        .map(str::to_owned)
        .ok_or_else(|| "a text in \"quotes\" is wanted".to_owned())
}

fn answer(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("yes or no is wanted".to_owned()),
    }
}

fn failure(text: Option<&str>) -> Result<ReplyFailure, String> {
    match text {
        Some("ChatModel") => Ok(ReplyFailure::ChatModel),
        Some("Voice") => Ok(ReplyFailure::Voice),
        Some("Empty") => Ok(ReplyFailure::Empty),
        _ => Err("ChatModel, Voice or Empty is wanted".to_owned()),
    }
}

fn heard(text: Option<&str>) -> Result<HeardText, String> {
    match text {
        Some("unknown") => Ok(HeardText::Unknown),
        text => quoted(text).map(HeardText::Known),
    }
}

/// Both texts, lines that only one has marked: `-` is wanted and missing, `+` came unwanted.
fn difference(wanted: &[String], played: &[String]) -> String {
    let mut common = vec![vec![0_usize; played.len() + 1]; wanted.len() + 1];
    for (row, want) in wanted.iter().enumerate().rev() {
        for (column, play) in played.iter().enumerate().rev() {
            common[row][column] = if want == play {
                common[row + 1][column + 1] + 1
            } else {
                common[row + 1][column].max(common[row][column + 1])
            };
        }
    }
    let (mut row, mut column, mut text) = (0, 0, String::new());
    while row < wanted.len() || column < played.len() {
        let is_wanted = row < wanted.len();
        let is_played = column < played.len();
        if is_wanted && is_played && wanted[row] == played[column] {
            let _ = writeln!(text, "  {}", wanted[row]);
            (row, column) = (row + 1, column + 1);
        } else if is_wanted && (!is_played || common[row + 1][column] >= common[row][column + 1]) {
            let _ = writeln!(text, "- {}", wanted[row]);
            row += 1;
        } else {
            let _ = writeln!(text, "+ {}", played[column]);
            column += 1;
        }
    }
    text
}
