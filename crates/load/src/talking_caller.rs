//! A caller who talks with an agent: it listens, says an utterance, waits for the answer, and cuts
//! into every third. It plays what it is sent at wall time, as a carrier does.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use offhook_contract::TurnId;
use offhook_transport::Arrival;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::LoadError;
use crate::echo_caller::{closed, put_in_place};
use crate::level::Window;
use crate::socket::{Received, Socket};
use crate::speech::Speech;
use crate::wire::{Came, LoadLeg};

const FRAME: Duration = Duration::from_millis(20);
/// How long after the agent was heard to the end the caller speaks.
const PAUSE: Duration = Duration::from_millis(600);
/// How long of an answer is heard before the caller cuts in.
const HEARD_BEFORE_CUT: Duration = Duration::from_millis(1_000);
/// How much of the agent must be left to be heard for a cut to be one.
const LEFT_TO_CUT: Duration = Duration::from_millis(60);
/// After a `clear`, how long what comes is the end of what was cut: it fades out.
const FADING: Duration = Duration::from_millis(60);
/// After so long without the agent's voice it has stopped, where it says nothing of that.
const SILENT: Duration = Duration::from_millis(150);
/// An answer that has not come by then does not come.
const ANSWER_MAX: Duration = Duration::from_secs(8);
/// Every so many turns the caller cuts in.
const CUT_EVERY: u64 = 3;

/// What one caller noted. Durations are of turns that began in the window.
#[derive(Debug, Default)]
pub(crate) struct TalkLog {
    /// From the last frame of speech sent to the first sound of the answer.
    pub(crate) voice_to_voice: Vec<Duration>,
    /// From the first frame of speech sent over the agent to the order to drop what was not played.
    pub(crate) cuts: Vec<Duration>,
    /// The agent's frames, as they came.
    pub(crate) arrivals: Vec<Arrival>,
    /// How late the caller itself was to send frames.
    pub(crate) own_lateness: Vec<Duration>,
    /// Turns without an answer.
    pub(crate) unanswered: usize,
    /// Turns in which the agent spoke before the caller had ended.
    pub(crate) spoken_over: usize,
    /// Cuts that did not stop the agent.
    pub(crate) missed_cuts: usize,
}

/// What the caller does.
enum Doing {
    /// Hears the agent out, or waits for the call to begin. `since` when.
    Listening,
    /// Says its utterance, from that frame on.
    Speaking { utterance: usize, frame: usize },
    /// Has spoken, and waits for the answer.
    Waiting { since: Instant },
}

struct Caller {
    socket: Socket,
    leg: LoadLeg,
    /// Messages of audio sent so far.
    sent: usize,
    /// The one that is to be sent.
    message: Vec<u8>,
    speech: Arc<Speech>,
    window: Window,
    began: Instant,
    doing: Doing,
    turns: u64,
    /// When all that the agent has said so far was played.
    played_at: Instant,
    /// When the answer of this turn began to come.
    answered_at: Option<Instant>,
    /// When the caller began to speak over the agent, until the agent stops.
    cut_at: Option<Instant>,
    has_cut: bool,
    /// Whether a stretch of the agent's audio has begun in the window.
    is_whole: bool,
    /// When the agent dropped what was not played, last.
    cleared_at: Option<Instant>,
    /// When the agent's voice came, last.
    voice_at: Instant,
    marks: VecDeque<(Instant, String)>,
    generation: u32,
    /// Answers that began to come.
    replies: u32,
    log: TalkLog,
}

