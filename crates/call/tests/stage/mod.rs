//! A call on a stage: scripted providers, a caller who is loud at set times, and everything that
//! the caller heard.

#![expect(
    clippy::expect_used,
    reason = "a test panics where something is not as it must be"
)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use offhook_agent::{Agent, CallVariables};
use offhook_call::report::{CallEvent, EventReader, TranscriptTurn, transcript};
use offhook_call::{CallRecord, CallSetup, Control, LogEntry, Persona, Providers, Session};
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedUtterance,
    ScriptedVoice,
};
use offhook_contract::{
    ChatCall, ChatMessage, ChatModel, LegControl, LegDescription, LegEvent, LegFarEnd,
    OutboundFrame, ProviderError, SpeechToText, SttRequest, SttStream, leg,
};
use offhook_media::{Frame, SampleRate};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep};

pub(crate) const RATE: SampleRate = SampleRate::HZ_16000;

/// What is to happen.
pub(crate) struct Stage {
    utterances: Vec<ScriptedUtterance>,
    replies: Vec<ScriptedReply>,
    likelihoods: Vec<f32>,
    speech: Vec<(Duration, Duration)>,
    beeps: Vec<(Duration, Duration)>,
    keys: Vec<(Duration, char)>,
    is_calling: bool,
    hangs_up: Option<Duration>,
    chat: Option<ScriptedChat>,
    agent_base: String,
    agent_fields: String,
    orders: Vec<(Duration, Control)>,
    absent: Vec<Absent>,
    voice: ScriptedVoice,
}

/// A provider that cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    Recognition,
    /// It cannot be opened, and takes its time to say so.
    SlowRecognition,
    Chat,
    Voice,
}

/// What happened.
pub(crate) struct Performance {
    /// The call's record.
    pub(crate) record: CallRecord,
    /// When each agent frame arrived.
    pub(crate) agent_frames: Vec<Duration>,
    /// The audio that the ear heard, from the answer on: frames as they came, without what a cut
    /// took back, silence where none was there.
    pub(crate) heard: Vec<i16>,
    /// What was told while it ran.
    pub(crate) events: Vec<CallEvent>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            utterances: Vec::new(),
            replies: Vec::new(),
            likelihoods: Vec::new(),
            speech: Vec::new(),
            beeps: Vec::new(),
            keys: Vec::new(),
            is_calling: false,
            hangs_up: None,
            chat: None,
            agent_base: AGENT.to_owned(),
            agent_fields: String::new(),
            orders: Vec::new(),
            absent: Vec::new(),
            voice: ScriptedVoice::default(),
        }
    }

    /// These providers cannot be had.
    pub(crate) fn without(mut self, absent: &[Absent]) -> Self {
        self.absent.extend(absent);
        self
    }

    /// Further fields of the agent, as JSON members.
    pub(crate) fn agent(mut self, fields: &str) -> Self {
        self.agent_fields = format!(", {fields}");
        self
    }

    /// The next utterance is recognised as this.
    pub(crate) fn hears(mut self, utterance: ScriptedUtterance) -> Self {
        self.utterances.push(utterance);
        self
    }

    /// The next request is answered with this.
    pub(crate) fn answers(mut self, reply: ScriptedReply) -> Self {
        self.replies.push(reply);
        self
    }

    /// The next pauses are judged like this.
    pub(crate) fn judges(mut self, likelihoods: &[f32]) -> Self {
        self.likelihoods.extend(likelihoods);
        self
    }

    /// The caller is loud from `at`, for `length`.
    pub(crate) fn speaks(mut self, at: Duration, length: Duration) -> Self {
        self.speech.push((at, at + length));
        self
    }

    /// A tone of 1 kHz is heard on the line from `at`, for `length`.
    pub(crate) fn beeps(mut self, at: Duration, length: Duration) -> Self {
        self.beeps.push((at, at + length));
        self
    }

    /// The caller presses a key.
    pub(crate) fn presses(mut self, at: Duration, key: char) -> Self {
        self.keys.push((at, key));
        self
    }

    /// The agent has placed the call.
    pub(crate) fn calling(mut self) -> Self {
        self.is_calling = true;
        self
    }

    /// The agent has these fields, and no other, beside its name and its prompt.
    pub(crate) fn agent_with_only(mut self, fields: &str) -> Self {
        fields.clone_into(&mut self.agent_base);
        self
    }

    /// Somebody outside the call gives an order.
    pub(crate) fn ordered(mut self, at: Duration, order: Control) -> Self {
        self.orders.push((at, order));
        self
    }

    pub(crate) fn hangs_up(mut self, at: Duration) -> Self {
        self.hangs_up = Some(at);
        self
    }

    /// The stage, and the model that will be asked on it.
    pub(crate) fn with_chat(mut self) -> (Self, ScriptedChat) {
        let chat = ScriptedChat::new(self.replies.clone());
        self.chat = Some(chat.clone());
        (self, chat)
    }

    /// The voice acts on audio tags.
    pub(crate) fn with_audio_tags(mut self) -> Self {
        self.voice.takes_audio_tags = true;
        self
    }

    /// The stage, and the voice that will speak on it.
    pub(crate) fn with_voice(self) -> (Self, ScriptedVoice) {
        let voice = self.voice.clone();
        (self, voice)
    }

    pub(crate) async fn run(self) -> Performance {
        let chat = self
            .chat
            .clone()
            .unwrap_or_else(|| ScriptedChat::new(self.replies.clone()));
        let description = LegDescription {
            transport: "stage".into(),
            rate: RATE,
            lead: Duration::from_millis(60),
        };
        let (near, far) = leg(description);
        let (orders, control) = mpsc::channel(4);
        let asked_at = Instant::now();
        let (log, entries) = mpsc::channel(100_000);
        let session = Session::open(CallSetup {
            call_id: "call-1".into(),
            persona: persona(&self.agent_base, &self.agent_fields, self.is_calling),
            leg: near,
            providers: Providers {
                detector: Arc::new(ScriptedDetector::with_likelihoods(&self.likelihoods)),
                recognition: recognition(&self.absent, self.utterances),
                chat: match self.absent.contains(&Absent::Chat) {
                    true => Arc::new(Shut(Duration::ZERO)),
                    false => Arc::new(chat),
                },
                voice: Arc::new(ScriptedVoice {
                    failure: self.absent.contains(&Absent::Voice).then(down),
                    ..self.voice
                }),
            },
            log: Some(log),
            control,
        })
        .await
        .expect("a call opens");
        assert!(asked_at.elapsed() <= Duration::from_millis(2_500));
        let outside = Outside {
            keys: self.keys,
            orders,
            due: self.orders,
        };
        let caller = tokio::spawn(call(far, self.speech, self.beeps, self.hangs_up, outside));
        let record = session.run().await;
        let (agent_frames, heard) = caller.await.expect("the caller does not panic");
        let events = told(entries, &record);
        Performance {
            record,
            agent_frames,
            heard,
            events,
        }
    }
}

