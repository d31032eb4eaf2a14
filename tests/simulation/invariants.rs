//! What has to hold in every call, whatever happens (`DESIGN` §6): checked from outside, by the
//! facts that go in and the orders that come out.

mod ordered;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use offhook_turn_taking::{
    BackchannelPolicy, Command, Fact, Instant, InterruptionProfiles, Line, Opening, SoftTimeout,
    TurnId, TurnManager, TurnPolicy, UtteranceId,
};

/// Words that recognition settled in time are answered within this, or the call has ended.
const ANSWER_MAX: Duration = Duration::from_secs(45);
/// The same where limits of the user's own can keep the caller waiting until a reply is over.
const ANSWER_MAX_RELUCTANT: Duration = Duration::from_secs(240);
/// Recognition that is in time, after the end of speech was noticed.
const RECOGNITION_MAX: Duration = Duration::from_millis(200);

/// Watches one call.
#[derive(Default)]
pub(crate) struct Invariants {
    reply_deadline: Duration,
    answer_max: Duration,
    soft_timeout: Option<SoftTimeout>,
    backchannels: Option<BackchannelPolicy>,
    backchannel_at: Option<Instant>,
    has_caller_spoken: bool,
    live: Option<Live>,
    last_turn: TurnId,
    is_over: bool,
    orders_at: (Instant, u32),
    /// Whether facts come as they should, so that no words may be lost.
    is_calm: bool,
    /// Whether words over an agent that cannot be stopped are kept.
    keeps_words: bool,
    stopped: BTreeMap<UtteranceId, Instant>,
    /// Utterances of somebody else, by the voice.
    strangers: BTreeSet<UtteranceId>,
    /// First words of utterances that nothing answers yet.
    unanswered: Vec<(Instant, String)>,
    /// What was answered last.
    answered: String,
    /// Whether the agent may say nothing of its own accord.
    is_on_hold: bool,
    is_muted: bool,
    /// Replies to nobody that were ordered, and lines.
    replies_ordered: u32,
    lines_ordered: BTreeSet<u32>,
    /// How the agent takes turns that is ready to take over, and what it says first.
    successor: Option<(TurnPolicy, Option<Opening>)>,
}

struct Live {
    turn: TurnId,
    /// Whether a slow one is bridged.
    may_be_bridged: bool,
    /// Whether it answers the caller.
    is_answer: bool,
    /// When it was released, if it was.
    committed_at: Option<Instant>,
    /// Since when its own speech has been waited for.
    waiting_since: Instant,
    /// Since when nothing of it has been heard.
    silent_since: Option<Instant>,
    /// The silence for which a filler was ordered last.
    bridged: Option<Instant>,
    fillers: u32,
    is_filler: bool,
    is_audible: bool,
    is_held: bool,
    has_tools: bool,
}