/// Calls with a call's token, and talks until the window closes.
pub(crate) async fn call(
    address: SocketAddr,
    leg: LoadLeg,
    token: String,
    speech: Arc<Speech>,
    number: usize,
    window: Window,
) -> Result<TalkLog, LoadError> {
    let mut socket = match leg {
        LoadLeg::AudioSocket => Socket::connect_packets(address).await?,
        leg => Socket::connect(address, &leg.path(&token), leg.protocol()).await?,
    };
    socket
        .send(&leg.start(&token))
        .await
        .map_err(LoadError::system("beginning a call"))?;
    let now = Instant::now();
    let first = now + FRAME.mul_f64((number * 7 % 20) as f64 / 20.0);
    let mut ticks = interval_at(first, FRAME);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut caller = Caller {
        socket,
        leg,
        sent: 0,
        message: Vec::with_capacity(512),
        speech,
        window,
        began: now,
        doing: Doing::Listening,
        turns: number as u64,
        played_at: now + PAUSE * 4,
        answered_at: None,
        cut_at: None,
        has_cut: false,
        is_whole: false,
        cleared_at: None,
        voice_at: now,
        marks: VecDeque::new(),
        generation: 0,
        replies: 0,
        log: TalkLog::default(),
    };
    loop {
        tokio::select! {
            came = caller.socket.next(|message, is_text| leg.read(message, is_text)) => match came {
                Received::Closed(code) => return Err(closed(code)),
                Received::Message(came) => caller.hear(came).await?,
            },
            due = ticks.tick() => {
                if due > window.end() {
                    break;
                }
                caller.tick(due).await?;
            }
        }
    }
    caller.socket.close().await;
    Ok(caller.log)
}

impl Caller {
    async fn hear(&mut self, came: Came) -> Result<(), LoadError> {
        let now = Instant::now();
        match came {
            Came::Media {
                is_audible, frames, ..
            } => self.hear_frames(now, is_audible, frames),
            Came::Clear => {
                self.note_cleared(now, now);
                for (_, name) in std::mem::take(&mut self.marks) {
                    if self.leg.returns_cleared_marks() {
                        self.send(&self.leg.mark(&name)).await?;
                    }
                }
            }
            Came::Mark(name) => self.marks.push_back((self.played_at, name)),
            Came::Other => {}
        }
        Ok(())
    }

    fn hear_frames(&mut self, now: Instant, is_audible: bool, frames: u32) {
        if is_audible {
            self.hear_voice(now);
            self.voice_at = now;
        }
        // A leg that is sent silence too is played on and on.
        let is_kept_up = !self.leg.has_clear() && !is_audible;
        if is_kept_up && self.played_at + FRAME < now {
            return;
        }
        // A stretch that began before the window lacks the frames that were sent ahead.
        self.is_whole |= self.window.holds(now) && self.played_at <= now;
        self.played_at = self.played_at.max(now) + FRAME * frames;
        if self.window.holds(now) && self.is_whole {
            let arrival = Arrival {
                at: now - self.began,
                generation: self.generation,
                turn: TurnId(self.replies),
            };
            let arrivals = std::iter::repeat_n(arrival, frames as usize);
            self.log.arrivals.extend(arrivals);
        }
    }

    /// The agent takes back what was not played; it stopped at `stopped_at`.
    fn note_cleared(&mut self, now: Instant, stopped_at: Instant) {
        self.played_at = now;
        self.cleared_at = Some(now);
        self.generation += 1;
        if let Some(at) = self.cut_at.take()
            && self.window.holds(at)
        {
            self.log.cuts.push(stopped_at.saturating_duration_since(at));
        }
    }

    fn hear_voice(&mut self, now: Instant) {
        if self.cleared_at.is_some_and(|at| now < at + FADING) {
            return;
        }
        match self.doing {
            Doing::Waiting { since } if self.answered_at.is_none() => {
                self.answered_at = Some(now);
                self.replies += 1;
                if self.window.holds(since) {
                    self.log.voice_to_voice.push(now - since);
                }
                self.doing = Doing::Listening;
            }
            Doing::Speaking { frame, .. } if self.cut_at.is_none() && frame > 0 => {
                // Either the agent did not wait, or this turn's cut is over and it goes on.
                let is_new = self.answered_at.is_none();
                self.log.spoken_over += usize::from(is_new && self.window.holds(now));
                self.replies += u32::from(is_new);
                self.answered_at.get_or_insert(now);
            }
            _ => {}
        }
    }