fn down() -> ProviderError {
    ProviderError::Unavailable {
        provider: "stage".into(),
        problem: "down".into(),
    }
}

fn recognition(absent: &[Absent], heard: Vec<ScriptedUtterance>) -> Arc<dyn SpeechToText> {
    for it in absent {
        match it {
            Absent::Recognition => return Arc::new(Shut(Duration::ZERO)),
            Absent::SlowRecognition => return Arc::new(Shut(Duration::from_secs(30))),
            Absent::Chat | Absent::Voice => {}
        }
    }
    Arc::new(ScriptedRecognition::new(heard))
}

/// A provider that says after a while that it cannot be opened.
struct Shut(Duration);

#[async_trait]
impl SpeechToText for Shut {
    async fn open(&self, _: SttRequest) -> Result<SttStream, ProviderError> {
        sleep(self.0).await;
        Err(down())
    }
}

#[async_trait]
impl ChatModel for Shut {
    async fn open(&self, _: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        sleep(self.0).await;
        Err(down())
    }
}

/// What was told while the call ran: its turns are those of the record.
fn told(mut entries: mpsc::Receiver<LogEntry>, record: &CallRecord) -> Vec<CallEvent> {
    let mut reader = EventReader::default();
    let mut events = Vec::new();
    while let Ok(entry) = entries.try_recv() {
        events.extend(reader.read(&entry));
    }
    events.extend(reader.finish());
    let in_record = transcript(record, |turn| reader.caller_began(turn));
    let lines = |turns: &[TranscriptTurn]| -> Vec<String> {
        let line = |it: &TranscriptTurn| format!("{} {:?} {}", it.at_ms, it.role, it.text);
        turns.iter().map(line).collect()
    };
    let turns: Vec<TranscriptTurn> = events.iter().filter_map(CallEvent::turn).cloned().collect();
    assert_eq!(lines(&turns), lines(&in_record));
    events
}

impl Performance {
    /// Agent frames that arrived after `from`.
    pub(crate) fn agent_frames_after(&self, from: Duration) -> usize {
        self.agent_frames.iter().filter(|at| **at >= from).count()
    }

    /// What the ear heard in a span of time.
    pub(crate) fn heard_between(&self, from: Duration, to: Duration) -> &[i16] {
        let end = self.heard.len();
        let at = |time| (RATE.samples_in(time) as usize).min(end);
        &self.heard[at(from)..at(to)]
    }

