//! The one task that drives a call. It owns all of the call's state; its loop carries out what
//! the turn manager decides, waits for the next thing that happens, and turns it into a fact with
//! the one reading of the clock. Nothing in the loop awaits a provider.

mod absence;
mod chronicle;
mod clips;
mod clock;
mod commands;
mod ears;
mod echo;
mod keys;
mod machine;
mod mouth;
mod opening;
mod orders;
mod own_words;
mod reply_text;
mod sound;
mod succession;

use std::sync::Arc;

use offhook_contract::{
    ChatCall, ChatModel, DetectorEvent, LEG_QUEUE_FRAMES, Leg, LegControl, LegEvent, LegNotice,
    ProviderError, Speaker, SpeechRequest, SpeechToText, SttEvent, TextToSpeech, TurnDetector,
};
use offhook_media::Frame;
use offhook_turn_taking::{Fact, HangUpCause, Instant, PolicyError, TurnId, TurnManager};
use tokio::sync::mpsc;

use crate::control::Control;
use crate::conversation::Conversation;
use crate::persona::Persona;
use crate::record::{CallRecord, EntryKind, LogEntry};
use crate::recording::Tape;
use crate::reply::{ClipEvent, ReplyEvent};
use absence::Absence;
use chronicle::{Chronicle, Closing};
use clips::Clips;
use clock::Clock;
use commands::LiveReply;
use ears::{Ears, Heard, Hearing};
use keys::KeyEntry;
use machine::MachineWatch;
use mouth::Mouth;
use opening::{open_chat, soon};
use orders::Orders;
use own_words::OwnWords;
use succession::{Prepared, prepared};

/// Events of replies that may wait for the session.
const REPLY_EVENT_QUEUE: usize = 64;

/// The stages of a call.
#[derive(Clone)]
pub struct Providers {
    /// Voice activity and end of turn.
    pub detector: Arc<dyn TurnDetector>,
    /// Speech recognition.
    pub recognition: Arc<dyn SpeechToText>,
    /// The chat model.
    pub chat: Arc<dyn ChatModel>,
    /// The voice.
    pub voice: Arc<dyn TextToSpeech>,
}

/// Everything that a call needs to begin.
pub struct CallSetup {
    /// The call's id.
    pub call_id: String,
    /// Who answers.
    pub persona: Persona,
    /// The caller's connection.
    pub leg: Leg,
    /// The stages.
    pub providers: Providers,
    /// Who watches: the fact log, the live transcript. Bounded; the call never waits for it.
    pub log: Option<mpsc::Sender<LogEntry>>,
    /// Orders from outside the call.
    pub control: mpsc::Receiver<Control>,
}

/// Why a call cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The agent's turn policy is out of range.
    #[error("the agent's turn policy is not valid")]
    Policy(#[from] PolicyError),
}

/// A call that is ready to be answered: its stages are open and the chat model has read the
/// prompt. Where one cannot be had, the caller is told so and the call ends.
pub struct Session {
    call_id: String,
    persona: Persona,
    transport: String,
    manager: TurnManager,
    ears: Option<Ears>,
    /// Why stages could not be opened.
    absent: Vec<ProviderError>,
    mouth: Mouth,
    own_words: OwnWords,
    chat: Arc<dyn ChatCall>,
    voice: Arc<dyn TextToSpeech>,
    speech: SpeechRequest,
    /// Voices beside the agent's own, by their labels.
    other_voices: Arc<[(String, SpeechRequest)]>,
    conversation: Conversation,
    reply: Option<LiveReply>,
    /// The reply that was begun last, whatever became of it.
    newest_turn: TurnId,
    reply_sender: mpsc::Sender<ReplyEvent>,
    reply_events: mpsc::Receiver<ReplyEvent>,
    clips: Clips,
    orders: Orders,
    /// Keys that the caller presses, where they are a turn.
    keys: Option<KeyEntry>,
    /// Whether a machine has answered, where the agent has something to leave on it.
    machine: Option<MachineWatch>,
    caller_audio: mpsc::Receiver<Frame>,
    leg_events: mpsc::Receiver<LegEvent>,
    leg_control: mpsc::Sender<LegControl>,
    control: mpsc::Receiver<Control>,
    is_leg_up: bool,
    absence: Absence,
    is_control_open: bool,
    dropped_frames: u64,
    tape: Option<Tape>,
    chronicle: Chronicle,
    clock: Clock,
    ended: Option<HangUpCause>,
}

