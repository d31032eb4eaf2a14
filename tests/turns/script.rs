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
    Decision, Fact, HeardText, Instant, Opening, Order, OrderedSpeech, ReplyFailure, SpeechOrder,
    TurnId, TurnManager, TurnPolicy, UtteranceId,
};

use crate::knobs::set;

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
    let id = || number(first).map(UtteranceId);
    Ok(match name {
        "CallAnswered" => Fact::CallAnswered,
        "SpeechStarted" => Fact::SpeechStarted {
            utterance: id()?,
            onset_ago: millis(second)?,
        },
        "SpeechProbability" => Fact::SpeechProbability {
            probability: share(first)?,
        },
        "SpeechStopped" => Fact::SpeechStopped {
            utterance: id()?,
            silence: millis(second)?,
        },
        "TranscriptInterim" => Fact::TranscriptInterim {
            utterance: id()?,
            text: quoted(second)?,
        },
        "TranscriptFinal" => Fact::TranscriptFinal {
            utterance: id()?,
            text: quoted(second)?,
        },
        "TranscriptSettled" => Fact::TranscriptSettled { utterance: id()? },
        "TranscriptFailed" => Fact::TranscriptFailed,
        "EndOfTurnLikelihood" => Fact::EndOfTurnLikelihood {
            utterance: id()?,
            likelihood: share(second)?,
        },
        "VoiceJudged" => voice_judged(id()?, second)?,
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
        "TurnSkipped" => turn_skipped(turn()?, second)?,
        "DtmfPressed" => Fact::DtmfPressed {
            digit: digit(first)?,
        },
        "UserMessage" => Fact::UserMessage {
            text: quoted(whole)?,
        },
        "UserActivity" => Fact::UserActivity,
        "Ordered" => Fact::Ordered(order(whole)?),
        "SuccessorReady" => successor(whole)?,
        "HungUp" => Fact::HungUp,
        _ => return Err("nothing of that name happens".to_owned()),
    })
}

fn voice_judged(utterance: UtteranceId, text: Option<&str>) -> Result<Fact, String> {
    let (likeness, whose) = text
        .and_then(|text| text.split_once(' '))
        .filter(|(_, whose)| ["caller", "another"].contains(whose))
        .ok_or("a likeness and `caller` or `another` are wanted")?;
    Ok(Fact::VoiceJudged {
        utterance,
        likeness: share(Some(likeness))?,
        is_caller: whose == "caller",
    })
}

fn turn_skipped(turn: TurnId, wait: Option<&str>) -> Result<Fact, String> {
    let wait = wait.map(|_| millis(wait)).transpose()?;
    Ok(Fact::TurnSkipped { turn, wait })
}

/// Such as `greeting`, `reply` or `silent`, and then knobs: `silent eagerness=patient`.
fn successor(text: Option<&str>) -> Result<Fact, String> {
    let mut words = text.unwrap_or_default().split(' ');
    let opening = match words.next().unwrap_or_default() {
        "greeting" => Some(Opening::Greeting),
        "reply" => Some(Opening::Reply),
        "silent" => None,
        _ => return Err("greeting, reply or silent is wanted".to_owned()),
    };
    let mut policy = Box::new(TurnPolicy::default());
    for word in words {
        let (knob, value) = word.split_once('=').ok_or("KNOB=VALUE is wanted")?;
        set(&mut policy, knob, value)?;
    }
    Ok(Fact::SuccessorReady { policy, opening })
}

/// Such as `Speak line 0 urgent uninterruptible last`, `Speak reply`, `Hold`.
fn order(text: Option<&str>) -> Result<Order, String> {
    let mut words = text.unwrap_or_default().split(' ');
    Ok(match words.next().unwrap_or_default() {
        "Hold" => Order::Hold,
        "EndHold" => Order::EndHold,
        "Mute" => Order::Mute,
        "Unmute" => Order::Unmute,
        "Speak" => {
            let speech = match words.next() {
                Some("line") => OrderedSpeech::Line(number(words.next())?),
                Some("reply") => OrderedSpeech::Reply,
                _ => return Err("a line with its number, or a reply, is ordered".to_owned()),
            };
            let manner: Vec<&str> = words.collect();
            let known = ["urgent", "uninterruptible", "last"];
            if let Some(word) = manner.iter().find(|word| !known.contains(word)) {
                return Err(format!("{word}: known are {}", known.join(", ")));
            }
            Order::Speak(SpeechOrder {
                speech,
                is_urgent: manner.contains(&"urgent"),
                is_interruptible: !manner.contains(&"uninterruptible"),
                ends_call: manner.contains(&"last"),
            })
        }
        _ => return Err("nothing of that name is ordered".to_owned()),
    })
}

fn digit(text: Option<&str>) -> Result<char, String> {
    text.and_then(|text| text.chars().next())
        .ok_or_else(|| "a digit is wanted".to_owned())
}

pub(crate) fn number(text: Option<&str>) -> Result<u32, String> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| "a whole number is wanted".to_owned())
}

pub(crate) fn share(text: Option<&str>) -> Result<f32, String> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| "a number is wanted".to_owned())
}

pub(crate) fn millis(text: Option<&str>) -> Result<Duration, String> {
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

pub(crate) fn answer(text: &str) -> Result<bool, String> {
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
