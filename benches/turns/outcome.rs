//! What came of each episode, told by the frames that really left the leg and, for the reasons,
//! by the log.

use std::collections::BTreeSet;

use offhook_call::{EntryKind, LogEntry};
use offhook_media::SampleRate;
use offhook_turn_taking::{Fact, Instant};

use crate::caller::{ANSWER_WITHIN_MS, AgentFrame, Times};
use crate::corpus::{Call, Episode, Kind};
use crate::policy::Policy;
use crate::section::Section;
use crate::stage::Trace;

/// A reply was heard to its end where this share of it left the leg.
const KEPT_SHARE: f64 = 0.95;
/// A reply paused where no frame left for this long.
const PAUSE_MS: u64 = 120;
/// The agent yielded where it was silent this long after the phrase, at the latest.
const YIELDED_AFTER_MS: u64 = 300;

/// The stages of an answer.
pub(crate) const STAGES: [&str; 6] = [
    "silence noticed",
    "words settled",
    "model asked",
    "first token",
    "first audio",
    "first frame",
];

/// What came of one episode.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) section: Section,
    pub(crate) policy: Policy,
    pub(crate) rate_hz: u32,
    pub(crate) call: usize,
    pub(crate) episode: usize,
    pub(crate) kind: Kind,
    pub(crate) label: String,
    pub(crate) snr_db: Option<u32>,
    /// It could not be played, because the agent did not speak.
    pub(crate) is_void: bool,
    /// How long its sound is.
    pub(crate) sound_ms: u64,
    /// How long the pause inside is.
    pub(crate) pause_ms: Option<u64>,
    /// Whether it was played over a reply.
    pub(crate) is_over_reply: bool,
    /// The agent spoke before the caller had finished.
    pub(crate) is_cut_in: bool,
    pub(crate) is_answered: bool,
    /// From the caller's last sound to the first frame of the answer, where it was no cut-in.
    pub(crate) latency_ms: Option<u64>,
    /// When the answer came how far, in milliseconds after the caller's last sound; as [`STAGES`].
    pub(crate) stages: Option<[u64; STAGES.len()]>,
    /// The reply was heard to its end.
    pub(crate) is_kept: bool,
    /// It paused meanwhile.
    pub(crate) is_paused: bool,
    /// From the caller's first sound to the last frame of the reply that yielded.
    pub(crate) yield_ms: Option<u64>,
    /// Replies that nobody asked for.
    pub(crate) false_turns: usize,
    /// What was known and decided.
    pub(crate) why: Vec<String>,
}

impl Outcome {
    /// Whether the agent did what an episode of its kind wants.
    pub(crate) fn is_right(&self) -> bool {
        let is_quiet = self.false_turns == 0;
        match self.kind {
            Kind::Turn if self.section == Section::Echo => {
                self.is_answered && self.is_kept && is_quiet
            }
            Kind::Turn | Kind::Pause => self.is_answered && !self.is_cut_in,
            Kind::Interruption => self.yield_ms.is_some(),
            Kind::Backchannel | Kind::Tic | Kind::Aside | Kind::Noise => {
                is_quiet && (self.is_kept || !self.is_over_reply)
            }
        }
    }
}

/// Judges every episode of a call.
pub(crate) fn outcomes(
    call: &Call,
    rate: SampleRate,
    policy: Policy,
    trace: &Trace,
) -> Vec<Outcome> {
    let played = call.episodes.iter().zip(&trace.heard.episodes);
    let judged = played.enumerate().map(|(index, (episode, times))| {
        let frames = Frames::of(&trace.heard.frames, times);
        let mut outcome = Outcome {
            section: call.section,
            policy,
            rate_hz: rate.hz(),
            call: call.number,
            episode: index,
            kind: episode.kind,
            label: label(call, episode),
            snr_db: call.snr_db,
            is_void: times.is_void,
            sound_ms: times.last - times.first,
            pause_ms: times.pause.map(|(start, end)| end - start),
            is_over_reply: times.over.is_some(),
            is_cut_in: false,
            is_answered: false,
            latency_ms: None,
            stages: None,
            is_kept: false,
            is_paused: false,
            yield_ms: None,
            false_turns: 0,
            why: Vec::new(),
        };
        if !times.is_void {
            frames.judge(episode, times, &mut outcome);
        }
        if outcome.latency_ms.is_some() {
            outcome.stages = frames
                .answer(times)
                .and_then(|answer| stages(trace, answer.turn, times.last));
        }
        outcome.why = why(&trace.log, times);
        outcome
    });
    judged.collect()
}

fn label(call: &Call, episode: &Episode) -> String {
    if call.room.is_empty() {
        episode.label.clone()
    } else {
        format!("{} in {}", episode.label, call.room)
    }
}

/// The agent's frames of one episode.
struct Frames<'a> {
    /// Those of the reply over which it was played.
    over: Vec<&'a AgentFrame>,
    /// Those of others, since its first sound.
    others: Vec<&'a AgentFrame>,
}