    async fn tick(&mut self, due: Instant) -> Result<(), LoadError> {
        let now = Instant::now();
        if self.window.holds(now) {
            self.log.own_lateness.push(now - due);
        }
        while let Some((_, name)) = self.marks.pop_front_if(|(at, _)| *at <= now) {
            self.send(&self.leg.mark(&name)).await?;
        }
        // Where nothing is taken back the agent only falls silent.
        if !self.leg.has_clear() && self.cut_at.is_some() && self.voice_at + SILENT <= now {
            self.note_cleared(now, self.voice_at);
        }
        // Who speaks begins with a whole message.
        if self.sent.is_multiple_of(self.leg.frames_together()) {
            self.decide(now);
        }
        let speech = Arc::clone(&self.speech);
        let message = match &mut self.doing {
            Doing::Speaking { utterance, frame } => {
                let utterance = &speech.utterances[*utterance];
                // From here on it is speech to everybody.
                if *frame == utterance.onset && self.cut_at.is_some() {
                    self.cut_at = Some(now);
                }
                *frame += 1;
                &utterance.messages[*frame - 1]
            }
            _ => &speech.silence,
        };
        let message = match (self.sent + 1) % self.leg.frames_together() {
            0 => message.as_slice(),
            _ => &[],
        };
        let mut written = std::mem::take(&mut self.message);
        written.clear();
        written.extend_from_slice(message);
        put_in_place(self.leg, &mut written, self.sent);
        self.sent += 1;
        let sent = match written.is_empty() {
            true => Ok(()),
            false => self.send(&written).await,
        };
        self.message = written;
        if let Doing::Speaking { utterance, frame } = self.doing
            && frame == speech.utterances[utterance].messages.len()
        {
            self.has_spoken(Instant::now());
        }
        sent
    }

    /// Begins to speak, or gives up waiting.
    fn decide(&mut self, now: Instant) {
        match self.doing {
            Doing::Listening => {
                let is_quiet = self.played_at + PAUSE <= now;
                let is_cut = self.cuts_now(now);
                if is_quiet || is_cut {
                    self.begin(now, is_cut);
                }
            }
            Doing::Waiting { since } if since + ANSWER_MAX <= now => {
                self.log.unanswered += usize::from(self.window.holds(since));
                self.begin(now, false);
            }
            _ => {}
        }
    }

    fn cuts_now(&self, now: Instant) -> bool {
        let is_heard = self
            .answered_at
            .is_some_and(|at| at + HEARD_BEFORE_CUT <= now);
        let is_left = self.played_at > now + LEFT_TO_CUT;
        is_heard && is_left && !self.has_cut && self.turns.is_multiple_of(CUT_EVERY)
    }

    fn begin(&mut self, now: Instant, is_cut: bool) {
        let utterance = (self.turns as usize * 5 + 1) % self.speech.utterances.len();
        self.turns += 1;
        self.answered_at = None;
        self.cut_at = is_cut.then_some(now);
        self.has_cut = is_cut;
        self.doing = Doing::Speaking {
            utterance,
            frame: 0,
        };
    }

    fn has_spoken(&mut self, now: Instant) {
        if let Some(at) = self.cut_at.take() {
            self.log.missed_cuts += usize::from(self.window.holds(at));
        }
        // An answer that is there already is none to the end of what was said.
        self.doing = match self.answered_at {
            None => Doing::Waiting { since: now },
            Some(_) => Doing::Listening,
        };
    }

    async fn send(&mut self, message: &[u8]) -> Result<(), LoadError> {
        self.socket
            .send(message)
            .await
            .map_err(LoadError::system("speaking in a call"))
    }
}
