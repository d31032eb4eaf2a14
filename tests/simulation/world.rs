//! The world around a turn manager: a caller who speaks, coughs, agrees, vanishes or hangs up,
//! recognition that is late or wrong, and a session whose replies take their time, fail or stall.
//! In a wild world facts also come twice, late, or from nowhere.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_turn_taking::{
    Command, Fact, HeardText, Instant, ReplyFailure, TurnId, TurnPolicy, UtteranceId,
};

use crate::policy::random_policy;
use crate::random::Random;

pub(crate) struct World {
    pub(super) random: Random,
    /// Nobody hears the caller.
    is_on_hold: bool,
    pub(crate) policy: TurnPolicy,
    pub(crate) is_wild: bool,
    /// From then on the caller does nothing any more.
    pub(crate) vanishes_at: Instant,
    hangs_up: bool,
    fails_percent: u64,
    slow_percent: u64,
    utterances: u32,
    /// What recognition will settle on, by utterance.
    texts: BTreeMap<UtteranceId, String>,
    replies: BTreeMap<TurnId, Reply>,
    /// What is to come, by moment and order of planning.
    agenda: BTreeMap<(Instant, u64), Plan>,
    plans: u64,
}

#[derive(Clone)]
pub(super) enum Plan {
    Hand(Fact),
    /// The caller opens the mouth again.
    Speak,
    /// Playout of a reply takes a step.
    Play(TurnId),
    /// A filler is there to be heard.
    Bridge(TurnId),
    /// It was heard.
    BridgeEnd(TurnId),
}

#[derive(Clone)]
struct Reply {
    length: Duration,
    heard: Duration,
    is_started: bool,
    is_held: bool,
    is_gone: bool,
    /// All that was made was heard.
    is_dry: bool,
    /// A filler is heard; what comes of the reply waits.
    is_bridged: bool,
    is_waiting: bool,
    stalls_at: Option<Duration>,
}