impl Invariants {
    pub(crate) fn new(policy: &TurnPolicy, is_calm: bool) -> Self {
        Self {
            reply_deadline: policy.reply_deadline,
            answer_max: answer_max(policy),
            soft_timeout: policy.soft_timeout.clone(),
            backchannels: policy.backchannels.clone(),
            is_calm,
            keeps_words: policy.transcribes_uninterruptible,
            ..Self::default()
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// A fact is about to be handed in; what it did is in the orders that follow.
    pub(crate) fn saw_fact(&mut self, fact: &Fact, now: Instant) {
        self.note_words(fact, now);
        self.note_order(fact, now);
        let Some(live) = &mut self.live else { return };
        let is_committed = live.committed_at.is_some();
        match fact {
            Fact::PlayoutStarted { turn } | Fact::FillerStarted { turn }
                if *turn == live.turn && is_committed =>
            {
                live.is_audible = true;
                live.is_filler = matches!(fact, Fact::FillerStarted { .. });
                live.silent_since = None;
            }
            Fact::PlayoutRanDry { turn }
                if *turn == live.turn && live.is_audible && live.silent_since.is_none() =>
            {
                live.silent_since = Some(now);
                if !std::mem::take(&mut live.is_filler) {
                    live.waiting_since = now;
                }
            }
            Fact::PlayoutFinished { turn } if *turn == live.turn && is_committed => {
                self.live = None;
            }
            Fact::ToolStarted { turn } if *turn == live.turn => live.has_tools = true,
            _ => {}
        }
    }

    pub(crate) fn saw_order(&mut self, command: &Command, now: Instant) -> Result<(), String> {
        if self.is_over {
            return Err(format!("{command} after the call was ended"));
        }
        self.count(now)?;
        match command {
            Command::Say { turn, line } => {
                self.check_line(*line, command)?;
                self.begin(*turn, *line == Line::Greeting, Some(now), now)
            }
            Command::StartReply { turn, caller_text } => {
                if self.is_on_hold || self.is_muted {
                    return Err(format!("{command} of an agent that may not speak"));
                }
                self.answer(caller_text)?;
                self.begin(*turn, true, None, now)?;
                self.live(*turn, command)?.is_answer = !caller_text.is_empty();
                Ok(())
            }
            Command::CommitReply { turn } => self.saw_commit(*turn, command, now),
            Command::SayFiller { turn, .. } => self.saw_filler(*turn, command, now),
            Command::CancelReply { turn } => {
                self.live(*turn, command)?;
                self.live = None;
                Ok(())
            }
            Command::StaySilent { turn } => {
                let live = self.live(*turn, command)?;
                if live.is_audible || live.committed_at.is_none() {
                    return Err(format!(
                        "{command} for a reply that is heard, or not released"
                    ));
                }
                self.live = None;
                Ok(())
            }
            Command::LeaveUnanswered { turn, caller_text } => {
                self.answer(caller_text)?;
                self.begin(*turn, false, None, now)?;
                self.live = None;
                match self.is_muted {
                    true => Ok(()),
                    false => Err(format!("{command} of an agent that may speak")),
                }
            }
            Command::BeginHold | Command::EndHold => self.saw_hold(command, now),
            Command::ChangeAgent => self.saw_change(command),
            Command::HoldPlayout { turn } => {
                let live = self.live(*turn, command)?;
                let is_released = live.committed_at.is_some();
                if !is_released || std::mem::replace(&mut live.is_held, true) {
                    return Err(format!(
                        "{command} for a reply that is held, or not released"
                    ));
                }
                Ok(())
            }
            Command::ResumePlayout { turn } => self.saw_resume(*turn, command, now),
            Command::HangUp { .. } => {
                self.is_over = true;
                self.live = None;
                Ok(())
            }
            Command::Backchannel { clip } => self.saw_backchannel(*clip, now),
            Command::FinaliseTranscript { .. } | Command::PrimeReply { .. } => Ok(()),
        }
    }

    /// All orders of this moment are known.
    pub(crate) fn check(&self, manager: &TurnManager, now: Instant) -> Result<(), String> {
        match manager.poll_timeout() {
            None if !self.is_over => return Err(format!("no timer at {now}")),
            Some((due, timer)) if self.is_over => {
                return Err(format!("timer `{timer}` at {due} after the call was ended"));
            }
            Some((due, timer)) if due <= now => {
                return Err(format!("timer `{timer}` at {due} is still due at {now}"));
            }
            _ => {}
        }
        let is_free = !self.is_on_hold && !self.is_muted;
        let is_late = |(at, _): &&(Instant, String)| is_free && now > *at + self.answer_max;
        if let Some((at, word)) = self.unanswered.iter().find(is_late) {
            return Err(format!(
                "{word} was said at {at} and is not answered at {now}"
            ));
        }
        self.live
            .as_ref()
            .map_or(Ok(()), |live| self.check_air(live, now))
    }

    /// A turn that has ended leads in time to audio, to a filler, or to a decision to stay silent,
    /// which ends the reply.
    fn check_air(&self, live: &Live, now: Instant) -> Result<(), String> {
        let Some(since) = live
            .silent_since
            .filter(|_| live.committed_at.is_some() && !live.is_held)
        else {
            return Ok(());
        };
        let dead = |what: &str, due: Instant| {
            let turn = live.turn.0;
            Err(format!(
                "dead air: of reply {turn} nothing is heard since {since}, {what} was due at {due}, \
                 now it is {now}"
            ))
        };
        let deadline = since.max(live.waiting_since + self.reply_deadline);
        if now > deadline && !live.has_tools {
            return dead("an end", deadline);
        }
        if let Some(soft) = &self.soft_timeout
            && live.may_be_bridged
            && live.fillers < soft.fillers_max
            && live.bridged != Some(since)
            && (self.has_caller_spoken || !soft.waits_for_caller)
            && now > since + soft.after
        {
            return dead("a filler", since + soft.after);
        }
        Ok(())
    }

    /// A backchannel takes no floor: none while a reply is heard, or will be, and not many.
    fn saw_backchannel(&mut self, clip: u32, now: Instant) -> Result<(), String> {
        let policy = self
            .backchannels
            .as_ref()
            .ok_or("a backchannel where they are off")?;
        if clip >= policy.words_listed {
            return Err(format!("there is no backchannel {clip}"));
        }
        let is_soon = self
            .backchannel_at
            .is_some_and(|at| now < at + Duration::from_secs(5));
        let is_taken = self
            .live
            .as_ref()
            .is_some_and(|live| live.committed_at.is_some());
        if is_soon || is_taken {
            return Err(format!("a backchannel at {now} is out of place"));
        }
        self.backchannel_at = Some(now);
        Ok(())
    }

    fn saw_filler(&mut self, turn: TurnId, command: &Command, now: Instant) -> Result<(), String> {
        let soft = self
            .soft_timeout
            .clone()
            .ok_or("a filler without a soft timeout")?;
        let has_caller_spoken = self.has_caller_spoken;
        let live = self.live(turn, command)?;
        live.fillers += 1;
        live.bridged = live.silent_since;
        let is_silent = live
            .silent_since
            .is_some_and(|since| now >= since + soft.after);
        if live.committed_at.is_none() || live.is_held || !is_silent || !live.may_be_bridged {
            return Err(format!("{command} where nothing is slow"));
        }
        if live.fillers > soft.fillers_max {
            return Err(format!("{command} is one too many"));
        }
        if soft.waits_for_caller && !has_caller_spoken {
            return Err(format!("{command} before the caller has spoken"));
        }
        Ok(())
    }

    fn saw_commit(&mut self, turn: TurnId, command: &Command, now: Instant) -> Result<(), String> {
        let live = self.live(turn, command)?;
        if live.committed_at.replace(now).is_some() {
            return Err(format!("{command} for a reply that is committed"));
        }
        (live.waiting_since, live.silent_since) = (now, Some(now));
        // One that was ordered answers nobody.
        let is_answer = live.is_answer;
        self.has_caller_spoken |= is_answer;
        Ok(())
    }

    fn saw_resume(&mut self, turn: TurnId, command: &Command, now: Instant) -> Result<(), String> {
        let live = self.live(turn, command)?;
        if !std::mem::replace(&mut live.is_held, false) {
            return Err(format!("{command} for a reply that is not held"));
        }
        // The caller had the floor meanwhile: the wait for it begins anew.
        live.silent_since = live.silent_since.map(|_| now);
        live.waiting_since = now;
        Ok(())
    }

    fn saw_hold(&mut self, command: &Command, now: Instant) -> Result<(), String> {
        let is_begin = *command == Command::BeginHold;
        self.wait_anew(now);
        match std::mem::replace(&mut self.is_on_hold, is_begin) == is_begin {
            true => Err(format!("{command} twice")),
            false => Ok(()),
        }
    }

    /// What waits for an answer has waited from now on.
    fn wait_anew(&mut self, now: Instant) {
        for (at, _) in &mut self.unanswered {
            *at = now;
        }
    }

    /// An ordered line is said once, and a muted agent says no other.
    fn check_line(&mut self, line: Line, command: &Command) -> Result<(), String> {
        let is_right = match line {
            Line::Ordered(number) => self.lines_ordered.remove(&number),
            Line::Goodbye(_) => !self.is_muted,
            Line::Greeting | Line::Reprompt(_) | Line::Apology => {
                !self.is_muted && !self.is_on_hold
            }
        };
        match is_right {
            true => Ok(()),
            false => Err(format!("{command} at the wrong time")),
        }
    }

    /// The caller's words are answered, or left on purpose; a reply to nobody is ordered.
    fn answer(&mut self, caller_text: &str) -> Result<(), String> {
        if caller_text.is_empty() && self.replies_ordered > 0 {
            self.replies_ordered -= 1;
            return Ok(());
        }
        check_text(caller_text)?;
        self.unanswered
            .retain(|(_, word)| !caller_text.contains(word));
        self.answered = caller_text.to_owned();
        Ok(())
    }

    fn note_words(&mut self, fact: &Fact, now: Instant) {
        let is_agent_heard = self.live.as_ref().is_some_and(|live| live.is_audible);
        match fact {
            Fact::SpeechStopped { utterance, .. }
                if self.is_calm && (self.keeps_words || !is_agent_heard) =>
            {
                self.stopped.insert(*utterance, now);
            }
            Fact::TranscriptFinal { utterance, text } => {
                let is_in_time = self
                    .stopped
                    .get(utterance)
                    .is_some_and(|stopped| now.since(*stopped) <= RECOGNITION_MAX);
                let first = text.split(' ').next().filter(|word| word.ends_with("x0"));
                let is_wanted = is_in_time && !self.strangers.contains(utterance);
                if let Some(word) = first.filter(|word| is_wanted && !self.answered.contains(word))
                {
                    self.unanswered.push((now, word.to_owned()));
                }
            }
            Fact::VoiceJudged {
                utterance,
                is_caller: false,
                ..
            } => {
                self.strangers.insert(*utterance);
                let first = format!("word{}x0", utterance.0);
                self.unanswered.retain(|(_, word)| *word != first);
            }
            Fact::VoiceJudged { utterance, .. } => {
                self.strangers.remove(utterance);
            }
            _ => {}
        }
    }

    fn begin(
        &mut self,
        turn: TurnId,
        may_be_bridged: bool,
        committed_at: Option<Instant>,
        now: Instant,
    ) -> Result<(), String> {
        if let Some(live) = &self.live {
            return Err(format!(
                "reply {} begins while {} is live",
                turn.0, live.turn.0
            ));
        }
        if turn <= self.last_turn {
            return Err(format!(
                "reply {} begins after {}",
                turn.0, self.last_turn.0
            ));
        }
        self.last_turn = turn;
        self.live = Some(Live {
            turn,
            may_be_bridged,
            is_answer: false,
            committed_at,
            waiting_since: now,
            silent_since: Some(now),
            bridged: None,
            fillers: 0,
            is_filler: false,
            is_audible: false,
            is_held: false,
            has_tools: false,
        });
        Ok(())
    }

    fn live(&mut self, turn: TurnId, command: &Command) -> Result<&mut Live, String> {
        match &mut self.live {
            Some(live) if live.turn == turn => Ok(live),
            _ => Err(format!("{command}, which is not live")),
        }
    }

    fn count(&mut self, now: Instant) -> Result<(), String> {
        let (at, count) = self.orders_at;
        self.orders_at = if at == now { (at, count + 1) } else { (now, 1) };
        if self.orders_at.1 > 40 {
            Err(format!("no end of orders at {now}"))
        } else {
            Ok(())
        }
    }
}

fn answer_max(policy: &TurnPolicy) -> Duration {
    let is_plain = policy.interruption_words_min.is_none()
        && policy.interruption_speech_min.is_none()
        && policy.interruption_profiles == InterruptionProfiles::default();
    if is_plain {
        ANSWER_MAX
    } else {
        ANSWER_MAX_RELUCTANT
    }
}

/// No utterance is answered twice in one turn: its first word is in the text at most once.
fn check_text(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("a reply to nothing".to_owned());
    }
    let words: Vec<&str> = text
        .split(' ')
        .filter(|word| word.ends_with("x0"))
        .collect();
    for (index, word) in words.iter().enumerate() {
        if words[..index].contains(word) {
            return Err(format!("{word} is answered twice in one turn: {text}"));
        }
    }
    Ok(())
}