impl<'a> Frames<'a> {
    fn of(frames: &'a [AgentFrame], times: &Times) -> Self {
        let within = |frame: &&AgentFrame| (times.began..=times.ended).contains(&frame.at_ms);
        let is_over = |frame: &&AgentFrame| Some(frame.turn) == times.over;
        let (over, others) = frames.iter().filter(within).partition(is_over);
        let mut others: Vec<&AgentFrame> = others;
        others.retain(|frame| frame.at_ms >= times.first);
        Self { over, others }
    }

    fn judge(&self, episode: &Episode, times: &Times, outcome: &mut Outcome) {
        let after = self.answer(times);
        let turns: BTreeSet<u32> = self.others.iter().map(|frame| frame.turn).collect();
        outcome.is_cut_in = self.others.iter().any(|frame| frame.at_ms <= times.last);
        if times.over.is_some() {
            outcome.is_kept = is_whole(self.over.len(), episode.long_reply.length_ms);
            outcome.is_paused = self.is_paused(times);
        }
        if !episode.kind.wants_answer() {
            outcome.false_turns = turns.len();
            return;
        }
        let latency = after.map(|frame| frame.at_ms - times.last);
        outcome.is_answered = latency.is_some_and(|latency| latency <= ANSWER_WITHIN_MS);
        outcome.latency_ms = latency.filter(|_| outcome.is_answered && !outcome.is_cut_in);
        outcome.false_turns = turns.len().saturating_sub(1);
        if episode.kind == Kind::Interruption {
            let last = self.over.last().map_or(0, |frame| frame.at_ms);
            let is_yielded = !outcome.is_kept && last <= times.last + YIELDED_AFTER_MS;
            outcome.yield_ms = is_yielded.then(|| last.saturating_sub(times.first));
        } else if let Some(first) = after {
            let answer = self.others.iter().filter(|it| it.turn == first.turn);
            outcome.is_kept = is_whole(answer.count(), episode.reply.length_ms);
        }
    }

    /// The first frame after the caller's last sound.
    fn answer(&self, times: &Times) -> Option<&'a AgentFrame> {
        let mut others = self.others.iter().copied();
        others.find(|frame| frame.at_ms > times.last)
    }

    fn is_paused(&self, times: &Times) -> bool {
        let near = |frame: &AgentFrame| (times.first..=times.last + 1_500).contains(&frame.at_ms);
        self.over
            .windows(2)
            .any(|pair| near(pair[1]) && pair[1].at_ms - pair[0].at_ms > PAUSE_MS)
    }
}

/// When the answer of `turn` came how far; `None` where it skipped a stage.
fn stages(trace: &Trace, turn: u32, last_ms: u64) -> Option<[u64; STAGES.len()]> {
    let mut turns = trace.record.turns.iter();
    let timings = turns.find(|record| record.turn.0 == turn)?.timings;
    let since = |at: Option<Instant>| Some(at?.as_millis().saturating_sub(last_ms));
    Some([
        since(timings.pause_detected)?,
        since(timings.transcript_settled)?,
        since(timings.reply_asked)?,
        since(timings.first_token)?,
        since(timings.first_audio)?,
        since(timings.first_frame_sent)?,
    ])
}

fn is_whole(frames: usize, length_ms: u64) -> bool {
    frames as f64 * 20.0 >= length_ms as f64 * KEPT_SHARE
}

/// Facts and decisions of an episode, each with its time after the first sound.
fn why(log: &[LogEntry], times: &Times) -> Vec<String> {
    let since =
        |entry: &LogEntry| entry.at.as_millis() as f64 / 1_000.0 - times.first as f64 / 1_000.0;
    log.iter()
        .filter(|entry| (times.began..=times.ended).contains(&entry.at.as_millis()))
        .filter_map(|entry| Some(format!("{:+.3} s {}", since(entry), told(&entry.kind)?)))
        .collect()
}

fn told(kind: &EntryKind) -> Option<String> {
    match kind {
        EntryKind::Fact(fact) => told_fact(fact),
        EntryKind::Decision(decision) => {
            Some(format!("→ {}: {}", decision.command, decision.reason))
        }
        EntryKind::Problem(problem) => Some(format!("trouble: {problem}")),
        EntryKind::EchoIgnored { text, .. } => Some(format!("echo: \"{text}\"")),
        EntryKind::AgentChanged { name, .. } => Some(format!("{name} takes over")),
        EntryKind::MachineAnswered => Some("a machine".to_owned()),
        EntryKind::Timer | EntryKind::ReplyText { .. } | EntryKind::ReplyHeard { .. } => None,
    }
}