/// Everything that can happen to a session.
#[expect(
    clippy::large_enum_variant,
    reason = "a frame passes by value, so that none is allocated"
)]
enum Incoming {
    Timer,
    Control(Option<Control>),
    Leg(LegInput),
    Detected(Option<DetectorEvent>),
    Recognised(Option<SttEvent>),
    /// The caller's connection has another in its place.
    Reconnected(Leg),
    /// Another agent is ready to take over, or cannot.
    Successor(Result<Box<Prepared>, String>),
    Reply(ReplyEvent),
    Clip(ClipEvent),
}

/// What the leg brings.
#[expect(
    clippy::large_enum_variant,
    reason = "a frame passes by value, so that none is allocated"
)]
enum LegInput {
    Audio(Frame),
    Event(LegEvent),
    Gone,
}

impl Session {
    /// Opens every stage and lets the chat model read the prompt, so that the call can be
    /// answered without delay.
    ///
    /// # Errors
    /// [`OpenError`] where the policy is out of range.
    pub async fn open(setup: CallSetup) -> Result<Self, OpenError> {
        let CallSetup {
            call_id,
            persona,
            leg,
            providers,
            log,
            control,
        } = setup;
        let rate = leg.description.rate;
        let manager = TurnManager::new(persona.agent().turn_policy().clone())?;
        let conversation = Conversation::new(
            persona.system_prompt(&*providers.voice),
            persona.agent().context_window_turns(),
        );
        let warm = persona.greeted(&conversation);
        let sound = sound::of(&persona, &*providers.voice, rate);
        let hearing = Ears::open(Hearing::of(&persona, &providers, rate));
        let thinking = open_chat(&providers.chat, warm);
        let (ears, chat, (speech, manner)) = tokio::join!(soon(hearing), thinking, sound);
        let mut absent = Vec::new();
        let ears = ears.map_err(|problem| absent.push(problem)).ok();
        let chat = chat.unwrap_or_else(|(unopened, problem)| {
            absent.push(problem);
            unopened
        });
        let other_voices = persona.other_voices(rate, &providers.voice.speed_range());
        let (reply_sender, reply_events) = mpsc::channel(REPLY_EVENT_QUEUE);
        Ok(Self {
            call_id,
            transport: leg.description.transport.clone(),
            manager,
            ears,
            absent,
            mouth: Mouth::new(&leg.description, leg.audio_out, leg.control.clone(), manner),
            own_words: OwnWords::default(),
            chat,
            voice: providers.voice,
            speech,
            other_voices,
            conversation,
            reply: None,
            newest_turn: TurnId::default(),
            reply_sender,
            reply_events,
            clips: Clips::new(providers.chat),
            orders: Orders::default(),
            keys: persona.agent().key_input().map(KeyEntry::new),
            machine: persona.voicemail_message().map(|_| MachineWatch::new()),
            caller_audio: leg.audio_in,
            leg_events: leg.events,
            leg_control: leg.control,
            control,
            is_leg_up: true,
            absence: Absence::default(),
            is_control_open: true,
            dropped_frames: 0,
            tape: None,
            chronicle: Chronicle::new(log),
            clock: Clock::start(),
            ended: None,
            persona,
        })
    }

    /// Has the call recorded: all that the caller sends, and the agent as the caller hears it.
    pub fn record_on(&mut self, tape: Tape) {
        self.tape = Some(tape);
    }