const PLAYOUT_STEP: Duration = Duration::from_millis(500);

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let policy = random_policy(&mut random);
        let is_wild = random.is(50);
        let mut world = Self {
            policy,
            is_wild,
            vanishes_at: Instant::START + random.millis(0, 120_000),
            hangs_up: random.is(15),
            fails_percent: random.pick(&[0, 0, 5, 40]),
            slow_percent: random.pick(&[0, 5, 50]),
            random,
            is_on_hold: false,
            utterances: 0,
            texts: BTreeMap::new(),
            replies: BTreeMap::new(),
            agenda: BTreeMap::new(),
            plans: 0,
        };
        let ringing = world.random.millis(0, 300);
        world.hand(Instant::START + ringing, Fact::CallAnswered);
        let first = world.random.millis(300, 9_000);
        world.plan(Instant::START + first, Plan::Speak);
        world.be_ordered();
        if world.hangs_up {
            world.hand(world.vanishes_at, Fact::HungUp);
        }
        if is_wild {
            world.scatter();
        }
        world
    }

    /// When the next thing happens in the world.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.agenda.first_key_value().map(|((at, _), _)| *at)
    }

    /// Lets the next thing happen; it may be a fact.
    pub(crate) fn step(&mut self) -> Option<Fact> {
        let ((at, _), plan) = self.agenda.pop_first()?;
        match plan {
            Plan::Hand(fact) => return Some(fact),
            Plan::Speak => self.speak(at),
            Plan::Play(turn) => return self.play(turn, at),
            Plan::Bridge(turn) => return self.bridge(turn, at),
            Plan::BridgeEnd(turn) => return self.end_bridge(turn, at),
        }
        None
    }

    /// Does what the turn manager orders.
    pub(crate) fn obey(&mut self, command: &Command, now: Instant) {
        match command {
            Command::Say { turn, .. } => {
                self.prepare(*turn, now);
                self.release(*turn, now);
            }
            Command::StartReply { turn, .. } => self.prepare(*turn, now),
            Command::CommitReply { turn } => self.release(*turn, now),
            Command::SayFiller { turn, .. } => {
                let delay = self.random.millis(20, 900);
                self.plan(now + delay, Plan::Bridge(*turn));
            }
            Command::CancelReply { turn } => self.drop_reply(*turn, now),
            Command::StaySilent { turn } => {
                self.replies.remove(turn);
            }
            Command::HoldPlayout { turn } => {
                self.replies
                    .entry(*turn)
                    .and_modify(|reply| reply.is_held = true);
            }
            Command::ResumePlayout { turn } => {
                self.replies
                    .entry(*turn)
                    .and_modify(|reply| reply.is_held = false);
                self.plan(now + PLAYOUT_STEP, Plan::Play(*turn));
            }
            Command::FinaliseTranscript { utterance } => self.finalise(*utterance, now),
            Command::BeginHold => self.is_on_hold = true,
            Command::EndHold => self.is_on_hold = false,
            Command::HangUp { .. } => self.replies.clear(),
            Command::PrimeReply { .. }
            | Command::Backchannel { .. }
            | Command::ChangeAgent
            | Command::LeaveUnanswered { .. } => {}
        }
    }

    /// One stretch of caller speech, and the plan for the next.
    fn speak(&mut self, now: Instant) {
        if now >= self.vanishes_at {
            return;
        }
        if self.is_on_hold {
            self.plan(now + Duration::from_secs(1), Plan::Speak);
            return;
        }
        self.utterances += 1;
        let utterance = UtteranceId(self.utterances);
        let text = self.words(utterance);
        let onset_ago = self.random.millis(0, 150);
        // Words take their time, where nothing is amiss.
        let shortest = match self.is_wild {
            true => 100,
            false => 180 + 80 * text.split(' ').count() as u64,
        };
        let length = self.random.millis(shortest, 3_000);
        self.hand(
            now,
            Fact::SpeechStarted {
                utterance,
                onset_ago,
            },
        );
        let silence = self.random.millis(100, 300);
        let end = now + length;
        for share in 1..=self.random.below(4) {
            let at = now
                + length
                    .mul_f32(0.25)
                    .saturating_mul(u32::try_from(share).unwrap_or(1));
            let count = usize::try_from(share).unwrap_or(1) * text.split(' ').count() / 4;
            let heard: Vec<&str> = text.split(' ').take(count.max(1)).collect();
            self.hand(
                at,
                Fact::TranscriptInterim {
                    utterance,
                    text: heard.join(" "),
                },
            );
            if self.random.is(20) {
                let pause = self.random.millis(0, 60);
                self.hand(at + pause, Fact::TranscriptSettled { utterance });
            }
        }
        self.texts.insert(utterance, text);
        // Voice activity that never ends is the detector's worst fault.
        if self.random.is(if self.is_wild { 95 } else { 100 }) {
            self.hand(end + silence, Fact::SpeechStopped { utterance, silence });
        }
        for _ in 0..self.random.below(3) {
            let at = end + silence + self.random.millis(0, 400);
            let likelihood = self.random.share();
            self.hand(
                at,
                Fact::EndOfTurnLikelihood {
                    utterance,
                    likelihood,
                },
            );
        }
        self.attribute(utterance, now);
        let pause = self.random.pick(&[400, 1_000, 3_000, 12_000]);
        let next = end + silence + self.random.millis(50, pause);
        self.plan(next, Plan::Speak);
    }

    /// Now and then somebody else's voice is heard in it.
    fn attribute(&mut self, utterance: UtteranceId, now: Instant) {
        if self.random.is(10) {
            let at = now + self.random.millis(300, 3_000);
            let likeness = self.random.share();
            let is_caller = self.random.is(30);
            self.hand(
                at,
                Fact::VoiceJudged {
                    utterance,
                    likeness,
                    is_caller,
                },
            );
        }
    }

    /// Words that only this utterance has, an acknowledgement, or none.
    fn words(&mut self, utterance: UtteranceId) -> String {
        match self.random.below(10) {
            0 | 1 => String::new(),
            2 => self
                .random
                .pick(&["Mm-hmm.", "yeah", "Okay, I see."])
                .to_owned(),
            3 => {
                let phrase = self.random.pick(&[
                    "hold on",
                    "no stop",
                    "my number is 555 01",
                    "at example dot com",
                    "S M I T H",
                ]);
                format!("word{}x0 {phrase}", utterance.0)
            }
            _ => {
                let count = self.random.between(1, 6);
                let words = (0..count).map(|number| format!("word{}x{number}", utterance.0));
                words.collect::<Vec<_>>().join(" ")
            }
        }
    }

    fn finalise(&mut self, utterance: UtteranceId, now: Instant) {
        let text = self.texts.get(&utterance).cloned().unwrap_or_default();
        if self.random.is(if self.is_wild { 15 } else { 3 }) {
            return;
        }
        let delay = if self.random.is(10) {
            self.random.millis(900, 4_000)
        } else {
            self.random.millis(20, 500)
        };
        self.hand(now + delay, Fact::TranscriptFinal { utterance, text });
    }

    fn prepare(&mut self, turn: TurnId, now: Instant) {
        let stalls_at = self.random.is(self.fails_percent / 2);
        let reply = Reply {
            length: self.random.millis(200, 8_000),
            heard: Duration::ZERO,
            is_started: false,
            is_held: false,
            is_gone: false,
            is_dry: false,
            is_bridged: false,
            is_waiting: false,
            stalls_at: stalls_at.then(|| self.random.millis(0, 4_000)),
        };
        self.replies.insert(turn, reply);
        let token = now + self.random.millis(50, 600);
        self.hand(token, Fact::ReplyToken { turn });
        if self.random.is(self.fails_percent) {
            let at = now + self.random.millis(0, 3_000);
            let cause = self.random.pick(&[
                ReplyFailure::ChatModel,
                ReplyFailure::Voice,
                ReplyFailure::Empty,
            ]);
            self.hand(at, Fact::ReplyFailed { turn, cause });
        }
        if self.random.is(12) {
            let wait = self.random.is(50).then(|| self.random.millis(0, 20_000));
            let at = now + self.random.millis(0, 2_000);
            self.hand(at, Fact::TurnSkipped { turn, wait });
        }
        if self.random.is(5) {
            let at = token + self.random.millis(0, 500);
            let length = self.random.millis(100, 20_000);
            self.hand(at, Fact::ToolStarted { turn });
            self.hand(at + length, Fact::ToolFinished { turn });
        }
    }

    fn release(&mut self, turn: TurnId, now: Instant) {
        let is_slow = self.random.is(self.slow_percent);
        let delay = self.random.millis(50, if is_slow { 12_000 } else { 1_500 });
        self.plan(now + delay, Plan::Play(turn));
    }

    fn play(&mut self, turn: TurnId, now: Instant) -> Option<Fact> {
        let reply = self.replies.get_mut(&turn)?;
        if reply.is_gone || reply.is_held {
            return None;
        }
        if reply.stalls_at.is_some_and(|at| reply.heard >= at) {
            return None;
        }
        if reply.is_bridged {
            reply.is_waiting = true;
            return None;
        }
        if std::mem::take(&mut reply.is_dry) && reply.is_started {
            self.plan(now + PLAYOUT_STEP, Plan::Play(turn));
            return Some(Fact::PlayoutStarted { turn });
        }
        if !reply.is_started {
            reply.is_started = true;
            let length = reply.length;
            self.plan(now + PLAYOUT_STEP, Plan::Play(turn));
            self.hand(now + length / 3, Fact::ReplyReady { turn });
            return Some(Fact::PlayoutStarted { turn });
        }
        if self.random.is(self.slow_percent / 4) {
            reply.is_dry = true;
            let gap = self.random.millis(100, 6_000);
            self.plan(now + gap, Plan::Play(turn));
            return Some(Fact::PlayoutRanDry { turn });
        }
        reply.heard += PLAYOUT_STEP;
        if reply.heard >= reply.length {
            reply.is_gone = true;
            return Some(Fact::PlayoutFinished { turn });
        }
        let heard = reply.heard;
        self.plan(now + PLAYOUT_STEP, Plan::Play(turn));
        Some(Fact::PlayoutProgress { turn, heard })
    }

    /// A filler begins where nothing else of the reply is heard.
    fn bridge(&mut self, turn: TurnId, now: Instant) -> Option<Fact> {
        let reply = self.replies.get_mut(&turn)?;
        let is_heard = reply.is_started && !reply.is_dry;
        if reply.is_gone || reply.is_held || reply.is_bridged || is_heard {
            return None;
        }
        reply.is_bridged = true;
        let length = self.random.millis(300, 2_500);
        self.plan(now + length, Plan::BridgeEnd(turn));
        Some(Fact::FillerStarted { turn })
    }

    fn end_bridge(&mut self, turn: TurnId, now: Instant) -> Option<Fact> {
        let reply = self.replies.get_mut(&turn)?;
        if reply.is_gone {
            return None;
        }
        if reply.is_held {
            self.plan(now + PLAYOUT_STEP, Plan::BridgeEnd(turn));
            return None;
        }
        reply.is_bridged = false;
        if std::mem::take(&mut reply.is_waiting) {
            return self.play(turn, now);
        }
        reply.is_dry = true;
        Some(Fact::PlayoutRanDry { turn })
    }

    fn drop_reply(&mut self, turn: TurnId, now: Instant) {
        let Some(reply) = self.replies.get_mut(&turn) else {
            return;
        };
        reply.is_gone = true;
        let is_unheard = reply.heard.is_zero();
        let heard = match self.random.below(10) {
            0 => HeardText::Unknown,
            _ if is_unheard => HeardText::Known(String::new()),
            _ => HeardText::Known("as far as".to_owned()),
        };
        let delay = self.random.pick(&[0, 0, 10, 300]);
        let at = now + Duration::from_millis(delay);
        self.hand(at, Fact::ReplyCancelled { turn, heard });
    }

    /// Facts from nowhere, over the whole call.
    fn scatter(&mut self) {
        for _ in 0..self.random.below(40) {
            let at = Instant::START + self.random.millis(0, 150_000);
            let turn = TurnId(u32::try_from(self.random.below(12)).unwrap_or(1));
            let utterance = UtteranceId(u32::try_from(self.random.below(25)).unwrap_or(1));
            let fact = match self.random.below(20) {
                0 => Fact::CallAnswered,
                1 => Fact::SpeechProbability {
                    probability: self.random.share(),
                },
                2 => Fact::SpeechStarted {
                    utterance,
                    onset_ago: self.random.millis(0, 20_000),
                },
                3 => Fact::SpeechStopped {
                    utterance,
                    silence: self.random.millis(0, 20_000),
                },
                4 => Fact::TranscriptInterim {
                    utterance,
                    text: "stray words".to_owned(),
                },
                5 => Fact::TranscriptFinal {
                    utterance,
                    text: "more stray words,".to_owned(),
                },
                6 => Fact::EndOfTurnLikelihood {
                    utterance,
                    likelihood: f32::NAN,
                },
                7 => Fact::VoiceJudged {
                    utterance,
                    likeness: -3.0,
                    is_caller: self.random.is(50),
                },
                8 => Fact::ReplyReady { turn },
                9 => Fact::ReplyFailed {
                    turn,
                    cause: ReplyFailure::Voice,
                },
                10 => Fact::ReplyCancelled {
                    turn,
                    heard: HeardText::Known(String::new()),
                },
                11 => Fact::ToolStarted { turn },
                12 => Fact::ToolFinished { turn },
                13 if self.random.is(50) => Fact::TranscriptSettled { utterance },
                13 => Fact::PlayoutStarted { turn },
                14 if self.random.is(50) => Fact::PlayoutRanDry { turn },
                14 => Fact::PlayoutFinished { turn },
                15 if self.random.is(50) => Fact::FillerStarted { turn },
                15 => Fact::DtmfPressed { digit: '#' },
                16 => Fact::UserMessage {
                    text: "typed words".to_owned(),
                },
                17 => Fact::UserActivity,
                18 if self.random.is(5) => Fact::TranscriptFailed,
                _ => Fact::PlayoutProgress {
                    turn,
                    heard: Duration::from_millis(10),
                },
            };
            self.plan(at, Plan::Hand(fact));
        }
    }

    /// Plans a fact; in a wild world it may come twice, late, or not at all.
    fn hand(&mut self, at: Instant, fact: Fact) {
        let mut at = at;
        if self.is_wild && !matches!(fact, Fact::CallAnswered | Fact::HungUp) {
            match self.random.below(50) {
                0 => return,
                1 => at = at + self.random.millis(0, 2_000),
                2 => self.plan(at + Duration::from_millis(700), Plan::Hand(fact.clone())),
                _ => {}
            }
        }
        self.plan(at, Plan::Hand(fact));
    }

    pub(super) fn plan(&mut self, at: Instant, plan: Plan) {
        self.plans += 1;
        self.agenda.insert((at, self.plans), plan);
    }
}