fn told_fact(fact: &Fact) -> Option<String> {
    match fact {
        Fact::SpeechStarted { onset_ago, .. } => {
            Some(format!("speech since {} ms", onset_ago.as_millis()))
        }
        Fact::SpeechStopped { silence, .. } => {
            Some(format!("silence since {} ms", silence.as_millis()))
        }
        Fact::EndOfTurnLikelihood { likelihood, .. } => {
            Some(format!("{:.0} % likely over", likelihood * 100.0))
        }
        Fact::VoiceJudged {
            likeness,
            is_caller,
            ..
        } => {
            let whose = if *is_caller {
                "the caller's"
            } else {
                "another"
            };
            Some(format!("{whose} voice, likeness {likeness:.2}"))
        }
        Fact::TranscriptInterim { text, .. } => Some(format!("so far: \"{text}\"")),
        Fact::TranscriptFinal { text, .. } => Some(format!("settled: \"{text}\"")),
        Fact::PlayoutStarted { turn } => Some(format!("reply {} is heard", turn.0)),
        Fact::PlayoutFinished { turn } => Some(format!("reply {} was heard", turn.0)),
        Fact::UserMessage { .. } => Some("caller typed".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Cue;
    use crate::sound::Sound;
    use crate::speech::Reply;

    fn episode(kind: Kind) -> Episode {
        Episode {
            kind,
            label: String::new(),
            cue: Cue::Quiet(0),
            sound: Sound {
                samples: Vec::new(),
                span: 0..0,
            },
            pause: None,
            long_reply: Reply {
                text: String::new(),
                length_ms: 4_000,
            },
            reply: Reply {
                text: String::new(),
                length_ms: 1_000,
            },
        }
    }

    /// Frames of turn `turn` every 20 ms.
    fn spoken(turn: u32, from: u64, to: u64) -> Vec<AgentFrame> {
        (from..to)
            .step_by(20)
            .map(|at_ms| AgentFrame { at_ms, turn })
            .collect()
    }

    fn judged(kind: Kind, times: Times, frames: &[AgentFrame]) -> Outcome {
        let mut outcome = blank(kind);
        outcome.is_over_reply = times.over.is_some();
        Frames::of(frames, &times).judge(&episode(kind), &times, &mut outcome);
        outcome
    }

    pub(crate) fn blank(kind: Kind) -> Outcome {
        Outcome {
            section: Section::Questions,
            policy: Policy::Normal,
            rate_hz: 8_000,
            call: 0,
            episode: 0,
            kind,
            label: String::new(),
            snr_db: None,
            is_void: false,
            sound_ms: 1_000,
            pause_ms: None,
            is_over_reply: false,
            is_cut_in: false,
            is_answered: false,
            latency_ms: None,
            stages: None,
            is_kept: false,
            is_paused: false,
            yield_ms: None,
            false_turns: 0,
            why: Vec::new(),
        }
    }

    const fn times(first: u64, last: u64, over: Option<u32>) -> Times {
        Times {
            first,
            last,
            pause: None,
            over,
            began: 1,
            ended: 20_000,
            is_void: false,
        }
    }

    #[test]
    fn an_answer_after_the_turn_has_a_latency_and_one_within_is_a_cut_in() {
        let asked = times(1_000, 3_000, None);
        let right = judged(Kind::Turn, asked, &spoken(1, 3_900, 4_900));
        assert_eq!((right.latency_ms, right.is_cut_in), (Some(900), false));
        assert!(right.is_right());
        let cut = [spoken(1, 2_000, 2_300), spoken(2, 3_800, 4_800)].concat();
        let cut = judged(Kind::Turn, asked, &cut);
        assert_eq!(
            (cut.latency_ms, cut.is_cut_in, cut.is_answered),
            (None, true, true)
        );
        assert!(!cut.is_right());
        assert!(!judged(Kind::Turn, asked, &spoken(1, 8_200, 9_000)).is_answered);
    }

    #[test]
    fn a_reply_that_stops_within_the_phrase_has_yielded() {
        let over = times(2_000, 3_500, Some(1));
        let stopped = [spoken(1, 1_000, 2_360), spoken(2, 4_400, 5_400)].concat();
        let outcome = judged(Kind::Interruption, over, &stopped);
        assert_eq!((outcome.yield_ms, outcome.is_answered), (Some(340), true));
        let deaf = judged(Kind::Interruption, over, &spoken(1, 1_000, 5_000));
        assert!(deaf.yield_ms.is_none() && deaf.is_kept && !deaf.is_right());
    }

    #[test]
    fn a_reply_that_goes_on_after_a_pause_is_kept() {
        let over = times(2_000, 2_400, Some(1));
        let went_on = [spoken(1, 1_000, 2_300), spoken(1, 3_000, 5_800)].concat();
        let outcome = judged(Kind::Backchannel, over, &went_on);
        assert!(outcome.is_kept && outcome.is_paused && outcome.is_right());
        let stopped = judged(Kind::Backchannel, over, &spoken(1, 1_000, 2_300));
        assert!(!stopped.is_kept && !stopped.is_right());
        let answered = [spoken(1, 1_000, 5_000), spoken(2, 6_000, 7_000)].concat();
        let answered = judged(Kind::Backchannel, over, &answered);
        assert_eq!((answered.is_paused, answered.false_turns), (false, 1));
        assert!(!answered.is_right());
    }

    #[test]
    fn whoever_answers_noise_takes_a_false_turn() {
        let alone = times(1_000, 9_000, None);
        assert!(judged(Kind::Noise, alone, &[]).is_right());
        let twice = [spoken(1, 4_000, 5_000), spoken(2, 7_000, 8_000)].concat();
        assert_eq!(judged(Kind::Noise, alone, &twice).false_turns, 2);
    }
}