    /// How much agent audio arrived in a span of time.
    pub(crate) fn agent_time_between(&self, from: Duration, to: Duration) -> Duration {
        let frames = self
            .agent_frames
            .iter()
            .filter(|at| **at >= from && **at < to)
            .count();
        Duration::from_millis(20) * frames as u32
    }
}

/// Who gives orders from outside the call.
struct Outside {
    /// What the caller presses.
    keys: Vec<(Duration, char)>,
    orders: mpsc::Sender<Control>,
    due: Vec<(Duration, Control)>,
}

impl Outside {
    async fn give_orders(&mut self, now: Duration) {
        while let Some(at) = self.due.iter().position(|(at, _)| *at <= now) {
            let (_, order) = self.due.remove(at);
            // The call may be over already.
            let _ = self.orders.send(order).await;
        }
    }
}

/// The fields of an agent that greets and reminds.
const AGENT: &str = r#""first_message": "Hello there.",
    "silence": { "reprompt_after": "8s", "reprompts_max": 2 }"#;

/// The agent of a document, in a call with these variables.
pub(crate) fn persona_of(agent: &str, variables: CallVariables) -> Persona {
    let agent = Agent::from_json(agent).expect("a valid agent");
    Persona::new(Arc::new(agent), variables)
}

fn persona(base: &str, fields: &str, is_calling: bool) -> Persona {
    let agent = format!(r#"{{"name": "Ava", "prompt": "Be brief.", {base}{fields}}}"#);
    let persona = persona_of(&agent, CallVariables::new());
    match is_calling {
        true => persona.calling(),
        false => persona,
    }
}

/// 20 ms of a tone of 1 kHz.
fn beep() -> Frame {
    let samples = std::array::from_fn::<i16, 320, _>(|at| {
        let angle = std::f32::consts::TAU * at as f32 / 16.0;
        (angle.sin() * 8_000.0) as i16
    });
    Frame::padded(RATE, &samples)
}

/// 20 ms of a caller who makes a sound of no pitch, as no echo of the agent would be.
fn loud(now: Duration) -> Frame {
    let mut state = now.as_millis() as u32;
    let samples = [(); 320].map(|()| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 31 == 0 { 5_000 } else { -5_000 }
    });
    Frame::padded(RATE, &samples)
}

/// The caller: a frame every 20 ms until the far end hangs up or the time has come.
async fn call(
    mut far: LegFarEnd,
    speech: Vec<(Duration, Duration)>,
    beeps: Vec<(Duration, Duration)>,
    hangs_up: Option<Duration>,
    mut outside: Outside,
) -> (Vec<Duration>, Vec<i16>) {
    let start = Instant::now();
    let mut ticks = interval(Duration::from_millis(20));
    let mut arrivals = Vec::new();
    let mut ear = Ear::default();
    loop {
        tokio::select! {
            biased;
            order = far.control.recv() => match order {
                Some(LegControl::HangUp) | None => return (arrivals, ear.heard),
                Some(LegControl::Clear { generation }) => ear.clear(generation, start.elapsed()),
                Some(LegControl::Notice(_)) => {}
            },
            Some(sent) = far.audio_out.recv() => {
                arrivals.push(start.elapsed());
                ear.arrived(&sent, start.elapsed());
            }
            _ = ticks.tick() => {
                let now = start.elapsed();
                if hangs_up.is_some_and(|at| now >= at) {
                    let _ = far.events.send(LegEvent::HungUp).await;
                }
                outside.give_orders(now).await;
                while let Some(at) = outside.keys.iter().position(|(at, _)| *at <= now) {
                    let (_, key) = outside.keys.remove(at);
                    let _ = far.events.send(LegEvent::Dtmf(key)).await;
                }
                let is_in = |(from, to): &(Duration, Duration)| now >= *from && now < *to;
                let frame = match (speech.iter().any(is_in), beeps.iter().any(is_in)) {
                    (true, _) => loud(now),
                    (false, true) => beep(),
                    (false, false) => Frame::silence(RATE),
                };
                let _ = far.audio_in.try_send(frame);
            }
        }
    }
}

/// Plays frames one after the other as they come.
#[derive(Default)]
struct Ear {
    heard: Vec<i16>,
    generation: u32,
}

impl Ear {
    fn arrived(&mut self, sent: &OutboundFrame, now: Duration) {
        if sent.generation >= self.generation {
            self.pass(now);
            self.heard.extend_from_slice(sent.frame.samples());
        }
    }

    /// What has not been played by now is dropped.
    fn clear(&mut self, generation: u32, now: Duration) {
        self.generation = generation;
        self.heard.truncate(RATE.samples_in(now) as usize);
    }

    /// Where nothing came there is silence.
    fn pass(&mut self, now: Duration) {
        let played = RATE.samples_in(now) as usize;
        if self.heard.len() < played {
            self.heard.resize(played, 0);
        }
    }
}