    /// Answers the call and drives it to its end.
    pub async fn run(mut self) -> CallRecord {
        self.clock = Clock::start();
        let mut now = Instant::START;
        for problem in std::mem::take(&mut self.absent) {
            self.chronicle.problem(now, problem.to_string());
        }
        if self.ears.is_none() {
            self.tell(Fact::TranscriptFailed, now);
        }
        self.tell(Fact::CallAnswered, now);
        if !self.persona.agent().turn_policy().greets_first {
            self.make_backchannels();
            self.prepare_phrases();
        }
        loop {
            self.carry_out_commands(now);
            self.speak_what_is_due(now);
            self.carry_out_commands(now);
            if let Some(cause) = self.ended {
                return self.close(cause, now);
            }
            let incoming = self.next_incoming().await;
            now = self.clock.now();
            self.take(incoming, now);
        }
    }

    /// Waits for the next thing that happens.
    async fn next_incoming(&mut self) -> Incoming {
        let manager = self.manager.poll_timeout().map(|(at, _)| at);
        let machine = self.machine.as_ref().and_then(MachineWatch::deadline);
        let keys = self.keys.as_ref().and_then(KeyEntry::deadline);
        let absence = self.absence.deadline();
        let deadlines = [manager, self.mouth.deadline(), machine, keys, absence];
        let deadline = deadlines.into_iter().flatten().min();
        let wake = self.clock.wake_at(deadline);
        let has_room = self.mouth.has_room();
        let (detected, recognised) = match &mut self.ears {
            Some(ears) => (
                Some(&mut ears.detector.events),
                Some(&mut ears.recognition.events),
            ),
            None => (None, None),
        };
        tokio::select! {
            biased;
            () = wake => Incoming::Timer,
            order = self.control.recv(), if self.is_control_open => Incoming::Control(order),
            event = self.leg_events.recv(), if self.is_leg_up => {
                Incoming::Leg(event.map_or(LegInput::Gone, LegInput::Event))
            }
            Some(leg) = arriving(&mut self.absence.legs) => Incoming::Reconnected(leg),
            event = receive(detected) => Incoming::Detected(event),
            event = receive(recognised) => Incoming::Recognised(event),
            successor = prepared(&mut self.orders.succession) => Incoming::Successor(successor),
            Some(event) = self.reply_events.recv(), if has_room => Incoming::Reply(event),
            Some(clip) = self.clips.events.recv() => Incoming::Clip(clip),
            frame = self.caller_audio.recv(), if self.is_leg_up => {
                Incoming::Leg(frame.map_or(LegInput::Gone, LegInput::Audio))
            }
        }
    }

    fn take(&mut self, incoming: Incoming, now: Instant) {
        match incoming {
            Incoming::Timer => {
                self.end_absence(now);
                if self.manager.poll_timeout().is_some_and(|(at, _)| at <= now) {
                    self.chronicle.log(now, EntryKind::Timer);
                    self.manager.handle_timeout(now);
                }
                self.watch_greeting(now);
                let keys = self.keys.as_mut();
                let typed = keys.and_then(|keys| keys.handle_timeout(now));
                self.take_typed(typed, now);
            }
            Incoming::Control(Some(order)) => self.take_order(order, now),
            Incoming::Control(None) => self.is_control_open = false,
            Incoming::Leg(LegInput::Audio(frame)) => self.hear(frame, now),
            Incoming::Leg(LegInput::Event(event)) => self.take_leg_event(event, now),
            Incoming::Leg(LegInput::Gone) => self.leg_went_away(now),
            Incoming::Detected(event) => {
                if let Some(ears) = &mut self.ears {
                    let heard = ears.detected(event);
                    self.take_heard(heard, now);
                }
            }
            Incoming::Recognised(event) => {
                if let Some(ears) = &mut self.ears {
                    let heard = ears.recognised(event);
                    self.take_heard(heard, now);
                }
            }
            Incoming::Reconnected(leg) => self.take_leg(leg, now),
            Incoming::Successor(successor) => self.take_successor(successor, now),
            Incoming::Reply(event) => self.take_reply_event(event, now),
            Incoming::Clip(clip) => self.take_clip(clip, now),
        }
    }

    /// Hands a fact to the turn manager.
    fn tell(&mut self, fact: Fact, now: Instant) {
        self.chronicle.note_fact(&fact, now);
        self.note_tools(&fact);
        self.manager.handle(&fact, now);
        let machine = self.machine.as_mut();
        let found = machine.and_then(|watch| watch.note(&fact, now));
        self.chronicle.log(now, EntryKind::Fact(fact));
        self.found(found, now);
    }

    /// Passes caller audio on. What has waited longer than 200 ms is old news and is dropped.
    fn hear(&mut self, frame: Frame, now: Instant) {
        let mut newest = frame;
        let mut played = self.mouth.far_end(now);
        self.tape(&newest, &played);
        while self.caller_audio.len() >= LEG_QUEUE_FRAMES {
            let Ok(next) = self.caller_audio.try_recv() else {
                break;
            };
            newest = next;
            played = self.mouth.far_end(now);
            self.tape(&newest, &played);
            self.dropped_frames += 1;
        }
        self.watch_sound(&newest, now);
        if self.orders.is_caller_unheard() {
            newest = Frame::silence(newest.rate());
        }
        if let Some(ears) = &mut self.ears {
            ears.hear(&newest, &played);
        }
        self.orders.succession.wait();
    }

    fn tape(&mut self, caller: &Frame, agent: &Frame) {
        if let Some(tape) = &mut self.tape {
            tape.add(caller, agent);
        }
    }

    fn take_leg_event(&mut self, event: LegEvent, now: Instant) {
        match event {
            LegEvent::Dtmf(digit) => self.take_key(digit, now),
            LegEvent::Message(text) => self.tell(Fact::UserMessage { text }, now),
            LegEvent::Activity => self.tell(Fact::UserActivity, now),
            LegEvent::HungUp => self.leg_went_away(now),
        }
    }

    fn take_key(&mut self, digit: char, now: Instant) {
        self.tell(Fact::DtmfPressed { digit }, now);
        if !self.orders.is_caller_unheard() {
            let keys = self.keys.as_mut();
            let typed = keys.and_then(|keys| keys.press(digit, now));
            self.take_typed(typed, now);
        }
    }

    fn take_typed(&mut self, typed: Option<String>, now: Instant) {
        if let Some(text) = typed {
            self.tell(Fact::UserMessage { text }, now);
        }
    }

    fn take_heard(&mut self, heard: Heard, now: Instant) {
        match heard {
            Heard::Nothing => {}
            Heard::Fact(fact) => {
                let fact = self.without_own_words(fact, now);
                if let Fact::TranscriptInterim { text, .. } | Fact::TranscriptFinal { text, .. } =
                    &fact
                {
                    let is_final = matches!(fact, Fact::TranscriptFinal { .. });
                    self.notify(LegNotice::Transcript {
                        speaker: Speaker::Caller,
                        text: text.clone(),
                        is_final,
                    });
                }
                self.tell(fact, now);
            }
            Heard::Trouble(problem) => {
                self.chronicle.problem(now, problem.to_string());
                self.dropped_frames += self.ears.take().map_or(0, |ears| ears.dropped_frames());
                self.tell(Fact::TranscriptFailed, now);
            }
        }
    }

    /// Tells the far end something that it may show; a far end that does not read misses it.
    fn notify(&self, notice: LegNotice) {
        let _ = self.leg_control.try_send(LegControl::Notice(notice));
    }

    fn close(mut self, cause: HangUpCause, now: Instant) -> CallRecord {
        self.end_live_reply(now);
        // The far end may be gone already.
        let _ = self.leg_control.try_send(LegControl::HangUp);
        let ears = self.ears.take().map_or(0, |ears| ears.dropped_frames());
        self.chronicle.close(Closing {
            call_id: self.call_id,
            last_agent: self.persona.agent().name().to_owned(),
            transport: self.transport,
            duration: now.since(Instant::START),
            ended: cause,
            underruns: self.mouth.underruns(),
            dropped_caller_frames: self.dropped_frames + ears,
        })
    }
}

/// The next connection in the place of the one that is; never comes where none can.
async fn arriving(legs: &mut Option<mpsc::Receiver<Leg>>) -> Option<Leg> {
    match legs {
        Some(legs) => legs.recv().await,
        None => std::future::pending().await,
    }
}

/// The next event of a stage that is up; never comes from one that is down.
async fn receive<T>(events: Option<&mut mpsc::Receiver<T>>) -> Option<T> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}
